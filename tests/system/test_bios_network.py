# SPDX-License-Identifier: MIT
"""BIOS machines that take Tandem from a server, scripts/serve: GRUB on the disk
starts Debian's iPXE, and a card's PXE ROM finds the server beside the network's
own DHCP server. Then the disk's GRUB boots Debian above Tandem.
"""

import re
import subprocess
from contextlib import contextmanager

import pytest
from lib import bios, boot, dhcp, paths, wire
from lib.ipxe import IPXE
from lib.machine import HOST_ADDRESS, Machine, free_port
from lib.namespace import Namespace
from lib.wait import wait_for
from lib.web import Server

ADDRESS = paths.config()["IP_ADDRESS"]
SERVER = "10.0.2.9"
MODULES = ("virtio_pci", "virtio_net", "af_packet")
SERVE = str(paths.TOP / "scripts" / "serve")

RUNNING = r"Tandem \S+: running, \d+ MiB reserved"
# In the place of GRUB's own Multiboot.
THROUGH_IPXE = "linux16 /ipxe.lkrn\ninitrd16 /lkrn.ipxe"


def guest():
    """Its kernel has no driver for the card that has the PXE ROM."""
    return boot.guest(MODULES, kernel=paths.CLOUD_KERNEL)


def guest_runs_above_tandem(machine):
    boot.wait_ready(machine, 120)
    console = (machine.folder / "console.log").read_text(errors="replace")
    assert len(re.findall(RUNNING, console)) == 1
    assert machine.vmm_log().count("guest runs") == 1
    boot.dhcp(machine)
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")


# ---- GRUB, iPXE, HTTP --------------------------------------------------------


@contextmanager
def serve(port):
    """On loopback, which the machine sees as the host."""
    log = paths.LOGS / "bios-ipxe.serve"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [SERVE, "--port", str(port), "--public", HOST_ADDRESS],
            stdout=output, stderr=output)
    try:
        wait_for(lambda: "boot.ipxe" in log.read_text(), 10, "no server")
        yield log
    finally:
        process.terminate()
        process.wait(10)


class WithScreen(Machine):
    """iPXE's console on a serial port wants one."""

    def arguments(self):
        return super().arguments() + ["-device", "VGA"]


def test_grub_starts_ipxe_and_that_tandem_over_the_card_that_it_takes():
    """The server comes late: GRUB is there again, and again starts iPXE."""
    port = free_port()
    with serve(port):
        script = subprocess.run(
            ["wget", "-qO-", f"http://127.0.0.1:{port}/lkrn.ipxe"], check=True,
            stdout=subprocess.PIPE, timeout=10).stdout
    options = bios.prepare("bios-ipxe", guest(), THROUGH_IPXE, {
        "ipxe.lkrn": IPXE / "ipxe.lkrn", "lkrn.ipxe": script,
        "tandem.elf": b"not this"}, cmdline=bios.BUSY_HOST)
    with WithScreen("bios-ipxe", memory=512, peer=True, **options) as machine:
        for _ in range(2):
            machine.console.expect("Booting .Tandem, then this menu", 60)
        with serve(port) as log:
            guest_runs_above_tandem(machine)
        assert None not in wire.ping(machine.peer, ADDRESS, count=3)
    assert re.findall(r"url:(\S+)", log.read_text()) == [
        "/boot.ipxe", "/tandem.elf", "/tandem.conf"]


@pytest.mark.long
def test_a_file_that_ipxe_gets_cut_short_is_told_and_the_disk_is_started():
    server = Server({"/tandem.elf": paths.VMM.read_bytes()[:20000]})
    script = f"#!ipxe\ndhcp && kernel {server.url('/tandem.elf')} && boot\n"
    options = bios.prepare("bios-ipxe-cut", guest(), THROUGH_IPXE, {
        "ipxe.lkrn": IPXE / "ipxe.lkrn", "lkrn.ipxe": script.encode(),
        "tandem.elf": b"not this"}, cmdline=bios.BUSY_HOST)
    try:
        with WithScreen("bios-ipxe-cut", memory=512, **options) as machine:
            boot.wait_ready(machine, 120)
            console = (machine.folder / "console.log").read_text(
                errors="replace")
    finally:
        server.close()
    assert server.places() == ["/tandem.elf"]
    assert console.count("Tandem: not started: tandem.elf is damaged or cut "
                         "short; booting without it") == 1


# ---- PXE ---------------------------------------------------------------------


class PxeMachine(Machine):
    """With a second card on the same wire, which has a PXE ROM, is none of
    Tandem's, and comes first in the boot order. QEMU's own network is not
    there: it refuses connections in the name of stations that it does not
    know."""

    def network_arguments(self):
        ports = ("netdev=raw0,id=nic0", "netdev=net0,id=nic0")
        args = [arg.replace(*ports) for arg in super().network_arguments()]
        at = args.index("-device")
        hub = []
        for port in ("hub0,netdev=raw0", "net0", "net1"):
            hub += ["-netdev", f"hubport,hubid=0,id={port}"]
        return args[:at] + hub + args[at:] + [
            "-device", "e1000,netdev=net1,mac=52:54:00:00:00:02,bootindex=0"]


def test_a_pxe_rom_finds_the_server_beside_the_networks_dhcp_server():
    """That one names no boot file. The ROM is iPXE's, as QEMU has it."""
    name = "bios-pxe"
    options = bios.prepare(name, guest(), "echo not this",
                           cmdline=bios.BUSY_HOST)
    with PxeMachine(name, memory=512, peer="alone", **options) as machine:
        machine.qmp("stop")
        ns = Namespace(machine, [f"{dhcp.SERVER}/24", f"{SERVER}/24"])
        try:
            dhcp.dnsmasq(ns, "--bind-interfaces")
            ns.start("serve", SERVE, "--address", SERVER, "--tftp")
            wait_for(lambda: "boot.ipxe" in ns.log("serve").read_text(), 10,
                     "no server")
            machine.qmp("cont")
            guest_runs_above_tandem(machine)
            assert dhcp.answers(ns, ADDRESS)
            said = ns.log("serve").read_text()
        finally:
            ns.close()
    assert re.search(r"tftp: sent \S+/boot.ipxe", said)
    assert re.findall(r"url:(\S+)", said) == ["/tandem.elf", "/tandem.conf"]
