# SPDX-License-Identifier: MIT
"""The host's end of TCP transfers that nettest in the guest starts."""

import os
import re
import socket
import threading
import time
import zlib

from .machine import HOST_ADDRESS

BLOCK = 1 << 18


class Transfer:
    """A server on loopback for one transfer: a thread that moves bytes."""

    def __init__(self, to_guest, total, check):
        self.to_guest, self.total, self.check = to_guest, total, check
        self.server = socket.socket()
        self.server.bind(("127.0.0.1", 0))
        self.server.listen(1)
        self.server.settimeout(120)
        self.port = self.server.getsockname()[1]
        self.moved = self.crc = 0
        self.seconds = None
        self.error = None
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        try:
            tcp, _ = self.server.accept()
            with tcp:
                tcp.settimeout(120)
                start = time.monotonic()
                (self.send if self.to_guest else self.receive)(tcp)
                self.seconds = time.monotonic() - start
        except OSError as error:
            self.error = error
        finally:
            self.server.close()

    def send(self, tcp):
        block = os.urandom(BLOCK)
        while self.moved < self.total:
            if self.check:
                block = os.urandom(BLOCK)
            piece = block[:self.total - self.moved]
            tcp.sendall(piece)
            if self.check:
                self.crc = zlib.crc32(piece, self.crc)
            self.moved += len(piece)
        tcp.shutdown(socket.SHUT_WR)
        tcp.recv(1)

    def receive(self, tcp):
        buffer = bytearray(BLOCK)
        while size := tcp.recv_into(buffer):
            if self.check:
                self.crc = zlib.crc32(memoryview(buffer)[:size], self.crc)
            self.moved += size


class GuestTransfer:
    """A transfer that goes on in the guest while the console is free."""

    def __init__(self, machine, to_guest, total, check=False):
        self.machine, self.total, self.check = machine, total, check
        self.host = Transfer(to_guest, total, check)
        self.output = f"/tmp/nettest.{self.host.port}"
        machine.console.run(
            f"nettest {'receive' if to_guest else 'send'} {HOST_ADDRESS} "
            f"{self.host.port} {total}{' check' if check else ''} "
            f">{self.output} 2>&1 & nettest_{self.host.port}=$!")

    def running(self):
        return self.host.thread.is_alive()

    def finish(self, timeout=180):
        """Waits for the end. Returns bytes a second as the guest saw them.
        All bytes must have arrived; with check, both ends' CRC-32 must be
        equal."""
        code, output = self.machine.console.status(
            f"wait $nettest_{self.host.port}; nettest_code=$?; "
            f"cat {self.output}; (exit $nettest_code)", timeout)
        self.host.thread.join(10)
        said = re.search(r"nettest: (\d+) bytes (\d+) us ([0-9a-f]{8})",
                         output)
        assert said and code == 0, f"nettest ended with {code}: {output}"
        assert self.host.error is None, f"host: {self.host.error}"
        assert int(said[1]) == self.host.moved == self.total, \
            f"guest moved {said[1]}, host {self.host.moved}, " \
            f"wanted {self.total} bytes"
        if self.check:
            assert int(said[3], 16) == self.host.crc, "checksums differ"
        return self.total / (int(said[2]) / 1e6)


def transfer(machine, to_guest, total, check=False, timeout=180):
    """Moves total bytes between guest and host, all of it as GuestTransfer."""
    return GuestTransfer(machine, to_guest, total, check).finish(timeout)
