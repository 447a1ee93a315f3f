# SPDX-License-Identifier: MIT
"""The main job: Linux above Tandem shares one Broadcom NIC with the VMM.

One boot: stock QEMU, OVMF, Tandem as BOOTX64.EFI, then Debian's unmodified
kernel by its own boot entry. Tests run in the order of the file; the last one
asks whether the NIC saw a rule broken in all of it.
"""

import os
import re
import signal
import socket
import statistics
import threading
import time

import pytest
from lib import boot, paths, traffic, wire
from lib.dbgsh import DebugShell
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
MEGA = 1_000_000
MODULES = ("virtio_pci", "virtio_net", "tg3", "af_packet")


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("main", boot.guest(
        MODULES, programs=["/usr/sbin/ethtool"]))
    m, _ = boot.start(lambda: Machine(
        "main", peer=True, forward=[(ADDRESS, PORT)], **options))
    yield m
    m.stop()


@pytest.fixture(scope="module")
def echo(machine):
    """The VMM's echo server, started from the guest as a user would."""
    with DebugShell(machine.console) as shell:
        shell.command("echoctl", prompt="echoctl> ")
        said = shell.command(f"server start {PORT}", prompt="echoctl> ")
        assert "listens on port 7" in said
        shell.command("exit")
    return lambda: machine.connect(ADDRESS, PORT)


def shell_says(machine, line):
    with DebugShell(machine.console) as shell:
        return shell.command(line)


# ---- the VMM is there, and out of the way ----

def test_firmware_starts_tandem_then_the_os(machine):
    console = (machine.folder / "console.log").read_text(errors="replace")
    tandem = console.index('starting Boot0000 "Tandem"')
    assert tandem < console.index('starting Boot0001 "Debian"')
    assert "guest runs" in machine.vmm_log()


def test_guest_sees_no_svm(machine):
    assert "svm" not in machine.console.run(
        "grep -m1 ^flags /proc/cpuinfo").split()


def test_guest_sees_a_virtio_nic_where_the_broadcom_was(machine):
    run = machine.console.run
    assert "virtio_net" in run("readlink /sys/class/net/eth0/device/driver")
    assert "0x14e4" not in run("cat /sys/bus/pci/devices/*/vendor")
    # Where QEMU put the NIC; eth0's device is virtio's, below the function.
    place = re.search(r"Bus +0, device +(\d+), function 0:\s+\S+ controller: "
                      r"PCI device 14e4", machine.qmp.monitor("info pci"))
    function = run("basename $(readlink -f /sys/class/net/eth0/device/..)")
    assert function.strip() == f"0000:00:{int(place[1]):02x}.0"


def test_nic_has_the_cards_own_address_and_link(machine):
    run = machine.console.run
    assert run("cat /sys/class/net/eth0/address").strip() == \
        "52:54:00:12:34:56"
    run("ip link set eth0 up; for n in 1 2 3 4 5 6 7 8 9; do "
        "grep -q 1 /sys/class/net/eth0/carrier && break; sleep 1; done")
    assert run("cat /sys/class/net/eth0/carrier").strip() == "1"


# ---- the guest's network ----

def test_guest_gets_an_address_and_reaches_the_host(machine):
    boot.dhcp(machine)
    machine.console.run(f"ping -c 5 -W 10 {HOST_ADDRESS}")


@pytest.mark.parametrize("to_guest", [True, False], ids=["in", "out"])
def test_guest_tcp_data_arrives_unchanged(machine, to_guest):
    traffic.transfer(machine, to_guest, 50 * MEGA, check=True)


def test_a_full_ring_pushes_back_and_every_frame_leaves(machine):
    """More datagrams than any ring holds, faster than the wire takes them:
    as many frames leave the NIC as the guest has sent, and no counter of a
    drop moves."""
    count = 20_000
    discard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    discard.bind(("127.0.0.1", 0))
    port = discard.getsockname()[1]
    run = machine.console.run
    statistics = "cd /sys/class/net/eth0/statistics; cat tx_packets " \
        "tx_dropped tx_errors"

    def counters():
        packets, dropped, errors = map(int, run(statistics).split())
        return packets, dropped + errors, machine.nic_counter("c-tx")

    packets, bad, frames = counters()
    assert f"{count} datagrams" in run(
        f"nettest flood {HOST_ADDRESS} {port} {count}")
    after = counters()
    discard.close()
    assert after[0] - packets >= count
    assert after[1] == bad
    assert after[2] - frames >= after[0] - packets
    said = shell_says(machine, "net").split("stack link")[0]
    assert "malformed" not in said and "errors" not in said


def test_carrier_follows_the_wire(machine):
    def carrier(wanted):
        for _ in range(50):
            if machine.console.run(
                    "cat /sys/class/net/eth0/carrier").strip() == wanted:
                return True
            time.sleep(0.1)
        return False

    machine.qmp.set_link("nic0", False)
    assert carrier("0")
    machine.qmp.set_link("nic0", True)
    assert carrier("1")
    machine.console.run(f"ping -c 3 -W 10 {HOST_ADDRESS}")


# ---- the VMM's own address ----

def test_vmm_answers_arp_with_the_cards_address(machine):
    assert wire.arp(machine.peer, ADDRESS) == "52:54:00:12:34:56"


def test_vmm_answers_ping_from_the_wire(machine):
    times = wire.ping(machine.peer, ADDRESS, count=50)
    assert None not in times
    assert statistics.median(times) < 0.1


@pytest.mark.parametrize("size", [0, 1, 1472])
def test_vmm_answers_ping_of_any_size(machine, size):
    assert None not in wire.ping(machine.peer, ADDRESS, count=3, size=size)


def test_vmm_answers_ping_from_the_guest(machine):
    machine.console.run(f"ping -c 5 -W 10 {ADDRESS}")


def test_other_addresses_are_not_the_vmms(machine):
    assert wire.arp(machine.peer, "10.0.2.51", tries=2) is None


# ---- dbgsh ----

def test_dbgsh_shows_help_and_log(machine):
    with DebugShell(machine.console) as shell:
        assert "echoctl" in shell.command("help")
        assert "guest runs" in shell.command("log")
        assert "no such command" in shell.command("nonsense")


def test_dbgsh_session_ends_with_exit_and_another_can_follow(machine):
    for _ in range(3):
        assert "Tandem" in shell_says(machine, "version")


# ---- echo ----

def test_echo_returns_ten_megabytes_unchanged(echo):
    wire.echo(echo, 10 * MEGA)


def test_echo_serves_fifty_clients_at_once(echo):
    clients = [echo() for _ in range(50)]
    problems = []

    def client(tcp):
        try:
            wire.echo(lambda: tcp, 100_000)
        except (AssertionError, OSError) as error:
            problems.append(str(error))

    threads = [threading.Thread(target=client, args=(c,)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not problems


def test_echo_answers_the_guest_too(machine, echo):
    output = machine.console.run(
        f"echo across the VMM | timeout 30 nc -w 20 {ADDRESS} {PORT}")
    assert output == "across the VMM\n"


def test_guest_and_vmm_share_the_wire_at_the_same_time(machine, echo):
    going = traffic.GuestTransfer(machine, True, 50 * MEGA, check=True)
    wire.echo(echo, 5 * MEGA)
    assert None not in wire.ping(machine.peer, ADDRESS, count=10)
    going.finish()


# ---- what goes wrong in a domain stays there ----

def log_seconds(log, text):
    """When the VMM logged the last line with that text."""
    return float([line for line in log.splitlines()
                  if text in line][-1][1:].split("]")[0])


def test_killed_netd_is_back_in_a_second_and_the_guest_loses_nothing(machine):
    going = traffic.GuestTransfer(machine, True, 200 * MEGA, check=True)
    ended = machine.vmm_log().count("netd ended")
    with DebugShell(machine.console) as shell:
        assert "netd ended" in shell.command("kill netd")
    assert going.running()
    machine.wait_vmm_log("netd started again")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)
    assert going.running()
    going.finish()
    log = machine.vmm_log()
    assert log.count("netd ended") == ended + 1
    assert log_seconds(log, f"netd: address {ADDRESS}") - \
        log_seconds(log, "netd ended") < 1


def test_the_new_netd_serves_echo_as_the_old_one_was_told_to(machine, echo):
    wire.echo(echo, MEGA)
    assert "stopped" in shell_says(machine, "echoctl server stop")
    with DebugShell(machine.console) as shell:
        started = machine.vmm_log().count("netd started again")
        assert "netd ended" in shell.command("kill netd")
        for _ in range(50):
            if machine.vmm_log().count("netd started again") > started:
                break
            time.sleep(0.1)
        assert "server: stopped" in shell.command("echoctl status")
        assert "listens" in shell.command(f"echoctl server start {PORT}")
    wire.echo(echo, MEGA)


@pytest.mark.parametrize("crime", [
    "null", "code", "kernel", "low", "canonical", "exec", "port", "cli",
    "sse", "x87", "ud", "divide", "vmmcall", "int3", "step", "int", "stack",
    "deep"])
def test_a_domain_that_misbehaves_is_ended_with_a_log_line(machine, crime):
    with DebugShell(machine.console) as shell:
        before = machine.vmm_log().count("crash ended")
        said = shell.command(f"crash {crime}")
        assert "ended by the VMM" in said
        assert machine.vmm_log().count("crash ended") == before + 1
        assert "Tandem" in shell.command("version")


def test_a_domain_that_runs_for_ever_is_ended_and_the_guest_goes_on(machine):
    going = traffic.GuestTransfer(machine, False, 20 * MEGA, check=True)
    with DebugShell(machine.console) as shell:
        assert "ended by the VMM" in shell.command("spin", timeout=60)
    assert "spin ended: ran too long" in machine.vmm_log()
    going.finish()


def test_time_that_the_machine_stood_still_is_not_the_domains(machine):
    with DebugShell(machine.console) as shell:
        ended = machine.vmm_log().count("spin ended")
        machine.console.send("spin\r")
        for _ in range(3):
            time.sleep(0.1)
            os.kill(machine.process.pid, signal.SIGSTOP)
            time.sleep(1.2)
            os.kill(machine.process.pid, signal.SIGCONT)
        time.sleep(0.05)
        assert machine.vmm_log().count("spin ended") == ended
        machine.console.expect("ended by the VMM", 60)
        machine.console.expect(r"\n> ", 60)


# ---- counters of exits ----

def test_exits_are_counted_by_reason(machine):
    def table():
        said = shell_says(machine, "exits 2")
        rows = re.findall(r"(?m)^(\S.*?) +([0-9a-f]+) +(\d+) +(\d+)\s*$", said)
        total = re.search(r"(?m)^all +(\d+) +(\d+)", said)
        assert sum(int(row[2]) for row in rows) == int(total[1])
        return {row[0]: int(row[2]) for row in rows}, int(total[2])

    first, _ = table()
    second, rate = table()
    assert {"NMI", "VMMCALL", "MSR", "CPUID", "nested page fault"} <= \
        set(first)
    assert all(second[name] >= first[name] for name in first)
    assert second["VMMCALL"] > first["VMMCALL"]
    assert rate > 0
    for wrong in ("exits 0", "exits many", "exits 1 2"):
        assert "exits: expected -c, --json or" in shell_says(machine, wrong)


# ---- large receive ----

def large_frames(machine):
    found = re.search(r"large frames received +(\d+)",
                      shell_says(machine, "net"))
    return int(found.group(1)) if found else 0


def test_large_frames_reach_the_guest_until_it_switches_them_off(machine):
    before = large_frames(machine)
    traffic.transfer(machine, True, 20 * MEGA, check=True)
    during = large_frames(machine)
    assert during > before
    run = machine.console.run
    run("ethtool -K eth0 rx-gro-hw off")
    try:
        traffic.transfer(machine, True, 5 * MEGA, check=True)
        assert large_frames(machine) <= during + 1      # an odd one before
    finally:
        run("ethtool -K eth0 rx-gro-hw on")
    traffic.transfer(machine, True, 5 * MEGA, check=True)
    assert large_frames(machine) > during + 1


# ---- the guest's side comes and goes ----

def test_guest_driver_unloads_and_loads_under_load(machine):
    """The load: a flood to the host, and frames from it for the guest."""
    run = machine.console.run
    address = run("ip -o -4 addr show eth0").split()[3]
    for _ in range(20):
        run(f"ping -A {HOST_ADDRESS} >/dev/null 2>&1 & sleep 0.2; "
            "rmmod virtio_net && insmod /modules/virtio_net.ko; code=$?; "
            f"kill %1; ip addr add {address} dev eth0; "
            "ip link set eth0 up; (exit $code)")
    boot.dhcp(machine)
    run(f"ping -c 3 -W 10 {HOST_ADDRESS}")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)


def test_guest_kernel_has_nothing_to_complain_about(machine):
    assert boot.complaints(machine) == ""


def test_all_of_it_broke_no_rule_of_the_hardware(machine):
    assert machine.nic_counter("c-violations") == 0
