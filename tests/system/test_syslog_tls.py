# SPDX-License-Identifier: MIT
"""The log by TLS (RFC 5425) to Debian's rsyslogd, and to servers that are not the
one. The machine's own clock is years behind: what is valid is known by SNTP. Then, in
boots of their own, a server that is known by its address, by its certificate's
fingerprint, or by nothing.

Tests run in the order of the file.
"""

import json
import re

import pytest
from lib import boot, ca, dhcp, paths, settings
from lib.dbgsh import DebugShell
from lib.machine import VMM_ADDRESS, Machine
from lib.namespace import Namespace
from lib.syslogd import Syslogd, Tls
from lib.wait import wait_for
from test_time import chronyd

SERVER = "10.0.2.2"
NAME = "log.tandem.test"
PORT = 6514


class Bench:
    def __init__(self):
        folder = paths.WORK / "syslog-tls"
        self.ca = ca.Authority(folder, "right")
        self.other_ca = ca.Authority(folder, "wrong")
        machine = self.ca.issue("tandem", "DNS:tandem.test", key=ca.P256,
                                usage="clientAuth")
        files = settings.files(
            ip_address=VMM_ADDRESS, ip_dns=SERVER, sntp_server=SERVER,
            syslog_address=NAME, syslog_tls="y", mgmt="n")
        files["EFI/BOOT/tandem.ca"] = self.ca.certificate.read_bytes()
        files["EFI/BOOT/tandem.crt"] = machine[0].read_bytes()
        files["EFI/BOOT/tandem.key"] = machine[1].read_bytes()
        self.machine = Machine(
            "syslog-tls", peer="alone", extra=["-rtc", "base=2020-01-01"],
            **boot.prepare("syslog-tls", boot.guest(), files=files))
        self.machine.start()
        self.ns = Namespace(self.machine, [f"{SERVER}/24"])
        dhcp.dnsmasq(self.ns, names=[NAME])
        chronyd(self.ns)
        self.syslogd = None
        self.serve(*self.ca.issue("good", f"DNS:{NAME}"),
                   clients="x509/certvalid")
        boot.wait_ready(self.machine, 120)

    def serve(self, certificate, key, authority=None, clients="anon"):
        """By another certificate than before, if there was one."""
        if self.syslogd:
            self.syslogd.end()
        tls = Tls((authority or self.ca).certificate, certificate, key,
                  clients)
        self.syslogd = Syslogd(self.ns, SERVER, PORT, tls=tls)

    def log(self):
        """The log of this boot, but for what syslog itself says in it."""
        return [line for line in self.machine.vmm_log().splitlines()
                if "netd: syslog: " not in line]

    def came(self):
        return [m.text for m in self.syslogd.messages()]

    def close(self):
        self.ns.close()
        self.machine.stop()


@pytest.fixture(scope="module")
def bench():
    b = Bench()
    yield b
    b.close()


def told(bench):
    with DebugShell(bench.machine.console) as shell:
        return json.loads(shell.command("net syslog --json"))["syslog"]


def wait_until_all_came(bench):
    wait_for(lambda: bench.came() and bench.came()[-1] == bench.log()[-1],
             60, lambda: f"{bench.machine.vmm_log()[-3000:]}")


def test_the_log_comes_whole_from_the_first_line_on(bench):
    """In order, nothing twice; the server, which has an RSA key, has asked for
    our certificate and found it good."""
    wait_until_all_came(bench)
    lines = bench.log()
    start = max(i for i, line in enumerate(lines) if "] Tandem " in line)
    assert bench.came() == lines[start:]
    assert re.search(rf"netd: syslog: the log goes to {SERVER} port {PORT} by "
                     r"TLS, TLS-ECDHE-RSA-\S+$", bench.machine.vmm_log(),
                     re.M)
    said = told(bench)
    assert said["state"] == "sends" and said["transport"] == "tls"
    assert said["lost_bytes"] == 0


def test_before_the_time_was_known_the_certificate_was_not_valid_yet(bench):
    log = bench.machine.vmm_log()
    if "is not valid yet" not in log:
        assert log.index("netd: sntp: it is") < log.index(
            "netd: syslog: the log goes to")


def test_what_happens_while_the_server_is_gone_comes_later(bench):
    """All of it, though netd is started anew meanwhile; a line that the old
    connection had not been told of may come twice."""
    bench.syslogd.end()
    with DebugShell(bench.machine.console) as shell:
        shell.command("kill netd")
    wait_for(lambda: "refuses the connection" in bench.machine.vmm_log(), 60,
             "nothing is told")
    start = len(bench.came())
    bench.syslogd = None
    bench.serve(*bench.ca.issue("good", f"DNS:{NAME}", key=ca.P256))
    wait_until_all_came(bench)
    lines = list(dict.fromkeys(bench.came()))
    expected = bench.log()
    first = max(i for i, line in enumerate(expected) if "] Tandem " in line)
    assert lines == expected[first:]
    assert any("netd ended" in line for line in bench.came()[start:])


@pytest.mark.parametrize("kind, why", [
    ("wrong CA", "has a certificate that tandem.ca has not signed"),
    ("wrong name", "has a certificate for another name"),
    ("expired", "has a certificate that has expired"),
])
def test_a_server_that_is_not_the_one_gets_nothing(bench, kind, why):
    """The line is for a person, the counter for a program."""
    issuer = bench.other_ca if kind == "wrong CA" else bench.ca
    name = "www.tandem.test" if kind == "wrong name" else NAME
    days = (-900, -300) if kind == "expired" else (-1, 30)
    before = len(bench.came())
    bench.serve(*issuer.issue(kind.replace(" ", "-"), f"DNS:{name}",
                              days=days), authority=issuer)
    wait_for(lambda: f"the server at {SERVER} port {PORT} {why}: the log "
             "waits" in bench.machine.vmm_log(), 90,
             lambda: bench.machine.vmm_log()[-2000:])
    said = told(bench)
    assert said["state"] == why and said["refused"] >= 1
    assert len(bench.came()) == before


# ---- other ways to know the server ----

class OtherBoot(Bench):
    """An empty tandem.ca: none. The server is given by its address."""

    def __init__(self, name, authority, **values):
        self.ca = authority
        files = settings.files(ip_address=VMM_ADDRESS, syslog_address=SERVER,
                               syslog_tls="y", **values)
        files["EFI/BOOT/tandem.ca"] = b"" if "syslog_fingerprint" in values \
            else authority.certificate.read_bytes()
        self.machine = Machine(
            name, peer="alone",
            **boot.prepare(name, boot.guest(), files=files))
        self.machine.start()
        self.ns = Namespace(self.machine, [f"{SERVER}/24"])
        self.syslogd = None


def sees(bench, words):
    wait_for(lambda: words in bench.machine.vmm_log(), 120,
             lambda: bench.machine.vmm_log()[-2000:])


@pytest.mark.long
def test_a_server_given_by_its_address_has_a_certificate_for_it():
    authority = ca.Authority(paths.WORK / "syslog-tls-address", "right")
    other = authority.issue("other", "IP:10.0.2.3,DNS:10.0.2.2")
    good = authority.issue("good", f"DNS:x.test,IP:{SERVER}")
    bench = OtherBoot("syslog-tls-address", authority)
    try:
        bench.serve(*other)
        sees(bench, "has a certificate for another address: the log waits")
        bench.serve(*good)
        sees(bench, "netd: syslog: the log goes to")
        wait_until_all_came(bench)
    finally:
        bench.close()


@pytest.mark.long
def test_a_server_known_by_its_fingerprint_needs_no_ca():
    """Nor a name, nor to be valid now."""
    authority = ca.Authority(paths.WORK / "syslog-tls-pinned", "any")
    good = authority.issue("good", "DNS:x.test", days=(-90, -30))
    other = authority.issue("other", f"IP:{SERVER}")
    bench = OtherBoot("syslog-tls-pinned", authority,
                      syslog_fingerprint=ca.fingerprint(good[0]))
    try:
        bench.serve(*other)
        sees(bench, "has another certificate than syslog.fingerprint says")
        assert not bench.came()
        bench.serve(*good)
        wait_until_all_came(bench)
    finally:
        bench.close()


@pytest.mark.long
def test_without_anything_to_know_the_server_by_nothing_is_sent():
    authority = ca.Authority(paths.WORK / "syslog-tls-none", "any")
    bench = OtherBoot("syslog-tls-none", authority, syslog_fingerprint="")
    try:
        bench.serve(*authority.issue("good", f"IP:{SERVER}"))
        sees(bench, "netd: syslog: the log is not sent: neither tandem.ca nor "
             "syslog.fingerprint says who the server is")
        boot.wait_ready(bench.machine, 120)
        assert told(bench)["state"].startswith("neither tandem.ca nor")
        assert not bench.came()
    finally:
        bench.close()
