# SPDX-License-Identifier: MIT
"""Other drivers than Linux's on the guest's virtio-net function, in one boot:
iPXE's own, then OVMF's with its whole network stack, then iPXE on top of
OVMF's, which loads Debian's kernel over HTTP, and in the end Linux again.

Tests run in the order of the file. Unlike Linux, iPXE and OVMF poll the
queues, use no messages, and iPXE reads the registers with its own idea of
their layout. All of them come and go, each with a reset of the device.
"""

import mmap
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from lib import boot, disk, paths, uefi_vars, wire
from lib.dbgsh import DebugShell
from lib.efi_shell import SHELL, Watched, into_shell, plain, shell
from lib.machine import GUEST_ADDRESS, HOST_ADDRESS, NIC_MAC
from lib.web import Server

NAME = "firmware-net"
ADDRESS = paths.config()["IP_ADDRESS"]
IPXE = Path("/usr/lib/ipxe/ipxe.efi")
PROMPT = r"iPXE> "
MEMORY = 512
FILE = os.urandom(4_000_000)
SMALL = os.urandom(300_000)         # TFTP: 512 bytes a round trip
MARKER = f"marker-{os.urandom(8).hex()}"
MODULES = ("virtio_pci", "virtio_net", "af_packet")


class FirmwareMachine(Watched):
    """Its DHCP server names a boot file, and there is a TFTP server."""

    def __init__(self, name, url, tftp, **options):
        super().__init__(name, **options)
        self.url, self.tftp = url, tftp

    def network_arguments(self):
        return [f"{arg},bootfile={self.url},tftp={self.tftp}"
                if arg.startswith("user,") else arg
                for arg in super().network_arguments()]


def fill(server, kernel, initrd):
    """What iPXE finds: it fetches the file, says the marker, asks for /done
    and stays at its prompt; left by "exit" it fails, so that the firmware
    goes on."""
    server.pages["/file"] = FILE
    server.pages["/vmlinuz"] = kernel.read_bytes()
    server.pages["/initrd.img"] = initrd.read_bytes()
    server.pages["/script"] = "\n".join((
        "#!ipxe", "ifstat",
        f"imgfetch --name file {server.url('/file')}", "imgstat",
        f"echo {MARKER}",
        f"imgfetch --name done {server.url('/done')}",
        "imgfree", "shell", "exit 1", "")).encode()


def entry(name, place):
    return uefi_vars.boot_entry(
        name, disk.partition_node() + uefi_vars.file_node(place))


@pytest.fixture(scope="module")
def server():
    web = Server()
    yield web
    web.close()


@pytest.fixture(scope="module")
def machine(server):
    options = boot.prepare(NAME, boot.guest(MODULES),
                           files={"EFI/ipxe/ipxe.efi": IPXE})
    uefi_vars.write(options["variables"], [
        entry("Tandem", "/EFI/BOOT/BOOTX64.EFI"),
        entry("iPXE", "/EFI/ipxe/ipxe.efi"),
        uefi_vars.boot_entry("Shell", SHELL)])
    folder = paths.WORK / NAME
    fill(server, paths.KERNEL / "vmlinuz", folder / "initrd.img")
    (folder / "tftp").mkdir(exist_ok=True)
    (folder / "tftp" / "small").write_bytes(SMALL)
    with FirmwareMachine(NAME, server.url("/script"), folder / "tftp",
                         memory=MEMORY, peer=True, **options) as m:
        yield m


def at_prompt(machine, timeout=60):
    """Waits for iPXE's prompt: what the console said before it."""
    machine.console.expect(PROMPT, timeout)
    return plain(machine.console.before)


def ipxe(machine, command, timeout=60):
    machine.console.sendline(command)
    return at_prompt(machine, timeout)


def guest_memory_holds(machine, data):
    """Does the guest's memory have data, in one piece?"""
    image = machine.folder / "memory"
    machine.qmp("pmemsave", val=0, size=MEMORY << 20, filename=str(image))
    with open(image, "rb") as f, \
            mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        found = memory.find(data)
    image.unlink()
    return found >= 0


def vmm_answers(machine):
    return None not in wire.ping(machine.peer, ADDRESS, count=5)


def driven(machine):
    """MAC addresses of what the firmware has a network driver for."""
    return re.findall(r"/MAC\((\w+),0x1\)\) SimpleNetwork",
                      shell(machine, "dh -p SimpleNetwork"))


# ---- iPXE's own driver ----

def test_ipxe_drives_the_function_and_boots_over_http(machine, server):
    said = at_prompt(machine, 90)
    assert machine.said()[0].endswith("MiB reserved")
    assert f"net0: {NIC_MAC} using virtio-net on 0000:00:" in said
    assert f"net0: {GUEST_ADDRESS}/255.255.255.0 gw {HOST_ADDRESS}" in said
    assert f"file : {len(FILE)} bytes" in said
    assert MARKER in said
    assert server.places() == ["/script", "/file", "/done"]
    assert all("iPXE" in agent for _, agent in server.asked)


def test_ipxe_gets_each_byte_as_it_was_sent(machine, server):
    said = ipxe(machine, f"imgfetch --name again {server.url('/file')}")
    assert "ok" in said
    assert guest_memory_holds(machine, FILE)
    ipxe(machine, "imgfree")


def test_vmm_answers_while_ipxe_waits_at_its_prompt(machine):
    assert vmm_answers(machine)
    assert "(open)" in ipxe(machine, "ifstat")


# ---- the firmware's own driver ----

def test_firmware_drives_the_function_when_ipxe_has_left_it(machine):
    machine.console.sendline("exit")
    machine.console.expect("any other key to continue", 60)
    machine.console.send(" ")
    into_shell(machine)
    shell(machine, "connect -r")
    assert driven(machine) == [NIC_MAC.replace(":", "")]
    assert "Virtio Network Driver" in shell(machine, "drivers")


def test_firmware_gets_an_address(machine):
    shell(machine, "ifconfig -s eth0 dhcp")
    deadline = time.monotonic() + 30
    while GUEST_ADDRESS not in shell(machine, "ifconfig -l eth0"):
        assert time.monotonic() < deadline, "no address after 30 s"
        time.sleep(0.3)


@pytest.mark.parametrize("address", [HOST_ADDRESS, ADDRESS],
                         ids=["host", "vmm"])
def test_firmware_pings(machine, address):
    assert "2 packets transmitted, 2 received, 0% packet loss" in shell(
        machine, f"ping -n 2 {address}")


def test_vmm_answers_while_the_firmware_has_the_function(machine):
    assert vmm_answers(machine)


def test_firmware_gets_each_byte_as_it_was_sent(machine):
    assert "Kb" in shell(machine, f"tftp {HOST_ADDRESS} small")
    got = subprocess.run(
        ["mtype", "-i", f"{machine.disk}@@{disk.FIRST * disk.SECTOR}",
         "::/small"], check=True, timeout=60, stdout=subprocess.PIPE,
        env={"MTOOLS_SKIP_CHECK": "1", "PATH": "/usr/bin:/bin"}).stdout
    assert got == SMALL


# ---- iPXE above the firmware's driver, and Linux ----

def test_ipxe_works_on_top_of_the_firmwares_driver(machine, server):
    asked = len(server.asked)
    machine.console.sendline(r"\EFI\ipxe\ipxe.efi")
    said = at_prompt(machine)
    assert f"net0: {NIC_MAC} using SNP on " in said
    assert MARKER in said
    assert server.places()[asked:] == ["/script", "/file", "/done"]
    assert vmm_answers(machine)


def test_linux_boots_over_the_function_and_drives_it(machine, server):
    ipxe(machine, f"kernel {server.url('/vmlinuz')} initrd=initrd.img " +
         boot.CMDLINE)
    ipxe(machine, f"initrd --name initrd.img {server.url('/initrd.img')}")
    machine.console.sendline("boot")
    boot.wait_ready(machine)
    boot.dhcp(machine)
    machine.console.run(f"ping -c 3 -W 10 {HOST_ADDRESS}")
    assert boot.complaints(machine) == ""


# ---- what the VMM thinks of all of them ----

def test_no_driver_broke_a_rule(machine):
    with DebugShell(machine.console) as debug:
        said = debug.command("net").split("stack link")[0]
    assert "virtio: status 0xf" in said
    for bad in ("rules broken", "bad accesses", "bad messages", "malformed"):
        assert bad not in said
    log = machine.vmm_log()
    assert "warning:" not in log and "error:" not in log


def test_all_of_it_broke_no_rule_of_the_hardware(machine):
    assert machine.nic_counter("c-violations") == 0
