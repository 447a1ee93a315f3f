# SPDX-License-Identifier: MIT
"""The bench machine: QEMU with OVMF, the bench NIC and the networks around it.

One object is one run. COM1 is the guest's console, COM2 the VMM's log. The NIC
sits on QEMU's user network; with peer=True a hub joins a raw-frame peer to the
same wire. Everything a run writes is in its folder below build/logs.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import paths
from .console import Console, console_listener
from .peer import Peer
from .qmp import Qmp, QmpError

VMM_ADDRESS = "10.0.2.50"
GUEST_ADDRESS = "10.0.2.15"
HOST_ADDRESS = "10.0.2.2"
NIC_MAC = "52:54:00:12:34:56"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_parent():
    """In the child: no QEMU outlives the test that started it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)     # PR_SET_PDEATHSIG


class Machine:
    running = []        # machines that were started and not stopped

    def __init__(self, name, disk=None, variables=None, nic="bcm5722",
                 nic_options="strict=on", memory=1024, cpus=1, cpu="EPYC-v1",
                 forward=(), peer=False, extra=(), kernel=None,
                 initrd=None, cmdline="", code=None, bios=False, tap=None):
        """disk, variables: image and OVMF variables (boot.py makes them).
        bios: SeaBIOS instead of OVMF, without SMM: its 32-bit calls through
        SMM do not survive SVM as QEMU has it.
        nic: QEMU's device name, None for no NIC. forward: (address, port) or
        ("udp", address, port) that the host shall reach; port() tells under
        which port. peer: a raw-frame peer beside the user network, "alone":
        instead of it, since that network listens to whatever a peer sends,
        and may break. tap: a tap device's handle that is the wire instead of
        both (namespace.OnWire). kernel, initrd, cmdline: boot that directly
        instead of a disk. code: another build of OVMF. extra: more QEMU
        arguments."""
        self.name = name
        self.folder = paths.LOGS / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        # Socket paths are short (108 bytes), whatever the tree's place.
        self.run = Path(tempfile.mkdtemp(prefix="tandem-"))
        self.disk, self.variables = disk, variables
        self.nic, self.nic_options = nic, nic_options
        self.memory, self.cpus, self.cpu = memory, cpus, cpu
        self.ports = {}
        for item in forward:
            protocol, address, port = ("tcp", *item)[-3:]
            self.ports[protocol, address, port] = free_port()
        self.want_peer, self.tap = peer, tap
        self.extra = list(extra)
        self.bios = bios
        self.direct = (kernel, initrd, cmdline)
        self.code = code or paths.OVMF_CODE
        self.process = self.console = self.qmp = self.peer = None
        self.started = None

    # ---- command line ----

    def network_arguments(self):
        user = "user,id=user0" + "".join(
            f",hostfwd={protocol}:127.0.0.1:{mine}-{address}:{port}"
            for (protocol, address, port), mine in self.ports.items())
        raw = "dgram,id=raw0," \
            f"local.type=unix,local.path={self.run}/qemu.wire," \
            f"remote.type=unix,remote.path={self.run}/peer.wire"
        if self.tap is not None:
            args = ["-netdev", f"tap,id=tap0,fd={self.tap}"]
            wire = "tap0"
        elif self.want_peer == "alone":
            args = ["-netdev", raw]
            wire = "raw0"
        elif not self.want_peer:
            args = ["-netdev", user]
            wire = "user0"
        else:
            args = ["-netdev", user,
                    "-netdev", "hubport,id=hub0,hubid=0,netdev=user0",
                    "-netdev", raw,
                    "-netdev", "hubport,id=hub1,hubid=0,netdev=raw0",
                    "-netdev", "hubport,id=net0,hubid=0"]
            wire = "net0"
        if self.nic:
            options = self.nic_options if self.nic == "bcm5722" else ""
            device = f"{self.nic},netdev={wire},id=nic0,mac={NIC_MAC}," \
                "romfile="
            args += ["-device", device + ("," + options if options else "")]
        if self.nic == "bcm5722":
            plugin = paths.need(paths.BENCH_NIC, "run make bench-nic")
            args = ["-plugin", f"file={plugin}"] + args
        return args

    def firmware_arguments(self):
        if self.bios:
            return ["-machine", "q35,smm=off"]
        variables = self.folder / "vars.fd"
        shutil.copyfile(self.variables or paths.OVMF_VARS, variables)
        code = paths.need(self.code, "run scripts/setup")
        return ["-machine", "q35",
                "-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,format=raw,file={variables}"]

    def arguments(self):
        args = ["qemu-system-x86_64", "-nodefaults", "-no-user-config",
                "-display", "none", "-accel", "tcg",
                "-cpu", self.cpu, "-smp", str(self.cpus),
                "-m", str(self.memory), "-global", "hpet.msi=on",
                "-boot", "menu=off", "-name", self.name,
                *self.firmware_arguments(),
                "-chardev", "socket,id=com1,host=127.0.0.1,"
                f"port={self.com1.getsockname()[1]},server=off,"
                f"logfile={self.folder}/console.log",
                "-serial", "chardev:com1",
                "-serial", f"file:{self.folder}/vmm.log",
                "-qmp", f"unix:{self.run}/qmp,server=on,wait=off"]
        if self.disk:
            args += ["-drive", f"if=none,id=esp,format=raw,file={self.disk}",
                     "-device", "ide-hd,drive=esp" +
                     (",bootindex=1" if self.bios else "")]
        kernel, initrd, cmdline = self.direct
        if kernel:
            args += ["-kernel", str(kernel), "-initrd", str(initrd),
                     "-append", cmdline]
        return args + self.network_arguments() + self.extra

    # ---- life ----

    def start(self):
        if self.want_peer:
            self.peer = Peer(self.run / "peer.wire", self.run / "qemu.wire")
        self.com1 = console_listener()
        args = self.arguments()
        (self.folder / "command").write_text("\n".join(args) + "\n")
        self.started = time.monotonic()
        with open(self.folder / "qemu.log", "wb") as log:
            self.process = subprocess.Popen(
                args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[] if self.tap is None else [self.tap],
                preexec_fn=die_with_parent)
        try:
            self.console = Console(self.com1)
            self.qmp = Qmp(self.run / "qmp")
        except BaseException:
            said = (self.folder / "qemu.log").read_text(errors="replace")
            self.stop()
            raise RuntimeError(f"QEMU did not start:\n{said}") from None
        Machine.running.append(self)
        return self

    def stop(self):
        if self in Machine.running:
            Machine.running.remove(self)
        if self.qmp:
            self.qmp.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        for part in (self.console, self.peer):
            if part:
                part.close()
        shutil.rmtree(self.run, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # ---- what tests ask ----

    def seconds(self):
        """Time since start, in seconds."""
        return time.monotonic() - self.started

    def port(self, address, port, protocol="tcp"):
        """The port on 127.0.0.1 that leads to address:port."""
        return self.ports[protocol, address, port]

    def connect(self, address, port, timeout=10):
        """A TCP connection to something behind the NIC."""
        tcp = socket.create_connection(
            ("127.0.0.1", self.port(address, port)), timeout)
        # QEMU lets one connection wait; what comes meanwhile waits a second.
        time.sleep(0.02)
        return tcp

    def vmm_log(self):
        """The VMM's lines on COM2. The firmware's console is there, too,
        until the VMM takes the port."""
        path = self.folder / "vmm.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return "".join(line + "\n" for line in
                       re.findall(r"\[ *\d+\.\d{6}\] [^\r\n]*", text))

    def wait_vmm_log(self, text, timeout=30):
        """Waits until the VMM's log holds text; returns the log."""
        deadline = time.monotonic() + timeout
        while True:
            log = self.vmm_log()
            if text in log:
                return log
            if time.monotonic() > deadline:
                raise TimeoutError(f"the VMM did not log {text!r}; its log:\n"
                                   f"{log[-2000:]}")
            time.sleep(0.1)

    def wait_exit(self, timeout=60):
        """Waits for QEMU to end by itself; its exit status."""
        return self.process.wait(timeout)

    def cpu_seconds(self):
        """CPU time that QEMU has used so far."""
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def nic_counter(self, name):
        return self.qmp.get("nic0", name)

    def evidence(self):
        """What a failed test's report shows of this machine, as text."""
        lines = [f"machine {self.name}: logs in {self.folder}"]
        try:
            if self.nic == "bcm5722":
                names = sorted(p["name"] for p in self.qmp(
                    "qom-list", path="/machine/peripheral/nic0")
                    if p["name"].startswith(("c-", "v-")))
                values = ((n, self.nic_counter(n)) for n in names)
                lines.append("NIC: " + " ".join(
                    f"{n}={v}" for n, v in values if v))
            lines += self.qmp.monitor("info registers").splitlines()[:12]
        except (OSError, QmpError, ValueError) as error:
            lines.append(f"QEMU does not answer: {error}")
        lines.append("VMM log, its end:")
        return "\n".join(lines + self.vmm_log().splitlines()[-40:]) + "\n"
