# SPDX-License-Identifier: MIT
"""Guests that differ from the usual one: without message-signalled
interrupts, and a machine with more CPUs than Tandem knows how to use."""

import pytest
from lib import boot, paths, traffic, wire
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
MEGA = 1_000_000


@pytest.fixture(scope="module")
def intx():
    """Its CPU does not tell that it is emulated, as hardware would not."""
    options = boot.prepare("intx", boot.guest(), cmdline="pci=nomsi")
    m, _ = boot.start(lambda: Machine(
        "intx", peer=True, cpu="EPYC-v1,hypervisor=off", **options))
    yield m
    m.stop()


def test_guest_sees_no_hypervisor(intx):
    flags = intx.console.run("grep -m1 ^flags /proc/cpuinfo").split()
    assert "hypervisor" not in flags
    assert "svm" not in flags


def test_nic_works_by_its_interrupt_line(intx):
    run = intx.console.run
    boot.dhcp(intx)
    lines = [line for line in run("cat /proc/interrupts").splitlines()
             if "virtio" in line]
    assert len(lines) == 1 and "IO-APIC" in lines[0], lines
    before = int(lines[0].split()[1])
    run(f"ping -c 5 -W 10 {HOST_ADDRESS}")
    assert int(run("grep virtio /proc/interrupts").split()[1]) > before


@pytest.mark.parametrize("to_guest", [True, False], ids=["in", "out"])
def test_tcp_data_arrives_unchanged_by_the_interrupt_line(intx, to_guest):
    traffic.transfer(intx, to_guest, 20 * MEGA, check=True)


def test_carrier_follows_the_wire_by_the_interrupt_line(intx):
    run = intx.console.run
    wait = "for n in $(seq 50); do grep -q {} /sys/class/net/eth0/carrier " \
        "&& break; sleep 0.1; done; grep {} /sys/class/net/eth0/carrier"
    intx.qmp.set_link("nic0", False)
    run(wait.format(0, 0))
    intx.qmp.set_link("nic0", True)
    run(wait.format(1, 1))


def test_guest_without_messages_keeps_driver_and_vmm(intx):
    run = intx.console.run
    for _ in range(5):
        run("rmmod virtio_net; insmod /modules/virtio_net.ko; "
            "ip link set eth0 up")
    boot.dhcp(intx)
    assert None not in wire.ping(intx.peer, ADDRESS, count=5)
    assert boot.complaints(intx) == ""
    assert intx.nic_counter("c-violations") == 0


def test_with_too_many_cpus_tandem_says_so_and_linux_boots_without_it():
    """All CPUs were in the VMM and came back."""
    cpus = int(paths.config()["MAX_CPUS"]) + 1
    options = boot.prepare("too-many-cpus", boot.guest())
    with Machine("too-many-cpus", nic_options="", cpus=cpus, **options) as m:
        m.console.expect(r"Tandem[^\r\n]*: not started: more CPUs are enabled "
                         "than CONFIG_MAX_CPUS; booting without it", 60)
        boot.wait_ready(m)
        run = m.console.run
        assert run("grep -c ^processor /proc/cpuinfo").strip() == str(cpus)
        assert "tg3" in run("readlink /sys/class/net/eth0/device/driver")
        code, said = m.console.status("dbgsh </dev/null 2>&1")
        assert code == 69
        assert "there is no VMM beneath this system" in said
