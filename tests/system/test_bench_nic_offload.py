# SPDX-License-Identifier: MIT
"""The bench NIC by itself: checksums, segmentation and VLAN tags."""

import struct

import pytest
from bench_nic import driver
from bench_nic.driver import (
    END, GOT_IP_SUM, GOT_IPV6, GOT_L4_SUM, GOT_TCP, GOT_VLAN, IP_SUM, L4_SUM,
    LSO, VLAN)
from bench_nic.fixtures import (  # noqa: F401
    MAC, PEER, clean, machine, nic, to_peer)
from bench_nic.packets import L3, pseudo_sum
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw


@pytest.mark.parametrize("size", [0, 1, 2, 777, 1400])
@pytest.mark.parametrize("l4", [TCP(sport=1, dport=2, seq=5), UDP(dport=9)],
                         ids=["tcp", "udp"])
@pytest.mark.parametrize("version", [4, 6])
def test_checksums_are_inserted(machine, clean, version, l4, size):
    right = Ether(src=MAC, dst=PEER) / L3[version] / l4 / \
        Raw(bytes(i * 7 & 255 for i in range(size)))
    frame = bytearray(pseudo_sum(right))
    flags = END | L4_SUM
    if version == 4:
        frame[24:26] = b"\0\0"
        flags |= IP_SUM
    clean.send(bytes(frame), flags)
    assert machine.peer.receive()[:len(frame)] == bytes(right)
    assert machine.get("c-csum") == 1


@pytest.mark.parametrize("tag", [None, 0x6005], ids=["plain", "vlan"])
@pytest.mark.parametrize("version", [4, 6])
def test_tcp_is_segmented(machine, clean, version, tag):
    mss, payload = 1000, bytes(i % 251 for i in range(4321))
    flags = "PAFC"
    tcp = TCP(sport=1, dport=2, seq=0xfffffe00, ack=7, flags=flags,
              options=[("NOP", None), ("NOP", None), ("Timestamp", (1, 2))])
    whole = Ether(src=MAC, dst=PEER) / L3[version] / tcp / Raw(payload)
    raw = bytearray(bytes(whole))
    l4 = 14 + (20 if version == 4 else 40)
    headers = l4 - 14 + 32
    raw[l4 + 16:l4 + 18] = b"\0\0"
    if version == 4:
        raw[16:18] = struct.pack(">H", mss + headers)
        raw[18:20] = struct.pack(">H", 0xfffe)      # id wraps around
        raw[24:26] = b"\0\0"
    options = {"mss": mss | headers << 9}
    bits = LSO
    if tag:
        bits |= VLAN
        options["vlan"] = tag
    for at in range(0, len(raw), 1000):
        last = at + 1000 >= len(raw)
        clean.send_bd(bytes(raw[at:at + 1000]), bits | (END if last else 0),
                      **options)
    clean.post_send()
    for number, at in enumerate(range(0, len(payload), mss)):
        frame = machine.peer.receive()
        packet = Ether(frame)
        piece = payload[at:at + mss]
        last = at + mss >= len(payload)
        if tag:
            assert packet[Dot1Q].vlan == 5 and packet[Dot1Q].prio == 3
        expected = (L3[version] / TCP(
            sport=1, dport=2, seq=(0xfffffe00 + at) & 0xffffffff, ack=7,
            flags=("PAF" if last else "A") + ("" if number else "C"),
            options=tcp.options) / Raw(piece))
        if version == 4:
            expected[IP].id = (0xfffe + number) & 0xffff
        start = 18 if tag else 14
        assert frame[start:start + len(bytes(expected))] == bytes(expected)
    assert (machine.get("c-tso"), machine.get("c-tso-segments")) == (1, 5)


@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
@pytest.mark.parametrize("l4", [TCP(), UDP()], ids=["tcp", "udp"])
@pytest.mark.parametrize("version", [4, 6])
def test_received_checksums_are_verified(machine, clean, version, l4, good):
    clean.write(driver.RX_MODE, 0x1000102)          # with IPv6
    clean.post(8)
    frame = bytearray(bytes(Ether(src=PEER, dst=MAC) / L3[version] / l4 /
                            Raw(b"some data, odd.")))
    if not good:
        frame[-1] ^= 1
    machine.peer.send(frame)
    _, flags, _, sums, _ = clean.receive()
    assert flags & GOT_L4_SUM
    assert (sums & 0xffff == 0xffff) == good
    assert bool(flags & GOT_TCP) == (TCP in l4)
    assert bool(flags & GOT_IPV6) == (version == 6)
    if version == 4:
        assert flags & GOT_IP_SUM and sums >> 16 == 0xffff


def test_fragments_have_no_verdict(machine, clean):
    clean.post(8)
    machine.peer.send(Ether(src=PEER, dst=MAC) / IP(flags="MF") / UDP() /
                      Raw(b"f" * 40))
    _, flags, _, _, _ = clean.receive()
    assert not flags & GOT_L4_SUM and flags & GOT_IP_SUM


@pytest.mark.parametrize("keep", [False, True], ids=["stripped", "kept"])
def test_vlan_tags(machine, clean, keep):
    clean.write(driver.RX_MODE, 0x502 if keep else 0x102)
    clean.post(8)
    frame = bytes(Ether(src=PEER, dst=MAC) / Dot1Q(vlan=9, prio=1) /
                  IP() / UDP() / Raw(b"v" * 60))
    machine.peer.send(frame)
    data, flags, extra, _, _ = clean.receive()
    if keep:
        assert data == frame and not flags & GOT_VLAN
    else:
        assert data == frame[:12] + frame[16:]
        assert flags & GOT_VLAN and extra & 0xffff == 0x2009
    assert flags & GOT_L4_SUM
    clean.send(bytes(to_peer()), END | VLAN, vlan=0x2009)
    assert machine.peer.receive()[12:16] == b"\x81\x00\x20\x09"
