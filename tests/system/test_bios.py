# SPDX-License-Identifier: MIT
"""BIOS machines: Debian's GRUB starts Tandem by Multiboot, is started anew above
it from the disk's boot sector, and starts Debian. Whatever keeps Tandem from
running ends in one line, and the machine boots on. What is started on UEFI by
mistake says so.

SeaBIOS without SMM: what is the matter with that is in docs/booting-bios.md.
"""

import re
import time

import pytest
from lib import alive, bios, boot, paths, traffic, uefi_vars, vmm_file, wire
from lib import disk as disks
from lib import grub as grubs
from lib.dbgsh import DebugShell
from lib.efi_shell import SHELL, Watched
from lib.grub import grub, into_grub
from lib.machine import HOST_ADDRESS, Machine
from lib.wait import wait_for

ADDRESS = paths.config()["IP_ADDRESS"]
BLOCK = int(paths.config()["VMM_MEMORY_MIB"]) << 20
MODULES = ("virtio_pci", "virtio_net", "af_packet")
ECHO = 7
FOR_EVER = b"\xf3\x90\xeb\xfc"     # pause; jmp
MENU = "1 start it, 2 boot without it; 1 in 3 seconds"
NOT_STARTED = "Tandem: not started: {}; booting without it"

RUNNING = re.compile(r"Tandem \S+: running, \d+ MiB reserved")


def e820(kernel_log):
    """The guest's map: (first, last, type)."""
    return [(int(first, 16), int(last, 16), kind) for first, last, kind in
            re.findall(r"BIOS-e820: \[mem 0x(\w+)-0x(\w+)\] (\w+)",
                       kernel_log)]


def boots(machine):
    """Waits for the guest; what its kernel has said."""
    boot.wait_ready(machine)
    return machine.console.run("dmesg")


def block(machine):
    """First and last address of the block, as the VMM's log has it."""
    mib, base = re.search(r"(\d+) MiB at (0x\w+), started by bios",
                          machine.vmm_log()).groups()
    assert int(mib) << 20 == BLOCK
    return int(base, 16), int(base, 16) + BLOCK - 1


# ---- Linux above Tandem -----------------------------------------------------

# CPUs, kernel, the VMM's address, GRUB's commands, what is said of them
WAYS = {
    # Multiboot's first version, with a file and an option; the file loses
    "multiboot": (1, paths.CLOUD_KERNEL, "10.0.2.51",
                  "multiboot /tandem.elf ip.address=10.0.2.51\n"
                  "module /tandem.conf",
                  ["config: 2 values set by tandem.conf",
                   "config: 1 value set by boot option"]),
    "multiboot2": (4, paths.KERNEL, ADDRESS, "multiboot2 /tandem.elf", []),
}
# GRUB and Linux are in a logical partition; else in one of a GPT
LOGICAL = "multiboot"
# SeaBIOS leaves the only other clock of the guest's at a standstill
SLEEPS = "tsc=reliable clocksource=tsc"


@pytest.fixture(scope="module", params=WAYS)
def machine(request):
    cpus, kernel, address, commands, told = WAYS[request.param]
    name = f"bios-{request.param}"
    options = bios.prepare(name, boot.guest(MODULES, kernel=kernel), commands, {
        "tandem.conf": b"# of a module\nip.address=10.0.2.77\nip.mtu=1400\n"},
        logical=request.param == LOGICAL, cmdline=SLEEPS)
    m, _ = boot.start(lambda: Machine(
        name, cpus=cpus, memory=512, peer=True, forward=[(address, ECHO)],
        extra=["-global", "ICH9-LPC.disable_s3=0"], **options))
    m.address, m.told = address, told
    try:
        yield m
    finally:
        m.stop()


def test_grub_starts_tandem_once_and_debian_above_it(machine):
    console = (machine.folder / "console.log").read_text(errors="replace")
    assert len(RUNNING.findall(console)) == 1
    assert machine.vmm_log().count("guest runs") == 1
    assert "svm" not in machine.console.run(
        "grep -m1 ^flags /proc/cpuinfo").split()
    assert machine.console.run("nproc").split() == [str(machine.cpus)]


def test_the_block_and_two_low_pages_are_reserved_in_the_guests_map(machine):
    first, last = block(machine)
    found = e820(machine.console.run("dmesg"))
    assert (first, last, "reserved") in found
    low_end = next(end for start, end, kind in found if start == 0)
    assert low_end == 0x9cfff
    # the rest is there, in one piece before the block
    assert (0x100000, first - 1, "usable") in found


def test_vmm_answers_at_the_configured_address(machine):
    assert None not in wire.ping(machine.peer, machine.address, count=5)


def test_guest_pings_through_virtio(machine):
    run = machine.console.run
    assert "virtio_net" in run("readlink /sys/class/net/eth0/device/driver")
    boot.dhcp(machine)
    run(f"ping -c 5 -W 2 {HOST_ADDRESS}")
    assert boot.complaints(machine) == ""
    log = machine.vmm_log()
    assert "error:" not in log and "warning:" not in log


def test_options_and_the_module_are_the_configuration(machine):
    assert re.findall(r"config: .*", machine.vmm_log()) == machine.told


def test_everything_works_after_sleep(machine):
    """In the middle of traffic; all CPUs are back."""
    run = machine.console.run
    with DebugShell(machine.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {ECHO}")
    run(f"ping -f {HOST_ADDRESS} >/dev/null 2>&1 & sleep 0.3")
    machine.console.begin("echo mem >/sys/power/state")
    wait_for(lambda: machine.qmp("query-status")["status"] == "suspended", 30,
             "the machine does not sleep")
    time.sleep(1)
    machine.qmp("system_wakeup")
    assert machine.console.end(60)[0] == 0
    machine.console.status("killall ping")
    assert run("nproc").split() == [str(machine.cpus)]
    run(f"ping -c 2 -W 5 {HOST_ADDRESS}")
    for to_guest in (True, False):
        traffic.transfer(machine, to_guest, 1_000_000, check=True)
    alive.services_live_on(machine, machine.address, ECHO)
    assert boot.complaints(machine) == ""
    log = machine.vmm_log()
    assert log.count("sleep: awake, guest at 0x") == 1
    assert "error:" not in log and "warning:" not in log


def test_reboot_starts_tandem_again(machine):
    before = machine.vmm_log()
    machine.console.begin("reboot -f")
    machine.console.agent = False
    machine.console.expect(RUNNING.pattern, 60)
    log = machine.wait_vmm_log("guest runs").removeprefix(before)
    assert log.count("guest runs") == 1 and "error:" not in log


# ---- what does not start, and what comes after it ---------------------------

FINE = vmm_file.make(vmm_file.refusing(code=0), release="v1")


def altered(data, at):
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]


def odd():
    """Name: a file, and why it is not started."""
    vmm = paths.need(paths.VMM, "run make").read_bytes()
    refuses = vmm_file.refusing("not today")
    return {
        "short": (vmm[:len(vmm) // 2],
                  "tandem.elf is cut short or has no checksum at its end"),
        "byte": (altered(vmm, len(vmm) * 2 // 3),
                 "tandem.elf is damaged: its checksum is wrong"),
        "version": (bios.with_loader(vmm_file.make(b"\xc3", version=99)),
                    "tandem.elf is of another version than this loader"),
        "huge": (bios.with_loader(vmm_file.make(b"\xc3", block_mib=1024)),
                 "no 1024 MiB of memory are free in one piece below 4 GiB"),
        "refuses": (bios.with_loader(vmm_file.make(refuses)), "not today"),
        "others": (bios.with_loader(vmm_file.make(refuses, others=FOR_EVER)),
                   "not today"),
    }


# Bytes that are left of the file: the headers alone, and some of the loader.
CUT = (0x1300, 0x9000)
CUT_SHORT = NOT_STARTED.format("tandem.elf is damaged or cut short")


def damaged():
    """Name: a file whose loader is not whole."""
    vmm = paths.need(paths.VMM, "run make").read_bytes()
    return {f"cut{size}": vmm[:size] for size in CUT} | {
        "loader": altered(vmm, 20000), "none": vmm[:0x1280]}


def start(machine, *commands, typed="", chosen=""):
    """What the loader says before GRUB is there again. typed: what comes after
    "boot" at once; chosen: when the loader asks."""
    machine.text.truncate(0)
    for command in commands:
        grub(machine, command)
    machine.console.send(f"boot\r{typed}")
    if chosen:
        machine.console.expect(MENU, 30)
        machine.console.send(chosen)
    into_grub(machine)
    return machine.said()


def anew(machine):
    machine.qmp("system_reset")
    into_grub(machine)


@pytest.fixture(scope="module")
def prompt():
    """GRUB, and a second disk that tells what it was booted with."""
    files = {f"{name}.elf": content for name, (content, _) in odd().items()}
    files |= {f"{name}.elf": content for name, content in damaged().items()}
    files["fine.elf"] = bios.with_loader(FINE)
    files["tandem.elf"] = paths.VMM
    files["odd.conf"] = b"log.level = 9\n" * 9 + b"no.key = 1\n"
    files["next.conf"] = b"boot.next = /EFI/x.efi\nboot.menu = y\n"
    options = bios.prompt("bios-prompt", files)
    second = bios.probe_disk(paths.WORK / "bios-prompt" / "second.img")
    with Watched("bios-prompt", nic=None, memory=256, cpus=2, extra=[
            "-drive", f"if=none,id=second,format=raw,file={second}",
            "-device", "ide-hd,drive=second,bus=ide.1,bootindex=2",
            "-drive", "if=none,id=floppy,format=raw,readonly=on,"
            f"file.locking=off,file={second}",
            "-device", "isa-fdc,id=fdc,bootindexA=3",
            "-device", "floppy,drive=floppy,bus=fdc.0"], **options) as m:
        into_grub(m)
        yield m


def memory_map(machine):
    """GRUB's lsmmap: (first address, size, type)."""
    return [(int(base, 16), int(size, 16), kind) for base, size, kind in
            re.findall(r"base_addr = 0x(\w+), length = 0x(\w+), (.*\w)",
                       grub(machine, "lsmmap"))]


@pytest.mark.parametrize("name", odd())
def test_an_odd_file_gets_one_line_and_the_disk_is_started(prompt, name):
    assert start(prompt, f"multiboot /{name}.elf") == [
        NOT_STARTED.format(odd()[name][1])]


@pytest.mark.parametrize("version", [
    pytest.param("multiboot", marks=pytest.mark.long), "multiboot2"])
def test_a_loader_that_is_not_whole_gets_one_line_and_the_disk_is_started(
        prompt, version):
    """Whatever is left of it. A file without the headers GRUB knows for
    none."""
    for name in damaged():
        anew(prompt)
        if name == "none":
            assert "no multiboot header found" in grub(
                prompt, f"{version} /none.elf")
        else:
            assert start(prompt, f"{version} /{name}.elf") == [CUT_SHORT]


def test_refused_starts_take_no_more_than_one_does(prompt):
    """Of what GRUB sees below 1 MiB; INT 12h and E820h agree."""
    anew(prompt)
    fresh = memory_map(prompt)
    maps = []
    for name in ("refuses", "cut4864", "refuses", "short", "others"):
        start(prompt, f"multiboot2 /{name}.elf boot=0x80")
        maps.append(memory_map(prompt))
    assert fresh[0][0] == 0 and maps[0][0] == (0, fresh[0][1] - 1024,
                                               fresh[0][2])
    assert maps[0][1:] == fresh[1:]
    assert all(m == maps[0] for m in maps)
    start(prompt, "multiboot2 /refuses.elf boot=0x81")
    kib = int(re.search(r"disk dl=0081 si=\w+ 12h=(\w+)",
                        prompt.text.getvalue())[1], 16)
    assert kib << 10 == maps[0][0][1]


def test_a_wrong_boot_option_is_told_and_ignored(prompt):
    said = start(prompt, "multiboot2 /refuses.elf boot=0x80,0")
    assert said == ["Tandem: boot= wants a disk (0x80), a disk and a "
                    "partition (0x80,1) or next", NOT_STARTED.format("not today")]


def test_a_disk_that_does_not_boot_is_told_and_the_first_one_started(prompt):
    said = start(prompt, "multiboot /refuses.elf boot=0x81,3")
    assert said == [NOT_STARTED.format("not today"),
                    "Tandem: disk 0x81 has nothing to boot"]


def test_what_is_wrong_in_the_configuration_is_told(prompt):
    """By either version of Multiboot; eight lines of it at most."""
    said = start(prompt, "multiboot2 /refuses.elf ip.mtu=x",
                 "module2 /odd.conf")
    assert len(said) == 10 and all(
        re.match(r"Tandem: tandem.conf line \d: log.level: ", line)
        for line in said[:8])
    assert said[8:] == ["Tandem: 3 more lines of the configuration are wrong; "
                        "the log has them", NOT_STARTED.format("not today")]
    said = start(prompt, "multiboot /refuses.elf ip.mtu=x")
    assert said[0].startswith("Tandem: boot option word 1: ip.mtu: ")
    assert said[1:] == [NOT_STARTED.format("not today")]


def test_the_menu_waits_three_seconds_and_does_what_is_chosen(prompt):
    """A program for UEFI is none for a BIOS, and is told."""
    commands = "multiboot2 /refuses.elf", "module2 /next.conf"
    told = ["Tandem: boot.next is for UEFI; here boot= says what is started",
            f"Tandem: {MENU}"]
    begin = time.monotonic()
    assert start(prompt, *commands) == told + [NOT_STARTED.format("not today")]
    assert time.monotonic() - begin > 3
    assert start(prompt, *commands, chosen="2") == told + [
        NOT_STARTED.format("that was chosen")]
    assert start(prompt, *commands, chosen="1") == told + [
        NOT_STARTED.format("not today")]


def test_key_s_boots_without_tandem(prompt):
    """At COM1, and at the machine's own keyboard, which GRUB does not read."""
    held = [NOT_STARTED.format("key S is held")]
    assert start(prompt, "multiboot /refuses.elf", typed="s") == held
    prompt.qmp("send-key", keys=[{"type": "qcode", "data": "s"}])
    assert start(prompt, "multiboot2 /refuses.elf") == held
    assert start(prompt, "multiboot /refuses.elf") == [
        NOT_STARTED.format("not today")]


def test_boot_next_is_what_the_firmwares_boot_order_has_next(prompt):
    """A floppy, which has the firmware boot anew. (It counts what it has tried
    since its start.)"""
    anew(prompt)
    start(prompt, "multiboot /refuses.elf boot=next")
    assert "disk dl=0000" in prompt.text.getvalue()


def test_older_memory_calls_and_grub_do_not_see_the_block(prompt):
    """The VMM of this test is code that returns at once."""
    before = memory_map(prompt)
    said = start(prompt, "multiboot /fine.elf boot=0x81")
    assert said == ["Tandem v1: running, 16 MiB reserved"]
    after = memory_map(prompt)
    (base,) = [b for b, size, kind in after
               if size == 16 << 20 and "reserved" in kind]
    assert [e for e in before if e[0] == 0x100000][0][1] > base
    assert (0x100000, base - 0x100000, "available RAM") in after
    low, kib, k64 = re.search(
        r"disk dl=0081 si=\w+ 12h=(\w+) 88h=(\w+) e801=3c00,(\w+) e881=C",
        prompt.text.getvalue()).groups()
    assert int(kib, 16) == 0xfc00
    assert int(k64, 16) << 16 == base - (16 << 20)
    assert after[0] == (0, int(low, 16) << 10, "available RAM")


def test_a_second_start_changes_nothing_and_boots_on(prompt):
    assert start(prompt, "multiboot /fine.elf boot=0x81,1") == [
        "Tandem: is running already"]
    assert re.search(r"partition dl=0081 si=07be", prompt.text.getvalue())


def test_a_logical_partition_is_started_with_its_place_on_the_disk(prompt):
    start(prompt, "multiboot /fine.elf boot=0x81,6")
    assert re.search(r"logical dl=0081 si=07be", prompt.text.getvalue())
    said = start(prompt, "multiboot /fine.elf boot=0x81,7")
    assert said[1:] == ["Tandem: disk 0x81 has nothing to boot"]


def test_a_second_start_while_tandem_runs_changes_nothing(prompt):
    """And GRUB goes on above it."""
    anew(prompt)
    (said,) = start(prompt, "multiboot2 /tandem.elf")
    assert RUNNING.match(said)
    for command in ("multiboot /tandem.elf", "multiboot2 /tandem.elf ip.mtu=x"):
        assert start(prompt, command) == ["Tandem: is running already"]
    assert prompt.vmm_log().count("guest runs") == 1


def test_a_cpu_without_svm_boots_debian():
    """The same GRUB menu: it must not try Tandem again and again."""
    options = bios.prepare("bios-nosvm", boot.guest(
        (), kernel=paths.CLOUD_KERNEL), "multiboot /tandem.elf",
        cmdline=bios.BUSY_HOST)
    with Watched("bios-nosvm", nic=None, memory=512, cpu="EPYC-v1,-svm",
                 **options) as machine:
        found = e820(boots(machine))
        assert machine.said() == [NOT_STARTED.format(
            "this CPU has no AMD SVM")]
        assert [e for e in found if e[2] == "usable"]
        assert not [e for e in found if e[2] == "reserved" and
                    e[1] < 512 << 20 and e[1] - e[0] + 1 >= BLOCK]


@pytest.mark.long
def test_what_grub_does_not_start_is_passed_over():
    """A file without Multiboot headers: the menu falls back to Debian."""
    options = bios.prepare("bios-none", boot.guest(
        (), kernel=paths.CLOUD_KERNEL), "multiboot2 /tandem.elf",
        {"tandem.elf": damaged()["none"]}, cmdline=bios.BUSY_HOST)
    with Watched("bios-none", nic=None, memory=512, **options) as machine:
        boots(machine)
        assert "no multiboot header found" in machine.text.getvalue()
        assert machine.said() == []


# ---- a firmware that is no BIOS ---------------------------------------------

WRONG = ("Tandem: not started: tandem.elf wants a BIOS and a boot loader that "
         "knows Multiboot; on UEFI have GRUB's chainloader start tandem.efi")


def test_grub_for_uefi_is_told_and_the_machine_goes_on():
    """By Multiboot2 the firmware is still there: its console has the line, and
    its boot order is gone on with. By the first version only COM1 is left, and
    a reset."""
    folder = paths.WORK / "bios-uefi"
    files = {"tandem.elf": paths.need(paths.VMM, "run make")}
    entries = []
    for version in ("multiboot2", "multiboot"):
        image = grubs.image(folder / f"{version}.efi",
                            f"{version} /tandem.elf\nboot\n")
        files[f"EFI/{version}.efi"] = image
        entries.append(uefi_vars.boot_entry(
            version, disks.partition_node() +
            uefi_vars.file_node(f"/EFI/{version}.efi")))
    options = {
        "disk": disks.build(folder / "esp.img", files),
        "variables": uefi_vars.write(folder / "vars.fd", [
            *entries, uefi_vars.boot_entry("Shell", SHELL)])}
    with Watched("bios-uefi", nic=None, memory=512, **options) as machine:
        for line in ('starting Boot0000 "multiboot2"', f"{WRONG}\r\n",
                     'starting Boot0001 "multiboot"',
                     f"{WRONG}; the machine starts anew in 5 seconds",
                     'starting Boot0000 "multiboot2"'):
            machine.console.expect_exact(line, 90)
