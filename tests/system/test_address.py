# SPDX-License-Identifier: MIT
"""The VMM's static address, and what the VMM says of others that use it.

Tests run in the order of the file.
"""

import re
import time

import pytest
from lib import boot, dhcp, settings, wire
from lib.machine import GUEST_ADDRESS, NIC_MAC, VMM_ADDRESS, Machine
from lib.wait import wait_for
from lib.wire import STATION_ADDRESS, STATION_MAC
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

EVERYBODY = "ff:ff:ff:ff:ff:ff"


@pytest.fixture(scope="module")
def shared():
    options = boot.prepare("address", boot.guest(),
                           files=settings.files(ip_address=VMM_ADDRESS))
    m, _ = boot.start(lambda: Machine("address", peer="alone", **options))
    m.console.run(f"ip addr add {GUEST_ADDRESS}/24 dev eth0; "
                  "ip link set eth0 up")
    yield m
    m.stop()


def conflicts(machine):
    found = re.search(r"address conflicts +(\d+)", dhcp.status(machine))
    return int(found[1]) if found else 0


def lines(machine, text):
    return sum(text in line for line in machine.vmm_log().splitlines()
               if "ippass: address conflict: " in line)


def quiet_for_a_new_line():
    """One line in five seconds is all that the log takes."""
    time.sleep(5.2)


def send_until_named(machine, frame, what):
    """Until the log takes a line about it."""
    def named():
        machine.peer.send(frame)
        return what in machine.vmm_log()

    wait_for(named, 60, machine.vmm_log)


# ---- who uses the VMM's address ----

def test_there_is_no_conflict_in_what_stations_usually_do(shared):
    assert wire.arp(shared.peer, VMM_ADDRESS) == NIC_MAC
    shared.peer.send(Ether(src=STATION_MAC, dst=EVERYBODY) / ARP(
        op=1, hwsrc=STATION_MAC, psrc="0.0.0.0", pdst=VMM_ADDRESS))
    shared.console.run(f"ping -c 2 -W 10 {VMM_ADDRESS}")
    assert conflicts(shared) == 0


def test_a_guest_that_probes_for_the_vmms_address_is_named(shared):
    """It cannot hear the answer: that comes from its own MAC address."""
    shared.console.run(f"arping -D -c 2 -w 3 -I eth0 {VMM_ADDRESS}; true")
    line = f"{VMM_ADDRESS} is the VMM's, but {NIC_MAC} in the guest asks " \
        "for it"
    assert lines(shared, line) == 1
    assert conflicts(shared) >= 1


def test_a_guest_that_takes_the_vmms_address_is_named_once(shared):
    quiet_for_a_new_line()
    before = conflicts(shared)
    shared.console.run(
        f"ip addr add {VMM_ADDRESS}/24 dev eth0; "
        f"ping -c 3 -W 1 -I {VMM_ADDRESS} {STATION_ADDRESS}; "
        f"ip addr del {VMM_ADDRESS}/24 dev eth0")
    assert conflicts(shared) >= before + 3
    assert re.search(rf"{VMM_ADDRESS}: {NIC_MAC} in the guest uses it, "
                     r"\d+ times", dhcp.status(shared))
    assert lines(shared, "in the guest") == 1       # still the same conflict


def test_a_host_on_the_wire_that_claims_it_is_named(shared):
    claim = Ether(src=STATION_MAC, dst=EVERYBODY) / ARP(
        op=1, hwsrc=STATION_MAC, psrc=VMM_ADDRESS, pdst=VMM_ADDRESS)
    send_until_named(shared, claim, f"{VMM_ADDRESS} is the VMM's, but "
                     f"{STATION_MAC} on the wire uses it")
    for _ in range(50):
        shared.peer.send(claim)
    assert lines(shared, STATION_MAC) == 1


def test_a_host_on_the_wire_that_sends_from_it_is_named(shared):
    mac = "52:54:00:00:00:99"
    send_until_named(shared, Ether(src=mac, dst=NIC_MAC) / IP(
        src=VMM_ADDRESS, dst=GUEST_ADDRESS) / ICMP(type=8),
        f"{VMM_ADDRESS} is the VMM's, but {mac} on the wire sends from it")


def test_ten_thousand_claims_do_not_fill_the_log(shared):
    before = shared.vmm_log().count("\n")
    counted = conflicts(shared)
    for n in range(10000):
        mac = f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"
        shared.peer.send(Ether(src=mac, dst=EVERYBODY) / ARP(
            op=2, hwsrc=mac, psrc=VMM_ADDRESS, hwdst=NIC_MAC,
            pdst=VMM_ADDRESS))
    wait_for(lambda: conflicts(shared) > counted + 1000, 60,
             "the claims were not seen")
    assert shared.vmm_log().count("\n") - before < 30


def test_the_vmm_keeps_its_address(shared):
    assert wire.arp(shared.peer, VMM_ADDRESS) == NIC_MAC
    assert None not in wire.ping(shared.peer, VMM_ADDRESS, count=5)
    assert None not in wire.ping(shared.peer, GUEST_ADDRESS, count=5)
    assert shared.nic_counter("c-violations") == 0
