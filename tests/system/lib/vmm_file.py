# SPDX-License-Identifier: MIT
"""Files that the loader takes for tandem.elf: right ones, odd ones.

make() writes an ELF-64 file around a few bytes of code, with the section and
the seal that the loader asks for (tandem/boot.h, boot/uefi/elf.h), so that a
test can lead the loader to any place of its work without a VMM behind it.
"""

import importlib.util
import re
import struct
import subprocess

from . import paths

BASE = 0xffffffff80000000
INFO_MAGIC = 0x4f464e49444e4154
PAGE = 4096
ERROR = 96              # offset of error[] in struct boot_info

_spec = importlib.util.spec_from_file_location(
    "seal", paths.TOP / "boot" / "seal.py")
_seal = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_seal)
seal, unseal = _seal.seal, _seal.unseal


VERSION = int(re.search(
    r"TANDEM_BOOT_VERSION\s+(\d+)",
    (paths.TOP / "core/include/tandem/boot.h").read_text())[1])


def altered(image, address, data):
    """A sealed image with other bytes at an address of the VMM's."""
    image = bytearray(unseal(image))
    at, size, number = struct.unpack_from("<Q", image, 32)[0], \
        *struct.unpack_from("<HH", image, 54)
    for i in range(number):
        kind, _, offset, virtual, _, in_file = struct.unpack_from(
            "<IIQQQQ", image, at + i * size)
        if kind == 1 and virtual <= address <= virtual + in_file - len(data):
            place = offset + address - virtual
            image[place:place + len(data)] = data
            return seal(bytes(image))
    raise ValueError(f"{address:#x} is not in the file")


def refusing(why="", code=5):
    """Code of a VMM that writes its reason and returns a number."""
    text = why.encode() + b"\0"
    tail = b"\xb8" + struct.pack("<I", code) + b"\xc3"  # mov eax; ret
    if not why:
        return tail
    # lea rsi, text; add rdi, ERROR; mov ecx, length; rep movsb
    return (b"\x48\x8d\x35" + struct.pack("<i", 4 + 5 + 2 + len(tail)) +
            b"\x48\x83\xc7" + bytes([ERROR]) +
            b"\xb9" + struct.pack("<I", len(text)) + b"\xf3\xa4" +
            tail + text)


def make(code, block_mib=16, version=VERSION, release="test", ids=(),
         bindings="", sealed=True, others=None):
    """An image whose entry is code. others: what the other CPUs run, else the
    same. ids: (driver, vendor, device)."""
    others_at = len(code) if others else 0
    code += others or b""
    table = b"".join(struct.pack("<12sHH", driver.encode(), vendor, device)
                     for driver, vendor, device in ids)
    data = 2 * PAGE     # place of the constants, in the file as in memory
    info = struct.pack("<QII48sQQ256sQQ", INFO_MAGIC, version, block_mib,
                       release.encode(), BASE + data,
                       BASE + data + len(table), bindings.encode(), 0,
                       BASE + PAGE + others_at)
    constants = table + info
    names = b"\0.shstrtab\0.tandem_info\0"
    names_at = data + len(constants)
    sections_at = names_at + len(names)

    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, BASE + PAGE, 64,
        sections_at, 0, 64, 56, 2, 64, 3, 1)
    segments = b"".join(
        struct.pack("<IIQQQQQQ", 1, flags, at, BASE + at, 0, size, size, PAGE)
        for flags, at, size in ((5, PAGE, len(code)),
                                (4, data, len(constants))))
    sections = bytes(64) + struct.pack(
        "<IIQQQQIIQQ", 1, 3, 0, 0, names_at, len(names), 0, 0, 1, 0)
    sections += struct.pack(
        "<IIQQQQIIQQ", 11, 1, 2, BASE + data + len(table),
        data + len(table), len(info), 0, 0, 1, 0)
    image = (header + segments).ljust(PAGE, b"\0")
    image = (image + code).ljust(data, b"\0")
    image += constants + names + sections
    return seal(image) if sealed else image


def inside(program, image, folder):
    """tandem.efi with another image inside, of no more bytes than its own: its
    path. The seal stays at the end. image: None for zeros."""
    folder.mkdir(parents=True, exist_ok=True)
    part, made = folder / "vmm", folder / "tandem.efi"
    subprocess.run(["objcopy", "-O", "binary", "-j", ".tandem", program,
                    part], check=True, timeout=60)
    size = part.stat().st_size
    if image is None:
        image = bytes(size)
    elif len(image) < size:
        image = seal(unseal(image).ljust(size - len(seal(b"")), b"\0"))
    part.write_bytes(image)
    subprocess.run(["objcopy", "--update-section", f".tandem={part}", program,
                    made], check=True, timeout=60)
    return made
