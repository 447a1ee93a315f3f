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
BY_UDP = """
global(workDirectory="{folder}" preserveFQDN="on")
module(load="imudp")
input(type="imudp" address="{address}" port="{port}" ruleset="all")
"""

BY_TLS = """
global(workDirectory="{folder}" preserveFQDN="on"
       defaultNetstreamDriver="gtls"
       defaultNetstreamDriverCAFile="{tls.ca}"
       defaultNetstreamDriverCertFile="{tls.certificate}"
       defaultNetstreamDriverKeyFile="{tls.key}")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1"
       streamDriver.authMode="{tls.clients}")
input(type="imtcp" port="{port}" ruleset="all")
"""

CONFIG = r"""
template(name="fields" type="string" string="%protocol-version%\t\
%pri-text%\t%timestamp:::date-rfc3339%\t%hostname%\t%app-name%\t%procid%\t%msgid%\t\
%structured-data%\t%msg%\n")
ruleset(name="all") {{
  action(type="omfile" file="{folder}/messages" template="fields")
}}
"""


# Files of PEM. clients: "x509/certvalid" if they have to show one of that
# CA's, "anon" if they need not.
Tls = namedtuple("Tls", "ca certificate key clients", defaults=["anon"])


class Syslogd:
    """By UDP, or with tls by TLS. One after another writes into the same
    file."""

    def __init__(self, ns, address, port=514, tls=None):
        self.ns, self.port = ns, port
        self.folder = ns.folder / "rsyslogd"
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "rsyslog.conf"
        text = (BY_TLS if tls else BY_UDP) + CONFIG.replace("\\\n", "")
        config.write_text(text.format(folder=self.folder, address=address,
                                      port=port, tls=tls))
        # A copy: a profile of AppArmor's for the original may forbid our
        # folder.
        binary = self.folder / "rsyslogd"
        if not binary.exists():
            shutil.copy(program("rsyslogd"), binary)
        self.server = ns.start("rsyslogd", str(binary), "-n", "-f", str(config), "-i",
                 "NONE")
        tables = [f"/proc/net/{'tcp' if tls else 'udp'}{v}" for v in ("", "6")]
        wait_for(lambda: f":{port:04X} " in ns.run("cat", *tables), 20,
                 "rsyslogd does not listen")

    def end(self):
        self.ns.end(self.server)

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
