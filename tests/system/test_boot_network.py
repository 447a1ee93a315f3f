# SPDX-License-Identifier: MIT
"""The loader comes over a network: by the firmware's HTTP boot and PXE, as one
file or as two, and what is wrong there costs one line and no boot.

The firmware boots through a virtio-net card on a network of its own, whose
DHCP and TFTP servers are QEMU's. One boot tries all the ways of HTTP, and then
PXE with the real VMM.
"""

import pytest
from lib import boot, boot_card, disk, grub, paths, uefi_vars, vmm_file, wire
from lib.boot_card import over_http, over_pxe
from lib.efi_shell import SHELL, Watched
from lib.web import Server

ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
REFUSED = "Tandem: not started: {}; booting without it"
CONF = b"log.level = 3\npanic.reboot = maybe\n"


def refusing(why):
    return vmm_file.make(vmm_file.refusing(why))


class Bootfile(Watched):
    """Its DHCP server names a boot file."""

    def __init__(self, name, url, **more):
        super().__init__(name, **more)
        self.url = url

    def network_arguments(self):
        return [f"{arg},bootfile={self.url}" if arg.startswith("user,")
                else arg for arg in super().network_arguments()]


class NetworkMachine(Watched):
    """With a second card, whose network has a TFTP server and a DHCP server
    that names the boot file there."""

    def __init__(self, name, tftp, bootfile, **more):
        more["extra"] = [
            "-netdev", f"user,id=boot,tftp={tftp},bootfile={bootfile}",
            *boot_card.arguments("boot")]
        super().__init__(name, **more)


def folder_of(name):
    folder = paths.WORK / name
    (folder / "tftp" / "boot").mkdir(parents=True, exist_ok=True)
    return folder


# ---- whatever a server has -----------------------------------------------


@pytest.fixture(scope="module")
def server():
    web = Server()
    yield web
    web.close()


@pytest.fixture(scope="module")
def tried(server):
    """Machine that tried all the ways in one boot; the last one worked."""
    name = "boot-network"
    folder = folder_of(name)
    loader = paths.need(paths.LOADER, "run make").read_bytes()
    one = vmm_file.inside(paths.ONE_FILE, refusing("one over http"),
                          folder / "one").read_bytes()
    vmm = paths.need(paths.VMM, "run make").read_bytes()
    server.pages.update({
        "/one/tandem.efi": one,
        "/alone/loadvmm.efi": loader, "/alone/tandem.elf": None,
        "/alone/tandem.conf": None,
        "/gone/loadvmm.efi": loader, "/gone/tandem.conf": None,
        "/gone/tandem.elf": (len(vmm), vmm[:len(vmm) // 2]),
        "/short/tandem.efi": (len(one), one[:len(one) // 2]),
        "/two/loadvmm.efi": loader,
        "/two/tandem.elf": refusing("two over http"),
        "/two/tandem.conf": CONF})
    for file, content in (("loadvmm.efi", loader), ("tandem.elf", vmm),
                          ("tandem.conf", CONF)):
        (folder / "tftp" / "boot" / file).write_bytes(content)
    entries = [over_http(place, server.url(f"/{place}/{program}.efi"))
               for place, program in (("one", "tandem"), ("alone", "loadvmm"),
                                      ("gone", "loadvmm"),
                                      ("short", "tandem"),
                                      ("two", "loadvmm"))]
    variables = uefi_vars.write(
        folder / "vars.fd",
        [*entries, over_pxe("pxe"), uefi_vars.boot_entry("Next", SHELL)])
    with NetworkMachine(name, folder / "tftp", "boot/loadvmm.efi", peer=True,
                        memory=256, variables=variables) as machine:
        machine.console.expect_exact('starting Boot0006 "Next"', 240)
        yield machine


def test_each_way_says_what_came_of_it(tried):
    said = tried.said()
    unknown = ('Tandem: tandem.conf line 2: panic.reboot: expected y or n, '
               'found "maybe"; the default n stays')
    assert said[:-1] == [
        REFUSED.format("one over http"),
        REFUSED.format("tandem.elf is not beside the loader on its server"),
        REFUSED.format("tandem.elf cannot be read (EFI error 104)"),
        unknown, REFUSED.format("two over http"), unknown]
    assert "running, " in said[-1]


def test_server_that_leaves_in_the_middle_of_one_file_starts_nothing(tried):
    assert 'failed to load Boot0003 "short"' in tried.text.getvalue()


def test_one_file_asks_for_no_other(tried, server):
    assert [place for place in server.places() if place.startswith("/one/")
            and place != "/one/tandem.efi"] == []
    assert "/two/tandem.conf" in server.places()


def test_two_files_over_pxe_come_with_their_configuration(tried):
    assert "1 value set by tandem.conf" in tried.vmm_log()


def test_vmm_answers_after_two_files_came_over_pxe(tried):
    assert None not in wire.ping(tried.peer, ADDRESS, count=3)


# ---- and then Linux ------------------------------------------------------------


def pxe(name, options, _):
    """The firmware's PXE takes it through the second card."""
    folder = folder_of(name)
    (folder / "tftp" / "tandem.efi").write_bytes(paths.ONE_FILE.read_bytes())
    uefi_vars.write(options["variables"],
                    [over_pxe("pxe"), *boot.entries(False, boot.CMDLINE)])
    return NetworkMachine(name, folder / "tftp", "tandem.efi", peer=True,
                          memory=512, **options)


def ipxe(name, options, server):
    """iPXE takes it through the card that Tandem then takes from iPXE, which
    does not survive that: Tandem starts the next program itself."""
    server.pages["/tandem.efi"] = paths.ONE_FILE.read_bytes()
    return by_ipxe(name, options, server,
                   f"chain {server.url('/tandem.efi')} "
                   "boot.next=/EFI/grub.efi")


def ipxe_two(name, options, server):
    """The loader finds what iPXE has fetched before beside itself."""
    server.pages.update({"/loadvmm.efi": paths.LOADER.read_bytes(),
                         "/tandem.elf": paths.VMM.read_bytes(),
                         "/tandem.conf": b"boot.next = /EFI/grub.efi\n"})
    return by_ipxe(name, options, server,
                   f"imgfetch {server.url('/tandem.elf')}\n"
                   f"imgfetch {server.url('/tandem.conf')}\n"
                   f"chain {server.url('/loadvmm.efi')}")


def by_ipxe(name, options, server, commands):
    server.pages["/script"] = f"#!ipxe\n{commands}\n".encode()
    order = [uefi_vars.boot_entry(
        "iPXE", disk.partition_node() + uefi_vars.file_node("/ipxe.efi"))]
    uefi_vars.write(options["variables"],
                    order + boot.entries(False, boot.CMDLINE))
    return Bootfile(name, server.url("/script"), peer=True, memory=512,
                    **options)


@pytest.mark.parametrize("way", [
    pxe, ipxe, pytest.param(ipxe_two, marks=pytest.mark.long)])
def test_guest_and_vmm_answer_after_tandem_came_by(way, server):
    name = f"boot-network-{way.__name__}"
    options = boot.prepare(name, boot.guest(MODULES), tandem=False, files={
        "ipxe.efi": "/usr/lib/ipxe/ipxe.efi",
        "EFI/grub.efi": grub.image(
            paths.WORK / name / "grub.efi",
            f"linux /EFI/debian/vmlinuz.efi {boot.CMDLINE}\n"
            "initrd /EFI/debian/initrd.img\nboot\n")})
    with way(name, options, server) as machine:
        boot.wait_ready(machine)
        assert len(machine.said()) == 1 and "running, " in machine.said()[0]
        boot.dhcp(machine)
        machine.console.run("ping -c 2 -W 2 10.0.2.2")
        assert None not in wire.ping(machine.peer, ADDRESS, count=3)
