# SPDX-License-Identifier: MIT
"""Bad configurations, one from each seed: text for tandem.conf, the loader's
section or the boot option, with the numbers of the lines that are wrong, as
whoever wrote docs/configuration.md would count them."""

import random

SOURCES = {"file": "tandem.conf", "section": ".tandemcf",
           "option": "boot option"}

GOOD = [
    ("ip.address", ["10.0.2.51", '"10.0.2.52"']),
    ("ip.netmask", ["255.255.255.0", "255.255.0.0"]),
    ("ip.gateway", ["10.0.2.2", "0.0.0.0"]),
    ("ip.dns", ["10.0.2.3", "10.0.2.3,10.0.2.4", "0.0.0.0"]),
    ("ip.vlan", ["0", "5", "4094"]),
    ("echo.server.port", ["1", "9", "65535"]),
    ("echo.server.autostart", ["y", "n"]),
    ("syslog.address", ["10.0.2.2", "log.test", "fe80::1", "0.0.0.0"]),
    ("syslog.port", ["1", "65535"]),
    ("syslog.tls", ["y", "n"]),
    ("syslog.fingerprint", ["0f" * 32, "", ":".join(["A0"] * 32)]),
    ("log.level", ["2", "3"]),
    ("log.serial_port", ["0x2f8"]),
    ("dbgsh", ["y", "n"]),
    ("panic.reboot", ["y", "n"]),
    ("pci", ['"driver=none,and,device=bnx,driver=bnx"', '""']),
]

# Settings that are wrong wherever they stand.
WRONG = [
    "ip.address=300.1.1.1", "ip.address=10.0.2", "ip.address=10.0.2.050",
    "ip.address=224.0.0.1", "ip.address=0.0.0.0", "ip.address=::1",
    "ip.address=", "ip.netmask=255.0.255.0", "ip.netmask=0.0.0.0",
    "ip.netmask=24", "ip.gateway=127.0.0.1", "ip.gateway=none",
    "ip.dns=10.0.2.3,", "ip.dns=1.2.3.4,1.2.3.4,1.2.3.4", "ip.dns=dns.test",
    "syslog.address=10.0.2", "syslog.address=a..b", "syslog.address=ff02::1",
    "syslog.address=" + "a." * 70 + "test", "syslog.port=0",
    "syslog.tls=tls", "syslog.fingerprint=00", "syslog.fingerprint=" + "g" * 64,
    "ip.vlan=4095", "ip.vlan=-1", "ip.vlan=eth0.5",
    "echo.server.port=0", "echo.server.port=65536", "echo.server.port=-7",
    "echo.server.port=7.0", "echo.server.autostart=yes",
    "echo.server.port=99999999999999999999999999999999", "log.level=4",
    "log.level=debug", "log.serial_port=0xcf8", "log.serial_port=0x2f9",
    "log.serial_port=com1", "log.serial_port=0x100000000", "dbgsh=Y",
    "dbgsh=", "panic.reboot=1", "panic.reboot=\"y", 'pci="driver=bnx,,"',
    "pci=bnx", "pci=number=99999,driver=bnx", "pci=" + "x" * 600,
    "ip.adress=10.0.2.51", "IP.ADDRESS=10.0.2.51", "=10.0.2.51",
    "vmm.memory=64", "netd.memory=1024", "debug.commands=y", "echo.port=9",
    "pci.bindings=driver=none", "ip.address", "=", "%s%s%s%n=%s", "[section]",
    "rm" + "x" * 3000, '"dbgsh"=n',
]

# Only in a text of lines.
WRONG_LINES = [
    "ip.address 10.0.2.51", "set ip.address = 10.0.2.51", "dbgsh: n",
    "dbgsh = n ; off", "dbgsh = \xff", "log.level = \x1b[31m3",
    "ip.address = 10.0.2.51\x00", "ip.address = 10.0.2.51\rdbgsh=n",
    "\xc0\x80", "# a comment with \x07 in it", "log.level = 3 // much",
]

# Whole texts of which nothing is used.
WHOLE = {
    "long": b"dbgsh = n\n" * 2000,
    "just-too-long": b"dbgsh = n\n".ljust(16385, b"#"),
    "utf-16": "ip.address = 10.0.2.51\n".encode("utf-16"),
    "noise": bytes(range(128, 256)) * 40,
}


class BadConf:
    """source: a key of SOURCES. text: bytes (str for an option). wrong: the
    lines or words to be told, {None} for the text as a whole. good: how many
    settings are to be taken."""

    def __init__(self, seed):
        self.seed = seed
        chance = random.Random(seed)
        whole = list(WHOLE)
        if seed < len(whole):
            self.source, self.good = "file", 0
            self.text = WHOLE[whole[seed]]
            self.wrong = {1} if whole[seed] == "noise" else {None}
            return
        self.source = chance.choices(list(SOURCES), (6, 2, 2))[0]
        self.lines, self.wrong, self.good = [], set(), 0
        free = chance.sample(GOOD, len(GOOD))
        for _ in range(chance.randint(1, 24)):
            self._add(chance, free)
        if not self.wrong:
            self._wrong(chance)
        if self.source == "option":
            self.text = " ".join(self.lines)
        else:
            end = chance.choice(("\n", "\r\n"))
            self.text = (end.join(self.lines) + end).encode("latin-1")

    def _add(self, chance, free):
        kind = chance.randrange(5)
        if kind == 0 and self.source != "option":
            self.lines.append(chance.choice(("", "# text", "\t", " # = x")))
        elif kind == 1 and free:
            key, values = free.pop()
            blank = "" if self.source == "option" else \
                chance.choice(("", " ", "\t"))
            self.lines.append(f"{key}{blank}={blank}{chance.choice(values)}")
            self.good += 1
        else:
            self._wrong(chance)

    def _wrong(self, chance):
        some = WRONG
        if self.source == "option":     # words have no blanks of their own
            some = [w for w in WRONG if w.count('"') % 2 == 0]
        elif chance.random() < 0.4:
            some = WRONG_LINES if self.source == "file" else \
                [line for line in WRONG_LINES if "\0" not in line]
        self.lines.append(chance.choice(some))
        self.wrong.add(len(self.lines))

    def beginnings(self):
        """How the lines begin that tell what is wrong, in order."""
        name = SOURCES[self.source]
        unit = "word" if self.source == "option" else "line"
        return [f"{name}: " if number is None else f"{name} {unit} {number}: "
                for number in sorted(self.wrong, key=lambda n: n or 0)]
