# SPDX-License-Identifier: MIT
"""VMM calls: what they give, what hostile callers of every kind get, and the
limit of calls a second. What takes a machine without an OS is among the cases
of test_payload.py.
"""

import json
import os
import re
import struct
import subprocess
import sys
import time

import pytest
from lib import alive, boot, gdbstub, paths, vmm_file, wire
from lib.dbgsh import DebugShell
from lib.machine import Machine

CONFIG = paths.config()
ADDRESS = CONFIG["IP_ADDRESS"]
PORT = 7
MODULES = ("virtio_pci", "virtio_net", "af_packet")
CRASHED = "domain: crash ended:"
CPUS = 2
LIMIT = 1000            # calls a second, of the machine with a low limit
BURST = LIMIT // 100 + 2
SECONDS = 4


def numbers(name, said):
    """{what: number} of lines "NAME: WHAT NUMBER"."""
    return {what: int(value) for what, value in
            re.findall(rf"(?m)^(?:\[[^]]*\] )?{name}: (\S+) (\d+)\r?$", said)}


def start(name, files=None):
    image = boot.guest(MODULES)
    image.file("modules/logbuf.ko", paths.need(
        paths.BUILD / "modules" / "logbuf.ko", "run make guest-modules"))
    options = boot.prepare(name, image, files=files)

    def make():
        m = Machine(name, cpus=CPUS, peer=True, forward=[(ADDRESS, PORT)],
                    extra=["-global", "ICH9-LPC.disable_s3=0"], **options)
        m.extra += gdbstub.GdbStub.arguments(m)
        return m

    m, _ = boot.start(make)
    return m


@pytest.fixture(scope="module")
def machine():
    m = start("vmmcalls")
    try:
        boot.dhcp(m)
        yield m
    finally:
        m.stop()


def lives(machine):
    assert "Tandem" in machine.console.run("dbgsh -c version")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)


# ---- access classes ----

@pytest.mark.parametrize("choice, name, value", [
    ("DBGSH_ANY", "DBGSH", 2), ("DBGSH_CPL0", "DBGSH", 1),
    ("DBGSH_OFF", "DBGSH", 0), ("GET_STATUS_CPL0", "GET_STATUS", 1),
    ("GET_STATUS_OFF", "GET_STATUS", 0),
    ("LOG_SET_BUF_CPL0", "LOG_SET_BUF", 1),
    ("LOG_SET_BUF_OFF", "LOG_SET_BUF", 0)])
def test_configuration_decides_who_may_call(tmp_path, choice, name, value):
    """What the core makes of the value: tests/unit/vmmcall_test.c."""
    dotconfig = tmp_path / ".config"
    dotconfig.write_text(f"CONFIG_VMMCALL_{choice}=y\n")
    subprocess.run(
        [sys.executable, "scripts/kconfig.py", "generate", tmp_path / "made"],
        cwd=paths.TOP, check=True, timeout=60,
        env={**os.environ, "KCONFIG_CONFIG": str(dotconfig)})
    made = (tmp_path / "made" / "autoconf.h").read_text()
    assert f"#define CONFIG_VMMCALL_{name}_ACCESS {value}\n" in made


# ---- status ----

def test_status_tells_what_is_so(machine):
    said = machine.console.run("vmmstatus")
    seconds = machine.seconds()
    status = numbers("vmmstatus", said)
    log = machine.vmm_log()
    release, block = re.search(r"Tandem (\S+), (\d+) MiB at", log).groups()
    assert re.search(r"release (\S+)", said)[1] == release[:47]
    assert status["version"] == 1 and status["cpus"] == CPUS
    assert status["struct"] == status["size"] == 288
    assert 0 < status["uptime"] < seconds * 1e6
    assert status["memory-total"] == int(block) << 20
    free = int(re.search(r"guest runs; (\d+) KiB", log)[1]) << 10
    # The services and the shell have started since.
    assert free / 4 < status["memory-free"] <= free
    assert status["exits"] > status["calls"] > 0
    assert status["log"] > 500
    later = numbers("vmmstatus", machine.console.run("vmmstatus"))
    for what in ("uptime", "exits", "calls"):
        assert later[what] > status[what], what


def test_status_counts_frames_and_log_lines(machine):
    def look():
        said = machine.console.run("vmmstatus")
        ports = {name: list(map(int, figures.split())) for name, figures in
                 re.findall(r"port\d (\w+) ([\d ]+)", said)}
        return ports, numbers("vmmstatus", said)["log"]

    before, log = look()
    assert list(before) == ["wire", "guest", "stack"]
    assert before["wire"][0] == 1
    wire.ping(machine.peer, ADDRESS, count=5)
    after, same = look()
    assert after["wire"][1] >= before["wire"][1] + 5
    assert after["stack"][3] >= before["stack"][3] + 5
    provoke(machine)
    assert look()[1] >= same + len(CRASHED) >= log + len(CRASHED)


def test_text_says_the_same(machine):
    said = machine.console.run("vmmstatus").replace("\r", "")
    text = said[said.index("\nrelease: ") + 1:said.index("vmmstatus: done")]
    assert re.fullmatch(
        r"release: \S+\nuptime: \d+\.\d{6} s\ncpus: 2\n"
        r"memory: \d+ bytes, \d+ free\nexits: \d+\n"
        r"calls: \d+, delayed \d+\nlog: \d+ bytes\n"
        r"(port (wire|guest|stack): link (up|down), from it \d+ frames "
        r"\d+ bytes, to it \d+ frames \d+ bytes, dropped \d+\n){3}", text)
    assert abs(len(text) - numbers("vmmstatus", said)["text"]) == 0


def test_does_status_write_where_the_caller_could_not(machine):
    said = numbers("vmmstatus", machine.console.run("vmmstatus"))
    refused = ("null", "kernel", "not-canonical", "wraps", "read-only",
               "half-read-only", "half-read-only-text", "small", "nothing",
               "untouched", "still-untouched")
    assert {what: said[what] for what in refused} == dict.fromkeys(refused, 0)
    assert said["across"] == said["across-magic"] == 1
    assert said["header"] == said["larger"] == said["larger-bytes"] == 288
    assert said["header-bytes"] == 16
    assert said["cut-bytes"] == 10 and said["cut-end"] == 0
    assert said["cut"] > 100
    assert abs(said["length"] - said["cut"]) <= 4    # digits of counters
    lives(machine)


# ---- callers from 32-bit code ----

def test_32_bit_callers_pass_offsets_in_their_ds(machine):
    said = numbers("vmmcalls32", machine.console.run("vmmcalls32"))
    number = numbers("vmmcalls", machine.console.run("vmmcalls"))["dbgsh"]
    found = ("dbgsh", "base", "base-1")
    assert {said.pop(what) for what in found} == {number}
    assert [said.pop(what) for what in
            ("status", "status-base", "status-down")] == [1, 1, 1]
    assert len(said) == 10 and set(said.values()) == {0}, said


# ---- exits ----

def shell(machine, command):
    return machine.console.status(f"dbgsh -c '{command}'", 60)


def test_exits_by_cpu_add_up(machine):
    _, text = shell(machine, "exits --json")
    together = json.loads(text)
    _, text = shell(machine, "exits -c --json 2")
    each = json.loads(text)
    assert 1e6 <= together["us"] < 2e7 and 2e6 <= each["us"] < 2e7
    assert {e["cpu"] for e in each["exits"]} == {0, 1}
    sums = {}
    for e in each["exits"]:
        sums[e["reason"]] = sums.get(e["reason"], 0) + e["count"]
    for e in together["exits"]:
        # counted later, so at least as many
        assert e["count"] <= sums[e["reason"]] < 2 * e["count"] + 5000
    assert {"VMMCALL", "HLT", "NMI"} <= set(sums)


def test_exits_tells_the_rate(machine):
    """Of a CPU that calls at least 200 times a second."""
    machine.console.run("callrate 6 2 >/tmp/rate &")
    _, text = shell(machine, "exits -c --json 3")
    rates = {e["cpu"]: e["rate"] for e in json.loads(text)["exits"]
             if e["reason"] == "VMMCALL"}
    machine.console.run("wait; cat /tmp/rate")
    assert min(rates.values()) > 200, rates
    _, text = shell(machine, "exits -c 1")
    assert re.search(r"(?m)^cpu reason +code +so far +a second\s*$", text)
    assert len(re.findall(r"(?m)^  [01] VMMCALL +81 +\d+ +\d+\s*$", text)) == 2


def test_exits_explains_itself(machine):
    code, usage = shell(machine, "exits -h")
    assert code == 0 and usage.startswith("exits [-c] [--json] [SECONDS]")
    for wrong in ("0", "3601", "x", "-x", "1 2", "-c 1 1"):
        code, said = shell(machine, f"exits {wrong}")
        assert code == 2 and "exits: expected -c, --json or 1 to" in said


# ---- log_set_buf ----

@pytest.fixture(scope="module")
def buffer(machine):
    """With the module that has offered the VMM what is no buffer."""
    base = re.search(r"MiB at (0x[0-9a-f]+)", machine.vmm_log())[1]
    code, _ = machine.console.status(
        f"insmod /modules/logbuf.ko block={base} top=0x40000000", 30)
    assert code == 0
    return machine.console.run("dmesg | grep logbuf:")


def provoke(machine):
    """Have the VMM log something."""
    before = machine.vmm_log().count(CRASHED)
    machine.console.status("dbgsh -c 'crash null'")
    for _ in range(50):
        if machine.vmm_log().count(CRASHED) > before:
            return
        time.sleep(0.1)
    raise TimeoutError("no domain ended")


def parameter(machine, name, value):
    return machine.console.status(
        f"echo {value} >/sys/module/logbuf/parameters/{name}")[0]


def collected(machine):
    return machine.console.run("cat /sys/module/logbuf/parameters/text")


def test_does_the_vmm_write_its_log_where_no_buffer_is(machine, buffer):
    offers = re.findall(r"logbuf: (\S+) (\d+)", buffer)
    taken = [("number", "1"), ("untouched", "1"), ("smallest", "1"),
             ("end", "1"), ("end-again", "1"), ("good", "1")]
    assert [o for o in offers if o[1] != "0"] == taken
    assert len(offers) == len(taken) + 2 * 19
    lives(machine)


def test_log_comes_into_the_buffer(machine, buffer):
    """The offers that were refused have left it in use."""
    collected(machine)
    provoke(machine)
    assert CRASHED in collected(machine)


def test_is_a_count_that_lies_believed(machine, buffer):
    for lie in (-1, 0x7fffffff, 40000):
        parameter(machine, "count", lie)
        provoke(machine)
        lives(machine)
    # As much waits as there is room: nothing comes.
    parameter(machine, "count", 32768 - 4)
    provoke(machine)
    parameter(machine, "buffer", 0)
    provoke(machine)
    assert collected(machine).count(CRASHED) == 1


def test_buffer_moves_while_it_is_in_use(machine, buffer):
    for which in (1, 0, 1):
        assert parameter(machine, "buffer", which) == 0
        assert collected(machine) == ""
        provoke(machine)
        assert collected(machine).count(CRASHED) == 1
    assert parameter(machine, "buffer", -1) == 0
    provoke(machine)
    assert collected(machine).strip() == "none"
    assert parameter(machine, "buffer", 0) == 0


def test_buffer_outlives_sleep(machine, buffer):
    machine.console.begin("echo mem >/sys/power/state")
    deadline = time.monotonic() + 30
    while machine.qmp("query-status")["status"] != "suspended":
        assert time.monotonic() < deadline, "the machine does not sleep"
        time.sleep(0.05)
    machine.qmp("system_wakeup")
    assert machine.console.end(60)[0] == 0
    assert "sleep: awake, guest at" in collected(machine)


def listens(machine):
    """Whether the VMM has a buffer to write its log to."""
    with gdbstub.GdbStub(machine) as stub:
        block = re.findall(r"MiB at (0x[0-9a-f]+)", machine.vmm_log())[-1]
        memory = gdbstub.VmmMemory(stub, int(block, 16))
        return memory.read32("listener") != 0


def test_reboot_ends_it(machine, buffer):
    assert listens(machine)
    machine.console.stop_agent()
    machine.console.sendline("reboot -f")
    boot.wait_ready(machine, 120)
    assert not listens(machine)
    lives(machine)
    assert machine.nic_counter("c-violations") == 0


# ---- the limit ----

@pytest.fixture(scope="module")
def limited():
    """The same VMM with a low limit."""
    place = gdbstub.symbols()["vmmcall_interval_ns"]
    usual = struct.pack("<I", 10**9 // int(CONFIG["VMMCALL_RATE"]))
    low = struct.pack("<I", 10**9 // LIMIT)
    image = paths.VMM.read_bytes()
    assert vmm_file.altered(image, place, usual) == image
    m = start("vmmcalls-limit", {
        "EFI/BOOT/tandem.elf": vmm_file.altered(image, place, low)})
    try:
        boot.dhcp(m)
        with DebugShell(m.console, timeout=60) as debug:
            assert "listens" in debug.command(f"echoctl server start {PORT}")
        yield m
    finally:
        m.stop()


def call_in_loop(machine, cpus, meanwhile=lambda: None):
    """[calls, ticks, ms] of each CPU, and what meanwhile() said."""
    machine.console.run(f"callrate {SECONDS} {cpus} >/tmp/rate &")
    time.sleep(0.5)
    said = meanwhile()
    lines = re.findall(r"cpu \d+ calls (\d+) ticks (\d+) ms (\d+)",
                       machine.console.run("wait; cat /tmp/rate"))
    assert len(lines) == cpus
    return [list(map(int, line)) for line in lines], said


def set_interval(machine, ns):
    with gdbstub.GdbStub(machine) as stub:
        block = re.findall(r"MiB at (0x[0-9a-f]+)", machine.vmm_log())[-1]
        gdbstub.VmmMemory(stub, int(block, 16)).write(
            "vmmcall_interval_ns", struct.pack("<I", ns))


@pytest.mark.parametrize("cpus", [1, CPUS])
def test_calls_beyond_the_limit_wait_and_nobody_else_does(limited, cpus,
                                                          capsys):
    """Calls in a loop, meanwhile ping and echo to the VMM, and the guest's
    own timer."""
    before = numbers("vmmstatus", limited.console.run("vmmstatus"))
    lines, said = call_in_loop(
        limited, cpus, lambda: alive.services_live_on(limited, ADDRESS, PORT))
    for calls, ticks, ms in lines:
        allowed = LIMIT * ms / 1000 + BURST
        # the host has other work, too
        assert allowed / 10 < calls <= allowed + 1, lines
        assert ticks > ms / 10 / 5, lines
    after = numbers("vmmstatus", limited.console.run("vmmstatus"))
    assert after["delayed"] > before["delayed"] + 100
    with capsys.disabled():
        print(f"\n{cpus} CPUs, limit {LIMIT}: {lines}; {said} ", end="")


def test_interrupts_come_while_a_caller_waits_for_half_a_second(limited,
                                                                capsys):
    set_interval(limited, 500_000_000)
    try:
        lines, _ = call_in_loop(limited, CPUS)
    finally:
        set_interval(limited, 10**9 // LIMIT)
    for calls, ticks, ms in lines:
        assert 1 <= calls <= ms / 500 + 3, lines
        # every 10 ms; if they came between two calls only, some 8
        assert ticks > 50, lines
    with capsys.disabled():
        print(f"\n2 calls a second: {lines} ", end="")


def test_debug_shell_works_below_the_limit(limited):
    assert "VMMCALL" in limited.console.run("dbgsh -c exits")
    assert limited.nic_counter("c-violations") == 0
