# SPDX-License-Identifier: MIT
"""Binding strings that cannot be followed: a log line says what and where,
and the guest boots with the hardware as it is. One boot each."""

import contextlib

import pytest
from lib import boot, paths, traffic, vmm_file
from lib.machine import Machine

# Name: the string, and what the log says of it.
WRONG = {
    "malformed": ("device=bnx, number=0 driver",
                  "pci= column 13: number= takes a decimal number"),
    "no-driver": ("device=bnx, number=0",
                  "pci= column 21: rule without driver=NAME; no device is bound"),
    "no-device": ("slot=1f:1f.7, driver=bnx, net=ippass",
                  "pci= rule 1 (driver bnx): no such device"),
    "unknown-driver": ("device=bnx, driver=nosuch",
                       'pci= column 13: unknown driver "nosuch", expected '
                       "none, conceal, bnx"),
    "unknown-option": ("device=bnx, driver=bnx, colour=red",
                       'pci= column 25: driver bnx has no option "colour"'),
}


def with_bindings(text):
    """tandem.elf with another string in the place of the configured one."""
    data = vmm_file.unseal(paths.need(paths.VMM, "run make").read_bytes())
    old = paths.config()["PCI_BINDINGS"].encode()
    assert len(text) <= len(old)
    assert old in data
    return vmm_file.seal(data.replace(old, text.encode().ljust(len(old),
                                                               b"\0")))


@contextlib.contextmanager
def booted(name, text):
    options = boot.prepare(f"binding-{name}", boot.guest(), files={
        "EFI/BOOT/tandem.elf": with_bindings(text)})
    m, _ = boot.start(lambda: Machine(f"binding-{name}", nic_options="",
                                      **options))
    try:
        yield m
    finally:
        m.stop()


def guest_drives_the_card_itself(machine):
    assert "tg3" in machine.console.run(
        "readlink /sys/class/net/eth0/device/driver")
    boot.dhcp(machine)
    traffic.transfer(machine, True, 1_000_000, check=True)


@pytest.mark.parametrize("name", [
    name if name == "malformed" else
    pytest.param(name, marks=pytest.mark.long) for name in WRONG])
def test_wrong_string_is_logged_and_leaves_the_hardware_as_it_is(name):
    text, said = WRONG[name]
    with booted(name, text) as m:
        assert "guest runs" in m.vmm_log()
        assert said in m.vmm_log()
        guest_drives_the_card_itself(m)


def test_concealed_card_is_not_there_for_the_guest():
    with booted("conceal", "device=bnx, driver=conceal") as m:
        assert ": concealed" in m.vmm_log()
        run = m.console.run
        assert "0x14e4" not in run("cat /sys/bus/pci/devices/*/vendor")
        assert "eth0" not in run("ls /sys/class/net")
