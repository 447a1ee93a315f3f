# SPDX-License-Identifier: MIT
"""Does a CPU get out of the VMM by an INIT that no VMM sees on its way? A device
sends it as its message (QEMU's edu, by the module tests/guest/edumsi), and
QEMU has neither VM_CR.R_INIT nor an IOMMU that could refuse it: the CPU is
reset, whatever it was doing. It must not run the guest's code outside of the
VMM, which an NMI would have it do, and must come back when the guest starts
it."""

import re

import pytest
from lib import alive, boot, smi
from lib.smp import (ADDRESS, PORT, echo_server, everything_works,
                     none_outside, on_network, served)

RAN = 0x21100           # where edumsi's code counts NMIs in real mode
SVM = 1 << 2            # cpuid 0x80000001, ecx: hidden from guests


@pytest.fixture(scope="module", params=[2, 4])
def machine(request):
    with served(f"init{request.param}", request.param,
                extra=["-device", "edu,addr=0x0a"]) as m:
        yield m


def init_by_device(machine, cpu, by=0, more=""):
    """By the device, whose driver runs on CPU `by`."""
    machine.console.run("[ ! -d /sys/module/edumsi ] || rmmod edumsi")
    machine.console.begin(
        f"taskset {1 << by:x} insmod /modules/edumsi.ko to={cpu} {more}")
    if cpu:
        machine.console.expect_exact(f"edumsi: sent to {cpu}", timeout=20)
        machine.console.expect_exact("edumsi: moved", timeout=20)


def ran_outside(machine):
    said = machine.qmp.monitor(f"xp /1wx {RAN:#x}")
    return int(said.split(":")[1], 16)


def lives_on(machine):
    alive.services_live_on(machine, ADDRESS, PORT)
    none_outside(machine)
    assert ran_outside(machine) == 0
    assert [line for line in machine.vmm_log().rpartition("started by")[2]
            .splitlines() if "error:" in line] == []
    assert machine.nic_counter("c-violations") == 0


def test_an_init_to_the_boot_cpu_resets_the_machine(machine):
    """The first, on a fresh machine: after INITs to other CPUs, QEMU ends at
    times (docs/bench.md). With 4 CPUs the boot CPU runs its guest and another
    one is busy, too, which sees that it was left for an INIT. With 2 it mostly
    sleeps in root mode: nothing tells, but it does not answer any more, unless
    the firmware, which it runs from then on, is back in the VMM's loader
    before anybody notices."""
    log = machine.vmm_log()
    if machine.cpus == 4:
        for cpu in (0, 2):
            machine.console.run(f"taskset {1 << cpu:x} sh -c "
                                "'while :; do :; done' & sleep 0.5")
    init_by_device(machine, 0, by=1)
    machine.console.agent = False
    boot.wait_ready(machine)
    said = machine.vmm_log().removeprefix(log)
    why = re.findall(r"error: cpus: (.+), machine reset", said)
    seen = ["guest: INIT to the boot CPU by a device"]
    assert why == seen or machine.cpus == 2 and why in (
        [], ["the first CPU does not answer"])
    assert said.count("guest runs") == 1
    on_network(machine)
    echo_server(machine)
    everything_works(machine, machine.cpus)


def test_a_cpu_off_line_that_is_reset_starts_again(machine):
    """It sleeps in root mode until Linux's SIPI, and takes the INIT then."""
    run, cpu = machine.console.run, machine.cpus - 1
    assert "INIT cannot be redirected" in machine.vmm_log()
    for _ in range(2):
        run(f"echo 0 >/sys/devices/system/cpu/cpu{cpu}/online")
        init_by_device(machine, cpu)
        assert machine.console.end()[0] == 0
        run(f"echo 1 >/sys/devices/system/cpu/cpu{cpu}/online")
        machine.wait_vmm_log(f"INIT to the CPU of APIC ID {cpu} by")
        lives_on(machine)
        everything_works(machine, machine.cpus)
    smi.do_nothing(machine, cpu, refused=True)


def test_a_busy_cpu_that_is_reset_comes_back_and_waits_for_a_sipi(machine):
    """The last, for Linux has lost the CPU, as it would without a VMM."""
    cpu = machine.cpus - 1
    machine.console.run(
        "echo 1 >/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress; "
        f"taskset {1 << cpu:x} sh -c 'while :; do :; done' & sleep 0.5")
    init_by_device(machine, cpu, more="start=1")
    machine.wait_vmm_log(f"INIT to the CPU of APIC ID {cpu} by")
    machine.console.expect(r"edumsi: (started, cpuid (\w+)|not started)",
                           20)
    assert int(machine.console.match[2], 16) & SVM == 0
    lives_on(machine)
