# SPDX-License-Identifier: MIT
"""What users of a guest have: dbgsh for scripts and for persons, of 64 and 32
bits; the kernel module that brings the VMM's log into the guest's, built by
DKMS. A client that shares no code with ours judges the VMM call of the debug
shell. Without a VMM: test_baseline.py; the module and kexec: test_restart.py."""

import json
import os
import re
import struct
import subprocess
import time

import pytest
from lib import boot, gdbstub, paths
from lib.dbgsh import DebugShell
from lib.machine import Machine
from lib.tandem_log import MODULE, add_module, count_place, listener
from lib.wait import wait_for

TOOLS = paths.BUILD / "guest-tools"
RELEASE = "0-test"
NO_VMM = "dbgsh: there is no VMM beneath this system\n"
WINE = "/usr/lib/wine/wine64"


def tool(system, name):
    return paths.need(TOOLS / system / name,
                      "run make guest-tools guest-tools-windows")


# ---- what is installed, on the host ----

@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A system's root with what make install-guest puts there."""
    root = tmp_path_factory.mktemp("root")
    paths.need(TOOLS / "libcall_vmm.a", "run make guest-tools")
    subprocess.run([paths.TOP / "guest" / "install.sh", paths.BUILD, "/usr",
                    RELEASE], env=dict(os.environ, DESTDIR=str(root)),
                   check=True, timeout=60)
    return root


@pytest.fixture(scope="module")
def module(installed):
    """The kernel module, made from the installed source by DKMS."""
    tree = installed / "dkms"
    tree.mkdir()

    def dkms(action, *more):
        done = subprocess.run(
            ["dkms", action, "-m", "tandem-log", "-v", RELEASE,
             "--sourcetree", installed / "usr/src", "--dkmstree", tree, *more],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300)
        assert done.returncode == 0, done.stdout

    dkms("add")
    dkms("build", "-k", (paths.KERNEL / "release").read_text().strip(),
         "--kernelsourcedir", paths.KERNEL / "headers")
    made, = tree.glob(f"tandem-log/{RELEASE}/*/*/module/tandem-log.ko")
    return made


def test_the_manuals_example_builds_from_what_is_installed(installed):
    text = (installed / "usr/share/man/man3/call_vmm.3").read_text()
    source = installed / "example.c"
    source.write_text(text.split(".Bd -literal\n")[1].split(".Ed")[0]
                      .replace("\\e", "\\"))
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-I",
                    installed / "usr/include", "-o", installed / "example",
                    source, "-L", installed / "usr/lib", "-lcall_vmm"],
                   check=True, timeout=60)
    done = subprocess.run([installed / "example"], capture_output=True,
                          text=True, timeout=10)
    assert (done.returncode, done.stdout) == \
        (1, "no VMM, or none with a debug shell\n")


COMPLETE = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
    'complete -p dbgsh >/dev/null && _dbgsh; echo "${COMPREPLY[@]}"'
COMPLETION = "usr/share/bash-completion/completions/dbgsh"


def complete(installed, folder, *words):
    """What bash offers for the last of words."""
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", installed / COMPLETION, *words],
        env=dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"),
        capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_options(installed, tmp_path):
    """And offers no command where the VMM tells of none."""
    fake = tmp_path / "dbgsh"
    fake.write_text("#!/bin/sh\nexit 69\n")
    fake.chmod(0o755)
    assert complete(installed, tmp_path, "dbgsh", "--t") == ["--timeout"]
    assert complete(installed, tmp_path, "dbgsh", "-c", "") == []


def wine(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("wine")
    return dict(os.environ, WINEPREFIX=str(prefix), WINEDEBUG="-all",
                WINEDLLOVERRIDES="mscoree,mshtml=")


def test_windows_program_says_that_there_is_no_vmm(tmp_path_factory):
    """And its library survives refused instructions, and it reads commands
    from a pipe and from a file; 64 bits, for Debian's Wine has a 32-bit part
    only as a foreign architecture."""
    env = wine(tmp_path_factory)

    def run(name, *arguments, **stdin):
        return subprocess.run(
            [WINE, tool("windows64", name), *arguments], env=env,
            **(stdin or {"stdin": subprocess.DEVNULL}), capture_output=True,
            text=True, timeout=120)

    try:
        # Wine sets its folder up. Its servers go on for a while, and would
        # keep a pipe open.
        subprocess.run([WINE, tool("windows64", "dbgsh.exe"), "--version"],
                       env=env, stdin=subprocess.DEVNULL, timeout=120,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for arguments in (("-c", "version"), ()):
            done = run("dbgsh.exe", *arguments)
            assert (done.returncode, done.stdout) == (69, "")
            assert done.stderr.replace("\r", "") == NO_VMM
        assert run("dbgsh.exe", "-t", "0").returncode == 64
        done = run("call_vmm_test.exe")
        assert done.returncode == 0, done.stdout
        assert "checks" in done.stdout
        script = tmp_path_factory.mktemp("script") / "commands"
        script.write_text("first\r\n# none\r\nsecond")
        with open(script) as f:
            for done in (run("echoshell.exe", input=script.read_text()),
                         run("echoshell.exe", stdin=f)):
                assert (done.returncode, done.stdout.split()) == \
                    (2, ["first", "second"])
    finally:
        subprocess.run(["/usr/lib/wine/wineserver64", "-k"], env=env,
                       timeout=30)
        subprocess.run(["rm", "-rf", env["WINEPREFIX"]], timeout=60)


def test_32_bit_windows_program_is_one():
    head = tool("windows32", "dbgsh.exe").read_bytes()
    assert head[:2] == b"MZ" and b"PE\0\0\x4c\x01" in head[:1024]


# ---- with Tandem ----

@pytest.fixture(scope="module")
def machine(module, installed):
    image = boot.guest(modules=())
    image.program(tool("linux32", "dbgsh"), "bin/dbgsh32")
    image.program(tool("linux32", "call_vmm_test"), "bin/call_vmm_test32")
    image.program(tool("linux32", "tandem-status"), "bin/tandem-status32")
    add_module(image, module)
    image.program("/bin/bash")
    image.file("etc/dbgsh.bash", installed / COMPLETION)
    options = boot.prepare("guest-tools", image)

    def make():
        m = Machine("guest-tools", extra=[
            "-global", "ICH9-LPC.disable_s3=0"], **options)
        m.extra += gdbstub.GdbStub.arguments(m)
        return m

    m, _ = boot.start(make)
    yield m
    m.stop()


def test_a_client_made_from_the_contract_alone_works(machine):
    code, said = machine.console.status(
        "printf 'version\\rexit\\r' | shellclient")
    assert code == 0
    assert re.search(r"> version\s+Tandem ", said)


@pytest.mark.parametrize("dbgsh", ["dbgsh", "dbgsh32"])
def test_scripts_get_output_and_status(machine, dbgsh):
    status = machine.console.status
    code, version = status(f"{dbgsh} -c version")
    assert code == 0 and version.startswith("Tandem ")
    assert "> " not in version and "\x1e" not in version
    code, unknown = status(f"{dbgsh} -c nonsense")
    assert code == 2 and "no such command" in unknown
    assert status(f"{dbgsh} -c nonsense -c version") == \
        (0, unknown + version)
    assert status(f"{dbgsh} -e -c nonsense -c version") == (2, unknown)
    assert status(f"printf '# all\\nversion\\n\\nnonsense\\n' | {dbgsh}") \
        == (2, version + unknown)
    code, said = status(f"{dbgsh} -c version >/dev/full")
    assert code == 74


def test_json_is_asked_of_the_command(machine):
    """By its own option; one without figures does not know it."""
    assert machine.console.status("dbgsh --json -c version")[1] == \
        machine.console.status("dbgsh -c 'version --json'")[1]


def test_bash_completes_the_vmms_commands(machine):
    run = machine.console.run
    run(f"printf '%s\\n' '{COMPLETE}' >/tmp/complete")
    # the VMM is asked for two seconds at most
    offered = wait_for(lambda: run(
        "bash /tmp/complete /etc/dbgsh.bash dbgsh -c ''").split(), 20,
        "nothing is offered")
    assert {"exits", "help", "log", "version"} <= set(offered)
    listed = run("dbgsh -c help").splitlines()
    assert offered == [line.split()[0] for line in listed]
    assert wait_for(lambda: run(
        "bash /tmp/complete /etc/dbgsh.bash dbgsh -j --command ver").strip(),
        20, "nothing is offered") == "version"


def test_a_timeout_ends_what_does_not_end(machine):
    began = time.monotonic()
    code, said = machine.console.status("dbgsh -t 1 -c spin 2>&1")
    assert code == 124 and "not done within 1 s" in said
    assert time.monotonic() - began < 30
    assert machine.console.status("dbgsh -c version")[0] == 0


def test_one_key_leaves_and_the_next_session_is_a_fresh_one(machine):
    """The terminal is as it was. (While a command runs: the unit test.)"""
    console = machine.console
    before = console.run("stty -g")
    for _ in range(3):
        console.begin("dbgsh")
        console.expect("> ", 60)
        console.send("half a line\x1d")
        assert console.end(60)[0] == 0
    assert console.run("stty -g") == before
    with DebugShell(console) as shell:
        assert "Tandem" in shell.command("version")


@pytest.mark.parametrize("signal", ["TERM", "HUP", "INT"])
def test_a_signal_leaves_the_terminal_as_it_was(machine, signal):
    console = machine.console
    before = console.run("stty -g")
    console.run("(for n in $(seq 200); do sleep 0.2; stty -g </dev/ttyS0 "
                f">/tmp/raw; [ $(cat /tmp/raw) = {before.strip()} ] || break; "
                f"done; kill -{signal} $(pidof dbgsh)) & ")
    console.begin("dbgsh")
    assert console.end(60)[0] > 128
    assert console.run("stty -g") == before != console.run("cat /tmp/raw")


def test_wrong_options_are_refused(machine):
    for wrong in ("-x", "-c", "version", "-t 0 -c ps", "-t x -c ps", "--json",
                  "-e </dev/ttyS0", "-c \"$(printf 'a\\nb')\""):
        code, said = machine.console.status(f"dbgsh {wrong} 2>&1")
        assert code == 64, (wrong, said)
        assert "expect" in said or "quotes" in said
    assert re.match(r"dbgsh \S+\n", machine.console.run("dbgsh --version"))


def test_the_library_survives_refused_instructions(machine):
    assert "checks" in machine.console.run("call_vmm_test32")


# ---- tandem-status ----

@pytest.mark.parametrize("program", ["tandem-status", "tandem-status32"])
def test_status_is_told_to_persons_and_to_programs(machine, program):
    run = machine.console.run
    lines = dict(line.split(": ", 1) for line in run(program).splitlines())
    first = json.loads(run(f"{program} --json"))
    second = json.loads(run(f"{program} -j"))
    assert lines["release"] == first["release"]
    assert first["release"] in run("dbgsh -c version")
    assert float(lines["uptime"].split()[0]) * 1e6 < first["uptime_us"] < \
        second["uptime_us"]
    assert int(lines["exits"]) < first["exits"] < second["exits"]
    assert int(lines["cpus"]) == first["cpus"] == 1
    assert 0 < first["memory_free"] < first["memory_total"]
    wire = {port["name"]: port for port in first["ports"]}["wire"]
    assert wire["link"] and wire["speed_mbps"] == 1000
    assert "link up" in lines["port wire"]
    assert machine.console.status(f"{program} now")[0] == 64
    assert machine.console.status(f"{program} -j >/dev/full")[0] == 74


# ---- the kernel module ----

def vmm_lines(machine):
    """Those of the guest's kernel log, each with its level."""
    return re.findall(r"<(\d)>\[ *[\d.]+\] tandem: (.*)",
                      machine.console.run("dmesg -r"))


def provoke(machine, times=1):
    """Has the VMM log something."""
    for _ in range(times):
        machine.console.status("dbgsh -c 'crash null'")


def provoked(machine):
    return [level for level, line in vmm_lines(machine)
            if "crash ended" in line]


def wait_provoked(machine, count):
    wait_for(lambda: len(provoked(machine)) >= count, 30,
             lambda: str(vmm_lines(machine)))
    assert len(provoked(machine)) == count, vmm_lines(machine)


def test_the_vmms_lines_are_in_the_kernel_log_while_the_module_is(machine):
    run, status = machine.console.run, machine.console.status
    assert listener(machine) == 0
    run(f"insmod {MODULE} poll_ms=20")
    assert listener(machine) != 0
    code, said = status(f"insmod {MODULE} 2>&1")
    assert code != 0 and "exists" in said
    provoke(machine, 3)
    wait_provoked(machine, 3)
    # As the VMM's own log has them, level by level.
    for level, line in vmm_lines(machine):
        assert line in machine.vmm_log()
        mark = re.match(r"\[ *[\d.]+\] (\w+: )?", line)[1]
        assert level == {"error: ": "3", "warning: ": "4"}.get(mark, "6")
    run("rmmod tandem_log")
    assert listener(machine) == 0
    provoke(machine)
    run(f"insmod {MODULE} poll_ms=20 buffer_kib=4")
    provoke(machine)
    wait_provoked(machine, 4)


def test_a_burst_arrives_whole_and_in_order(machine):
    """More than the ring holds, in pieces that it does: it wraps."""
    before = len(provoked(machine))
    provoke(machine, 60)
    wait_provoked(machine, before + 60)
    shown = [line for _, line in vmm_lines(machine)][-60:]
    theirs = machine.vmm_log().splitlines()
    places = [theirs.index(line) for line in shown]
    assert places == sorted(places)
    assert sum(map(len, shown)) > 4096


def test_unloading_prints_what_was_waiting(machine):
    run = machine.console.run
    run("rmmod tandem_log")
    before = len(provoked(machine))
    run(f"insmod {MODULE} poll_ms=10000")
    run("sleep 0.3; dbgsh -c 'crash null' || true; rmmod tandem_log")
    assert len(provoked(machine)) == before + 1


@pytest.mark.parametrize("wrong", ["poll_ms=9", "poll_ms=10001",
                                   "buffer_kib=3", "buffer_kib=1025"])
def test_parameters_out_of_range_are_refused(machine, wrong):
    code, said = machine.console.status(f"insmod {MODULE} {wrong} 2>&1")
    assert code != 0 and "nvalid" in said
    assert listener(machine) == 0


def test_a_count_that_somebody_broke_is_mended(machine):
    """The VMM gives up on a buffer whose count is beyond it."""
    run = machine.console.run
    run(f"insmod {MODULE} poll_ms=20 buffer_kib=1024")
    before = len(provoked(machine))
    with gdbstub.GdbStub(machine) as stub:
        stub.write(count_place(machine), struct.pack("<I", 1 << 30))
    wait_for(lambda: "wrote to the buffer: 1073741824 bytes" in run("dmesg"),
             30, "nobody noticed")
    provoke(machine)
    wait_provoked(machine, before + 1)
    run("rmmod tandem_log")


def test_it_goes_on_after_sleep(machine):
    run = machine.console.run
    run(f"insmod {MODULE} poll_ms=20")
    before = len(provoked(machine))
    machine.console.begin("echo mem >/sys/power/state")
    deadline = time.monotonic() + 30
    while machine.qmp("query-status")["status"] != "suspended":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    machine.qmp("system_wakeup")
    assert machine.console.end(60)[0] == 0
    provoke(machine)
    wait_provoked(machine, before + 1)


def test_guest_kernel_has_nothing_to_complain_about(machine):
    assert boot.complaints(machine) == ""
