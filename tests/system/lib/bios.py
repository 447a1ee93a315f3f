# SPDX-License-Identifier: MIT
"""Makes disks that a BIOS starts: Debian's GRUB before the first partition.

What grub-install does as root on a real disk is done here to a file: GRUB's
boot sector goes into the protective MBR, the rest of GRUB between the partition
table and the first partition (GRUB manual, 3.4; its i386/pc/boot.h).
"""

import importlib.util
import struct
import subprocess

from . import boot, disk, paths, vmm_file

FOLDER = "/usr/lib/grub/i386-pc"
MODULES = ("biosdisk part_gpt fat normal multiboot multiboot2 linux serial "
           "terminal memrw test echo lsmmap").split()

FIRST = 34              # sector of GRUB, behind the partition table
BOOT_CODE = 440         # bytes of a boot sector before the MBR's own
KERNEL_SECTOR = 0x5c    # in the boot sector: where GRUB goes on
BLOCK_LIST = 0x1f4      # in GRUB's first sector: where its second one is

CONSOLE = """\
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=0
"""

# What docs/booting-bios.md shows: the same GRUB before and after Tandem.
MENU = """\
insmod memrw
insmod multiboot2
read_word -v int15 0x54
if [ "$int15" != "544e" ]; then
  menuentry "Tandem, then this menu" --id tandem {{
    {tandem}
  }}
  set default=tandem
fi
menuentry Debian --id debian {{
	linux /debian/vmlinuz {cmdline}
	initrd /debian/initrd.img
}}
"""


_spec = importlib.util.spec_from_file_location(
    "attach", paths.TOP / "boot" / "bios" / "attach.py")
_attach = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_attach)


def with_loader(image):
    """A sealed file of vmm_file's as BIOS machines want it."""
    loader = paths.need(paths.BUILD / "obj" / "bios" / "loader.bin", "run make")
    return vmm_file.seal(_attach.attach(vmm_file.unseal(image),
                                        loader.read_bytes()))


def install(image, folder):
    """Put GRUB onto a disk that disk.build() made."""
    paths.need(FOLDER, "run scripts/setup")
    core = folder / "core.img"
    subprocess.run(["grub-mkimage", "-O", "i386-pc", "-o", str(core),
                    "-p", "(hd0,gpt1)/boot/grub", *MODULES],
                   check=True, timeout=60, capture_output=True)
    sector = bytearray(open(f"{FOLDER}/boot.img", "rb").read()[:BOOT_CODE])
    struct.pack_into("<Q", sector, KERNEL_SECTOR, FIRST)
    rest = bytearray(core.read_bytes())
    struct.pack_into("<Q", rest, BLOCK_LIST, FIRST + 1)
    assert len(rest) <= (disk.FIRST - FIRST) * disk.SECTOR
    with open(image, "r+b") as f:
        f.write(sector)
        f.seek(FIRST * disk.SECTOR)
        f.write(rest)
    return image


def prompt(name, files):
    """Keyword arguments for Machine: a disk with GRUB, which waits at its
    prompt, and these files."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    image = disk.build(folder / "disk.img", {
        "boot/grub/grub.cfg": CONSOLE.encode(), **files})
    return {"disk": install(image, folder), "bios": True}


def prepare(name, initramfs, tandem, files=None):
    """Keyword arguments for Machine: a disk with GRUB, which starts Tandem by
    the commands tandem, is started again, and then starts Debian. files: more
    for the partition."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    menu = CONSOLE + MENU.format(
        tandem=tandem.replace("\n", "\n    "),
        cmdline=boot.CMDLINE)
    content = {
        "boot/grub/grub.cfg": menu.encode(),
        "tandem.elf": paths.need(paths.VMM, "run make"),
        "debian/vmlinuz": paths.need(initramfs.kernel / "vmlinuz",
                                     "run scripts/setup"),
        "debian/initrd.img": initramfs.write(folder / "initrd.img"),
        **(files or {}),
    }
    image = disk.build(folder / "disk.img", content)
    return {"disk": install(image, folder), "bios": True}


def probe(name, folder):
    """The boot sector of probe.S, without an MBR's partition table."""
    source = paths.TOP / "tests" / "system" / "lib" / "probe.S"
    out = folder / f"{name}.o"
    subprocess.run(["gcc", "-m32", "-c", f'-DNAME="{name}"', "-o", str(out),
                    str(source)], check=True, timeout=60)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext", "0x7c00", "--oformat",
                    "binary", "-o", str(out.with_suffix(".bin")), str(out)],
                   check=True, timeout=60)
    return out.with_suffix(".bin").read_bytes()


def probe_disk(path):
    """A disk, or floppy, with one boot sector for all, "disk", and one of its
    first partition, "partition"."""
    entry = struct.pack("<B3sB3sII", 0x80, b"", 0x0c, b"", 63, 100)
    sectors = bytearray(1440 << 10)
    for at, name in ((0, "disk"), (63 * disk.SECTOR, "partition")):
        code = probe(name, path.parent)
        sectors[at:at + len(code)] = code
        sectors[at + 510:at + 512] = b"\x55\xaa"
    sectors[446:446 + len(entry)] = entry
    path.write_bytes(sectors)
    return path
