# SPDX-License-Identifier: MIT
"""scripts/install-esp in a guest whose disk and variables OVMF keeps across
reboots: what it puts into the firmware's boot order and menu, and what Debian's
systemd-boot and GRUB make of the entries that it writes for them.

Tests run in the order of the file, each from the state that the one before
left.
"""

import re

import pytest
from lib import boot, grub, paths
from lib.efi_shell import Watched
from lib.firmware_menu import DOWN, ENTER, UP, choose, into_boot_manager

NAME = "boot-installed"
FOLDER = paths.WORK / NAME
SYSTEMD_BOOT = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
MODULES = ("ahci", "sd_mod", "vfat", "nls_cp437", "nls_ascii", "nls_utf8",
           "efivarfs")
VARIABLES = "/sys/firmware/efi/efivars"
# UEFI 2.10, 8.5.4: the next boot goes to the firmware's setup
TO_SETUP = r"printf '\007\000\000\000\001\000\000\000\000\000\000\000' >" \
    f"{VARIABLES}/OsIndications-8be4df61-93ca-11d2-aa0d-00e098032b8c"
INSTALL = "install-esp --esp /esp --file /new.efi"

# Of the ESP: an entry for the OS in each boot loader's own words.
SYSTEMD_DEBIAN = f"""title Debian
linux /EFI/debian/vmlinuz.efi
initrd /EFI/debian/initrd.img
options {boot.CMDLINE}
"""
GRUB_DEBIAN = f"""menuentry 'Debian' {{
	linux /EFI/debian/vmlinuz.efi {boot.CMDLINE}
	initrd /EFI/debian/initrd.img
}}
"""

# Where the firmware has no room for another entry.
FULL = b"""#!/bin/sh
[ "$2" != --create-only ] || exit 5
exec /bin/efibootmgr "$@"
"""


@pytest.fixture(scope="module")
def machine():
    """The disk's own system alone, at first."""
    guest = boot.guest(
        MODULES,
        start=f"mkdir /esp\nmount -t efivarfs v {VARIABLES}\n"
        "mount -t vfat /dev/sda1 /esp\n",
        programs=["/usr/bin/efibootmgr", "/usr/sbin/blkid"])
    guest.file("bin/install-esp", paths.TOP / "scripts" / "install-esp", 0o755)
    guest.file("old.efi", paths.need(paths.LOADER, "run make"))
    guest.file("new.efi", paths.need(paths.ONE_FILE, "run make"))
    guest.data("full/efibootmgr", FULL, 0o755)
    guest.data("other.efi", paths.ONE_FILE.read_bytes() + b"another")
    options = boot.prepare(NAME, guest, tandem=False, files={
        "EFI/grub/grub.efi": grub.image(
            FOLDER / "grub.efi", "configfile /EFI/grub/grub.cfg\n"),
        "EFI/grub/debian.cfg": GRUB_DEBIAN.encode(),
        "EFI/systemd/systemd-bootx64.efi": paths.need(SYSTEMD_BOOT,
                                                      "run scripts/setup"),
        "loader/loader.conf": b"timeout menu-force\n",
        "loader/entries/debian.conf": SYSTEMD_DEBIAN.encode()})
    with Watched(NAME, nic=None, memory=512, **options) as m:
        boot.wait_ready(m)
        assert m.said() == []
        m.before = efibootmgr(m)
        yield m


def efibootmgr(machine):
    return machine.console.run("efibootmgr")


def order(machine):
    return re.search(r"BootOrder: (\S+)", efibootmgr(machine))[1]


def number(machine, name):
    """The number of the entry with that name."""
    return re.search(rf"^Boot(\w{{4}})\* {re.escape(name)}\s*?(\t|$)",
                     efibootmgr(machine), re.M)[1]


def reboot(machine):
    machine.console.begin("reboot -f")
    machine.console.agent = False


def again(machine):
    """Reboots: what the loader said this time."""
    before = len(machine.said())
    reboot(machine)
    boot.wait_ready(machine)
    return machine.said()[before:]


# ---- the firmware's order and menu ----


def test_what_is_no_esp_or_no_program_changes_nothing(machine):
    for words in ("--esp /tmp --file /new.efi", "--esp /esp --file /none.efi"):
        assert machine.console.status(f"install-esp {words}")[0] == 1
    assert efibootmgr(machine) == machine.before


def test_entry_for_the_next_boot_only(machine):
    assert "at the next boot only" in machine.console.run(f"{INSTALL} --once")
    said = again(machine)
    assert len(said) == 1 and "running, " in said[0]
    assert "BootNext" not in efibootmgr(machine)
    assert number(machine, "Tandem") not in order(machine)


def test_entry_without_order_is_the_last_in_it(machine):
    before = order(machine)
    assert "last in the order" in machine.console.run(f"{INSTALL} --no-order")
    assert order(machine) == f"{before},{number(machine, 'Tandem')}"


@pytest.mark.long
def test_firmwares_menu_shows_that_entry_and_starts_it(machine):
    machine.console.run(TO_SETUP)
    reboot(machine)
    into_boot_manager(machine)
    choose(machine, "tandem.efi", DOWN)
    machine.console.expect_exact("running, ", 30)
    choose(machine, "vmlinuz.efi", UP)
    boot.wait_ready(machine)


def test_entry_comes_first_and_an_older_program_stays_as_another(machine):
    machine.console.run("cp /old.efi /esp/EFI/tandem/tandem.efi")
    assert "first in the order" in machine.console.run(INSTALL)
    assert order(machine).startswith(number(machine, "Tandem"))
    assert order(machine).endswith(number(machine, "Tandem (previous)"))
    machine.console.run("cmp /old.efi /esp/EFI/tandem/previous.efi && "
                        "cmp /new.efi /esp/EFI/tandem/tandem.efi")
    said = again(machine)
    assert len(said) == 1 and "running, " in said[0]


# ---- other boot loaders ----


@pytest.mark.parametrize("place", [
    pytest.param(0, marks=pytest.mark.long), 1])
def test_entry_for_the_next_boot_leaves_the_order_as_it_is(machine, place):
    """Where the order has one of Tandem's already, first or not."""
    tandem = number(machine, "Tandem")
    rest = [entry for entry in order(machine).split(",") if entry != tandem]
    rest.insert(place, tandem)
    machine.console.run(f"efibootmgr -q --bootorder {','.join(rest)}")
    machine.console.run(f"{INSTALL} --once")
    now = number(machine, "Tandem")
    assert order(machine).split(",") == [
        now if entry == tandem else entry for entry in rest]
    assert f"BootNext: {now}" in efibootmgr(machine)
    machine.console.run("efibootmgr -q --delete-bootnext")


def leave_free(machine, size):
    """Fills the ESP but for so many bytes."""
    free = int(machine.console.run("stat -f -c '%f' /esp").split()[0])
    block = int(machine.console.run("stat -f -c '%S' /esp").split()[0])
    machine.console.run(f"dd if=/dev/zero of=/esp/fill bs={block} "
                        f"count={free - size // block} 2>&1")


# Of what is installed over /old.efi: what goes wrong, and what is said then.
WRONG = {
    "no room": ("tandem.new cannot be written", lambda size: size // 2),
    "no room for the old one": ("previous.new cannot be written",
                                lambda size: size + 65536),
    "the firmware takes no entry": ("takes no entry for previous.efi", None),
}


@pytest.mark.parametrize("what", [
    pytest.param("no room", marks=pytest.mark.long),
    pytest.param("no room for the old one", marks=pytest.mark.long),
    "the firmware takes no entry"])
def test_what_goes_wrong_leaves_the_program_that_was_there(machine, what):
    says, free = WRONG[what]
    run = machine.console.run
    run("cp /new.efi /esp/EFI/tandem/tandem.efi && "
        "rm -f /esp/EFI/tandem/previous.efi && sync")
    before = efibootmgr(machine)
    path = ""
    if free:
        leave_free(machine, free(paths.ONE_FILE.stat().st_size))
    else:
        path = "PATH=/full:$PATH "
    status, said = machine.console.status(
        f"{path}install-esp --esp /esp --file /other.efi 2>&1")
    run("rm -f /esp/fill")
    assert status == 1 and says in said
    assert efibootmgr(machine) == before
    run("cmp /new.efi /esp/EFI/tandem/tandem.efi")
    assert not re.search(r"\.new", run("ls /esp/EFI/tandem"))


def test_entries_for_other_boot_loaders_are_written(machine):
    machine.console.run(f"{INSTALL} --no-order --systemd-boot "
                        "--grub /esp/42_tandem")
    said = machine.console.run("cat /esp/loader/entries/a-tandem.conf")
    assert "efi /EFI/tandem/tandem.efi" in said
    uuid = machine.console.run("blkid -s UUID -o value /dev/sda1").strip()
    said = machine.console.run("sh /esp/42_tandem")
    assert f"--fs-uuid {uuid}" in said
    assert "chainloader /EFI/tandem/tandem.efi" in said


def next_boot(machine, name, program):
    """Has the firmware start another boot loader at the next boot."""
    machine.console.run(
        f"efibootmgr -q --create-only --disk /dev/sda --part 1 --label {name} "
        f"--loader '{program}'")
    entry = number(machine, name)
    machine.console.run(f"efibootmgr -q --bootnext {entry}")
    reboot(machine)
    return entry


def ready_without(machine, entry):
    boot.wait_ready(machine)
    machine.console.run(f"efibootmgr -q -B -b {entry}")


@pytest.mark.long
def test_systemd_boot_starts_tandem_and_then_its_menu_again(machine):
    """Tandem is not what the menu begins with."""
    entry = next_boot(machine, "systemd",
                      r"\EFI\systemd\systemd-bootx64.efi")
    machine.console.expect("Tandem, then this menu again", 60)
    machine.console.expect("Reboot Into", 10)
    machine.console.send(DOWN + ENTER)
    machine.console.expect_exact("running, ", 30)
    machine.console.expect("Reboot Into", 30)
    machine.console.send(ENTER)
    ready_without(machine, entry)


@pytest.mark.long
def test_grub_starts_tandem_and_then_its_menu_again(machine):
    machine.console.run("(sh /esp/42_tandem; cat /esp/EFI/grub/debian.cfg) "
                        ">/esp/EFI/grub/grub.cfg && sync")
    entry = next_boot(machine, "grub", r"\EFI\grub\grub.efi")
    machine.console.expect("Tandem, then this menu again", 60)
    machine.console.send(ENTER)
    machine.console.expect_exact("running, ", 30)
    machine.console.expect("Debian", 30)
    machine.console.send(DOWN)
    machine.console.expect("Debian", 30)
    machine.console.send(ENTER)
    ready_without(machine, entry)


def test_uninstalled_nothing_is_left_of_it(machine):
    machine.console.run("install-esp --esp /esp --grub /esp/42_tandem "
                        "--uninstall")
    assert "Tandem" not in efibootmgr(machine)
    assert order(machine).startswith(
        re.search(r"BootOrder: (\S+)", machine.before)[1])
    machine.console.run("[ ! -e /esp/EFI/tandem ] && [ ! -e /esp/42_tandem ] "
                        "&& [ \"$(ls /esp/loader/entries)\" = debian.conf ]")
