# SPDX-License-Identifier: MIT
"""Certificate authorities for tests, by openssl."""

import subprocess
from datetime import datetime, timedelta, timezone

RSA = ["-newkey", "rsa:2048"]
P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def _openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], check=True,
                          timeout=60, capture_output=True).stdout


def fingerprint(certificate):
    """SHA-256, as openssl prints it."""
    text = _openssl("x509", "-in", certificate, "-noout", "-fingerprint",
                    "-sha256")
    return text.decode().strip().split("=")[1]


class Authority:
    """A CA of its own, in folder."""

    def __init__(self, folder, name, key=P256):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name = folder, name
        self.certificate = folder / f"{name}.ca"
        self.key = folder / f"{name}.ca.key"
        _openssl("req", "-x509", *key, "-nodes", "-keyout", self.key, "-out",
                 self.certificate, "-days", 365, "-subj", f"/CN={name}")
        (folder / f"{name}.new").mkdir(exist_ok=True)
        (folder / f"{name}.index").write_text("")
        self.serial = 1

    def issue(self, name, alternative, key=RSA, days=(-1, 30),
              usage="serverAuth"):
        """(certificate, key) with that subjectAltName, for a server; valid
        between these days from now."""
        self.serial += 1
        crt = self.folder / f"{name}.crt"
        private, request = crt.with_suffix(".key"), crt.with_suffix(".csr")
        config = crt.with_suffix(".conf")
        config.write_text(
            f"[ca]\ndatabase={self.folder}/{self.name}.index\n"
            f"new_certs_dir={self.folder}/{self.name}.new\n"
            "default_md=sha256\npolicy=any\nunique_subject=no\n"
            "rand_serial=yes\n[any]\ncommonName=supplied\n[usage]\n"
            f"basicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n"
            f"subjectAltName={alternative}\n")
        _openssl("req", "-new", *key, "-nodes", "-keyout", private, "-out",
                 request, "-subj", f"/CN={name}")
        now = datetime.now(timezone.utc)
        start, end = (f"{now + timedelta(days=d):%Y%m%d%H%M%SZ}"
                      for d in days)
        _openssl("ca", "-batch", "-notext", "-config", config, "-name", "ca",
                 "-extensions", "usage", "-cert", self.certificate,
                 "-keyfile", self.key, "-startdate", start, "-enddate", end,
                 "-in", request, "-out", crt)
        return crt, private
