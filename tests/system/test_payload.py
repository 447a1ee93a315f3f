# SPDX-License-Identifier: MIT
"""A guest that does what an OS does not (tests/guest/payload): does each of
its cases end the same above Tandem as on the bare machine, and do the VMM's
services outlive it?
"""

import re

import pytest
from lib import boot, paths, wire
from lib.machine import Machine

ADDRESS = paths.config()["IP_ADDRESS"]
CASES = """
    mmio-widths mmio-unaligned mmio-crossing mmio-crossing-fault mmio-modify
    mmio-strings self-modifying
    outs ins string-io-fault string-io-mmio user-in apm-ports
    compatibility protected protected-pse protected-pae protected-16 real v86
    task-switch la57
    debug-registers step step-mov-ss step-registers step-strings breakpoint-io
    breakpoint-data breakpoint-code
    sti-shadow int3-in-shadow fault-in-shadow nmi cli-hlt-nmi nmi-in-nmi
    svm-hidden refused-msr
    delivery-exceptions delivery-emulated delivery-interrupts delivery-nmi
    delivery-stack delivery-stack-raised double-fault
    call-names call-prefixes insn-lengths call-undefined call-upper-halves
""".split()

# Cases that a machine cannot run, with what the payload says.
SKIPPED = {
    "bare": {"refused-msr": "QEMU reads unknown MSRs as 0",
             **dict.fromkeys(("call-names", "call-prefixes",
                              "call-upper-halves"),
                             "there is no VMM to call")},
    "tandem": {},
}
START = r"payload: runs, (above a|without) VMM"
CPU = "EPYC-v1,+la57"

# Memory behind a BAR, which the VMM maps as the guest touches it.
SHARED = ("-object", "memory-backend-ram,id=shared,share=on,size=8M",
          "-device", "ivshmem-plain,memdev=shared")


def wait_done(machine):
    """How the payload started, what it said, and whether it came to its
    end. One that hung has said in which case."""
    machine.console.expect(START, 60)
    start = machine.console.match[1]
    try:
        machine.console.expect(r"payload: done\r?\n", 60)
    except TimeoutError:
        return start, machine.console.before, False
    return start, machine.console.before, True


@pytest.fixture(scope="module", params=["bare", "tandem"])
def machine(request):
    kind = request.param
    options = boot.prepare(f"payload-{kind}", boot.guest(()),
                           tandem=kind == "tandem", programs=["payload"])
    more = {"peer": True} if kind == "tandem" else {"nic_options": ""}
    with Machine(f"payload-{kind}", cpu=CPU, extra=SHARED, **options,
                 **more) as m:
        m.kind = kind
        m.start_said, m.said, m.done = wait_done(m)
        yield m


def test_it_runs_to_its_end_where_it_should(machine):
    assert machine.start_said == (
        "above a" if machine.kind == "tandem" else "without")
    assert re.findall(r"case (\S+): starts", machine.said) == CASES
    assert machine.done


@pytest.mark.parametrize("case", CASES)
def test_case(machine, case):
    lines = re.findall(rf"case {case}: ([^\r\n]*)", machine.said)
    assert lines[:1] == ["starts"], "not reached"
    why = SKIPPED[machine.kind].get(case)
    assert lines[1:] == [f"skipped: {why}" if why else "ok"]


def test_nothing_surprised_the_vmm(machine):
    """Its log names what a guest did on purpose, and no error."""
    log = machine.vmm_log()
    assert "error:" not in log and "refused" not in log, log
    if machine.kind == "tandem":
        assert machine.nic_counter("c-violations") == 0


def services_live(machine):
    if machine.kind == "tandem":
        assert None not in wire.ping(machine.peer, ADDRESS, count=5)


def test_the_vmm_lives_on_beneath_it(machine):
    services_live(machine)


def test_a_triple_fault_resets_the_machine(machine):
    """The payload runs again, and then stops for good."""
    machine.console.send("t")
    machine.console.expect_exact("payload: triple fault", 20)
    start, _, done = wait_done(machine)
    assert (start, done) == (machine.start_said, True)
    if machine.kind == "tandem":
        assert "guest: triple fault" in machine.vmm_log()
    machine.console.send("h")
    machine.console.expect_exact("payload: cli; hlt", 20)
    services_live(machine)
