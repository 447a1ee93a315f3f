# SPDX-License-Identifier: MIT
"""The VMM's shell as its users have it: at terminals of the guest, several of
them, one killed; and from scripts, with figures as JSON."""

import json
import re
import time

import pytest
from lib import boot, paths
from lib.machine import GUEST_ADDRESS, Machine
from lib.terminal import Terminal, serve
from lib.wait import wait_for

ADDRESS = paths.config()["IP_ADDRESS"]
TIMEOUT = int(paths.config()["DBGSH_TIMEOUT_S"])
TELNET = 2323
ECHO = 7
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("dbgsh", boot.guest(
        ("virtio_pci", "virtio_net", "af_packet")))
    m, _ = boot.start(lambda: Machine(
        "dbgsh", forward=[(GUEST_ADDRESS, TELNET), (ADDRESS, ECHO)],
        **options))
    boot.dhcp(m)
    serve(m, TELNET)
    yield m
    m.stop()


@pytest.fixture
def terminal(machine):
    """A terminal with the VMM's prompt."""
    t = open_shell(machine)
    yield t
    t.close()
    no_dbgsh(machine)


def open_shell(machine, program="dbgsh"):
    t = Terminal(machine, GUEST_ADDRESS, TELNET)
    t.keys(f"{program}\r", ">", 2)
    return t


def no_dbgsh(machine):
    """The clients of closed terminals are gone, and so are their sessions."""
    machine.console.run("killall -9 dbgsh shellclient 2>/dev/null; true")
    wait_for_programs(machine, [], TIMEOUT + 40)


def dbgsh(machine, command):
    """(exit status, output) of one command, as a script would run it."""
    return machine.console.status(f"dbgsh -c '{command}' 2>&1")


def ask(machine, command):
    code, said = dbgsh(machine, f"{command} --json")
    assert code == 0, said
    return json.loads(said)


def ps(machine):
    return ask(machine, "ps")


# ---- the line ----

def test_line_is_edited_anywhere(terminal):
    terminal.keys("vrsio", "> vrsio", 7)
    terminal.keys(LEFT * 4, "> vrsio", 3)
    terminal.keys("e", "> versio", 4)
    terminal.keys(END + "nn", "> versionn", 10)
    terminal.keys("\b", "> version", 9)
    terminal.keys(HOME + "x y ", "> x y version", 6)
    terminal.keys("\x17", "> x version", 4)
    terminal.keys("\x15", "> version", 2)
    terminal.keys(DELETE + "V" + LEFT + "\x14", "> Version", 2)
    terminal.keys(HOME + DELETE + "v\r")
    terminal.wait_text("Tandem ")
    terminal.wait_text("configuration ")


def test_text_that_was_deleted_comes_back(terminal):
    terminal.keys("one two three\x1bb\x0b", "> one two", 10)
    terminal.keys(HOME + "\x19", "> threeone two", 7)
    terminal.keys("\x19 ", "> threethree one two", 13)
    terminal.keys("\x03", ">", 2)


def test_a_line_longer_than_the_terminal_stays_on_one_row(terminal):
    terminal.clear()
    text = "".join(f"{i:03} " for i in range(50))
    terminal.keys(text)
    terminal.wait(lambda: terminal.row().endswith(" 049"), "the line's end")
    assert terminal.screen.cursor.y == 0 and len(terminal.row()) <= 80
    terminal.keys(HOME)
    terminal.wait(lambda: terminal.row().startswith("> 000 001"),
                  "the line's beginning")
    assert terminal.column() == 2 and "".join(terminal.rows()[1:]) == ""
    terminal.keys("\x0b", ">", 2)


def test_characters_of_several_bytes_and_columns(terminal):
    terminal.keys("äö€漢x")
    terminal.wait(lambda: terminal.column() == 8, "column 8")
    terminal.keys(LEFT * 2, None)
    terminal.wait(lambda: terminal.column() == 5, "column 5")
    terminal.keys("\b\b\b" + DELETE, "> x", 2)
    terminal.keys("\x1b[F\x15")


def test_earlier_lines_come_back(terminal):
    for line in ("version", "help help"):
        terminal.keys(line + "\r")
        terminal.wait_text("Tandem" if line == "version" else "The commands")
        terminal.keys("", ">", 2)
    terminal.keys(UP, "> help help", 11)
    terminal.keys(UP, "> version", 9)
    terminal.keys(DOWN + DOWN, ">", 2)
    terminal.keys("\x12ver", "search: ver: version")
    terminal.keys("\x05", "> version", 9)
    terminal.keys("\x15", ">", 2)


def test_tab_completes_commands_and_their_words(terminal):
    terminal.keys("ver\t", "> version", 10)
    terminal.keys("\x15ne\tco\t", "> net co", 8)
    terminal.keys("\t", "> net co", 8)
    terminal.wait_text("counters  connections")
    terminal.keys("n\t", "> net connections", 18)
    terminal.keys("\x15echoctl cl\tse\t", "> echoctl client send", 22)
    terminal.keys("\x15log --f\t", "> log --follow", 15)
    terminal.keys("\x15", ">", 2)


# ---- ^C ----

def test_ctrl_c_gives_up_the_line(terminal):
    terminal.keys("half a li", "> half a li", 11)
    terminal.keys("\x03", ">", 2)
    terminal.wait_text("half a li^C")


@pytest.mark.parametrize("command", ["exits 3600", "spin", "log --follow"])
def test_ctrl_c_ends_what_runs_and_the_shell_goes_on(machine, terminal,
                                                     command):
    terminal.clear()
    terminal.keys(command + "\r")
    terminal.wait(lambda: terminal.column() == 0, "the command's start")
    if command != "spin":       # it ends by itself
        wait_for(lambda: command.split()[0] in programs(machine), 30,
                 "it does not start")
    terminal.keys("\x03", ">", 2)
    assert "^C" in terminal.text()
    assert command.split()[0] not in programs(machine)
    terminal.keys("version\r")
    terminal.wait_text("configuration ")


def test_what_is_typed_ahead_is_not_lost(terminal):
    terminal.clear()
    terminal.keys("exits\rversion\rhelp version\r")
    terminal.wait_text("a second")
    terminal.wait_text("configuration ")
    terminal.wait_text("two builds with the same one")
    terminal.wait(lambda: terminal.row() == ">", "the prompt")


def test_log_is_followed_until_q(machine, terminal):
    terminal.clear()
    terminal.keys("log -n 3 --follow\r")
    terminal.wait_text("[")
    dbgsh(machine, "crash null")
    terminal.wait_text("crash ended: ")
    terminal.keys("q", ">", 2)


def test_an_echoctl_that_asks_has_ctrl_c_as_a_key(terminal):
    terminal.keys("echoctl\r", "echoctl>", 9)
    terminal.keys("stat\x03", "echoctl>", 9)
    terminal.keys("exit\r", ">", 2)


# ---- sessions ----

def test_two_terminals_do_not_mix(machine):
    one, two = open_shell(machine), open_shell(machine)
    one.clear()
    two.clear()
    for a, b in zip("help version", "net neighbou"):
        one.keys(a)
        two.keys(b)
    one.wait(lambda: one.row() == "> help version", "the line")
    two.wait(lambda: two.row() == "> net neighbou", "the line")
    one.keys("\r")
    two.keys("\t\r")
    one.wait_text("version [--json]")
    two.wait_text("address          MAC")
    assert "MAC" not in one.text() and "json" not in two.text()
    # each has lines of its own to come back
    one.keys("", ">", 2)
    one.keys(UP, "> help version", 14)
    one.keys("\x15exits 3600\r")
    two.keys("", ">", 2)
    two.keys("version\r")
    two.wait_text("configuration ")
    assert [p["program"] for p in ps(machine)].count("shell") == 3
    one.close()
    two.close()
    no_dbgsh(machine)


def programs(machine):
    return sorted(p["program"] for p in ps(machine))


def wait_for_programs(machine, wanted, seconds):
    """Until these run, and those that show it."""
    wanted = sorted([*wanted, "netd", "ps", "shell"])
    wait_for(lambda: programs(machine) == wanted, seconds,
             lambda: str(programs(machine)))


def test_a_client_that_is_silent_for_too_long_loses_its_session(machine,
                                                                terminal):
    terminal.clear()
    terminal.keys("exits 3600\r")
    wait_for_programs(machine, ["exits", "shell"], 20)
    start = time.monotonic()
    machine.console.run("killall -STOP dbgsh")
    wait_for_programs(machine, [], TIMEOUT + 40)
    assert time.monotonic() - start > TIMEOUT - 5
    assert f"no call for {TIMEOUT} s" in machine.vmm_log()
    terminal.keys("fg\r")
    terminal.wait_text("Tandem ")
    terminal.keys("help help\r")
    terminal.wait_text("The commands of this shell")


def test_a_killed_client_leaves_nothing_behind(machine, terminal):
    before = {p["id"] for p in ps(machine) if p["program"] == "netd"}
    terminal.keys("exits 3600\r")
    wait_for_programs(machine, ["exits", "shell"], 20)
    machine.console.run("killall -9 dbgsh")
    wait_for_programs(machine, [], TIMEOUT + 40)
    assert before == {p["id"] for p in ps(machine) if p["program"] == "netd"}


def test_who_has_the_address_space_of_a_killed_client_gets_a_new_session(
        machine):
    """A page for CR3 that was just freed is soon used again."""
    for _ in range(3):
        machine.console.run(
            "dbgsh -c 'log --follow' >/dev/null & sleep 0.3; kill -9 $!; "
            "wait $! 2>/dev/null; true")
        code, said = dbgsh(machine, "version")
        assert code == 0 and said.startswith("Tandem "), said
    no_dbgsh(machine)


def test_clients_of_another_make_work_unchanged(machine):
    """shellclient has no number, and sends a byte when asked only."""
    t = open_shell(machine, "stty -icanon -isig -echo -icrnl; shellclient")
    t.keys("vrsion" + HOME + RIGHT + "e\r")
    t.wait_text("configuration ")
    time.sleep(TIMEOUT / 2)             # no call in all this time
    t.clear()
    t.keys("help help\r")
    t.wait_text("The commands of this shell")
    t.keys("", None)
    t.wait(lambda: t.row() == ">", "the prompt")
    t.keys("exit\r")
    t.wait(lambda: t.row().endswith("#"), "the guest's shell")
    t.close()
    no_dbgsh(machine)


# ---- commands ----

def names(machine):
    code, said = dbgsh(machine, "help")
    assert code == 0
    return re.findall(r"(?m)^(\S+) +\S", said)


def test_help_lists_every_command_with_a_line(machine):
    assert {"echoctl", "exit", "exits", "help", "kill", "log", "net", "ps",
            "version"} <= set(names(machine))
    assert names(machine) == sorted(names(machine))


@pytest.mark.parametrize("name", ["exits", "help", "kill", "log", "net", "ps",
                                  "spin", "version"])
def test_every_command_has_its_usage_in_one_place(machine, name):
    code, said = dbgsh(machine, f"{name} -h")
    assert code == 0 and said.startswith(name)
    assert dbgsh(machine, f"{name} x --help") == (0, said)
    assert dbgsh(machine, f"help {name}") == (0, said)


@pytest.mark.parametrize("line, wanted", [
    ("help a b", "help: expected one command"),
    ("log -x", 'not "-x"'),
    ("log -n", "log: expected a value behind -n"),
    ("log -n 0", 'log: expected a number of lines from 1 on, not "0"'),
    ("log --level loud", "log: expected level error, warning, info or debug"),
    ("log -f -p", "log: expected --follow or --previous"),
    ("net everything", "net: expected ports, link, address"),
    ("net ports link", 'not "link"'),
    ("ps all", "ps: expected --json, or nothing"),
    ("version 1", "version: expected --json, or nothing"),
    ("kill", "kill: expected one program's name or number"),
    ("version " + "x " * 20, "version: expected at most 16 words"),
])
def test_errors_say_what_was_expected(machine, line, wanted):
    code, said = dbgsh(machine, line)
    assert code == 2 and wanted in said
    assert f'"{line.split()[0]} -h" tells more' in said


def test_a_line_that_does_not_fit_is_refused_as_a_whole(machine):
    code, said = dbgsh(machine, "version" + " " * 300 + "x")
    assert (code, said) == (2, "expected a line of at most 255 bytes\n")
    code, said = dbgsh(machine, "version" + " " * 248)
    assert code == 0 and said.startswith("Tandem ")


def test_kill_names_what_is_not_there_and_takes_numbers(machine):
    for name in ("nobody", "999999", "5x", "x" * 100):
        code, said = dbgsh(machine, f"kill {name}")
        assert code == 1 and "no such program" in said
    netd = [p["id"] for p in ps(machine) if p["program"] == "netd"][0]
    assert dbgsh(machine, f"kill {netd}") == (0, f"{netd} ended\n")
    again, = wait_for(
        lambda: [p["id"] for p in ps(machine) if p["program"] == "netd"], 30,
        "netd does not come back")
    assert again > netd


def test_version_tells_release_and_build(machine):
    version = ask(machine, "version")
    assert version["release"] in machine.vmm_log()
    assert re.fullmatch(r"[0-9a-f]{16}", version["config"])
    assert version["compiler"].startswith("gcc ")
    said = dbgsh(machine, "version")[1]
    assert said == (f"Tandem {version['release']}\n"
                    f"compiler {version['compiler']}\n"
                    f"configuration {version['config']}\n")


def test_ps_tells_what_each_program_has(machine):
    programs = {p["program"]: p for p in ps(machine)}
    assert set(programs) == {"netd", "shell", "ps"}
    shell, netd = programs["shell"], programs["netd"]
    assert programs["ps"]["starter"] == shell["id"]
    assert netd["starter"] == 0 and netd["state"] in ("waits", "ready")
    assert shell["state"] == "calls" and programs["ps"]["state"] in (
        "calls", "ready")
    limit = int(paths.config()["NETD_MEMORY_KIB"])
    assert 100 < netd["memory_kib"] < limit + 1024
    assert 16 < shell["memory_kib"] < 256
    assert shell["descriptors"] == 3 and netd["cpu_us"] > 0
    said = dbgsh(machine, "ps")[1]
    assert re.search(r"(?m)^ *\d+  ps +(calls|ready) .* shell \d+$", said)
    assert re.search(r"(?m)^ *\d+  netd +(waits|ready) .* core$", said)


def test_log_shows_what_is_asked_for(machine):
    dbgsh(machine, "crash null")        # a warning at least
    for _ in range(5):                  # netd may say something meanwhile
        whole = dbgsh(machine, "log")[1].splitlines()
        last = dbgsh(machine, "log --lines=3")[1].splitlines()
        same = dbgsh(machine, "log 3")[1].splitlines()
        if dbgsh(machine, "log")[1].splitlines() == whole:
            break
    assert "Tandem" in whole[0]
    assert last == same == whole[-3:]
    grave = dbgsh(machine, "log -l warning")[1].splitlines()
    assert grave and set(grave) <= set(whole)
    assert all(re.search(r"\] (error|warning): ", line) for line in grave)
    assert dbgsh(machine, "log -l warning -n 1")[1].splitlines() == grave[-1:]
    code, said = dbgsh(machine, "log --previous")
    assert code == 1 and said == "log: there is no log of the boot before\n"


# ---- net ----

@pytest.fixture(scope="module")
def traffic(machine):
    """A neighbour, an echo server and a client of it."""
    assert dbgsh(machine, f"echoctl server start {ECHO}")[0] == 0
    machine.console.run(f"ping -c 2 -W 10 {ADDRESS}")
    tcp = machine.connect(ADDRESS, ECHO)
    tcp.sendall(b"hello")
    assert tcp.recv(5) == b"hello"
    yield tcp
    tcp.close()


def test_ports_are_counted(machine, traffic):
    def ports():
        card, = ask(machine, "net ports")["cards"]
        assert card["mode"] == "ippass"
        return {p["name"]: p for p in card["ports"]}

    before = ports()
    machine.console.run(f"ping -c 5 -W 10 {ADDRESS}")
    after = ports()
    assert set(after) == {"wire", "guest", "stack"}
    for port, way in (("guest", "rx_frames"), ("stack", "tx_frames"),
                      ("stack", "rx_frames"), ("guest", "tx_frames")):
        assert after[port][way] - before[port][way] >= 5
    assert after["wire"]["mbit_s"] == 1000 and after["wire"]["full_duplex"]
    assert "features" in after["guest"]["virtio"]
    assert after["guest"]["notifications"] > 0


def test_link_and_address(machine, traffic):
    card, = ask(machine, "net link")["cards"]
    address = ask(machine, "net address")["address"]
    mac = machine.console.run("cat /sys/class/net/eth0/address").strip()
    assert all(p["link"] and p["mac"] == mac for p in card["ports"])
    assert address["address"] == ADDRESS and address["mac"] == mac
    assert address["netmask"] == paths.config()["IP_NETMASK"]
    assert address["gateway"] == paths.config()["IP_GATEWAY"]
    assert address["mtu"] == 1500 and address["link"]
    assert 0 <= address["heap_used_kib"] < address["heap_kib"]
    said = dbgsh(machine, "net link")[1]
    assert "wire  link up, 1000 Mbit/s full duplex" in said


def test_neighbours_are_those_of_the_wire(machine, traffic):
    found = {n["address"]: n["mac"]
             for n in ask(machine, "net neighbours")["neighbours"]}
    mac = machine.console.run("cat /sys/class/net/eth0/address").strip()
    assert found[GUEST_ADDRESS] == mac
    for address, mac in found.items():
        assert f"{address:16} {mac}\n" in dbgsh(machine, "net neighbours")[1]


def test_connections_show_server_and_client(machine, traffic):
    found = ask(machine, "net connections")["connections"]
    assert [c for c in found if c.get("state") == "LISTEN" and
            c["local_port"] == ECHO and c["remote_port"] == 0]
    client, = [c for c in found if c.get("state") == "ESTABLISHED"]
    assert client["local"] == ADDRESS and client["local_port"] == ECHO
    assert client["remote"] == "10.0.2.2" and client["unsent"] == 0
    assert re.search(rf"tcp +{ADDRESS}:{ECHO} +10\.0\.2\.2:\d+ +0 +ESTABLISHED",
                     dbgsh(machine, "net connections")[1])
    traffic.shutdown(2)
    wait_for(lambda: "ESTABLISHED" not in
             dbgsh(machine, "net connections")[1], 30, "it goes on")


def test_netd_counts(machine, traffic):
    before = ask(machine, "net counters")["counters"]
    machine.console.run(f"ping -c 5 -W 10 {ADDRESS}")
    after = ask(machine, "net counters")["counters"]
    assert after["ICMP received"] - before["ICMP received"] == 5
    assert after["ICMP sent"] - before["ICMP sent"] == 5
    assert after["received"] - before["received"] >= 5
    usual = ask(machine, "net")
    assert set(usual) == {"cards", "address", "counters", "syslog",
                          "time", "mdns", "netbios"}
    assert usual["syslog"] == {"state": "off"}


def test_nothing_of_it_broke_a_rule(machine):
    assert machine.nic_counter("c-violations") == 0
    assert boot.complaints(machine) == ""
