# SPDX-License-Identifier: MIT
"""What the bench NIC's own tests share: the machine, a NIC that is up, frames
from and to the other end of the wire, and the verdict on a broken rule."""

import pytest
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from . import driver
from .driver import Nic
from .qtest import QtestMachine

MAC = "52:54:00:12:34:56"
PEER = "52:54:00:aa:bb:cc"


@pytest.fixture(scope="module")
def machine(request):
    with QtestMachine(request.module.__name__.replace("test_", "").replace(
            "_", "-")) as m:
        yield m


@pytest.fixture
def nic(machine):
    """A NIC fresh from reset, brought up without violations."""
    for fault in ("fault-tx-stop", "fault-tx-hang", "reset-stuck",
                  "no-status-dma"):
        machine.set(fault, False)
    machine.qmp("system_reset")
    machine.set("clear-counters", True)
    machine.write(driver.STATUS, bytes(64))
    card = Nic(machine).bring_up()
    machine.peer.drain()
    assert machine.get("c-violations") == 0, machine.log()
    return card


@pytest.fixture
def clean(nic, machine):
    """The same, for a test that must break no rule."""
    yield nic
    assert machine.get("c-violations") == 0, machine.log()


def to_peer(data=b"x" * 50):
    return Ether(src=MAC, dst=PEER, type=0x88b5) / Raw(data)


def from_peer(data=b"y" * 50, dst=MAC):
    return Ether(src=PEER, dst=dst, type=0x88b5) / Raw(data)


def broken(machine, rule, expected=1):
    """The rule, and no other, was broken so many times."""
    machine.eventually(lambda: machine.get(f"v-{rule}") >= expected)
    assert machine.get(f"v-{rule}") == expected, machine.log()
    assert machine.get("c-violations") == expected, machine.log()
    assert f"violation: {rule}: " in machine.log()
