# SPDX-License-Identifier: MIT
"""Several CPUs: does the guest have them all, in the firmware and in Linux, and
the VMM's services on each? What is hostile is in test_smp_hostile.py."""

import re

import pytest
from lib import boot, traffic, wire
from lib.machine import HOST_ADDRESS
from lib.smp import (ADDRESS, everything_works, none_outside, on_network,
                     start)


def interrupt_of_nic(machine):
    """The numbers of the NIC's interrupts for its queues."""
    return machine.console.run(
        "grep -E 'virtio[0-9]+-(input|output)' /proc/interrupts | "
        "cut -d: -f1").split()


def counts(machine, number):
    """How often that interrupt came to each CPU."""
    fields = machine.console.run(
        f"grep -E '^ *{number}:' /proc/interrupts").split(":")[1].split()
    return [int(f) for f in fields if f.isdigit()]


# ---- 4 CPUs: the firmware, Linux, hot-unplug, reboot ----

@pytest.fixture(scope="module")
def four():
    m, m.boot_seconds = start("smp4", 4, programs=["allcpus"])
    try:
        on_network(m)
        yield m
    finally:
        m.stop()


def test_firmware_has_all_cpus_work_and_none_sees_svm(four):
    console = (four.folder / "console.log").read_text(errors="replace")
    assert re.search(r"allcpus: 4 CPUs, 3 together, 3 one by one, 0 with SVM",
                     console)


def test_linux_does_not_wait_for_the_firmwares_cpus(four, capsys):
    """ExitBootServices, and Linux's start of the others, take a moment."""
    seconds = four.times["linux"] - four.times["stub"]
    with capsys.disabled():
        print(f"\n4 CPUs: {seconds:.1f} s from the stub to Linux ", end="")
    assert seconds < 20
    up = re.search(r"\[ *([\d.]+)\] smp: Brought up 1 node, 4 CPUs",
                   four.console.run("dmesg"))
    assert float(up[1]) < 10


def test_4_cpus(four, capsys):
    everything_works(four, 4)
    with capsys.disabled():
        print(f"\n4 CPUs: {four.boot_seconds:.1f} s to Linux ", end="")


def test_no_cpu_sees_svm(four):
    assert "svm" not in four.console.run("grep ^flags /proc/cpuinfo").split()


def test_interrupts_of_the_nic_go_where_linux_sends_them(four):
    run = four.console.run
    numbers = interrupt_of_nic(four)
    assert numbers
    for cpu in range(4):
        for number in numbers:
            run(f"echo {1 << cpu:x} >/proc/irq/{number}/smp_affinity")
        run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
        before = [counts(four, n) for n in numbers]
        traffic.transfer(four, True, 2_000_000, check=True)
        traffic.transfer(four, False, 2_000_000, check=True)
        after = [counts(four, n) for n in numbers]
        more = [sum(a[i] - b[i] for a, b in zip(after, before))
                for i in range(4)]
        assert more[cpu] > 10 and sum(more) == more[cpu], (cpu, more)
    assert boot.complaints(four) == ""


def test_cpus_go_and_come_under_load(four):
    """20 rounds; the VMM answers meanwhile."""
    load = traffic.GuestTransfer(four, True, 60_000_000, check=True)
    for _ in range(20):
        four.console.run(
            "for i in 3 2 1; do echo 0 >/sys/devices/system/cpu/cpu$i/online "
            "|| exit 1; done; for i in 1 2 3; do "
            "echo 1 >/sys/devices/system/cpu/cpu$i/online || exit 1; done")
        assert None not in wire.ping(four.peer, ADDRESS, count=1)
    load.finish()
    everything_works(four, 4)
    none_outside(four)


@pytest.mark.parametrize("way, said", [
    pytest.param("pci", "reset by port 0xcf9", marks=pytest.mark.long),
    pytest.param("kbd", "reset by the keyboard", marks=pytest.mark.long),
    ("acpi", "reset by port 0xcf9"), ("triple", "triple fault")])
def test_reboot_of_4_cpus(four, way, said):
    before = four.vmm_log()
    four.console.begin(
        f"echo {way} >/sys/kernel/reboot/type; taskset 4 reboot -f")
    four.console.agent = False
    boot.wait_ready(four)
    log = four.vmm_log().removeprefix(before)
    assert said in log and log.count("guest runs") == 1
    assert "error:" not in log
    on_network(four)
    everything_works(four, 4)


# ---- 8 CPUs ----

def test_8_cpus(capsys):
    m, seconds = start("smp8", 8)
    try:
        on_network(m)
        everything_works(m, 8)
        traffic.transfer(m, True, 3_000_000, check=True)
        none_outside(m)
    finally:
        m.stop()
    with capsys.disabled():
        print(f"\n8 CPUs: {seconds:.1f} s to Linux ", end="")
