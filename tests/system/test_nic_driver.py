# SPDX-License-Identifier: MIT
"""The VMM's own driver on a NIC that fails, and with a guest without MSI-X.

What the bench NIC is told to do wrong (docs/bench-nic.md) must cost seconds,
not the network: the driver resets the NIC, the guest sees at most a link that
goes away and comes back, and no rule of the hardware is broken on the way.
"""

import time

import pytest
from lib import boot, paths, traffic, wire
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
MEGA = 1_000_000


def start(name, cmdline=""):
    options = boot.prepare(name, boot.guest(MODULES), cmdline=cmdline)
    machine, _ = boot.start(lambda: Machine(name, peer=True, **options))
    boot.dhcp(machine)
    return machine


@pytest.fixture(scope="module")
def machine():
    m = start("nic-driver")
    yield m
    m.stop()


@pytest.fixture(scope="module")
def pin_machine():
    m = start("nic-driver-intx", "pci=nomsi")
    yield m
    m.stop()


def answers(machine):
    return machine.console.status(
        f"ping -c 1 -W 1 {HOST_ADDRESS} >/dev/null")[0] == 0


def wait_until_answers(machine, seconds):
    """Seconds until a ping from the guest is answered."""
    start_time = time.monotonic()
    while not answers(machine):
        assert time.monotonic() - start_time < seconds, \
            f"no answer after {seconds} s; VMM:\n{machine.vmm_log()[-1000:]}"
    return time.monotonic() - start_time


def carrier(machine):
    return machine.console.run("cat /sys/class/net/eth0/carrier").strip()


def messages(machine):
    return machine.console.run("dmesg -c")


@pytest.fixture
def fault(machine):
    """fault(name, on): every fault ends with the test."""
    used = set()

    def switch(name, on=True):
        used.add(name)
        machine.qmp.set("nic0", name, on)

    yield switch
    for name in used:
        machine.qmp.set("nic0", name, False)
    wait_until_answers(machine, 20)


def test_a_transmitter_that_hangs_is_reset_and_goes_on(machine, fault):
    # One frame is stuck; a reset of the chip ends this fault by itself.
    fault("fault-tx-hang")
    wait_until_answers(machine, 8)
    assert "transmitter stuck" in machine.vmm_log()
    traffic.transfer(machine, True, 5 * MEGA, check=True)


def test_a_nic_that_reports_nothing_is_reset(machine, fault):
    before = machine.vmm_log().count("the NIC is reset")
    fault("no-status-dma")
    machine.console.status(f"ping -c 4 -W 1 {HOST_ADDRESS} >/dev/null")
    assert machine.vmm_log().count("the NIC is reset") > before
    fault("no-status-dma", False)
    wait_until_answers(machine, 8)


def test_an_idle_nic_that_reports_nothing_is_noticed(machine, fault):
    before = machine.vmm_log().count("no status block arrives")
    fault("no-status-dma")
    machine.console.run("ip link set eth0 down; sleep 6; ip link set eth0 up")
    assert machine.vmm_log().count("no status block arrives") > before


def test_a_reset_that_never_ends_is_a_link_that_is_down(machine, fault):
    fault("reset-stuck")
    fault("fault-tx-hang")
    machine.console.status(f"ping -c 5 -W 1 {HOST_ADDRESS} >/dev/null")
    assert "time-out: core clock reset" in machine.vmm_log()
    assert carrier(machine) == "0"
    assert wire.ping(machine.peer, ADDRESS, count=1) == [None]
    fault("reset-stuck", False)
    fault("fault-tx-hang", False)
    wait_until_answers(machine, 15)
    assert carrier(machine) == "1"
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)


def test_the_nics_interrupts_are_not_the_guests(machine):
    messages(machine)
    traffic.transfer(machine, True, 30 * MEGA)
    traffic.transfer(machine, False, 30 * MEGA)
    assert "NMI received" not in messages(machine)


def test_the_guests_nmis_reach_it_between_the_nics(machine):
    """One that comes together with a NIC's is taken for that one."""
    messages(machine)
    seen = 0
    for _ in range(5):
        machine.qmp.monitor("nmi")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            time.sleep(0.1)
            if "NMI received" in messages(machine):
                seen += 1
                break
    assert seen >= 4, machine.vmm_log()[-1000:]


def test_faults_broke_no_rule_of_the_hardware(machine):
    assert machine.nic_counter("c-violations") == 0


def test_a_guest_with_a_pin_interrupt_has_network(pin_machine):
    run = pin_machine.console.run
    assert "IO-APIC" in run("grep virtio /proc/interrupts")
    run(f"ping -c 5 -W 10 {HOST_ADDRESS}")
    for to_guest in True, False:
        traffic.transfer(pin_machine, to_guest, 10 * MEGA, check=True)
    assert "nobody cared" not in run("dmesg")
    assert None not in wire.ping(pin_machine.peer, ADDRESS, count=5)


def test_the_pin_stays_quiet_when_nothing_happens(pin_machine):
    before = pin_machine.nic_counter("c-intx")
    time.sleep(3)
    assert pin_machine.nic_counter("c-intx") - before < 30


def test_the_pin_survives_a_reset_of_the_nic(pin_machine):
    pin_machine.qmp.set("nic0", "fault-tx-hang", True)
    wait_until_answers(pin_machine, 8)
    pin_machine.console.run(f"ping -c 3 -W 10 {HOST_ADDRESS}")


def test_the_vmm_has_its_messages_again_when_the_pins_driver_is_gone(
        pin_machine):
    """The NIC was reset while the guest had the pin."""
    pin_machine.console.run("rmmod virtio_net")
    before = pin_machine.nic_counter("c-msi")
    assert None not in wire.ping(pin_machine.peer, ADDRESS, count=5)
    assert pin_machine.nic_counter("c-msi") >= before + 5


def test_the_pin_broke_no_rule_of_the_hardware(pin_machine):
    assert pin_machine.nic_counter("c-violations") == 0
