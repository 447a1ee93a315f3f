# SPDX-License-Identifier: MIT
"""The build: the same sources give the same bytes wherever they are, and a
change compiles what depends on it and nothing else."""

import os
import re
import shutil
import subprocess

import pytest
from lib import paths
from lib.tree import copy_sources

LIMIT = 400
CONFIGS = ["--random", "10"] if os.environ.get("TANDEM_LONG") else \
    ["--random", "1", "--ends"]
RESULTS = ["tandem.elf", "loadvmm.efi", "tandem.efi", "guest/dbgsh"]


def make(folder, *arguments):
    """What make says; V=0 is one line for each thing made."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "O", "V", "W")}
    env["TANDEM_CACHE"] = str(folder.parent / "cache")
    done = subprocess.run(["make", f"-j{os.cpu_count()}", *arguments],
                          cwd=folder, env=env, timeout=LIMIT, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def compiled(said):
    return set(re.findall(r"^  CC +(\S+)$", said, re.M))


def release():
    text = (paths.BUILD / "include" / "config" / "release.h").read_text()
    return re.search(r'"(.*)"', text)[1]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The tree in another place, built into a folder of another name, with
    the cache seen under another path, and without git."""
    base = tmp_path_factory.mktemp("elsewhere")
    tree = base / "another" / "tandem"
    copy_sources(tree)
    (base / "another" / "cache").symlink_to(paths.CACHE)
    (tree / "RELEASE").write_text(release() + "\n")
    (tree / "out").mkdir()
    shutil.copy(paths.BUILD / ".config", tree / "out" / ".config")
    make(tree, "O=out", "SOURCE_DATE_EPOCH=1", "all")
    yield tree
    shutil.rmtree(base)


@pytest.mark.parametrize("name", RESULTS)
def test_two_builds_in_different_places_are_the_same_bytes(elsewhere, name):
    done = subprocess.run(["cmp", paths.BUILD / name,
                           elsewhere / "out" / name], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_made_again_without_a_change(elsewhere):
    said = make(elsewhere, "O=out", "--debug=b", "all")
    assert not re.search(r"^  [A-Z]+ +\S+$", said, re.M), "\n".join(
        line for line in said.splitlines()
        if "newer than" in line or not line.startswith("  "))


def test_a_configuration_value_compiles_what_mentions_it_alone(elsewhere):
    """... and what has all of them: the table of what can be set at boot, and
    the version's digest."""
    config = elsewhere / "out" / ".config"
    text = config.read_text()
    assert "CONFIG_DBGSH_SESSIONS=4\n" in text
    config.write_text(text.replace("CONFIG_DBGSH_SESSIONS=4\n",
                                   "CONFIG_DBGSH_SESSIONS=5\n"))
    there = compiled(make(elsewhere, "O=out", "all"))
    config.write_text(text)
    back = compiled(make(elsewhere, "O=out", "all"))
    mention = subprocess.run(
        ["grep", "-rlE", r"\bCONFIG_DBGSH_SESSIONS\b|config/symbols\.h|"
         r"config/digest\.h", "--include=*.[chS]", "boot", "core", "net",
         "domains", "services", "lib"], cwd=elsewhere,
        check=True, capture_output=True, text=True).stdout.split()
    assert there == back == set(mention)


def test_a_touched_header_compiles_what_includes_it_alone(elsewhere):
    (elsewhere / "net" / "bnx" / "bnx.h").touch()
    assert all(name.startswith("net/bnx/")
               for name in compiled(make(elsewhere, "O=out", "all")))


def test_a_part_that_is_switched_off_is_linked_no_more(elsewhere):
    config = elsewhere / "out" / ".config"
    text = config.read_text()
    config.write_text(text.replace("CONFIG_ECHO=y",
                                   "# CONFIG_ECHO is not set"))
    make(elsewhere, "O=out", "all")
    names = subprocess.run(["nm", "out/domains/netd.elf"], cwd=elsewhere,
                           check=True, capture_output=True,
                           text=True).stdout
    config.write_text(text)
    make(elsewhere, "O=out", "all")
    assert "echo_server" not in names
    assert (elsewhere / "out" / "tandem.elf").read_bytes() == \
        (paths.BUILD / "tandem.elf").read_bytes()


def test_another_compiler_or_other_warnings_compile_all(elsewhere):
    said = make(elsewhere, "-n", "O=out", "W=1", "vmm")
    assert len(re.findall(r"'CC' ", said)) > 100


def test_sources_without_git_know_their_release(elsewhere):
    assert release() in \
        (elsewhere / "out" / "include" / "config" / "release.h").read_text()


def test_many_configurations_build_without_a_warning():
    done = subprocess.run(
        ["scripts/build-configs", *CONFIGS], cwd=paths.TOP,
        timeout=LIMIT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
