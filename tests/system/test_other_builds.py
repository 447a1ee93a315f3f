# SPDX-License-Identifier: MIT
"""Builds that differ from the bench's own: the program debug not there, for
anybody, or with a key that is none (test_debug.py has it with one), and a
network card of which no virtio feature is offered to the guest."""

import os
import re
import subprocess

import pytest
from lib import boot, paths, traffic
from lib.machine import Machine

KEY = "CONFIG_DEBUG_ROOT_KEY=y\nCONFIG_DEBUG_KEY="


NO_NETWORK = ("NETD", "NET_BNX", "NET_VIRTIO", "NET_IPPASS")
FEATURES = re.findall(r"^config (\S+)$", (
    paths.TOP / "net" / "virtio" / "Kconfig").read_text(), re.M)
ALWAYS = {5, 32}        # MAC, VERSION_1


def make(name, lines, target="vmm", without=NO_NETWORK):
    """A build in a folder of its own, by default without the network, which
    takes longest; what became of it."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    off = "".join(f"# CONFIG_{name} is not set\n" for name in without)
    (folder / ".config").write_text(off + lines + "\n")
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "-j2", f"O={folder}", target], cwd=paths.TOP, text=True,
        env=environment, capture_output=True, timeout=300, check=False)
    return folder, done


def start(name, lines, modules=(), without=NO_NETWORK):
    folder, done = make(name, lines, without=without)
    assert done.returncode == 0, done.stderr
    options = boot.prepare(name, boot.guest(modules), files={
        "EFI/BOOT/tandem.elf": folder / "tandem.elf"})
    m, _ = boot.start(lambda: Machine(name, **options))
    return folder, m


def test_without_it_there_is_no_such_program_and_nothing_in_the_core():
    folder, m = start("debug-off", "")
    try:
        status, said = m.console.status("dbgsh -c 'debug D 100000 10'")
        assert status == 2 and "debug: no such command" in said
        assert "debug" not in m.console.run("dbgsh -c help")
    finally:
        m.stop()
    symbols = subprocess.run(["nm", folder / "tandem.debug"], text=True,
                             capture_output=True, check=True).stdout
    assert "dbgsh" in symbols
    for name in "debug_message", "debug_handler", "snapshot_take":
        assert name not in symbols


@pytest.fixture(scope="module")
def bare():
    """debug for anybody, no stack, and no virtio feature."""
    _, m = start("bare", "CONFIG_DEBUG_PROGRAM_ANY=y", boot.NETWORK_MODULES,
                 ("NETD", *FEATURES))
    yield m
    m.stop()


def test_for_any_user_it_asks_for_no_key(bare):
    run = bare.console.run
    said = run("dbgsh -c 'debug D 100000 20'")
    assert said.count("\n") == 2 and "|" in said
    assert "rip" in run("dbgsh -c 'debug r'")
    assert "key" not in bare.vmm_log()


def test_linux_works_without_a_feature_that_it_can_do_without(bare):
    run = bare.console.run
    bits = run("cat /sys/bus/virtio/devices/virtio0/features").strip()
    assert {n for n, bit in enumerate(bits) if bit == "1"} == ALWAYS
    boot.dhcp(bare)
    for to_guest in True, False:
        traffic.transfer(bare, to_guest, 5_000_000, check=True)
    lines = run("grep virtio /proc/interrupts").splitlines()
    assert len(lines) == 1 and "IO-APIC" in lines[0], lines
    run("rmmod virtio_net; insmod /modules/virtio_net.ko")
    boot.dhcp(bare)
    assert boot.complaints(bare) == ""
    assert bare.nic_counter("c-tso") == 0
    assert bare.nic_counter("c-violations") == 0


def test_without_a_feature_there_is_none_that_needs_it():
    """Virtio 1.2, 5.1.3.1."""
    gone = {"CSUM", "HOST_TSO4", "HOST_TSO6", "GUEST_CSUM", "GUEST_TSO4",
            "CTRL_VQ", "CTRL_RX", "CTRL_MAC_ADDR", "CTRL_GUEST_OFFLOADS"}
    folder, done = make("features", "", "olddefconfig", (
        "VIRTIO_CSUM", "VIRTIO_GUEST_CSUM", "VIRTIO_CTRL_VQ"))
    assert done.returncode == 0
    on = re.findall(r"^CONFIG_(VIRTIO_\w+)=y$",
                    (folder / ".config").read_text(), re.M)
    assert set(on) == set(FEATURES) - {f"VIRTIO_{name}" for name in gone}


@pytest.mark.parametrize("key", [
    "", "short", "eleven-char", "x" * 65, "with a blank in it",
    "caf\u00e9-on-the-corner", "dollar$dollar$dollar"])
def test_a_key_that_is_none_stops_the_build_and_is_not_shown(key):
    _, done = make("debug-key", f'{KEY}"{key}"', "build-no-file")
    assert done.returncode != 0
    assert 'CONFIG_DEBUG_KEY="..."' in done.stderr
    if key:
        assert key not in done.stderr + done.stdout


def test_minimal_has_it_off_and_off_is_the_default():
    minimal = (paths.TOP / "configs" / "minimal_defconfig").read_text()
    assert "CONFIG_DEBUG_ROOT" not in minimal
    folder, done = make("debug-key", "", "olddefconfig")
    assert done.returncode == 0
    assert "CONFIG_DEBUG_PROGRAM_OFF=y" in (folder / ".config").read_text()
