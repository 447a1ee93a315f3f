#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Puts the loader for BIOS machines into tandem.elf, before its first segment,
where boot loaders look for Multiboot headers. To the UEFI loader it is a gap in
the file. Usage: attach.py VMM LOADER OUTPUT. The loader gets its size and its
own checksum, which early.S looks at."""

import struct
import sys
import zlib

PAGE = 4096             # where the loader was linked to be: loader.lds
HEADER_END = 8192       # Multiboot 0.6.96, 3.1.1
EARLY = struct.Struct("<II")        # early_size, early_crc: early.S
MULTIBOOT = struct.pack("<I", 0x1badb002)

PHOFF, SHOFF = 32, 40   # in an ELF-64 header: places of both tables
PHENT, SHENT = 54, 58   # ... size of an entry and how many
OFFSET = {PHOFF: 8, SHOFF: 24}      # in an entry: place in the file


def attach(vmm, loader):
    """The file vmm with the bytes of loader at PAGE."""
    loader = loader.ljust(-(-len(loader) // PAGE) * PAGE, b"\0")
    rest = loader[EARLY.size:]
    loader = EARLY.pack(len(rest), zlib.crc32(rest)) + rest
    image = bytearray(vmm)
    for table, sizes in ((PHOFF, PHENT), (SHOFF, SHENT)):
        at, = struct.unpack_from("<Q", vmm, table)
        size, number = struct.unpack_from("<HH", vmm, sizes)
        for i in range(number):
            place = at + i * size + OFFSET[table]
            offset, = struct.unpack_from("<Q", vmm, place)
            if offset >= PAGE:
                struct.pack_into("<Q", image, place, offset + len(loader))
        if at >= PAGE:
            struct.pack_into("<Q", image, table, at + len(loader))
    image[PAGE:PAGE] = loader
    if image.find(MULTIBOOT) not in range(0, HEADER_END, 4):
        sys.exit("attach.py: the Multiboot header is not where it must be")
    return bytes(image)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as f, open(sys.argv[2], "rb") as g:
        attached = attach(f.read(), g.read())
    with open(sys.argv[3], "wb") as f:
        f.write(attached)
