# SPDX-License-Identifier: MIT
"""What may the guest's kernel do to the machine? The module tests/guest/policy
asks the same questions without Tandem and with it. Where docs/policy.md says
that something passes, the answers are the same; where it does not, they are
what its tables say.

The last tests hang and reset the guest.
"""

import re
import sys
import time

import pytest
from lib import alive, boot, paths, wire
from lib.dbgsh import DebugShell
from lib.machine import Machine

sys.path.insert(0, str(paths.TOP / "scripts"))
import policy                               # noqa: E402

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
ONES = 0xffffffff

# ---- the questions ----

SUBLEAVES = {0x4: 4, 0x7: 3, 0xb: 3, 0xd: 10, 0xf: 2, 0x10: 2, 0x8000001d: 5,
             0x80000020: 2, 0x80000026: 3}
LEAVES = [(leaf, sub) for leaf in (
    *range(0x20), *range(0x40000000, 0x40000003),
    *range(0x80000000, 0x80000028)) for sub in range(SUBLEAVES.get(leaf, 1))]

READ_AS_WITHOUT = [                 # MSRs
    0x1b, 0x8b, 0xfe, 0x179, 0x17b, 0x1d9, *range(0x200, 0x210), 0x250, 0x258,
    0x259, *range(0x268, 0x270), 0x277, 0x2ff, *range(0x400, 0x428), 0xda0,
    0xc0000080, 0xc0000081, 0xc0000084, 0xc0000103, 0xc0002000,
    *range(0xc0010000, 0xc0010008), 0xc0010010, 0xc0010015, 0xc001001a,
    0xc001001d, 0xc001001f, 0xc0010058, 0xc0010064, 0xc0010140, 0xc0010141,
    *range(0xc0010200, 0xc001020c), 0xc0011004, 0xc0011005, 0xc0011029]
KEEP_AS_WITHOUT = [                 # MSRs that are written and read back
    (0x277, 0x0007010600070106), (0x174, 0x10), (0x175, 0xffff888000001000),
    (0x176, 0xffffffff81001000), (0xc0000081, 0x0023001000000000),
    (0xc0000082, 0xffffffff81234560), (0xc0000083, 0xffffffff81234570),
    (0xc0000084, 0x47700), (0xc0000100, 0x7f0012345000),
    (0xc0000102, 0x7f0012346000), (0xc0000103, 0x5a), (0xda0, 0),
    (0x20e, 0xe0000006), (0x20f, 0xffff000800), (0x200, 0x5), (0x201, 0x800),
    (0x250, 0x0606060606060606), (0x259, 0x0101010101010101),
    (0x26f, 0x0505050505050505), (0x2ff, 0xc06),
    (0xc0010000, 0x430076), (0xc0010004, 0x1234), (0xc0010200, 0x430076),
    (0xc0000408, 0), (0xc0002000, 1), (0x49, 1), (0x48, 0)]
XCR0_AS_WITHOUT = [1, 3, 7, 0, 2, 5, 8, 1 << 62, 1 << 63 | 7]
SPEAKER, REFRESH = 0x61, 0x10       # a bit that toggles as time goes by
PORTS_AS_WITHOUT = [(1, 0x64), (1, 0x92), (1, 0xcf9), (2, 0x604), (1, 0x3fb),
                    (1, 0xcfb), (1, SPEAKER)]
CONFIG_AS_WITHOUT = [               # bus 0: host bridge, ISA bridge, SATA
    0x80000000 | slot << 11 | function << 8 | register
    for slot, function in ((0, 0), (0x1f, 0), (0x1f, 2), (0x1e, 0))
    for register in (0, 8, 0xc, 0x10, 0x3c)]
NIC = 0x80000000 | 1 << 11
ECAM = 0xb0000000
HPET = 0xfed00000
HPET_REGISTERS = {"capabilities, timers": 0, "period": 4, "configuration":
                  0x10, "main counter": 0xf0, "timer 0": 0x100,
                  "timer 2": 0x140, "its comparator": 0x148}

SAME = (
    [f"cpuid {leaf:x} {sub:x}" for leaf, sub in LEAVES] +
    [f"rdmsr {msr:x}" for msr in READ_AS_WITHOUT] +
    [f"keep {msr:x} {value:x}" for msr, value in KEEP_AS_WITHOUT] +
    [f"xsetbv {value:x}" for value in XCR0_AS_WITHOUT] +
    [f"in {size:x} {port:x}" for size, port in PORTS_AS_WITHOUT] +
    [f"config {address:x} 4" for address in CONFIG_AS_WITHOUT] +
    [f"readl {ECAM:x}", "out 4 cf8 80fff8fc", "in 4 cf8",
     "out 4 cf8 0", "in 4 cfc", "counter", "tsc", "run invd", "run wbinvd"])
NATIVE = SAME + [
    f"config {NIC:x} 4", f"readl {ECAM + 0x8000:x}", "page fed00000",
    "out 1 2ff a5", "in 1 2ff"] + ["rate"] * 3

SVM = ("vmrun", "vmload", "vmsave", "stgi", "clgi", "skinit", "invlpga")
MONITOR = ("monitor", "mwait", "monitorx", "mwaitx")
REFUSED = [                         # (MSR, value to write)
    (0x1b, 0xfee01900), (0x1b, 0xfee00d00), (0x1b, 0xfee00800),
    (0x3b, 1), (0x6e0, 0x1000),
    (0xc0000080, 0x1d01), (0xc0000080, 0xffffffffffffffff),
    (0xc0000104, 1 << 32), (0xc0000105, 1), (0xc000010f, 1),
    (0xc0010016, 0), (0xc001001a, 0), (0xc001001d, 0), (0xc0010050, 0xcf9),
    (0xc0010056, 0xb2), (0xc0010058, 0xb0000001), (0xc0010064, 0),
    (0xc0010073, 0xcfc), (0xc0010111, 0), (0xc0010112, 0), (0xc0010113, 0),
    (0xc0010114, 0), (0xc0010116, 0), (0xc0010117, 0x1000), (0xc0010118, 0),
    (0xc0010119, 0), (0xc001011b, 0), (0xc0010130, 0x1000),
    (0xc0010132, 0), (0xc0010300, 0), (0xc0011005, 0), (0xc0011030, 1 << 48),
    (0xc001103a, 0x100), (0x40000000, 1), (0x4b564d00, 0), (0xc0010200 +
                                                           0x10000, 0)]
UNREADABLE = [0x3b, 0x6e0, 0xc0000104, 0xc0000105, 0xc000010e, 0xc000010f,
              0xc0010116, 0xc0010117, 0xc0010118, 0xc0010119, 0xc001011b,
              0xc0010130, 0xc0010300, 0xc001031f, 0xc0011030, 0xc001103d,
              0x40000000, 0x4b564d00]
IGNORED = [(0xc0010010, 0), (0xc0010015, ~0 & (1 << 64) - 1),
           (0xc0010020, 0xffff888000100000), (0xc001001f, 1 << 46)]
NOT_MTRR = [(0x200, 2), (0x200, 7), (0x200, 0x106), (0x200, 1 << 52),
            (0x201, 0x400), (0x250, 2), (0x26f, 0x0700000000000000),
            (0x2ff, 0x1000), (0x2ff, 3)]

WITH = (
    SAME + [f"run {name}" for name in SVM + MONITOR] +
    [f"wrmsr {msr:x} {value:x}" for msr, value in
     REFUSED + NOT_MTRR + IGNORED] +
    [f"rdmsr {msr:x}" for msr in UNREADABLE] +
    ["rdmsr c0010020", "rdmsr c0010114", "wrmsr 1d9 3", "rdmsr 1d9",
     "wrmsr 1d9 0", "shift 10000000000"] +
    [f"config {NIC + register:x} 4" for register in (0, 8, 0xc, 0x10, 0x2c)] +
    [f"readl {ECAM + 0x8000 + register:x}"
     for register in (0, 8, 0xc, 0x10, 0x2c)] +
    ["page fed00000"] +
    [f"readl {HPET + at:x}" for at in HPET_REGISTERS.values()] +
    [f"writel {HPET + at:x} 0" for at in (0x10, 0xf0, 0x100, 0x108, 0x140)] +
    ["page fed00000"] +
    [f"out 1 {port:x} a5" for port in range(0x2f8, 0x300)] +
    [f"in 1 {port:x}" for port in range(0x2f8, 0x300)] +
    ["in 2 2fc", "in 4 2fc", "in 2 2f7"] + ["rate"] * 3)

ASK = """
cd /sys/module/policy/parameters
while read -r question; do
	echo "$question" >ask
	read -r answer <ask
	echo "$question = $answer"
done </policy/$1
"""


# ---- the machines ----

def image():
    made = boot.guest(("virtio_pci", "virtio_net", "af_packet"))
    made.file("modules/policy.ko", paths.need(
        paths.BUILD / "modules" / "policy.ko", "run make guest-modules"))
    made.text("policy/native", "".join(q + "\n" for q in NATIVE))
    made.text("policy/with", "".join(q + "\n" for q in WITH))
    made.text("policy/ask", ASK)
    return made


def start(name, tandem, **options):
    boots = boot.prepare(name, image(), tandem=tandem)
    m, _ = boot.start(lambda: Machine(name, peer=tandem, **boots, **options))
    m.console.run("insmod /modules/policy.ko")
    return m


def ask(machine, which):
    """Question to answers; what is asked several times has several."""
    said = machine.console.run(f"sh /policy/ask {which}", timeout=120)
    answers = {}
    for question, answer in re.findall(r"^(.*) = (.*)$", said, re.M):
        answers.setdefault(question, []).append(answer.strip())
    return answers


@pytest.fixture(scope="module")
def without():
    with_time = "cat /sys/devices/system/clocksource/clocksource0/" \
        "available_clocksource; ls /sys/firmware/acpi/tables"
    m = start("policy-native", False)
    try:
        answers = ask(m, "native")
        answers["time"] = m.console.run(with_time)
        return answers
    finally:
        m.stop()


@pytest.fixture(scope="module")
def machine(without):
    m = start("policy", True, forward=[(ADDRESS, PORT)])
    yield m
    m.stop()


@pytest.fixture(scope="module")
def answers(machine):
    return ask(machine, "with")


def one(answers, question):
    assert question in answers, question
    return answers[question][0]


def different(without, answers, questions):
    return {q: (one(without, q), one(answers, q)) for q in questions
            if one(without, q) != one(answers, q)}


# ---- CPUID ----

def registers(text):
    return [int(word, 16) for word in text.split()]


def test_cpuid_differs_by_the_tables_bits_only(without, answers):
    wrong, hidden = {}, 0
    for leaf, sub in LEAVES:
        question = f"cpuid {leaf:x} {sub:x}"
        expected = registers(one(without, question))
        for at, which, cleared, _ in policy.masks():
            if at == leaf and which in (policy.ANY, sub):
                hidden += any(e & c for e, c in zip(expected, cleared))
                expected = [e & ~c for e, c in zip(expected, cleared)]
        if registers(one(answers, question)) != expected:
            wrong[question] = one(without, question), one(answers, question)
    assert not wrong
    assert hidden >= 3      # MONITOR, SVM, its features at least


def test_svm_is_hidden(without, answers):
    svm, features = "cpuid 80000001 0", "cpuid 8000000a 0"
    assert registers(one(without, svm))[2] & 4
    assert not registers(one(answers, svm))[2] & 4
    assert registers(one(answers, features)) == [0] * 4
    for name in SVM:
        assert one(answers, f"run {name}") == "fault", name
    assert one(answers, "rdmsr c0010114") == "18"


def test_monitor_and_mwait_are_hidden(without, answers):
    assert registers(one(without, "cpuid 1 0"))[2] & 8
    assert not registers(one(answers, "cpuid 1 0"))[2] & 8
    for name in MONITOR:
        assert one(answers, f"run {name}") == "fault", name


# ---- MSRs ----

def test_msrs_that_pass_read_as_without(without, answers):
    assert different(without, answers,
                     [f"rdmsr {m:x}" for m in READ_AS_WITHOUT]) == {}


def test_msrs_keep_what_is_written(without, answers):
    """MTRR, PAT, system calls, performance counters, machine check."""
    questions = [f"keep {m:x} {v:x}" for m, v in KEEP_AS_WITHOUT]
    assert different(without, answers, questions) == {}
    for msr, value in KEEP_AS_WITHOUT[:12] + KEEP_AS_WITHOUT[12:20]:
        assert one(answers, f"keep {msr:x} {value:x}") == f"{value:x}", msr


@pytest.mark.parametrize("msr, value", REFUSED, ids=lambda v: f"{v:x}")
def test_what_the_table_refuses_to_write_faults(answers, msr, value):
    """APIC base, EFER.SVME, SVM's own, SMM, the way to memory, ..."""
    assert one(answers, f"wrmsr {msr:x} {value:x}") == "fault"


def test_what_the_table_refuses_to_read_faults(answers):
    said = {f"{m:x}": one(answers, f"rdmsr {m:x}") for m in UNREADABLE}
    assert set(said.values()) == {"fault"}, said


def test_the_questions_cover_the_table():
    """Each line that refuses a write, or ignores one, is asked about."""
    asked = {m for m, _ in REFUSED + IGNORED} | set(UNREADABLE)
    left = [name for first, last, name, _, write, _ in policy.msrs()
            if write in ("REFUSE", "IGNORE") and
            not any(first <= m <= last for m in asked)]
    assert set(left) <= {"IORR_MASK0", "IORR_BASE1", "IORR_MASK1", "IGNNE",
                         "COFVID", "VM_PAGE_FLUSH"}


def test_microcode_and_the_like_are_ignored(without, answers):
    for msr, value in IGNORED:
        assert one(answers, f"wrmsr {msr:x} {value:x}") == "done", msr
    assert one(answers, "rdmsr c0010020") == "0"
    assert one(answers, "rdmsr 8b") == one(without, "rdmsr 8b")


def test_values_that_no_mtrr_takes_are_refused(answers):
    for msr, value in NOT_MTRR:
        assert one(answers, f"wrmsr {msr:x} {value:x}") == "fault", (msr,
                                                                     value)


def test_branch_records_stay_off(answers):
    assert one(answers, "wrmsr 1d9 3") == "done"
    assert not int(answers["rdmsr 1d9"][-1], 16) & 1


def test_xcr0_is_the_guests(without, answers):
    """Legal and illegal values."""
    questions = [f"xsetbv {value:x}" for value in XCR0_AS_WITHOUT]
    assert different(without, answers, questions) == {}
    assert one(answers, "xsetbv 7") == "7"
    assert one(answers, "xsetbv 5") == "fault"


# ---- time ----

def test_the_tsc_is_the_hardwares(without, answers):
    """Monotonic, and as fast by the ACPI PM timer; the median of three, since
    the host is shared."""
    assert one(answers, "tsc") == "0 times back"
    rates = [sorted(map(int, a["rate"]))[1] for a in (without, answers)]
    assert 0.97 < rates[1] / rates[0] < 1.03, rates


def test_the_guest_moves_its_own_tsc_only(machine, answers):
    moved, left = map(int, one(answers, "shift 10000000000").split())
    shift = 0x10000000000
    assert shift <= moved < shift + (1 << 34)
    assert 0 <= left < 1 << 34
    with DebugShell(machine.console) as shell:
        shell.command("version")
    times = [float(t) for t in
             re.findall(r"^\[ *(\d+\.\d+)\]", machine.vmm_log(), re.M)]
    assert times == sorted(times)
    assert times[-1] < machine.seconds() + 5


def test_the_guest_sees_no_hpet(machine, without, answers):
    """No register, no timer count, no counter; and none that it could stop."""
    assert "hpet" in without["time"] and "HPET" in without["time"]
    assert one(without, "page fed00000") == "mixed"
    assert answers["page fed00000"] == ["ones", "ones"]     # after writes, too
    for name, at in HPET_REGISTERS.items():
        assert int(one(answers, f"readl {HPET + at:x}"), 16) == ONES, name
    run = machine.console.run
    assert "hpet" not in run("cat /sys/devices/system/clocksource/"
                             "clocksource0/available_clocksource")
    assert "HPET" not in run("ls /sys/firmware/acpi/tables")
    assert "wake-up by HPET, NMI" in machine.vmm_log()
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)


# ---- ports and configuration space ----

def test_ports_that_pass_read_as_without(without, answers):
    questions = [f"in {s:x} {p:x}" for s, p in PORTS_AS_WITHOUT
                 if p != SPEAKER] + ["in 4 cf8", "in 4 cfc"]
    assert different(without, answers, questions) == {}
    bare, here = (int(one(said, f"in 1 {SPEAKER:x}"), 16)
                  for said in (without, answers))
    assert bare & ~REFRESH == here & ~REFRESH


def test_the_logs_uart_looks_idle(without, answers):
    assert one(without, "in 1 2ff") == "a5"
    said = [one(answers, f"in 1 {port:x}") for port in range(0x2f8, 0x300)]
    assert said == ["0"] * 5 + ["60", "0", "0"]
    assert one(answers, "in 2 2fc") == "6000"
    assert one(answers, "in 4 2fc") == "6000"


def test_other_functions_have_their_configuration_space(without, answers):
    questions = [f"config {a:x} 4" for a in CONFIG_AS_WITHOUT]
    assert different(without, answers, questions + [f"readl {ECAM:x}"]) == {}


def test_the_card_is_a_virtio_function_by_port_and_by_ecam(without, answers):
    assert one(without, f"config {NIC:x} 4") == "165a14e4"
    assert one(without, f"readl {ECAM + 0x8000:x}") == "165a14e4"
    assert one(answers, f"config {NIC:x} 4") == "10411af4"
    for register in (0, 8, 0xc, 0x10, 0x2c):
        assert one(answers, f"config {NIC + register:x} 4") == \
            one(answers, f"readl {ECAM + 0x8000 + register:x}"), register


# ---- and after all that ----

def test_guest_and_vmm_go_on(machine, answers):
    boot.dhcp(machine)
    with DebugShell(machine.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {PORT}")
    alive.services_live_on(machine, ADDRESS, PORT)
    assert boot.complaints(machine) == ""
    assert "error:" not in machine.vmm_log()
    assert machine.nic_counter("c-violations") == 0


def test_a_local_apic_switched_off_does_not_stop_the_vmm(machine):
    """The guest hangs, interrupts off."""
    machine.console.begin("echo apicoff >/sys/module/policy/parameters/ask")
    machine.console.expect_exact(
        "policy: apicoff: done, base off, cpuid off", timeout=20)
    alive.services_live_on(machine, ADDRESS, PORT)


def test_a_reset_by_port_0x92_is_seen(machine):
    """What the guest does when the hang above ends."""
    runs = machine.vmm_log().count("guest runs")
    machine.console.send("x")
    machine.wait_vmm_log("guest: reset by port 0x92")
    deadline = time.monotonic() + 60
    while machine.vmm_log().count("guest runs") == runs:
        assert time.monotonic() < deadline
        time.sleep(0.2)
