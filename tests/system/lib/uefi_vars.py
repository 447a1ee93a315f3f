# SPDX-License-Identifier: MIT
"""Writes boot entries into OVMF's variable store.

The store of OVMF_VARS*.fd is a firmware volume (PI 1.7, vol. 3, 2.5.1.1) that
holds EDK2's authenticated variable format: a header, then variables one after
the other, each four-byte aligned. Appending Boot#### and BootOrder to an empty
store is what an OS installer has the firmware do.
"""

import re
import struct
import uuid
from pathlib import Path

from . import paths

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
START, ADDED, DELETED = 0x55AA, 0x3F, 0x3D
# What a store that was in use says of another machine's devices.
OF_A_MACHINE = re.compile(r"(Boot|Key)[0-9A-F]{4}|BootOrder|Timeout|ConIn|"
                          "ConOut|ErrOut")
ATTRIBUTES = 7      # non-volatile, boot services, runtime
HEADER = "<HBBIQ16sIII16s"


def file_node(name):
    data = name.replace("/", "\\").encode("utf-16-le") + b"\0\0"
    return struct.pack("<BBH", 4, 4, 4 + len(data)) + data


def pci_node(slot):
    """PciRoot(0x0)/Pci(slot,0) (UEFI 2.10, 10.3.2, 10.3.3)."""
    return (struct.pack("<BBHII", 2, 1, 12, 0x0a0341d0, 0) +
            struct.pack("<BBHBB", 1, 1, 6, 0, slot))


def usb_node(port):
    return struct.pack("<BBHBB", 3, 5, 6, port, 0)


END = b"\x7f\xff\x04\x00"


def boot_entry(description, device_path, options=""):
    """An EFI_LOAD_OPTION (UEFI 2.10, 3.1.3)."""
    path = device_path + END
    optional = options.encode("utf-16-le") + b"\0\0" if options else b""
    return (struct.pack("<IH", 1, len(path)) +
            description.encode("utf-16-le") + b"\0\0" + path + optional)


def _layout(image):
    """Where the variables of a store are: first byte, one past the last."""
    volume_header = struct.unpack_from("<H", image, 48)[0]
    guid, size = struct.unpack_from("<16sI", image, volume_header)
    if guid != STORE.bytes_le:
        raise ValueError("not a store of authenticated variables")
    return volume_header + 28, volume_header + size


def _each(image):
    """(place, name, state) of each variable; at last that of the free space,
    with None."""
    at, _ = _layout(image)
    while struct.unpack_from("<H", image, at)[0] == START:
        fields = struct.unpack_from(HEADER, image, at)
        name = image[at + struct.calcsize(HEADER):][:fields[7] - 2]
        yield at, name.decode("utf-16-le"), fields[1]
        at += struct.calcsize(HEADER) + fields[7] + fields[8]
        at += -at % 4
    yield at, None, None


def variables(store):
    """(name, attributes, value) of each variable of the image store."""
    found = []
    for at, name, state in _each(store):
        if state != ADDED:
            continue
        fields = struct.unpack_from(HEADER, store, at)
        start = at + struct.calcsize(HEADER) + fields[7]
        found.append((name, fields[3], bytes(store[start:][:fields[8]])))
    return found


def clean(store):
    """A copy of the image store without its boot order and consoles."""
    image = bytearray(store)
    for at, name, state in _each(image):
        if state == ADDED and OF_A_MACHINE.fullmatch(name):
            image[at + 2] = DELETED
    return bytes(image)


def append(store, variables, vendor=GLOBAL, attributes=ATTRIBUTES):
    """A copy of the image store with variables (name to value) appended."""
    image = bytearray(store)
    *_, (at, _, _) = _each(image)
    _, end = _layout(image)
    for name, value in variables.items():
        name = name.encode("utf-16-le") + b"\0\0"
        block = struct.pack(HEADER, START, ADDED, 0, attributes, 0, b"", 0,
                            len(name), len(value), vendor.bytes_le)
        block += name + value
        block += b"\xff" * (-len(block) % 4)
        if at + len(block) > end:
            raise ValueError("the variable store is full")
        image[at:at + len(block)] = block
        at += len(block)
    return bytes(image)


def write(path, entries, source=None):
    """An OVMF_VARS.fd at path whose boot order is the given entries. source:
    the store to start from."""
    source = paths.need(source or paths.OVMF_VARS, "run scripts/setup")
    variables = {f"Boot{number:04X}": entry
                 for number, entry in enumerate(entries)}
    if entries:
        variables["BootOrder"] = struct.pack(f"<{len(entries)}H",
                                             *range(len(entries)))
        variables["Timeout"] = struct.pack("<H", 0)
    Path(path).write_bytes(append(clean(source.read_bytes()),
                                  variables))
    return Path(path)
