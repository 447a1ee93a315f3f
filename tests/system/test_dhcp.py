# SPDX-License-Identifier: MIT
"""The VMM takes its address from a DHCP server, beside a guest that asks the
same server with the same MAC address. The servers are Debian's dnsmasq and Kea.

Tests run in the order of the file.
"""

import re
import time

import pytest
from lib import boot, dhcp, settings
from lib.dbgsh import DebugShell
from lib.dhcp import answers, status, vmm_address
from lib.machine import NIC_MAC, Machine
from lib.namespace import Namespace
from lib.wait import wait_for
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

NAME = "tandem-" + NIC_MAC.replace(":", "")
CLIENT_ID = ":".join(f"{b:02x}" for b in b"\0" + NAME.encode())
LEASE = 12


class Bench:
    """The machine, a station with servers, and what they have given."""

    def __init__(self):
        options = boot.prepare("dhcp", boot.guest(),
                               files=settings.files(ip_mode="dhcp"))
        self.machine = Machine("dhcp", peer="alone", **options)
        self.machine.start()
        self.ns = Namespace(self.machine, ["10.0.2.2/24"])
        self.server = dhcp.dnsmasq(self.ns)
        boot.wait_ready(self.machine, 120)
        self.guest = self.vmm = None

    def close(self):
        self.ns.close()
        self.machine.stop()


@pytest.fixture(scope="module")
def bench():
    b = Bench()
    yield b
    b.close()


def leases(bench):
    """Address to (name, client identifier), as dnsmasq has written them."""
    text = (bench.machine.folder / "dnsmasq.leases").read_text()
    return {fields[2]: (fields[3], fields[4])
            for fields in map(str.split, text.splitlines())}


def link_down_and_up(bench):
    """For as long as it takes the VMM to notice, and netd to be told."""
    downs = bench.machine.vmm_log().count("link down")
    bench.machine.qmp.set_link("nic0", False)
    wait_for(lambda: bench.machine.vmm_log().count("link down") > downs, 30,
             "the VMM did not notice")
    time.sleep(1)
    bench.machine.qmp.set_link("nic0", True)


def asked(bench):
    return bench.ns.log("dnsmasq").read_text()


# ---- dnsmasq ----

def test_the_vmm_gets_an_address_by_its_own_client_identifier(bench):
    log = bench.machine.wait_vmm_log("netd: address 10.0.2.", 60)
    found = re.search(r"netd: address (\S+)/24 from 10.0.2.2, for 120 s", log)
    assert found, log
    bench.vmm = found[1]
    assert leases(bench)[bench.vmm] == (NAME, CLIENT_ID)
    assert answers(bench.ns, bench.vmm)
    assert "lease from 10.0.2.2, 120 s" in status(bench.machine)


def test_the_servers_answers_are_broadcast(bench):
    """The VMM asked for that; to a MAC address that the guest has, too, they
    would say nothing. Each OFFER and the ACK behind it; renewals are not."""
    said = asked(bench)
    offers, acks = (said.count(f"{kind}(") for kind in ("DHCPOFFER", "DHCPACK"))
    assert 1 <= offers < said.count("broadcast response") <= offers + acks


def test_the_guest_gets_another_one_with_the_same_mac_address(bench):
    bench.guest = dhcp.guest_asks(bench.machine)
    assert bench.guest and bench.guest != bench.vmm
    assert answers(bench.ns, bench.guest) and answers(bench.ns, bench.vmm)
    assert {bench.guest, bench.vmm} <= set(leases(bench))
    assert dhcp.count(bench.machine, "refused") == 0


def test_the_guest_renews_by_unicast_as_ever(bench):
    before = asked(bench).count(f"DHCPACK(eth0) {bench.guest}")
    bench.machine.console.run("kill -USR1 $(cat /run/udhcpc.pid)")
    wait_for(lambda: asked(bench).count(f"DHCPACK(eth0) {bench.guest}") >
             before, 60, "the guest did not renew")
    time.sleep(1)
    assert dhcp.guest_address(bench.machine) == bench.guest
    assert answers(bench.ns, bench.guest)


def test_the_leases_clock_leaves_the_echo_client_a_timer(bench):
    """And TCP has its own, for a connection that has just ended."""
    with DebugShell(bench.machine.console) as shell:
        for line in ("server start 7", f"client connect {bench.vmm} 7",
                     "client close", "server start --udp 7",
                     f"client connect --udp {bench.vmm} 7"):
            shell.command(f"echoctl {line}")
        said = shell.command("echoctl client send")
    assert "1 of 1 datagrams came back unchanged" in said
    assert "netd ended" not in bench.machine.vmm_log()


def test_a_new_netd_asks_for_the_address_of_the_last_one(bench):
    wish = f"DHCPDISCOVER(eth0) {bench.vmm} {NIC_MAC}"
    assert wish not in asked(bench)
    with DebugShell(bench.machine.console) as shell:
        assert "netd ended" in shell.command("kill netd")
    wait_for(lambda: bench.machine.vmm_log().count(
        f"netd: address {bench.vmm}/24 from") == 2, 60, "no address again")
    assert wish in asked(bench)
    assert answers(bench.ns, bench.vmm) and answers(bench.ns, bench.guest)


def test_when_the_link_comes_back_the_vmm_asks_whether_all_is_as_before(bench):
    before = asked(bench).count(f"DHCPACK(eth0) {bench.vmm}")
    link_down_and_up(bench)
    wait_for(lambda: asked(bench).count(f"DHCPACK(eth0) {bench.vmm}") >
             before, 60, "the VMM did not ask")
    assert answers(bench.ns, bench.vmm)


def test_after_a_reboot_both_have_what_they_had(bench):
    bench.machine.console.begin("reboot -f")
    bench.machine.console.agent = False
    boot.wait_ready(bench.machine, 120)
    assert dhcp.guest_asks(bench.machine) == bench.guest
    assert vmm_address(bench.machine) == bench.vmm
    assert answers(bench.ns, bench.vmm) and answers(bench.ns, bench.guest)


# ---- Kea ----

def test_an_address_that_another_server_refuses_is_given_up(bench):
    """Link down, another network, link up."""
    dhcp.guest_stops(bench.machine)
    bench.ns.end(bench.server)
    bench.server = dhcp.kea(bench.ns, LEASE)
    link_down_and_up(bench)
    log = bench.machine.wait_vmm_log(f"for {LEASE} s", 60)
    assert f"address {bench.vmm} is gone: its lease was refused (NAK)" in log
    bench.vmm = vmm_address(bench.machine)
    bench.guest = dhcp.guest_asks(bench.machine)
    assert bench.guest and bench.guest != bench.vmm
    assert answers(bench.ns, bench.guest) and answers(bench.ns, bench.vmm)


def test_short_leases_are_renewed_by_both(bench):
    """The VMM's in half their time; Debian's busybox takes none for shorter
    than two minutes, so it is told to."""
    before = dhcp.count(bench.machine, "renewed")
    for _ in range(4):
        time.sleep(LEASE / 3)
        bench.machine.console.run("kill -USR1 $(cat /run/udhcpc.pid)")
    assert dhcp.count(bench.machine, "renewed") > before
    assert vmm_address(bench.machine) == bench.vmm
    assert dhcp.guest_address(bench.machine) == bench.guest
    assert answers(bench.ns, bench.guest) and answers(bench.ns, bench.vmm)
    assert dhcp.count(bench.machine, "lost") == 1


def test_without_a_server_the_address_is_given_up_when_its_time_is_over(bench):
    bench.ns.end(bench.server)
    bench.machine.wait_vmm_log(
        f"address {bench.vmm} is gone: its lease ran out", LEASE + 60)
    assert not answers(bench.ns, bench.vmm)
    dhcp.guest_stops(bench.machine)


# ---- what a server must not say ----

def answer(question, yours, options, kind="offer"):
    """A frame that answers the VMM's question, with options as scapy takes
    them, or as bytes."""
    if not isinstance(options, bytes):
        options = DHCP(options=[("message-type", kind),
                                ("server_id", "10.0.2.2"),
                                ("lease_time", 60), *options, "end"])
    return Ether(src="52:54:00:aa:bb:cc", dst=question.src) / IP(
        src="10.0.2.2", dst="255.255.255.255") / UDP(sport=67, dport=68) / \
        BOOTP(op=2, xid=question[BOOTP].xid, chaddr=question[BOOTP].chaddr,
              yiaddr=yours, flags=0x8000) / options


def test_odd_answers_are_refused_and_survived(bench):
    """To the VMM's own question, unicast and cut short at any place."""
    refused = dhcp.count(bench.machine, "refused")
    peer = bench.machine.peer

    def asks(frame):
        return b"\x3d" + bytes([len(NAME) + 1]) + b"\0" + NAME.encode() in frame

    peer.drain()
    question = Ether(peer.wait(asks, 70))
    assert question[BOOTP].flags.value == 0x8000
    for address in ("0.0.0.0", "0.0.0.1", "127.0.0.1", "224.0.0.1",
                    "255.255.255.255"):
        peer.send(answer(question, address, []))
        peer.send(answer(question, address, [], "ack"))
    good = bytes(answer(question, "10.0.2.99", [("router", "10.0.2.2")]))
    for length in range(14, len(good) - 8):
        peer.send(good[:length])
    for code in range(256):
        peer.send(answer(question, "0.0.0.0", bytes(
            [53, 1, 2, code, 255 - code % 7]) + bytes(code)))
    wait_for(lambda: dhcp.count(bench.machine, "refused") >= refused + 10, 30,
             "the answers were not looked at")
    assert vmm_address(bench.machine) is None
    log = bench.machine.vmm_log().split("guest runs")[-1]
    assert "netd ended" not in log


# ---- a server that knows clients by MAC address only ----

ADVICE = "set ip.mac=own, or a static one"


def test_the_vmm_leaves_one_address_for_two_to_the_guest(bench):
    """The VMM asks first and gets it; then the guest does."""
    bench.server = dhcp.kea(bench.ns, LEASE, 180, 199, by_mac=True)
    bench.vmm = wait_for(lambda: vmm_address(bench.machine), 100,
                         "no address from the new server")
    assert ADVICE not in bench.machine.vmm_log()
    assert dhcp.guest_asks(bench.machine) == bench.vmm
    log = bench.machine.wait_vmm_log(ADVICE)
    assert f"DHCP server 10.0.2.2 gives {bench.vmm} to the guest and to " \
        "the VMM: it goes by MAC address only; the guest keeps it" in log
    assert vmm_address(bench.machine) is None
    assert answers(bench.ns, bench.vmm)


def test_the_guest_keeps_it_while_the_vmm_goes_on_asking(bench):
    """Also beyond its lease, which this guest does not renew in time: the
    server takes it for free, and the guest answers the VMM's probe."""
    refused = dhcp.count(bench.machine, "refused")
    time.sleep(LEASE * 1.25)
    wait_for(lambda: dhcp.count(bench.machine, "refused") > refused, 60,
             "the VMM does not ask")
    assert dhcp.guest_address(bench.machine) == bench.vmm
    assert vmm_address(bench.machine) is None
    kea = bench.ns.log("kea").read_text()
    assert "DECLINE" not in kea and "RELEASE" not in kea
    assert bench.machine.vmm_log().count(ADVICE) == 1


def test_nothing_was_broken_by_all_that(bench):
    assert boot.complaints(bench.machine) == ""
    assert "netd ended" not in bench.machine.vmm_log().split("guest runs")[-1]
    assert bench.machine.nic_counter("c-violations") == 0
