# SPDX-License-Identifier: MIT
"""The program debug as it is configured: not there, for anybody, or with a key
that is none. The bench's own build has it with a key: test_debug.py."""

import os
import subprocess

import pytest
from lib import boot, paths
from lib.machine import Machine

KEY = "CONFIG_DEBUG_ROOT_KEY=y\nCONFIG_DEBUG_KEY="


def make(name, lines, target="vmm"):
    """A build in a folder of its own, without the network, which takes
    longest; what became of it."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    off = "".join(f"# CONFIG_{name} is not set\n"
                  for name in ("NETD", "NET_BNX", "NET_VIRTIO", "NET_IPPASS"))
    (folder / ".config").write_text(off + lines + "\n")
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "-j2", f"O={folder}", target], cwd=paths.TOP, text=True,
        env=environment, capture_output=True, timeout=300, check=False)
    return folder, done


def start(name, lines):
    folder, done = make(name, lines)
    assert done.returncode == 0, done.stderr
    options = boot.prepare(name, boot.guest(()), files={
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


def test_for_any_user_it_asks_for_no_key():
    _, m = start("debug-any", "CONFIG_DEBUG_PROGRAM_ANY=y")
    try:
        run = m.console.run
        said = run("dbgsh -c 'debug D 100000 20'")
        assert said.count("\n") == 2 and "|" in said
        assert "rip" in run("dbgsh -c 'debug r'")
        assert "key" not in m.vmm_log()
    finally:
        m.stop()


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
