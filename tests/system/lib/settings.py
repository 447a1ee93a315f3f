# SPDX-License-Identifier: MIT
"""A tandem.conf beside the loader, for machines with other settings."""


def files(**values):
    """For boot.prepare(files=...): ip_mode="dhcp" is ip.mode = dhcp."""
    lines = [f"{name.replace('_', '.')} = {value}\n"
             for name, value in values.items()]
    return {"EFI/BOOT/tandem.conf": "".join(lines).encode()}
