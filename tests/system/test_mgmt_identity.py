# SPDX-License-Identifier: MIT
"""A certificate, its key and a client CA of the user's own, by each way that
they can come: beside the loader on its disk or server, in its section, and
under Secure Boot. curl and openssl judge what is served, and who comes in."""

import json
import subprocess

import pytest
from lib import boot_card, disk, mgmt, paths, secure_boot, uefi_vars
from lib.boot_card import over_http, over_pxe
from lib.certificates import Authority
from lib.efi_shell import SHELL, Watched
from lib.web import Server

ADDRESS = paths.config()["IP_ADDRESS"]
FILES = "a file beside the loader"
SECTION = "the loader's section"
NEXT = uefi_vars.boot_entry("Next", SHELL)
SECONDS = 30


class Identity:
    """What one machine is given, and who it shall know."""

    def __init__(self, folder):
        self.authority = Authority(folder, "right")
        self.wrong = Authority(folder, "wrong")
        self.certificate, self.key = self.authority.issue("server", ADDRESS)
        self.client = self.authority.issue("client")
        self.stranger = self.wrong.issue("client")
        self.files = {"tandem.crt": self.certificate.read_bytes(),
                      "tandem.key": self.key.read_bytes(),
                      "tandem.ca": self.authority.cert.read_bytes()}

    def wrong_files(self):
        certificate, key = self.wrong.issue("server", ADDRESS)
        return {"tandem.crt": certificate.read_bytes(),
                "tandem.key": key.read_bytes(),
                "tandem.ca": self.wrong.cert.read_bytes()}

    def section(self, output, *signature):
        """tandem.efi with it in its section."""
        subprocess.run(
            [paths.TOP / "scripts" / "tandem-conf", "section",
             paths.need(paths.ONE_FILE, "run make"), "--output", output,
             "--tls-cert", self.certificate, "--tls-key", self.key,
             "--tls-ca", self.authority.cert, *signature],
            check=True, timeout=60, capture_output=True)
        return output.read_bytes()


def start(folder, entries, files=None, **more):
    more.setdefault("memory", 256)
    return Watched(
        folder.name, disk=disk.build(folder / "esp.img", files or {}),
        variables=uefi_vars.write(folder / "vars.fd", [*entries, NEXT]),
        forward=[(ADDRESS, mgmt.PORT)], **more)


def on_disk(name):
    return uefi_vars.boot_entry("Tandem", disk.partition_node() +
                                uefi_vars.file_node(f"/EFI/BOOT/{name}"))


def beside(place, files):
    return {f"{place}/{name}": data for name, data in files.items()}


# ---- the ways ----


def by_disk(folder, identity):
    return start(folder, [on_disk("loadvmm.efi")], {
        "EFI/BOOT/loadvmm.efi": paths.LOADER, "EFI/BOOT/tandem.elf": paths.VMM,
        **beside("EFI/BOOT", identity.files)})


def by_section(folder, identity):
    """In one file nothing beside it counts."""
    return start(folder, [on_disk("tandem.efi")], {
        "EFI/BOOT/tandem.efi": identity.section(folder / "tandem.efi"),
        **beside("EFI/BOOT", identity.wrong_files())})


def by_http(folder, identity):
    server = Server({"/loadvmm.efi": paths.LOADER.read_bytes(),
                     "/tandem.elf": paths.VMM.read_bytes(),
                     "/tandem.conf": None, **beside("", identity.files)})
    return start(folder, [over_http("http", server.url("/loadvmm.efi"))],
                 extra=["-netdev", "user,id=boot",
                        *boot_card.arguments("boot")])


def by_tftp(folder, identity):
    tftp = folder / "tftp"
    tftp.mkdir(exist_ok=True)
    for name, data in {"loadvmm.efi": paths.LOADER.read_bytes(),
                       "tandem.elf": paths.VMM.read_bytes(),
                       **identity.files}.items():
        (tftp / name).write_bytes(data)
    return start(folder, [over_pxe("pxe")], extra=[
        "-netdev", f"user,id=boot,tftp={tftp},bootfile=loadvmm.efi",
        *boot_card.arguments("boot")])


def secured(folder, program, files, **more):
    """Under Secure Boot, with a key that signed the program."""
    machine = start(folder, [on_disk(program)], files, memory=512,
                    code=secure_boot.CODE, extra=secure_boot.MACHINE, **more)
    return machine


def by_signed_section(folder, identity):
    key = secure_boot.Key(folder)
    data = identity.section(folder / "tandem.efi", "--key", key.key, "--cert",
                            key.cert)
    machine = secured(folder, "tandem.efi", {
        "EFI/BOOT/tandem.efi": data,
        **beside("EFI/BOOT", identity.wrong_files())})
    secure_boot.enroll(machine.variables, key)
    return machine


def signed_two(folder, files):
    """The loader of two files, signed, with nothing in its section."""
    key = secure_boot.Key(folder)
    machine = secured(folder, "loadvmm.efi", {
        "EFI/BOOT/loadvmm.efi": key.sign(paths.LOADER, folder / "loadvmm.efi"),
        "EFI/BOOT/tandem.elf": paths.VMM, **beside("EFI/BOOT", files)})
    secure_boot.enroll(machine.variables, key)
    return machine


# ---- what is asked ----


def curl(machine, *args):
    return subprocess.run(
        ["curl", "-sS", "--max-time", str(SECONDS), "--connect-to",
         f"{ADDRESS}:{mgmt.PORT}:127.0.0.1:"
         f"{machine.port(ADDRESS, mgmt.PORT)}", *map(str, args)],
        capture_output=True, text=True, check=False, timeout=2 * SECONDS)


def session(machine, identity, pair):
    certificate, key = pair
    return json.loads(curl(
        machine, "--cacert", identity.authority.cert, "--cert", certificate,
        "--key", key, f"https://{ADDRESS}/api/v1/session").stdout)


def status(machine, identity, pair):
    return curl(machine, "--cacert", identity.authority.cert, "--cert",
                pair[0], "--key", pair[1], "-o", "/dev/null", "-w",
                "%{http_code}", f"https://{ADDRESS}/api/v1/status").stdout


def resumed(machine, identity, kept):
    """Does a client with a certificate get its session again?"""
    certificate, key = identity.client
    said = ""
    for option in ("-sess_out", "-sess_in"):
        said = subprocess.run(
            ["openssl", "s_client", "-connect",
             f"127.0.0.1:{machine.port(ADDRESS, mgmt.PORT)}", "-cert",
             certificate, "-key", key, option, kept], input="",
            capture_output=True, text=True, check=False,
            timeout=SECONDS).stdout
        assert "Cipher is ECDHE-ECDSA" in said, said
    return "Reused, " in said


def settled(machine):
    machine.console.expect_exact('"Next"', 240)
    machine.wait_vmm_log("certificate SHA-256")
    return machine.vmm_log()


# The default set has one of them.
WAYS = [(by_disk, FILES), (by_section, SECTION), (by_http, FILES),
        (by_tftp, FILES), (by_signed_section, SECTION)]


@pytest.mark.parametrize("way,place", [
    pytest.param(way, place, id=way.__name__,
                 marks=() if way is by_section else pytest.mark.long)
    for way, place in WAYS])
def test_a_certificate_and_a_client_ca_count(way, place):
    folder = paths.WORK / f"mgmt-{way.__name__.replace('_', '-')}"
    identity = Identity(folder)
    with way(folder, identity) as machine:
        log = settled(machine)
        for what, name in (("certificate", "tandem.crt"),
                           ("private key", "tandem.key"),
                           ("client CA", "tandem.ca")):
            assert f"{what} from {place}, {len(identity.files[name])} bytes" \
                in log
        assert curl(machine, "--cacert", identity.authority.cert,
                    f"https://{ADDRESS}/healthz").stdout == "ok\n"
        # curl's exit status 60: the certificate is another one's
        assert curl(machine, "--cacert", identity.wrong.cert,
                    f"https://{ADDRESS}/healthz").returncode == 60
        said = session(machine, identity, identity.client)
        assert (said["by"], said["role"]) == ("certificate", "operate")
        assert status(machine, identity, identity.client) == "200"
        said = session(machine, identity, identity.stranger)
        assert (said["by"], said["role"]) == ("none", "none")
        assert status(machine, identity, identity.stranger) == "401"
        assert not resumed(machine, identity, folder / "session")
        assert "netd ended" not in machine.vmm_log()


@pytest.mark.long
def test_under_secure_boot_nothing_beside_the_loader_is_taken():
    """Nobody signed it: there is no client CA, no password, and no service."""
    folder = paths.WORK / "mgmt-signed-two"
    identity = Identity(folder)
    with signed_two(folder, identity.files) as machine:
        machine.console.expect_exact('"Next"', 240)
        log = machine.vmm_log()
        assert "client CA from" not in log and "private key from" not in log
        assert curl(machine, "-k", f"https://{ADDRESS}/healthz").returncode


def test_a_loader_with_a_private_key_is_for_its_owner_alone(tmp_path):
    identity = Identity(tmp_path)
    loader = tmp_path / "tandem.efi"
    loader.write_bytes(b"")
    loader.chmod(0o644)
    identity.section(loader)
    assert loader.stat().st_mode & 0o777 == 0o600
    for option, mode in (((), 0o600), (("--tls-key", "/dev/null"), 0o644)):
        again = tmp_path / "again.efi"
        subprocess.run([paths.TOP / "scripts" / "tandem-conf", "section",
                        loader, "--output", again, *option], check=True,
                       timeout=60, capture_output=True, umask=0o022)
        assert again.stat().st_mode & 0o777 == mode
        again.unlink()
