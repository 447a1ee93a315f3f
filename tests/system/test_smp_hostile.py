# SPDX-License-Identifier: MIT
"""Two CPUs, and a guest or a VMM that breaks: does no CPU get out of the VMM,
whatever is sent to it, and do the VMM's services live on through hangs, kexec,
kdump? What a device sends is in test_init.py.
"""

import re
import struct
import time

import pytest
from lib import alive, boot, gdbstub, smi
from lib.machine import HOST_ADDRESS
from lib.smp import (ADDRESS, PORT, echo_server, everything_works,
                     none_outside, on_network, registers, served)

PAGE = 4096
STACK_SIZE = 32768
CRASH = "crashkernel=192M"
CPU1 = "/sys/devices/system/cpu/cpu1/online"


@pytest.fixture(scope="module")
def two():
    with served("smp2", 2, cmdline=CRASH, inner=True) as m:
        yield m


def block(machine):
    found = re.search(r"(\d+) MiB at (0x[0-9a-f]+)", machine.vmm_log())
    return int(found[2], 16), int(found[1]) << 20


def test_2_cpus(two):
    everything_works(two, 2)
    alive.services_live_on(two, ADDRESS, PORT)


def test_no_cpu_has_memory_that_is_writable_and_executable(two):
    """The page tables of root mode of each CPU, when it sleeps there; and
    below each stack there is nothing."""
    names = gdbstub.symbols()
    guards = {names[n] + i * STACK_SIZE for n in ("cpu_stacks", "fatal_stacks")
              for i in range(2)}
    left = {0, 1}
    for _ in range(200):
        two.qmp("stop")
        try:
            found = registers(two)
            for cpu in sorted(left):
                if found[cpu]["RIP"] < gdbstub.BASE or \
                        found[cpu]["RIP"] > names["text_end"]:
                    continue
                left.remove(cpu)
                assert found[cpu]["CR0"] & 1 << 16
                assert found[cpu]["EFER"] & 1 << 11
                pages = two.qmp.ask("human-monitor-command", {
                    "command-line": "info tlb", "cpu-index": cpu})
                # Flags: X for no execution, ..., U for user, W for writable.
                flags = re.findall(
                    r"(?m)^(ffffffff8\w+): \w+ (\S{9})\s*$", pages)
                assert len(flags) > 10
                assert [f for f in flags if f[1][0] == "-"]
                assert not [f for f in flags if f[1][0] == "-" and
                            f[1][8] == "W" or f[1][7] == "U"]
                mapped = {int(f[0], 16) for f in flags}
                assert guards.isdisjoint(mapped)
                assert {g + PAGE for g in guards} <= mapped
        finally:
            two.qmp("cont")
        if not left:
            break
        time.sleep(0.05)
    assert left == set()


@pytest.mark.parametrize("way", ["cli", "interrupt", "nmi"])
def test_services_live_on_while_two_cpus_hang(two, way, capsys):
    run = two.console.run
    run("[ -d /sys/module/hangcpu ] || insmod /modules/hangcpu.ko all=1")
    two.console.begin(f"echo {way} >/sys/module/hangcpu/parameters/way")
    two.console.expect_exact(f"hangcpu: {way}: hangs", timeout=20)
    said = alive.services_live_on(two, ADDRESS, PORT)
    with capsys.disabled():
        print(f"\nboth CPUs hang ({way}): {said} ", end="")
    two.console.send("x")
    two.console.expect_exact(f"hangcpu: {way}: over", timeout=20)
    assert two.console.end()[0] == 0
    everything_works(two, 2)


def nmis(machine):
    return [int(n) for n in re.search(
        r"NMI: +(\d+) +(\d+)",
        machine.console.run("grep NMI: /proc/interrupts")).groups()]


def test_the_guests_nmi_reaches_its_target_and_no_other(two):
    """Linux's backtrace of all CPUs is an NMI to all others."""
    for cpu in (0, 1):
        before = nmis(two)
        two.console.run("dmesg -c >/dev/null; "
                        f"taskset {1 << cpu} sh -c 'echo l "
                        ">/proc/sysrq-trigger'")
        said = two.console.run("sleep 1; dmesg")
        assert set(re.findall(r"NMI backtrace for cpu (\d)", said)) == \
            {"0", "1"}
        after = nmis(two)
        assert after[cpu] - before[cpu] == 0
        assert after[1 - cpu] - before[1 - cpu] == 1


def test_the_vmms_own_nmis_are_not_the_guests(two):
    """Each byte of a session on CPU 1 wakes CPU 0."""
    before = nmis(two)
    two.console.run(
        "(for i in 1 2 3 4 5 6; do taskset 2 dbgsh -c 'log 50' >/dev/null; "
        f"done) & ping -A -w 8 {HOST_ADDRESS} >/dev/null; wait", 120)
    assert nmis(two) == before
    everything_works(two, 2)


def test_no_cpu_leaves_the_vmm_by_an_interprocessor_interrupt(two):
    """INIT, SIPI, NMI and SMI in every way; tests/guest/sendipi."""
    run = two.console.run
    run(f"echo 0 >{CPU1}")
    said = run(
        f"taskset 1 insmod /modules/sendipi.ko vmm={block(two)[0]:#x} && "
        "rmmod sendipi && dmesg | grep sendipi:", 120)
    results = dict(re.findall(r"sendipi: (\S+) (ok|WRONG)", said))
    assert len(results) == 25, said
    assert [n for n, r in results.items() if r != "ok"] == [], said
    found = re.search(r"cpuid (\w+) vm_cr (\w+) vmm (\w+)", said)
    assert int(found[1], 16) & 1 << 2 == 0
    assert int(found[2], 16) == 0x18        # disabled and locked
    assert int(found[3], 16) == 0xffffffff
    run(f"echo 1 >{CPU1}")
    everything_works(two, 2)
    none_outside(two)


def test_an_smi_to_no_cpu_runs_the_guests_code(two):
    """By the chipset; by the local APIC it is refused."""
    for cpu in (0, 1):
        smi.do_nothing(two, cpu, refused=True)
    everything_works(two, 2)


# ---- another kernel ----

def again(machine, command):
    machine.console.begin(command)
    machine.console.agent = False


def back(machine):
    """From a reset; the echo server is started again."""
    machine.console.agent = False
    boot.wait_ready(machine)
    on_network(machine)
    echo_server(machine)


def kexecload(more=""):
    return ("kexecload /boot/vmlinuz /boot/initrd.img "
            f"'{boot.CMDLINE} {more}'")


def test_kexec_with_two_cpus(two):
    runs = two.vmm_log().count("guest runs")
    again(two, f"taskset 2 {kexecload('kexec=1')}")
    boot.wait_ready(two)
    assert two.vmm_log().count("guest runs") == runs
    assert "kexec=1" in two.console.run("cat /proc/cmdline")
    on_network(two)
    everything_works(two, 2)


def test_init_to_the_boot_cpu_resets_the_machine(two):
    """What it does to a PC as well, but in the VMM's hands."""
    log = two.vmm_log()
    again(two, "taskset 1 insmod /modules/sendipi.ko self=1")
    back(two)
    said = two.vmm_log().removeprefix(log)
    assert "INIT to the boot CPU, machine reset" in said
    everything_works(two, 2)


@pytest.mark.parametrize("cpu", [
    pytest.param(0, marks=pytest.mark.long), 1])
def test_a_crash_kernel_comes_up(two, cpu):
    """On the CPU that crashed; the VMM answers meanwhile."""
    two.console.run(kexecload("nr_cpus=1 reset_devices kdump=1") + " panic")
    runs = two.vmm_log().count("guest runs")
    again(two, f"taskset {1 << cpu} sh -c 'echo c >/proc/sysrq-trigger'")
    alive.services_live_on(two, ADDRESS, PORT)
    boot.wait_ready(two)
    assert two.vmm_log().count("guest runs") == runs
    assert "kdump=1" in two.console.run("cat /proc/cmdline")
    assert two.console.run("ls -s /proc/vmcore").split()[0] != ""
    on_network(two)
    everything_works(two, 1)
    alive.services_live_on(two, ADDRESS, PORT)
    again(two, "reboot -f")
    back(two)
    everything_works(two, 2)


# ---- the VMM itself breaks ----

INTERCEPTS = 0x0c               # of the VMCB: the word that SVM calls vector 3
INTERCEPT_PUSHF = 1 << 16       # exit 0x70, for which the VMM never asks
SVM_AREA = 3 * PAGE             # of one CPU, the VMCB first


def test_a_panic_of_two_cpus_at_once_is_told_once_and_stops_all(two):
    before = two.vmm_log()
    two.console.begin("taskset 2 sh -c 'while :; do read x </proc/uptime; "
                      "done' & while :; do read x </proc/uptime; done")
    time.sleep(1)
    with gdbstub.GdbStub(two) as stub:
        memory = gdbstub.VmmMemory(stub, block(two)[0])
        memory.write("panic_reboots", b"\0")
        for cpu in (0, 1):
            at = cpu * SVM_AREA + INTERCEPTS
            old = memory.read32("svm_areas", at)
            memory.write("svm_areas", struct.pack("<I", old | INTERCEPT_PUSHF),
                         at)
    log = two.wait_vmm_log("panic: halted").removeprefix(before)
    lines = log[log.index("error: panic: "):].splitlines()
    assert sum("panic: exit 0x70 info " in line for line in lines) == 1
    assert [line for line in lines[1:] if "error: panic: " not in line] == []
    assert sum("rax" in line for line in lines) == 1
    time.sleep(0.5)
    assert [r["HLT"] for r in registers(two)] == [1, 1]
    assert len(two.vmm_log()) == len(before) + len(log)
    two.qmp("system_reset")
    back(two)
    assert "the VMM panicked in the boot before" in two.vmm_log()
    everything_works(two, 2)
