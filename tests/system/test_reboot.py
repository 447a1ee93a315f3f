# SPDX-License-Identifier: MIT
"""Reboot by each way that Linux knows, many times in a row, and power-off:
does Tandem stop the card and come back beneath the guest each time?

TANDEM_REBOOTS is how many times (docs/bench.md).
"""

import os
import time

import pytest
from lib import boot, paths, traffic, wire
from lib.dbgsh import DebugShell
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
REBOOTS = int(os.environ.get("TANDEM_REBOOTS", "4"))

# A type of /sys/kernel/reboot, and what the VMM logs. The ACPI tables of the
# bench name port 0xcf9 as the reset register.
WAYS = {
    "pci": "reset by port 0xcf9",
    "kbd": "reset by the keyboard controller",
    "acpi": "reset by port 0xcf9",
    "triple": "triple fault",
}


@pytest.fixture(scope="module")
def machine():
    image = boot.guest(("virtio_pci", "virtio_net", "af_packet"))
    options = boot.prepare("reboot", image)
    m, _ = boot.start(lambda: Machine("reboot", peer=True, **options))
    try:
        works(m)
        yield m
    finally:
        m.stop()


def works(machine):
    boot.dhcp(machine)
    machine.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)
    assert machine.nic_counter("c-violations") == 0


def counts(machine, text):
    log = machine.vmm_log()
    return [log.count(t) for t in (text, "guest runs", "error:")]


@pytest.mark.parametrize("number", range(REBOOTS))
def test_tandem_and_guest_are_back_after_a_reboot(machine, number, capsys):
    way = list(WAYS)[number % len(WAYS)]
    said, runs, errors = counts(machine, WAYS[way])
    start = time.monotonic()
    machine.console.begin(
        f"echo {way} >/sys/kernel/reboot/type; grep -q {way} "
        "/sys/kernel/reboot/type && reboot -f")
    machine.console.agent = False
    boot.wait_ready(machine)
    with capsys.disabled():
        print(f"\n{way}: {time.monotonic() - start:.1f} s ", end="")
    assert counts(machine, WAYS[way]) == [said + 1, runs + 1, errors]
    works(machine)


def test_after_all_of_them_everything_works(machine):
    traffic.transfer(machine, True, 5_000_000, check=True)
    traffic.transfer(machine, False, 5_000_000, check=True)
    with DebugShell(machine.console) as shell:
        assert "Tandem" in shell.command("version")
    assert boot.complaints(machine) == ""
    assert machine.nic_counter("c-violations") == 0


def test_power_off_ends_the_machine(machine):
    """The last test."""
    machine.console.begin("poweroff -f")
    assert machine.wait_exit(30) == 0
    assert "ACPI sleep or power-off" in machine.vmm_log()
