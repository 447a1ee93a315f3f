# SPDX-License-Identifier: MIT
"""What testssl.sh has against the management service: nothing above
informational, but what is listed here with its reason."""

import json
import ssl
import subprocess

import pytest
from lib import boot, mgmt, paths
from lib.machine import Machine

ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
SECONDS = 540           # some 60 on an idle host
FINE = ("OK", "INFO", "DEBUG")
ALLOWED = {
    "cert_revocation": "nobody but itself has signed it: who would revoke it?",
    "BREACH": "constant files alone are compressed, no answer with a secret",
    "HTTP_status_code": "406: testssl.sh does not accept gzip, the page's form",
    "engine_problem": "of the openssl that it runs with: no GOST",
}


@pytest.fixture(scope="module")
def findings():
    folder = paths.WORK / "mgmt-testssl"
    options = boot.prepare(folder.name, boot.guest(MODULES), files={
        "EFI/BOOT/tandem.conf": mgmt.conf()})
    found, ca = folder / "found.json", folder / "ca.pem"
    found.unlink(missing_ok=True)
    m, _ = boot.start(lambda: Machine(folder.name, forward=[
        (ADDRESS, mgmt.PORT)], **options))
    try:
        m.wait_vmm_log("certificate SHA-256")
        port = m.port(ADDRESS, mgmt.PORT)
        ca.write_text(ssl.get_server_certificate(("127.0.0.1", port)))
        # its own exit status counts findings
        subprocess.run(
            ["testssl", "--quiet", "--color", "0", "--warnings", "batch",
             "--connect-timeout", "20", "--openssl-timeout", "20", "--nodns",
             "none", "--add-ca", ca, "--jsonfile", found, "--ip", "127.0.0.1",
             f"https://{ADDRESS}:{port}"], timeout=SECONDS, check=False,
            stdin=subprocess.DEVNULL, capture_output=True)
        assert "netd ended" not in m.vmm_log()
    finally:
        m.stop()
    return json.loads(found.read_text())


@pytest.mark.long
def test_testssl_finds_nothing_that_is_not_known(findings):
    told = {f["id"]: f for f in findings}
    # it came to its end, and to this service
    assert {"clientsimulation-openssl_303", "scanTime"} <= set(told)
    assert told["TLS1_2"]["finding"] == "offered"
    assert told["cert_chain_of_trust"]["severity"] == "OK"
    bad = [f for f in findings if f["severity"] not in FINE]
    assert not [f for f in bad if f["id"] not in ALLOWED]
    assert {f["id"] for f in bad} == set(ALLOWED), "the list is too long"
