# SPDX-License-Identifier: MIT
"""The VMM takes its address from a DHCP server, beside a guest that asks the
same server with the same MAC address. The servers are Debian's dnsmasq and Kea.

Tests run in the order of the file.
"""

import json
import re
import time

import pytest
from lib import boot, dhcp, paths, settings
from lib.dbgsh import DebugShell
from lib.dhcp import answers, status, vmm_address
from lib.machine import NIC_MAC, Machine
from lib.namespace import Namespace
from lib.syslogd import Syslogd
from lib.wait import wait_for
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

NAME = "tandem-" + NIC_MAC.replace(":", "")
CLIENT_ID = ":".join(f"{b:02x}" for b in b"\0" + NAME.encode())
LEASE = 12
LOG_RING = int(paths.config()["LOG_RING_KIB"]) * 1024

LOG_SERVER, ECHO_SERVER = "log.tandem.test", "echo.tandem.test"
# A line of tandem.conf that is put into force by hand, on the disk.
NO_DNS, DNS = b"# ip.dns = 10.0.2.77\n", b"  ip.dns = 10.0.2.77\n"


class Bench:
    """The machine, a station with servers, and what they have given."""

    def __init__(self):
        files = settings.files(ip_mode="dhcp", syslog_address=LOG_SERVER)
        files["EFI/BOOT/tandem.conf"] += NO_DNS
        options = boot.prepare("dhcp", boot.guest(), files=files)
        self.machine = Machine("dhcp", peer="alone", **options)
        self.machine.start()
        self.ns = Namespace(self.machine, ["10.0.2.2/24"])
        self.server = dhcp.dnsmasq(self.ns, names=[LOG_SERVER, ECHO_SERVER])
        self.syslogd = Syslogd(self.ns, dhcp.SERVER)
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


# ---- names, and the log to a server that has one ----

def to_be_sent(bench):
    """The log of this boot, but for what syslog itself says in it."""
    lines = bench.machine.vmm_log().splitlines()
    start = max(i for i, line in enumerate(lines) if "] Tandem " in line)
    return [line for line in lines[start:] if "netd: syslog: " not in line]


def echoctl(bench, *commands):
    with DebugShell(bench.machine.console) as shell:
        return "".join(shell.command(f"echoctl {c}", timeout=30)
                       for c in commands)


def test_the_servers_of_the_dhcp_server_are_asked(bench):
    assert "netd: DNS server 10.0.2.2, by DHCP" in status(bench.machine)
    bench.ns.start("echo", "busybox", "nc", "-ll", "-p", "7", "-e", "cat")
    said = echoctl(bench, f"client connect {ECHO_SERVER} 7",
                   "client send 1000", "client close")
    assert "connected to 10.0.2.2 port 7" in said
    assert "1000 bytes came back unchanged" in said


def test_a_name_that_does_not_exist_is_told(bench):
    assert "nosuch.test: the DNS servers know no address of it" in \
        echoctl(bench, "client connect nosuch.test 7")


def test_each_question_comes_from_a_port_of_its_own(bench):
    ports = re.findall(rf"{bench.vmm}/(\d+) query", asked(bench))
    assert len(ports) >= 3 and len(set(ports)) > 1
    assert all(int(port) >= 1024 for port in ports)


def test_the_log_has_come_whole_and_in_order(bench):
    """From the first line on, though nobody was there to take it; across the
    end of netd and of the link, above; nothing twice."""
    lines = to_be_sent(bench)
    assert "netd ended" in "".join(lines) and "link down" in "".join(lines)
    bench.syslogd.wait_for(lines)
    assert f"netd: syslog: the log goes to {dhcp.SERVER} port 514" in \
        bench.machine.vmm_log()


def test_a_syslog_server_understands_each_field(bench):
    messages = bench.syslogd.messages()
    assert {m.version for m in messages} == {"1"}
    assert {(m.host, m.app, m.proc, m.id) for m in messages} == {
        (NAME, "tandem", "-", "-")}
    for m in messages:
        level = re.match(r"\[ *\d+\.\d+\] (error|warning|)", m.text)[1]
        assert m.pri == "daemon." + {"error": "err", "warning": "warning",
                                     "": "info"}[level]
        seconds, hundredths = re.match(r"\[ *(\d+)\.(\d\d)", m.text).groups()
        assert re.fullmatch(r'\[meta sequenceId="\d+" sysUpTime='
                            rf'"{int(seconds + hundredths)}"\]', m.data)
    numbers = [int(re.search(r'sequenceId="(\d+)', m.data)[1])
               for m in messages]
    second = numbers.index(1, 1)        # of the second netd
    assert numbers == [*range(1, second + 1),
                       *range(1, len(numbers) - second + 1)]


def test_net_tells_how_the_log_goes(bench):
    with DebugShell(bench.machine.console) as shell:
        said = shell.command("net syslog")
        told = json.loads(shell.command("net syslog --json"))["syslog"]
    assert f"syslog to {LOG_SERVER} (10.0.2.2) port 514: sends" in said
    assert told["state"] == "sends" and told["lost_bytes"] == 0
    assert told["sent"] > 3         # by this netd


# ---- the next boot, with another DNS server by tandem.conf ----

def put_dns_into_force(bench):
    with open(bench.machine.disk, "r+b") as disk:
        at = disk.read().index(NO_DNS)
        disk.seek(at)
        disk.write(DNS)


def test_after_a_reboot_both_have_what_they_had(bench):
    put_dns_into_force(bench)
    bench.machine.console.begin("reboot -f")
    bench.machine.console.agent = False
    boot.wait_ready(bench.machine, 120)
    assert dhcp.guest_asks(bench.machine) == bench.guest
    assert vmm_address(bench.machine) == bench.vmm
    assert answers(bench.ns, bench.vmm) and answers(bench.ns, bench.guest)


def test_a_configured_dns_server_comes_before_the_dhcp_servers(bench):
    """It is not there, so the log waits."""
    said = status(bench.machine)
    assert "netd: DNS server 10.0.2.77, from the configuration" in said
    assert "client connect: x.test: no DNS server answers" in echoctl(
        bench, "client connect x.test 7")
    assert "syslog to log.tandem.test port 514: no DNS server answers" in \
        status(bench.machine)


def test_the_log_comes_when_its_server_has_an_address(bench):
    """All of it, from the first line of this boot on."""
    before = len(bench.syslogd.messages())
    bench.ns.run("ip", "addr", "add", "10.0.2.77/24", "dev", "eth0")
    wait_for(lambda: len(bench.syslogd.messages()) > before, 40,
             "nothing comes")
    wait_for(lambda: bench.syslogd.messages()[-1].text ==
             to_be_sent(bench)[-1], 15, "not all comes")
    came = [m.text for m in bench.syslogd.messages()[before:]]
    assert came == to_be_sent(bench)[:len(came)]
    assert "] Tandem " in came[0]


def test_what_the_log_overwrote_is_told(bench):
    """More than it holds while there is no link. Then it comes in order, and
    not faster than 100 lines a second."""
    before = len(bench.syslogd.messages())
    bench.machine.qmp.set_link("nic0", False)
    wait_for(lambda: to_be_sent(bench)[-1].endswith("link down"), 5, "link")
    start = len(bench.machine.vmm_log())
    with DebugShell(bench.machine.console) as shell:
        while len(bench.machine.vmm_log()) - start < LOG_RING + 2000:
            shell.command("crash deep")
    assert len(bench.syslogd.messages()) == before
    bench.machine.qmp.set_link("nic0", True)
    wait_for(lambda: len(bench.syslogd.messages()) > before, 20, "nothing")
    first, since = len(bench.syslogd.messages()), time.monotonic()
    time.sleep(2)
    count = len(bench.syslogd.messages()) - first
    assert 20 < count <= 100 * (time.monotonic() - since) + 20
    wait_for(lambda: bench.syslogd.messages()[-1].text ==
             to_be_sent(bench)[-1], 40, "not all comes")
    came = bench.syslogd.messages()[before:]
    notes = [m for m in came if "netd: syslog: " in m.text]
    assert len(notes) == 1 and notes[0].pri == "daemon.warning"
    lost = int(re.search(r"(\d+) bytes of the log were overwritten before",
                         notes[0].text)[1])
    came.remove(notes[0])
    assert [m.text for m in came] == to_be_sent(bench)[-len(came):]
    assert 2000 < lost < 6000
    assert f"{lost} bytes lost" in status(bench.machine)


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
