# SPDX-License-Identifier: MIT
"""Fixed work in the guest, with and without Tandem: how long it takes, how many
instructions the machine executes for it, and which exits it causes."""

import re
import statistics
import time

from lib import boot, cost, paths
from lib.machine import Machine

# name in tests/guest/workload: (what, how much of it)
WORKS = {
    "compute": ("computing", 100_000_000),
    "memory": ("page faults", 204_800),
    "process": ("fork and exec", 300),
    "syscall": ("system calls", 1_000_000),
}
LIMIT = 120
IDLE_SECONDS = 10


def key(work, what):
    return f"{work}_{what}"


def rows():
    """For bench's table: {key: (what, unit, is more better)}"""
    table = {}
    for part, unit in (("s", "s"), ("minstructions", "10^6 instr.")):
        for work, (what, _) in WORKS.items():
            table[key(work, part)] = (what, unit, False)
    return table


def seconds(machine, work):
    """How long the guest needs for it."""
    said = machine.console.run(f"workload {work} {WORKS[work][1]}", LIMIT)
    return float(re.search(r"workload: \S+ \d+ ([0-9.]+)", said)[1])


def take_time(side, work):
    """Once more on a Side of bench; its result has the median."""
    runs = side.result["runs"].setdefault(key(work, "s"), [])
    runs.append(round(seconds(side.machine, work), 3))
    side.result[key(work, "s")] = round(statistics.median(runs), 3)


def million(count):
    return round(count / 1e6, 3)


def count(counters, machine, work, result):
    """Between the program's markers, so that starting it does not count."""
    counters.skip()
    seconds(machine, work)
    done = cost.Work(counters.events())
    in_all = sum(done.total)
    result[key(work, "minstructions")] = million(in_all)
    result["work"][work] = {
        "guest": done.total.guest, "vmm": cost.vmm(done.total),
        "domains": done.total.domain,
        "exits": {cost.name(code): len(exits)
                  for code, exits in done.by_reason().items()}}


def idle(counters, result):
    counters.skip()
    time.sleep(IDLE_SECONDS)
    done = cost.Work(counters.events(), marked=False)
    result["exits_per_s_idle_by_reason"] = {
        cost.name(code): round(len(exits) / IDLE_SECONDS, 1)
        for code, exits in done.by_reason().items()}


def count_all(name, tandem, result):
    """A machine of its own, since counting makes it slower."""
    counters = cost.Cost(paths.WORK / name / "events")
    options = boot.prepare(name, boot.guest(), tandem=tandem)
    machine, _ = boot.start(lambda: Machine(
        name, extra=counters.arguments(), **options))
    result["work"] = {}
    try:
        boot.dhcp(machine)
        for work in WORKS:
            count(counters, machine, work, result)
        idle(counters, result)
    finally:
        machine.stop()


def text(exits):
    return ", ".join(f"{name} {n}" for name, n in exits.items()) or "none"


def show(result):
    """What Tandem executed for each work, and for which exits."""
    print(f"{'with Tandem':20}{'instructions of the VMM':>24}"
          f"{'of domains':>12}{'to guest':>11}  exits")
    for work, (what, _) in WORKS.items():
        done = result["work"][work]
        share = (done["vmm"] + done["domains"]) / done["guest"]
        print(f"{what:20}{done['vmm']:24}{done['domains']:12}"
              f"{share:11.4%}  {text(done['exits'])}")
    print(f"{'idle, a second':67}  "
          f"{text(result['exits_per_s_idle_by_reason'])}")
