# SPDX-License-Identifier: MIT
"""Seeing the bench NIC's interrupts: INTA# in its status registers, messages
in the memory that they are addressed to."""

from . import driver


def intx(machine):
    """INTA# as PCI status and PCI State say, which must agree."""
    level = bool(machine.config_read(4) >> 16 & 8)
    assert level == (not machine.config_read(0x70) & 2)
    return level


def unmask(machine, tagged=False):
    machine.config_write(0x68, 0x88 | tagged << 9)


def enable_msi(machine, vector):
    machine.config_write(0xec, driver.MESSAGE)
    machine.config_write(0xf0, 0)
    machine.config_write(0xf4, vector)
    machine.config_write(0xe8, machine.config_read(0xe8) | 1 << 16)
    machine.write(driver.MESSAGE, bytes(4))


def messages(machine, vector):
    got = machine.readl(driver.MESSAGE)
    assert got in (0, vector)
    machine.write(driver.MESSAGE, bytes(4))
    return bool(got)
