# SPDX-License-Identifier: MIT
"""The VMM's own TCP beside that of its guest, on one machine in one run: a
station on the wire measures both with iperf 2 and as a client of their echo
servers, in turns. Once more, with tools/exitcost, for the instructions that a byte
costs, which do not depend on what else the host does."""

import json
import statistics
import sys
from pathlib import Path

from lib import boot, cost, paths, settings
from lib.dbgsh import DebugShell
from lib.machine import GUEST_ADDRESS, HOST_ADDRESS, Machine
from lib.namespace import OnWire

MODES = ("ippass", "ippassfilter")
VMM = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
IPERF, SOCAT, ETHTOOL = (Path("/usr") / p for p in
                         ("bin/iperf", "bin/socat", "sbin/ethtool"))
CLIENT = Path(__file__).resolve().parent / "echo_client.py"
SECONDS = 1.5       # of a measurement
ROUND_TRIPS = 500
ECHO_RUNS = 2
COUNTED_MB = 20

# side: (address, the guest's offloads)
SIDES = {"guest": (GUEST_ADDRESS, "on"),
         "guest_plain": (GUEST_ADDRESS, "off"),
         "vmm": (VMM, "on")}
WHAT = {"guest": "guest", "guest_plain": "guest, no offload", "vmm": "VMM"}

# key: (what, unit)
ROWS = {"in_mb_s": ("TCP in", "MB/s"), "out_mb_s": ("TCP out", "MB/s"),
        "echo_mb_s": ("echo", "MB/s"),
        "echo_median_ms": ("echo, round trip", "ms"),
        "echo_p99_ms": ("echo, 99th percentile", "ms"),
        "echo_per_s": ("echo, connections a second", ""),
        "in_instructions": ("instructions a byte in", ""),
        "out_instructions": ("instructions a byte out", "")}


class Bench:
    """A machine above Tandem whose wire leads to a station."""

    def __init__(self, name, mode, extra=()):
        self.station = OnWire(paths.LOGS / f"{name}-station",
                              [f"{HOST_ADDRESS}/24"])
        self.machine = None
        programs = [paths.need(p, "run scripts/setup")
                    for p in (IPERF, SOCAT, ETHTOOL)]
        try:
            options = boot.prepare(
                name, boot.guest(MODULES, programs=programs),
                files=settings.files(pci="device=bnx, number=0, driver=bnx, "
                                     f"net={mode}, virtio=1"))
            self.machine, _ = boot.start(lambda: Machine(
                name, tap=self.station.handle, extra=extra, **options))
            self.serve()
        except BaseException:
            self.stop()
            raise

    def serve(self):
        self.guest(f"ip link set eth0 up; ip addr add {GUEST_ADDRESS}/24 "
                   "dev eth0; iperf -s >/tmp/iperf 2>&1 & "
                   "socat -b 65536 TCP-LISTEN:7,fork,reuseaddr,nodelay PIPE "
                   ">/tmp/socat 2>&1 &")
        with DebugShell(self.machine.console) as shell:
            for line, wanted in (("iperf", "port 5001"),
                                 ("echoctl server start 7", "port 7")):
                said = shell.command(line)
                assert wanted in said, said

    def guest(self, line):
        return self.machine.console.run(line)

    def offloads(self, on):
        """The guest's share of the work on large frames."""
        self.guest(f"ethtool -K eth0 tso {on} rx-gro-hw {on}")

    def iperf(self, address, *words):
        """[(bytes, bytes a second)] of each direction, to the address first."""
        said = self.station.run(str(IPERF), "-c", address, "-y", "C", *words,
                                timeout=60)
        lines = [line.split(",") for line in said.splitlines()
                 if line.count(",") == 8]
        wanted = 2 if "-r" in words else 1
        assert len(lines) == wanted, f"iperf {address} {words}: {said}"
        return [(int(line[7]), int(line[8]) / 8) for line in lines]

    def echo(self, address, kind, number):
        return json.loads(self.station.run(
            sys.executable, str(CLIENT), address, "7", kind, str(number),
            timeout=60).splitlines()[-1])

    def stop(self):
        if self.machine:
            self.machine.stop()
        self.station.close()


def take(result, key, value):
    """One more measurement of key; the result is the median."""
    runs = result["runs"].setdefault(key, [])
    runs.append(round(value, 3))
    result[key] = round(statistics.median(runs), 3)


def throughput(bench, result, runs):
    for _ in range(runs):
        for side, (address, offloads) in SIDES.items():
            bench.offloads(offloads)
            there, back = bench.iperf(address, "-r", "-t", str(SECONDS))
            take(result[side], "in_mb_s", there[1] / 1e6)
            take(result[side], "out_mb_s", back[1] / 1e6)


def echoes(bench, result, runs):
    bench.offloads("on")
    for _ in range(min(runs, ECHO_RUNS)):
        for side in ("guest", "vmm"):
            address, to = SIDES[side][0], result[side]
            take(to, "echo_mb_s",
                 bench.echo(address, "stream", SECONDS)["mb_s"])
            times = bench.echo(address, "latency", ROUND_TRIPS)
            take(to, "echo_median_ms", times["median_ms"])
            take(to, "echo_p99_ms", times["p99_ms"])
            take(to, "echo_per_s",
                 bench.echo(address, "connect", SECONDS)["per_s"])


def counted(bench, counters, address, *words):
    """(bytes in, bytes out, Counts)"""
    before = counters.read()[0]
    moved = bench.iperf(address, *words)
    counts = cost.minus(counters.read()[0], before)
    return moved[0][0], moved[-1][0], counts


def instructions(name, mode, result):
    """Of the whole machine for a byte. lwiperf sends by time only, and only
    behind what it received; so the way out is the rest."""
    counters = cost.Cost(paths.WORK / name / "events")
    bench = Bench(name, mode, counters.arguments())
    try:
        for side, (address, offloads) in SIDES.items():
            bench.offloads(offloads)
            size, _, there = counted(bench, counters, address, "-n",
                                     f"{COUNTED_MB}M")
            in_too, out, both = counted(bench, counters, address, "-r", "-t",
                                        str(SECONDS))
            back = cost.Counts(*(b - t * in_too / size
                                 for b, t in zip(both, there)))
            for key, counts, n in (("in", there, size), ("out", back, out)):
                result[side][f"{key}_instructions"] = round(sum(counts) / n, 3)
                result[side][f"{key}_instructions_of"] = {
                    who: round(c / n, 3) for who, c in
                    counts._asdict().items()}
    finally:
        bench.stop()


def measure(runs):
    """{mode: {side: figures}}"""
    found = {}
    for mode in MODES:
        result = {side: {"runs": {}} for side in SIDES}
        bench = Bench(f"bench-stack-{mode}", mode)
        try:
            throughput(bench, result, runs)
            echoes(bench, result, runs)
            violations = bench.machine.nic_counter("c-violations")
            assert not violations, f"{violations} rules of the NIC broken"
        finally:
            bench.stop()
        instructions(f"bench-stack-{mode}-cost", mode, result)
        found[mode] = result
    return found


def ratios(found):
    """The VMM's to the guest's: {MODE_KEY: with the guest's offloads} and
    {MODE_KEY_plain: without}."""
    flat = {}
    for mode, result in found.items():
        for key in ROWS:
            for side, end in (("guest", ""), ("guest_plain", "_plain")):
                if result[side].get(key):
                    flat[f"{mode}_{key}{end}"] = round(
                        result["vmm"][key] / result[side][key], 3)
    return flat


def show(found):
    for mode, result in found.items():
        print(f"\n{'net=' + mode:28}" + "".join(
            f"{WHAT[side]:>20}" for side in SIDES))
        for key, (what, unit) in ROWS.items():
            print(f"{what + (', ' + unit if unit else ''):28.28}" + "".join(
                f"{result[side].get(key, '-'):>20}" for side in SIDES))
