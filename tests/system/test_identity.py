# SPDX-License-Identifier: MIT
"""The machine's identity: a seed that the firmware keeps over boots and shows
to no OS, files beside the loader, the time of day; and that nobody but netd is
told any of it."""

import re
import struct
import subprocess
import time

import pytest
from lib import boot, paths, uefi_vars
from lib.dbgsh import DebugShell
from lib.initramfs import READY
from lib.machine import Machine

KEPT = 2 | 1                # boot services, non-volatile; not runtime
GENERATED = 3               # BOOT_SEED_KEPT
SEED = "TandemSeed"
MODULES = (*boot.NETWORK_MODULES, "efivarfs")


def key_and_certificate():
    folder = paths.WORK / "identity-files"
    folder.mkdir(parents=True, exist_ok=True)
    key, certificate = folder / "tandem.key", folder / "tandem.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
         certificate, "-days", "30", "-subj", "/CN=tandem"],
        check=True, timeout=60, stderr=subprocess.DEVNULL)
    return key.read_bytes(), certificate.read_bytes()


@pytest.fixture(scope="module")
def files():
    return key_and_certificate()


@pytest.fixture(scope="module")
def machine(files):
    key, certificate = files
    options = boot.prepare("identity", boot.guest(MODULES), files={
        "EFI/BOOT/tandem.key": key, "EFI/BOOT/tandem.crt": certificate,
        "EFI/BOOT/tandem.ca": bytes(9000)})
    m, _ = boot.start(lambda: Machine("identity", **options))
    yield m
    m.stop()


def kept(machine):
    """(attributes, content) of the seed's variable in the firmware's store."""
    found = [(attributes, value) for name, attributes, value
             in uefi_vars.variables((machine.folder / "vars.fd").read_bytes())
             if name == SEED]
    assert len(found) == 1
    return found[0]


def test_the_firmware_keeps_a_seed_made_by_a_generator(machine):
    attributes, value = kept(machine)
    kind, = struct.unpack_from("<I", value)
    assert attributes == KEPT and kind == GENERATED and len(value) == 4 + 32
    assert len(set(value[4:])) > 16


def test_the_guests_os_does_not_see_the_variable(machine):
    machine.console.run("mkdir -p /vars; mount -t efivarfs none /vars")
    names = machine.console.run("ls /vars")
    assert "BootOrder" in names and SEED not in names


def test_the_log_says_where_files_came_from_and_not_what_they_are(
        machine, files):
    key, certificate = files
    log = machine.vmm_log()
    place = "a file beside the loader"
    assert f"certificate from {place}, {len(certificate)} bytes" in log
    assert f"private key from {place}, {len(key)} bytes" in log
    assert "client CA" not in log
    assert key.decode().splitlines()[1] not in log


def test_the_vmm_knows_the_time_of_day(machine):
    said = int(re.search(r"clock: (\d+) s since 1970", machine.vmm_log())[1])
    assert -120 < said - (time.time() - machine.seconds()) < 120


def test_the_shell_and_its_programs_are_told_none_of_it(machine):
    with DebugShell(machine.console) as shell:
        assert "1 cases, 0 failed" in shell.command("usertests services_only")


def test_the_seed_is_the_same_at_the_next_boot(machine):
    before, told = kept(machine), machine.vmm_log().count("private key from")
    machine.qmp.ask("system_reset")
    machine.console.expect_exact(READY, timeout=240)
    assert machine.vmm_log().count("private key from") == told + 1
    assert kept(machine) == before
