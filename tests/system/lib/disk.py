# SPDX-License-Identifier: MIT
"""Builds a disk with an EFI system partition, without root.

The partition table (UEFI 2.10, 5.3) is written here, the FAT file system and
its files by mtools. The partition's identity is fixed, so that boot entries
can name it before a firmware has seen it.
"""

import struct
import subprocess
import uuid
import zlib
from pathlib import Path

SECTOR = 512
FIRST = 2048
DISK_ID = uuid.UUID("a3c2ff4e-5f0a-4f36-8f3b-54616e64656d")
PARTITION_ID = uuid.UUID("6f2cb6a6-2f1a-4c25-9d2b-54616e64656d")
ESP_TYPE = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")


def _table(sectors):
    """Both copies of the partition table: head and tail of the disk."""
    last = sectors - 34
    entry = struct.pack("<16s16sQQQ72s", ESP_TYPE.bytes_le,
                        PARTITION_ID.bytes_le, FIRST, last, 0,
                        "ESP".encode("utf-16-le"))
    entries = entry.ljust(128 * 128, b"\0")

    def header(mine, other, table):
        fields = [b"EFI PART", 0x10000, 92, 0, 0, mine, other, 34, last,
                  DISK_ID.bytes_le, table, 128, 128, zlib.crc32(entries)]
        layout = "<8sIIIIQQQQ16sQIII"
        fields[3] = zlib.crc32(struct.pack(layout, *fields))
        return struct.pack(layout, *fields).ljust(SECTOR, b"\0")

    mbr = bytearray(SECTOR)
    struct.pack_into("<B3sB3sII", mbr, 446, 0, b"\0\2\0", 0xEE, b"\xff" * 3,
                     1, sectors - 1)
    mbr[510:] = b"\x55\xaa"
    head = bytes(mbr) + header(1, sectors - 1, 2) + entries
    tail = entries + header(sectors - 1, 1, sectors - 33)
    return head, tail


def build(path, files, mib=64):
    """Write a disk image to path. files: place in the partition, with
    slashes, to the path of a file or to its content as bytes."""
    path = Path(path)
    sectors = mib * 2048
    head, tail = _table(sectors)
    with open(path, "wb") as f:
        f.truncate(sectors * SECTOR)
        f.write(head)
        f.seek(-len(tail), 2)
        f.write(tail)
    drive = f"{path}@@{FIRST * SECTOR}"
    size = sectors - 33 - FIRST

    def mtools(*args):
        subprocess.run(args, check=True, timeout=60, input=b"",
                       env={"MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8",
                            "PATH": "/usr/bin:/bin"})

    mtools("mformat", "-i", drive, "-T", str(size), "-h", "64", "-s", "32",
           "-H", str(FIRST), "-v", "TANDEM")
    made = set()
    for place, source in files.items():
        parts = place.strip("/").split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in made:
                mtools("mmd", "-i", drive, f"::/{folder}")
                made.add(folder)
        if isinstance(source, bytes):
            temporary = path.with_suffix(".file")
            temporary.write_bytes(source)
            source = temporary
        mtools("mcopy", "-i", drive, str(source), "::/" + "/".join(parts))
    path.with_suffix(".file").unlink(missing_ok=True)
    return path


def partition_node(mib=64):
    """The UEFI device path node of the partition (UEFI 2.10, 10.3.5.1)."""
    size = mib * 2048 - 33 - FIRST
    return struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, FIRST, size,
                       PARTITION_ID.bytes_le, 2, 2)
