# SPDX-License-Identifier: MIT
"""The VMM as make built it, with other settings of its own address.

They are text in one object of the image, struct net_settings_text
(net/include/net/settings.h): it is overwritten in a copy of the file, which is
sealed anew. So one build serves machines with all of them.
"""

import struct
import subprocess

from . import paths
from .vmm_file import seal, unseal

SYMBOL = "net_settings_text"
FIELDS = {"mode": (0, 8), "address": (8, 16), "netmask": (24, 16),
          "gateway": (40, 16), "mac": (56, 18)}
MTU, IPV6, SIZE = 76, 80, 84


def address_of(symbol):
    """Address and size of an object of the VMM."""
    done = subprocess.run(["nm", "-S", str(paths.BUILD / "tandem.debug")],
                          capture_output=True, text=True, check=True,
                          timeout=30)
    for line in done.stdout.splitlines():
        fields = line.split()
        if fields[-1] == symbol:
            return int(fields[0], 16), int(fields[1], 16)
    raise KeyError(f"tandem.debug has no {symbol}")


def file_offset(image, address):
    """Where the byte at that address is in the ELF file."""
    table, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for n in range(count):
        kind, _, offset, start, _, length = struct.unpack_from(
            "<IIQQQQ", image, table + n * size)
        if kind == 1 and start <= address < start + length:
            return offset + address - start
    raise KeyError(f"nothing in the file is at {address:#x}")


def vmm(mtu=None, ipv6=None, **values):
    """tandem.elf, as bytes, with these settings instead of the build's."""
    image = bytearray(unseal(paths.need(paths.VMM, "run make").read_bytes()))
    address, size = address_of(SYMBOL)
    assert size == SIZE, "settings.py does not fit net/settings.h"
    base = file_offset(image, address)
    for name, value in values.items():
        offset, room = FIELDS[name]
        text = value.encode()
        assert len(text) < room
        image[base + offset:base + offset + room] = text.ljust(room, b"\0")
    if mtu:
        struct.pack_into("<I", image, base + MTU, mtu)
    if ipv6 is not None:
        struct.pack_into("<I", image, base + IPV6, ipv6)
    return seal(bytes(image))


def files(**values):
    """For boot.prepare(files=...)."""
    return {"EFI/BOOT/tandem.elf": vmm(**values)}
