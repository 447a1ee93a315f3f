# SPDX-License-Identifier: MIT
"""The VMM's IPv6 addresses beside a guest's on the same MAC address: one of the
link, and one made of the prefix that a router advertises (Debian's dnsmasq in
a network namespace). Linux in the guest and in the namespace judge them.

Tests run in the order of the file.
"""

import ipaddress
import re
import time

import pytest
from lib import boot, dhcp, settings
from lib.dbgsh import DebugShell
from lib.machine import NIC_MAC, VMM_ADDRESS, Machine
from lib.namespace import Namespace, program
from lib.syslogd import Syslogd
from lib.wait import wait_for
from lib.wire import STATION_MAC
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6ND_RA, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptPrefixInfo, IPv6)
from scapy.layers.l2 import Ether

PREFIX = "fd00:7464::"
ROUTER = PREFIX + "1"
PORT = 7


class Bench:
    def __init__(self):
        options = boot.prepare("ip6", boot.guest(),
                               files=settings.files(ip_address=VMM_ADDRESS,
                                                    syslog_address=ROUTER))
        self.machine = Machine("ip6", peer="alone", **options)
        self.machine.start()
        self.ns = Namespace(self.machine, ["10.0.2.2/24", ROUTER + "/64"],
                            ip6=True)
        self.ns.start("dnsmasq", program("dnsmasq"), "--keep-in-foreground",
                      "--conf-file=/dev/null", "--user=root", "--pid-file=",
                      "--port=0", "--interface=eth0", "--log-facility=-",
                      "--enable-ra", "--ra-param=eth0,4,600",
                      f"--dhcp-range={PREFIX},ra-only,64,10m")
        self.syslogd = Syslogd(self.ns, ROUTER)
        boot.wait_ready(self.machine, 120)
        self.machine.console.run("ip link set eth0 up")

    def close(self):
        self.ns.close()
        self.machine.stop()


@pytest.fixture(scope="module")
def bench():
    b = Bench()
    yield b
    b.close()


def vmm_addresses(bench):
    """(of the link, of the prefix), each None if there is none in use."""
    found = re.findall(r"netd: address (\S*:\S*) preferred",
                       dhcp.status(bench.machine))
    parsed = [ipaddress.IPv6Address(a.lower()) for a in found]
    return (next((str(a) for a in parsed if a.is_link_local), None),
            next((str(a) for a in parsed if not a.is_link_local), None))


def guest_addresses(bench):
    said = bench.machine.console.run("ip -6 addr show eth0")
    return re.findall(r"inet6 (\S+)/64 scope \S+ (?!.*tentative)", said)


def ping(bench, address):
    said = bench.ns.run("busybox", "ping", "-6", "-c", "4", "-i", "0.3",
                        "-W", "10", address, check=False)
    return "4 packets received" in said


def test_the_vmm_has_an_address_of_the_link_and_one_of_the_prefix(bench):
    wait_for(lambda: all(vmm_addresses(bench)), 60, "no IPv6 addresses")
    link, routed = vmm_addresses(bench)
    assert ipaddress.IPv6Address(routed) in \
        ipaddress.IPv6Network(PREFIX + "/64")
    assert f"netd: address {link.upper()}" in \
        bench.machine.vmm_log().replace("fe80", "FE80")


def test_no_address_is_the_guests_nor_made_of_the_mac_address(bench):
    wait_for(lambda: len(guest_addresses(bench)) >= 2, 60,
             "the guest has no IPv6 addresses")
    guest = guest_addresses(bench)
    byte = [int(b, 16) for b in NIC_MAC.split(":")]
    eui = bytes([byte[0] ^ 2, *byte[1:3], 0xff, 0xfe, *byte[3:]])
    assert any(ipaddress.IPv6Address(a).packed[8:] == eui for a in guest)
    for address in vmm_addresses(bench):
        assert ipaddress.IPv6Address(address).packed[8:] != eui
        assert address not in guest
    assert "dadfailed" not in bench.machine.console.run("ip -6 addr")


def test_everybody_reaches_everybody(bench):
    link, routed = vmm_addresses(bench)
    guest = next(a for a in guest_addresses(bench)
                 if a.startswith(PREFIX[:9]))
    assert ping(bench, f"{link}%eth0")
    assert ping(bench, routed)
    assert ping(bench, guest)
    bench.machine.console.run(f"ping -6 -c 3 -W 10 {link}%eth0")
    bench.machine.console.run(f"ping -6 -c 3 -W 10 {routed}")
    bench.machine.console.run(f"ping -6 -c 3 -W 10 {ROUTER}")
    assert "address conflicts" not in dhcp.status(bench.machine)


def test_services_answer_over_ipv6(bench):
    _, routed = vmm_addresses(bench)
    with DebugShell(bench.machine.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {PORT}")
    said = bench.ns.run(
        "sh", "-c", f"echo across | timeout 30 busybox nc -w 20 {routed} "
        f"{PORT}")
    assert said == "across\n"
    said = bench.machine.console.run(
        f"echo in the guest | timeout 30 nc -w 20 {routed} {PORT}")
    assert said == "in the guest\n"


def test_a_new_netd_has_the_same_addresses(bench):
    before = vmm_addresses(bench)
    with DebugShell(bench.machine.console) as shell:
        assert "netd ended" in shell.command("kill netd")
    wait_for(lambda: vmm_addresses(bench) == before, 60,
             "not the same addresses")
    assert ping(bench, before[1])


def test_a_guest_that_wants_the_vmms_address_is_named(bench):
    _, routed = vmm_addresses(bench)
    bench.machine.console.run(f"ip addr add {routed}/64 dev eth0; sleep 3; "
                              f"ip addr del {routed}/64 dev eth0")
    whole = ipaddress.IPv6Address(routed).exploded
    bench.machine.wait_vmm_log(
        f"address conflict: {whole} is the VMM's, but {NIC_MAC} in the guest "
        "asks for it")
    assert ping(bench, routed)


def test_a_host_that_claims_the_vmms_address_is_named(bench):
    _, routed = vmm_addresses(bench)
    time.sleep(5.2)         # the log takes a line in five seconds
    for _ in range(20):
        bench.machine.peer.send(
            Ether(src=STATION_MAC, dst="33:33:00:00:00:01") /
            IPv6(src=routed, dst="ff02::1", hlim=255) /
            ICMPv6ND_NA(tgt=routed, R=0, S=0, O=1) /
            ICMPv6NDOptDstLLAddr(lladdr=STATION_MAC))
    bench.machine.wait_vmm_log(f"but {STATION_MAC} on the wire uses it")


def test_what_is_in_use_is_kept_whoever_claims_it(bench):
    before = vmm_addresses(bench)
    for address in before:
        bench.machine.peer.send(
            Ether(src=STATION_MAC, dst="33:33:00:00:00:01") /
            IPv6(src=address, dst="ff02::1", hlim=255) /
            ICMPv6ND_NA(tgt=address, R=0, S=0, O=1) /
            ICMPv6NDOptDstLLAddr(lladdr=STATION_MAC))
    wait_for(lambda: re.search(r"netd: IPv6 claims +([2-9]|\d\d)",
                               dhcp.status(bench.machine)), 30,
             lambda: "the claims were not seen:\n" +
             dhcp.status(bench.machine))
    assert vmm_addresses(bench) == before and None not in before
    bench.ns.run("ip", "-6", "neigh", "flush", "dev", "eth0")
    assert ping(bench, before[1])


def test_a_flood_of_prefixes_and_odd_packets_is_survived(bench):
    link, _ = vmm_addresses(bench)
    send = bench.machine.peer.send
    lines = bench.machine.vmm_log().count("netd: address")
    head = Ether(src=STATION_MAC, dst="33:33:00:00:00:01") / IPv6(
        src="fe80::5054:ff:feaa:bbcc", dst="ff02::1", hlim=255)
    for n in range(500):
        send(head / ICMPv6ND_RA(routerlifetime=n, reachabletime=n % 3) /
             ICMPv6NDOptPrefixInfo(
                 prefixlen=64, L=1, A=1, validlifetime=n % 4,
                 preferredlifetime=n % 4, prefix=f"fd00:bad:{n:x}::"))
    whole = bytes(head / ICMPv6ND_NS(tgt=link) / (b"\1\0" * 20))
    for length in range(14, len(whole)):
        send(whole[:length])
    for kind in range(256):
        packet = IPv6(src="fe80::1", dst=link, nh=kind) / (bytes([kind]) * 64)
        send(Ether(src=STATION_MAC, dst=NIC_MAC) / packet)
    for size in (1500, 9000, 65535):
        send(Ether(src=STATION_MAC, dst=NIC_MAC) / IPv6(
            src="fe80::1", dst=link, plen=size) / ICMPv6EchoRequest())
    wait_for(lambda: ping(bench, f"{link}%eth0"), 60, "no ping after it")
    assert bench.machine.vmm_log().count("netd: address") - lines < 12
    assert "netd ended" not in bench.machine.vmm_log().split(
        "netd started again")[-1]


def test_nothing_was_broken_by_all_that(bench):
    assert boot.complaints(bench.machine) == ""
    assert bench.machine.nic_counter("c-violations") == 0


def test_without_a_dns_server_names_are_refused(bench):
    assert "netd: DNS server none" in dhcp.status(bench.machine)
    with DebugShell(bench.machine.console) as shell:
        said = shell.command("echoctl client connect echo.test 7")
    assert "echo.test: the VMM has no DNS server" in said


def test_the_log_comes_by_ip6(bench):
    lines = [line for line in bench.machine.vmm_log().splitlines()
             if "netd: syslog: " not in line]
    bench.syslogd.wait_for(lines)
    assert {m.host for m in bench.syslogd.messages()} == {VMM_ADDRESS}
    with DebugShell(bench.machine.console) as shell:
        assert f"syslog to {ROUTER} port 514: sends" in shell.command(
            "net syslog")
