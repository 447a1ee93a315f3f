# SPDX-License-Identifier: MIT
"""Guests that attack, hang or panic: is the VMM's memory out of their reach,
and do its services live on?"""

import re
import time

import pytest
from lib import alive, boot, paths, smi, wire
from lib.dbgsh import DebugShell
from lib.machine import Machine

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
PAGE = 4096
PATTERN = bytes.fromhex("3c3cc3c3a5a55a5a")     # what the probes write


# ---- one machine, attacked in firmware, kernel and user mode ----

@pytest.fixture(scope="module")
def machine():
    image = boot.guest()
    image.file("modules/vmmpeek.ko", paths.need(
        paths.BUILD / "modules" / "vmmpeek.ko", "run make guest-modules"))
    smi.add_module(image)
    options = boot.prepare("hostile", image, cmdline="panic=0",
                           programs=["probe"])
    m = Machine("hostile", peer=True, forward=[(ADDRESS, PORT)], **options)
    with m:
        m.console.expect_exact("probe: done", timeout=120)
        m.probed = re.findall(
            r"probe: ([0-9A-Fa-f]+) (\d+) pages, seen (\d+), kept (\d+)",
            m.console.before)
        boot.wait_ready(m)
        yield m


@pytest.fixture(scope="module")
def block(machine):
    """Base and size of the VMM block, as the VMM has logged them."""
    found = re.search(r"(\d+) MiB at (0x[0-9a-f]+)", machine.vmm_log())
    return int(found[2], 16), int(found[1]) << 20


def works(machine):
    """The VMM talks to guest and wire."""
    with DebugShell(machine.console) as shell:
        assert "Tandem" in shell.command("version")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)


def content(machine, block):
    """What is in the block, seen from outside of the machine."""
    path = machine.folder / "block"
    machine.qmp("pmemsave", val=block[0], size=block[1], filename=str(path))
    data = path.read_bytes()
    path.unlink()
    return data


def untouched(machine, block):
    data = content(machine, block)
    assert b"Tandem" in data
    return not any(data[at:at + 8] == PATTERN or
                   data[at + PAGE - 8:at + PAGE] == PATTERN
                   for at in range(0, len(data), PAGE))


def test_firmware_can_neither_see_nor_change_the_vmm(machine, block):
    """As CPL 0 with all memory mapped: every page, read and written."""
    base, size = block
    probed = [(seen, kept) for start, pages, seen, kept in machine.probed
              if int(start, 16) <= base and
              int(start, 16) + int(pages) * PAGE >= base + size]
    assert probed == [("0", "0")], machine.probed
    assert untouched(machine, block)


def test_the_oss_memory_map_does_not_have_the_block_as_ram(machine, block):
    base, size = block
    ram = re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) : System RAM",
                     machine.console.run("cat /proc/iomem"))
    assert ram
    assert not [r for r in ram if int(r[0], 16) < base + size and
                base <= int(r[1], 16)]


def test_a_kernel_module_can_neither_see_nor_change_the_vmm(machine, block):
    """Every page, read and written by Linux."""
    base, size = block
    code, said = machine.console.status(
        f"insmod /modules/vmmpeek.ko base={base:#x} pages={size // PAGE}; "
        "dmesg | grep vmmpeek:", 120)
    assert code == 0
    assert f"vmmpeek: {size // PAGE} pages, 0 seen, 0 kept" in said
    assert untouched(machine, block)
    works(machine)


def test_what_the_module_reads_elsewhere_is_there(machine, block):
    """Does the test above see anything at all? The firmware's ROM is."""
    said = machine.console.run(
        "insmod /modules/vmmpeek.ko base=0xfffff000 pages=1; "
        "dmesg | grep vmmpeek: | tail -n 1")
    assert "vmmpeek: 1 pages, 1 seen" in said


def test_no_memory_of_the_vmm_is_writable_and_executable(machine):
    """The page tables of root mode, while the VMM sleeps in it."""
    ask = machine.qmp.monitor
    machine.qmp("stop")
    for _ in range(100):
        rip = re.search(r"RIP=([0-9a-f]+)", ask("info registers"))[1]
        if rip.startswith("ffffffff8"):
            break
        machine.qmp("cont")
        time.sleep(0.05)
        machine.qmp("stop")
    registers, pages = ask("info registers"), ask("info tlb")
    machine.qmp("cont")
    assert rip.startswith("ffffffff8")
    assert int(re.search(r"CR0=([0-9a-f]+)", registers)[1], 16) & 1 << 16
    assert int(re.search(r"EFER=([0-9a-f]+)", registers)[1], 16) & 1 << 11
    # Flags: X for no execution, ..., U for user, W for writable.
    flags = re.findall(r"(?m)^(ffffffff8\w+): \w+ (\S{9})\s*$", pages)
    assert len(flags) > 10
    assert [f for f in flags if f[1][0] == "-"]
    assert not [f for f in flags if f[1][0] == "-" and f[1][8] == "W"]
    assert not [f for f in flags if f[1][7] == "U"]


def test_does_an_smi_take_the_guests_code_out_of_the_vmm(machine):
    """By the local APIC, which is not trapped on a machine with one CPU, and
    by the chipset; the code is there."""
    smi.do_nothing(machine)
    assert "smm: not the firmware's: an SMI does nothing" in machine.vmm_log()
    with DebugShell(machine.console) as shell:
        assert re.search(rf"SMI +62 +{2 * smi.EACH}\b", shell.command("exits"))
    works(machine)


def test_vmm_calls_with_odd_arguments_return_zero_and_hurt_nobody(machine):
    said = dict(re.findall(r"vmmcalls: (\S+) (\d+)",
                           machine.console.run("vmmcalls")))
    good = {name: said.pop(name)
            for name in ("dbgsh", "last-of-page", "log_set_buf")}
    assert "0" not in good.values()
    assert good["dbgsh"] == good["last-of-page"]
    assert len(said) == 12
    assert set(said.values()) == {"0"}, said
    works(machine)


def test_two_debug_shell_sessions_do_not_disturb_each_other(machine):
    said = machine.console.run(
        "dbgsh -c version >/tmp/1 & one=$!; dbgsh -c help >/tmp/2 & two=$!; "
        "wait $one && wait $two && cat /tmp/1 && echo '--' && cat /tmp/2")
    first, second = said.split("--\n")
    assert "Tandem" in first and "echoctl" not in first
    assert "echoctl" in second


def test_a_session_that_its_program_left_does_not_block_the_next(machine):
    """Some of them get the address space, which names the session, of one
    that was killed."""
    for _ in range(6):
        machine.console.run("(sleep 1; echo) | dbgsh >/dev/null & "
                            "victim=$!; sleep 0.3; kill -9 $victim")
        with DebugShell(machine.console) as shell:
            assert "Tandem" in shell.command("version")
    works(machine)


def test_services_live_on_after_a_panic_of_the_guest(machine):
    """The last test: this guest does not come back."""
    with DebugShell(machine.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {PORT}")
    machine.console.begin("echo c >/proc/sysrq-trigger")
    machine.console.expect_exact("end Kernel panic", timeout=30)
    alive.services_live_on(machine, ADDRESS, PORT)
    wire.echo(lambda: machine.connect(ADDRESS, PORT), 1_000_000)
    assert machine.nic_counter("c-violations") == 0


# ---- others ----


def test_without_the_vmm_an_smi_runs_the_guests_code():
    """Does the test above attack at all?"""
    image = boot.guest(())
    smi.add_module(image)
    options = boot.prepare("smi-native", image, tandem=False)
    m, _ = boot.start(lambda: Machine("smi-native", **options))
    try:
        assert smi.guests(m) == (smi.EACH, smi.EACH)
    finally:
        m.stop()


def test_services_live_on_while_the_guest_hangs_with_interrupts_off():
    options = boot.prepare("hang", boot.guest(()), programs=["hang"])
    with Machine("hang", peer=True, forward=[(ADDRESS, PORT)],
                 **options) as m:
        m.console.expect_exact("hang: echo server started; cli; jmp .",
                               timeout=120)
        alive.services_live_on(m, ADDRESS, PORT)
        wire.echo(lambda: m.connect(ADDRESS, PORT), 1_000_000)
        assert m.nic_counter("c-violations") == 0
