# SPDX-License-Identifier: MIT
"""tandem.efi under Secure Boot, in OVMF's build for it, with a key of our own:
unsigned, foreign and altered programs are not started, what is signed is, by the
firmware and by Debian's shim, and Linux boots above it."""

import re
import subprocess

import pytest
from lib import boot, disk, paths, secure_boot, uefi_vars, wire
from lib.efi_shell import Watched

NAME = "secure-boot"
ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet", "efivarfs")
SHIM = "/usr/lib/shim/shimx64.efi"
CONF = "log.level = 3\nboot.next = /EFI/unsigned/tandem.efi\n"


def entry(folder, program="tandem.efi"):
    return uefi_vars.boot_entry(folder, disk.partition_node() +
                                uefi_vars.file_node(
                                    f"/EFI/{folder}/{program}"))


@pytest.fixture(scope="module")
def machine():
    """It tries what is wrong, then shim, which starts Tandem under the name
    of GRUB, and then Debian's kernel."""
    folder = paths.WORK / NAME
    key = secure_boot.Key(folder)
    foreign = secure_boot.Key(folder, "foreign")
    plain = paths.need(paths.ONE_FILE, "run make")
    # as docs/booting.md has it: the configuration goes in before the signature
    (folder / "conf").write_text(CONF)
    signed = folder / "signed.efi"
    subprocess.run([paths.TOP / "scripts" / "tandem-conf", "section", plain,
                    folder / "conf", "--output", signed, "--key", key.key,
                    "--cert", key.cert], check=True, timeout=60)
    data = signed.read_bytes()
    assert data.count(b"log.level = 3") == 1
    kernel = key.sign(paths.KERNEL / "vmlinuz", folder / "vmlinuz")
    files = {
        "EFI/unsigned/tandem.efi": plain,
        "EFI/foreign/tandem.efi": foreign.sign(plain, folder / "foreign.efi"),
        "EFI/altered/tandem.efi": data.replace(b"log.level = 3",
                                               b"log.level = 0"),
        "EFI/shim/shimx64.efi": key.sign(paths.need(SHIM, "run scripts/setup"),
                                         folder / "shimx64.efi"),
        "EFI/shim/grubx64.efi": signed,
        "EFI/debian/vmlinuz.efi": kernel}
    options = boot.prepare(NAME, boot.guest(MODULES), tandem=False,
                           files=files)
    uefi_vars.write(options["variables"],
                    [entry("unsigned"), entry("foreign"), entry("altered"),
                     entry("shim", "shimx64.efi"),
                     *boot.entries(False, boot.CMDLINE)])
    secure_boot.enroll(options["variables"], key)
    with Watched(NAME, peer=True, memory=512, code=secure_boot.CODE,
                 extra=secure_boot.MACHINE, **options) as m:
        boot.wait_ready(m, 120)
        yield m


@pytest.mark.parametrize("what", ["unsigned", "foreign", "altered"])
def test_firmware_does_not_start(machine, what):
    text = machine.text.getvalue()
    assert re.search(rf'failed to load Boot\d+ "{what}" .*Access Denied', text)
    assert not re.search(rf'starting Boot\d+ "{what}"', text)


def test_shim_starts_what_is_signed_and_has_a_generation(machine):
    assert len([line for line in machine.said() if "running, " in line]) == 1


def test_what_the_signed_section_says_counts(machine):
    assert "2 values set by .tandemcf" in machine.vmm_log()


def test_next_program_needs_a_signature_too(machine):
    assert machine.said()[-1] == (
        "Tandem: /EFI/unsigned/tandem.efi is not started: Secure Boot does "
        "not know its signature")


def test_guest_runs_under_secure_boot_and_both_answer(machine):
    variable = "/sys/firmware/efi/efivars/SecureBoot-" \
        "8be4df61-93ca-11d2-aa0d-00e098032b8c"
    machine.console.run("mount -t efivarfs efivarfs /sys/firmware/efi/efivars")
    assert machine.console.run(
        f"od -An -tu1 {variable}").split() == ["6", "0", "0", "0", "1"]
    boot.dhcp(machine)
    machine.console.run("ping -c 2 -W 2 10.0.2.2")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)
