# SPDX-License-Identifier: MIT
"""The echo service (RFC 862) over UDP and TCP, server and client: sockets of the
host and the guest are the other side, and a station on the wire that lies."""

import json
import os
import re
import socket
import threading
import time

import pytest
from lib import boot, paths, wire
from lib.dbgsh import DebugShell
from lib.machine import HOST_ADDRESS, NIC_MAC, Machine
from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.layers.l2 import Ether

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
OTHER = 4007
MODULES = ("virtio_pci", "virtio_net", "af_packet")
LOOPS = (7, 13, 17, 19, 37)
SECONDS = 5             # for an answer; later it is taken for lost


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("echo", boot.guest(
        MODULES, programs=["/usr/bin/bash"]))
    m, _ = boot.start(lambda: Machine("echo", peer=True, forward=[
        (ADDRESS, PORT), ("udp", ADDRESS, PORT)], **options))
    try:
        boot.dhcp(m)
        said = echoctl(m, f"server start --udp {PORT}",
                       f"server start {PORT}")
        assert "listens on UDP port 7" in said[0]
        assert "listens on port 7" in said[1]
        yield m
    finally:
        m.stop()


def echoctl(machine, *lines):
    """What echoctl says to each line."""
    with DebugShell(machine.console) as shell:
        return [shell.command(f"echoctl {line}") for line in lines]


def server(machine, protocol="udp"):
    """The status of a server as {word: number}, words being those behind
    numbers."""
    said = echoctl(machine, "status")[0]
    line = re.search(rf"(?m)^{protocol} server: (.*)$", said)[1]
    return {word: int(number) for number, word in
            re.findall(r"(\d+) (\w+(?: \w+)*?)(?= \d|,|$)", line)}


@pytest.fixture
def udp(machine):
    """A socket of the host to the VMM's UDP server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", machine.port(ADDRESS, PORT, "udp")))
        s.settimeout(SECONDS)
        yield s


def comes_back(s, data, tries=3):
    for _ in range(tries):
        s.send(data)
        try:
            while s.recv(65536) != data:
                pass    # a late answer to an earlier try
            return True
        except TimeoutError:
            pass        # a datagram may get lost
    return False


# ---- the server ----

@pytest.mark.parametrize("size", [0, 1, 17, 1472, 1473, 4000, 9000, 32768])
def test_datagrams_of_any_size_come_back_unchanged(udp, size):
    """From 1473 on they are fragments."""
    assert comes_back(udp, os.urandom(size))


def test_datagrams_too_large_to_be_put_together_do_no_harm(machine, udp):
    udp.settimeout(0.5)
    for size in (40000, 65507):
        udp.send(os.urandom(size))
        with pytest.raises(TimeoutError):
            udp.recv(65536)
    udp.settimeout(SECONDS)
    assert comes_back(udp, b"and now?")
    assert None not in wire.ping(machine.peer, ADDRESS, count=3)


def test_many_clients_get_each_their_own(machine, udp):
    problems = []

    def client(number):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(udp.getpeername())
            s.settimeout(SECONDS)
            for i in range(20):
                data = f"{number} {i} ".encode() * 50
                if not comes_back(s, data):
                    problems.append((number, i))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    assert not problems


def test_the_guest_gets_its_datagrams_too(machine):
    assert machine.console.run(
        f"bash -c 'exec 3<>/dev/udp/{ADDRESS}/{PORT}; echo from above >&3; "
        "timeout 30 head -n 1 <&3'") == "from above\n"


def test_tcp_and_udp_on_one_port_do_not_disturb_each_other(machine, udp):
    with machine.connect(ADDRESS, PORT) as tcp:
        tcp.settimeout(30)
        for i in range(10):
            tcp.sendall(b"by stream")
            assert comes_back(udp, b"by datagram")
            got = b""
            while len(got) < 9:
                got += tcp.recv(9 - len(got))
            assert got == b"by stream"
    wire.echo(lambda: machine.connect(ADDRESS, PORT), 1_000_000)


def test_a_new_netd_serves_what_the_old_one_served(machine, udp):
    with DebugShell(machine.console) as shell:
        assert "netd ended" in shell.command("kill netd")
    machine.wait_vmm_log("netd started again")
    assert comes_back(udp, b"still there?", tries=10)
    assert "udp server: port 7" in echoctl(machine, "status")[0]


# ---- the client ----

class HostServer:
    """A UDP server of the host; treat(number, data) gives the answers."""

    def __init__(self, treat):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.treat, self.number, self.sizes = treat, 0, []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                data, sender = self.sock.recvfrom(65536)
            except OSError:
                return
            if data == b"end":
                return
            self.sizes.append(len(data))
            for answer in self.treat(self.number, data):
                self.sock.sendto(answer, sender)
            self.number += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join(5)
        self.sock.close()


def client(machine, target, *sends, options=""):
    """What echoctl says to each send, and its status then."""
    said = echoctl(machine, f"client connect --udp {options} {target}",
                   *(f"client send {s}".strip() for s in sends), "status",
                   "client close")
    assert "datagrams go to" in said[0]
    assert "connection closed" in said[-1]
    return said[1:-1]


def test_the_client_counts_what_comes_back(machine):
    with HostServer(lambda n, data: [data]) as host:
        said = client(machine, f"{HOST_ADDRESS} {host.port}", "", "100000",
                      "some text, please")
        assert "1 of 1 datagrams came back unchanged" in said[0]
        assert "68 of 68 datagrams came back unchanged" in said[1]
        assert "1 of 1 datagrams" in said[2]
        assert "client: udp to 10.0.2.2" in said[3]
        assert host.sizes == [64] + [1472] * 67 + [100000 - 67 * 1472, 17]


def test_the_clients_datagrams_have_the_size_it_is_told(machine):
    with HostServer(lambda n, data: [data]) as host:
        said = client(machine, f"{HOST_ADDRESS} {host.port}", "30001",
                      options="--size 10000")
        assert "4 of 4 datagrams" in said[0]
        assert host.sizes == [10000, 10000, 10000, 1]


def test_the_client_sees_loss_delay_change_and_what_it_never_sent(machine):
    kept = []

    def treat(number, data):
        if number == 1:
            return []                           # lost
        if number == 3:
            kept.append(data)
            return []                           # late: with the next one
        if number == 4:
            return [kept[0], data]
        if number == 6:                         # changed, so lost as well
            return [bytes([data[0] ^ 1]) + data[1:]]
        if number == 8:
            return [b"never sent", data, b""]
        return [data]

    with HostServer(treat) as host:
        said = client(machine, f"{HOST_ADDRESS} {host.port}", "10000",
                      options="--size 1000")
        assert "7 of 10 datagrams came back unchanged" in said[0]
        assert "3 lost (1 came late), 3 changed" in said[0]
        assert "10 sent 7 returned 3 lost 1 late 3 changed" in said[1]


def test_the_client_gives_up_when_nobody_answers(machine):
    with HostServer(lambda n, data: []) as host:
        status, said = machine.console.status(
            f"dbgsh -c 'echoctl client connect --udp {HOST_ADDRESS} "
            f"{host.port}'; dbgsh -c 'echoctl client send 1000000'", 30)
        assert status == 1
        assert "0 of 5 datagrams" in said and "no answer in time" in said
        assert host.number == 5
    said = echoctl(machine, "client connect 10.0.2.2 7", "client close",
                   "client close", "client send 1")
    assert "there is a connection" in said[0]
    assert "closed" in said[1]
    assert "not connected" in said[2] and "not connected" in said[3]


def test_the_client_reaches_the_server_of_its_own_stack(machine):
    said = client(machine, f"{ADDRESS} {PORT}", "50000")
    assert "34 of 34 datagrams came back unchanged" in said[0]
    before = server(machine)["echoed"]
    assert before >= 34


# ---- the server, and who lies to it ----
#
# From here on QEMU's user network takes the station for its only host: it
# listens to whatever is on the wire.

class Station:
    """On the wire: sends datagrams as whoever it likes."""

    def __init__(self, machine):
        self.peer = machine.peer
        assert wire.arp(self.peer, ADDRESS) == NIC_MAC

    def send(self, source=wire.STATION_ADDRESS, sport=40000, target=ADDRESS,
             data=b"to be echoed", mac=NIC_MAC):
        self.peer.send(Ether(src=wire.STATION_MAC, dst=mac) /
                       IP(src=source, dst=target) /
                       UDP(sport=sport, dport=PORT) / data)

    def answers(self, port=None, seconds=1.0):
        """Datagrams of the VMM that come to this station: (port, data); up to
        the first to that port, or those of so many seconds. Answers the VMM's
        ARP requests meanwhile."""
        found = []
        end = time.monotonic() + (20 if port else seconds)
        while (left := end - time.monotonic()) > 0:
            frame = self.peer.receive(left)
            if frame is None:
                break
            if frame[12:14] == b"\x08\x06":
                wire.answer_arp(self.peer, frame)
                end = max(end, time.monotonic() + seconds)
            packet = Ether(frame)
            if UDP in packet and packet[IP].src == ADDRESS:
                # without what fills the frame up
                data = bytes(packet[UDP].payload)[:packet[UDP].len - 8]
                found.append((packet[UDP].dport, data))
                if packet[UDP].dport == port:
                    break
        return found


@pytest.fixture
def station(machine):
    s = Station(machine)
    s.send(sport=40001)         # from now on it is known
    s.answers(40001)
    s.peer.drain()
    return s


def test_a_station_gets_its_answer(station):
    station.send(data=b"hello there, VMM")
    assert station.answers(40000) == [(40000, b"hello there, VMM")]


def test_a_ping_by_datagram_without_a_checksum_is_answered(station):
    station.peer.send(
        Ether(src=wire.STATION_MAC, dst=NIC_MAC) /
        IP(src=wire.STATION_ADDRESS, dst=ADDRESS) /
        UDP(sport=40002, dport=PORT, chksum=0) / b"no sum at all, sir")
    assert station.answers(40002) == [(40002, b"no sum at all, sir")]


def test_can_two_servers_be_made_to_echo_each_other_for_ever(machine,
                                                             station):
    before = server(machine)
    for port in LOOPS:
        station.send(sport=port)
    station.send(sport=0)
    station.send(source=ADDRESS, sport=PORT)
    assert station.answers() == []
    after = server(machine)
    assert after["echoed"] == before["echoed"]
    # what claims to come from the VMM itself lwIP or the switch may drop
    more = after["from a port that would loop"] - \
        before["from a port that would loop"]
    assert more in (len(LOOPS) + 1, len(LOOPS) + 2)
    station.send(sport=40000)
    assert len(station.answers(40000)) == 1


def test_is_a_datagram_to_all_answered(machine, station):
    before = server(machine)
    for target in ("10.0.2.255", "255.255.255.255"):
        station.send(target=target, mac="ff:ff:ff:ff:ff:ff")
    assert station.answers() == []
    assert server(machine) == before


def test_do_fragments_that_never_become_whole_harm(machine, station):
    whole = IP(src=wire.STATION_ADDRESS, dst=ADDRESS) / \
        UDP(sport=40003, dport=PORT) / os.urandom(6000)
    ether = Ether(src=wire.STATION_MAC, dst=NIC_MAC)
    for number in range(200):
        whole[IP].id = number
        pieces = fragment(whole, 1480)
        for piece in pieces[:1] + pieces[2:]:       # without the second
            station.peer.send(ether / piece)
    assert station.answers(seconds=0.3) == []
    whole[IP].id = 999
    for _ in range(10):
        for piece in fragment(whole, 1480):
            station.peer.send(ether / piece)
        if any(Ether(f).haslayer(IP) and Ether(f)[IP].src == ADDRESS
               for f in station.peer.collect(1)):
            break
    else:
        raise AssertionError("no whole datagram is answered any more")
    station.send(sport=40004)
    assert (40004, b"to be echoed") in station.answers(40004)


def test_without_a_server_the_port_is_unreachable(machine, station):
    said = echoctl(machine, "server stop --udp", "status",
                   "server stop --udp", "server stop")
    assert "stopped" in said[0]
    assert "udp server: stopped" in said[1]
    assert "tcp server: port 7" in said[1]
    assert "no server runs" in said[2]
    assert "stopped" in said[3]
    station.peer.drain()
    station.send(sport=40005)
    said = Ether(station.peer.wait(lambda frame: any(
        kind in Ether(frame) and Ether(frame)[IP].src == ADDRESS
        for kind in (ICMP, UDP)), 20))
    assert said[ICMP].type == 3 and said[ICMP].code == 3
    said = echoctl(machine, f"server start --udp {PORT}",
                   f"server start --udp {OTHER}", f"server start {PORT}")
    assert "listens on UDP port 7" in said[0]
    assert "runs already" in said[1]
    assert "listens on port 7" in said[2]


# ---- the rest ----

def test_scripts_get_the_same_figures_as_json(machine):
    code, said = machine.console.status("dbgsh -c 'echoctl status --json'")
    assert code == 0
    found = json.loads(said[said.index("{"):])
    figures = server(machine)
    assert found["udp"]["datagrams"] == figures["echoed"]
    assert found["udp"]["bytes"] == figures["bytes echoed"] > 0
    assert found["tcp"]["accepted"] == server(machine, "tcp")["accepted"]
    assert found["client"]["protocol"] in ("tcp", "udp")


def test_help_names_what_there_is(machine):
    for word in "-h", "--help", "help":
        said = echoctl(machine, word)[0]
        for text in ("server start [--udp|--tls]", "server stop", "--size",
                     "status"):
            assert text in said


def test_all_of_it_broke_no_rule_of_the_hardware(machine):
    assert machine.nic_counter("c-violations") == 0
    assert boot.complaints(machine) == ""
