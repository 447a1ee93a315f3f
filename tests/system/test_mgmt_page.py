# SPDX-License-Identifier: MIT
"""The management page in a browser, Debian's chromium, driven by page/check.js:
login, each tab by keyboard, light and dark, 360 pixels wide, what a screen reader
needs, a connection that is lost; the shell, a capture's file, an NMI for the guest,
and what is refused to who may only look. No error in the console, nothing refused by the
content policy, nothing asked of anybody else. The pictures are in
build/logs/mgmt-page.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from lib import boot, paths
from lib.machine import HOST_ADDRESS, Machine
from lib.mgmt import OPERATE, READ, conf
from lib.mgmt import PORT as HTTPS

ADDRESS = paths.config()["IP_ADDRESS"]
CHECK = Path(__file__).resolve().parent / "page" / "check.js"
CACHE = Path(os.environ.get("TANDEM_CACHE") or Path(
    os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tandem")


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare(
        "mgmt-page", boot.guest(("virtio_pci", "virtio_net", "af_packet")),
        files={
            "EFI/BOOT/tandem.conf": conf() + b"mgmt.capture = y\n"})
    m, _ = boot.start(lambda: Machine(
        "mgmt-page", cpus=2, forward=[(ADDRESS, HTTPS)], **options))
    try:
        boot.dhcp(m)
        m.console.run(f"ping -c 1 -W 10 {HOST_ADDRESS}")
        yield m
        assert "netd ended" not in m.vmm_log()
    finally:
        m.stop()


def test_a_person_can_use_the_page(machine):
    playwright = paths.need(CACHE / "npm" / "playwright-core",
                            "run scripts/setup")
    folder = paths.LOGS / "mgmt-page"
    folder.mkdir(parents=True, exist_ok=True)
    port = machine.ports["tcp", ADDRESS, HTTPS]
    # something to capture
    machine.console.run(f"ping {HOST_ADDRESS} >/dev/null 2>&1 &")
    done = subprocess.run(
        ["node", CHECK, playwright, ADDRESS, str(port), OPERATE, READ,
         folder],
        capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["problems"] == []
    assert len(said["tabs"]) == 10
    # what the browser has kept of the capture, and what it asked for
    info = subprocess.run(["tshark", "-r", folder / "tandem.pcapng"],
                          check=True, capture_output=True, text=True,
                          timeout=60)
    assert "ICMP" in info.stdout or "ARP" in info.stdout
    assert "NMI for the guest, asked for by " in machine.vmm_log()
    assert "NMI" in machine.console.run("dmesg | tail -5")
