# SPDX-License-Identifier: MIT
"""Machines that Debian's iPXE boots from the network, over the bench NIC."""

from pathlib import Path

from .machine import Machine

IPXE = Path("/usr/lib/ipxe")


class IpxeMachine(Machine):
    """The bench machine with a boot file in its DHCP answer."""

    def __init__(self, name, url, **options):
        super().__init__(name, **options)
        self.url = url

    def network_arguments(self):
        args = super().network_arguments()
        return [f"{arg},bootfile={self.url}" if arg.startswith("user,")
                else arg for arg in args]

    def arguments(self):
        args = super().arguments()
        if not self.bios:
            return args
        return args + ["-device", "VGA",
                       "-kernel", str(IPXE / "ipxe.lkrn")]
