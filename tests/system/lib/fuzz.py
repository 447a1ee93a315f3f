# SPDX-License-Identifier: MIT
"""Boots the fuzzing guest (tests/fuzz/guest), one seed after the other, and
judges what became of it and of the VMM below it.

Each boot is one QEMU that stops at a reset instead of going on, so that the
guest's status page tells what it did last. A guest that makes no progress gets
an NMI, which ends its operation; if that does not help it is dead. Meanwhile
and at the end the VMM has to answer pings from the wire.
"""

import collections
import os
import re
import shutil
import struct
import time

import pexpect

from . import boot, disk, paths, uefi_vars, wire
from .machine import Machine
from .qmp import QmpError

STATUS = "<11Q40x"              # struct status of tests/fuzz/guest/fuzz.h
MAGIC = 0x737a7a7566
READY_SECONDS = 60
STALL_SECONDS = 1               # without progress: an NMI
NMIS = 3                        # that may go by without progress
LOOK_SECONDS = 0.25
STARVED_SECONDS = 1             # for an answer of the monitor
STARVED_SHARE = 0.5             # of a CPU; at rest it is a hundredth
BOOT_SECONDS = 20               # of one seed, once it runs
CPUS = 2                        # of the machine; 8 are the guest's limit
NAME = "fuzz-guest"
OPERATIONS = paths.TOP / "tests" / "fuzz" / "guest" / "operations.c"

# What becomes of a boot; the first three are findings.
PANIC, UNREACHABLE, EMULATOR = "VMM panic", "VMM unreachable", "emulator died"
STARVED = "emulator starved"
DONE, HANG, RESET, OFF, SLEEP, TRIPLE, NO_START = (
    "time was up", "hang", "reset", "power-off", "sleep", "triple fault",
    "did not start")
FINDINGS = (PANIC, UNREACHABLE)
CAUSES = (DONE, TRIPLE, RESET, HANG, OFF, SLEEP, NO_START, EMULATOR, STARVED,
          PANIC, UNREACHABLE)


KINDS = re.findall(r'^\t\{ "([a-z-]+)"', OPERATIONS.read_text(), re.M)


def kind(number):
    """An operation's name."""
    return KINDS[number] if number < len(KINDS) else str(number)


def prepare(name):
    """The disk with Tandem and the guest; keyword arguments for Machine."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "EFI/BOOT/BOOTX64.EFI": paths.need(paths.LOADER, "run make"),
        "EFI/BOOT/tandem.elf": paths.need(paths.VMM, "run make"),
        "EFI/test/fuzz.efi": paths.need(paths.BUILD / "efi" / "fuzz.efi",
                                        "run make"),
    }
    order = boot.entries(True, "", ["fuzz"])[:2]
    return {"disk": disk.build(folder / "esp.img", files),
            "variables": uefi_vars.write(folder / "vars.fd", order)}


class Boot:
    """One boot of the guest: cause, operations and what it did last."""

    def __init__(self, name, options, seed, seconds, orders="", cpus=CPUS,
                 extra=()):
        self.seed, self.seconds, self.cpus = seed, seconds, cpus
        self.orders = f"seed={seed} {orders}".strip()
        self.cause = None
        self.operations = self.faults = self.nmis = 0
        self.detail = ""
        self.page = 0
        self.last = []
        self.machine = Machine(
            name, peer=True, cpus=cpus, memory=512, **options, extra=[
                "-device", "amd-iommu",
                "-action", "reboot=shutdown,shutdown=pause",
                "-fw_cfg", f"name=opt/tandem/fuzz,string={self.orders}",
                *extra])

    # ---- looks from outside ----

    def read(self):
        """The status of all CPUs that have begun; their operations."""
        words = []
        said = self.machine.qmp.monitor(f"xp /{16 * self.cpus}gx "
                                        f"{self.page:#x}")
        for line in said.splitlines():
            words += [int(w, 16) for w in line.partition(":")[2].split()]
        self.last = []
        for n in range(0, len(words) - 15, 16):
            fields = struct.unpack(STATUS, struct.pack("<16Q",
                                                       *words[n:n + 16]))
            if fields[0] == MAGIC:
                self.last.append(fields)
        self.operations = sum(f[1] for f in self.last)
        self.faults = sum(f[7] for f in self.last)
        return tuple(f[1] for f in self.last)

    def told(self):
        """What each CPU did last, for a person."""
        return "\n".join(
            f"    cpu {i}: operation {f[1]}, {kind(f[2])}("
            f"{', '.join(f'{a:#x}' for a in f[3:7])}), last exception "
            f"{f[10]} at {f[9]:#x}" for i, f in enumerate(self.last))

    def told_shortly(self):
        return "".join(f", {kind(f[2])}" for f in self.last)

    def panicked(self):
        return "error: panic:" in self.machine.vmm_log()

    def answers(self, tries=3):
        """Whether the VMM answers a ping."""
        for _ in range(tries):
            try:
                if None not in wire.ping(self.machine.peer,
                                         paths.config()["IP_ADDRESS"],
                                         count=1, timeout=3.0):
                    return True
            except TimeoutError:
                pass
        return False

    def stopped(self):
        """Why QEMU does not run the guest any more, or None."""
        if self.machine.process.poll() is not None:
            return EMULATOR
        status = self.machine.qmp("query-status")["status"]
        if status == "suspended":
            return SLEEP
        if status in ("running", "paused"):
            return None if status == "running" else OFF
        reasons = [e["data"].get("reason") for e in self.machine.qmp.events
                   if e["event"] == "SHUTDOWN"]
        if "triple fault" in self.machine.vmm_log():
            return TRIPLE
        if "guest-shutdown" in reasons:
            return OFF
        return RESET

    # ---- life ----

    def wait_start(self):
        m = self.machine
        try:
            m.console.expect(r"fuzz: seed (\d+), (\d+) CPUs, status at "
                             r"([0-9a-f]+), kinds ([^\r]*)\r", READY_SECONDS)
        except (TimeoutError, EOFError) as error:
            self.detail = str(error)[-500:]
            return False
        if "guest runs" not in m.vmm_log():
            self.detail = "without Tandem"
            return False
        self.cpus = int(m.console.match[2])
        self.page = int(m.console.match[3], 16)
        self.detail = "kinds " + m.console.match[4]
        return True

    def drain_console(self):
        """QEMU waits for a console that nobody reads."""
        self.machine.console.child.expect([pexpect.TIMEOUT, pexpect.EOF],
                                          timeout=0)

    def watch(self):
        """Until the time is up or the guest is dead; the cause."""
        m = self.machine
        end = time.monotonic() + self.seconds
        moved = time.monotonic()
        before, nmis = None, 0
        while time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            self.drain_console()
            if self.panicked():
                return PANIC
            why = self.stopped()
            now = self.read()
            if why:
                return why
            if now != before:
                before, moved, nmis = now, time.monotonic(), 0
            elif time.monotonic() - moved > STALL_SECONDS:
                if nmis == NMIS:
                    return HANG
                m.qmp("inject-nmi")
                self.nmis += 1
                nmis += 1
                moved = time.monotonic()
        return DONE

    def main_loop_ticks(self):
        pid = self.machine.process.pid
        with open(f"/proc/{pid}/task/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def starved(self):
        """Whether QEMU's main loop, which also carries frames, has no time, as
        with a timer that the guest has set to fire all the time: its thread
        is busy without a pause, or its own monitor answers late."""
        start, ticks = time.monotonic(), self.main_loop_ticks()
        self.machine.qmp("query-status")
        late = time.monotonic() - start > STARVED_SECONDS
        time.sleep(STARVED_SECONDS)
        busy = (self.main_loop_ticks() - ticks) / os.sysconf("SC_CLK_TCK")
        return late or busy > STARVED_SHARE * (time.monotonic() - start)

    def run(self):
        m = self.machine
        try:
            with m:
                self.cause = self.watch() if self.wait_start() else NO_START
                if self.cause in (DONE, HANG) and not self.answers():
                    self.cause = STARVED if self.starved() else UNREACHABLE
                if self.panicked():
                    self.cause = PANIC
                if self.cause == PANIC:
                    time.sleep(1)
                    self.read()
        except (QmpError, OSError, ValueError) as error:
            if m.process and m.process.poll() is None:
                raise
            self.cause = EMULATOR
            self.detail += f"; {error}"
        if self.cause == NO_START and self.panicked():
            self.cause = PANIC
        return self

    def evidence(self):
        """A finding for a person, its logs kept apart."""
        kept = paths.LOGS / f"{self.machine.name}-{self.seed}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.machine.folder, kept)
        end = [line for line in (kept / "qemu.log").read_text(
            errors="replace").splitlines()
               if "qemu" in line and "TCG doesn't support" not in line]
        if self.cause != EMULATOR:
            end = [line for line in self.machine.vmm_log().splitlines()
                   if "error:" in line][:12] or end
        return "\n".join([
            f"  {self.detail}", self.told(),
            *(f"    {line}" for line in end[-12:]),
            f"    logs: {kept}",
            f"    again: scripts/fuzz-guest --seed {self.seed} --boots 1 "
            f"--cpus {self.cpus} --seconds {self.seconds:.0f}; "
            "with --orders trace=1 the console has every operation"])


class Campaign:
    """Boots with one seed after the other, and what came of them."""

    def __init__(self, name=NAME, seed=1, cpus=CPUS, orders="",
                 boot_seconds=BOOT_SECONDS, note=print):
        self.name, self.seed, self.cpus = name, seed, cpus
        self.orders, self.boot_seconds, self.note = orders, boot_seconds, note
        self.causes = collections.Counter()
        self.operations = self.faults = self.nmis = 0
        self.findings = []
        self.options = prepare(name)

    def run(self, seconds, boots=None):
        """New boots until the time is up, or so many of them."""
        end = time.monotonic() + seconds
        while boots != 0 and (left := end - time.monotonic()) > 0:
            # locked accesses and the ICR of a single CPU: see the guest
            cpus = 1 if self.seed % 4 == 0 else self.cpus
            b = Boot(self.name, self.options, self.seed,
                     min(self.boot_seconds, left), self.orders, cpus).run()
            self.count(b)
            self.seed += 1
            boots = boots - 1 if boots else None
        return self

    def count(self, b):
        self.causes[b.cause] += 1
        self.operations += b.operations
        self.faults += b.faults
        self.nmis += b.nmis
        text = f"seed {b.seed}: {b.cause}, {b.operations} operations" \
            f"{b.told_shortly()}"
        if b.cause in (*FINDINGS, EMULATOR, STARVED, NO_START):
            text += "\n" + b.evidence()
        if b.cause in FINDINGS:
            self.findings.append(text)
        self.note(text)

    def table(self):
        """The result for a person."""
        rows = [("operations", self.operations),
                ("ended by an exception", self.faults),
                ("NMIs against hangs", self.nmis),
                ("boots", self.causes.total())]
        rows += [(f"  {cause}", self.causes[cause]) for cause in CAUSES]
        return "\n".join(f"{name:<24}{value:>12,}" for name, value in rows)
