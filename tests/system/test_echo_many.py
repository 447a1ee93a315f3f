# SPDX-License-Identifier: MIT
"""The echo server by TCP with as many clients as it takes, who read slowly, go
without a word, or are none: Linux in a network namespace on the wire, while the
guest sends, too. TANDEM_ECHO_MB: how much goes byte by byte, 10 if not told."""

import json
import os
import random
import re
import sys
import time
from pathlib import Path

import pytest
from lib import boot, paths, wire
from lib.dbgsh import DebugShell
from lib.machine import GUEST_ADDRESS, NIC_MAC, Machine
from lib.namespace import Namespace
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

CONFIG = paths.config()
ADDRESS = CONFIG["IP_ADDRESS"]
CONNECTIONS = int(CONFIG["ECHO_CONNECTIONS"])
MEMORY = int(CONFIG["NETD_MEMORY_KIB"])
MEGABYTES = int(os.environ.get("TANDEM_ECHO_MB", "10"))
PORT = 7
HOST = "10.0.2.2"
SINK = 9
CLIENTS = Path(__file__).resolve().parent / "lib" / "echo_clients.py"
MODULES = ("virtio_pci", "virtio_net", "af_packet")


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("echo-many", boot.guest(MODULES))
    m, _ = boot.start(lambda: Machine("echo-many", peer="alone", **options))
    try:
        m.console.run(f"ip link set eth0 up; ip addr add {GUEST_ADDRESS}/24 "
                      "dev eth0")
        assert "listens on port 7" in command(m, f"echoctl server start {PORT}")
        yield m
    finally:
        m.stop()


@pytest.fixture(scope="module")
def station(machine):
    space = Namespace(machine, [f"{HOST}/24"])
    try:
        space.start("sink", sys.executable, str(CLIENTS), HOST, str(SINK),
                    "sink", "65536")
        yield space
    finally:
        space.close()


def command(machine, line):
    with DebugShell(machine.console) as shell:
        return shell.command(line)


def server(machine):
    said = command(machine, "echoctl status --json")
    return json.loads(said[said.index("{"):])["tcp"]


def heap_used(machine):
    """KiB of netd's heap."""
    return int(re.search(r"heap (\d+) of", command(machine, "net"))[1])


def clients(station, what, *numbers, timeout=200):
    """How many of the clients ended how."""
    said = station.run(sys.executable, str(CLIENTS), ADDRESS, str(PORT), what,
                       *map(str, numbers), timeout=timeout)
    ended = json.loads(said.splitlines()[-1])
    print(f"{what} {numbers}: {ended}")
    return ended


def all_is_given_back(machine, seconds=10):
    deadline = time.monotonic() + seconds
    while (s := server(machine))["open"] or s["windows"]:
        assert time.monotonic() < deadline, s
        time.sleep(0.5)
    assert heap_used(machine) < 64


def test_as_many_as_it_takes_get_all_back_while_the_guest_sends(machine,
                                                                station):
    """All at once: of that burst some is lost. Linux is to send it again after
    its round trip's time, and not after 3, 6, 12, 24 s."""
    before = server(machine)
    machine.console.run(f"nettest send {HOST} {SINK} 3000000 >/tmp/sent 2>&1 "
                        "& sent=$!")
    ended = clients(station, "many", CONNECTIONS, 20000)
    assert ended.pop("seconds") < 40 and ended == {"same": CONNECTIONS}
    code, said = machine.console.status("wait $sent; cat /tmp/sent", 120)
    assert code == 0 and "nettest: 3000000 bytes" in said
    after = server(machine)
    assert after["accepted"] - before["accepted"] == CONNECTIONS
    assert after["refused"] == before["refused"]
    all_is_given_back(machine)


@pytest.mark.long
def test_one_more_is_refused_and_none_is_ended_for_it(machine, station):
    before = server(machine)
    ended = clients(station, "full", CONNECTIONS, 5)
    assert ended["same"] == 3 * CONNECTIONS
    assert sum(n for what, n in ended.items()
               if what not in ("same", "seconds")) == 5
    after = server(machine)
    assert after["refused"] - before["refused"] == 5
    all_is_given_back(machine)


def test_a_large_stream_comes_back_byte_by_byte(machine, station):
    ended = clients(station, "many", 1, MEGABYTES * 1_000_000, timeout=600)
    assert ended["same"] == 1
    print(f"{MEGABYTES / ended['seconds']:.1f} MB/s")


@pytest.mark.long
def test_100_mb_come_back_byte_by_byte_while_the_guest_sends(machine, station):
    machine.console.run(f"nettest send {HOST} {SINK} 30000000 >/tmp/sent 2>&1 "
                        "& sent=$!")
    ended = clients(station, "many", 1, 100_000_000, timeout=600)
    assert ended["same"] == 1
    print(f"{100 / ended['seconds']:.1f} MB/s")
    code, said = machine.console.status("wait $sent; cat /tmp/sent", 120)
    assert code == 0 and "nettest: 30000000 bytes" in said
    all_is_given_back(machine)


@pytest.mark.long
def test_who_reads_late_gets_all_and_the_others_do_not_wait(machine, station):
    late = station.start("slow", sys.executable, str(CLIENTS), ADDRESS,
                         str(PORT), "slow", "100", "100000")
    time.sleep(1.5)
    held = server(machine)["windows"]
    assert held <= MEMORY * 1024 // 2
    assert heap_used(machine) < MEMORY * 7 // 8
    ended = clients(station, "many", 20, 5000)
    assert ended["same"] == 20 and ended["seconds"] < 20
    assert late.wait(120) == 0
    said = json.loads(station.log("slow").read_text().splitlines()[-1])
    assert said["same"] == 100, said
    all_is_given_back(machine)


@pytest.mark.long
def test_who_resets_leaves_nothing_behind(machine, station):
    before = server(machine)
    assert clients(station, "reset", 200, 50000)["reset"] == 200
    all_is_given_back(machine)
    assert server(machine)["reset"] - before["reset"] == 200


def test_forged_connections_do_not_shut_the_others_out(machine, station):
    """SYNs of hosts that there are not, more than there is room for; the peer
    answers for their MAC address, and not for them."""
    before = server(machine)
    frames = []
    for number in range(2000):
        source = f"10.0.2.{100 + number % 100}"
        frames.append(bytes(
            Ether(src=wire.STATION_MAC, dst=NIC_MAC) /
            IP(src=source, dst=ADDRESS) /
            TCP(sport=1024 + number, dport=PORT, flags="S",
                seq=random.getrandbits(32))))
    for number, frame in enumerate(frames):
        machine.peer.send(frame)
        if number % 20 == 19:
            time.sleep(0.02)    # no more at once than netd has room for
    time.sleep(5.5)          # until they are old
    for frame in frames[:200]:
        machine.peer.send(frame)
    start = time.monotonic()
    ended = clients(station, "many", 10, 5000)
    assert ended["same"] == 10
    assert time.monotonic() - start < 20
    after = server(machine)
    assert after["evicted"] > before["evicted"]
    assert after["accepted"] - before["accepted"] == 10


def test_all_of_it_broke_no_rule_of_the_hardware(machine):
    assert machine.nic_counter("c-violations") == 0
    assert boot.complaints(machine) == ""
