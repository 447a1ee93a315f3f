# SPDX-License-Identifier: MIT
"""The VMM with a MAC address of its own beside the guest's (ip.mac=own), and an
MTU that is not the wire's."""

import time

import pytest
from lib import boot, dhcp, settings, wire
from lib.dbgsh import DebugShell
from lib.machine import GUEST_ADDRESS, NIC_MAC, VMM_ADDRESS, Machine
from lib.wire import STATION_ADDRESS, STATION_MAC
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether

OWN_MAC = "d2:54:00:12:34:56"       # NIC_MAC is a local one already


@pytest.fixture(scope="module")
def apart():
    options = boot.prepare("own-mac", boot.guest(), files=settings.files(
        ip_address=VMM_ADDRESS, ip_mac="own", ip_mtu=1400,
        ip_dns=STATION_ADDRESS))
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
    m.console.run(f"ping -c 3 -W 10 {VMM_ADDRESS}")
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


# ---- this station as its DNS server, a bad one ----

def query(peer, name):
    """The VMM's question for a name to this station, as a scapy packet."""
    deadline = time.monotonic() + 10
    while (left := deadline - time.monotonic()) > 0:
        frame = peer.receive(left)
        if frame and frame[12:14] == b"\x08\x06":
            wire.answer_arp(peer, frame)
        elif frame and DNS in (packet := Ether(frame)) and \
                packet[DNS].qd.qname == f"{name}.".encode():
            return packet
    raise AssertionError("nobody asks")


def answer(asked, payload, src=STATION_ADDRESS, dport=None):
    return Ether(src=STATION_MAC, dst=OWN_MAC) / IP(
        src=src, dst=VMM_ADDRESS) / UDP(
            sport=53, dport=dport or asked[UDP].sport) / payload


def address_of(asked, address="10.0.2.66", **fields):
    fields = {"id": asked[DNS].id, "qr": 1, "qd": asked[DNS].qd, "an": DNSRR(
        rrname=asked[DNS].qd.qname, ttl=60, rdata=address), **fields}
    return DNS(**fields)


def resolve(m, name, answers):
    """What echoctl says of a name when answers(question) are sent."""
    m.peer.listen_as(STATION_MAC)
    with DebugShell(m.console) as shell:
        shell.console.send(f"echoctl client connect --udp {name} 7\r")
        asked = query(m.peer, name)
        for frame in answers(asked):
            m.peer.send(frame)
        shell.console.expect("(datagrams go to [^\n]*|client connect: [^\n]*)"
                             "\n> ", 30)
        said = shell.console.match.group(1)
        shell.command("echoctl client close")
    return said


def forged(asked):
    """What does not fit the question, and then what does."""
    other = DNSQR(qname="other.test")
    for wrong in range(1, 17):
        yield answer(asked, address_of(asked, id=asked[DNS].id ^ 1 << wrong % 16))
        yield answer(asked, address_of(asked), dport=asked[UDP].sport ^ wrong)
    yield answer(asked, address_of(asked), src="10.0.2.78")
    yield answer(asked, address_of(asked, qd=other))
    yield answer(asked, address_of(asked, qr=0))
    yield answer(asked, address_of(asked, "10.0.2.99"))


def test_a_forged_dns_answer_is_not_believed(apart):
    assert "datagrams go to 10.0.2.99 port 7" in resolve(
        apart, "forged.test", forged)


def odd(asked):
    """Cut short, with names that go round, and counts and lengths that lie."""
    good = bytes(address_of(asked))
    question = 12 + len(bytes(asked[DNS].qd))
    for length in range(question):
        yield answer(asked, good[:length])
    for pointer in (0xc0, 0xff, 0x3f, 0x80):
        yield answer(asked, good[:question] + bytes([pointer]) * 3)
        yield answer(asked, good[:12] + bytes([pointer]) * 400)
    for length in (0, 3, 5, 16, 0xffff):
        yield answer(asked, good[:-6] + length.to_bytes(2, "big") + good[-4:])
    for count in (0, 2, 0xffff):
        yield answer(asked, good[:6] + count.to_bytes(2, "big") + good[8:-4])
    yield answer(asked, good[:12] + b"\1a" * 700)


def test_odd_dns_answers_are_survived(apart):
    for n in range(3):
        resolve(apart, f"odd{n}.test", odd)
    assert "netd ended" not in apart.vmm_log()
    assert "datagrams go to 10.0.2.99 port 7" in resolve(
        apart, "after.test", forged)


def test_nothing_is_a_conflict_and_no_rule_is_broken(apart):
    m = apart
    assert "address conflicts" not in dhcp.status(m)
    assert m.nic_counter("c-violations") == 0
