# SPDX-License-Identifier: MIT
"""Debian's rsyslogd in a namespace on the wire (namespace.py), as a syslog
server."""

import shutil
from collections import namedtuple

from .wait import wait_for
from .namespace import program

Message = namedtuple("Message",
                     "version pri stamp host app proc id data text")

# Fields as rsyslog has taken them out of what came, in one line each.
CONFIG = r"""
global(workDirectory="{folder}" preserveFQDN="on")
module(load="imudp")
input(type="imudp" address="{address}" port="{port}" ruleset="all")
template(name="fields" type="string" string="%protocol-version%\t\
%pri-text%\t%timestamp:::date-rfc3339%\t%hostname%\t%app-name%\t%procid%\t%msgid%\t\
%structured-data%\t%msg%\n")
ruleset(name="all") {{
  action(type="omfile" file="{folder}/messages" template="fields")
}}
"""


class Syslogd:
    def __init__(self, ns, address, port=514):
        self.folder = ns.folder / "rsyslogd"
        self.folder.mkdir()
        config = self.folder / "rsyslog.conf"
        config.write_text(CONFIG.replace("\\\n", "").format(
            folder=self.folder, address=address, port=port))
        # A copy: a profile of AppArmor's for the original may forbid our
        # folder.
        binary = self.folder / "rsyslogd"
        shutil.copy(program("rsyslogd"), binary)
        ns.start("rsyslogd", str(binary), "-n", "-f", str(config), "-i",
                 "NONE")
        wait_for(lambda: f":{port:04X} " in ns.run(
            "cat", "/proc/net/udp", "/proc/net/udp6"),
                 20, "rsyslogd does not listen")

    def messages(self):
        """What has come so far, in order."""
        file = self.folder / "messages"
        text = file.read_text() if file.exists() else ""
        return [Message(*line.split("\t"))
                for line in text.split("\n")[:-1]]

    def wait_for(self, lines, timeout=30):
        """Until exactly these lines have come; or these, and more."""
        def all_came():
            return len(self.messages()) >= len(lines)
        wait_for(all_came, timeout, f"{len(self.messages())} of {len(lines)} "
                 "lines have come")
        came = [m.text for m in self.messages()][:len(lines)]
        assert came == lines
