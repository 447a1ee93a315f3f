# SPDX-License-Identifier: MIT
"""A machine with several CPUs, for test_smp.py and test_smp_hostile.py."""

import contextlib
import re
import time

from . import boot, gdbstub, paths, wire
from .dbgsh import DebugShell
from .machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
MODULES = ("virtio_pci", "virtio_net", "af_packet")


def guest():
    image = boot.guest(MODULES)
    for module in ("hangcpu", "sendipi", "edumsi"):
        image.file(f"modules/{module}.ko", paths.need(
            paths.BUILD / "modules" / f"{module}.ko",
            "run make guest-modules"))
    return image


def start(name, cpus, cmdline="", extra=(), programs=(), inner=False):
    """The usual guest, with modules for what it may do to its CPUs; machine
    and boot time. inner: with another kernel for kexec. The machine's times:
    when the stub and Linux began, by time.monotonic()."""
    image = guest()
    if inner:
        image.file("boot/vmlinuz", paths.KERNEL / "vmlinuz")
        image.file("boot/initrd.img", guest().write(
            paths.WORK / f"{name}-inner.img"))
    options = boot.prepare(name, image, cmdline=cmdline, programs=programs)

    def make():
        m = Machine(name, cpus=cpus, peer=True, forward=[(ADDRESS, PORT)],
                    extra=extra, **options)
        m.extra += gdbstub.GdbStub.arguments(m)
        return m

    stages = [("EFI stub: Loaded initrd", "stub"), ("Linux version", "linux")]
    times = {}
    m, seconds = boot.start(
        make, stages=stages,
        note=lambda text: times.update({text: time.monotonic()}))
    m.times = times
    return m, seconds


def on_network(machine):
    boot.dhcp(machine)
    machine.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")


def echo_server(machine):
    with DebugShell(machine.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {PORT}")


@contextlib.contextmanager
def served(*arguments, **options):
    """A machine of start() with network and echo server, for as long as the
    with statement lasts."""
    m, m.boot_seconds = start(*arguments, **options)
    try:
        on_network(m)
        echo_server(m)
        yield m
    finally:
        m.stop()


def everything_works(machine, cpus):
    """All CPUs are there and all of Tandem's services."""
    run = machine.console.run
    assert run("cat /sys/devices/system/cpu/online").strip() == \
        (f"0-{cpus - 1}" if cpus > 1 else "0")
    run(f"ping -c 3 -W 10 {HOST_ADDRESS}")
    for cpu in range(cpus):
        assert "Tandem" in run(f"taskset {1 << cpu:x} dbgsh -c version")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)
    assert boot.complaints(machine) == ""
    assert machine.nic_counter("c-violations") == 0


def registers(machine):
    """What QEMU tells of each CPU's registers: {name: value} each."""
    text = machine.qmp.monitor("info registers -a")
    return [dict((name, int(value, 16)) for name, value in re.findall(
        r"\b(RIP|CR0|CR3|EFER|HLT)=([0-9a-f]+)", part))
        for part in re.split(r"CPU#\d+", text)[1:]]


def none_outside(machine):
    """Every CPU runs with SVM, in root mode or in the guest."""
    machine.qmp("stop")
    try:
        found = registers(machine)
        assert len(found) == machine.cpus
        assert [r for r in found if not r["EFER"] & 1 << 12] == []
    finally:
        machine.qmp("cont")
