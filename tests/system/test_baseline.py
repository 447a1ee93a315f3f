# SPDX-License-Identifier: MIT
"""Without Tandem: Debian's Linux drives the bench NIC with its own tg3, in
this harness. What fails here is the bench's fault, not Tandem's."""

import re

import pytest
from lib import boot, paths, tandem_log, traffic, wire
from lib.machine import GUEST_ADDRESS, HOST_ADDRESS, Machine

MEGABYTES = 20


@pytest.fixture(scope="module")
def machine():
    image = boot.guest(programs=["/usr/sbin/ethtool"])
    image.program(paths.need(paths.BUILD / "guest-tools/linux32/dbgsh",
                             "run make guest-tools"), "bin/dbgsh32")
    tandem_log.add_module(image)
    options = boot.prepare("baseline", image, tandem=False)
    m, _ = boot.start(lambda: Machine(
        "baseline", nic_options="", peer=True, **options))
    try:
        boot.dhcp(m)
        yield m
    finally:
        m.stop()


def test_tg3_drives_the_nic_with_link_up(machine):
    run = machine.console.run
    assert "tg3" in run("readlink /sys/class/net/eth0/device/driver")
    report = run("ethtool eth0")
    assert re.search(r"Speed: 1000Mb/s", report)
    assert re.search(r"Link detected: yes", report)


def test_guest_reaches_the_host(machine):
    machine.console.run(f"ping -c 3 -W 10 {HOST_ADDRESS}")


def test_wire_reaches_the_guest(machine):
    times = wire.ping(machine.peer, GUEST_ADDRESS, count=5)
    assert None not in times, times


@pytest.mark.parametrize("dbgsh", ["dbgsh", "dbgsh32"])
def test_dbgsh_says_that_there_is_no_vmm(machine, dbgsh):
    for arguments in ("", "-c version", "-t 1 -c version"):
        code, said = machine.console.status(
            f"{dbgsh} {arguments} 2>&1 </dev/null")
        assert (code, said) == (69, "dbgsh: there is no VMM beneath this "
                                "system\n")


def test_tandem_status_says_that_there_is_no_vmm(machine):
    for arguments in ("", "--json"):
        assert machine.console.status(f"tandem-status {arguments} 2>&1") == \
            (69, "tandem-status: there is no VMM beneath this system\n")


def test_the_log_module_finds_no_vmm_and_is_no_oops(machine):
    code, said = machine.console.status(f"insmod {tandem_log.MODULE} 2>&1")
    assert code != 0 and "No such device" in said
    assert "tandem-log: there is no VMM" in machine.console.run("dmesg")
    assert "tandem_log" not in machine.console.run("lsmod")
    assert boot.complaints(machine) == ""


@pytest.mark.parametrize("to_guest", [True, False], ids=["in", "out"])
def test_tcp_data_arrives_unchanged(machine, to_guest):
    traffic.transfer(machine, to_guest, MEGABYTES * 1_000_000, check=True)
