# SPDX-License-Identifier: MIT
"""The VMM's names on the link, by multicast DNS and NetBIOS: dig, Python's zeroconf and
Samba's nmblookup ask, each of Debian's, in a namespace on the wire.

Tests run in the order of the file.
"""

import json
import random
import re
import struct

import pytest
from lib import boot, settings
from lib.dbgsh import DebugShell
from lib.machine import VMM_ADDRESS, Machine
from lib.namespace import Namespace
from lib.wait import wait_for

SERVER = "10.0.2.2"
NAME = "tandem-c02-abc123"
GROUP_MAC = bytes.fromhex("01005e0000fb")

BROWSE = """
import sys, time
from zeroconf import IPVersion, ServiceBrowser, Zeroconf
class Listener:
    def add_service(self, zc, kind, name):
        info = zc.get_service_info(kind, name, 5000)
        print(name, info.server, info.port,
              ",".join(sorted(info.parsed_addresses())), flush=True)
    update_service = lambda *a: None
    def remove_service(self, zc, kind, name):
        print("gone", name, flush=True)
zc = Zeroconf(interfaces=["10.0.2.2"], ip_version=IPVersion.V4Only)
ServiceBrowser(zc, ["_echo._tcp.local.", "_echo._udp.local.",
                    "_https._tcp.local."], Listener())
time.sleep(float(sys.argv[1]))
zc.close()
"""

CLAIM = """
import socket, sys, time
from zeroconf import ServiceInfo, Zeroconf
zc = Zeroconf(interfaces=["10.0.2.2"])
info = ServiceInfo("_x._tcp.local.", "x._x._tcp.local.", 9,
                   addresses=[socket.inet_aton("10.0.2.99")],
                   server=sys.argv[1] + ".local.")
zc.register_service(info)
print("ready", flush=True)
time.sleep(600)
"""


class Bench:
    def __init__(self):
        files = settings.files(ip_address=VMM_ADDRESS, netbios="y",
                               echo_server_autostart="y")
        self.machine = Machine(
            "names", peer="alone",
            extra=["-smbios", "type=1,serial=C02 ABC123"],
            **boot.prepare("names", boot.guest(), files=files))
        self.machine.start()
        self.ns = Namespace(self.machine, [f"{SERVER}/24", "fe80::2/64"],
                            ip6=True)
        self.ns.run("ip", "route", "add", "224.0.0.0/4", "dev", "eth0")
        boot.wait_ready(self.machine, 120)

    def python(self, name, text, *words):
        return self.ns.start(name, "/usr/bin/python3", "-u", "-c", text,
                             *words)

    def close(self):
        self.ns.close()
        self.machine.stop()


@pytest.fixture(scope="module")
def bench():
    b = Bench()
    yield b
    b.close()


def told(bench, what="mdns"):
    with DebugShell(bench.machine.console) as shell:
        return json.loads(shell.command(f"net {what} --json"))[what]


def dig(bench, *words, server=VMM_ADDRESS):
    """One that is no responder asks (RFC 6762, 6.7). Not the group: dig takes
    an answer only from the address that it has asked."""
    return bench.ns.run("dig", "-p", "5353", f"@{server}", "+short",
                        "+timeout=3", "+tries=2", *words, check=False)


def test_the_name_is_made_of_the_serial_number(bench):
    wait_for(lambda: f"netd: mdns: the VMM is {NAME}.local" in
             bench.machine.vmm_log(), 30, lambda: bench.machine.vmm_log())
    assert dig(bench, f"{NAME}.local", "A").strip() == VMM_ADDRESS
    assert dig(bench, "-x", VMM_ADDRESS).strip() == f"{NAME}.local."


def test_by_ipv6_too(bench):
    address = dig(bench, f"{NAME}.local", "AAAA").strip()
    assert address.startswith("fe80::")
    assert dig(bench, f"{NAME}.local", "A", server=f"{address}%eth0",
               ).strip() == VMM_ADDRESS


def test_what_runs_is_found_and_goes_when_it_ends(bench):
    browser = bench.python("browse", BROWSE, "60")
    file = bench.ns.log("browse")
    wait_for(lambda: f"{NAME}._echo._tcp.local. {NAME}.local. 7 "
             in file.read_text(), 20, file.read_text)
    line = file.read_text().splitlines()[0]
    assert VMM_ADDRESS in line.split()[-1].split(",")
    with DebugShell(bench.machine.console) as shell:
        shell.command("echoctl server start --udp 9")
    wait_for(lambda: f"{NAME}._echo._udp.local. {NAME}.local. 9 "
             in file.read_text(), 20, file.read_text)
    with DebugShell(bench.machine.console) as shell:
        shell.command("echoctl server stop --udp")
    wait_for(lambda: f"gone {NAME}._echo._udp.local." in file.read_text(), 20,
             file.read_text)
    assert "_https" not in file.read_text()     # nobody can log in
    assert told(bench)["services"] == {"_echo._tcp": 7}
    bench.ns.end(browser)


def test_samba_finds_the_netbios_name(bench):
    said = bench.ns.run("nmblookup", "-B", "10.0.2.255", "TANDEM-2-ABC123",
                        check=False)
    assert f"{VMM_ADDRESS} TANDEM-2-ABC123<00>" in said, said
    said = bench.ns.run("nmblookup", "-A", VMM_ADDRESS, check=False)
    assert "TANDEM-2-ABC123" in said, said
    assert told(bench, "netbios")["messages"] >= 2


def frame(bench, payload, port=5353, ttl=255, source=SERVER):
    """An mDNS message, or NetBIOS's, of whatever it may be, from the wire."""
    peer = bytes(int(n) for n in source.split("."))
    to = bytes([224, 0, 0, 251]) if port == 5353 else bytes([10, 0, 2, 255])
    mac = GROUP_MAC if port == 5353 else b"\xff" * 6
    udp = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, ttl, 17,
                     0, peer, to)
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", total ^ 0xffff) + ip[12:]
    bench.machine.peer.send(mac + bytes.fromhex("02aabbccdd01") + b"\x08\0" +
                            ip + udp)


def question(name=NAME):
    labels = [name.encode(), b"local"]
    text = b"".join(bytes([len(part)]) + part for part in labels)
    return struct.pack("!6H", 0, 0, 1, 0, 0, 0) + text + b"\0\0\xff\0\1"


def test_can_malformed_messages_harm_the_vmm(bench):
    """Loops of names, counts that lie, cuts, noise: counted, and no more."""
    chance = random.Random(7)
    whole = question()
    bad = [whole[:n] for n in range(len(whole))]
    bad += [whole[:4] + b"\xff\xff" + whole[6:], whole + b"\0",
            whole[:12] + b"\xc0\x0c\0\xff\0\1",
            whole[:12] + b"\xc0\x0e\xc0\x0c\0\xff\0\1",
            struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0) + b"\xc0\x0c" +
            b"\0\1\0\1" + bytes(4) + b"\xff\xff"]
    bad += [chance.randbytes(chance.randrange(1, 1400)) for _ in range(100)]
    netbios = [b"A" * 90, chance.randbytes(50),
               bytes(4) + b"\0\1" + bytes(6) + b" " + b"Z" * 60]
    before = told(bench)
    for payload in bad:
        frame(bench, payload)
    for payload in netbios:
        frame(bench, payload, port=137)
    frame(bench, question(), source="192.0.2.1")
    wait_for(lambda: (now := told(bench))["malformed"] + now["ignored"] >=
             before["malformed"] + before["ignored"] + len(bad), 20,
             lambda: told(bench))
    assert told(bench, "netbios")["malformed"] == len(netbios)
    assert "netd ended" not in bench.machine.vmm_log()
    assert dig(bench, f"{NAME}.local", "A").strip() == VMM_ADDRESS


def test_the_guest_gets_the_same_messages(bench):
    run = bench.machine.console.run
    run("ifconfig eth0 up allmulti")

    def received():
        return int(run("cat /sys/class/net/eth0/statistics/rx_packets"))
    before, taken = received(), told(bench)["messages"]
    for _ in range(20):
        frame(bench, question("nobody"))
    wait_for(lambda: received() >= before + 20, 10, "not all reach the guest")
    assert told(bench)["messages"] >= taken + 20


def test_a_name_that_somebody_else_has_is_left_to_them(bench):
    """Python's zeroconf says that the name is its own: the VMM asks, and takes
    the next one. Also when netd is started anew."""
    claim = bench.python("claim", CLAIM, NAME)
    wait_for(lambda: f"somebody else is {NAME}.local: the VMM tries "
             f"{NAME}-2.local" in bench.machine.vmm_log(), 40,
             lambda: bench.machine.vmm_log()[-2000:])
    wait_for(lambda: f"the VMM is {NAME}-2.local" in bench.machine.vmm_log(),
             20, lambda: bench.machine.vmm_log()[-2000:])
    assert dig(bench, f"{NAME}-2.local", "A").strip() == VMM_ADDRESS
    said = told(bench)
    assert said["name"] == f"{NAME}-2" and said["conflicts"] >= 1
    bench.ns.end(claim)
    assert re.search(r"netd: mDNS .*-2\.local: answers", status(bench))


def status(bench):
    with DebugShell(bench.machine.console) as shell:
        return shell.command("net")
