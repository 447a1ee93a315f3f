# SPDX-License-Identifier: MIT
"""The NIC below a bridge: the guest does to the bridge what would cut the NIC
off (design, section 6), and guest and VMM stay on the wire."""

import pytest
from lib import boot, paths, wire
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = "/sys/bus/pci/devices/0000:00:05.0"

# Capability of the root port or None, offset and bytes.
EXPRESS = 0x10
CUTS = {
    "decoding and bus master off": (None, 0x04, b"\x00\x00"),
    "other bus numbers": (None, 0x18, b"\x00\x09\x09"),
    "memory windows closed": (
        None, 0x20, b"\xf0\xff\x00\x00\xf1\xff\x01\x00"),
    "secondary bus reset": (None, 0x3e, b"\x40\x00"),
    "link disabled": (EXPRESS, 0x10, b"\x10\x00"),
    "slot powered off": (EXPRESS, 0x18, b"\xc0\x07"),
}


class BehindBridge(Machine):
    def network_arguments(self):
        return ["-device", "pcie-root-port,id=rp0,chassis=1,slot=1,addr=5"] \
            + super().network_arguments()


@pytest.fixture(scope="module")
def machine():
    options = boot.prepare("bridge", boot.guest())
    m, _ = boot.start(lambda: BehindBridge(
        "bridge", peer=True, nic_options="strict=on,bus=rp0", **options))
    boot.dhcp(m)
    yield m
    m.stop()


def config(machine, offset, size):
    return bytes.fromhex(machine.console.run(
        f"dd if={PORT}/config bs=1 skip={offset} count={size} 2>/dev/null "
        "| hexdump -ve '1/1 \"%02x\"'"))


def capability(machine, number):
    space = config(machine, 0, 256)
    place = space[0x34]
    while space[place] != number:
        place = space[place + 1]
        assert place >= 0x40
    return place


def both_work(machine):
    assert None not in wire.ping(machine.peer, ADDRESS, count=2)
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")


def test_nic_behind_a_bridge_is_shared(machine):
    assert "00:05.0: bridge shielded" in machine.vmm_log()
    assert "virtio" in machine.console.run(
        "readlink /sys/class/net/eth0/device/driver")
    both_work(machine)


@pytest.mark.parametrize("cut", CUTS)
def test_guest_cannot_cut_the_nic_off(machine, cut):
    number, offset, data = CUTS[cut]
    if number:
        offset += capability(machine, number)
    before = config(machine, offset, len(data))
    escaped = "".join(f"\\x{byte:02x}" for byte in data)
    machine.console.run(
        f"printf '{escaped}' | dd of={PORT}/config bs=1 seek={offset} "
        "conv=notrunc 2>/dev/null")
    after = config(machine, offset, len(data))
    assert after != before      # it believes that it did it
    both_work(machine)


def test_no_rule_of_the_hardware_was_broken(machine):
    assert machine.nic_counter("c-violations") == 0
