# SPDX-License-Identifier: MIT
"""Makes disks that a BIOS starts: Debian's GRUB before the first partition.

What grub-install does as root on a real disk is done here to a file: GRUB's
boot sector goes into the protective MBR, the rest of GRUB between the partition
table and the first partition (GRUB manual, 3.4; its i386/pc/boot.h).
"""

import importlib.util
import struct
import subprocess
import uuid
import zlib

from . import boot, disk, paths, vmm_file

FOLDER = "/usr/lib/grub/i386-pc"
MODULES = ("biosdisk part_gpt part_msdos fat normal multiboot multiboot2 linux "
           "linux16 serial terminal memrw test echo lsmmap").split()

FIRST = 34              # sector of GRUB, behind the partition table
BIOS_BOOT = uuid.UUID("21686148-6449-6e6f-744e-656564454649")
BIOS_BOOT_ID = uuid.UUID("0d7cb2a5-61e4-4e0f-8c36-54616e64656d")
GPT_HEADER = "<8sIIIIQQQQ16sQIII"
EXTENDED, LOGICAL = 0x0f, 0x0c      # types of partitions
BOOT_CODE = 440         # bytes of a boot sector before the MBR's own
KERNEL_SECTOR = 0x5c    # in the boot sector: where GRUB goes on
BLOCK_LIST = 0x1f4      # in GRUB's first sector: where its second one is

# For what boots once: else Linux gives up where its timer comes late.
BUSY_HOST = "no_timer_check"

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
  set fallback=1
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


def add_bios_boot(f):
    """A BIOS boot partition, where GRUB will be, in both tables of a GPT (UEFI
    2.10, 5.3; GRUB manual, 3.4)."""
    entry = struct.pack("<16s16sQQQ72s", BIOS_BOOT.bytes_le,
                        BIOS_BOOT_ID.bytes_le, FIRST, disk.FIRST - 1, 0,
                        "BIOS".encode("utf-16-le"))
    last = f.seek(0, 2) // disk.SECTOR - 1
    for sector in (1, last):
        f.seek(sector * disk.SECTOR)
        fields = list(struct.unpack(GPT_HEADER, f.read(92)))
        table, n, size = fields[10:13]
        f.seek(table * disk.SECTOR + size)
        f.write(entry)
        f.seek(table * disk.SECTOR)
        fields[13] = zlib.crc32(f.read(n * size))
        fields[3] = 0
        fields[3] = zlib.crc32(struct.pack(GPT_HEADER, *fields))
        f.seek(sector * disk.SECTOR)
        f.write(struct.pack(GPT_HEADER, *fields))


def partition(kind, first, sectors, active=False):
    """An entry of an MBR's table, which nobody reads by cylinders."""
    return struct.pack("<B3sB3sII", 0x80 * active, b"\xfe" * 3, kind,
                       b"\xfe" * 3, first, sectors)


def make_logical(f):
    """In place of the GPT: an extended partition with one logical one."""
    sectors = f.seek(0, 2) // disk.SECTOR
    for at in (1, sectors - 33):
        f.seek(at * disk.SECTOR)
        f.write(bytes(33 * disk.SECTOR))
    size = sectors - disk.FIRST
    for sector, entry in (
            (0, partition(EXTENDED, disk.FIRST - 1, size + 1)),
            (disk.FIRST - 1, partition(LOGICAL, 1, size))):
        f.seek(sector * disk.SECTOR + 446)
        f.write(entry.ljust(64, b"\0") + b"\x55\xaa")


def install(image, folder, logical=False):
    """Put GRUB onto a disk that disk.build() made: into a BIOS boot partition,
    or before an extended one, in which GRUB's files are then."""
    paths.need(FOLDER, "run scripts/setup")
    core = folder / "core.img"
    root = "msdos5" if logical else "gpt1"
    subprocess.run(["grub-mkimage", "-O", "i386-pc", "-o", str(core),
                    "-p", f"(hd0,{root})/boot/grub", *MODULES],
                   check=True, timeout=60, capture_output=True)
    sector = bytearray(open(f"{FOLDER}/boot.img", "rb").read()[:BOOT_CODE])
    struct.pack_into("<Q", sector, KERNEL_SECTOR, FIRST)
    rest = bytearray(core.read_bytes())
    struct.pack_into("<Q", rest, BLOCK_LIST, FIRST + 1)
    # the last one before an extended partition is its table
    assert len(rest) <= (disk.FIRST - 1 - FIRST) * disk.SECTOR
    with open(image, "r+b") as f:
        if logical:
            make_logical(f)
        else:
            add_bios_boot(f)
        f.seek(0)
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


def prepare(name, initramfs, tandem, files=None, logical=False, cmdline=""):
    """Keyword arguments for Machine: a disk with GRUB, which starts Tandem by
    the commands tandem, is started again, and then starts Debian. files: more
    for the partition, which may be a logical one. cmdline: more for Debian."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    menu = CONSOLE + MENU.format(
        tandem=tandem.replace("\n", "\n    "),
        cmdline=f"{boot.CMDLINE} {cmdline}")
    content = {
        "boot/grub/grub.cfg": menu.encode(),
        "tandem.elf": paths.need(paths.VMM, "run make"),
        "debian/vmlinuz": paths.need(initramfs.kernel / "vmlinuz",
                                     "run scripts/setup"),
        "debian/initrd.img": initramfs.write(folder / "initrd.img"),
        **(files or {}),
    }
    image = disk.build(folder / "disk.img", content)
    return {"disk": install(image, folder, logical), "bios": True}


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
    """A disk, or floppy, with boot sectors that say who they are: the disk's,
    and those of a primary partition and of the second of two logical ones."""
    sectors = bytearray(1440 << 10)
    for at, name in ((0, "disk"), (63, "partition"), (421, "logical")):
        code = probe(name, path.parent)
        at *= disk.SECTOR
        sectors[at:at + len(code)] = code
        sectors[at + 510:at + 512] = b"\x55\xaa"
    for at, table in (
            (0, partition(LOGICAL, 63, 100, True) +
             partition(EXTENDED, 200, 400)),
            (200, partition(LOGICAL, 1, 100) + partition(0x05, 220, 180)),
            (420, partition(LOGICAL, 1, 100))):
        at = at * disk.SECTOR + 446
        sectors[at:at + 66] = table.ljust(64, b"\0") + b"\x55\xaa"
    path.write_bytes(sectors)
    return path
