# SPDX-License-Identifier: MIT
"""The management service as a client sees it: requests over TLS, and the
passwords that the tests' tandem.conf has hashes of."""

import gzip
import http.client
import json
import ssl
import subprocess
from typing import NamedTuple

import jsonschema

from . import paths

PORT = 443
OPERATE, READ = "operate secret", "read secret"
ITERATIONS = 10000      # few: the bench's CPUs are slow
COOKIE = "__Host-tandem"


def conf():
    """Lines of tandem.conf."""
    return "".join(subprocess.run(
        [paths.TOP / "scripts" / "tandem-passwd", "--stdin", "--iterations",
         str(ITERATIONS), *options], input=password + "\n", text=True,
        capture_output=True, check=True, timeout=60).stdout
        for password, options in ((OPERATE, ()), (READ, ("--read",)))).encode()


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)


class Client:
    """One user. Each request has a connection of its own, the session's
    cookie or token, and what the session needs to change something."""

    def __init__(self, machine, address, timeout=20):
        self.place = ("127.0.0.1", machine.ports["tcp", address, PORT])
        self.host = address
        self.timeout = timeout
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE
        self.headers = {}

    def ask(self, method, path, body=None, headers=None, raw=None):
        connection = http.client.HTTPSConnection(
            *self.place, timeout=self.timeout, context=self.tls)
        sent = {"Host": self.host, "Accept-Encoding": "gzip",
                **self.headers, **(headers or {})}
        if body is not None:
            raw = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, raw, {
                k: v for k, v in sent.items() if v is not None})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, status=200):
        answer = self.ask("GET", path)
        assert answer.status == status, (path, answer)
        return answer

    def login(self, password, token=False):
        """What the service answers; from then on requests are the
        session's."""
        answer = self.ask("POST", "/api/v1/session",
                          {"password": password, "token": token})
        if answer.status == 201 and token:
            self.headers = {
                "Authorization": f"Bearer {answer.json()['token']}"}
        elif answer.status == 201:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
            self.headers = {"Cookie": cookie,
                            "X-Tandem-CSRF": answer.json()["csrf"]}
        return answer


class Description:
    """What the service says of its API: answers are held against it."""

    def __init__(self, client):
        self.answer = client.get("/api/v1/openapi.json")
        assert self.answer.headers["Content-Encoding"] == "gzip"
        self.document = json.loads(gzip.decompress(self.answer.body))

    def judge(self, name, said):
        """Is it what the description says of that schema?"""
        jsonschema.Draft4Validator(
            {"$ref": f"#/components/schemas/{name}"},
            resolver=jsonschema.RefResolver("", self.document)).validate(said)

    def judge_answer(self, method, path, answer):
        """Is it an answer to that path as the description writes it?"""
        operation = self.document["paths"][path][method.lower()]
        content = operation["responses"][str(answer.status)].get("content")
        if not content:
            assert answer.body == b""
            return
        kind = answer.headers["Content-Type"]
        assert kind in content, (path, answer)
        if kind == "application/json":
            name = content[kind]["schema"]["$ref"].rsplit("/", 1)[1]
            self.judge(name, answer.json())
