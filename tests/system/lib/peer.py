# SPDX-License-Identifier: MIT
"""A raw-frame peer on the bench network: sends and sees Ethernet frames.

QEMU's dgram netdev carries one frame in one datagram. The machine joins it to
the user network with a hub, so that the peer sees what any station on that
wire would see. Frames are bytes; tests build and read them with scapy.

Whatever comes is taken off the wire at once, by a thread: a wire does not wait
for a station that is slow, but QEMU would, and its card would stop sending.
"""

import collections
import ctypes
import os
import socket
import struct
import threading
import time

FRAMES_MAX = 65536      # the oldest are forgotten
SEND_SECONDS = 5        # how long QEMU may take to take a frame

SO_ATTACH_FILTER = 26


def address_filter(mac):
    """A classic BPF program (Linux, networking/filter) that accepts a frame to
    mac or to a group, as (code, jump if true, jump if false, value)."""
    high, low = struct.unpack(">IH", bytes.fromhex(mac.replace(":", "")))
    return ((0x30, 0, 0, 0),            # load byte 0
            (0x45, 4, 0, 1),            # group bit: accept
            (0x20, 0, 0, 0),            # load bytes 0 to 3
            (0x15, 0, 3, high),
            (0x28, 0, 0, 4),            # load bytes 4 and 5
            (0x15, 0, 1, low),
            (0x06, 0, 0, 0xffffffff),   # accept
            (0x06, 0, 0, 0))            # drop


class Peer:
    def __init__(self, mine, other):
        """mine and other are the socket paths of this side and of QEMU's."""
        self.other = str(other)
        if os.path.exists(mine):
            os.unlink(mine)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        # Not settimeout(), which is the reader's limit, too: a socket of this
        # kind that is shut down tells so only to a reader that blocks.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                             struct.pack("@ll", SEND_SECONDS, 0))
        self.sock.bind(str(mine))
        self.frames = collections.deque(maxlen=FRAMES_MAX)
        self.also = self.mac = None
        self.arrived = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                frame = self.sock.recv(65536)
            except OSError:             # closed
                return
            if not frame:               # shut down
                return
            also = self.also
            if also:
                also(frame)
            if self.mac and not frame[0] & 1 and frame[:6] != self.mac:
                continue
            with self.arrived:
                self.frames.append(frame)
                self.arrived.notify()

    def attach(self, station):
        """station(frame) is called with each frame that comes, too, before
        any filter of receive(); None: no more."""
        self.also = station

    def listen_as(self, mac):
        """From now on take only what a station with that address would: a
        peer that sees all has no room for answers while others talk."""
        if self.also:               # that one is to see all
            self.mac = bytes.fromhex(mac.replace(":", ""))
            return
        program = address_filter(mac)
        code = b"".join(struct.pack("=HBBI", *line) for line in program)
        buffer = ctypes.create_string_buffer(code, len(code))
        self.sock.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER,
            struct.pack("@HP", len(program), ctypes.addressof(buffer)))

    def send(self, frame):
        """Put one frame (bytes or a scapy packet) on the wire. Waits
        SEND_SECONDS at most for QEMU to take it."""
        try:
            self.sock.sendto(bytes(frame), self.other)
        except BlockingIOError:
            raise TimeoutError("QEMU does not take frames") from None

    def receive(self, timeout=1.0):
        """The next frame, or None if none came in time."""
        with self.arrived:
            self.arrived.wait_for(lambda: self.frames, max(timeout, 0))
            return self.frames.popleft() if self.frames else None

    def drain(self):
        """Forget the frames that have come so far. Returns how many."""
        with self.arrived:
            count = len(self.frames)
            self.frames.clear()
        return count

    def wait(self, wanted, timeout=5.0):
        """The first frame for which wanted(frame) is true, or None."""
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            frame = self.receive(left) if left > 0 else None
            if frame is None:
                return None
            if wanted(frame):
                return frame

    def collect(self, seconds):
        """All frames that come within that time."""
        frames = []
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            frame = self.receive(left)
            if frame is not None:
                frames.append(frame)
        return frames

    def ask(self, frame, wanted, timeout=2.0, tries=3):
        """Send a frame until an answer comes: (answer, seconds) or None."""
        for _ in range(tries):
            self.drain()
            start = time.monotonic()
            self.send(frame)
            answer = self.wait(wanted, timeout)
            if answer is not None:
                return answer, time.monotonic() - start
        return None

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.sock.close()
