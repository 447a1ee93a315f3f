# SPDX-License-Identifier: MIT
"""Packets as a driver hands them to a NIC that completes their checksums."""

import struct

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6

L3 = {4: IP(src="10.0.2.15", dst="10.0.2.2"),
      6: IPv6(src="fec0::15", dst="fec0::2")}


def pseudo_sum(packet):
    """The packet with the pseudo-header's sum in its checksum field."""
    raw = bytearray(bytes(packet))
    l4 = packet[TCP] if TCP in packet else packet[UDP]
    start = len(raw) - len(bytes(l4))
    protocol = 6 if TCP in packet else 17
    if IP in packet:
        head = raw[start - 8:start]
    else:
        head = raw[start - 32:start]
    head += struct.pack(">HH", len(raw) - start, protocol)
    total = sum(struct.unpack(f">{len(head) // 2}H", head))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    field = start + (16 if TCP in packet else 6)
    raw[field:field + 2] = struct.pack(">H", total)
    return bytes(raw)
