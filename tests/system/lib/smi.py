# SPDX-License-Identifier: MIT
"""SMIs that a guest sends to itself, with code of its own where an SMI begins
after reset: whose handler do they run? tests/guest/sendipi, smi=1."""

import re

from . import gdbstub, paths

MODULE = "sendipi"
EACH = 3            # that the module sends of each kind
SLOT = 0x400        # core/x86/smm.c


def add_module(image):
    image.file(f"modules/{MODULE}.ko", paths.need(
        paths.BUILD / "modules" / f"{MODULE}.ko", "run make guest-modules"))


def guests(machine, cpu=0):
    """How many ran the guest's code: by the local APIC, by the chipset."""
    said = machine.console.run(
        f"taskset {1 << cpu:x} insmod /modules/{MODULE}.ko smi=1 && "
        f"rmmod {MODULE} && dmesg | grep '{MODULE}: smi' | tail -n 1")
    found = re.search(r"smi icr (\d+) port (\d+)", said)
    return int(found[1]), int(found[2])


def vmms(machine):
    """How many the VMM's handlers have counted so far on all CPUs (which are
    in the order in which they came), seen from outside."""
    block = int(re.findall(r"MiB at (0x[0-9a-f]+)", machine.vmm_log())[-1], 16)
    at = gdbstub.symbols()
    first = block + at["smm_area"] - gdbstub.BASE + \
        at["smm_handler_count"] - at["smm_handler"]
    said = [machine.qmp.monitor(f"xp /1wx {first + cpu * SLOT:#x}")
            for cpu in range(machine.cpus)]
    return sum(int(line.split(":")[1], 16) for line in said)


def do_nothing(machine, cpu=0, refused=False):
    """None runs the guest's code; all arrive, but those by the local APIC if
    these are refused."""
    before = vmms(machine)
    ran = guests(machine, cpu)
    assert ran == (0, 0), f"{ran} ran the guest's code"
    seen = vmms(machine) - before
    assert seen == (1 if refused else 2) * EACH, f"{seen} arrived"
