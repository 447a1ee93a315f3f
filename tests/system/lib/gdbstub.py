# SPDX-License-Identifier: MIT
"""QEMU's debugger interface, as far as a test needs it: physical memory read
and written while the machine stands still. The protocol is GDB's remote serial
protocol; Qqemu.PhyMemMode is QEMU's own (docs/system/gdb of QEMU)."""

import socket
import struct
import subprocess

from . import paths

BASE = 0xffffffff80000000       # where the VMM is linked


class GdbStub:
    """Inside of `with`, the machine is stopped; behind it, it goes on.
    arguments() belong into the machine's extra before it is started."""

    def __init__(self, machine, timeout=30):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(str(machine.run / "gdb"))
        self.stream = self.sock.makefile("rb")

    @staticmethod
    def arguments(machine):
        return ["-gdb", f"unix:{machine.run}/gdb,server=on,wait=off"]

    def _packet(self, text):
        data = text.encode()
        self.sock.sendall(b"$" + data + b"#%02x" % (sum(data) % 256))

    def _answer(self):
        byte = self.stream.read(1)
        while byte != b"$":
            if not byte:
                raise EOFError("QEMU closed its debugger interface")
            byte = self.stream.read(1)
        text = b""
        while (byte := self.stream.read(1)) != b"#":
            if not byte:
                raise EOFError("QEMU closed its debugger interface")
            text += byte
        self.stream.read(2)
        self.sock.sendall(b"+")
        return text.decode()

    def ask(self, text):
        self._packet(text)
        answer = self._answer()
        while answer.startswith("T") and text != "?":
            answer = self._answer()     # it also says by itself that it stopped
        if answer.startswith("E"):
            raise OSError(f"{text}: {answer}")
        return answer

    def read(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def write(self, address, data):
        assert self.ask(f"M{address:x},{len(data):x}:{data.hex()}") == "OK"
        assert self.read(address, len(data)) == data

    def __enter__(self):
        self.ask("?")           # stopped since somebody is connected
        answer = self.ask("Qqemu.PhyMemMode:1")
        assert answer == "OK", answer
        return self

    def __exit__(self, *_):
        try:
            self.ask("D")
        finally:
            self.stream.close()
            self.sock.close()


def symbols():
    """The VMM's symbols: {name: address}."""
    done = subprocess.run(
        ["nm", str(paths.need(paths.BUILD / "tandem.debug", "run make"))],
        check=True, capture_output=True, text=True)
    lines = (line.split() for line in done.stdout.splitlines())
    return {words[2]: int(words[0], 16) for words in lines
            if len(words) == 3}


class VmmMemory:
    """Objects of the VMM by name, in a stopped machine. block: where the VMM
    block is, as the log's first line has it."""

    def __init__(self, stub, block):
        self.stub, self.block = stub, block
        self.places = symbols()

    def address(self, name, offset=0):
        return self.places[name] - BASE + self.block + offset

    def read32(self, name, offset=0):
        return struct.unpack("<I", self.stub.read(
            self.address(name, offset), 4))[0]

    def write(self, name, data, offset=0):
        self.stub.write(self.address(name, offset), data)
