# SPDX-License-Identifier: MIT
"""The echo server over TLS, with the management service off: openssl and Python's
ssl are its clients, and so is who resets, says nothing or reads late."""

import concurrent.futures
import hashlib
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import time

import pytest
from lib import boot, paths
from lib.dbgsh import DebugShell
from lib.machine import Machine

CONFIG = paths.config()
ADDRESS = CONFIG["IP_ADDRESS"]
CONNECTIONS = int(CONFIG["ECHO_TLS_CONNECTIONS"])
PORT = 992
CLIENTS = 20
SECONDS = 60            # for anything
MODULES = ("virtio_pci", "virtio_net", "af_packet")


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("echo-tls", boot.guest(MODULES))
    m, _ = boot.start(lambda: Machine("echo-tls", forward=[(ADDRESS, PORT)],
                                      **options))
    try:
        boot.dhcp(m)
        assert f"listens on TLS port {PORT}" in shell(
            m, f"echoctl server start --tls {PORT}")
        yield m
        assert "netd ended" not in m.vmm_log()
    finally:
        m.stop()


@pytest.fixture(scope="module")
def context(machine, tmp_path_factory):
    """Who connects knows the certificate, as mgmtctl's fingerprint says it."""
    text = ssl.get_server_certificate(where(machine), timeout=SECONDS)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()
    said = shell(machine, "mgmtctl status --json")
    told = json.loads(said[said.index("{"):])["fingerprint"]
    assert told.replace(":", "").lower() == digest
    path = tmp_path_factory.mktemp("tls") / "tandem.crt"
    path.write_text(text)
    return ssl.create_default_context(cafile=path)


def shell(machine, line):
    with DebugShell(machine.console) as s:
        return s.command(line)


def server(machine):
    said = shell(machine, "echoctl status --json")
    return json.loads(said[said.index("{"):])["tls"]


def where(machine):
    return "127.0.0.1", machine.port(ADDRESS, PORT)


def tcp(machine):
    return socket.create_connection(where(machine), SECONDS)


def connect(machine, context):
    return context.wrap_socket(tcp(machine), server_hostname=ADDRESS)


def receive(tls, size):
    got = b""
    while len(got) < size and (part := tls.recv(65536)):
        got += part
    return got


def echo(machine, context, size):
    data = os.urandom(size)
    with connect(machine, context) as tls:
        tls.sendall(data)
        assert receive(tls, size) == data
        tls.unwrap()            # it waits for the answer to close_notify


def exchange(tls, rest, size):
    """Sends the rest while it reads: size bytes."""
    got = b""
    end = time.monotonic() + SECONDS
    tls.setblocking(False)
    while len(got) < size and time.monotonic() < end:
        try:
            if rest:
                rest = rest[tls.send(rest):]
        except ssl.SSLWantWriteError:
            pass
        try:
            got += tls.recv(65536)
        except ssl.SSLWantReadError:
            select.select([tls], [tls] if rest else [], [], 0.1)
    return got


def none_is_left(machine, seconds=5):
    deadline = time.monotonic() + seconds
    while (s := server(machine))["open"]:
        assert time.monotonic() < deadline, s
        time.sleep(0.5)


def test_openssl_gets_back_what_it_sends_by_tls_1_2_with_ecdhe(machine,
                                                               context):
    text = os.urandom(3000).hex() + "\n"
    command = ["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect",
               "{}:{}".format(*where(machine))]
    client = subprocess.Popen(command, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    try:
        client.stdin.write(text)
        client.stdin.flush()
        assert client.stdout.readline() == text
    finally:
        client.kill()
        client.wait(5)
    with connect(machine, context) as tls:
        assert tls.version() == "TLSv1.2"
        assert tls.cipher()[0].startswith("ECDHE-ECDSA-")
    other = subprocess.run([*command, "-tls1_3"], input="", text=True,
                           capture_output=True, timeout=SECONDS, check=False)
    assert other.returncode != 0


def test_many_at_once_get_all_back(machine, context):
    before = server(machine)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(echo, machine, context, 20000)
                     for _ in range(CLIENTS)]:
            done.result(SECONDS)
    none_is_left(machine)
    after = server(machine)
    assert after["handshakes"] - before["handshakes"] == CLIENTS
    assert after["bytes"] - before["bytes"] == CLIENTS * 20000
    assert after["refused"] == before["refused"]


def test_who_reads_late_gets_all_and_the_others_do_not_wait(machine, context):
    data = os.urandom(16_000_000)     # more than the host's network keeps
    raw = socket.socket()
    for buffer in socket.SO_SNDBUF, socket.SO_RCVBUF:   # else they take it all
        raw.setsockopt(socket.SOL_SOCKET, buffer, 8192)
    raw.settimeout(SECONDS)
    raw.connect(where(machine))
    with context.wrap_socket(raw, server_hostname=ADDRESS) as tls:
        tls.settimeout(2)
        sent = 0
        with pytest.raises(TimeoutError):       # it stops taking
            while sent < len(data):
                sent += tls.send(data[sent:sent + 4096])
        tls.settimeout(SECONDS)
        echo(machine, context, 5000)
        assert server(machine)["open"] == 1
        # the record that was begun goes on as it was
        assert exchange(tls, data[sent:sent + 4096], sent + 4096) == \
            data[:sent + 4096]


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def hello(context):
    """What a client says first."""
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=ADDRESS)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def test_who_resets_in_the_handshake_leaves_nothing_behind(machine, context):
    before = server(machine)
    first = hello(context)
    for i in range(CONNECTIONS):
        sock = tcp(machine)
        sock.sendall(first[:len(first) * i // CONNECTIONS + 1])
        if i % 2:
            sock.settimeout(0.05)
            try:
                sock.recv(100)
            except TimeoutError:
                pass
        reset(sock)
    none_is_left(machine, 15)
    assert server(machine)["failed"] - before["failed"] == CONNECTIONS
    echo(machine, context, 5000)


@pytest.mark.long
def test_who_says_nothing_keeps_nobody_out(machine, context):
    before = server(machine)
    held = [tcp(machine) for _ in range(CONNECTIONS)]
    try:
        time.sleep(1.5)         # so long, they make room for none
        echo(machine, context, 5000)
        none_is_left(machine, 15)       # and ten seconds are all they get
    finally:
        for sock in held:
            sock.close()
    assert server(machine)["failed"] - before["failed"] == CONNECTIONS


def test_bytes_that_are_no_tls_end_the_connection(machine, context):
    with tcp(machine) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        try:
            while sock.recv(1000):
                pass            # an alert
        except ConnectionResetError:
            pass
    none_is_left(machine)
    echo(machine, context, 10)


def test_stop_ends_it_and_start_begins_anew(machine, context):
    with connect(machine, context) as tls:
        assert "stopped" in shell(machine, "echoctl server stop --tls")
        with pytest.raises((OSError, EOFError)):
            if not tls.recv(1):
                raise EOFError
    assert server(machine)["port"] == 0
    assert "no server runs" in shell(machine, "echoctl server stop --tls")
    assert "TLS port" in shell(machine, f"echoctl server start --tls {PORT}")
    assert "it runs already" in shell(machine,
                                      f"echoctl server start --tls {PORT}")
    echo(machine, context, 1000)


def test_all_of_it_broke_no_rule_of_the_hardware(machine):
    assert machine.nic_counter("c-violations") == 0
