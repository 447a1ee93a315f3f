# SPDX-License-Identifier: MIT
"""The program debug: does it show the guest's memory and CPUs as they are, to
who has the key, and nothing else to anybody? QEMU's monitor and the guest's own
/proc are the judges."""

import re
import time

import pytest
from lib import boot, paths
from lib.dbgsh import DebugShell
from lib.machine import Machine
from lib.wait import wait_for

PAGE = 4096
PROMPT = "debug> "
APIC = 0xFEE00000
WRONG = "not-the-right-key"
LINE = re.compile(r"(?m)^([0-9a-f]{16})  ([0-9a-f ]{48})  \|(.{16})\|$")


def key():
    """As a person reads it in the configuration; the build's own has but a
    digest."""
    config = (paths.BUILD / ".config").read_text()
    return re.search(r'(?m)^CONFIG_DEBUG_KEY="(.+)"$', config)[1]


def pattern(n, length=PAGE):
    """As debugmark fills page n."""
    return bytes(i * 7 + i // 256 * 31 + n * 101 & 255 for i in range(length))


def dumped(said):
    """{address: byte} of a dump a byte at a time."""
    found = {}
    for address, digits, text in LINE.findall(said):
        digits = digits[:24] + digits[25:]      # a gap in the middle
        for i in range(16):
            byte = digits[i * 3:i * 3 + 2]
            if byte.strip():
                value = found[int(address, 16) + i] = int(byte, 16)
                assert text[i] == (chr(value) if 32 <= value < 127 else ".")
    return found


def content(said, address, length):
    """The bytes of a dump of that range, which must be all that it has."""
    found = dumped(said)
    assert sorted(found) == list(range(address, address + length)), said
    return bytes(found[a] for a in sorted(found))


class Debug:
    """The prompt of debug, in a session of dbgsh or of debugmark."""

    def __init__(self, console, program="dbgsh"):
        self.shell = DebugShell(console, program)
        self.greeting = console.before
        try:
            self.shell.command("debug", prompt="key: ")
            console.send(key() + "\r")
            console.expect(re.escape(PROMPT), 30)
        except BaseException:
            self.shell.give_up()
            raise

    def __call__(self, line):
        return self.shell.command(line, prompt=PROMPT)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is None:
            self.shell.command("q")
        self.shell.__exit__(*error)


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("debug", boot.guest(()))
    m, _ = boot.start(lambda: Machine("debug", cpus=2, **options))
    yield m
    m.stop()


@pytest.fixture(scope="module")
def block(machine):
    """The VMM's memory: base and size."""
    mib, base = re.search(r"(\d+) MiB at (0x[0-9a-f]+), started by",
                          machine.vmm_log()).groups()
    return int(base, 16), int(mib) << 20


@pytest.fixture
def mark(machine, block):
    """debug in the session of a program that has told where its pages are;
    its own table maps what debug must not read."""
    targets = [block[0], APIC, 0xFFFFFFFFFF000, block[0] + block[1] - PAGE]
    with Debug(machine.console, "debugmark " + " ".join(
            f"{t:x}" for t in targets)) as debug:
        debug.pages, debug.first, debug.third, debug.table = (
            int(n, 16) for n in re.search(
                r"pages at (\w+) physical (\w+) (\w+), table (\w+)",
                debug.greeting).groups())
        yield debug


# ---- memory ----

def test_a_page_reads_the_same_by_both_addresses(mark):
    for command, address in ("d", mark.pages), ("D", mark.first):
        said = mark(f"{command} {address:x} 1000")
        assert content(said, address, PAGE) == pattern(0)
    said = mark(f"D 0x{mark.third:X} 0x1000")
    assert content(said, mark.third, PAGE) == pattern(2)


def test_physical_memory_is_what_qemu_has_there(machine, mark):
    for address in 0x1000, 0x9F000, 0x100000, mark.third:
        seen = machine.qmp.monitor(f"xp /64bx {address:#x}")
        want = bytes(int(b, 16) for b in re.findall(r" 0x(\w\w)\b", seen))
        assert len(want) == 64
        said = mark(f"D {address:x} 40")
        if "VMM" not in said:
            assert content(said, address, 64) == want


def test_odd_addresses_and_lengths_are_dumped_exactly(mark):
    said = mark(f"d {mark.pages + 0x7f5:x} 2d")
    assert content(said, mark.pages + 0x7F5, 0x2D) == \
        pattern(0)[0x7F5:0x7F5 + 0x2D]


def test_without_an_address_the_dump_goes_on(mark):
    mark(f"d {mark.pages:x} 20")
    assert content(mark("d"), mark.pages + 0x20, 256) == \
        pattern(0)[0x20:0x120]
    assert content(mark("dump"), mark.pages + 0x120, 256) == \
        pattern(0)[0x120:0x220]
    mark(f"D {mark.first:x} 10")
    assert content(mark("D"), mark.first + 0x10, 256) == \
        pattern(0)[0x10:0x110]


@pytest.mark.parametrize("width", [2, 4, 8])
def test_wider_numbers_are_little_endian(mark, width):
    said = mark(f"d width={width} {mark.pages:x} 40")
    rows = re.findall(r"(?m)^[0-9a-f]{16} ([0-9a-f ]+)  \|", said)
    got = b"".join(int(n, 16).to_bytes(width, "little")
                   for row in rows for n in row.split())
    assert got == pattern(0)[:64]
    assert "multiples of the width" in mark(
        f"d width={width} {mark.pages + 1:x} 40")


def test_a_page_that_is_not_there_is_a_line_between_those_that_are(mark):
    said = mark(f"d {mark.pages + PAGE - 16:x} 1020")
    hole = f"{mark.pages + PAGE:016x}-{mark.pages + 2 * PAGE - 1:016x}  " \
        "not mapped"
    assert hole in said
    found = dumped(said)
    assert len(found) == 32
    assert found[mark.pages + PAGE - 1] == pattern(0)[-1]
    assert found[mark.pages + 2 * PAGE] == pattern(2)[0]


def test_the_kernels_memory_is_shown(machine):
    address = int(machine.console.run(
        "grep ' linux_banner$' /proc/kallsyms").split()[0], 16)
    assert address >> 47 == 0x1FFFF
    version = machine.console.run("cat /proc/version").encode()
    with Debug(machine.console) as debug:
        said = debug(f"d {address:#x} {len(version):x}")
    assert content(said, address, len(version)) == version


def test_another_address_space_by_its_cr3_or_its_cpu(machine, mark):
    said = mark(f"d cr3={mark.table:x} 0 20")
    assert content(said, 0, 32)[:8] == \
        (mark.table | 7).to_bytes(8, "little")
    said = mark(f"d cpu=1 {mark.pages:x} 10")
    assert "not mapped" in said or dumped(said)
    assert "no CPU 2: expected 0 to 1" in mark("d cpu=2 0")


# ---- what is never read ----

def test_is_the_vmms_memory_shown_by_any_way(mark, block):
    base, size = block
    refused = "memory of the VMM: not shown"
    for address in base, base + size // 2, base + size - 256:
        assert refused in mark(f"D {address:x}")
        assert not dumped(mark(f"D {address:x}"))
    said = mark(f"D {base - 32:x} 40")
    assert refused in said and max(dumped(said)) == base - 1
    said = mark(f"D {base + size - 32:x} 40")
    assert refused in said and min(dumped(said)) == base + size
    for address in 0x1000, 0x4000:
        said = mark(f"d cr3={mark.table:x} {address:x}")
        assert refused in said and not dumped(said)
    said = mark(f"d cr3={base:x} 0")
    assert "not mapped" in said and not dumped(said)


def test_are_registers_of_devices_read(mark):
    for line in (f"D {APIC:x}", "D fed00000", "D e0000000", "D a0000",
                 f"d cr3={mark.table:x} 2000"):
        said = mark(line)
        assert "not RAM: not read" in said and not dumped(said), line
    said = mark(f"d cr3={mark.table:x} 2ff0 20")
    assert "physical fee00ff0" in said
    assert "not mapped" in mark(f"d cr3={APIC:x} 0")


def test_do_addresses_that_are_none_do_harm(mark):
    assert "not RAM" in mark("D ffffffffffffff00 100")
    assert "last one ended at the last address" in mark("D")
    assert "not RAM" in mark(f"d cr3={mark.table:x} 3000")
    for address in "800000000000", "ffff7fffffffff00", "8000000000000000":
        assert "not a canonical address" in mark(f"d {address}")
    said = mark("d 7fffffffff80 100")
    assert "not mapped" in said and "not a canonical" in said
    said = mark("d cr3=ffffffffffffffff 0")
    assert "not mapped" in said
    for wrong in ("D ffffffffffffff00 101", "d 0 10001", "d 0 0", "d 12345g",
                  "d 11112222333344445", "d -1", "d 0 1 2", "d width=3 0",
                  "d cr3=0 cpu=0 0", "D cr3=0 0", "d cpu=-1 0", "d 0x",
                  "r x", "r 0 1", "n 4294967296", "h 1", "h 1 2 3", "!",
                  "x", "q q", "dd"):
        assert "debug: expected: " in mark(wrong), wrong


# ---- CPUs ----

def test_registers_and_what_comes_next_of_a_cpu_that_spins(machine):
    run = machine.console.run
    run("taskset 2 debugmark spin >/tmp/spin & echo $! >/tmp/pid")
    try:
        wait_for(lambda: run("cat /tmp/spin"), 30, "it does not start")
        rip = int(run("cat /tmp/spin").split()[2], 16)
        with Debug(machine.console) as debug:
            for _ in range(20):         # the kernel may have it just then
                said = debug("r 1")
                if f"rip    {rip:016x}" in said:
                    break
            assert "CPU 1 of 2, privilege level 3" in said
            for text in ("r12    1212121212121212", "r13    1313131313131313",
                         "r14    fedcba9876543210", f"rip    {rip:016x}"):
                assert text in said, said
            cr3 = re.search(r"cr3    (\w+)", said)[1]
            for _ in range(20):         # as QEMU has it; here, too
                regs = machine.qmp.ask("human-monitor-command", {
                    "command-line": "info registers", "cpu-index": 1})
                if f"RIP={rip:016x}" in regs:
                    break
            assert f"CR3={cr3}" in regs
            # it never leaves its instruction but for the NMI
            for _ in range(50):
                said = debug("n 1")
                assert "CPU 1 " in said, said
            for _ in range(20):
                said = debug("n 1")
                if f"at {rip:016x}, 64-bit code: eb fe" in said:
                    break
            assert f"at {rip:016x}, 64-bit code: eb fe" in said, said
            assert "CPU 1 runs, privilege level 3" in said
            assert "interrupts on" in said and "pending: nothing" in said
            assert "last exit: NMI (61)" in said
            assert content(debug(f"d cpu=1 {rip:x} 2"), rip, 2) == b"\xeb\xfe"
    finally:
        run("kill $(cat /tmp/pid)")


def test_a_halted_cpu_and_one_that_waits_for_a_sipi(machine):
    run = machine.console.run
    with Debug(machine.console, "taskset 1 dbgsh") as debug:
        for _ in range(50):
            said = debug("n 1")
            if "CPU 1 halted, privilege level 0" in said:
                break
        assert "CPU 1 halted, privilege level 0" in said
    run("echo 0 >/sys/devices/system/cpu/cpu1/online")
    try:
        with Debug(machine.console) as debug:
            said = debug("n 1")
            assert "interrupts off" in said
            assert "CPU 1 halted" in said or "waits for a SIPI" in said
    finally:
        run("echo 1 >/sys/devices/system/cpu/cpu1/online")


@pytest.mark.parametrize("cpu", [0, 1])
def test_does_a_cpu_that_waits_for_the_answer_keep_it_from_coming(machine,
                                                                  cpu):
    """The CPU that makes the VMM call may be the one that is asked for."""
    with Debug(machine.console, f"taskset {1 << cpu} dbgsh") as debug:
        for _ in range(10):
            assert f"CPU {cpu} of 2, privilege level" in debug(f"r {cpu}")
            assert "code: " in debug(f"next {cpu}")
        assert "no CPU 2: expected 0 to 1" in debug("r 2")
    assert not boot.complaints(machine)


# ---- the rest of the commands ----

def test_help_arithmetic_and_programs(machine):
    with Debug(machine.console) as debug:
        said = debug("h")
        for word in "d [address", "D [address", "r [cpu]", "n [cpu]", "! prog":
            assert word in said
        said = debug("h 0xffffffffffffffff 2")
        assert "ffffffffffffffff + 0000000000000002 = 0000000000000001" in said
        assert "ffffffffffffffff - 0000000000000002 = fffffffffffffffd" in said
        assert "fffffffffffffffe" in debug("help 1 3")
        assert "Tandem" in debug("! version")
        assert "Tandem" in debug("!version")
        assert "no such command" in debug("! nosuch")
        assert "exits: expected" in debug("!exits many words")
        # it starts itself, and its own first question is for the key
        assert "expected a key" in debug("! debug key=x d 0")


# ---- the key ----

def script(machine, command):
    return machine.console.status(f"dbgsh -c '{command}'")


def test_a_script_gets_one_command_with_the_key_and_a_status(machine):
    status, said = script(machine, f"debug key={key()} D 100000 20")
    assert status == 0
    assert len(content(said, 0x100000, 32)) == 32
    assert script(machine, f"debug key={key()} d")[0] == 2
    assert script(machine, f"debug key={key()} r 7")[0] == 1
    status, said = script(machine, "debug -h")
    assert status == 0 and "key=KEY" in said


def test_who_has_no_key_sees_nothing(machine):
    for command in ("debug", "debug D 100000 10", "debug key= D 100000 10",
                    "debug key=short D 100000 10",
                    f"debug key={'x' * 65} D 100000 10"):
        status, said = script(machine, command)
        assert status == 2 and not dumped(said), command
    status, said = machine.console.status(
        f"printf 'debug D 100000 10\\n{key()}\\nexit\\n' | dbgsh")
    assert status == 0 and dumped(said) and key() not in said


def test_a_wrong_key_costs_a_second_and_a_line_in_the_log(machine):
    lines = machine.vmm_log().count("debug: wrong key")
    status, said = script(machine, f"debug key={WRONG} D 100000 10")
    assert status == 1 and "wrong key" in said and not dumped(said)
    status, said = script(machine, f"debug key={key()} D 100000 10")
    if status:          # a slow host may have let the second pass
        assert "too soon after a wrong key" in said and not dumped(said)
    time.sleep(1.1)
    status, said = script(machine, f"debug key={key()} D 100000 10")
    assert status == 0 and dumped(said)
    log = machine.vmm_log()
    assert log.count("debug: wrong key") == lines + 1
    assert "debug: right key after 1 wrong ones" in log


def test_no_key_in_image_or_log(machine):
    for name in "tandem.elf", "tandem.debug":
        assert key().encode() not in (paths.BUILD / name).read_bytes()
    assert key() not in machine.vmm_log()
    assert WRONG not in machine.vmm_log()
