# SPDX-License-Identifier: MIT
"""Debian's GRUB, as one file that the firmware starts, driven at its prompt.

Its console is the firmware's, so it types to COM1 as the firmware does: each
character of a line with the cursor's place before it.
"""

import re
import subprocess

from . import paths
from .efi_shell import plain

PROMPT = "grub> "
MODULES = "/usr/lib/grub/x86_64-efi"
WANTED = ("normal part_gpt fat linux chain lsefimmap ls echo configfile "
          "search search_fs_uuid multiboot multiboot2")


# For shim: as GRUB's makers would have it (shim's SBAT.md).
SBAT = """sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md
grub,5,Free Software Foundation,grub,2.06,https://www.gnu.org/software/grub/
"""


def image(path, commands="", secure=False):
    """grub.efi at path: GRUB with the modules that tests use, no menu. It runs
    the commands, lines of text, if there are any. secure: for shim."""
    paths.need(MODULES, "run scripts/setup")
    path.parent.mkdir(parents=True, exist_ok=True)
    config = path.with_suffix(".cfg")
    config.write_text("set root=(hd0,gpt1)\n" + commands)
    more = []
    if secure:
        sbat = path.with_suffix(".csv")
        sbat.write_text(SBAT)
        more = [f"--sbat={sbat}"]
    subprocess.run(
        ["grub-mkstandalone", "-O", "x86_64-efi", "-o", str(path), *more,
         f"--install-modules={WANTED}", "--modules=part_gpt fat",
         "--themes=", "--fonts=", "--locales=",
         f"boot/grub/grub.cfg={config}"],
        check=True, timeout=60, capture_output=True)
    return path


def into_grub(machine, timeout=90):
    machine.console.expect(PROMPT, timeout)


def grub(machine, line, timeout=60):
    """One command: what it printed."""
    machine.console.sendline(line)
    machine.console.expect(PROMPT, timeout)
    return plain(machine.console.before)


def memory_map(machine):
    """lsefimmap's lines: (type, first address, last address)."""
    return [(kind, int(first, 16), int(last, 16)) for kind, first, last in
            re.findall(r"^(\S+)\s+([0-9a-f]{16})-([0-9a-f]{16}) ",
                       grub(machine, "lsefimmap").replace("\r", ""), re.M)]
