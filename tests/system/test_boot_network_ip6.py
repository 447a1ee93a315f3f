# SPDX-License-Identifier: MIT
"""What else OVMF's network boot has: HTTPS with a certificate that the firmware
is given, PXE and HTTP over IPv6. One machine tries them in turn."""

import subprocess
import sys

import pytest
from lib import boot_card, dhcp, paths, secure_boot, uefi_vars, vmm_file
from lib.efi_shell import SHELL, Watched
from lib.namespace import Namespace

pytestmark = pytest.mark.long

NAME = "boot-network-ip6"
FOLDER = paths.WORK / NAME
ADDRESS, ADDRESS6 = "10.0.2.2", "fd00:1::2"
REFUSED = "Tandem: not started: {}; booting without it"

# All files of its folder. Arguments: address, key and certificate in one file.
# edk2's TLS fails when the server closes the connection behind an answer, as
# HTTP/1.0 has it.
HTTPS = r"""
import http.server, ssl, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
server = http.server.ThreadingHTTPServer((sys.argv[1], 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def certificate(name):
    """A key with its certificate for the server's address: (both in one file,
    the certificate as OVMF takes it from QEMU, a list of signatures)."""
    key, pem, der = (FOLDER / f"{name}.{end}" for end in ("key", "pem", "der"))
    for command in (
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256",
             "-days", "3650", "-subj", f"/CN={ADDRESS}", "-addext",
             f"subjectAltName=IP:{ADDRESS}", "-keyout", key, "-out", pem],
            ["x509", "-in", pem, "-outform", "DER", "-out", der]):
        subprocess.run(["openssl", *command], check=True, timeout=60,
                       capture_output=True)
    both = FOLDER / f"{name}.both"
    both.write_bytes(key.read_bytes() + pem.read_bytes())
    database = FOLDER / f"{name}.esl"
    database.write_bytes(secure_boot.signature_list(der.read_bytes()))
    return both, database


def program(name):
    return vmm_file.inside(
        paths.need(paths.ONE_FILE, "run make"),
        vmm_file.make(vmm_file.refusing(f"came over {name}")),
        FOLDER / name).read_bytes()


@pytest.fixture(scope="module")
def tried():
    """The machine that has tried all of them."""
    served = FOLDER / "served"
    served.mkdir(parents=True, exist_ok=True)
    known, database = certificate("known")
    for name in ("https", "pxe6", "http6"):
        (served / f"{name}.efi").write_bytes(program(name))
    variables = uefi_vars.write(FOLDER / "vars.fd", [
        boot_card.over_http("https", f"https://{ADDRESS}/https.efi"),
        boot_card.over_pxe("pxe6", ip6=True),
        boot_card.over_http("http6", f"http://[{ADDRESS6}]/http6.efi",
                            ip6=True),
        uefi_vars.boot_entry("Next", SHELL)])
    with Watched(NAME, nic=None, peer="alone", memory=256, extra=[
            *boot_card.arguments("raw0"), "-fw_cfg",
            f"name=etc/edk2/https/cacerts,file={database}"],
                 variables=variables) as machine:
        machine.qmp("stop")
        ns = Namespace(machine, [f"{ADDRESS}/24", f"{ADDRESS6}/64"], ip6=True)
        try:
            dhcp.dnsmasq(
                ns, "--enable-ra", "--dhcp-range=fd00:1::100,fd00:1::1ff,64,2m",
                "--dhcp-option=option6:bootfile-url,"
                f"tftp://[{ADDRESS6}]/pxe6.efi", "--enable-tftp",
                f"--tftp-root={served}")
            ns.start("http", "/bin/sh", "-c", f"cd {served} && exec "
                     f"{sys.executable} -m http.server --bind {ADDRESS6} 80")
            ns.start("https", "/bin/sh", "-c", f"cd {served} && exec "
                     f'{sys.executable} -c "$0" {ADDRESS} {known}', HTTPS)
            machine.qmp("cont")
            machine.console.expect_exact('starting Boot0003 "Next"', 240)
            yield machine
        finally:
            ns.close()


@pytest.mark.parametrize("way", ["https", "pxe6", "http6"])
def test_tandem_comes_over(tried, way):
    assert REFUSED.format(f"came over {way}") in tried.said()
