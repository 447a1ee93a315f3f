# SPDX-License-Identifier: MIT
"""A guest that ends and begins again by kexec, and a reboot of that: everything
works before and after, with Tandem below. More reboots: test_reboot.py."""

import pytest
from lib import boot, paths, tandem_log, traffic, wire
from lib.dbgsh import DebugShell
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]


@pytest.fixture(scope="module")
def machine():
    inner = boot.guest().write(paths.WORK / "kexec-initrd.img")
    image = boot.guest()
    image.file("boot/vmlinuz", paths.KERNEL / "vmlinuz")
    image.file("boot/initrd.img", inner)
    tandem_log.add_module(image)
    options = boot.prepare("restart", image)
    m, _ = boot.start(lambda: Machine("restart", peer=True, **options))
    yield m
    m.stop()


def works(machine):
    boot.dhcp(machine)
    machine.console.run(f"ping -c 3 -W 10 {HOST_ADDRESS}")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)
    traffic.transfer(machine, True, 5_000_000, check=True)
    traffic.transfer(machine, False, 5_000_000, check=True)
    with DebugShell(machine.console) as shell:
        assert "Tandem" in shell.command("version")
    assert boot.complaints(machine) == ""


def again(machine, command):
    """The guest ends by command and returns. It sends nothing meanwhile
    (docs/bench.md, Firmware and guests)."""
    machine.console.begin(command)
    machine.console.agent = False
    boot.wait_ready(machine)


def test_kexec_leaves_everything_working(machine):
    works(machine)
    machine.console.run(f"insmod {tandem_log.MODULE}")
    assert tandem_log.listener(machine) != 0
    again(machine, "kexecload /boot/vmlinuz /boot/initrd.img "
          f"'{boot.CMDLINE} reboot=triple'")
    assert "triple" in machine.console.run("cat /proc/cmdline")
    works(machine)
    assert machine.vmm_log().count("guest runs") == 1
    # nothing is copied into memory that was the other kernel's
    assert tandem_log.listener(machine) == 0


def test_triple_fault_restarts_the_machine(machine):
    """By the kernel that kexec has started."""
    again(machine, "reboot -f")
    assert "triple" not in machine.console.run("cat /proc/cmdline")
    works(machine)
    assert machine.vmm_log().count("guest runs") == 2
    assert machine.nic_counter("c-violations") == 0
