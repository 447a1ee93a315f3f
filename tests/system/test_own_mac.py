# SPDX-License-Identifier: MIT
"""The VMM with a MAC address of its own beside the guest's (ip.mac=own), and an
MTU that is not the wire's."""

import pytest
from lib import boot, dhcp, settings, wire
from lib.machine import GUEST_ADDRESS, NIC_MAC, VMM_ADDRESS, Machine
from lib.wire import STATION_ADDRESS, STATION_MAC
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

OWN_MAC = "d2:54:00:12:34:56"       # NIC_MAC is a local one already


@pytest.fixture(scope="module")
def apart():
    options = boot.prepare("own-mac", boot.guest(), files=settings.files(
        ip_address=VMM_ADDRESS, ip_mac="own", ip_mtu=1400))
    m, _ = boot.start(lambda: Machine("own-mac", peer="alone", **options))
    m.console.run(f"ip addr add {GUEST_ADDRESS}/24 dev eth0; "
                  "ip link set eth0 up")
    yield m
    m.stop()


def is_icmp(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 1


def test_the_wire_has_two_stations(apart):
    m = apart
    assert wire.arp(m.peer, VMM_ADDRESS) == OWN_MAC
    assert wire.arp(m.peer, GUEST_ADDRESS) == NIC_MAC
    assert None not in wire.ping(m.peer, VMM_ADDRESS, count=10, size=1200)
    assert None not in wire.ping(m.peer, GUEST_ADDRESS, count=10)


def test_guest_and_vmm_reach_each_other(apart):
    m = apart
    m.console.run(f"ping -c 3 -W 2 {VMM_ADDRESS}")
    assert OWN_MAC in m.console.run(f"arp -n {VMM_ADDRESS}")


def test_the_cards_filter_has_both_addresses_and_no_more(apart):
    """The card is not promiscuous for it. Frames keep their order: when the
    ping is answered, the others have been there."""
    m = apart
    before = m.nic_counter("c-rx")
    for _ in range(20):
        m.peer.send(Ether(src=STATION_MAC, dst="52:54:00:77:77:77") / IP(
            src=STATION_ADDRESS, dst=VMM_ADDRESS) / ICMP(type=8))
    assert None not in wire.ping(m.peer, VMM_ADDRESS, count=1)
    assert 1 <= m.nic_counter("c-rx") - before < 20


def test_packets_are_no_longer_than_the_mtu(apart):
    m = apart
    assert f"MAC {OWN_MAC} mtu 1400" in dhcp.status(m)
    assert wire.arp(m.peer, VMM_ADDRESS) == OWN_MAC
    m.peer.drain()
    m.peer.send(Ether(src=STATION_MAC, dst=OWN_MAC) / IP(
        src=STATION_ADDRESS, dst=VMM_ADDRESS) / ICMP(type=8) / (b"m" * 1450))
    frames = [m.peer.wait(is_icmp, 20), m.peer.wait(is_icmp, 20)]
    assert None not in frames
    assert max(len(f) - 14 for f in frames) <= 1400
    assert not list(filter(is_icmp, m.peer.collect(0.5)))


def test_nothing_is_a_conflict_and_no_rule_is_broken(apart):
    m = apart
    assert "address conflicts" not in dhcp.status(m)
    assert m.nic_counter("c-violations") == 0
