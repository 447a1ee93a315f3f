# SPDX-License-Identifier: MIT
"""A person's terminal in the guest: a pseudo terminal there behind busybox's
telnetd, and here pyte, which interprets what arrives as a terminal does, so that
a test sees the screen and not the bytes that made it."""

import time

import pexpect
import pyte

from . import paths

COLUMNS, LINES = 80, 24


def serve(machine, port):
    """Have the guest let terminals in; call once it has its address."""
    machine.console.run(f"telnetd -p {port} -l /bin/sh")


class Terminal:
    """A shell of the guest in a terminal of its own."""

    def __init__(self, machine, address, port):
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.screen)
        # without -t: what goes over the line is what the screen shows
        self.child = pexpect.spawn(
            str(paths.BUSYBOX), ["telnet", "127.0.0.1",
                                 str(machine.port(address, port))],
            dimensions=(LINES, COLUMNS), timeout=10)
        self.child.delaybeforesend = None
        self.wait(lambda: self.row().endswith("#"), "the guest's shell")

    def feed(self, seconds):
        """Take what arrives within that time."""
        try:
            self.stream.feed(self.child.read_nonblocking(4096, seconds))
        except pexpect.TIMEOUT:
            pass

    def row(self):
        """The text on the row where the cursor is."""
        return self.screen.display[self.screen.cursor.y].rstrip()

    def rows(self):
        return [row.rstrip() for row in self.screen.display]

    def text(self):
        return "\n".join(self.rows())

    def column(self):
        return self.screen.cursor.x

    def wait(self, condition, what, timeout=20):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come; the screen:\n"
                                   f"{self.text().rstrip()}")
            self.feed(0.1)

    def keys(self, text, row=None, column=None):
        """Types; then the cursor's row, and its column if given, must come to
        be these."""
        self.child.send(text)
        if row is not None:
            self.wait(lambda: self.row() == row and
                      column in (None, self.column()),
                      f"row {row!r}, cursor {column} after {text!r}")

    def wait_text(self, text, timeout=20):
        self.wait(lambda: text in self.text(), repr(text), timeout)

    def clear(self):
        """An empty screen with a prompt on it, by the VMM's shell itself."""
        self.keys("\x0c", ">", 2)
        self.wait(lambda: self.screen.cursor.y == 0, "the first row")

    def close(self):
        self.child.close(force=True)
