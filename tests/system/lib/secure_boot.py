# SPDX-License-Identifier: MIT
"""A Secure Boot of our own: a key made for the test, variables of an OVMF in
which it is enrolled as platform key, key exchange key and signer (UEFI 2.10,
32.4), and programs signed with it by sbsign."""

import struct
import subprocess
import uuid

from . import paths, uefi_vars

SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
OWNER = uuid.UUID("54616e64-656d-4b65-8000-000000000001")
# non-volatile, boot services, runtime, set with a signature and its time
ATTRIBUTES = 0x27
CODE = paths.OVMF_CODE.with_name("OVMF_CODE_4M.secboot.fd")
# The build for it keeps the variables from everything but SMM.
MACHINE = ["-machine", "smm=on", "-global",
           "driver=cfi.pflash01,property=secure,value=on"]


class Key:
    """A key and its certificate in folder."""

    def __init__(self, folder, name="test"):
        folder.mkdir(parents=True, exist_ok=True)
        self.key, self.cert = folder / f"{name}.key", folder / f"{name}.pem"
        der = folder / f"{name}.der"
        for command in (
                ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256",
                 "-days", "36500", "-subj", f"/CN=Tandem {name}", "-keyout",
                 self.key, "-out", self.cert],
                ["x509", "-in", self.cert, "-outform", "DER", "-out", der]):
            subprocess.run(["openssl", *command], check=True, timeout=60,
                           capture_output=True)
        self.der = der.read_bytes()

    def sign(self, program, output):
        """The program's path with a signature, at output."""
        output.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["sbsign", "--key", self.key, "--cert", self.cert,
                        "--output", output, program], check=True, timeout=60,
                       capture_output=True)
        return output


def signature_list(certificate):
    """An EFI_SIGNATURE_LIST with a certificate in DER (UEFI 2.10, 32.4.1)."""
    data = OWNER.bytes_le + certificate
    return struct.pack("<16sIII", X509.bytes_le, 28 + len(data), 0,
                       len(data)) + data


def enroll(variables, key):
    """Puts the key into a store that has none."""
    signers = signature_list(key.der)
    store = variables.read_bytes()
    for name, vendor in (("db", SECURITY), ("KEK", uefi_vars.GLOBAL),
                         ("PK", uefi_vars.GLOBAL)):
        store = uefi_vars.append(store, {name: signers}, vendor, ATTRIBUTES)
    variables.write_bytes(store)
    return variables
