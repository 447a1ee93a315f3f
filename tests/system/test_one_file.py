# SPDX-License-Identifier: MIT
"""tandem.efi, which holds loader, VMM and configuration: it starts from a disk
alone, and whatever is wrong with it costs one line and no boot.

As in test_loader.py, odd files have boot entries of their own before the right
one, and one boot tries them all.
"""

import struct
import subprocess

import pytest
from lib import boot, disk, paths, uefi_vars, vmm_file, wire
from lib.efi_shell import Watched

NAME = "one-file"
ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
REFUSED = "Tandem: not started: {}; booting without it"
CONF = b"log.level = 3\npanic.reboot = maybe\n"

# Folder: what the loader says of the file there, None if the firmware says it.
ODD = {
    "cut": None,
    "machine": None,
    "byte": "the VMM in this file is damaged: its checksum is wrong",
    "zeros": "the VMM in this file is cut short or has no checksum at its end",
    "other": "not today",
}


def one_file():
    return paths.need(paths.ONE_FILE, "run make")


def sections(program):
    """Name to (address, size) of a PE program's sections."""
    lines = subprocess.run(["objdump", "-h", program], check=True, text=True,
                           stdout=subprocess.PIPE, timeout=60).stdout
    rows = [line.split() for line in lines.splitlines()]
    return {row[1]: (int(row[3], 16), int(row[2], 16)) for row in rows
            if row and row[0].isdigit()}


def content(program, section, folder):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", section, program,
                    folder / "content"], check=True, timeout=60)
    return (folder / "content").read_bytes()


def for_arm(program):
    """The program with another machine type in its header (PE/COFF, 3.3)."""
    at = struct.unpack_from("<I", program, 60)[0] + 4
    assert program[at:at + 2] == b"\x64\x86"
    return program[:at] + b"\x64\xaa" + program[at + 2:]


def entry(folder):
    return uefi_vars.boot_entry(folder, disk.partition_node() +
                                uefi_vars.file_node(
                                    f"/EFI/{folder}/tandem.efi"))


# ---- the file itself --------------------------------------------------------


def test_sections_lie_apart_on_pages_of_their_own():
    found = sorted(sections(one_file()).values())
    assert all(address % 4096 == 0 for address, _ in found)
    assert all(a + size <= b for (a, size), (b, _) in zip(found, found[1:]))


def test_vmm_inside_is_the_one_beside_it():
    assert content(one_file(), ".tandem", paths.WORK / NAME) == \
        paths.VMM.read_bytes()


@pytest.mark.parametrize("program", [paths.ONE_FILE, paths.LOADER],
                         ids=lambda path: path.name)
def test_shim_finds_a_generation(program):
    """Lines of six fields, the first about the format (SBAT.md of shim)."""
    text = content(program, ".sbat", paths.WORK / NAME).rstrip(b"\0").decode()
    rows = [line.split(",") for line in text.splitlines()]
    assert [len(row) for row in rows] == [6, 6]
    assert rows[0][:2] == ["sbat", "1"]
    assert rows[1][:4] == ["tandem", "1", "Tandem", "tandem"]


# ---- a machine that starts it -----------------------------------------------


@pytest.fixture(scope="module")
def machine():
    folder = paths.WORK / NAME
    data = one_file().read_bytes()
    vmm = paths.VMM.read_bytes()
    at = len(vmm) * 2 // 3
    broken = vmm[:at] + bytes([vmm[at] ^ 0x10]) + vmm[at + 1:]
    refusing = vmm_file.make(vmm_file.refusing("not today"))
    # as somebody who wants a configuration without a second file does it
    section = folder / "section"
    folder.mkdir(parents=True, exist_ok=True)
    section.write_text("log.level = 3\n")
    configured = folder / "configured.efi"
    subprocess.run([paths.TOP / "scripts" / "tandem-conf", "section",
                    one_file(), section, "--output", configured], check=True,
                   timeout=60)
    files = {f"EFI/{name}/tandem.efi": program for name, program in {
        "cut": data[:len(data) // 2],
        "machine": for_arm(data),
        "byte": data.replace(vmm, broken),
        "zeros": vmm_file.inside(one_file(), None, folder / "zeros"),
        "other": vmm_file.inside(one_file(), refusing, folder / "other"),
        "tandem": configured}.items()}
    files["EFI/tandem/tandem.conf"] = CONF
    options = boot.prepare(NAME, boot.guest(MODULES), tandem=False,
                           files=files)
    uefi_vars.write(options["variables"],
                    [entry(name) for name in (*ODD, "tandem")] +
                    boot.entries(False, boot.CMDLINE))
    with Watched(NAME, peer=True, memory=512, **options) as m:
        boot.wait_ready(m)
        yield m


def test_each_odd_file_gets_one_line_that_says_why(machine):
    said = machine.said()
    assert said[:-1] == [REFUSED.format(why) for why in ODD.values() if why]
    assert "running, " in said[-1]


def test_a_file_that_is_cut_short_or_for_another_machine_does_not_start(
        machine):
    text = machine.text.getvalue()
    assert 'failed to load Boot0000 "cut"' in text
    assert 'failed to load Boot0001 "machine"' in text


def test_configuration_comes_from_the_section_and_no_file_is_read(machine):
    log = machine.vmm_log()
    assert "config: 1 value set by .tandemcf" in log
    assert "tandem.conf" not in log


def test_guest_and_vmm_answer_on_the_card(machine):
    boot.dhcp(machine)
    machine.console.run("ping -c 2 -W 2 10.0.2.2")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)
