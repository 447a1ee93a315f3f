# SPDX-License-Identifier: MIT
"""Every way to boot that docs/booting.md has, under Secure Boot: all that is
started is signed with a key of our own, and Linux boots above Tandem. Each way
is a boot of its own; make test has test_secure_boot.py. The firmware's shell is
not among them: OVMF does not start it under Secure Boot."""

import subprocess
from pathlib import Path

import pytest
from lib import (boot, boot_card, disk, grub, paths, secure_boot, uefi_vars,
                 wire)
from lib.efi_shell import Watched
from lib.firmware_menu import DOWN, ENTER
from lib.ipxe import IPXE
from lib.web import Server

pytestmark = pytest.mark.long

NAME = "secure-boot-ways"
FOLDER = paths.WORK / NAME
ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
SHIM = "/usr/lib/shim/shimx64.efi"
SYSTEMD_BOOT = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
USB = 6             # the stick's controller's slot

LINUX = f"/EFI/debian/vmlinuz.efi initrd=/EFI/debian/initrd.img {boot.CMDLINE}"
GRUB_LINUX = f"chainloader {LINUX}\nboot\n"
GRUB_TANDEM = f"chainloader /EFI/tandem/tandem.efi\nboot\n{GRUB_LINUX}"
SYSTEMD_TANDEM = """title Tandem, then this menu again
efi /EFI/tandem/next.efi
"""
SYSTEMD_DEBIAN = f"""title Debian
linux /EFI/debian/vmlinuz.efi
initrd /EFI/debian/initrd.img
options {boot.CMDLINE}
"""


class Signed:
    """Programs signed with the key, in a folder."""

    def __init__(self):
        self.key = secure_boot.Key(FOLDER)
        self.tandem = self.sign(paths.need(paths.ONE_FILE, "run make"))
        self.kernel = self.sign(paths.KERNEL / "vmlinuz")

    def sign(self, program):
        paths.need(program, "run scripts/setup")
        return self.key.sign(program, FOLDER / f"signed-{program.name}")

    def tandem_and_next(self, program, way):
        """Under Secure Boot only what is signed may say what comes next."""
        conf, output = FOLDER / f"{way}.conf", FOLDER / f"{way}.efi"
        conf.write_text(f"boot.next = {program}\n")
        subprocess.run([paths.TOP / "scripts" / "tandem-conf", "section",
                        paths.ONE_FILE, conf, "--output", output, "--key",
                        self.key.key, "--cert", self.key.cert], check=True,
                       timeout=60)
        return output.read_bytes()

    def shim_and_grub(self, commands, way):
        """Files for /EFI/grub. Without shim GRUB starts nothing under Secure
        Boot: it has shim judge."""
        return {"EFI/grub/shimx64.efi": self.sign(Path(SHIM)),
                "EFI/grub/grubx64.efi": self.sign(grub.image(
                    FOLDER / f"{way}.efi", commands, secure=True))}


@pytest.fixture(scope="module")
def signed():
    return Signed()


@pytest.fixture(scope="module")
def server():
    web = Server()
    yield web
    web.close()


def on_disk(program):
    return uefi_vars.boot_entry("way", disk.partition_node() +
                                uefi_vars.file_node(program))


# ---- ways: (boot entries, files, QEMU's arguments, a boot file's URL) -----------


def esp(signed, _):
    return on_disk("/EFI/tandem/tandem.efi"), {}, [], ""


def stick(signed, _):
    image = FOLDER / "usb.img"
    subprocess.run([paths.TOP / "scripts" / "usb-image", image], check=True,
                   timeout=60)
    subprocess.run(["mcopy", "-o", "-i", f"{image}@@{2048 * 512}",
                    signed.tandem, "::/EFI/BOOT/BOOTX64.EFI"], check=True,
                   timeout=60)
    return uefi_vars.boot_entry("way", uefi_vars.pci_node(USB) +
                                uefi_vars.usb_node(0)), {}, [
        "-device", f"qemu-xhci,addr={USB:#x}", "-drive",
        f"if=none,id=stick,format=raw,readonly=on,file={image}",
        "-device", "usb-storage,drive=stick,removable=on"], ""


def http(signed, server):
    server.pages["/tandem.efi"] = signed.tandem.read_bytes()
    return (boot_card.over_http("way", server.url("/tandem.efi")), {},
            ["-netdev", "user,id=boot", *boot_card.arguments("boot")], "")


def pxe(signed, _):
    folder = FOLDER / "tftp"
    folder.mkdir(exist_ok=True)
    (folder / "tandem.efi").write_bytes(signed.tandem.read_bytes())
    return (boot_card.over_pxe("way"), {},
            ["-netdev", f"user,id=boot,tftp={folder},bootfile=tandem.efi",
             *boot_card.arguments("boot")], "")


def ipxe(signed, server):
    """Over the card that Tandem takes, so that iPXE does not come back."""
    server.pages["/next.efi"] = signed.tandem_and_next(
        "/EFI/grub/shimx64.efi", "ipxe")
    server.pages["/script"] = \
        f"#!ipxe\nchain {server.url('/next.efi')}\n".encode()
    return on_disk("/ipxe.efi"), {
        "ipxe.efi": signed.sign(IPXE / "ipxe.efi"),
        **signed.shim_and_grub(GRUB_LINUX, "ipxe-grub")}, [], \
        server.url("/script")


def systemd_boot(signed, _):
    return on_disk("/EFI/systemd/systemd-bootx64.efi"), {
        "EFI/systemd/systemd-bootx64.efi": signed.sign(
            Path(SYSTEMD_BOOT)),
        "EFI/tandem/next.efi": signed.tandem_and_next(
            "/EFI/systemd/systemd-bootx64.efi", "systemd-boot"),
        "loader/loader.conf": b"timeout menu-force\n",
        "loader/entries/a-tandem.conf": SYSTEMD_TANDEM.encode(),
        "loader/entries/debian.conf": SYSTEMD_DEBIAN.encode()}, [], ""


def shim_grub(signed, _):
    return on_disk("/EFI/grub/shimx64.efi"), \
        signed.shim_and_grub(GRUB_TANDEM, "shim-grub"), [], ""


def in_systemd_boot(machine):
    """Tandem is not what the menu begins with."""
    machine.console.expect("Reboot Into", 90)
    machine.console.send(DOWN + ENTER)
    machine.console.expect_exact("running, ", 30)
    machine.console.expect("Reboot Into", 30)
    machine.console.send(ENTER)


class WithBootfile(Watched):
    """Its DHCP server names a boot file, if there is one."""

    def network_arguments(self):
        more = f",bootfile={self.url}" if self.url else ""
        return [arg + more if arg.startswith("user,id=user0") else arg
                for arg in super().network_arguments()]


@pytest.mark.parametrize("way", [esp, stick, http, pxe, ipxe, systemd_boot,
                                 shim_grub])
def test_guest_and_vmm_answer_under_secure_boot_by(way, signed, server):
    name = f"{NAME}-{way.__name__}"
    first, files, extra, url = way(signed, server)
    options = boot.prepare(name, boot.guest(MODULES), tandem=False, files={
        "EFI/tandem/tandem.efi": signed.tandem,
        "EFI/debian/vmlinuz.efi": signed.kernel, **files})
    uefi_vars.write(options["variables"],
                    [first, *boot.entries(False, boot.CMDLINE)])
    secure_boot.enroll(options["variables"], signed.key)
    machine = WithBootfile(name, peer=True, memory=512, code=secure_boot.CODE,
                           extra=[*secure_boot.MACHINE, *extra], **options)
    machine.url = url
    with machine:
        if way is systemd_boot:
            in_systemd_boot(machine)
        boot.wait_ready(machine, 180)
        assert machine.text.getvalue().count(": running, ") == 1
        assert "secureboot: Secure boot enabled" in machine.console.run("dmesg")
        boot.dhcp(machine)
        machine.console.run("ping -c 2 -W 2 10.0.2.2")
        assert None not in wire.ping(machine.peer, ADDRESS, count=3)
