# SPDX-License-Identifier: MIT
"""An authority of the tests' own: certificates for servers and clients, of keys
that the management service takes (ECDSA on P-256), made by openssl."""

import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, timeout=60,
                   capture_output=True)


class Authority:
    """A CA; its files are in folder and begin with name."""

    def __init__(self, folder, name):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name = folder, name
        self.key, self.cert = self._key(name), folder / f"{name}.crt"
        openssl("req", "-x509", "-new", "-key", self.key, "-sha256", "-days",
                "30", "-subj", f"/CN=Tandem test {name}", "-out", self.cert)

    def _key(self, name):
        path = self.folder / f"{name}.key"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                path)
        return path

    def issue(self, name, address=None):
        """(certificate, key) of a client, or of the server at that address."""
        path = self.folder / f"{self.name}-{name}"
        key = self._key(f"{self.name}-{name}")
        extensions = path.with_suffix(".ext")
        extensions.write_text(
            f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth\n"
            if address else "extendedKeyUsage=clientAuth\n")
        openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out",
                path.with_suffix(".csr"))
        openssl("x509", "-req", "-in", path.with_suffix(".csr"), "-CA",
                self.cert, "-CAkey", self.key, "-CAcreateserial", "-sha256",
                "-days", "30", "-extfile", extensions, "-out",
                path.with_suffix(".crt"))
        return path.with_suffix(".crt"), key
