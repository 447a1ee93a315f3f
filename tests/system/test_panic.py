# SPDX-License-Identifier: MIT
"""What a VMM that fails leaves behind: reason, registers, callers by name and
the last exits on the serial port, and all of it once more in the next boot.

Nothing in the VMM panics at will. So QEMU's debugger interface breaks its
memory from outside, as a bug would.
"""

import re
import struct

import pytest
from lib import boot, gdbstub
from lib.dbgsh import DebugShell
from lib.machine import Machine

INTERCEPTS = 0x0c               # of the VMCB: the word that SVM calls vector 3
INTERCEPT_PUSHF = 1 << 16       # exit 0x70, for which the VMM never asks


@pytest.fixture(scope="module")
def options():
    return boot.prepare("panic", boot.guest(modules=()))


@pytest.fixture
def machine(options):
    m = Machine("panic", **options)
    m.extra += gdbstub.GdbStub.arguments(m)
    with m:
        yield m


def started(machine):
    """The VMM's log, once its guest, the firmware, starts the OS."""
    machine.console.expect_exact('starting Boot0001 "Debian"', timeout=40)
    return machine.wait_vmm_log("guest runs", timeout=10)


def vmm_memory(machine, stub):
    block = re.search(r"MiB at (0x[0-9a-f]+)", machine.vmm_log())
    return gdbstub.VmmMemory(stub, int(block[1], 16))


def break_intercepts(memory):
    """A kernel's next PUSHF exits, and the VMM does not know such an exit."""
    old = memory.read32("svm_areas", INTERCEPTS)
    memory.write("svm_areas", struct.pack("<I", old | INTERCEPT_PUSHF),
                 INTERCEPTS)


def break_pointer(memory):
    """The first function that runs at each exit is at address 16 now."""
    memory.write("table_exit_poll_start", struct.pack("<Q", 16))


def panic_of(log):
    """The lines of the panic, without time and level."""
    return re.findall(r"error: panic: ([^\n]*)", log)


def assert_whole(lines):
    """Reason first, then registers, callers up to the CPU's loop, exits."""
    text = "\n".join(lines)
    assert re.search(r"\nrax [0-9a-f]{16} rbx [0-9a-f]{16} ", text), text
    assert re.search(r"\ncr0 [0-9a-f]{16} cr2 [0-9a-f]{16} ", text), text
    callers = re.findall(r"called from 0x[0-9a-f]{16} (\S+)\+0x[0-9a-f]+",
                         text)
    assert "cpu_loop" in callers and callers[-1] == "tandem_entry", text
    assert "?" not in callers, text
    exits = re.findall(r"  exit 0x[0-9a-f]+ at guest 0x[0-9a-f]+ info \S+ \S+",
                       text)
    assert len(exits) == 16, text
    return callers, exits


def test_panic_resets_the_machine_and_the_next_boot_shows_it(machine):
    boot.wait_ready(machine, timeout=50)
    with DebugShell(machine.console) as shell:
        assert "log: there is no log of the boot before" in \
            shell.command("log --previous")
    assert "boot before" not in machine.vmm_log()
    with gdbstub.GdbStub(machine) as stub:
        memory = vmm_memory(machine, stub)
        memory.write("panic_reboots", b"\1")
        break_intercepts(memory)
    log = machine.wait_vmm_log("panic: the machine is reset")
    machine.console.agent = False
    lines = panic_of(log)
    assert lines[0].startswith("exit 0x70 info "), lines
    callers, exits = assert_whole(lines)
    assert callers[0] == "svm_handle_exit"
    assert exits[0].startswith("  exit 0x70 at guest ")

    boot.wait_ready(machine, timeout=50)
    assert "the VMM panicked in the boot before" in machine.vmm_log()
    with DebugShell(machine.console) as shell:
        previous = shell.command("log --previous")
        last = shell.command("log --previous 3").splitlines()
        assert "panic: exit" not in shell.command("log")
        assert "--previous" in shell.command("log --help")
        assert "expected" in shell.command("log --next")
    first, rest = previous.split("\n", 1)
    assert re.fullmatch(r"log of the boot before, number 1, Tandem \S+, which "
                        r"ended in a panic", first), first
    assert panic_of(rest) == lines
    assert len(last) == 3 and "the machine is reset" in last[-1], last
    assert "MiB at" in rest and "guest runs" in rest
    assert machine.nic_counter("c-violations") == 0


def test_trap_halts_the_machine_and_a_reset_by_hand_keeps_the_log(machine):
    started(machine)
    with gdbstub.GdbStub(machine) as stub:
        memory = vmm_memory(machine, stub)
        memory.write("panic_reboots", b"\0")
        break_pointer(memory)
    lines = panic_of(machine.wait_vmm_log("panic: halted"))
    assert re.match(r"trap 14 error 0x?[0-9a-f]* in the VMM at 0x10 \?, "
                    r"cr2 0x10$", lines[0]), lines
    callers, _ = assert_whole(lines)
    assert callers[0] == "cpu_loop"
    machine.qmp("system_reset")
    machine.wait_vmm_log("the VMM panicked in the boot before", timeout=40)
    assert machine.nic_counter("c-violations") == 0
