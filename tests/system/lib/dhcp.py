# SPDX-License-Identifier: MIT
"""Debian's DHCP servers in a namespace on the wire (namespace.py), and what
guest and VMM have got from them."""

import json
import re
import shutil

from .dbgsh import DebugShell
from .namespace import program
from .wait import wait_for

SERVER = "10.0.2.2"
NETWORK = "10.0.2.0/24"


# ---- servers ----

def dnsmasq(ns, *options, first=100, last=120, names=()):
    """dnsmasq with leases of two minutes, the shortest it gives. It answers
    at once: it need not ask whether an address is free. It is also the DNS
    server of *.test, of which it knows these names, at its own address."""
    return ns.start(
        "dnsmasq", program("dnsmasq"), "--keep-in-foreground",
        "--conf-file=/dev/null", "--user=root", "--pid-file=",
        "--no-resolv", "--no-hosts", "--local=/test/", "--log-queries=extra",
        *(f"--host-record={name},{SERVER}" for name in names),
        "--interface=eth0", "--log-facility=-", "--log-dhcp", "--no-ping",
        "--dhcp-authoritative", f"--dhcp-leasefile={ns.folder}/dnsmasq.leases",
        f"--dhcp-range=10.0.2.{first},10.0.2.{last},255.255.255.0,2m",
        *options)


def kea(ns, lease, first=150, last=170, by_mac=False):
    """Kea with leases of so many seconds. by_mac: it knows clients by their
    MAC address only."""
    folder = ns.folder / "kea"
    folder.mkdir(exist_ok=True)
    # A copy: a profile of AppArmor's for the original may forbid our folder.
    binary = folder / "kea-dhcp4"
    if not binary.exists():
        shutil.copy(program("kea-dhcp4"), binary)
    config = folder / "kea.conf"
    config.write_text(json.dumps({"Dhcp4": {
        "interfaces-config": {"interfaces": ["eth0"]},
        "lease-database": {"type": "memfile", "persist": True,
                           "name": str(folder / f"leases-{by_mac}.csv")},
        "valid-lifetime": lease, "min-valid-lifetime": lease,
        "max-valid-lifetime": lease,
        "renew-timer": lease // 2, "rebind-timer": lease * 7 // 8,
        "match-client-id": not by_mac, "authoritative": True,
        "expired-leases-processing": {"reclaim-timer-wait-time": 1,
                                      "hold-reclaimed-time": 0},
        "subnet4": [{"subnet": NETWORK, "id": 1,
                     "pools": [{"pool": f"10.0.2.{first} - 10.0.2.{last}"}],
                     "option-data": [{"name": "routers", "data": SERVER}]}],
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO",
                     "output_options": [{"output": "stdout"}]}],
    }}))
    server = ns.start("kea", str(binary), "-c", str(config), env={
        "KEA_PIDFILE_DIR": str(folder), "KEA_LOCKFILE_DIR": str(folder)})
    wait_for(lambda: "DHCP4_STARTED" in ns.log("kea").read_text(), 60,
             "Kea did not start")
    return server


# ---- what came of it ----

def status(machine):
    """What `net` says of netd."""
    with DebugShell(machine.console) as shell:
        return shell.command("net")


def vmm_address(machine):
    """The VMM's address now, None if it has none."""
    found = re.search(r"netd: address (\S+) ", status(machine))
    return found[1] if found and found[1] != "0.0.0.0" else None


def count(machine, name):
    """A figure of netd's DHCP client; `net` leaves out what is 0."""
    found = re.search(rf"netd: DHCP {name} +(\d+)", status(machine))
    return int(found[1]) if found else 0


def guest_address(machine):
    found = re.search(r"inet (\S+)/", machine.console.run(
        "ip -4 addr show eth0"))
    return found[1] if found else None


def guest_asks(machine, timeout=40):
    """A DHCP client in the guest that stays and renews; its address."""
    machine.console.run(
        "ip link set eth0 up; udhcpc -i eth0 -s /etc/dhcp -n -t 10 -T 2 "
        "-p /run/udhcpc.pid >/dev/null 2>&1", timeout)
    return guest_address(machine)


def guest_stops(machine):
    """The guest's client ends; address and lease are forgotten unsaid."""
    machine.console.run("kill $(cat /run/udhcpc.pid); "
                        "ip addr flush dev eth0; true")


def answers(ns, address):
    """Is there somebody at address who answers five pings?"""
    said = ns.run("busybox", "ping", "-c", "5", "-i", "0.2", "-W", "10",
                  address, check=False)
    return "5 packets received" in said
