# SPDX-License-Identifier: MIT
"""What the management service does beside showing: the VMM's shell, captures,
judged by tshark, and the machine's power; each answer as the API's description
has it; and that the service is known by the same key after a reset."""

import hashlib
import json
import ssl
import subprocess
import threading
import time

import pytest
from lib import boot, paths
from lib.initramfs import READY
from lib.machine import HOST_ADDRESS, Machine
from lib.mgmt import OPERATE, PORT, READ, Client, Description, conf

ADDRESS = paths.config()["IP_ADDRESS"]


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("mgmt-operate", boot.guest(), files={
        "EFI/BOOT/tandem.conf": conf() + b"mgmt.capture = y\n"})
    m, _ = boot.start(lambda: Machine(
        "mgmt-operate", forward=[(ADDRESS, PORT)], **options))
    try:
        boot.dhcp(m)
        m.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
        yield m
        assert "netd ended" not in m.vmm_log()
    finally:
        m.stop()


def logged_in(machine, password):
    client = Client(machine, ADDRESS)
    assert client.login(password).status == 201
    return client


@pytest.fixture(scope="module")
def user(machine):
    return logged_in(machine, OPERATE)


@pytest.fixture(scope="module")
def reader(machine):
    return logged_in(machine, READ)


@pytest.fixture(scope="module")
def description(machine):
    return Description(Client(machine, ADDRESS))


# ---- shell ----

class Shell:
    def __init__(self, client):
        self.client = client
        answer = client.ask("POST", "/api/v1/shell", {})
        assert answer.status == 201, answer
        self.path = "/api/v1/shell/" + answer.json()["id"]
        self.next = 0

    def types(self, text):
        answer = self.client.ask("POST", self.path, {"text": text})
        assert answer.status == 200, answer
        assert answer.json()["taken"] == len(text)

    def hears(self, end, word="", seconds=30):
        """All up to end, with word before it, or to the shell's end."""
        text, deadline = "", time.monotonic() + seconds
        while word not in text or not text.endswith(end):
            assert time.monotonic() < deadline, text
            said = self.client.get(
                f"{self.path}?after={self.next}&wait=5").json()
            self.next = said["next"]
            text += said["text"]
            if said["over"]:
                return text
        return text

    def close(self):
        assert self.client.ask("DELETE", self.path).status == 204


def test_the_shell_is_there_as_in_the_guest(user):
    shell = Shell(user)
    assert "Tandem" in shell.hears("> ")
    shell.types("version\r")
    shell.hears("> ", "compiler")
    shell.types("spin\r")               # until ^C
    time.sleep(0.2)
    shell.types("\x03")
    shell.hears("> ", "^C")
    shell.types("exit\r")
    shell.hears("> ", "nothing ends a shell that has ended")
    shell.close()
    assert user.ask("GET", shell.path).status == 404


def test_an_answer_that_was_lost_can_be_asked_for_again(user):
    shell = Shell(user)
    greeting = shell.hears("> ")
    shell.types("version\r")
    time.sleep(1)
    first = user.get(f"{shell.path}?after={shell.next}&wait=5").json()
    again = user.get(f"{shell.path}?after={shell.next}").json()
    assert greeting and first["text"] and \
        again["text"].startswith(first["text"])
    assert user.ask("GET", f"{shell.path}?after=0").status == 409
    shell.close()


def test_who_may_read_starts_nothing_that_changes_anything(reader, user):
    shell = Shell(reader)
    shell.hears("> ")
    shell.types("echoctl server start 9\r")
    shell.hears("> ", "not allowed here")
    shell.types("ps\r")
    shell.hears("> ", "netd")
    shell.close()
    of_operator = Shell(user)
    assert reader.ask("GET", of_operator.path).status == 404
    assert reader.ask("POST", of_operator.path, {"text": "x"}).status == 404
    of_operator.close()


def test_a_session_does_not_end_while_somebody_waits_for_it(user):
    shell = Shell(user)
    shell.hears("> ")
    said = user.get(f"{shell.path}?after={shell.next}&wait=20").json()
    assert not said["text"] and not said["over"]
    shell.types("version\r")
    shell.hears("> ", "compiler")
    shell.close()


def test_the_shells_answers_are_as_they_are_described(user, description):
    one = "/api/v1/shell/{id}"
    shell = Shell(user)
    opened = user.ask("POST", "/api/v1/shell")
    assert opened.status == 201
    description.judge_answer("POST", "/api/v1/shell", opened)
    path = "/api/v1/shell/" + opened.json()["id"]
    for method, question, body, status in (
            ("POST", path, {"text": "version\r"}, 200),
            ("POST", path, {"text": "x" * 257}, 400),
            ("POST", path, {}, 400),
            ("GET", f"{path}?after=0&wait=5", None, 200),
            ("GET", f"{path}?after=9999999", None, 409),
            ("GET", f"{path}?wait=21", None, 400),
            ("DELETE", path, None, 204),
            ("GET", path, None, 404),
            ("POST", path, {"text": "x"}, 404),
            ("DELETE", path, None, 404)):
        answer = user.ask(method, question, body)
        assert answer.status == status, (method, question, answer)
        description.judge_answer(method, one, answer)
    shell.close()


# ---- captures ----

def download(user, result):
    result.append(user.ask("GET", "/api/v1/capture/download"))


def capture(machine, user, what, act):
    assert user.ask("POST", "/api/v1/capture", what).status == 201
    result = []
    thread = threading.Thread(target=download, args=(user, result))
    thread.start()
    act()
    state = user.get("/api/v1/capture").json()
    assert user.ask("DELETE", "/api/v1/capture").status == 204
    thread.join(30)
    assert result and result[0].status == 200, result
    assert state["running"] and state["dropped"] == 0
    return result[0].body


def dissect(data, name, *fields):
    path = paths.WORK / f"{name}.pcapng"
    path.write_bytes(data)
    out = subprocess.run(
        ["tshark", "-r", path, "-T", "fields",
         *(x for f in fields for x in ("-e", f))],
        check=True, capture_output=True, text=True, timeout=60)
    return [line.split("\t") for line in out.stdout.splitlines()]


def test_tshark_reads_what_was_captured_and_it_is_what_passed(machine, user):
    def act():
        machine.console.run(f"ping -c 5 -i 0.2 -W 5 {HOST_ADDRESS}")
        time.sleep(0.5)

    data = capture(machine, user, {"protocol": "icmp"}, act)
    rows = dissect(data, "mgmt-icmp", "frame.interface_name", "icmp.type",
                   "ip.dst", "frame.time_epoch")
    requests = [row for row in rows if row[1] == "8"]
    assert {row[0] for row in requests} == {"wire", "guest"}
    assert len(requests) == 10
    assert all(row[1] in ("0", "8") for row in rows)
    assert all(abs(float(row[3]) - time.time()) < 120 for row in rows)


def test_a_capture_leaves_out_its_own_connection_and_needs_the_right(
        machine, user, reader):
    data = capture(machine, user, {"at": "stack", "snap": 60},
                   lambda: machine.console.run(f"ping -c 2 {ADDRESS}"))
    rows = dissect(data, "mgmt-stack", "frame.interface_name", "tcp.port",
                   "frame.cap_len")
    assert rows and all(row[0] == "stack" for row in rows)
    assert not any(str(PORT) in row[1].split(",") for row in rows)
    assert all(int(row[2]) <= 60 for row in rows)
    assert reader.ask("POST", "/api/v1/capture", {}).status == 403
    assert user.ask("DELETE", "/api/v1/capture").status == 404
    assert user.ask("GET", "/api/v1/capture/download").status == 404
    for wrong in ({"at": "moon"}, {"address": "1.2.3"}, {"snap": 4000},
                  {"filter": "x"}):
        assert user.ask("POST", "/api/v1/capture", wrong).status == 400


def test_answers_about_captures_are_as_they_are_described(
        user, reader, description):
    path = "/api/v1/capture"
    for client, method, at, body, status in (
            (reader, "GET", path, None, 200),
            (reader, "POST", path, {}, 403),
            (user, "POST", path, {"at": "moon"}, 400),
            (user, "DELETE", path, None, 404),
            (user, "GET", f"{path}/download", None, 404),
            (user, "POST", path, {
                "at": "wire", "direction": "in", "protocol": "udp",
                "address": HOST_ADDRESS, "port": 9, "snap": 64}, 201),
            (user, "POST", path, {}, 409),
            (reader, "GET", path, None, 200),
            (user, "DELETE", path, None, 204)):
        answer = client.ask(method, at, body)
        assert answer.status == status, (method, at, body, answer)
        description.judge_answer(method, at, answer)


# ---- tandem-ctl ----

def ctl(machine, *arguments, pin=None, password=OPERATE):
    pem = fingerprint(machine)
    own = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    port = machine.ports["tcp", ADDRESS, PORT]
    return subprocess.run(
        [paths.TOP / "scripts" / "tandem-ctl", f"127.0.0.1:{port}",
         "--fingerprint", pin or own, *arguments],
        env={"PATH": "/usr/bin:/bin", "TANDEM_PASSWORD": password},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def test_tandem_ctl_asks_and_operates(machine):
    said = ctl(machine, "--json", "status")
    assert said.returncode == 0 and "vmm" in json.loads(said.stdout), said
    assert "Tandem" in ctl(machine, "shell", "version").stdout
    assert ctl(machine, "shell", "nonsense").returncode == 2
    assert "netd: address" in ctl(machine, "log").stdout
    assert ctl(machine, "echo", "start", "7007").returncode == 0
    assert ctl(machine, "echo", "stop").returncode == 0


def test_tandem_ctl_sends_nothing_to_another(machine):
    said = ctl(machine, "status", pin="00" * 32)
    assert said.returncode == 3 and "another one" in said.stderr
    said = ctl(machine, "status", password="wrong")
    assert said.returncode == 1 and "password" in said.stderr
    assert ctl(machine, "power", "off").returncode == 1


# ---- power ----

def fingerprint(machine):
    return ssl.get_server_certificate(
        ("127.0.0.1", machine.ports["tcp", ADDRESS, PORT]))


def test_power_wants_it_said_twice_and_by_who_may(user, reader, description):
    twice = {"action": "nmi", "confirm": "nmi"}
    refused = reader.ask("POST", "/api/v1/power", twice)
    assert refused.status == 403
    description.judge_answer("POST", "/api/v1/power", refused)
    for wrong in ({"action": "nmi"}, {"action": "nmi", "confirm": "off"},
                  {"action": "explode", "confirm": "explode"}):
        answer = user.ask("POST", "/api/v1/power", wrong)
        assert answer.status == 400
        description.judge_answer("POST", "/api/v1/power", answer)


def test_an_nmi_reaches_the_guest(machine, user, description):
    answer = user.ask("POST", "/api/v1/power",
                      {"action": "nmi", "confirm": "nmi"})
    assert answer.status == 202
    description.judge_answer("POST", "/api/v1/power", answer)
    time.sleep(2)
    assert "NMI" in machine.console.run("dmesg | tail -5")
    assert "NMI for the guest, asked for by " in machine.vmm_log()


def test_a_reset_comes_back_with_the_same_key(machine, user):
    before = fingerprint(machine)
    assert user.ask("POST", "/api/v1/power", {
        "action": "reset", "confirm": "reset"}).status == 202
    machine.console.expect_exact(READY, timeout=240)
    assert "reset of the machine, asked for by " in machine.vmm_log()
    deadline = time.monotonic() + 30
    while True:
        try:
            after = fingerprint(machine)
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.5)
    key = [subprocess.run(["openssl", "x509", "-pubkey", "-noout"],
                          input=pem, text=True, capture_output=True,
                          check=True).stdout for pem in (before, after)]
    assert key[0] == key[1]


def test_power_off_switches_the_machine_off(machine):
    user = logged_in(machine, OPERATE)
    assert user.ask("POST", "/api/v1/power", {
        "action": "off", "confirm": "off"}).status == 202
    assert machine.wait_exit(30) == 0
