# SPDX-License-Identifier: MIT
"""What a hostile or odd station on the wire can send: ARP and frames that
nobody should send. Tandem's stack answers what it must, and only that, and
goes on; the guest's network does, too.

Frames are built with scapy; the peer sees the wire as a station does.
"""

import random
import time

import pytest
from lib import boot, paths, wire
from lib.dbgsh import DebugShell
from lib.machine import GUEST_ADDRESS, NIC_MAC, Machine
from lib.wire import STATION_ADDRESS, STATION_MAC
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
EVERYBODY = "ff:ff:ff:ff:ff:ff"


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("wire", boot.guest())
    m, _ = boot.start(lambda: Machine("wire", peer="alone", **options))
    m.console.run(f"ip addr add {GUEST_ADDRESS}/24 dev eth0; "
                  "ip link set eth0 up")
    with DebugShell(m.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {PORT}")
    yield m
    m.stop()


@pytest.fixture
def peer(machine):
    """A peer that has asked for the VMM's address, as a station does."""
    assert wire.arp(machine.peer, ADDRESS) == NIC_MAC
    machine.peer.drain()
    return machine.peer


def to_vmm(packet):
    return Ether(src=STATION_MAC, dst=NIC_MAC) / IP(
        src=STATION_ADDRESS, dst=ADDRESS) / packet


def answers(peer, frame, seconds=0.5):
    """What comes back, other than the stack's own ARP requests, which are
    answered."""
    peer.drain()
    peer.send(frame)
    found = []
    for answer in peer.collect(seconds):
        packet = Ether(answer)
        if ARP in packet and packet[ARP].op == 1:
            wire.answer_arp(peer, answer)
        else:
            found.append(packet)
    return found


def settle(machine):
    """Waits until the NIC has taken what was sent. Of a flood some frames are
    lost, as they may be, and an answer to one of it is none to a ping."""
    before = -1
    while before != (before := machine.nic_counter("c-rx")):
        time.sleep(0.3)
    machine.peer.drain()


def lives(machine):
    """VMM and guest talk to the wire as before; netd never ended."""
    settle(machine)
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)
    assert None not in wire.ping(machine.peer, GUEST_ADDRESS, count=3)
    assert "netd ended" not in machine.vmm_log()


# ---- ARP ----

def arp_request(**fields):
    values = {"op": 1, "hwsrc": STATION_MAC, "psrc": STATION_ADDRESS,
              "pdst": ADDRESS, **fields}
    return Ether(src=STATION_MAC, dst=EVERYBODY) / ARP(**values)


def test_arp_request_to_all_and_to_one_is_answered_once(peer):
    for target in (EVERYBODY, NIC_MAC):
        request = arp_request()
        request.dst = target
        found = [p[ARP] for p in answers(peer, request) if ARP in p]
        assert len(found) == 1
        assert (found[0].op, found[0].hwsrc, found[0].psrc, found[0].hwdst,
                found[0].pdst) == (2, NIC_MAC, ADDRESS, STATION_MAC,
                                   STATION_ADDRESS)


def test_arp_probe_is_answered(peer):
    """RFC 5227: the sender has no address yet."""
    found = answers(peer, arp_request(psrc="0.0.0.0"))
    assert [p[ARP].psrc for p in found if ARP in p] == [ADDRESS]


def test_arp_for_others_is_not_answered_by_the_vmm(peer):
    for address in ("10.0.2.51", "0.0.0.0", "255.255.255.255"):
        assert not [p for p in answers(peer, arp_request(pdst=address), 0.3)
                    if ARP in p and p[ARP].op == 2]


@pytest.mark.parametrize("fields", [
    {"hwtype": 6}, {"ptype": 0x86DD}, {"hwlen": 0}, {"plen": 0},
    {"hwlen": 255}, {"plen": 255}, {"op": 0}, {"op": 0xFFFF}])
def test_malformed_arp_is_not_answered(machine, peer, fields):
    frame = bytes(arp_request(**fields)).ljust(60, b"\0")
    assert not [p for p in answers(peer, frame, 0.3) if ARP in p]
    lives(machine)


def test_unasked_arp_answers_do_not_redirect_the_stack(machine, peer):
    """A thousand stations claim the gateway's address."""
    for n in range(1000):
        mac = f"52:54:00:00:{n >> 8:02x}:{n & 255:02x}"
        peer.send(Ether(src=mac, dst=NIC_MAC) / ARP(
            op=2, hwsrc=mac, psrc=f"10.0.2.{n % 200 + 52}", hwdst=NIC_MAC,
            pdst=ADDRESS))
    lives(machine)


# ---- cut and padded ----

def test_every_length_of_a_cut_frame_is_survived(machine, peer):
    whole = bytes(to_vmm(ICMP(type=8) / Raw(b"cut" * 20)))
    tcp = bytes(to_vmm(TCP(dport=PORT, flags="S",
                           options=[("MSS", 1460), ("WScale", 7)])))
    for frame in (whole, tcp, bytes(arp_request())):
        for length in range(14, len(frame)):
            peer.send(frame[:length])
    lives(machine)


def test_padding_behind_the_packet_is_not_data(peer):
    frame = bytes(to_vmm(ICMP(type=8, id=1, seq=1) / Raw(b"abc")))
    # what an earlier frame brought about may come in between
    found = [p for p in answers(peer, frame.ljust(100, b"\xee")) if ICMP in p]
    assert [bytes(p[ICMP].payload)[:3] for p in found] == [b"abc"]
    assert found[0][IP].len == 20 + 8 + 3


@pytest.mark.parametrize("size", [1514, 1515, 1518, 1519, 2000, 9000])
def test_frames_at_and_over_the_limit_are_survived(machine, peer, size):
    peer.send(bytes(to_vmm(UDP(sport=1, dport=9) / Raw(b"x"))).ljust(size))
    lives(machine)


# ---- IP ----

BAD_IP = {
    "version": {"version": 5},
    "header-short": {"ihl": 4},
    "header-long": {"ihl": 15},
    "length-short": {"len": 19},
    "length-long": {"len": 2000},
    "checksum": {"chksum": 0x1234},
    "from-broadcast": {"src": "255.255.255.255"},
    "from-multicast": {"src": "224.0.0.1"},
    "from-loopback": {"src": "127.0.0.1"},
    "from-itself": {"src": ADDRESS},
}


@pytest.mark.parametrize("name", BAD_IP)
def test_malformed_ip_gets_no_answer(machine, peer, name):
    packet = to_vmm(ICMP(type=8, id=5) / Raw(b"hello"))
    for field, value in BAD_IP[name].items():
        setattr(packet[IP], field, value)
    assert not [p for p in answers(peer, bytes(packet), 0.3) if ICMP in p]
    lives(machine)


def test_fragments_in_order_and_not_come_together(peer):
    packet = IP(src=STATION_ADDRESS, dst=ADDRESS, id=77) / ICMP(
        type=8, id=9, seq=1) / Raw(bytes(range(256)) * 8)
    pieces = fragment(packet, 1000)
    assert len(pieces) == 3
    for order in (pieces, list(reversed(pieces))):
        peer.drain()
        for piece in order:
            peer.send(Ether(src=STATION_MAC, dst=NIC_MAC) / piece)
        assert peer.wait(
            lambda f: ICMP in Ether(f) and Ether(f)[ICMP].type == 0, 2)


def test_fragments_that_never_come_together_are_survived(machine, peer):
    for n in range(2000):
        peer.send(Ether(src=STATION_MAC, dst=NIC_MAC) / IP(
            src=STATION_ADDRESS, dst=ADDRESS, id=n, flags="MF",
            frag=n % 1000, proto=17) / Raw(b"f" * 64))
    lives(machine)


def test_overlapping_fragments_are_survived(machine, peer):
    for n in range(200):
        for at, size in ((0, 64), (2, 256), (1, 8), (0, 1400), (8191, 64)):
            peer.send(Ether(src=STATION_MAC, dst=NIC_MAC) / IP(
                src=STATION_ADDRESS, dst=ADDRESS, id=n, flags="MF", frag=at,
                proto=1) / Raw(b"o" * size))
    lives(machine)


# ---- TCP, UDP, ICMP ----

def echo_by_hand(peer, port):
    """A connection to the echo server, segment by segment."""
    def segment(flags, seq, ack=0, data=b""):
        return to_vmm(TCP(sport=port, dport=PORT, flags=flags, seq=seq,
                          ack=ack) / Raw(data))

    def mine(packet):
        return TCP in packet and packet[TCP].dport == port

    opened = [p for p in answers(peer, segment("S", 1000), 0.3) if mine(p)]
    assert [p[TCP].flags for p in opened][:1] == ["SA"]
    assert opened[0][TCP].ack == 1001
    theirs = opened[0][TCP].seq + 1
    peer.send(segment("A", 1001, theirs))
    said = [p for p in answers(peer, segment("PA", 1001, theirs, b"by hand"),
                               0.5) if mine(p) and p[TCP].payload]
    assert bytes(said[0][TCP].payload)[:7] == b"by hand"
    peer.send(segment("R", 1008, theirs))


def test_echo_to_a_client_made_by_hand(peer):
    echo_by_hand(peer, 5000)

def test_closed_ports_are_refused(peer):
    reset = answers(peer, to_vmm(TCP(sport=999, dport=81, flags="S")))
    assert [p[TCP].flags for p in reset if TCP in p] == ["RA"]
    port = answers(peer, to_vmm(UDP(sport=999, dport=81) / Raw(b"x")))
    assert [(p[ICMP].type, p[ICMP].code) for p in port
            if ICMP in p] == [(3, 3)]


@pytest.mark.parametrize("fields", [
    {"dataofs": 0}, {"dataofs": 4}, {"dataofs": 15}, {"chksum": 1},
    {"flags": 0}, {"flags": 0xFF}, {"flags": "SF"}, {"flags": "SR"},
    {"dport": 0}, {"sport": 0}])
def test_malformed_tcp_is_survived(machine, peer, fields):
    packet = to_vmm(TCP(sport=1000, dport=PORT, flags="S"))
    for field, value in fields.items():
        setattr(packet[TCP], field, value)
    peer.send(bytes(packet))
    lives(machine)


def test_tcp_options_of_every_kind_and_length_are_survived(machine, peer):
    for kind in (0, 1, 2, 3, 4, 5, 8, 19, 28, 30, 34, 253, 255):
        for length in (0, 1, 2, 3, 10, 40, 255):
            options = bytes([kind, length]) + b"\x5a" * 38
            frame = to_vmm(TCP(sport=1001, dport=PORT, flags="S",
                               dataofs=15) / Raw(options))
            peer.send(bytes(frame))
    lives(machine)


def test_a_flood_of_connection_requests_is_survived(machine, peer):
    for n in range(3000):
        peer.send(Ether(src=STATION_MAC, dst=NIC_MAC) / IP(
            src=f"10.0.2.{n % 100 + 100}", dst=ADDRESS) / TCP(
            sport=1024 + n, dport=PORT, flags="S", seq=n))
    lives(machine)


def test_after_the_flood_a_client_is_served(machine, peer):
    """As soon as half-open connections have been given up."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return echo_by_hand(peer, random.randrange(6000, 9000))
        except (AssertionError, IndexError):
            assert time.monotonic() < deadline
            time.sleep(1)


@pytest.mark.parametrize("kind, code", [
    (3, 4), (5, 0), (5, 1), (9, 0), (13, 0), (15, 0), (17, 0), (255, 255)])
def test_other_icmp_is_not_obeyed(machine, peer, kind, code):
    peer.send(to_vmm(ICMP(type=kind, code=code) / Raw(b"\0" * 64)))
    lives(machine)


def test_ping_to_broadcast_is_not_amplified(peer):
    for address in ("255.255.255.255", "10.0.2.255"):
        request = Ether(src=STATION_MAC, dst=EVERYBODY) / IP(
            src=STATION_ADDRESS, dst=address) / ICMP(type=8)
        assert not [p for p in answers(peer, request, 0.3)
                    if ICMP in p and p[IP].src == ADDRESS]


# ---- anything ----

def test_vlan_tags_and_unknown_types_are_survived(machine, peer):
    inner = IP(src=STATION_ADDRESS, dst=ADDRESS) / ICMP(type=8)
    for tags in (1, 2, 8):
        packet = Ether(src=STATION_MAC, dst=NIC_MAC)
        for n in range(tags):
            packet = packet / Dot1Q(vlan=n)
        peer.send(packet / inner)
    for kind in (0, 5, 0x5DC, 0x600, 0x8847, 0x88CC, 0xFFFF):
        peer.send(Ether(src=STATION_MAC, dst=EVERYBODY, type=kind) /
                  Raw(b"\xff" * 46))
    lives(machine)


def test_random_frames_are_survived(machine, peer):
    """A fixed seed: what fails once fails again."""
    rng = random.Random(722)
    good = [bytes(arp_request()), bytes(to_vmm(ICMP(type=8) / Raw(b"x" * 99))),
            bytes(to_vmm(TCP(sport=1002, dport=PORT, flags="S"))),
            bytes(to_vmm(UDP(sport=1003, dport=7) / Raw(b"y" * 400)))]
    for _ in range(3000):
        frame = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 6)):
            frame[rng.randrange(12, len(frame))] = rng.randrange(256)
        peer.send(frame)
    lives(machine)


def test_after_all_of_it_guest_and_vmm_have_their_share(machine):
    for address in (ADDRESS, GUEST_ADDRESS):
        assert None not in wire.ping(machine.peer, address, count=100,
                                     size=1400)
    assert boot.complaints(machine) == ""
    assert machine.nic_counter("c-violations") == 0
