# SPDX-License-Identifier: MIT
"""How fast is an echo server? bench starts this in a network namespace
(lib/namespace.py), where Linux's TCP is the other side.

    echo_client.py ADDRESS PORT stream SECONDS    as much as comes back
    echo_client.py ADDRESS PORT latency COUNT     round trips of 64 bytes
    echo_client.py ADDRESS PORT connect SECONDS   connect, one byte, close

Prints one line of JSON: mb_s (10^6 bytes a second, counted once); median_ms and
p99_ms; per_s.
"""

import json
import os
import socket
import statistics
import sys
import threading
import time

LIMIT = 30          # seconds, of anything
BLOCK = 1 << 18
SMALL = 64


def connect(where):
    tcp = socket.create_connection(where, LIMIT)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tcp


def stream(where, seconds):
    """The time is that of what came back; all of it is compared."""
    block = os.urandom(BLOCK)
    sent = []

    def send(tcp, end):
        count = 0
        while time.monotonic() < end:
            tcp.sendall(block)
            count += BLOCK
        sent.append(count)
        tcp.shutdown(socket.SHUT_WR)

    with connect(where) as tcp:
        start = time.monotonic()
        sender = threading.Thread(target=send, args=(tcp, start + seconds))
        sender.start()
        got = 0
        while piece := tcp.recv(BLOCK):
            at = got % BLOCK
            head = block[at:at + len(piece)]
            assert piece == head + block[:len(piece) - len(head)], \
                f"wrong bytes after {got}"
            got += len(piece)
        took = time.monotonic() - start
        sender.join()
    assert [got] == sent, f"{got} of {sent} bytes came back"
    return {"mb_s": round(got / took / 1e6, 2), "bytes": got}


def latency(where, count):
    times = []
    with connect(where) as tcp:
        for _ in range(count):
            data = os.urandom(SMALL)
            start = time.monotonic()
            tcp.sendall(data)
            got = b""
            while len(got) < SMALL:
                piece = tcp.recv(SMALL)
                assert piece, "closed"
                got += piece
            times.append((time.monotonic() - start) * 1000)
            assert got == data, "wrong bytes"
    times.sort()
    return {"median_ms": round(statistics.median(times), 3),
            "p99_ms": round(times[len(times) * 99 // 100], 3)}


def connections(where, seconds):
    """One after the other."""
    count = 0
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        with connect(where) as tcp:
            tcp.sendall(b"x")
            assert tcp.recv(1) == b"x"
        count += 1
    return {"per_s": round(count / (time.monotonic() - start), 1)}


KINDS = {"stream": (stream, float), "latency": (latency, int),
         "connect": (connections, float)}


def main():
    address, port, kind, number = sys.argv[1:]
    work, convert = KINDS[kind]
    print(json.dumps(work((address, int(port)), convert(number))))


if __name__ == "__main__":
    main()
