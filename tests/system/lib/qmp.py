# SPDX-License-Identifier: MIT
"""A client of QEMU's machine protocol (docs/interop/qmp-spec of QEMU)."""

import json
import socket
import time


class QmpError(Exception):
    """QEMU refused a command."""


class Qmp:
    def __init__(self, path, timeout=30):
        self.sock = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.sock.connect(str(path))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.sock.settimeout(timeout)
        self.lines = self.sock.makefile("r", encoding="utf-8")
        self.events = []
        json.loads(self.lines.readline())
        self("qmp_capabilities")

    def ask(self, command, arguments=None):
        """The command's result; events that come in between are kept."""
        message = {"execute": command}
        if arguments:
            message["arguments"] = arguments
        self.sock.sendall(json.dumps(message).encode() + b"\n")
        while True:
            line = self.lines.readline()
            if not line:
                raise QmpError(f"{command}: QEMU closed the connection")
            answer = json.loads(line)
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise QmpError(f"{command}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def __call__(self, command, **arguments):
        return self.ask(command, arguments)

    def get(self, name, prop):
        """A property of the device with that id."""
        return self("qom-get", path=f"/machine/peripheral/{name}",
                    property=prop)

    def set(self, name, prop, value):
        self("qom-set", path=f"/machine/peripheral/{name}", property=prop,
             value=value)

    def monitor(self, line):
        """The answer to a line typed at QEMU's human monitor."""
        return self.ask("human-monitor-command", {"command-line": line})

    def set_link(self, name, up):
        self("set_link", name=name, up=up)

    def close(self):
        self.lines.close()
        self.sock.close()
