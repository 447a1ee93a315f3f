# SPDX-License-Identifier: MIT
"""From the build directory to a machine: the installation on an EFI system
partition, with variables that OVMF keeps across reboots."""

import re

from lib import boot, paths
from lib.efi_shell import Watched

SCRIPTS = paths.TOP / "scripts"
MODULES = ("virtio_pci", "virtio_net", "af_packet")
DISK_MODULES = ("ahci", "sd_mod", "vfat", "nls_cp437", "nls_ascii",
                "nls_utf8", "efivarfs")


# ---- installed ------------------------------------------------------------------


def efibootmgr(machine):
    return machine.console.run("efibootmgr")


def again(machine):
    """Reboots: what the loader said this time."""
    before = len(machine.said())
    machine.console.begin("reboot -f")
    machine.console.agent = False
    boot.wait_ready(machine, 90)
    return machine.said()[before:]


def test_installation_for_one_boot_for_all_and_its_end():
    """In a guest whose disk and variables stay across its reboots."""
    one = paths.need(paths.ONE_FILE, "run make")
    guest = boot.guest(
        (*MODULES, *DISK_MODULES),
        start="mkdir /esp\nmount -t efivarfs v /sys/firmware/efi/efivars\n"
        "mount -t vfat /dev/sda1 /esp\n",
        programs=["/usr/bin/efibootmgr"])
    guest.file("bin/install-esp", SCRIPTS / "install-esp", 0o755)
    guest.file("old.efi", paths.BUILD / "loadvmm.efi")
    guest.file("new.efi", one)
    options = boot.prepare("boot-installed", guest, tandem=False)
    install = "install-esp --esp /esp --file "
    with Watched("boot-installed", nic=None, memory=512, **options) as m:
        boot.wait_ready(m, 90)
        assert m.said() == []
        before = efibootmgr(m)
        # what is not there, or not an ESP, costs nothing
        assert m.console.status("install-esp --esp /tmp --file /new.efi"
                                )[0] == 1
        assert m.console.status(install + "/none.efi")[0] == 1
        assert efibootmgr(m) == before

        assert "at the next boot only" in m.console.run(
            install + "/new.efi --once")
        said = again(m)
        assert len(said) == 1 and "running, " in said[0]
        assert again(m) == []

        # an older one is there, and stays as an entry of its own
        m.console.run("cp /old.efi /esp/EFI/tandem/tandem.efi")
        assert "first in the order" in m.console.run(
            install + "/new.efi --systemd-boot --grub /tmp/42_tandem")
        listed = efibootmgr(m)
        number = re.search(r"Boot(\d+)\* Tandem\s", listed)[1]
        assert f"BootOrder: {number}," in listed
        previous = re.search(r"Boot(\d+)\* Tandem \(previous\)", listed)[1]
        assert previous not in re.search(r"BootOrder: (\S+)", listed)[1]
        m.console.run("cmp /old.efi /esp/EFI/tandem/previous.efi && "
                      "cmp /new.efi /esp/EFI/tandem/tandem.efi")
        assert "efi /EFI/tandem/tandem.efi" in m.console.run(
            "cat /esp/loader/entries/tandem.conf")
        assert "chainloader /EFI/tandem/tandem.efi" in m.console.run(
            "sh /tmp/42_tandem")
        said = again(m)
        assert len(said) == 1 and "running, " in said[0]

        m.console.run("install-esp --esp /esp --uninstall")
        assert re.findall("^Boot[O0-9].*", efibootmgr(m), re.M) == \
            re.findall("^Boot[O0-9].*", before, re.M)
        m.console.run("[ ! -e /esp/EFI/tandem ] && "
                      "[ ! -e /esp/loader/entries/tandem.conf ]")
