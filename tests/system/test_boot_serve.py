# SPDX-License-Identifier: MIT
"""scripts/serve, for machines that boot from the network: what it gives to any
HTTP client, and the firmware's PXE and HTTP boot through it, beside a network's
own DHCP server.

That server and scripts/serve are two stations on the wire, each a network
namespace. One machine boots in each way in turn; whoever comes later in its
boot order finds Tandem running.
"""

import re
import subprocess
import time
import types
import urllib.error
import urllib.request

import pytest
from lib import boot_card, dhcp, paths, uefi_vars
from lib.efi_shell import SHELL, Watched, shell
from lib.machine import free_port
from lib.namespace import Namespace
from lib.peer import Peer
from lib.wait import wait_for

NAME = "boot-serve"
FOLDER = paths.WORK / NAME
SERVE = paths.TOP / "scripts" / "serve"
ADDRESS = paths.config()["IP_ADDRESS"]
SERVER = "10.0.2.3"
URL = f"http://{SERVER}:8000"

# ---- server ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    port = free_port()
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = FOLDER / "serve.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([SERVE, "--port", str(port)],
                                   stdout=out, stderr=out)
    deadline = time.monotonic() + 20
    while "iPXE: chain" not in log.read_text():
        assert time.monotonic() < deadline and process.poll() is None, \
            log.read_text()
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", log
    process.terminate()
    assert process.wait(20) == 0


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(
            url, headers=headers), timeout=20) as answer:
        return answer.status, answer.headers, answer.read()


def test_server_gives_lengths_and_ranges_and_logs_each_request(server):
    url, log = server
    data = paths.ONE_FILE.read_bytes()
    status, headers, body = get(f"{url}/tandem.efi")
    assert status == 200 and int(headers["Content-Length"]) == len(data)
    assert body == data
    status, headers, body = get(f"{url}/tandem.efi", Range="bytes=100-4099")
    assert status == 206 and body == data[100:4100]
    assert headers["Content-Range"] == f"bytes 100-4099/{len(data)}"
    assert log.read_text().count("url:/tandem.efi") == 2


def test_server_gives_what_was_built_last_and_nothing_else(server):
    """Links lead to the files of the build, whatever is there by then."""
    url, _ = server
    data = paths.VMM.read_bytes()
    assert get(f"{url}/tandem.elf")[2] == data
    for place in ("/.config", "/obj", "/../.config", "/tandem.debug"):
        with pytest.raises(urllib.error.HTTPError):
            get(url + place)


def test_server_writes_its_address_into_the_scripts(server):
    url, _ = server
    script_text = get(f"{url}/boot.ipxe")[2].decode()
    assert script_text.startswith("#!ipxe\n")
    assert f"chain {url}/tandem.efi" in script_text
    assert f"(http,{url[7:]})/tandem.efi" in get(f"{url}/grub.cfg")[2].decode()


# ---- the firmware boots from it ----------------------------------------------


class ServedMachine(Watched):
    """The card that Tandem takes and the one that the firmware boots from are
    on one wire, with places for two stations."""

    def network_arguments(self):
        args = [arg.replace("netdev=raw0,", "netdev=nic,")
                for arg in super().network_arguments()]
        raw = "dgram,id=raw1," \
            f"local.type=unix,local.path={self.run}/qemu2.wire," \
            f"remote.type=unix,remote.path={self.run}/peer2.wire"
        ports = (",netdev=raw0", ",netdev=raw1", "", "")
        hub = [word for name, other in zip(("one", "two", "nic", "boot"),
                                           ports) for word in
               ("-netdev", f"hubport,id={name},hubid=0{other}")]
        at = args.index("-device")
        return (args[:at] + ["-netdev", raw] + hub + args[at:] +
                boot_card.arguments("boot"))

    def start(self):
        self.second = Peer(self.run / "peer2.wire", self.run / "qemu2.wire")
        return super().start()

    def stop(self):
        super().stop()
        self.second.close()


@pytest.fixture(scope="module")
def served():
    FOLDER.mkdir(parents=True, exist_ok=True)
    variables = uefi_vars.write(FOLDER / "vars.fd", [
        boot_card.over_pxe("pxe"),
        boot_card.over_http("one", f"{URL}/tandem.efi"),
        boot_card.over_http("two", f"{URL}/loadvmm.efi"),
        uefi_vars.boot_entry("Next", SHELL)])
    with ServedMachine(NAME, peer="alone", memory=256,
                       variables=variables) as machine:
        network = Namespace(machine, ["10.0.2.2/24"])
        server = Namespace(types.SimpleNamespace(
            folder=machine.folder, peer=machine.second), [f"{SERVER}/24"])
        try:
            dhcp.dnsmasq(network)
            server.start("serve", SERVE, "--address", SERVER, "--tftp")
            wait_for(lambda: "iPXE: chain" in server.log("serve").read_text(),
                     20, "scripts/serve did not start")
            machine.network, machine.server = network, server
            machine.console.expect("Shell> ", 120)
            yield machine
        finally:
            server.close()
            network.close()


def without_first(machine):
    """Boots anew without the entry that came first: what the loader said."""
    before = len(machine.said())
    shell(machine, "bcfg boot rm 0")
    machine.console.sendline("reset")
    machine.console.expect("Shell> ", 120)
    return machine.said()[before:]


def check(machine, said, starts):
    """The first entry started Tandem, the later ones found it; it answers."""
    assert len(said) == starts and "running, " in said[0]
    assert all("is running already" in line for line in said[1:])
    assert dhcp.answers(machine.network, ADDRESS)


def test_pxe_beside_the_networks_dhcp_server(served):
    """The address is of one server, the program's name of the other."""
    check(served, served.said(), 3)
    log = served.server.log("serve").read_text()
    assert re.search(r"sent \S+/tandem\.efi to 10\.0\.2\.1\d\d", log)
    given = served.network.log("dnsmasq").read_text()
    assert re.search(rf"DHCPACK\(eth0\) 10\.0\.2\.1\d\d {boot_card.MAC}", given)
    assert "bootfile name" not in given


def test_http_boot_of_one_file(served):
    check(served, without_first(served), 2)


def test_http_boot_of_two_files(served):
    check(served, without_first(served), 1)
    log = served.server.log("serve").read_text()
    assert "url:/tandem.elf" in log and "url:/tandem.conf" in log


def test_all_of_it_broke_no_rule_of_the_hardware(served):
    assert served.nic_counter("c-violations") == 0
