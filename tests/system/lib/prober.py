# SPDX-License-Identifier: MIT
"""Asks the VMM for its page, its API and its echo again and again, each by a
connection that stays for as long as it can, as a browser's does, and tells how
long each took and who had no answer.
"""

import http.client
import json
import threading
import time

from .mgmt import Client

# seconds from one question to the next of its kind
EVERY = {"page": 0.3, "API": 0.2, "echo": 0.2}
LIMIT = 1.0         # an answer's
LATE = 10           # one in so many may be, and one: the host has other work


class Prober:
    """From start() on. Answers are (asked, took, what): took is None where
    none came within LIMIT."""

    def __init__(self, machine, address, echo_port):
        self.machine, self.address = machine, address
        self.echo_port = echo_port
        self.user = Client(machine, address, timeout=LIMIT)
        self.answers = {kind: [] for kind in EVERY}
        self.https, self.tcp = {}, None
        self.over = False
        self.threads = [threading.Thread(
            target=self.work, args=(kind, ask), daemon=True)
            for kind, ask in (("page", self.page), ("API", self.api),
                              ("echo", self.echo))]

    # ---- questions: what was answered ----

    def get(self, path):
        """By a connection of that path's own."""
        if path not in self.https:
            self.https[path] = http.client.HTTPSConnection(
                *self.user.place, timeout=LIMIT, context=self.user.tls)
        try:
            self.https[path].request("GET", path, headers={
                "Host": self.address, "Accept-Encoding": "gzip",
                **self.user.headers})
            answer = self.https[path].getresponse()
            assert answer.status == 200
            return answer.read()
        except BaseException:
            self.https.pop(path).close()
            raise

    def page(self):
        return len(self.get("/"))

    def api(self):
        """Who the user is."""
        return json.loads(self.get("/api/v1/session"))["role"]

    def echo(self):
        if not self.tcp:
            self.tcp = self.machine.connect(self.address, self.echo_port,
                                            LIMIT)
        try:
            self.tcp.sendall(b"there?")
            said = b""
            while len(said) < 6:
                piece = self.tcp.recv(6)
                assert piece, "closed"
                said += piece
            return said
        except BaseException:
            self.tcp.close()
            self.tcp = None
            raise

    # ---- running ----

    def work(self, kind, ask):
        while not self.over:
            start = time.monotonic()
            try:
                what = ask()
                took = time.monotonic() - start
            except (OSError, ValueError, AssertionError,
                    http.client.HTTPException) as error:
                took, what = None, repr(error)
            self.answers[kind].append((start, took, what))
            time.sleep(max(0, start + EVERY[kind] - time.monotonic()))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join(10)

    # ---- what came of it ----

    def since(self, kind, begin, end=None):
        end = end or time.monotonic()
        return [a for a in list(self.answers[kind]) if begin <= a[0] < end]

    def all_answer(self, begin, end=None):
        """Between these times nearly all of each kind (LATE) were answered
        within LIMIT. Returns the figures for a person."""
        said = []
        for kind in self.answers:
            asked = self.since(kind, begin, end)
            late = [a for a in asked if a[1] is None or a[1] > LIMIT]
            assert len(asked) > 2, (kind, asked)
            assert len(late) <= 1 + len(asked) // LATE, (kind, late)
            worst = max(a[1] for a in asked if a not in late)
            told = [begin] + [a[0] + a[1] for a in asked if a[1] is not None]
            gap = max(b - a for a, b in zip(told, told[1:]))
            said.append(f"{kind} {len(asked)} times, worst {worst:.2f} s, "
                        f"longest gap {gap:.2f} s" +
                        (f", {len(late)} late" if late else ""))
        return "; ".join(said)

    def again(self, kind, begin, timeout=60):
        """When the first answer to what was asked since begin had come."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for start, took, _ in self.since(kind, begin):
                if took is not None:
                    return start + took
            time.sleep(0.05)
        raise TimeoutError(f"{kind}: {self.since(kind, begin)[-3:]}")
