# SPDX-License-Identifier: MIT
"""The guest's kernel module tandem-log: where it is, and whether the VMM has
its buffer."""

import re

from . import gdbstub, paths

MODULE = "/modules/tandem-log.ko"
PHYSICAL = (1 << 40) - 1        # of an address in the VMM's direct map


def add_module(image, source=None):
    """Puts the module into an Initramfs; the one that make built, if no other
    file is given."""
    image.file(MODULE.lstrip("/"), source or paths.need(
        paths.BUILD / "modules" / "tandem-log.ko", "run make guest-modules"))


def pointer(machine, name):
    """An address that the VMM has in an object of that name."""
    place = gdbstub.symbols()[name] - gdbstub.BASE
    block = int(re.findall(r"MiB at (0x\w+)", machine.vmm_log())[-1], 16)
    said = machine.qmp.monitor(f"xp /1gx {block + place:#x}")
    return int(said.split(":")[1], 16)


def listener(machine):
    """What copies the VMM's log into the guest; 0: nothing."""
    return pointer(machine, "listener")


def count_place(machine):
    """Guest-physical address of the buffer's count."""
    return pointer(machine, "count") & PHYSICAL
