# SPDX-License-Identifier: MIT
"""The VMM on a VLAN of its own (ip.vlan), beside a guest on the same MAC address
that is on that VLAN, on another, and on none. Linux' 802.1Q in the guest,
and Debian's dnsmasq and Linux at an access port of that VLAN judge.

Tests run in the order of the file.
"""

import ipaddress
import json
import re
import time

import pytest
from lib import boot, dhcp, settings
from lib.dbgsh import DebugShell
from lib.machine import NIC_MAC, Machine
from lib.namespace import Namespace
from lib.wire import STATION_ADDRESS, STATION_MAC
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether

VLAN = 5
OTHER = 7
TAG = b"\x81\0" + VLAN.to_bytes(2, "big")
PREFIX = "fd00:7464:5::"
SERVER = "10.0.2.2"
PORT = 7
BROADCAST = "ff:ff:ff:ff:ff:ff"
FRAME_MAX = 1518            # without FCS

ON_VLAN = [Dot1Q(vlan=VLAN)]

# What the VMM must not take for its own, before the type.
NOT_ITS_OWN = {
    "untagged": [], "priority": [Dot1Q(vlan=0, prio=5)],
    "other": [Dot1Q(vlan=OTHER)], "reserved": [Dot1Q(vlan=4095)],
    "twice": [Dot1Q(vlan=VLAN), Dot1Q(vlan=VLAN)],
    "outer": [Dot1Q(vlan=OTHER), Dot1Q(vlan=VLAN)],
    "service": [Dot1Q(vlan=VLAN, type=0x88a8), Dot1Q(vlan=VLAN)],
}


class Bench:
    def __init__(self):
        options = boot.prepare(
            "vlan", boot.guest((*boot.NETWORK_MODULES, "8021q")),
            files=settings.files(ip_mode="dhcp", ip_vlan=VLAN,
                                 echo_server_autostart="y"))
        self.machine = Machine("vlan", peer="alone", **options)
        self.machine.start()
        self.peer = self.machine.peer
        self.ns = Namespace(self.machine, [SERVER + "/24", PREFIX + "1/64"],
                            ip6=True, vlan=VLAN)
        dhcp.dnsmasq(self.ns, "--enable-ra",
                     "--ra-param=eth0,4,600",
                     f"--dhcp-range={PREFIX},ra-only,64,10m")
        boot.wait_ready(self.machine, 120)
        self.vmm, self.pings = None, 0x1000

    def close(self):
        self.ns.close()
        self.machine.stop()

    def send(self, tags, packet, destination):
        frame = Ether(src=STATION_MAC, dst=destination)
        for tag in tags:
            frame /= tag
        self.peer.send(frame / packet)

    def vmm_answers(self, tags, packet, destination):
        """What the VMM answers to a packet with these tags, before it answers
        a ping that follows."""
        self.pings += 1
        self.peer.drain()
        self.send(tags, packet, destination)
        self.send(ON_VLAN, IP(src=STATION_ADDRESS, dst=self.vmm) /
                  ICMP(id=0x7464, seq=self.pings), NIC_MAC)
        answers = []
        while frame := self.peer.receive(5):
            if frame[:6].hex(":") != STATION_MAC:
                continue
            answer = Ether(frame)
            if ICMP in answer and answer[ICMP].seq == self.pings:
                assert frame[12:16] == TAG
                return answers
            answers.append(answer)
        raise AssertionError("no answer to a ping on the VLAN")

    def guest_answers(self, tags, packet):
        """The first frame for this station within five seconds."""
        self.peer.drain()
        self.send(tags, packet, BROADCAST if ARP in packet else NIC_MAC)
        frame = self.peer.wait(lambda f: f[:6].hex(":") == STATION_MAC)
        return frame and Ether(frame)


@pytest.fixture(scope="module")
def bench():
    b = Bench()
    yield b
    b.close()


def ask(bench):
    """Questions that the VMM answers to whoever is on its VLAN."""
    yield ARP(hwsrc=STATION_MAC, psrc=STATION_ADDRESS, pdst=bench.vmm), \
        BROADCAST
    yield IP(src=STATION_ADDRESS, dst=bench.vmm) / ICMP() / b"vlan", NIC_MAC


def test_addresses_come_from_the_servers_of_the_vlan(bench):
    log = bench.machine.wait_vmm_log("netd: address 10.0.2.", 30)
    assert f"from {SERVER}, for 120 s" in log
    bench.vmm = dhcp.vmm_address(bench.machine)
    dhcp.wait_for(lambda: PREFIX.upper()[:-1] in
                  dhcp.status(bench.machine).upper(), 30, "no IPv6 address")
    assert dhcp.answers(bench.ns, bench.vmm)


def test_all_that_the_vmm_sends_has_the_tag(bench):
    """The guest has said nothing so far."""
    frames = bench.peer.collect(0.2)
    frames += bench.vmm_answers(ON_VLAN, *next(ask(bench)))
    assert len(frames) > 10
    assert {bytes(f)[12:16] for f in frames} == {TAG}


def test_status_and_config_tell(bench):
    with DebugShell(bench.machine.console) as shell:
        assert f"netd: VLAN {VLAN}\n" in shell.command("net")
        said = json.loads(shell.command("net --json"))
        assert said["address"]["vlan"] == VLAN
        assert shell.command("config ip.vlan").split() == [
            "ip.vlan", "tandem.conf", "line", "2", str(VLAN)]


def test_full_frames_go_both_ways(bench):
    """1500 bytes of packet behind the tag."""
    bench.peer.drain()
    said = bench.ns.run(
        "sh", "-c", "head -c 1000000 /dev/urandom >$0; timeout 20 busybox nc "
        f"-w 3 {bench.vmm} {PORT} <$0 | cmp -n 1000000 - $0 && echo same",
        str(bench.machine.folder / "echo"))
    assert said == "same\n"
    assert max(map(len, bench.peer.collect(0.2))) == FRAME_MAX


@pytest.mark.parametrize("kind", NOT_ITS_OWN)
def test_what_is_not_on_its_vlan_is_not_the_vmms(bench, kind):
    for packet, destination in ask(bench):
        assert bench.vmm_answers(ON_VLAN, packet, destination)
        assert not bench.vmm_answers(NOT_ITS_OWN[kind], packet, destination)


def test_tags_of_any_priority_are_the_vmms(bench):
    for prio in 1, 7:
        for packet, destination in ask(bench):
            got = bench.vmm_answers([Dot1Q(vlan=VLAN, prio=prio, id=1)],
                                    packet, destination)
            assert [f[Dot1Q].vlan for f in got] == [VLAN]


def test_neighbour_discovery_and_ping_over_ipv6(bench):
    found = re.search(rf"address ({PREFIX[:9]}\S+)", bench.machine.vmm_log(),
                      re.I)
    address = ipaddress.IPv6Address(found[1])
    ping = ("busybox", "ping", "-6", "-c", "4", "-i", "0.2", "-W", "3")
    assert "4 packets received" in bench.ns.run(*ping, str(address))
    last = address.packed[-3:]
    group = ipaddress.IPv6Address("ff02::1:ff00:0").packed[:-3] + last
    packet = IPv6(src="fe80::1", dst=str(ipaddress.IPv6Address(group))) / \
        ICMPv6ND_NS(tgt=str(address)) / \
        ICMPv6NDOptSrcLLAddr(lladdr=STATION_MAC)
    for tags, heard in ((ON_VLAN, True), ([], False),
                        ([Dot1Q(vlan=OTHER)], False)):
        got = bench.vmm_answers(tags, packet, "33:33:ff:" + last.hex(":"))
        assert bool(got) == heard


# ---- beside the guest ----

def test_the_guests_own_traffic_passes_untagged_and_tagged(bench):
    """eth0 without a VLAN, and with one that is not the VMM's."""
    bench.machine.console.run(
        f"ip link add link eth0 name other type vlan id {OTHER}; "
        "ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; "
        "ip addr add 10.0.7.15/24 dev other; ip link set other up")
    for tags, address in (([], "10.0.2.15"),
                          ([Dot1Q(vlan=OTHER)], "10.0.7.15")):
        packet = ARP(hwsrc=STATION_MAC, psrc=address[:-2] + "77",
                     pdst=address)
        got = bench.guest_answers(tags, packet)
        assert (got[ARP].psrc, got[ARP].hwsrc) == (address, NIC_MAC)
        assert (Dot1Q in got) == bool(tags)
        packet = IP(src=address[:-2] + "77", dst=address) / ICMP() / b"guest"
        got = bench.guest_answers(tags, packet)
        assert got[ICMP].type == 0 and (Dot1Q in got) == bool(tags)


def test_the_guest_reaches_the_vmm_on_its_vlan_alone(bench):
    run, status = bench.machine.console.run, bench.machine.console.status
    ping = f"ping -c 1 -W 1 {bench.vmm}"
    assert status(ping)[0] != 0             # eth0 has no tag
    run("ip addr flush dev eth0; ip addr flush dev other; "
        "ip addr add 10.0.2.15/24 dev other")
    assert status(ping)[0] != 0
    run("ip addr flush dev other; "
        f"ip link add link eth0 name same type vlan id {VLAN}; "
        "ip link set same up; "
        "udhcpc -i same -s /etc/dhcp -n -q -t 10 -T 2", 40)
    run(f"ping -c 3 -W 2 {bench.vmm}")
    run(f"ping -c 3 -W 2 {SERVER}")
    assert dhcp.answers(bench.ns, bench.vmm)


def test_a_guests_data_arrives_unchanged_through_the_tag(bench):
    """Segments that the card, and for the VMM the switch, cuts."""
    run = bench.machine.console.run
    counter = bench.machine.nic_counter
    before = counter("c-vlan-insert"), counter("c-tso")
    run("head -c 2000000 /dev/urandom >/tmp/out; timeout 30 nc -w 1 "
        f"{bench.vmm} {PORT} </tmp/out | cmp -n 2000000 - /tmp/out", 60)
    bench.ns.start("listener", "busybox", "nc", "-l", "-p", "4000", "-e",
                   "cat")
    run(f"timeout 30 nc -w 1 {SERVER} 4000 </tmp/out | "
        "cmp -n 2000000 - /tmp/out", 60)
    assert counter("c-vlan-insert") > before[0] and counter("c-tso") > before[1]


def test_the_vmms_address_elsewhere_is_no_conflict(bench):
    """A conflict is on its VLAN."""
    claim = ARP(op=2, hwsrc=STATION_MAC, psrc=bench.vmm, pdst=bench.vmm)
    bench.peer.drain()
    bench.machine.console.run(
        f"ip addr add {bench.vmm}/24 dev other; "
        f"arping -c 1 -U -I other {bench.vmm} || true; "
        f"ip addr del {bench.vmm}/24 dev other")
    assert bench.peer.wait(lambda f: f[6:12].hex(":") == NIC_MAC and
                           ARP in Ether(f) and
                           Ether(f)[ARP].psrc == bench.vmm, 1)
    for tags in [], [Dot1Q(vlan=OTHER)]:
        bench.vmm_answers(tags, claim, BROADCAST)
    assert "conflict" not in bench.machine.vmm_log()
    bench.vmm_answers(ON_VLAN, claim, BROADCAST)
    bench.machine.wait_vmm_log(
        f"address conflict: {bench.vmm} is the VMM's, but {STATION_MAC} "
        "on the wire uses it", 5)


def test_odd_tags_are_survived(bench):
    """Cut short at any place, of any kind, and many."""
    whole = bytes(Ether(src=STATION_MAC, dst=BROADCAST) / Dot1Q(vlan=VLAN) /
                  next(ask(bench))[0])
    for destination in bytes.fromhex(NIC_MAC.replace(":", "")), b"\xff" * 6:
        for length in range(14, len(whole)):
            bench.peer.send(destination + whole[6:length])
        for tags in range(1, 40):
            bench.peer.send(destination + whole[6:12] + TAG * tags)
        for number in range(0, 0x10000, 251):
            bench.peer.send(destination + whole[6:12] + b"\x81\0" +
                            number.to_bytes(2, "big") + whole[16:])
    time.sleep(1)
    assert dhcp.answers(bench.ns, bench.vmm)


def test_nothing_was_broken_by_all_that(bench):
    assert boot.complaints(bench.machine) == ""
    assert "netd ended" not in bench.machine.vmm_log()
    assert bench.machine.nic_counter("c-violations") == 0
