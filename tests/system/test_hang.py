# SPDX-License-Identifier: MIT
"""A guest whose CPU hangs, in each way in which one can: does the VMM answer
ping and echo within 100 ms, does the guest go on when the hang ends, and does a
reset bring back one that hangs for good?

Firmware that hangs and a kernel that panics are in test_hostile_guest.py.
"""

import re
import subprocess
import time

import pytest
from lib import alive, boot, paths, wire
from lib.dbgsh import DebugShell
from lib.gdbstub import BASE
from lib.machine import GUEST_ADDRESS, HOST_ADDRESS, Machine
from scapy.layers.l2 import ARP, Ether

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
MODULE = "modules/hangcpu.ko"
TIMERS = 10         # that have to fire during a hang
WAYS = ("cli", "tpr", "interrupt", "nmi", "lapic", "hlt")


@pytest.fixture(scope="module")
def machine():
    image = boot.guest(("virtio_pci", "virtio_net", "af_packet"))
    image.file(MODULE, paths.need(
        paths.BUILD / "modules" / "hangcpu.ko", "run make guest-modules"))
    options = boot.prepare("hangcpu", image)
    m, _ = boot.start(lambda: Machine(
        "hangcpu", peer=True, forward=[(ADDRESS, PORT)], **options))
    try:
        ready(m)
        yield m
    finally:
        m.stop()


def ready(machine):
    """The module is loaded, guest and VMM are on the wire, and the echo
    server runs."""
    machine.console.run(f"insmod /{MODULE}")
    boot.dhcp(machine)
    machine.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
    with DebugShell(machine.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {PORT}")


def guest_answers(machine):
    """Whether the guest does to an ARP request, within a moment."""
    ask = Ether(src=wire.STATION_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=wire.STATION_MAC, psrc=wire.STATION_ADDRESS,
        pdst=GUEST_ADDRESS)

    def answers(frame):
        packet = Ether(frame)
        return (ARP in packet and packet[ARP].op == 2 and
                packet[ARP].psrc == GUEST_ADDRESS)

    return machine.peer.ask(ask, answers, timeout=0.3, tries=1) is not None


def hang(machine, way):
    machine.console.begin(f"echo {way} >/sys/module/hangcpu/parameters/way")
    machine.console.expect_exact(f"hangcpu: {way}: hangs", timeout=20)


def timers(machine):
    """How many of the VMM's timers have fired, and how many of them later
    than the 10 ms that tandem/timer.h promises."""
    names = subprocess.run(["nm", paths.BUILD / "tandem.debug"], check=True,
                           capture_output=True, text=True).stdout
    place = int(re.search(r"(\w+) \w timer_count$", names, re.M)[1], 16)
    block = int(re.findall(r"MiB at (0x\w+)", machine.vmm_log())[-1], 16)
    said = machine.qmp.monitor(f"xp /2gx {block + place - BASE:#x}")
    return [int(word, 16) for word in said.split(":")[1].split()]


def timers_fire(machine, before, timeout=30):
    """TIMERS have since before, nearly all in time: the host has other work,
    too."""
    deadline = time.monotonic() + timeout
    while timers(machine)[0] < before[0] + TIMERS:
        assert time.monotonic() < deadline, (before, timers(machine))
        time.sleep(0.1)
    fired, late = (a - b for a, b in zip(timers(machine), before))
    assert late <= 1 + fired // 10, (fired, late)
    return f"{fired} timers, {late} of them over 10 ms late"


def measure(machine, way, capsys):
    """While the guest hangs, which does not answer, the VMM does."""
    before = timers(machine)
    assert not guest_answers(machine)
    said = alive.services_live_on(machine, ADDRESS, PORT)
    assert not guest_answers(machine)
    said += "; " + timers_fire(machine, before)
    with capsys.disabled():
        print(f"\nguest hangs ({way}): {said} ", end="")


def let_go(machine, way):
    machine.console.send("x")
    if way == "hlt":
        machine.qmp("inject-nmi")
    machine.console.expect_exact(f"hangcpu: {way}: over", timeout=20)
    assert machine.console.end()[0] == 0


def what_went_wrong(log):
    return [line for line in log.splitlines()
            if "error:" in line or "ended" in line or "warning:" in line]


@pytest.mark.parametrize("way", WAYS)
def test_services_live_on_while_the_guest_hangs(machine, way, capsys):
    """And the guest, its network included, goes on after it."""
    before = machine.vmm_log()
    hang(machine, way)
    measure(machine, way, capsys)
    let_go(machine, way)
    machine.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
    assert guest_answers(machine)
    with DebugShell(machine.console) as shell:
        assert "netd" in shell.command("ps")
        log = shell.command("log")
    assert "guest runs" in log
    said = what_went_wrong(machine.vmm_log().removeprefix(before))
    if way == "hlt":
        assert "halted with interrupts off" in said.pop(0)
    assert said == []
    assert machine.nic_counter("c-violations") == 0


def test_a_reset_brings_back_a_guest_that_hangs_for_good(machine):
    hang(machine, "nmi")
    assert not guest_answers(machine)
    machine.qmp("system_reset")
    machine.console.agent = False
    boot.wait_ready(machine)
    ready(machine)
    alive.services_live_on(machine, ADDRESS, PORT)
    assert machine.nic_counter("c-violations") == 0
