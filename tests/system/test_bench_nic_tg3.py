# SPDX-License-Identifier: MIT
"""Debian's unmodified tg3 on the bench NIC, no Tandem: what a real driver of a
real card sees. Strict mode is on, so that its rules are checked against a
driver that has been right for twenty years."""

import os
import re
import time

import pytest
from lib import boot, paths, traffic, wire
from lib.machine import GUEST_ADDRESS, HOST_ADDRESS, NIC_MAC, Machine
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether

LONG = bool(os.environ.get("TANDEM_LONG"))
MEGABYTES = 100 if LONG else 30
RELOADS = 20 if LONG else 5


def start(name, cmdline="", **options):
    image = boot.guest(("tg3", "af_packet", "8021q"),
                       programs=["/usr/sbin/ethtool"])
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    return Machine(name, memory=512, kernel=paths.KERNEL / "vmlinuz",
                   initrd=image.write(folder / "initrd.img"),
                   cmdline=f"{boot.CMDLINE} {cmdline}", **options)


@pytest.fixture(scope="module")
def machine():
    with start("bench-nic-tg3", peer=True) as m:
        boot.wait_ready(m)
        boot.dhcp(m)
        yield m


@pytest.fixture(autouse=True)
def no_complaints(request):
    """After each test: no rule broken, no frame dropped by the NIC for the
    driver's fault, no warning in the kernel's log, no error counter."""
    yield
    for name in ("machine", "intx"):
        if name in request.fixturenames:
            check_quiet(request.getfixturevalue(name))


def check_quiet(machine):
    log = (machine.folder / "qemu.log").read_text(errors="replace")
    assert machine.nic_counter("c-violations") == 0, log
    for name in ("tx-bad", "rx-dma", "rx-no-bd", "rx-ring-full"):
        assert machine.nic_counter(f"c-drop-{name}") == 0, name
    warnings = [line for line in machine.console.run("dmesg -r").splitlines()
                if re.match(r"<[0-4]>", line) and
                re.search(r"tg3|eth0|NETDEV WATCHDOG|Call Trace|BUG|irq",
                          line)]
    assert not warnings
    if "eth0" in machine.console.run("ls /sys/class/net"):
        errors = machine.console.run(
            "cd /sys/class/net/eth0/statistics; "
            "grep -H . *errors *dropped collisions | grep -v ':0$' || true")
        assert not errors.strip()


def counters(machine, *names):
    return {name: machine.nic_counter(f"c-{name}") for name in names}


def wait_carrier(machine, value):
    deadline = time.monotonic() + 10
    while machine.console.run(
            "cat /sys/class/net/eth0/carrier").strip() != value:
        assert time.monotonic() < deadline, f"carrier does not become {value}"
        time.sleep(0.2)


# ---- as it comes up ---------------------------------------------------------

def test_probe_names_the_chip(machine):
    log = machine.console.run("dmesg | grep tg3")
    assert re.search(r"Tigon3 \[partno\(BCM95722\) rev a200\] \(PCI Express\) "
                     rf"MAC address {NIC_MAC}", log)
    assert "attached PHY is 5722/5756" in log
    assert "RXcsums[1]" in log and "TSOcap[1]" in log
    assert "dma_rwctrl[76180000] dma_mask[64-bit]" in log


def test_link_is_1000_full_with_flow_control(machine):
    report = machine.console.run("ethtool eth0")
    assert "Speed: 1000Mb/s" in report
    assert "Duplex: Full" in report
    assert "Link detected: yes" in report
    assert re.search(r"Flow control is on for TX and on for RX",
                     machine.console.run("dmesg"))


def test_dhcp_gave_the_address(machine):
    assert GUEST_ADDRESS in machine.console.run("ip addr show dev eth0")


def test_ping_each_way(machine):
    report = machine.console.run(f"ping -c 5 -W 10 {HOST_ADDRESS}")
    assert " 0% packet loss" in report
    assert None not in wire.ping(machine.peer, GUEST_ADDRESS, count=5)


def test_interrupts_are_messages(machine):
    assert "PCI-MSI" in machine.console.run("grep eth0 /proc/interrupts")
    got = counters(machine, "msi", "intx")
    assert got["msi"] > 0 and got["intx"] == 0


def test_vital_product_data(machine):
    data = machine.console.run(
        "od -A n -t x1 -v /sys/class/net/eth0/device/vpd | tr -d ' \\n'")
    assert b"Tandem bench BCM5722" in bytes.fromhex(data.strip())
    assert "firmware-version" in machine.console.run("ethtool -i eth0")


# ---- data -------------------------------------------------------------------

@pytest.mark.parametrize("to_guest", [True, False], ids=["in", "out"])
def test_many_megabytes_arrive_unchanged(machine, to_guest):
    before = counters(machine, "tso", "tso-segments", "csum", "rx-csum", "rx",
                      "tx")
    total = MEGABYTES * 1_000_000
    traffic.transfer(machine, to_guest, total, check=True)
    used = {name: value - before[name] for name, value in counters(
        machine, *before).items()}
    assert used["csum"] > 0
    assert used["rx-csum"] > 0.9 * used["rx"]
    if to_guest:
        assert used["rx"] > total / 1500
    else:
        assert used["tso-segments"] > 0.9 * total / 1460
        assert used["tso-segments"] > 3 * used["tso"]


def test_without_offloads_data_arrives_unchanged(machine):
    machine.console.run("ethtool -K eth0 tso off tx off rx off")
    try:
        before = counters(machine, "tso", "csum")
        for to_guest in (True, False):
            traffic.transfer(machine, to_guest, 10_000_000, check=True)
        assert counters(machine, "tso", "csum") == before
    finally:
        machine.console.run("ethtool -K eth0 rx on tx on tso on")


@pytest.mark.parametrize("settings", [
    pytest.param("rx-usecs 100 rx-frames 0 tx-usecs 100 tx-frames 0",
                 marks=pytest.mark.long),
    pytest.param("rx-usecs 1000 rx-frames 1 tx-usecs 1000 tx-frames 1",
                 marks=pytest.mark.long),
    "rx-usecs 20 rx-frames 5 tx-usecs 72 tx-frames 53"],
    ids=["ticks", "frames", "both"])
def test_coalescing_settings_do_not_stall(machine, settings):
    machine.console.run(f"ethtool -C eth0 {settings}")
    for to_guest in (True, False):
        traffic.transfer(machine, to_guest, 10_000_000, check=True,
                         timeout=60)


def ping_on_vlan(peer, vlan, address, source, tries=5):
    """The guest's answer to a ping on its VLAN, None if there is none."""
    def tagged(dst=NIC_MAC):
        return Ether(src=wire.STATION_MAC, dst=dst) / Dot1Q(vlan=vlan)

    def answer(frame):
        packet = Ether(frame)
        if Dot1Q not in packet or packet[Dot1Q].vlan != vlan:
            return False
        if ARP in packet and packet[ARP].op == 1:
            peer.send(tagged() / ARP(op=2, hwsrc=wire.STATION_MAC,
                                     psrc=source, hwdst=NIC_MAC,
                                     pdst=address))
        return ICMP in packet and packet[ICMP].type == 0

    return peer.ask(tagged() / IP(src=source, dst=address) /
                    ICMP(id=1, seq=1) / (b"tagged" * 10),
                    answer, tries=tries)


def test_vlan_tags_are_inserted_and_stripped(machine):
    before = counters(machine, "vlan-insert", "vlan-strip")
    machine.console.run(
        "ip link add link eth0 name vlan7 type vlan id 7; "
        "ip addr add 10.7.0.15/24 dev vlan7; ip link set vlan7 up")
    try:
        found = ping_on_vlan(machine.peer, 7, "10.7.0.15", "10.7.0.77")
        assert found, "no answer on the VLAN"
        assert bytes(Ether(found[0])[ICMP].payload)[:60] == b"tagged" * 10
    finally:
        machine.console.run("ip link del vlan7")
    after = counters(machine, "vlan-insert", "vlan-strip")
    assert all(after[name] > before[name] for name in before), after


def test_bad_checksum_from_the_wire_is_not_believed(machine):
    """Of two datagrams to a port that nobody has, one is damaged. Were its
    sum taken for good, the kernel would count a missing port for both."""
    def datagram(damage):
        frame = bytearray(bytes(
            Ether(src=wire.STATION_MAC, dst=NIC_MAC) /
            IP(src=wire.STATION_ADDRESS, dst=GUEST_ADDRESS) /
            UDP(sport=1234, dport=4444) / (b"data" * 10)))
        frame[-1] ^= damage
        return bytes(frame)

    def udp_counts():
        names, values = [line.split() for line in machine.console.run(
            "grep ^Udp: /proc/net/snmp").splitlines() if line]
        counts = dict(zip(names, values))
        return int(counts["NoPorts"]), int(counts["InCsumErrors"])

    no_ports, bad_sums = udp_counts()
    machine.peer.send(datagram(1))
    machine.peer.send(datagram(0))
    machine.console.run("sleep 1")
    assert udp_counts() == (no_ports + 1, bad_sums + 1)


# ---- what the driver does besides ---------------------------------------------

def test_self_test_passes(machine):
    report = machine.console.run("ethtool -t eth0 offline", timeout=120)
    assert "The test result is PASS" in report
    for part in ("nvram", "link", "register", "memory", "mac loopback",
                 "phy loopback", "interrupt"):
        assert re.search(rf"{part} test\s+\(o\w+\)\s+0\s", report), report
    wait_carrier(machine, "1")
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")


def test_link_loss_and_return(machine):
    machine.qmp.set_link("nic0", False)
    wait_carrier(machine, "0")
    machine.qmp.set_link("nic0", True)
    wait_carrier(machine, "1")
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")
    log = machine.console.run("dmesg | grep 'eth0: Link is'")
    assert re.search(r"Link is down\n.*Link is up at 1000 Mbps, full duplex"
                     r"\n*$", log)


@pytest.mark.parametrize("speed, mode", [(100, "0x008"), (10, "0x002")])
def test_slower_speeds(machine, speed, mode):
    machine.console.run(f"ethtool -s eth0 advertise {mode}")
    time.sleep(1)
    wait_carrier(machine, "1")
    assert f"Speed: {speed}Mb/s" in machine.console.run("ethtool eth0")
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")
    machine.console.run("ethtool -s eth0 advertise 0x02f")
    time.sleep(1)
    wait_carrier(machine, "1")
    assert "Speed: 1000Mb/s" in machine.console.run("ethtool eth0")


def test_driver_unloads_and_loads_many_times(machine):
    resets = machine.nic_counter("c-resets")
    machine.console.run(
        f"for i in $(seq {RELOADS}); do rmmod tg3 && insmod /modules/tg3.ko "
        "&& ip link set eth0 up || exit 1; done", timeout=180)
    assert machine.nic_counter("c-resets") >= resets + RELOADS
    wait_carrier(machine, "1")
    boot.dhcp(machine)
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")
    traffic.transfer(machine, True, 10_000_000, check=True)


def test_driver_recovers_from_a_hung_transmitter(machine):
    """The kernel's watchdog resets the card. Last, since it warns."""
    machine.qmp.set("nic0", "fault-tx-hang", True)
    machine.console.status(f"ping -c 12 -W 1 {HOST_ADDRESS}", timeout=60)
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")
    assert machine.qmp.get("nic0", "fault-tx-hang") is False
    assert "transmit timed out" in machine.console.run("dmesg")
    machine.console.run("dmesg -c >/dev/null")


# ---- INTx -------------------------------------------------------------------

@pytest.fixture(scope="module")
def intx():
    with start("bench-nic-intx", "pci=nomsi") as m:
        boot.wait_ready(m)
        boot.dhcp(m)
        yield m


def test_intx_pin_works_alone(intx):
    assert "IO-APIC" in intx.console.run("grep eth0 /proc/interrupts")
    for to_guest in (True, False):
        traffic.transfer(intx, to_guest, MEGABYTES * 1_000_000, check=True)
    got = counters(intx, "msi", "intx")
    assert got["intx"] > 100 and got["msi"] == 0


def test_intx_self_test_and_reload(intx):
    report = intx.console.run("ethtool -t eth0 offline", timeout=120)
    assert "The test result is PASS" in report
    intx.console.run("rmmod tg3 && insmod /modules/tg3.ko")
    boot.dhcp(intx)
    intx.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")
