# SPDX-License-Identifier: MIT
"""The guest's serial console, driven with pexpect.

run() talks to an agent in the guest (initramfs.py) that executes one line
after the other and ends each with its exit status, so that neither echo nor
line editing disturbs what a test reads. What is interactive, such as dbgsh, is
started with send() and driven with expect().
"""

import re
import socket
import time

import pexpect
import pexpect.fdpexpect


class CommandFailed(AssertionError):
    """A command in the guest ended with a status other than 0."""


def console_listener():
    """Where QEMU is to connect its serial port to. TCP, since the firmware
    drops characters that it cannot write for long, and a socket of the UNIX
    kind holds less than 300 of QEMU's single bytes for a busy reader."""
    return socket.create_server(("127.0.0.1", 0))


class Console:
    def __init__(self, listener, timeout=60):
        """listener: console_listener()'s, where a QEMU that was just started
        connects. It is closed."""
        with listener:
            listener.settimeout(30)
            self.sock, _ = listener.accept()
        self.sock.setblocking(True)
        self.child = pexpect.fdpexpect.fdspawn(
            self.sock.fileno(), timeout=timeout, encoding="utf-8",
            codec_errors="replace", maxread=65536, searchwindowsize=4096)
        self.agent = False
        self.number = 0         # of the agent's last command

    @property
    def before(self):
        return self.child.before

    @property
    def match(self):
        return self.child.match

    def send(self, text):
        self.child.send(text)

    def sendline(self, text=""):
        self.child.send(text + "\r")

    def expect(self, patterns, timeout=-1):
        """As pexpect's: index of the pattern that came first. On a timeout
        the exception shows what did come."""
        try:
            return self.child.expect(patterns, timeout=timeout)
        except pexpect.TIMEOUT:
            tail = self.child.buffer[-2000:]
            raise TimeoutError(
                f"console: waited for {patterns!r}; the last it said:\n"
                f"{tail}") from None
        except pexpect.EOF:
            raise EOFError(
                f"console closed while waiting for {patterns!r}") from None

    def expect_exact(self, text, timeout=-1):
        return self.expect(re.escape(text), timeout)

    def start_agent(self, timeout=30):
        """From the guest's shell to the agent. The shell may just have
        started, so a line that nobody reads is sent again."""
        deadline = time.monotonic() + timeout
        while True:
            self.sendline("exec /bin/agent")
            try:
                self.expect(r"@@BEGIN\r?\n", timeout=5)
                break
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
        self.agent = True

    def stop_agent(self):
        """Back to an interactive shell."""
        self.child.send("@@QUIT\n")
        self.agent = False

    def begin(self, command):
        """Has the agent run one line, and does not wait for its end."""
        if not self.agent:
            self.start_agent()
        if "\n" in command:
            raise ValueError("one line at a time")
        self.number += 1
        self.child.send(f"{self.number} {command}\n")

    def end(self, timeout=60):
        """Waits for the end of what begin() began: (exit status, output).
        Ends of earlier commands, which a failed test left, do not count."""
        self.expect(rf"@@END {self.number} (\d+)\r?\n", timeout=timeout)
        output = self.before.replace("\r\n", "\n")
        return int(self.match.group(1)), output

    def status(self, command, timeout=60):
        """Runs one line in the guest: (exit status, output)."""
        self.begin(command)
        return self.end(timeout)

    def run(self, command, timeout=60):
        """As status(), but a status other than 0 is a failed assertion.
        Returns the output."""
        code, output = self.status(command, timeout)
        if code:
            raise CommandFailed(f"guest: {command!r} ended with {code}:\n"
                                f"{output}")
        return output

    def close(self):
        self.sock.close()
