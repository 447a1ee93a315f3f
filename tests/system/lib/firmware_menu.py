# SPDX-License-Identifier: MIT
"""OVMF's setup program, driven by keys on the console."""

import re

UP, DOWN, ENTER = "\x1b[A", "\x1b[B", "\r"


def into_boot_manager(machine, timeout=60):
    """From where the setup program starts to its menu of boot entries."""
    machine.console.expect("current system", timeout)
    for _ in range(2):
        machine.console.send(DOWN)
        machine.console.expect("take you to the", 10)
    machine.console.send(ENTER)
    machine.console.expect("Device Path", 10)


def choose(machine, program, key):
    """In that menu: goes by key to the entry of a program, and starts it."""
    for _ in range(6):
        machine.console.send(key)
        try:
            machine.console.expect(re.escape(program), 5)
        except TimeoutError:
            continue
        machine.console.send(ENTER)
        return
    raise AssertionError(f"the firmware's menu does not show {program}")
