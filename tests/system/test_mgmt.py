# SPDX-License-Identifier: MIT
"""The management service of netd, over the wire and TLS: who is let in and who
is not, what the API answers, judged by its own description, and metrics, judged
by Prometheus. All in one boot; the last tests lock this host out.
"""

import copy
import json
import socket
import threading
import time

import pytest
from lib import boot, paths
from lib.dbgsh import DebugShell
from lib.machine import HOST_ADDRESS, Machine
from lib.mgmt import COOKIE, OPERATE, READ, Client, Description, conf
from lib.mgmt import PORT as HTTPS
from prometheus_client.openmetrics.parser import \
    text_string_to_metric_families

ADDRESS = paths.config()["IP_ADDRESS"]
MODULE = "modules/hangcpu.ko"
ECHO = 7007
LATE = 1                # that may come later: the host has other work, too
SECOND = 1.0            # an answer's limit, while the guest hangs too


@pytest.fixture(scope="module")
def machine():
    image = boot.guest(("virtio_pci", "virtio_net", "af_packet"))
    image.file(MODULE, paths.need(
        paths.BUILD / "modules" / "hangcpu.ko", "run make guest-modules"))
    options = boot.prepare("mgmt", image,
                           files={"EFI/BOOT/tandem.conf": conf()})
    m, _ = boot.start(lambda: Machine(
        "mgmt", forward=[(ADDRESS, HTTPS), (ADDRESS, ECHO)], **options))
    try:
        m.console.run(f"insmod /{MODULE}")
        boot.dhcp(m)
        m.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
        yield m
        assert m.nic_counter("c-violations") == 0
        assert "netd ended" not in m.vmm_log()
    finally:
        m.stop()


@pytest.fixture(scope="module")
def user(machine):
    """Who may operate, with a cookie."""
    client = Client(machine, ADDRESS)
    assert client.login(OPERATE).status == 201
    return client


@pytest.fixture(scope="module")
def reader(machine):
    client = Client(machine, ADDRESS)
    assert client.login(READ, token=True).status == 201
    return client


@pytest.fixture(scope="module")
def description(machine):
    return Description(Client(machine, ADDRESS))


# ---- who is let in ---------------------------------------------------------


def test_nobody_sees_anything_without_a_session(machine):
    client = Client(machine, ADDRESS)
    for path in ("status", "network", "exits", "domains", "services", "log",
                 "config"):
        answer = client.get(f"/api/v1/{path}", 401)
        assert answer.json()["error"]
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    client.get("/metrics", 401)
    assert client.get("/healthz").body == b"ok\n"
    assert client.get("/api/v1/session").json()["role"] == "none"
    client.headers = {"Cookie": f"{COOKIE}={'0' * 64}"}
    client.get("/api/v1/status", 401)


def test_a_login_gives_a_cookie_that_only_this_site_has(machine):
    client = Client(machine, ADDRESS)
    answer = client.login(OPERATE)
    assert answer.status == 201
    words = answer.headers["Set-Cookie"].split("; ")
    assert words[0].startswith(f"{COOKIE}=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} == set(words[1:])
    assert answer.headers["Cache-Control"] == "no-store"
    said = client.get("/api/v1/session").json()
    assert said["role"] == "operate" and said["by"] == "cookie"
    assert client.ask("DELETE", "/api/v1/session").status == 204
    client.get("/api/v1/status", 401)


def test_what_is_forged_changes_nothing(user):
    path, body = "/api/v1/services/echo-tcp", {"running": True, "port": ECHO}
    for headers in ({"X-Tandem-CSRF": None},
                    {"X-Tandem-CSRF": "0" * 32},
                    {"Origin": "https://evil.example"},
                    {"Origin": "null"}, {"Origin": f"http://{ADDRESS}"}):
        answer = user.ask("PUT", path, body, headers)
        assert answer.status == 403, (headers, answer)
    assert user.ask("PUT", path, raw="running=true", headers={
        "Content-Type": "application/x-www-form-urlencoded"}).status == 415
    services = user.get("/api/v1/services").json()["services"]
    assert not services[0]["running"]
    # a login, too, is a change
    stranger = user.ask("POST", "/api/v1/session", {"password": OPERATE},
                        {"Origin": "https://evil.example"})
    assert stranger.status == 403 and "Set-Cookie" not in stranger.headers


def test_who_may_look_may_not_operate(reader):
    assert reader.get("/api/v1/session").json()["role"] == "read"
    reader.get("/api/v1/status")
    answer = reader.ask("PUT", "/api/v1/services/echo-tcp",
                        {"running": True, "port": ECHO})
    assert answer.status == 403


# ---- what the API says -----------------------------------------------------


SCHEMAS = {"session": "Session", "status": "Status", "network": "Network",
           "exits": "Exits", "domains": "Domains", "services": "Services",
           "log": "Log", "config": "Config"}


@pytest.mark.parametrize("path", SCHEMAS)
def test_answers_are_as_they_are_described(reader, description, path):
    start = time.monotonic()
    answer = reader.get(f"/api/v1/{path}")
    assert time.monotonic() - start < 3 * SECOND
    assert answer.headers["Content-Type"] == "application/json"
    description.judge(SCHEMAS[path], answer.json())


def test_errors_are_as_they_are_described(reader, description):
    for method, path, status in (
            ("GET", "/api/v1/log?after=x", 400),
            ("GET", "/api/v1/log?limit=501", 400),
            ("GET", "/api/v1/log?level=loud", 400),
            ("GET", "/api/v1/log?other=1", 400),
            ("GET", "/api/v1/log?wait=21", 400)):
        answer = reader.ask(method, path)
        assert answer.status == status, (path, answer)
        description.judge("Error", answer.json())
    assert reader.get("/api/v1/none", 404)


def test_the_figures_are_those_of_the_machine(machine, user):
    status = user.get("/api/v1/status").json()
    with DebugShell(machine.console) as shell:
        version = shell.command("version")
    assert status["vmm"]["release"] in version
    assert status["vmm"]["configuration"] in version
    assert len(status["guest"]["cpus"]) == 1
    assert status["guest"]["state"] in ("runs", "idle")
    network = user.get("/api/v1/network").json()
    assert network["stack"]["address"] == ADDRESS
    assert any(c["protocol"] == "tcp" and c["local_port"] == HTTPS and
               c["state"] == "ESTABLISHED"
               for c in network["stack"]["connections"]), network["stack"]
    exits = user.get("/api/v1/exits").json()
    assert len(exits["cpus"]) == 1
    assert 0 < sum(r["count"] for r in exits["cpus"][0]["reasons"]) <= \
        sum(r["count"] for r in exits["reasons"])
    domains = user.get("/api/v1/domains").json()["domains"]
    assert "netd" in [d["program"] for d in domains]


def test_a_password_is_not_shown(reader):
    answer = reader.get("/api/v1/config")
    entries = {e["name"]: e for e in answer.json()["entries"]}
    assert entries["mgmt.password"]["value"] == "(set)"
    assert entries["mgmt.password"]["source"] == "tandem.conf"
    assert b"pbkdf2" not in answer.body


def test_services_start_and_stop(machine, user):
    path = "/api/v1/services/echo-tcp"
    answer = user.ask("PUT", path, {"running": True, "port": ECHO})
    assert answer.status == 200 and answer.json()["services"][0]["running"]
    with machine.connect(ADDRESS, ECHO) as tcp:
        tcp.settimeout(10)
        tcp.sendall(b"hello")
        assert tcp.recv(5) == b"hello"
    for body, status in (({"running": True}, 400),
                         ({"running": True, "port": HTTPS}, 409),
                         ({"port": ECHO}, 400), ({"running": 1}, 400),
                         ({"running": True, "port": 65536}, 400)):
        assert user.ask("PUT", path, body).status == status, body
    assert user.ask("PUT", "/api/v1/services/none",
                    {"running": False}).status == 404
    assert user.ask("PUT", path, {"running": False}).status == 200
    # over TLS, with this service's own certificate
    path = "/api/v1/services/echo-tls"
    answer = user.ask("PUT", path, {"running": True, "port": ECHO})
    tls = answer.json()["services"][2]
    assert answer.status == 200 and tls["name"] == "echo-tls" and \
        tls["running"] and tls["port"] == ECHO
    with user.tls.wrap_socket(machine.connect(ADDRESS, ECHO)) as echo, \
            user.tls.wrap_socket(machine.connect(ADDRESS, HTTPS)) as https:
        assert echo.getpeercert(True) == https.getpeercert(True)
        echo.sendall(b"hello")
        assert echo.recv(5) == b"hello"
    assert user.ask("PUT", path, {"running": False}).status == 200
    services = user.get("/api/v1/services").json()["services"]
    assert not services[0]["running"]


def test_a_password_check_keeps_no_packet_waiting(machine, user):
    """The echo server answers in between, on a connection that is there."""
    path = "/api/v1/services/echo-tcp"
    user.ask("PUT", path, {"running": True, "port": ECHO})
    client = Client(machine, ADDRESS)
    said = []
    thread = threading.Thread(target=lambda: said.append(
        client.login("not the password")))
    times = []
    with machine.connect(ADDRESS, ECHO) as tcp:
        tcp.settimeout(10)
        thread.start()
        while thread.is_alive():
            start = time.monotonic()
            tcp.sendall(b"x")
            assert tcp.recv(1) == b"x"
            times.append(time.monotonic() - start)
            time.sleep(0.005)
    thread.join()
    assert said[0].status == 401
    assert len(times) > 5
    # two may have met the TLS handshake's computing, or a busy host
    assert sorted(times)[-3] < 0.1, sorted(times)[-5:]
    user.ask("PUT", path, {"running": False})
    assert client.login(OPERATE).status == 201      # and all is forgiven


# ---- the log ---------------------------------------------------------------


def test_the_log_is_that_of_the_machine_line_by_line(machine, reader):
    """Question after question, as much as there is."""
    after, lines = 0, []
    while True:
        said = reader.get(f"/api/v1/log?after={after}&limit=50").json()
        if not said["entries"]:
            break
        assert said["next"] > after
        after = said["next"]
        lines += [e["text"] for e in said["entries"]]
    known = machine.vmm_log()
    assert len(lines) > 20
    missing = [line for line in lines if line not in known]
    assert not missing, missing[:3]
    last = reader.get("/api/v1/log?limit=3").json()
    assert [e["text"] for e in last["entries"]] == lines[-3:] or \
        last["next"] > after


def test_a_long_poll_ends_when_a_line_comes(reader, user):
    after = reader.get("/api/v1/log?limit=0").json()["next"]
    after = reader.get(f"/api/v1/log?after={after}").json()["next"]
    start = time.monotonic()
    assert not reader.get(
        f"/api/v1/log?after={after}&wait=1").json()["entries"]
    assert 0.9 < time.monotonic() - start < 4
    waiting = copy.copy(reader)
    said = []
    thread = threading.Thread(target=lambda: said.append(
        waiting.get(f"/api/v1/log?after={after}&wait=15").json()))
    start = time.monotonic()
    thread.start()
    time.sleep(1)
    user.ask("PUT", "/api/v1/services/echo-udp", {"running": True, "port": 7})
    user.ask("PUT", "/api/v1/services/echo-udp", {"running": False})
    thread.join(20)
    assert said and time.monotonic() - start < 10
    assert any("echo" in e["text"] for e in said[0]["entries"]), said


def test_who_asks_and_goes_leaves_nothing_behind(machine, reader):
    """More long polls that nobody waits for than there is room for."""
    after = reader.get("/api/v1/log?limit=1").json()["next"]
    hasty = copy.copy(reader)
    hasty.timeout = 0.5
    for _ in range(24):
        with pytest.raises(OSError):
            hasty.get(f"/api/v1/log?after={after}&wait=20&level=error")
    start = time.monotonic()
    assert not reader.get(
        f"/api/v1/log?after={after}&wait=1&level=error").json()["entries"]
    assert time.monotonic() - start < 4


# ---- metrics ---------------------------------------------------------------


def test_prometheus_takes_the_metrics(reader):
    answer = reader.get("/metrics")
    assert answer.headers["Content-Type"].startswith(
        "application/openmetrics-text; version=1.0.0")
    text = answer.body.decode()
    assert text.endswith("# EOF\n")
    families = [l.split() for l in text.splitlines() if l.startswith("# TYPE")]
    names = [f[2] for f in families]
    assert names[0] == "tandem_build" and len(names) == len(set(names))
    read = list(text_string_to_metric_families(text))
    assert [f.name for f in read] == names
    assert all(f.samples for f in read if f.type != "unknown")
    assert 'tandem_build_info{version="' in text


# ---- while the guest hangs ---------------------------------------------------


def test_answers_come_while_the_guest_hangs(machine, user, capsys):
    machine.console.begin("echo cli >/sys/module/hangcpu/parameters/way")
    machine.console.expect_exact("hangcpu: cli: hangs", timeout=20)
    times = []
    for path in ("status", "network", "exits", "domains", "log?limit=10"):
        start = time.monotonic()
        user.get(f"/api/v1/{path}")
        times.append(time.monotonic() - start)
    machine.console.send("x")
    machine.console.expect_exact("hangcpu: cli: over", timeout=20)
    assert machine.console.end()[0] == 0
    with capsys.disabled():
        print(f"\nwith TLS handshake: {min(times):.2f} to {max(times):.2f} s ",
              end="")
    assert sorted(times)[-1 - LATE] < SECOND, times


# ---- who is locked out: last -------------------------------------------------


def test_wrong_passwords_lock_out_who_tries(machine, user):
    client = Client(machine, ADDRESS)
    statuses = []
    for _ in range(5):
        answer = client.login("wrong password")
        statuses.append(answer.status)
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    # the right one does not help either, but who is there stays
    assert client.login(OPERATE).status == 429
    user.get("/api/v1/status")
    time.sleep(int(answer.headers["Retry-After"]) + 0.5)
    assert client.login(OPERATE).status == 201
    text = machine.vmm_log()
    assert "wrong password" in text and text.count("wrong password") <= 3


def test_bad_bodies_do_not_reach_the_password(machine):
    client = Client(machine, ADDRESS)
    for raw in ("", "{", "[]", '{"password":1}', '{"password":"a","b":1}',
                '{"password":"' + "a" * 129 + '"}', '{"token":true}',
                '{"password":"\\u0000"}', "[" * 4000):
        answer = client.ask("POST", "/api/v1/session", raw=raw, headers={
            "Content-Type": "application/json"})
        assert answer.status == 400, (raw[:40], answer)


def test_the_port_is_tls_alone(machine):
    """Plain HTTP gets no page."""
    with socket.create_connection(
            ("127.0.0.1", machine.ports["tcp", ADDRESS, HTTPS]), 10) as tcp:
        tcp.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        tcp.settimeout(15)
        try:
            said = tcp.recv(100)
        except ConnectionResetError:
            said = b""
    assert b"HTTP" not in said
