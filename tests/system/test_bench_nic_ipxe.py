# SPDX-License-Identifier: MIT
"""Debian's iPXE with its own tg3 driver on the bench NIC, from a BIOS and from
UEFI firmware: DHCP, then files over HTTP. iPXE reaches every register through
configuration space and polls, which no other driver here does."""

import pytest
from lib import disk, paths
from lib.ipxe import IPXE, IpxeMachine
from lib.web import Server

PADDING = 4_000_000


def script(server):
    """Padded, and it asks for /done in its last line, so that this request
    proves that all of it arrived."""
    line = b"# " + b"x" * 61 + b"\n"
    return (b"#!ipxe\n" + line * (PADDING // len(line)) +
            f"imgfetch {server.url('/done')}\n".encode() +
            b"sleep 3600\n")


@pytest.fixture
def server():
    http = Server()
    http.pages["/script"] = script(http)
    yield http
    http.close()


def esp(name):
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    return disk.build(folder / "esp.img", {
        "EFI/BOOT/BOOTX64.EFI": IPXE / "ipxe.efi"})


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_ipxe_fetches_files_over_http(server, firmware):
    name = f"bench-nic-ipxe-{firmware}"
    bios = firmware == "bios"
    options = {} if bios else {"disk": esp(name)}
    with IpxeMachine(name, server.url("/script"), bios=bios, memory=512,
                     **options) as machine:
        said = (machine.folder / "console.log")
        assert server.wait_for("/done", 120), \
            f"asked: {server.asked}\n{said.read_text(errors='replace')[-2000:]}"
        assert server.places() == ["/script", "/done"]
        assert all("iPXE" in agent for _, agent in server.asked)
        machine.qmp("stop")     # iPXE goes on, and the counters with it
        log = (machine.folder / "qemu.log").read_text(errors="replace")
        # iPXE asks for aligned rings and status block, but its heap lies
        # where the firmware put it; it breaks no other rule.
        allowed = sum(machine.nic_counter(f"v-{rule}")
                      for rule in ("ring-align", "status-align"))
        assert machine.nic_counter("c-violations") == allowed, log
        assert machine.nic_counter("c-rx") > PADDING / 1500
        assert machine.nic_counter("c-intx") == 0, "iPXE polls"
        assert machine.nic_counter("c-msi") == 0
