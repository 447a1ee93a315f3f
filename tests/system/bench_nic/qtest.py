# SPDX-License-Identifier: MIT
"""A machine with the bench NIC whose processor does nothing: the test itself
is the driver. Memory, I/O ports and registers are reached over QEMU's qtest
protocol (docs/devel/testing/qtest of QEMU), frames over a dgram socket."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from lib import paths
from lib.machine import die_with_parent
from lib.peer import Peer
from lib.qmp import Qmp

DEVICE = 5                  # PCI device number on bus 0


def halting_firmware(path):
    """64 KiB of BIOS that executes cli, hlt for ever."""
    image = bytearray(65536)
    image[0xfff0:0xfff4] = b"\xfa\xf4\xeb\xfd"
    Path(path).write_bytes(image)
    return path


class QtestMachine:
    def __init__(self, name, options="strict=on", memory=64):
        """memory in MiB; what is not touched costs nothing."""
        self.folder = paths.LOGS / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.run = Path(tempfile.mkdtemp(prefix="tandem-"))
        self.options, self.memory = options, memory
        self.process = self.peer = self.qmp = None

    def arguments(self):
        plugin = paths.need(paths.BENCH_NIC, "run make bench-nic")
        bios = halting_firmware(self.run / "halt.bin")
        return [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config",
            "-display", "none", "-machine", "q35", "-accel", "tcg",
            "-cpu", "qemu64", "-m", str(self.memory), "-bios", str(bios),
            "-qtest", f"unix:{self.run}/qtest", "-qtest-log", "none",
            "-qmp", f"unix:{self.run}/qmp,server=on,wait=off",
            "-plugin", f"file={plugin}",
            "-netdev", "dgram,id=net0,"
            f"local.type=unix,local.path={self.run}/qemu.wire,"
            f"remote.type=unix,remote.path={self.run}/peer.wire",
            "-device", f"bcm5722,netdev=net0,id=nic0,addr={DEVICE:#x},"
            f"mac=52:54:00:12:34:56,romfile=,{self.options}"]

    def __enter__(self):
        self.peer = Peer(self.run / "peer.wire", self.run / "qemu.wire")
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.run / "qtest"))
        server.listen(1)
        server.settimeout(30)
        with open(self.folder / "qemu.log", "wb") as log:
            self.process = subprocess.Popen(
                self.arguments(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=die_with_parent)
        try:
            self.sock, _ = server.accept()
            self.sock.settimeout(30)
            self.lines = self.sock.makefile("r")
            self.qmp = Qmp(self.run / "qmp")
        except OSError as error:
            self.stop()
            raise RuntimeError(f"QEMU did not start: {error}\n"
                               + self.log()) from None
        finally:
            server.close()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        if self.qmp:
            self.qmp.close()
        self.peer.close()
        shutil.rmtree(self.run, ignore_errors=True)

    def log(self):
        """What QEMU and the NIC said on standard error."""
        return (self.folder / "qemu.log").read_text(errors="replace")

    # ---- the protocol ----

    def ask(self, line):
        self.sock.sendall(line.encode() + b"\n")
        while True:
            answer = self.lines.readline()
            if answer.startswith("OK"):
                return answer[2:].strip()
            if not answer.startswith("IRQ"):
                raise RuntimeError(f"qtest: {line!r}: {answer!r}")

    def readl(self, addr):
        return int(self.ask(f"readl {addr:#x}"), 16) & 0xffffffff

    def writel(self, addr, value):
        self.ask(f"writel {addr:#x} {value & 0xffffffff:#x}")

    def writeb(self, addr, value):
        self.ask(f"writeb {addr:#x} {value:#x}")

    def read(self, addr, size):
        return bytes.fromhex(self.ask(f"read {addr:#x} {size:#x}")[2:])

    def write(self, addr, data):
        self.ask(f"write {addr:#x} {len(data):#x} 0x{data.hex()}")

    def config_read(self, offset):
        self.ask(f"outl 0xcf8 {0x80000000 | DEVICE << 11 | offset:#x}")
        return int(self.ask("inl 0xcfc"), 16) & 0xffffffff

    def config_write(self, offset, value):
        self.ask(f"outl 0xcf8 {0x80000000 | DEVICE << 11 | offset:#x}")
        self.ask(f"outl 0xcfc {value & 0xffffffff:#x}")

    # ---- the NIC's properties ----

    def get(self, name):
        return self.qmp.get("nic0", name)

    def set(self, name, value):
        self.qmp.set("nic0", name, value)

    def eventually(self, wanted, timeout=2.0):
        """Waits until wanted() is true; its value."""
        deadline = time.monotonic() + timeout
        while not (value := wanted()):
            if time.monotonic() > deadline:
                return value
            time.sleep(0.005)
        return value
