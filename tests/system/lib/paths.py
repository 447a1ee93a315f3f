# SPDX-License-Identifier: MIT
"""Where things are: the tree, what make built, the cache, Debian's files."""

import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
BUILD = Path(TOP, os.environ.get("O", "build")).resolve()
LOGS = BUILD / "logs"
WORK = BUILD / "tests" / "system"

CACHE = Path(os.environ.get("TANDEM_CACHE") or Path(
    os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "tandem"))
KERNEL = CACHE / "kernel"
CLOUD_KERNEL = CACHE / "guests" / "cloud"
MEMTEST = CACHE / "guests" / "memtest.efi"

ONE_FILE = BUILD / "tandem.efi"
LOADER = BUILD / "loadvmm.efi"
VMM = BUILD / "tandem.elf"
BENCH_NIC = BUILD / "tools" / "qemu-bcm57xx" / "bcm57xx.so"

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
BUSYBOX = Path("/usr/bin/busybox")


def need(path, how):
    """path if it exists; otherwise an error that says how to get it."""
    if not Path(path).exists():
        raise FileNotFoundError(f"{path} is missing: {how}")
    return Path(path)


def config():
    """The build's configuration, as a dict without the CONFIG_ prefixes."""
    values = {}
    with open(BUILD / "include" / "config" / "auto.conf") as f:
        for line in f:
            key, _, value = line.strip().partition("=")
            values[key.removeprefix("CONFIG_")] = value.strip('"')
    return values
