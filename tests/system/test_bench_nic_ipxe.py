# SPDX-License-Identifier: MIT
"""Debian's iPXE with its own tg3 driver on the bench NIC, from a BIOS and from
UEFI firmware: DHCP, then files over HTTP. iPXE reaches every register through
configuration space and polls, which no other driver here does."""

from pathlib import Path

import pytest
from lib import disk, paths
from lib.machine import Machine
from lib.web import Server

IPXE = Path("/usr/lib/ipxe")
PADDING = 4_000_000


def script(server):
    """Padded, and it asks for /done in its last line, so that this request
    proves that all of it arrived."""
    line = b"# " + b"x" * 61 + b"\n"
    return (b"#!ipxe\n" + line * (PADDING // len(line)) +
            f"imgfetch {server.url('/done')}\n".encode() +
            b"sleep 3600\n")


class IpxeMachine(Machine):
    """The bench machine with a boot file in its DHCP answer."""

    def __init__(self, name, url, bios, **options):
        super().__init__(name, **options)
        self.url, self.bios = url, bios

    def network_arguments(self):
        args = super().network_arguments()
        return [f"{arg},bootfile={self.url}" if arg.startswith("user,")
                else arg for arg in args]

    def arguments(self):
        args = super().arguments()
        if not self.bios:
            return args
        while any("if=pflash" in arg for arg in args):
            at = next(i for i, arg in enumerate(args) if "if=pflash" in arg)
            del args[at - 1:at + 1]
        return args + ["-device", "VGA",
                       "-kernel", str(IPXE / "ipxe.lkrn")]


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
    with IpxeMachine(name, server.url("/script"), bios, memory=512,
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
