#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Appends the seal to tandem.elf: struct tandem_seal of boot/uefi/elf.h, by
which the loader knows that the file is whole. Usage: seal.py FILE [OUTPUT].
A seal that is already there is replaced."""

import struct
import sys
import zlib

MAGIC = b"TANSEAL1"
SEAL = struct.Struct("<8sII")


def unseal(data):
    """The file without its seal, if it has one."""
    if len(data) >= SEAL.size:
        magic, size, _ = SEAL.unpack(data[-SEAL.size:])
        if magic == MAGIC and size == len(data) - SEAL.size:
            return data[:-SEAL.size]
    return data


def seal(data):
    """The file with a right seal at its end."""
    data = unseal(data)
    return data + SEAL.pack(MAGIC, len(data), zlib.crc32(data))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as f:
        sealed = seal(f.read())
    with open(sys.argv[-1], "wb") as f:
        f.write(sealed)
