# SPDX-License-Identifier: MIT
"""docs/extending.md as a reader would follow it: the files and lines that it
prints are put into a copy of the tree, built there, and run on the bench."""

import re
import shutil
import subprocess

import pytest
from lib import boot, paths
from lib.dbgsh import DebugShell
from lib.machine import Machine
from lib.tree import copy_sources

BLOCK = re.compile(r"^(File|Line at the end of) `([^`]+)`:\n\n"
                   r"```\w+\n(.*?)^```$", re.M | re.S)
NEW_PROGRAM = "vmm-uptime"


def follow(page, tree):
    """Does what the page says; the names of the files it touched."""
    steps = BLOCK.findall(page)
    for what, name, text in steps:
        path = tree / name
        if what == "File":
            assert not path.exists(), f"{name}: the tree has it already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        else:
            path.write_text(path.read_text() + text)
    return [name for _, name, _ in steps]


def copy_of_tree(folder):
    """Sources and what is built of them, with their dates, so that make has
    only the new parts to do."""
    copy_sources(folder)
    for name in ("obj", "lib", "include", "domains", ".config"):
        source = paths.BUILD / name
        if source.is_dir():
            shutil.copytree(source, folder / "build" / name,
                            symlinks=True)
        else:
            shutil.copy2(source, folder / "build" / name)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extended") / "tandem"
    folder.mkdir()
    copy_of_tree(folder)
    page = (folder / "docs" / "extending.md").read_text()
    assert len(follow(page, folder)) == page.count("\n```\n")
    done = subprocess.run(
        ["make", "-j2", "O=build", "all"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def machine(tree):
    build = tree / "build"
    options = boot.prepare(
        "extending", boot.guest(programs=[build / "guest" / NEW_PROGRAM]),
        files={"EFI/BOOT/tandem.elf": build / "tandem.elf"})
    with Machine("extending", **options) as m:
        boot.wait_ready(m)
        yield m


def test_service_of_the_page_runs_and_logs(machine):
    assert "jitterd: watches every 10 ms" in machine.vmm_log()
    with DebugShell(machine.console) as shell:
        assert "jitterd" in shell.command("ps")


def test_command_of_the_page_asks_the_service(machine):
    with DebugShell(machine.console) as shell:
        median = shell.command("jitter 500")
        worst = shell.command("jitter 1000")
        wrong = shell.command("jitter 1001")
        told = shell.command("help"), shell.command("jitter -h")
    found = [int(re.search(r"at most (\d+) us late", text)[1])
             for text in (median, worst)]
    assert 0 < found[0] <= found[1], (median, worst)
    assert "jitter: expected one number, from 1 to 1000" in wrong
    assert "jitter     how late the VMM's timers are" in told[0]
    assert "jitter [PER MILLE]\n" in told[1]


def test_call_of_the_page_answers_a_program_in_the_guest(machine):
    first = int(machine.console.run(NEW_PROGRAM))
    machine.console.run("sleep 2")
    assert first + 2 <= int(machine.console.run(NEW_PROGRAM)) < first + 60
