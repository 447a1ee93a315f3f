# SPDX-License-Identifier: MIT
"""Do the VMM's services answer in time, whatever has become of the guest?"""

import statistics
import time

from . import wire

COUNT = 20
LIMIT = 0.1         # seconds
LATE = 1            # answers that may be: the host has other work, too


def echo_times(machine, address, port, count=COUNT, timeout=5.0):
    """Round trips of a few bytes on one TCP connection, in seconds."""
    times = []
    with machine.connect(address, port) as tcp:
        tcp.settimeout(timeout)
        for _ in range(count):
            start = time.monotonic()
            tcp.sendall(b"still there?")
            answer = b""
            while len(answer) < 12:
                piece = tcp.recv(100)
                assert piece, "echo: closed"
                answer += piece
            times.append(time.monotonic() - start)
            assert answer == b"still there?"
    return times


def figures(name, times):
    late = sum(t > LIMIT for t in times)
    return f"{name} median {statistics.median(times) * 1000:.1f} ms, worst " \
        f"{max(times) * 1000:.1f} ms" + (f" ({late} late)" if late else "")


def services_live_on(machine, address, port):
    """Ping and echo answer, all but LATE of each in time. Returns the figures
    for a person."""
    said = []
    for name, times in (
            ("ping", wire.ping(machine.peer, address, count=COUNT)),
            ("echo", echo_times(machine, address, port))):
        assert None not in times, (name, times)
        assert sorted(times)[-1 - LATE] < LIMIT, (name, times)
        said.append(figures(name, times))
    return "; ".join(said)
