# SPDX-License-Identifier: MIT
"""A virtio-net card that the firmware boots from, beside the card that Tandem
takes, and the boot entries that name it (UEFI 2.10, 10.3)."""

import struct

from . import uefi_vars

MAC = "52:54:00:00:00:02"
SLOT = 5


def arguments(network):
    """QEMU's, for the card on a network, the name of a -netdev."""
    return ["-device", f"virtio-net-pci,netdev={network},mac={MAC},romfile=,"
            f"addr={SLOT:#x}"]


def _node(ip6):
    """PciRoot(0x0)/Pci(5,0)/MAC()/IPv4(), or IPv6() as edk2 has it."""
    if ip6:
        ip = struct.pack("<BBH16s16sHHHBB16s", 3, 13, 60, b"", b"", 0, 0, 0, 0,
                         64, b"")
    else:
        ip = struct.pack("<BBH4s4sHHHB4s4s", 3, 12, 27, b"", b"", 0, 0, 0, 0,
                         b"", b"")
    return (uefi_vars.pci_node(SLOT) +
            struct.pack("<BBH32sB", 3, 11, 37,
                        bytes.fromhex(MAC.replace(":", "")), 1) + ip)


def over_http(name, url, ip6=False):
    """A boot entry: a program at that URL, or what the DHCP server names."""
    uri = struct.pack("<BBH", 3, 24, 4 + len(url)) + url.encode()
    return uefi_vars.boot_entry(name, _node(ip6) + uri)


def over_pxe(name, ip6=False):
    return uefi_vars.boot_entry(name, _node(ip6))
