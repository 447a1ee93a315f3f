# SPDX-License-Identifier: MIT
"""What does an exit cost, and what a guest that only computes? In executed
instructions, which tools/exitcost counts, since times mean nothing here. The
budget is tests/bench/exit-budget.txt.
"""

import re
import statistics
import time

import pytest
from lib import boot, cost, paths
from lib.dbgsh import DebugShell
from lib.machine import HOST_ADDRESS, Machine

BUDGET = paths.TOP / "tests" / "bench" / "exit-budget.txt"
COMPUTE_ROUNDS = 100_000_000
COMPUTE_LIMIT = 0.01
IDLE_SECONDS = 5
PINGS = 20
# exits that the work asks for itself; of others at least a few
EXITS = {"touch": 200, "halt": 250, "deadline": 3}
MOST = 2000
NMI, CPUID, HLT = 0x61, 0x72, 0x78


def budget():
    """[(work, reason, limit or None)]"""
    lines = []
    for line in BUDGET.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            work, reason, limit = line.split()
            lines.append((work, reason,
                          None if limit == "-" else int(limit)))
    return lines


@pytest.fixture(scope="module")
def counted():
    """A guest on the network, and the counters of its machine."""
    counters = cost.Cost(paths.WORK / "cost" / "events")
    image = boot.guest(("virtio_pci", "virtio_net", "af_packet", "msr"))
    options = boot.prepare("cost", image, cmdline="iomem=relaxed")
    m, _ = boot.start(lambda: Machine(
        "cost", extra=counters.arguments(), **options))
    try:
        boot.dhcp(m)
        m.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
        yield m, counters
    finally:
        m.stop()


def run_work(machine, counters, work, *count):
    """The work's events, between its markers."""
    bar = machine.console.run(
        "dirname $(grep -l 0x1af4 /sys/bus/pci/devices/*/vendor)").strip()
    counters.skip()
    machine.console.run(" ".join(
        [f"WORKLOAD_BAR={bar}/resource0 workload", work, *map(str, count)]))
    return cost.Work(counters.events())


def run_pings(machine, counters):
    counters.skip()
    machine.console.run(f"ping -c {PINGS} -i 0.1 {HOST_ADDRESS}")
    return cost.Work(counters.events(), marked=False)


@pytest.fixture(scope="module")
def measured(counted):
    """{work: (Work, {function: instructions an exit})} of the budget."""
    found = {}
    for work in dict.fromkeys(work for work, _, _ in budget()):
        before = counted[1].profile()
        done = run_pings(*counted) if work == "ping" else \
            run_work(*counted, work)
        spent = counted[1].profile() - before
        found[work] = done, {name: n / max(1, len(done.exits))
                             for name, n in spent.most_common(12)}
    return found


def exits_of(work, reason):
    return [e for e in work.exits if cost.name(e.code) == reason]


def test_what_exits_cost_is_shown(measured, capsys):
    with capsys.disabled():
        print(f"\ninstructions of the VMM an exit\n{cost.TITLE}")
        for work, reason, _ in budget():
            print(cost.line(f"{work} {reason}",
                            exits_of(measured[work][0], reason)))


@pytest.mark.parametrize("work, reason, limit", [
    line for line in budget() if line[2] is not None])
def test_an_exit_costs_no_more_than_its_budget(measured, work, reason,
                                               limit):
    done, functions = measured[work]
    exits = cost.plain(exits_of(done, reason))
    assert len(exits) >= EXITS.get(work, MOST) * 0.9
    mean = statistics.mean(cost.vmm(e.counts) for e in exits)
    spent = ", ".join(f"{n} {v:.0f}" for n, v in functions.items())
    assert mean <= limit, f"{mean:.0f} instructions; an exit's: {spent}"
    assert mean > 100, "that is not an exit"


def test_who_computes_pays_less_than_one_percent(counted, capsys):
    work = run_work(*counted, "compute", COMPUTE_ROUNDS)
    assert work.total.guest > 5 * COMPUTE_ROUNDS
    with capsys.disabled():
        print(f"\ncomputing: {work.total.guest} instructions of the guest, "
              f"{cost.vmm(work.total)} of the VMM and {work.total.domain} of "
              f"its domains ({work.share():.6%}); exits: {work.reasons()} ")
    assert work.share() < COMPUTE_LIMIT


def test_idle_exits_are_few_and_known_by_reason(counted, capsys):
    machine, counters = counted
    machine.console.run("true")
    counters.skip()
    time.sleep(IDLE_SECONDS)
    work = cost.Work(counters.events(), marked=False)
    with capsys.disabled():
        print(f"\nidle, exits a second: {work.reasons(IDLE_SECONDS, 1)} ")
    assert set(work.by_reason()) <= {NMI, HLT, cost.NPF}   # a doorbell
    assert 0 < len(work.exits) < 100 * IDLE_SECONDS


def counter(machine, reason):
    """The VMM's own counter of a reason."""
    with DebugShell(machine.console) as shell:
        said = shell.command("exits")
    return int(re.search(rf"^\s*{reason}\s+\w+\s+(\d+)", said, re.M)[1])


def test_counters_inside_and_outside_agree(counted):
    """The shell that reads them makes CPUID exits, too."""
    machine, counters = counted
    counters.skip()
    before = counter(machine, "CPUID")
    machine.console.run("workload cpuid")
    inside = counter(machine, "CPUID") - before
    outside = len(cost.Work(counters.events(), False).by_reason()[CPUID])
    assert MOST <= inside <= outside <= inside + 200


def test_the_vmm_broke_no_rule_of_the_nic(counted):
    assert counted[0].nic_counter("c-violations") == 0
