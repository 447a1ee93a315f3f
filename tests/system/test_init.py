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


def init_to_the_boot_cpu(machine):
    """What the VMM says of it, if anything; the machine starts again."""
    log = machine.vmm_log()
    init_by_device(machine, 0, by=1)
    machine.console.agent = False
    boot.wait_ready(machine)
    said = machine.vmm_log().removeprefix(log)
    assert said.count("guest runs") == 1
    on_network(machine)
    echo_server(machine)
    everything_works(machine, machine.cpus)
    return re.findall(r"error: cpus: (.+), machine reset", said)


def test_an_init_to_the_boot_cpu_resets_the_machine(machine):
    """Which runs its guest; another one that is busy sees that it was left for
    an INIT. The first test, on a fresh machine: see below."""
    if machine.cpus == 2:
        pytest.skip("a machine of its own: the last test")
    for cpu in (0, 2):
        machine.console.run(f"taskset {1 << cpu:x} sh -c "
                            "'while :; do :; done' & sleep 0.5")
    assert init_to_the_boot_cpu(machine) == [
        "guest: INIT to the boot CPU by a device"]


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


@pytest.mark.long
def test_an_init_to_a_boot_cpu_that_sleeps_resets_the_machine():
    """Nothing tells, but it does not answer any more, unless the firmware, which
    it runs from then on, is back in the VMM's loader before anybody notices.
    QEMU ends at times by an assertion of its own (docs/bench.md)."""
    for _ in range(8):
        with served("init-sleeps", 2,
                    extra=["-device", "edu,addr=0x0a"]) as m:
            try:
                assert init_to_the_boot_cpu(m) in (
                    [], ["the first CPU does not answer"],
                    ["guest: INIT to the boot CPU by a device"])
                return
            except EOFError:
                said = (m.folder / "qemu.log").read_text(errors="replace")
                if "rcu_read_unlock: Assertion" not in said:
                    raise
    pytest.fail("QEMU ended eight times")
