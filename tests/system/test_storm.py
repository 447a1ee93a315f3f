# SPDX-License-Identifier: MIT
"""100,000 frames at a fixed rate that only the VMM is asked to answer, while
the guest receives: what is left to it of what it has in a storm of equal
frames that nobody takes, to a foreign MAC address? So what the storm costs
its sender, the wire and QEMU's card is in both. And is the VMM what it was
afterwards?

The guest's part is what arrives for a second of CPU time that the emulator
gets, the best of a few runs in turn: by the clock it is what the host's other
work leaves, which differs by more than storms do. In mode ippassfilter: in
ippass the guest gets the VMM's frames, too."""

import json
import re
import sys
import time
from pathlib import Path

import pytest
from lib import boot, paths, settings
from lib.dbgsh import DebugShell
from lib.machine import GUEST_ADDRESS, HOST_ADDRESS, NIC_MAC, Machine
from lib.namespace import OnWire

pytestmark = pytest.mark.long

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
NOBODY = "02:99:99:99:99:99"
FRAMES, RATE, RUNS = 100_000, 10_000, 3
SECONDS = 6             # of the guest's transfer, within a storm
# 0.8 is wanted of both; of ARP docs/network.md, Storms, tells what is open
LEFT = {"syn": 0.8, "arp": 0.6}
STORM = Path(__file__).resolve().parent / "lib" / "storm.py"
CLIENTS = Path(__file__).resolve().parent / "lib" / "echo_clients.py"
IPERF = Path("/usr/bin/iperf")
MODULES = ("virtio_pci", "virtio_net", "af_packet")


@pytest.fixture(scope="module")
def station():
    space = OnWire(paths.LOGS / "storm-station", [f"{HOST_ADDRESS}/24"])
    yield space
    space.close()


@pytest.fixture(scope="module")
def machine(station):
    options = boot.prepare(
        "storm", boot.guest(MODULES, programs=[
            paths.need(IPERF, "run scripts/setup")]),
        files=settings.files(pci="device=bnx, number=0, driver=bnx, "
                             "net=ippassfilter, virtio=1"))
    m, _ = boot.start(lambda: Machine("storm", tap=station.handle, **options))
    try:
        m.console.run(f"ip link set eth0 up; ip addr add {GUEST_ADDRESS}/24 "
                      "dev eth0; iperf -s >/tmp/iperf 2>&1 &")
        assert "listens on port 7" in command(m, f"echoctl server start {PORT}")
        yield m
    finally:
        m.stop()


def command(machine, line):
    with DebugShell(machine.console) as shell:
        return shell.command(line)


def counter(machine, name):
    found = re.search(rf"netd: {name} +(\d+)", command(machine, "net"))
    return int(found[1]) if found else 0


def held(machine):
    """What netd has taken: KiB of heap, connections, bytes of windows."""
    said = command(machine, "echoctl status --json")
    server = json.loads(said[said.index("{"):])["tcp"]
    heap = int(re.search(r"heap (\d+) of", command(machine, "net"))[1])
    return heap, server["open"], server["windows"]


def guest_in_a_storm(machine, station, kind, mac):
    """10^6 bytes into the guest for a second of CPU time, and by the clock."""
    storm = station.start("storm", sys.executable, str(STORM), kind,
                          str(FRAMES), str(RATE), mac, ADDRESS, str(PORT))
    time.sleep(1.5)             # until its frames are made
    before = machine.cpu_seconds()
    said = station.run(str(IPERF), "-c", GUEST_ADDRESS, "-y", "C", "-t",
                       str(SECONDS), timeout=60)
    used = machine.cpu_seconds() - before
    assert storm.poll() is None, "the storm was over before the transfer"
    assert storm.wait(60) == 0
    station.servers.remove(storm)
    told = json.loads(station.log("storm").read_text().splitlines()[-1])
    assert told["sent"] == FRAMES
    assert told["seconds"] < 1.1 * FRAMES / RATE, told
    fields = said.split(",")
    return round(int(fields[7]) / 1e6 / used, 1), \
        round(int(fields[8]) / 8e6, 1)


def echoes(station):
    said = station.run(sys.executable, str(CLIENTS), ADDRESS, str(PORT),
                       "many", "5", "5000", timeout=60)
    return json.loads(said.splitlines()[-1])


@pytest.mark.parametrize("kind, refused", [("syn", "SYN refused"),
                                           ("arp", "ARP refused")])
def test_the_guest_keeps_what_it_has_and_the_vmm_is_there_at_once(
        machine, station, kind, refused):
    assert echoes(station)["same"] == 5
    before = held(machine)
    control, storm = [], []
    for _ in range(RUNS):
        control.append(guest_in_a_storm(machine, station, kind, NOBODY))
        assert counter(machine, refused) == 0 or storm
        storm.append(guest_in_a_storm(machine, station, kind, NIC_MAC))
        ended = echoes(station)
        assert ended["same"] == 5 and ended["seconds"] < 5, ended
    left = max(storm)[0] / max(control)[0]
    print(f"{kind}: {storm} of {control} MB for a second of CPU and by the "
          f"clock, {left:.2f}")
    assert counter(machine, refused) > RUNS * FRAMES // 4
    deadline = time.monotonic() + 40        # lwIP's limit of half-open ones
    while held(machine) != before:
        assert time.monotonic() < deadline, (before, held(machine))
        time.sleep(1)
    assert left >= LEFT[kind]


def test_all_of_it_broke_no_rule_of_the_hardware(machine):
    assert machine.nic_counter("c-violations") == 0
    assert boot.complaints(machine) == ""
