# SPDX-License-Identifier: MIT
"""Guests from Debian's packages, unmodified: another flavour of Linux, Linux
with 5-level paging, GRUB as what starts Tandem and as what comes after it,
memtest86+. (iPXE and OVMF's own shell: test_firmware_net.py.)

GRUB is a guest of the firmware, takes a quarter of the memory for itself and
leaves it when an OS starts. memtest86+ writes all memory that the firmware's
map calls free, with one CPU or several, which wake one another by NMI.
"""

import re
from contextlib import contextmanager

import pytest
from lib import boot, disk, grub, paths, traffic, uefi_vars, wire
from lib.dbgsh import DebugShell
from lib.efi_shell import Watched, plain
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
BLOCK = r"(\d+) MiB at (0x[0-9a-f]+), started by uefi"


def entry(name, place, options=""):
    return uefi_vars.boot_entry(
        name, disk.partition_node() + uefi_vars.file_node(place), options)


TANDEM = entry("Tandem", "/EFI/BOOT/BOOTX64.EFI")


def vmm_answers(machine):
    return None not in wire.ping(machine.peer, ADDRESS, count=5)


def vmm_is_content(machine):
    """Neither VMM nor card has anything to complain about."""
    log = machine.vmm_log()
    assert "warning:" not in log and "error:" not in log
    assert machine.nic_counter("c-violations") == 0


def all_is_well(machine):
    """Nor has Linux."""
    assert boot.complaints(machine) == ""
    vmm_is_content(machine)


def network_works(machine):
    """By virtio-net, to the host and to the VMM, data unchanged."""
    run = machine.console.run
    assert "virtio_net" in run("readlink /sys/class/net/eth0/device/driver")
    boot.dhcp(machine)
    run(f"ping -c 3 -W 10 {HOST_ADDRESS}")
    traffic.transfer(machine, True, 5_000_000, check=True)
    traffic.transfer(machine, False, 5_000_000, check=True)
    assert vmm_answers(machine)


# ---- Linux ----

@contextmanager
def linux(name, kernel=paths.KERNEL, **more):
    """A machine with Linux running above Tandem."""
    options = boot.prepare(name, boot.guest(MODULES, kernel=kernel))
    m, _ = boot.start(lambda: Machine(name, peer=True, **more, **options))
    try:
        yield m
    finally:
        m.stop()


@pytest.mark.parametrize("cpus", [
    pytest.param(1, marks=pytest.mark.long), 2])
def test_the_cloud_flavour_works_like_the_usual_one(cpus):
    with linux("cloud", paths.CLOUD_KERNEL, cpus=cpus) as m:
        run = m.console.run
        release = (paths.CLOUD_KERNEL / "release").read_text()
        assert run("uname -r") == release
        assert run("nproc").strip() == str(cpus)
        network_works(m)
        with DebugShell(m.console) as shell:
            assert "Tandem" in shell.command("version")
        all_is_well(m)


def test_linux_works_with_five_levels_of_page_tables():
    """It leaves long mode on each CPU to get there, and has what it reads the
    function's registers with walked by the VMM."""
    with linux("la57", cpus=2, cpu="EPYC-v1,+la57") as m:
        run = m.console.run
        # Linux drops the flag when it does not use five levels.
        assert run("grep -ow la57 /proc/cpuinfo").split() == ["la57"] * 2
        run("echo 1 >/proc/sys/kernel/kptr_restrict")
        lowest = run("head -n 1 /proc/vmallocinfo")
        assert int(lowest.split("-")[0], 16) < 0xffff << 48, lowest
        network_works(m)
        all_is_well(m)


# ---- GRUB ----

def grub_machine(name, before, **more):
    """A machine that starts what is in before, then GRUB."""
    image = grub.image(paths.WORK / name / "grub.efi")
    options = boot.prepare(name, boot.guest(MODULES),
                           files={"EFI/grub/grub.efi": image})
    uefi_vars.write(options["variables"],
                    [*before, entry("GRUB", "/EFI/grub/grub.efi")])
    return Watched(name, memory=512, peer=True, **more, **options)


def block(machine):
    """First and last address of the VMM block, as the VMM tells them."""
    mib, base = re.search(BLOCK, machine.vmm_log()).groups()
    return int(base, 16), int(base, 16) + (int(mib) << 20) - 1


def kinds_in_block(machine):
    """What GRUB's memory map calls the VMM block."""
    first, last = block(machine)
    return {kind for kind, start, end in grub.memory_map(machine)
            if start <= last and end >= first}


def linux_comes_up(machine):
    boot.wait_ready(machine, 120)
    network_works(machine)
    all_is_well(machine)


def test_grub_after_tandem_boots_linux_by_its_own_loader():
    with grub_machine("grub", [TANDEM]) as m:
        grub.into_grub(m)
        assert m.said()[0].endswith("MiB reserved")
        assert kinds_in_block(m) == {"reserved"}
        assert vmm_answers(m)
        assert "error" not in grub.grub(
            m, f"linux /EFI/debian/vmlinuz.efi {boot.CMDLINE}")
        assert "error" not in grub.grub(m, "initrd /EFI/debian/initrd.img")
        m.console.sendline("boot")
        linux_comes_up(m)
        assert "initrd=" not in m.console.run("cat /proc/cmdline")


def test_grub_starts_tandem_and_then_the_os_by_chainloader():
    with grub_machine("grub-chain", [], cpus=2) as m:
        grub.into_grub(m)
        grub.grub(m, "chainloader /EFI/BOOT/BOOTX64.EFI")
        grub.grub(m, "boot")
        assert [line.split(": ")[1] for line in m.said()] == [
            f"running, {paths.config()['VMM_MEMORY_MIB']} MiB reserved"]
        assert kinds_in_block(m) == {"reserved"}
        grub.grub(m, "chainloader /EFI/BOOT/BOOTX64.EFI")
        grub.grub(m, "boot")
        assert m.said()[1].endswith("is running already")
        assert vmm_answers(m)
        said = grub.grub(m, "chainloader /EFI/debian/vmlinuz.efi "
                         r"initrd=\\EFI\\debian\\initrd.img " + boot.CMDLINE)
        assert "error" not in said
        m.console.sendline("boot")
        linux_comes_up(m)
        assert m.console.run("nproc").strip() == "2"


# ---- memtest86+ ----

# Its tests go from 0 to 10, the first ones short. It tells where it is every
# two seconds of its own time, which are many when the host is loaded.
LATER_TEST = r"#([4-9]|10) +\["


def memtest_machine(cpus):
    """Its screen is the firmware's frame buffer, without which it ends."""
    name = "memtest"
    memtest = paths.need(paths.MEMTEST, "run scripts/setup")
    options = boot.prepare(name, boot.guest(MODULES), files={
        "EFI/memtest/memtest.efi": memtest})
    uefi_vars.write(options["variables"], [TANDEM, entry(
        "memtest86+", "/EFI/memtest/memtest.efi", "console=ttyS0,115200")])
    return Watched(name, memory=256, cpus=cpus, peer=True,
                   extra=["-vga", "std"], **options)


@pytest.mark.long
@pytest.mark.parametrize("cpus", [1, 2])
def test_memtest_runs_without_errors_and_its_exit_brings_all_back(cpus):
    """With two CPUs both write memory, and wait for each other halted with
    interrupts off, until an NMI comes."""
    with memtest_machine(cpus) as m:
        m.console.expect(r"#\d+ +\[", 90)
        assert vmm_answers(m)
        m.console.expect(LATER_TEST, 120)
        assert vmm_answers(m)
        m.console.expect("Status: Testing", 60)
        said = plain(m.text.getvalue())
        threads = f"SMP: {cpus}T (PAR)" if cpus > 1 else "SMP: Disabled"
        assert threads in said
        assert set(re.findall(r"Errors: *(\d+)", said)) == {"0"}
        vmm_is_content(m)
        runs = m.vmm_log().count("guest runs")
        m.console.send("\x1b")
        m.wait_vmm_log("guest: reset by port 0xcf9", 60)
        m.console.expect(r"#\d+ +\[", 90)
        assert m.vmm_log().count("guest runs") == runs + 1
        assert vmm_answers(m)
        vmm_is_content(m)
