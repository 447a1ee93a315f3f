# SPDX-License-Identifier: MIT
"""BIOS machines: Debian's GRUB starts Tandem by Multiboot, is started anew above
it from the disk's boot sector, and starts Debian. Whatever keeps Tandem from
running ends in one line, and the machine boots on.

SeaBIOS without SMM: what is the matter with that is in docs/booting-bios.md.
"""

import re

import pytest
from lib import bios, boot, paths, vmm_file, wire
from lib.efi_shell import Watched
from lib.grub import grub, into_grub
from lib.ipxe import IpxeMachine
from lib.machine import HOST_ADDRESS, Machine
from lib.web import Server

ADDRESS = paths.config()["IP_ADDRESS"]
BLOCK = int(paths.config()["VMM_MEMORY_MIB"]) << 20
MODULES = ("virtio_pci", "virtio_net", "af_packet")
FOR_EVER = b"\xf3\x90\xeb\xfc"     # pause; jmp
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
    "multiboot2": (2, paths.KERNEL, ADDRESS, "multiboot2 /tandem.elf", []),
}


@pytest.fixture(scope="module", params=WAYS)
def machine(request):
    cpus, kernel, address, commands, told = WAYS[request.param]
    name = f"bios-{request.param}"
    options = bios.prepare(name, boot.guest(MODULES, kernel=kernel), commands, {
        "tandem.conf": b"# of a module\nip.address=10.0.2.77\nip.mtu=1400\n"})
    m, _ = boot.start(lambda: Machine(
        name, cpus=cpus, memory=512, peer=True, **options))
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


def test_reboot_starts_tandem_again(machine):
    before = machine.vmm_log()
    machine.console.begin("reboot -f")
    machine.console.agent = False
    machine.console.expect(RUNNING.pattern, 60)
    log = machine.wait_vmm_log("guest runs").removeprefix(before)
    assert log.count("guest runs") == 1 and "error:" not in log


def test_ipxe_starts_tandem_over_http_and_debian_boots_from_disk():
    """iPXE's own Multiboot; GRUB on the disk sees that Tandem is there."""
    http = Server({
        "/tandem.elf": paths.need(paths.VMM, "run make").read_bytes(),
        "/tandem.conf": f"ip.address={ADDRESS}\n".encode()})
    http.pages["/script"] = (
        f"#!ipxe\nkernel {http.url('/tandem.elf')} ip.mtu=1400\n"
        f"initrd {http.url('/tandem.conf')}\nboot\n").encode()
    options = bios.prepare("bios-ipxe", boot.guest(
        (), kernel=paths.CLOUD_KERNEL), "echo not this")
    try:
        with IpxeMachine("bios-ipxe", http.url("/script"), memory=512,
                         peer=True, **options) as machine:
            found = e820(boots(machine))
            assert re.findall(r"config: .*", machine.vmm_log()) == [
                "config: 1 value set by tandem.conf",
                "config: 1 value set by boot option"]
            assert (*block(machine), "reserved") in found
            assert None not in wire.ping(machine.peer, ADDRESS, count=3)
    finally:
        http.close()


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


def start(machine, command):
    """What the loader says before GRUB is there again."""
    machine.text.truncate(0)
    grub(machine, command)
    machine.console.sendline("boot")
    into_grub(machine)
    return machine.said()


@pytest.fixture(scope="module")
def prompt():
    """GRUB, and a second disk that tells what it was booted with."""
    files = {f"{name}.elf": content for name, (content, _) in odd().items()}
    files["fine.elf"] = bios.with_loader(FINE)
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


def test_a_wrong_boot_option_is_told_and_ignored(prompt):
    said = start(prompt, "multiboot2 /refuses.elf boot=0x80,5")
    assert said == ["Tandem: boot= wants a disk (0x80), a disk and a "
                    "partition (0x80,1) or next", NOT_STARTED.format("not today")]


def test_a_disk_that_does_not_boot_is_told_and_the_first_one_started(prompt):
    said = start(prompt, "multiboot /refuses.elf boot=0x81,2")
    assert said == [NOT_STARTED.format("not today"),
                    "Tandem: disk 0x81 has nothing to boot"]


def test_boot_next_is_what_the_firmwares_boot_order_has_next(prompt):
    """A floppy, which has the firmware boot anew."""
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


def test_a_cpu_without_svm_boots_debian():
    """The same GRUB menu: it must not try Tandem again and again."""
    options = bios.prepare("bios-nosvm", boot.guest(
        (), kernel=paths.CLOUD_KERNEL), "multiboot /tandem.elf")
    with Watched("bios-nosvm", nic=None, memory=512, cpu="EPYC-v1,-svm",
                 **options) as machine:
        found = e820(boots(machine))
        assert machine.said() == [NOT_STARTED.format(
            "this CPU has no AMD SVM")]
        assert [e for e in found if e[2] == "usable"]
        assert not [e for e in found if e[2] == "reserved" and
                    e[1] < 512 << 20 and e[1] - e[0] + 1 >= BLOCK]
