# SPDX-License-Identifier: MIT
"""The firmware's shell (UEFI Shell 2.2, built into OVMF) on the console."""

import io
import re
import struct
import uuid

from . import disk, paths, uefi_vars
from .machine import Machine

def _in_firmware(file):
    """A program of OVMF's, by the names of its volume and file."""
    return b"".join(
        struct.pack("<BBH16s", 4, kind, 20, uuid.UUID(name).bytes_le)
        for kind, name in ((7, "7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1"),
                           (6, file)))


SHELL = _in_firmware("7c04a583-9e3e-4f1c-ad65-e05268d0b4d1")
SETUP = _in_firmware("462caa21-7614-4503-836e-8ab6f4662331")


def plain(text):
    """Without the terminal's escapes."""
    return re.sub(r"\x1b(\[[=?0-9;]*[A-Za-z]|=)", "", text)


class Watched(Machine):
    """Keeps what the console said. (QEMU's own log of it repeats characters
    when nobody reads for a while.)"""

    def start(self):
        super().start()
        self.console.child.logfile_read = self.text = io.StringIO()
        return self

    def said(self):
        """The loader's lines, up to what a test waited for."""
        return [line.strip() for line in
                plain(self.text.getvalue()).splitlines()
                if line.startswith("Tandem")]


def shell_machine(name, files, nic=None, **more):
    """A machine that comes up in the firmware's shell, on the partition."""
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    return Watched(
        name, nic=nic, disk=disk.build(folder / "esp.img", files),
        variables=uefi_vars.write(
            folder / "vars.fd", [uefi_vars.boot_entry("Shell", SHELL)]),
        **more)


def shell(machine, command, timeout=60):
    """One command in the firmware's shell: what it printed."""
    prompt = r"(Shell|FS0:[^>\r\n]*)> "
    machine.console.sendline(command)
    machine.console.expect(prompt, timeout)
    return plain(machine.console.before)


def into_shell(machine):
    machine.console.expect(r"Shell> ", 60)
    shell(machine, "fs0:")
