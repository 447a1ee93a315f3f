# SPDX-License-Identifier: MIT
"""A storm of frames on the wire: a program that tests start in a network
namespace (lib/namespace.py, OnWire), where eth0 is the wire.

    storm.py KIND COUNT RATE MAC ADDRESS PORT

Sends COUNT frames, RATE a second, to the station with that MAC address and IPv4
address. KIND: syn, TCP connections that nobody will go on with, to PORT, from
anywhere; arp, requests for ADDRESS by stations that there are not. They are made
before the first is sent. All have the least length of a frame. Prints a line of
JSON: how many were sent in how many seconds, how many of them the wire lost.
"""

import json
import random
import socket
import struct
import sys
import time
from pathlib import Path

DIFFERENT = 20000       # then they come again
TICK = 0.002            # seconds between two bursts
LEAST = 60
BROADCAST = b"\xff" * 6
PACKET_QDISC_BYPASS = 20


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac_of_nobody():
    return b"\x02" + random.randbytes(5)


def syn(mac, address, port):
    source = bytes([random.randrange(20, 90)]) + random.randbytes(3)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 44, random.getrandbits(16), 0, 64,
                     6, 0) + source + address
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    tcp = struct.pack(">HHIIBBHHHBBH", random.randrange(1024, 65536), port,
                      random.getrandbits(32), 0, 0x60, 2, 65535, 0, 0, 2, 4,
                      1460)
    pseudo = source + address + struct.pack(">HH", 6, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    return mac + mac_of_nobody() + b"\x08\0" + ip + tcp


def arp(mac, address, port):
    nobody = mac_of_nobody()
    asker = address[:3] + bytes([random.randrange(100, 250)])
    return (BROADCAST if mac is None else mac) + nobody + struct.pack(
        ">HHHBBH", 0x806, 1, 0x800, 6, 4, 1) + nobody + asker + bytes(6) + \
        address


KINDS = {"syn": syn, "arp": arp}


def lost():
    return int(Path("/sys/class/net/eth0/statistics/tx_dropped").read_text())


def send(frames, count, rate):
    """Bursts at fixed times; what is late is not left out."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("eth0", 0))
    wire.setsockopt(263, PACKET_QDISC_BYPASS, 1)
    before, start, sent = lost(), time.monotonic(), 0
    while sent < count:
        due = min(count, int((time.monotonic() - start) * rate) + 1)
        for number in range(sent, due):
            try:
                wire.send(frames[number % len(frames)])
            except OSError:
                pass            # counted by the device
        sent = max(sent, due)
        time.sleep(TICK)
    return {"sent": sent, "seconds": round(time.monotonic() - start, 2),
            "lost": lost() - before}


def main():
    kind, count, rate, mac, address, port = sys.argv[1:]
    to = None if mac == "all" else bytes.fromhex(mac.replace(":", ""))
    frames = [KINDS[kind](to, socket.inet_aton(address), int(port))
              .ljust(LEAST, b"\0") for _ in range(DIFFERENT)]
    print(json.dumps(send(frames, int(count), int(rate))))


if __name__ == "__main__":
    main()
