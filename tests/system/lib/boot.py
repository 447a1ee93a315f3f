# SPDX-License-Identifier: MIT
"""Puts together what the machine boots: disk and firmware variables.

The disk has Tandem's loader as \\EFI\\BOOT\\BOOTX64.EFI and Debian's kernel as
\\EFI\\debian\\vmlinuz.efi, started through its EFI stub by a boot entry of its
own, which is next in the boot order.
"""

import re
import time

from . import disk, paths, uefi_vars
from .initramfs import READY, Initramfs

CMDLINE = "console=ttyS0,115200 panic=5 random.trust_cpu=on"

NETWORK_MODULES = ("tg3", "virtio_pci", "virtio_net", "e1000e",
                   "af_packet")


def guest(modules=NETWORK_MODULES, start="", programs=(),
          kernel=paths.KERNEL):
    """The usual guest: drivers for both NICs, and what make built for it."""
    image = Initramfs(modules, start, kernel)
    if (paths.BUILD / "guest").is_dir():
        for program in sorted((paths.BUILD / "guest").iterdir()):
            image.program(program)
    for program in programs:
        image.program(program)
    return image


def entries(tandem, cmdline, programs=()):
    esp = disk.partition_node()
    order = []
    if tandem:
        order.append(uefi_vars.boot_entry(
            "Tandem", esp + uefi_vars.file_node("/EFI/BOOT/BOOTX64.EFI")))
    for program in programs:
        order.append(uefi_vars.boot_entry(
            program, esp + uefi_vars.file_node(f"/EFI/test/{program}.efi")))
    order.append(uefi_vars.boot_entry(
        "Debian", esp + uefi_vars.file_node("/EFI/debian/vmlinuz.efi"),
        r"initrd=\EFI\debian\initrd.img " + cmdline))
    return order


def prepare(name, initramfs, tandem=True, cmdline="", files=None,
            programs=()):
    """Make disk and variables: keyword arguments for Machine. tandem: with
    the VMM below the guest. files: more for the partition, place to path or
    bytes; a value of None leaves a file out. programs: names of UEFI programs
    that make built, started between Tandem and the OS."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "EFI/debian/vmlinuz.efi": paths.need(initramfs.kernel / "vmlinuz",
                                             "run scripts/setup"),
        "EFI/debian/initrd.img": initramfs.write(folder / "initrd.img"),
    }
    if tandem:
        content["EFI/BOOT/BOOTX64.EFI"] = paths.LOADER
        content["EFI/BOOT/tandem.elf"] = paths.VMM
    for program in programs:
        content[f"EFI/test/{program}.efi"] = \
            paths.BUILD / "efi" / f"{program}.efi"
    content.update(files or {})
    content = {k: v for k, v in content.items() if v is not None}
    for place, source in content.items():
        if not isinstance(source, bytes):
            paths.need(source, f"{place} needs it: run make")
    options = f"{CMDLINE} {cmdline}".strip()
    return {
        "disk": disk.build(folder / "esp.img", content),
        "variables": uefi_vars.write(folder / "vars.fd",
                                     entries(tandem, options, programs)),
    }


def wait_ready(machine, timeout=240, stages=(), note=print):
    """Waits for the guest's init; seconds since the machine's start. stages:
    (pattern, text) in the order in which the console shows them; note() is
    told each text when its pattern came."""
    deadline = time.monotonic() + timeout
    for pattern, text in (*stages, (re.escape(READY), None)):
        machine.console.expect(pattern,
                               max(0.1, deadline - time.monotonic()))
        if text:
            note(text)
    return machine.seconds()


def start(make, limit=120, note=print, stages=()):
    """Starts the Machine that make() returns and waits for its guest: the
    machine and its boot time in seconds. On a loaded host a boot may rarely
    stall; it is tried once more, and note() is told. stages: as
    wait_ready()."""
    for again in (True, False):
        machine = make()
        try:
            machine.start()
            return machine, wait_ready(machine, limit, stages, note)
        except (TimeoutError, EOFError) as error:
            machine.stop()
            if not again:
                raise
            note(f"{machine.name}: the boot stalled, once more: "
                 f"{str(error)[-300:]}")
        except BaseException:
            machine.stop()
            raise
    raise AssertionError("not reached")


def dhcp(machine, interface="eth0", timeout=60):
    """Has the guest take an address from QEMU's network."""
    return machine.console.run(
        f"ip link set {interface} up; "
        f"udhcpc -i {interface} -s /etc/dhcp -n -q -t 10", timeout)


def complaints(machine):
    """What the guest's kernel has to say against its machine."""
    return machine.console.run(
        "dmesg | grep -E 'Uhhuh|Dazed|stall|lockup|NETDEV WATCHDOG|BUG:|Oops|"
        "nobody cared|unexpected IRQ|cut here|virtio.*(fail|broken)' || true")
