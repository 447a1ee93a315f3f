# SPDX-License-Identifier: MIT
"""The time of day from Debian's chronyd, and what has it then.

Tests run in the order of the file.
"""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from lib import boot, paths, settings
from lib.dbgsh import DebugShell
from lib.machine import VMM_ADDRESS, Machine
from lib.namespace import Namespace
from lib.syslogd import Syslogd
from lib.wait import wait_for

SERVER = "10.0.2.2"
# The answer's way, and the bench's clock beside the host's.
NEAR = timedelta(seconds=3)


def chronyd(ns):
    """It knows the time from the host, whose clock it leaves alone."""
    program = paths.need(paths.CACHE / "servers" / "chronyd",
                         "run scripts/setup")
    folder = ns.folder / "chrony"
    folder.mkdir()
    config = folder / "chrony.conf"
    config.write_text("local stratum 8\nallow all\ncmdport 0\n"
                      f"pidfile {folder}/pid\n")
    return ns.start("chronyd", str(program), "-d", "-x", "-u", "root", "-f",
                    str(config))


class Bench:
    def __init__(self):
        options = boot.prepare("time", boot.guest(), files=settings.files(
            ip_address=VMM_ADDRESS, sntp_server=SERVER,
            syslog_address=SERVER))
        self.machine = Machine("time", peer="alone", **options)
        self.machine.start()
        self.ns = Namespace(self.machine, [f"{SERVER}/24"])
        self.server = chronyd(self.ns)
        self.syslogd = Syslogd(self.ns, SERVER)
        boot.wait_ready(self.machine, 120)

    def close(self):
        self.ns.close()
        self.machine.stop()


@pytest.fixture(scope="module")
def bench():
    b = Bench()
    yield b
    b.close()


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def told(bench):
    with DebugShell(bench.machine.console) as shell:
        return json.loads(shell.command("net time --json"))["time"]


def test_the_vmm_has_the_servers_time(bench):
    def known():
        return re.search(rf"netd: sntp: it is (\S+Z), by {SERVER}$",
                         bench.machine.vmm_log(), re.M)

    wait_for(known, 60, bench.machine.vmm_log)
    before = datetime.now(timezone.utc)
    said = told(bench)
    after = datetime.now(timezone.utc)
    assert before - NEAR < moment(said["utc"]) < after + NEAR
    assert said["server"] == SERVER
    assert said["taken"] == 1 and said["refused"] == 0


def test_lines_of_the_log_go_with_their_time(bench):
    """Also those from before there was a clock, if they are sent later."""
    before = datetime.now(timezone.utc)
    with DebugShell(bench.machine.console) as shell:
        shell.command("kill netd")
    ended = "netd ended: by the kill command"
    wait_for(lambda: any(ended in m.text for m in bench.syslogd.messages()),
             40, "the line has not come")
    after = datetime.now(timezone.utc)
    stamps = {m.text: moment(m.stamp) for m in bench.syslogd.messages()}
    stamp = next(s for text, s in stamps.items() if ended in text)
    assert before - NEAR < stamp < after + NEAR
    wait_for(lambda: bench.machine.vmm_log().count("netd: sntp: it is") == 2,
             60, "the next netd does not ask")


def test_a_server_that_is_gone_takes_no_time_away(bench):
    bench.ns.end(bench.server)
    first = moment(told(bench)["utc"])
    second = told(bench)
    assert first < moment(second["utc"]) < first + timedelta(seconds=20)
