# SPDX-License-Identifier: MIT
"""From the build directory to a machine: the USB stick's image and what writes
it, the installation on an EFI system partition, with variables that OVMF keeps
across reboots, and the server for network boots."""

import importlib.machinery
import importlib.util
import re
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from lib import boot, paths, uefi_vars, wire
from lib.efi_shell import Watched
from lib.machine import free_port

USB = 6             # its controller's slot
SCRIPTS = paths.TOP / "scripts"
FOLDER = paths.WORK / "boot-installed"
ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")
DISK_MODULES = ("ahci", "sd_mod", "vfat", "nls_cp437", "nls_ascii",
                "nls_utf8", "efivarfs")


def script(name, *arguments, **more):
    return subprocess.run([SCRIPTS / name, *arguments], text=True, timeout=60,
                          capture_output=True, cwd=paths.TOP, **more)


@pytest.mark.parametrize("name", ["usb-image", "flash", "install-esp",
                                  "serve"])
def test_help_says_what_it_does(name):
    done = script(name, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert name in done.stdout.splitlines()[0]
    assert script(name, "--no-such-option").returncode not in (0, 1)


# ---- USB stick ----------------------------------------------------------------


@pytest.fixture(scope="module")
def image():
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "usb.img"
    done = script("usb-image", path)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def flash():
    """scripts/flash as a module."""
    loader = importlib.machinery.SourceFileLoader("flash",
                                                  str(SCRIPTS / "flash"))
    spec = importlib.util.spec_from_loader("flash", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_image_has_one_partition_that_tools_find_no_fault_with(image):
    said = subprocess.run(["/usr/sbin/sgdisk", "-v", "-p", image], text=True,
                          capture_output=True, check=True, timeout=60).stdout
    assert "No problems found" in said
    assert re.findall(r"^ +\d+ .* (\w+)  TANDEM$", said, re.M) == ["EF00"]


def test_stick_starts_tandem_and_the_disk_linux(image):
    """The entry names the stick alone: the firmware finds the file itself."""
    options = boot.prepare("boot-usb", boot.guest(MODULES), tandem=False)
    stick = uefi_vars.boot_entry("Stick", uefi_vars.pci_node(USB) +
                                 uefi_vars.usb_node(0))
    uefi_vars.write(options["variables"],
                    [stick, *boot.entries(False, boot.CMDLINE)])
    with Watched("boot-usb", peer=True, memory=512, extra=[
            "-device", f"qemu-xhci,addr={USB:#x}", "-drive",
            f"if=none,id=stick,format=raw,readonly=on,file={image}",
            "-device", "usb-storage,drive=stick,removable=on"],
                 **options) as machine:
        boot.wait_ready(machine, 90)
        assert len(machine.said()) == 1 and "running, " in machine.said()[0]
        boot.dhcp(machine)
        machine.console.run("ping -c 2 -W 2 10.0.2.2")
        assert None not in wire.ping(machine.peer, ADDRESS, count=3)


def target(image, more=0):
    path = FOLDER / "target"
    with open(path, "wb") as f:
        f.truncate(image.stat().st_size + more)
    return path


def test_flash_writes_all_of_it_and_no_more(image):
    path = target(image, 5000)
    done = script("flash", path, "--image", image, "--force", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"{path}: file, " in done.stdout
    assert "verified 100 %" in done.stdout
    data, wanted = path.read_bytes(), image.read_bytes()
    assert data[:len(wanted)] == wanted and data[len(wanted):] == bytes(5000)


@pytest.mark.parametrize("arguments, answer, why", [
    (["--yes"], "", "is not a removable device"),
    (["--force"], "", "that was another name; nothing was written"),
    (["--force"], "/dev/sdz\n", "that was another name; nothing was written"),
])
def test_flash_refuses_and_writes_nothing(image, arguments, answer, why):
    path = target(image)
    done = script("flash", path, "--image", image, *arguments, input=answer)
    assert done.returncode == 1 and why in done.stderr
    assert not any(path.read_bytes())


def test_flash_refuses_what_is_too_small_or_no_device(image):
    path = FOLDER / "small"
    path.write_bytes(bytes(1000))
    for device, why in ((path, "has 1000 bytes, the image"),
                        ("/dev/null", "is no block device"),
                        (FOLDER / "none", "No such file")):
        done = script("flash", device, "--image", image, "--force", "--yes")
        assert done.returncode == 1 and why in done.stderr


def test_flash_notices_what_does_not_come_back(flash, image):
    path = target(image)
    written = flash.write(image, path)
    flash.verify(path, *written)
    with open(path, "r+b") as f:
        f.seek(1 << 20)
        f.write(b"another")
    with pytest.raises(flash.Refused, match="is not what was written"):
        flash.verify(path, *written)


def sysfs(folder, removable, number="8:16"):
    """A disk with one partition, as the kernel shows it."""
    for place, content in {
            "size": "131072", "removable": removable, "dev": number,
            "device/vendor": "ACME", "device/model": "Stick 64",
            "sdb1/partition": "1", "sdb1/dev": "8:17"}.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(content + "\n")


def described(flash, folder, mounts="", swaps=""):
    (folder / "mounts").write_text(mounts)
    (folder / "swaps").write_text("Filename Type Size Used Priority\n" + swaps)
    device = object.__new__(flash.Device)
    device.path, device.is_file = "/dev/sdb", False
    device.describe(folder / "sdb", folder / "mounts", folder / "swaps")
    return device


def test_flash_knows_what_is_removable_and_in_use(flash, tmp_path):
    sysfs(tmp_path / "sdb", "1")
    free = described(flash, tmp_path)
    assert free.show() == ("/dev/sdb: removable device, 67 MB, ACME Stick 64")
    free.check(64 << 20, False)
    mounted = "36 35 8:17 / /media/stick rw - vfat /dev/sdb1 rw\n"
    with pytest.raises(flash.Refused, match="sdb1 is mounted on /media/stick"):
        described(flash, tmp_path, mounted).check(1, False)
    with pytest.raises(flash.Refused, match="sdb1 is swap space"):
        described(flash, tmp_path, swaps="/dev/sdb1 partition 9 0 -2\n"
                  ).check(1, False)
    described(flash, tmp_path, mounted).check(1, True)
    sysfs(tmp_path / "sdb", "0")
    with pytest.raises(flash.Refused, match="not a removable device"):
        described(flash, tmp_path).check(1, False)
    with pytest.raises(flash.Refused, match="is a partition"):
        device = object.__new__(flash.Device)
        device.path = "/dev/sdb1"
        device.describe(tmp_path / "sdb" / "sdb1", tmp_path / "mounts",
                        tmp_path / "swaps")


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


# ---- server ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    port = free_port()
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = FOLDER / "serve.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([SCRIPTS / "serve", "--port", str(port)],
                                   stdout=out, stderr=out)
    deadline = time.monotonic() + 20
    while "iPXE: chain" not in log.read_text():
        assert time.monotonic() < deadline and process.poll() is None, \
            log.read_text()
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", log
    process.terminate()
    assert process.wait(20) == 0


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(
            url, headers=headers), timeout=20) as answer:
        return answer.status, answer.headers, answer.read()


def test_server_gives_lengths_and_ranges_and_logs_each_request(server):
    url, log = server
    data = paths.ONE_FILE.read_bytes()
    status, headers, body = get(f"{url}/tandem.efi")
    assert status == 200 and int(headers["Content-Length"]) == len(data)
    assert body == data
    status, headers, body = get(f"{url}/tandem.efi", Range="bytes=100-4099")
    assert status == 206 and body == data[100:4100]
    assert headers["Content-Range"] == f"bytes 100-4099/{len(data)}"
    assert log.read_text().count("url:/tandem.efi") == 2


def test_server_gives_what_was_built_last_and_nothing_else(server):
    """Links lead to the files of the build, whatever is there by then."""
    url, _ = server
    data = paths.VMM.read_bytes()
    assert get(f"{url}/tandem.elf")[2] == data
    for place in ("/.config", "/obj", "/../.config", "/tandem.debug"):
        with pytest.raises(urllib.error.HTTPError):
            get(url + place)


def test_server_writes_its_address_into_the_scripts(server):
    url, _ = server
    script_text = get(f"{url}/boot.ipxe")[2].decode()
    assert script_text.startswith("#!ipxe\n")
    assert f"chain {url}/tandem.efi" in script_text
    assert f"(http,{url[7:]})/tandem.efi" in get(f"{url}/grub.cfg")[2].decode()
