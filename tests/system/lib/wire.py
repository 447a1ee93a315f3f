# SPDX-License-Identifier: MIT
"""What hosts on the wire do with the VMM: ARP, ping, TCP echo."""

import os
import threading
import time

from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

STATION_MAC = "52:54:00:aa:bb:cc"
STATION_ADDRESS = "10.0.2.77"


def arp(peer, address, tries=5):
    """The MAC address that answers for address, None if nobody does. From
    now on the peer sees only what comes to this station."""
    peer.listen_as(STATION_MAC)
    ask = Ether(src=STATION_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=STATION_MAC, psrc=STATION_ADDRESS, pdst=address)

    def answers(frame):
        packet = Ether(frame)
        return (ARP in packet and packet[ARP].op == 2 and
                packet[ARP].psrc == address)

    found = peer.ask(ask, answers, timeout=1.0, tries=tries)
    return Ether(found[0])[ARP].hwsrc if found else None


def ping(peer, address, count=10, size=56, timeout=5.0, interval=0.0):
    """Pings from the wire. List of round trip times in seconds, None for a
    ping without an answer; an answer with other data counts as none. Answers
    the stack's ARP requests for this station."""
    mac = arp(peer, address)
    if mac is None:
        return [None] * count
    times = []
    for number in range(count):
        data = os.urandom(size)
        frame = bytes(Ether(src=STATION_MAC, dst=mac) /
                      IP(src=STATION_ADDRESS, dst=address) /
                      ICMP(type=8, id=0x7464, seq=number) / data)
        peer.drain()
        start = time.monotonic()
        peer.send(frame)
        times.append(_ping_answer(peer, address, number, data, start,
                                  timeout))
        if interval:
            time.sleep(interval)
    return times


def _ping_answer(peer, address, number, data, start, timeout):
    while (left := start + timeout - time.monotonic()) > 0:
        frame = peer.receive(left)
        now = time.monotonic()
        if frame is None:
            return None
        if frame[12:14] == b"\x08\x06":
            answer_arp(peer, frame)
            continue
        packet = Ether(frame)
        if (ICMP in packet and packet[ICMP].type == 0 and
                packet[IP].src == address and packet[ICMP].seq == number and
                bytes(packet[ICMP].payload)[:len(data)] == data):
            return now - start
    return None


def answer_arp(peer, frame):
    """Answers frame if it is an ARP request for this station."""
    packet = Ether(frame)
    if packet[ARP].op == 1 and packet[ARP].pdst == STATION_ADDRESS:
        peer.send(Ether(src=STATION_MAC, dst=packet[ARP].hwsrc) / ARP(
            op=2, hwsrc=STATION_MAC, psrc=STATION_ADDRESS,
            hwdst=packet[ARP].hwsrc, pdst=packet[ARP].psrc))


def echo(connect, total, chunk=65536, timeout=120):
    """Sends total random bytes through the connection that connect() makes
    while reading them back; seconds that took. Raises AssertionError at the
    first byte that differs, or if the stream ends early."""
    block = os.urandom(min(total, 1 << 20))
    deadline = time.monotonic() + timeout

    def expected(at, size):
        at %= len(block)
        piece = block[at:at + size]
        while len(piece) < size:
            piece += block[:size - len(piece)]
        return piece

    with connect() as tcp:
        tcp.settimeout(timeout)
        start = time.monotonic()

        def send():
            sent = 0
            try:
                while sent < total:
                    piece = expected(sent, min(chunk, total - sent))
                    tcp.sendall(piece)
                    sent += len(piece)
            except OSError:
                pass        # the reader reports it

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = 0
        while got < total:
            assert time.monotonic() < deadline, \
                f"echo: {got} of {total} bytes came back in {timeout} s"
            try:
                piece = tcp.recv(chunk)
            except OSError as error:
                raise AssertionError(
                    f"echo: {error} after {got} of {total} bytes") from None
            assert piece, f"echo: closed after {got} of {total} bytes"
            assert len(piece) <= total - got, "echo: more than was sent"
            assert piece == expected(got, len(piece)), \
                f"echo: wrong bytes after {got}"
            got += len(piece)
        sender.join(5)
        return time.monotonic() - start
