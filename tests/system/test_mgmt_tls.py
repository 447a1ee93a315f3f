# SPDX-License-Identifier: MIT
"""The foundation of the management service, TLS and HTTP: curl and openssl are its
clients, and so is somebody who wants it not to work."""

import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import time

import pytest
from lib import boot, paths
from lib.dbgsh import DebugShell
from lib.machine import Machine

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 443
MODULES = ("virtio_pci", "virtio_net", "af_packet")
# of no password that anybody knows
HASH = "pbkdf2-sha256$10000$" + "00" * 16 + "$" + "11" * 32
HANDSHAKES, SESSIONS = 4, 8
SHARE = 6               # of one address, which all of the bench's clients have
HOST = f"Host: {ADDRESS}\r\n"
HALF_OPEN = int(os.environ.get("TANDEM_HALF_OPEN", "100"))   # 1000: long
HELD = 64               # at once: the host's network takes its time for each
SECONDS = 20            # for an answer


@pytest.fixture(scope="module")
def machine():
    conf = (f"mgmt.password = {HASH}\nmgmt.handshakes = {HANDSHAKES}\n"
            f"mgmt.sessions = {SESSIONS}\n")
    options = boot.prepare("mgmt-tls", boot.guest(MODULES), files={
        "EFI/BOOT/tandem.conf": conf.encode()})
    m, _ = boot.start(lambda: Machine("mgmt-tls", forward=[
        (ADDRESS, PORT)], **options))
    try:
        boot.dhcp(m)
        m.wait_vmm_log("certificate SHA-256")
        yield m
        assert "netd ended" not in m.vmm_log()
    finally:
        m.stop()


@pytest.fixture(scope="module")
def certificate(machine, tmp_path_factory):
    """The certificate, which the log's fingerprint says is the right one."""
    text = ssl.get_server_certificate(("127.0.0.1",
                                       machine.port(ADDRESS, PORT)))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()
    told = re.findall(r"certificate SHA-256 ([0-9A-F:]+)", machine.vmm_log())
    assert told[-1].replace(":", "").lower() == digest
    path = tmp_path_factory.mktemp("mgmt") / "tandem.crt"
    path.write_text(text)
    return path


def shell(machine, line):
    with DebugShell(machine.console) as s:
        return s.command(line)


def status(machine):
    said = shell(machine, "mgmtctl status --json")
    return json.loads(said[said.index("{"):])


def heap_kib(machine):
    said = shell(machine, "net --json address")
    return json.loads(said[said.index("{"):])["address"]["heap_used_kib"]


def tcp(machine):
    return socket.create_connection(
        ("127.0.0.1", machine.port(ADDRESS, PORT)), SECONDS)


def session_of(machine):
    """Of somebody who trusts everybody."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(tcp(machine))


def session(machine, certificate):
    context = ssl.create_default_context(cafile=str(certificate))
    return context.wrap_socket(tcp(machine), server_hostname=ADDRESS)


def answer(s):
    """Status and headers, and the body, of one answer; (0, "", b"") if the
    connection ends instead."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(4096)
        if not more:
            return 0, "", b""
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    head = head.decode()
    length = re.search(r"(?im)^content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += s.recv(4096)
    return int(head.split()[1]), head, body


def ask(machine, certificate, *pieces):
    """What is answered to these bytes."""
    with session(machine, certificate) as s:
        for piece in pieces:
            s.sendall(piece.encode("latin-1"))
        return answer(s)


def curl(machine, certificate, *args, check=True):
    return subprocess.run(
        ["curl", "-sS", "--max-time", str(SECONDS), "--cacert",
         str(certificate), "--connect-to",
         f"{ADDRESS}:{PORT}:127.0.0.1:{machine.port(ADDRESS, PORT)}",
         *args], capture_output=True, text=True, check=check,
        timeout=2 * SECONDS).stdout


def s_client(machine, *args, stdin=""):
    return subprocess.run(
        ["openssl", "s_client", "-connect",
         f"127.0.0.1:{machine.port(ADDRESS, PORT)}", *args],
        input=stdin, capture_output=True, text=True, check=False,
        timeout=SECONDS)


# ---- TLS ----

def test_curl_trusts_the_certificate_for_the_address(machine, certificate):
    url = f"https://{ADDRESS}/healthz"
    out = curl(machine, certificate, "-w", "%{num_connects} ", url, url)
    assert out == "ok\n1 ok\n0 "        # and keeps the connection


def test_the_certificate_names_all_addresses(machine, certificate):
    text = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", "-text"],
        capture_output=True, text=True, check=True).stdout
    assert f"IP Address:{ADDRESS}" in text
    assert "IP Address:FE80:" in text and "DNS:tandem-" in text
    assert "ASN1 OID: prime256v1" in text and "CA:FALSE" in text
    assert "TLS Web Server Authentication" in text


@pytest.mark.parametrize("args", [
    ["-tls1"], ["-tls1_1"], ["-tls1_3"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
    ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
    ["-tls1_2", "-curves", "P-384"],
], ids=" ".join)
def test_old_tls_is_refused(machine, args):
    if args[0] in ("-tls1", "-tls1_1"):
        args = [*args, "-cipher", "ALL:@SECLEVEL=0"]
    done = s_client(machine, *args)
    assert done.returncode != 0 and "Cipher is (NONE)" in done.stdout
    assert "alert" in done.stderr, done.stderr


@pytest.mark.parametrize("cipher", [
    "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"])
def test_each_cipher_works(machine, certificate, cipher):
    out = curl(machine, certificate, "--ciphers", cipher,
               f"https://{ADDRESS}/healthz")
    assert out == "ok\n"


def test_a_session_is_resumed(machine, certificate, tmp_path):
    kept = tmp_path / "session"
    before = status(machine)["resumed"]
    assert "New, TLSv1.2" in s_client(machine, "-sess_out", kept).stdout
    again = s_client(machine, "-sess_in", kept).stdout
    assert "Reused, TLSv1.2" in again
    assert "Extended master secret: yes" in again
    assert status(machine)["resumed"] == before + 1


def test_nobody_renegotiates(machine):
    out = s_client(machine, "-tls1_2", stdin="R\n")
    assert "RENEGOTIATING" in out.stdout + out.stderr
    assert "no renegotiation" in out.stderr


@pytest.mark.parametrize("spoil", ["altered", "no record", "close_notify"])
def test_who_sends_a_record_that_is_wrong_or_the_last_is_not_kept(
        machine, certificate, spoil):
    """A connection that has shown its whole request ends at once, not when it
    has been idle for long."""
    before = status(machine)
    context = ssl.create_default_context(cafile=str(certificate))
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(received, sent, server_hostname=ADDRESS)
    with tcp(machine) as s:
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                s.sendall(sent.read())
                received.write(s.recv(4096))
        s.sendall(sent.read())
        client.write(f"GET /healthz HTTP/1.1\r\n{HOST}".encode())
        if spoil == "close_notify":
            with pytest.raises(ssl.SSLWantReadError):
                client.unwrap()
        record = bytearray(sent.read())
        if spoil == "altered":
            record[-1] ^= 1
        elif spoil == "no record":
            record[0] = 0
        s.sendall(record)
        s.settimeout(5)
        while s.recv(4096):         # an alert, maybe, then the end
            pass
    assert status(machine)["bad_records"] == before["bad_records"] + (
        spoil != "close_notify")


def test_a_handshake_takes_less_than_a_fifth_of_a_second(machine, certificate):
    for _ in range(5):
        session(machine, certificate).close()
    assert 0 < status(machine)["handshake_max_us"] < 200000


# ---- HTTP ----

def test_each_answer_has_the_headers_that_browsers_heed(machine, certificate):
    for path, code in (("/healthz", 200), ("/nothing", 404)):
        got, head, _ = ask(machine, certificate,
                           f"GET {path} HTTP/1.1\r\n{HOST}\r\n")
        assert got == code
        for line in ("Content-Security-Policy: default-src 'none'",
                     "X-Content-Type-Options: nosniff",
                     "Referrer-Policy: no-referrer",
                     "Cache-Control: no-store"):
            assert line in head, head
        assert "Server:" not in head


def test_head_is_get_without_a_body(machine, certificate):
    with session(machine, certificate) as s:
        for _ in range(2):
            s.sendall(f"HEAD /healthz HTTP/1.1\r\n{HOST}\r\n".encode())
            data = s.recv(4096).decode()
            assert data.startswith("HTTP/1.1 200 ")
            assert "Content-Length: 3\r\n" in data and data.endswith("\r\n\r\n")


@pytest.mark.parametrize("code,request_text", [
    (400, "GET / HTTP/1.1\r\n\r\n"),
    (400, "GET / HTTP/1.1\n" + HOST + "\n"),
    (400, "GET / HTTP/1.1\r\nHost: a\x00\r\n\r\n"),
    (400, "POST / HTTP/1.1\r\n" + HOST +
     "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (400, "\x16\x03\x01\x00\x05hello"),
    (405, "OPTIONS / HTTP/1.1\r\n" + HOST + "\r\n"),
    (405, "POST /healthz HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n"),
    (411, "POST /healthz HTTP/1.1\r\n" + HOST +
     "Transfer-Encoding: chunked\r\n\r\n"),
    (413, "POST /healthz HTTP/1.1\r\n" + HOST +
     "Content-Length: 4097\r\n\r\n" + "x" * 4097),
    (414, "GET /" + "a" * 5000),
    (431, "GET / HTTP/1.1\r\n" + HOST + "X: " + "a" * 30000),
    (505, "GET / HTTP/3.0\r\n" + HOST + "\r\n"),
], ids=lambda value: str(value)[:20])
def test_what_is_no_request_is_refused(machine, certificate, code,
                                       request_text):
    with session(machine, certificate) as s:
        s.sendall(request_text.encode("latin-1"))
        got, head, body = answer(s)
        assert got == code and body.count(b"\n") == 1
        if code != 405 or "OPTIONS" in request_text:
            assert "Connection: close" in head
            assert s.recv(1) == b""
        else:
            assert "Allow: GET, HEAD" in head


def test_two_requests_at_once_get_one_answer(machine, certificate):
    one = f"GET /healthz HTTP/1.1\r\n{HOST}\r\n".encode()
    with session(machine, certificate) as s:
        s.sendall(one + one)
        assert answer(s)[0] == 200
        assert s.recv(1) == b""


def test_a_request_may_come_byte_by_byte(machine, certificate):
    with session(machine, certificate) as s:
        s.sock_nodelay = s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY,
                                      1)
        for byte in f"GET /healthz HTTP/1.1\r\n{HOST}\r\n".encode():
            s.sendall(bytes([byte]))
        assert answer(s)[::2] == (200, b"ok\n")


# ---- who wants it not to work ----

@pytest.mark.parametrize("record", [
    b"\x17\x03\x03\x00\x20" + bytes(32),      # nobody has sealed it
    b"\x17\x09\x09\x00\x20" + bytes(32),      # no version that there is
    b"\x15\x03\x03\x00\x02\x02\x28",          # an alert in the clear
], ids=["not sealed", "no version", "alert"])
def test_what_tls_refuses_ends_the_connection_at_once(machine, record):
    before = status(machine)
    with session_of(machine) as s:
        raw = socket.socket(fileno=os.dup(s.fileno()))
        raw.settimeout(5)               # idle ends after 60
        raw.sendall(record)
        try:
            while raw.recv(4096):
                pass
        except ConnectionResetError:
            pass
        raw.close()
    after = status(machine)
    assert after["bad_records"] == before["bad_records"] + 1
    assert after["connections"] == 0


def test_a_closed_tls_session_ends_the_connection(machine):
    """The client says that it has no more, and waits."""
    with session_of(machine) as s:
        s.settimeout(5)
        raw = s.unwrap()                # returns after the other's
        assert raw.recv(1) == b""
        raw.close()


def test_what_is_slow_ends_and_nobody_waits_for_it(machine, certificate):
    """Requests that never end, and handshakes: the first get a 408."""
    before = status(machine)
    slow = [session(machine, certificate) for _ in range(2)]
    mute = tcp(machine)
    for s in slow:
        s.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    start = time.monotonic()
    for _ in range(3):
        for s in slow:
            s.sendall(b"y")
        assert curl(machine, certificate, f"https://{ADDRESS}/healthz") == \
            "ok\n"
        time.sleep(1)
    assert [answer(s)[0] for s in slow] == [408, 408]
    mute.settimeout(SECONDS)
    with pytest.raises(ConnectionResetError):
        if mute.recv(1) == b"":
            raise ConnectionResetError
    assert time.monotonic() - start < 16
    after = status(machine)
    assert after["late_requests"] == before["late_requests"] + 2
    assert after["late_handshakes"] == before["late_handshakes"] + 1
    for s in (*slow, mute):
        s.close()


def test_half_open_handshakes_harm_no_session(machine, certificate):
    """Half of them send nothing, half a piece of a ClientHello."""
    before, heap = status(machine), heap_kib(machine)
    one = f"GET /healthz HTTP/1.1\r\n{HOST}\r\n".encode()
    waits, held = [], []
    with session(machine, certificate) as s:
        for i in range(HALF_OPEN):
            t = tcp(machine)
            if i % 2:
                try:
                    t.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
                except ConnectionError:
                    pass
            held.append(t)
            if len(held) > HELD:        # the host's own limit
                held.pop(0).close()
            if i % 20 == 0:
                start = time.monotonic()
                s.sendall(one)
                assert answer(s)[::2] == (200, b"ok\n")
                waits.append(time.monotonic() - start)
        now = status(machine)
        assert now["handshakes"] <= HANDSHAKES
    for t in held:
        t.close()
    print(f"an answer took {max(waits) * 1000:.0f} ms at most")
    assert max(waits) < 2
    after = status(machine)
    assert after["accepted"] + after["refused_handshakes"] - \
        before["accepted"] - before["refused_handshakes"] > HALF_OPEN * 0.9
    assert after["refused_handshakes"] > before["refused_handshakes"]
    # and all is as it was
    assert curl(machine, certificate, f"https://{ADDRESS}/healthz") == "ok\n"
    deadline = time.monotonic() + 15
    while heap_kib(machine) > heap + 4 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert heap_kib(machine) <= heap + 4


def test_more_connections_than_there_may_be(machine, certificate):
    """Those that are idle give way after a second, those in use do not."""
    context = ssl.create_default_context(cafile=str(certificate))
    held, refused = [], 0
    before = status(machine)
    for _ in range(SESSIONS + 3):
        try:
            held.append(context.wrap_socket(tcp(machine),
                                            server_hostname=ADDRESS))
        except OSError:
            refused += 1
    assert len(held) >= SHARE - 1
    after = status(machine)
    assert after["connections"] <= SHARE
    assert after["refused_share"] - before["refused_share"] == refused
    assert refused + after["idle"] - before["idle"] >= SESSIONS + 3 - SHARE
    for s in held:
        s.close()


def test_requests_that_do_not_end_give_way(machine, certificate):
    """They have all places of their address; who comes from there is answered
    nevertheless."""
    held = []
    for _ in range(SHARE):
        held.append(session(machine, certificate))
        held[-1].sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    before = status(machine)
    assert before["connections"] == SHARE
    time.sleep(1.5)
    assert curl(machine, certificate, f"https://{ADDRESS}/healthz") == "ok\n"
    assert status(machine)["late_requests"] > before["late_requests"]
    for s in held:
        s.close()
