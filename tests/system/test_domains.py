# SPDX-License-Identifier: MIT
"""Protection domains of a real boot: hostile questions from inside (the program
usertests), what the log and ps tell of them, and what the guest and the wire
notice of it, which is nothing."""

import re
import subprocess
import threading

import pytest
from lib import boot, paths, wire
from lib.dbgsh import DebugShell
from lib.machine import Machine

ADDRESS = paths.config()["IP_ADDRESS"]
STARTS = 10_000         # domains/usertests/limits.c
SLOW = {"starts", "endless_loop", "endless_calls", "endless_starts"}


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("domains", boot.guest())
    m, _ = boot.start(lambda: Machine("domains", peer=True, **options))
    yield m
    m.stop()


def shell_says(machine, line, timeout=60):
    with DebugShell(machine.console) as shell:
        return shell.command(line, timeout=timeout)


def ended(machine, line):
    """What the log says of the end of the program that line starts: the first
    line and those of its callers, without time and prefix."""
    before = len(machine.vmm_log())
    assert "ended by the VMM" in shell_says(machine, line)
    lines = re.findall(r"warning: domain: (.*)", machine.vmm_log()[before:])
    assert all(text.startswith("  ") for text in lines[1:])
    return lines[0], lines[1:]


def cases(machine):
    return shell_says(machine, "usertests -l").split()


# ---- hostile questions ----

def test_usertests_lists_its_cases_and_refuses_others(machine):
    assert len(cases(machine)) > 100
    assert "expected: usertests" in shell_says(machine, "usertests -h")
    assert "1 of these names are none" in shell_says(machine,
                                                     "usertests nonsense")
    assert "1 cases, 0 failed" in shell_says(machine, "usertests names")


def test_each_hostile_question_gets_its_answer(machine):
    """The VMM's own address answers meanwhile, so netd is served."""
    names = [name for name in cases(machine) if name not in SLOW]
    with DebugShell(machine.console) as shell:
        said = shell.command("usertests", timeout=200)
    print(said)
    assert "FAILED" not in said
    found = re.findall(r"(?m)^(\w+): ok, \d+ ms", said)
    assert set(names) <= set(found) and SLOW <= set(found)
    assert f"usertests: {len(found)} cases, 0 failed" in said
    log = machine.vmm_log()
    assert "panic" not in log and "netd ended" not in log
    assert "(memory is used up)" in log
    assert re.search(r"usertests: \d+ lines left out", log)
    us = int(re.search(r"(?m)^starts: ok, (\d+) ms", said)[1]) * 1000 / STARTS
    print(f"a start and its end take {us:.0f} us here")
    assert us < 6000


def test_endless_programs_do_not_keep_the_vmm_from_answering(machine):
    answers = []

    def ask():
        answers.extend(wire.ping(machine.peer, ADDRESS, count=20))

    asking = threading.Thread(target=ask)
    with DebugShell(machine.console) as shell:
        asking.start()
        said = shell.command("usertests endless_loop endless_calls",
                             timeout=60)
    asking.join(60)
    assert "2 cases, 0 failed" in said
    assert len(answers) == 20 and None not in answers


# ---- what is told ----

@pytest.mark.parametrize("way, reason, function", [
    ("null", r"read at 0x8 \(a NULL pointer\)", "read_null"),
    ("code", r"write at 0x[0-9a-f]+ \(read-only\)", "write_code"),
    ("kernel", r"write at 0xffffffff80000000 \(the VMM's memory\)",
     "write_kernel"),
    ("canonical", "privileged instruction, port, or address that cannot be",
     "non_canonical"),
    ("port", "privileged instruction, port, or", "port"),
    ("sse", "FPU or SSE instruction: domains have none", "fpu"),
    ("x87", "FPU or SSE instruction: domains have none", "x87"),
    ("ud", r"undefined instruction, or abort\(\)", "undefined"),
    ("divide", "division by zero or overflow", "divide"),
    ("vmmcall", "VMM call: those are the guest's", "vmmcall"),
    ("int3", "breakpoint", "breakpoint"),
    ("int", "interrupt that is not for domains", "interrupt"),
    ("step", "single step", "single_step"),
    ("deep", r"write at 0x[0-9a-f]+ \(the stack has ended\)", "deep"),
])
def test_a_fault_is_told_with_reason_function_and_callers(
        machine, way, reason, function):
    first, callers = ended(machine, f"crash {way}")
    match = re.fullmatch(rf"crash ended: {reason}.*, "
                         rf"at {function}\+\S+ \(crash\+(0x[0-9a-f]+)\)", first)
    assert match, first
    # a tool that knows nothing of Tandem finds the same function
    place = subprocess.run(
        ["addr2line", "-fi", "-e", paths.BUILD / "domains" / "crash.elf",
         match[1]], capture_output=True, text=True, check=True).stdout
    assert function in place.split()
    assert callers and "_start" in callers[-1]
    assert all(re.fullmatch(r"  called from \w+\+\S+ \(crash\+\S+\)", line)
               for line in callers)


def test_a_jump_to_data_is_told_as_one(machine):
    first, _ = ended(machine, "crash exec")
    assert re.fullmatch(r"crash ended: jump at (0x[0-9a-f]+) \(data, not "
                        r"code\), at .* \(crash\+0x[0-9a-f]+\)|"
                        r"crash ended: jump at (0x[0-9a-f]+) \(data, not "
                        r"code\), at \2, not its code", first), first


def test_an_endless_loop_is_told_with_its_place(machine):
    first, _ = ended(machine, "spin")
    assert re.match(r"spin ended: ran too long: \d+ ms without waiting, "
                    r"at command\+", first)


def test_no_two_starts_have_the_same_addresses(machine):
    seen = {re.search(r"write at (0x[0-9a-f]+)",
                      ended(machine, "crash code")[0])[1] for _ in range(8)}
    assert len(seen) == 8


def test_ps_tells_state_time_memory_and_starter(machine):
    said = shell_says(machine, "ps")
    rows = {row[1]: row for row in re.findall(
        r"(?m)^ *(\d+)  (\S+) +(\S+) +(\d+) +(\d+) +\d+  (.*?)\s*$", said)}
    assert {"netd", "shell", "ps"} <= set(rows)
    assert rows["netd"][5] == rows["shell"][5] == "core"
    assert rows["ps"][5] == f"shell {rows['shell'][0]}"
    assert rows["netd"][2] == "waits" and rows["shell"][2] == "calls"
    assert int(rows["netd"][3]) >= 1
    assert 20 < int(rows["shell"][4]) < int(rows["netd"][4]) < 8192


# ---- ended from outside ----

def test_a_program_ended_while_it_waits_leaves_its_starter_working(machine):
    run = machine.console.run
    run("dbgsh -c 'exits 100' >/tmp/exits 2>&1 & "
        "for n in 1 2 3 4 5 6 7 8 9; do sleep 0.3; "
        "dbgsh -c ps | grep -q 'exits *waits' && break; done")
    assert "exits ended" in run("dbgsh -c 'kill exits'")
    said = run("wait; cat /tmp/exits")
    assert "ended by the VMM" in said
    assert "exits" not in shell_says(machine, "ps")


def test_the_shell_outlives_two_seconds_of_its_programs(machine):
    """What it only waits for is not its own time."""
    with DebugShell(machine.console) as shell:
        for _ in range(2):
            assert "ended by the VMM" in shell.command("spin", timeout=60)
        assert "Tandem" in shell.command("version")


def test_the_guest_has_nothing_to_complain_about(machine):
    assert boot.complaints(machine) == ""
