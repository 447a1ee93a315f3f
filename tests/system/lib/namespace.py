# SPDX-License-Identifier: MIT
"""A Linux network namespace on the bench's wire, for servers of Debian's.

Inside there is one interface, eth0. What it sends goes to the machine under
test, and the other way round, beside the raw-frame peer of the machine, which
sees the machine's frames as well. With a VLAN it is at an access port of a
switch: frames have no tag inside, and that VLAN's on the wire. Nothing leaves the namespace otherwise, and its
processes end with it. It needs no root: the namespace has its own users.

The far end of eth0 is a veth device; a packet socket on it is made inside and
handed out to the test's process. Where speed matters (OnWire) eth0 is a tap
device instead, whose handle goes to QEMU: ten thousand frames a second are too
many for a program in Python between the two.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from . import paths

SET_UP = r"""
import fcntl, os, socket, struct, subprocess, sys
def ip(*words):
    subprocess.run(["ip", *words], check=True)
def ip6(name, on):
    with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as f:
        f.write("0" if on == "1" else "1")
out = socket.socket(fileno=int(sys.argv[1]))
ip("link", "set", "lo", "up")
"""

VETH = r"""
ip("link", "add", "eth0", "type", "veth", "peer", "name", "wire")
# the wire carries whole packets: checksums made, nothing joined
for name in ("eth0", "wire"):
    subprocess.run(["ethtool", "-K", name, "tx", "off", "tso", "off", "gso",
                    "off", "gro", "off"], check=True,
                   stdout=subprocess.DEVNULL)
    ip6(name, name == "eth0" and sys.argv[2])
    ip("link", "set", name, "up")
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
raw.bind(("wire", 0))
"""

# Without offloads, since QEMU does not ask for any.
TAP = r"""
raw = open("/dev/net/tun", "r+b", buffering=0)
TUNSETIFF, TAP_NO_PI = 0x400454ca, 0x1002
fcntl.ioctl(raw, TUNSETIFF, struct.pack("16sH22x", b"eth0", TAP_NO_PI))
ip6("eth0", sys.argv[2])
ip("link", "set", "eth0", "up")
"""

ADDRESSES = r"""
for address in sys.argv[3:]:
    ip("addr", "add", address, "dev", "eth0",
       *(["nodad"] if ":" in address else []))
socket.send_fds(out, [b"ready"], [raw.fileno()])
out.recv(1)         # until the test closes its end
"""

PACKET_OUTGOING = 4


class OnWire:
    """A station with these addresses ("10.0.2.2/24"), made before the machine
    whose wire it is on: Machine(tap=station.handle). Its programs' logs go to
    folder. Needs leave to open /dev/net/tun."""

    LINK = TAP

    def __init__(self, folder, addresses, ip6=False):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.servers = []
        mine, child = socket.socketpair()
        words = ["unshare", "--net", "--pid", "--fork", "--kill-child"]
        if os.geteuid():
            words += ["--user", "--map-root-user"]
        self.holder = subprocess.Popen(
            [*words, sys.executable, "-c", SET_UP + self.LINK + ADDRESSES,
             str(child.fileno()), "1" if ip6 else "0", *addresses],
            pass_fds=[child.fileno()], stdin=subprocess.DEVNULL)
        child.close()
        self.control = mine
        mine.settimeout(20)
        said, handles, _, _ = socket.recv_fds(mine, 16, 1)
        assert said == b"ready", \
            "the namespace was not made; why is on standard error"
        self.handle = handles[0]
        self.inside = self._child()

    def _child(self):
        """The process inside, child of unshare."""
        pid = self.holder.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return int(text.split()[0])

    def _enter(self):
        words = ["nsenter", f"--net=/proc/{self.inside}/ns/net"]
        if os.geteuid():
            words = ["nsenter", "-t", str(self.inside), "-U", "-n",
                     "--preserve-credentials"]
        return words

    def run(self, *words, timeout=30, check=True):
        """Runs a program inside; what it printed."""
        done = subprocess.run([*self._enter(), *words], timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def start(self, name, *words, env=None):
        """Starts a server; its output goes to NAME.log in the folder."""
        with open(self.log(name), "ab") as log:
            server = subprocess.Popen(
                [*self._enter(), *words], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**os.environ, **(env or {})})
        self.servers.append(server)
        return server

    def log(self, name):
        return self.folder / f"{name}.log"

    def end(self, server):
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)
        self.servers.remove(server)

    def close(self):
        for server in list(self.servers):
            self.end(server)
        self.control.close()
        try:
            self.holder.wait(5)
        except subprocess.TimeoutExpired:
            self.holder.send_signal(signal.SIGKILL)
            self.holder.wait(5)
        os.close(self.handle)


class Namespace(OnWire):
    """The same beside the raw-frame peer of a machine with peer="alone",
    which runs."""

    LINK = VETH

    def __init__(self, machine, addresses, ip6=False, vlan=None):
        super().__init__(machine.folder, addresses, ip6)
        self.tag = vlan and b"\x81\0" + vlan.to_bytes(2, "big")
        self.raw = socket.socket(fileno=os.dup(self.handle))
        self.peer = machine.peer
        self.peer.attach(self._to_namespace)
        self.reader = threading.Thread(target=self._to_wire, daemon=True)
        self.reader.start()

    def _to_namespace(self, frame):
        if self.tag:
            if frame[12:16] != self.tag:
                return
            frame = frame[:12] + frame[16:]
        try:
            self.raw.send(frame)
        except OSError:
            pass                        # full, or longer than its MTU

    def _to_wire(self):
        while True:
            try:
                frame, where = self.raw.recvfrom(65536)
            except OSError:
                return
            if not frame:
                return
            if where[2] == PACKET_OUTGOING:
                continue                # what we sent into it ourselves
            if self.tag:
                frame = frame[:12] + self.tag + frame[12:]
            try:
                self.peer.send(frame)
            except OSError:
                pass                    # QEMU is busy, or gone

    def close(self):
        self.peer.attach(None)
        super().close()
        self.raw.close()


def program(name):
    """A server of Debian's, which may not be in the path of a user."""
    return str(paths.need(Path("/usr/sbin") / name, "run scripts/setup"))
