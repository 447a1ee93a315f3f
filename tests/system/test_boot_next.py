# SPDX-License-Identifier: MIT
"""What comes after the loader: a program that the configuration names, what is
chosen in the menu, or nothing, when the firmware goes on; and a key that keeps
Tandem from being started."""

import contextlib
import re
import time

import pytest
from lib import boot, disk, grub, paths, uefi_vars, vmm_file, wire
from lib.efi_shell import SETUP, SHELL, Watched, shell
from lib.firmware_menu import DOWN, UP, choose, into_boot_manager

REFUSED = "Tandem: not started: {}; booting without it"
MENU = "1 start it, 2 boot without it"
VMM = vmm_file.make(vmm_file.refusing("not today"))


def machine_with(name, entries, files=(), **more):
    """entries: folder to (VMM, tandem.conf), each a boot entry; then what more
    has as last, else the shell."""
    last = more.pop("last", [uefi_vars.boot_entry("Next", SHELL)])
    options = boot.prepare(name, boot.guest(()), tandem=False, files=dict(
        files, **{f"EFI/{folder}/{file}": content
                  for folder, (vmm, conf) in entries.items()
                  for file, content in (
                      ("loadvmm.efi", paths.need(paths.LOADER, "run make")),
                      ("tandem.elf", vmm), ("tandem.conf", conf))}))
    uefi_vars.write(options["variables"], [
        uefi_vars.boot_entry(folder, disk.partition_node() +
                             uefi_vars.file_node(f"/EFI/{folder}/loadvmm.efi"))
        for folder in entries] + last)
    return Watched(name, nic=None, memory=512, **options, **more)


def starting(machine, name):
    machine.console.expect(rf'starting Boot\d+ "{name}"', 60)


def test_named_program_is_started_with_tandem_below_or_not():
    """GRUB, which then boots Linux. What cannot be started costs a line."""
    image = grub.image(paths.WORK / "boot-next" / "grub.efi")
    entries = {
        "none": (VMM, rb"boot.next = \EFI\none.efi"),
        "text": (VMM, rb"boot.next = \EFI\text.efi"),
        "yes": (paths.need(paths.VMM, "run make"),
                rb"boot.next = \EFI\grub\grub.efi"),
    }
    with machine_with("boot-next", entries,
                      {"EFI/grub/grub.efi": image,
                       "EFI/text.efi": b"no program"}) as machine:
        grub.into_grub(machine)
        said = machine.said()
        assert said[:-1] == [
            REFUSED.format("not today"),
            r"Tandem: \EFI\none.efi is on no disk",
            REFUSED.format("not today"),
            r"Tandem: \EFI\text.efi is not started: the firmware cannot "
            "load it"]
        assert "running, " in said[-1]
        assert '"Next"' not in machine.text.getvalue()
        assert "error" not in grub.grub(
            machine, f"linux /EFI/debian/vmlinuz.efi {boot.CMDLINE}")
        assert "error" not in grub.grub(machine,
                                        "initrd /EFI/debian/initrd.img")
        machine.console.sendline("boot")
        boot.wait_ready(machine, 120)
        assert "Linux" in machine.console.run("uname -a")


def test_menu_waits_three_seconds_and_does_what_is_chosen():
    entries = {
        "wait": (VMM, b"boot.menu = y"),
        "without": (VMM, b"boot.menu = y"),
        "shell": (paths.need(paths.VMM, "run make"), b"boot.menu = y"),
    }
    with machine_with("boot-menu", entries) as machine:
        machine.console.expect(MENU, 60)
        asked = time.monotonic()
        machine.console.expect_exact("not today", 60)
        assert 2 < time.monotonic() - asked < 10
        machine.console.expect(MENU, 60)
        machine.console.send("2")
        machine.console.expect_exact("that was chosen", 60)
        machine.console.expect(MENU, 60)
        machine.console.send("3")
        machine.console.expect_exact("running, ", 60)
        machine.console.expect("Shell> ", 60)
        shell(machine, "fs0:")
        assert "is running already" in shell(machine,
                                             r"\EFI\without\loadvmm.efi")
        machine.console.sendline("exit")
        starting(machine, "Next")


def test_key_that_is_held_skips_tandem():
    with machine_with("boot-key", {"held": (VMM, b"")}) as machine:
        for _ in range(600):
            machine.console.send("s")
            with contextlib.suppress(TimeoutError):
                machine.console.expect(r"not started: ", 0.1)
                break
        starting(machine, "Next")
        assert machine.said() == [REFUSED.format("key S is held")]


@pytest.mark.long
def test_watchdog_ends_a_named_program_that_waits_for_ever():
    """After its five minutes, and not before; Tandem is started again."""
    program = paths.need(paths.BUILD / "efi" / "waits.efi", "run make")
    entries = {"waits": (paths.need(paths.VMM, "run make"),
                         rb"boot.next = \EFI\waits.efi")}
    with machine_with("boot-watchdog", entries,
                      {"EFI/waits.efi": program}) as machine:
        machine.console.expect("waits: from now on", 60)
        machine.console.expect("waits: from now on", 1800)
        minutes = re.findall(r"waits: minute (\d)", machine.text.getvalue())
        assert minutes in (list("1234"), list("12345"))
        assert len(machine.said()) == 2
        assert all("running, " in line for line in machine.said())
        assert "reset: guest: reset by port 0xcf9" in machine.vmm_log()


# More than the watchdog's five minutes.
A_WHILE = 310
MODULES = ("virtio_pci", "virtio_net", "af_packet")


@pytest.mark.long
def test_somebody_takes_time_in_the_setup_program_before_tandem_and_above_it():
    """That one is first in the boot order; all else is chosen in its menu,
    which comes back above Tandem."""
    options = boot.prepare("boot-setup", boot.guest(MODULES))
    uefi_vars.write(options["variables"], [
        uefi_vars.boot_entry("Setup", SETUP),
        *boot.entries(True, boot.CMDLINE)])
    with Watched("boot-setup", peer=True, memory=512, **options) as machine:
        into_boot_manager(machine)
        time.sleep(A_WHILE)
        choose(machine, "BOOTX64.EFI", DOWN)
        machine.console.expect_exact("running, ", 30)
        time.sleep(A_WHILE)
        address = paths.config()["IP_ADDRESS"]
        assert None not in wire.ping(machine.peer, address, count=3)
        choose(machine, "vmlinuz.efi", DOWN)
        boot.wait_ready(machine)
        assert machine.text.getvalue().count(": running, ") == 1
        assert "reset:" not in machine.vmm_log()
        boot.dhcp(machine)
        machine.console.run("ping -c 2 -W 2 10.0.2.2")
        assert None not in wire.ping(machine.peer, address, count=3)
