# SPDX-License-Identifier: MIT
"""The USB stick: its image (make usb-image), what writes it (scripts/flash), to
a file and to a block device of the kernel's, and a machine that starts from
it. And what the scripts for all ways to boot say of themselves."""

import importlib.machinery
import importlib.util
import os
import re
import subprocess

import pytest
from lib import boot, paths, uefi_vars, wire
from lib.efi_shell import Watched

USB = 6             # its controller's slot
SCRIPTS = paths.TOP / "scripts"
FOLDER = paths.WORK / "boot-stick"
ADDRESS = paths.config()["IP_ADDRESS"]
MODULES = ("virtio_pci", "virtio_net", "af_packet")


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
    options = boot.prepare("boot-stick", boot.guest(MODULES), tandem=False)
    stick = uefi_vars.boot_entry("Stick", uefi_vars.pci_node(USB) +
                                 uefi_vars.usb_node(0))
    uefi_vars.write(options["variables"],
                    [stick, *boot.entries(False, boot.CMDLINE)])
    with Watched("boot-stick", peer=True, memory=512, extra=[
            "-device", f"qemu-xhci,addr={USB:#x}", "-drive",
            f"if=none,id=stick,format=raw,readonly=on,file={image}",
            "-device", "usb-storage,drive=stick,removable=on"],
                 **options) as machine:
        boot.wait_ready(machine)
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


# ---- a block device of the kernel's -----------------------------------------


def run(*words):
    return subprocess.run(
        words, text=True, capture_output=True, timeout=60, check=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).stdout.strip()


@pytest.fixture
def loop(image):
    """Makes loop devices, which are not removable, with sizes more than the
    image's: (device, file)."""
    made = []

    def make(more=0):
        path = FOLDER / f"loop{len(made)}"
        with open(path, "wb") as f:
            f.truncate(image.stat().st_size + more)
        made.append(run("losetup", "--find", "--show", path))
        return made[-1], path

    if os.geteuid():
        pytest.skip("loop devices need root")
    try:
        run("losetup", "--find")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine has no loop devices: {error}")
    yield make
    for device in made:
        run("losetup", "--detach", device)


def test_flash_writes_a_block_device_and_shows_how_far_it_is(image, loop):
    device, path = loop(1 << 20)
    done = script("flash", device, "--image", image, "--force",
                  input=f"{device}\n")
    assert done.returncode == 0, done.stderr
    assert f"{device}: device, not removable, 68 MB" in done.stdout
    for what in ("written  100 %", "verified 100 %"):
        assert what in done.stdout
    data, wanted = path.read_bytes(), image.read_bytes()
    assert data[:len(wanted)] == wanted and not any(data[len(wanted):])
    found = subprocess.run(["/usr/sbin/sgdisk", "-p", device], text=True,
                           capture_output=True, check=False, timeout=60)
    assert "TANDEM" in found.stdout


def test_flash_refuses_a_block_device_that_is_mounted_or_too_small(image,
                                                                   loop):
    device, _ = loop()
    small, small_path = loop(-512)
    run("mkfs.ext2", "-q", device)
    place = FOLDER / "mounted"
    place.mkdir(exist_ok=True)
    run("mount", device, place)
    try:
        for words in (["--yes"], []):
            done = script("flash", device, "--image", image, *words, input="")
            assert done.returncode == 1
            assert f"is mounted on {place}" in done.stderr
    finally:
        run("umount", place)
    done = script("flash", small, "--image", image, "--force", "--yes")
    assert done.returncode == 1
    assert f"has {image.stat().st_size - 512} bytes, the image" in done.stderr
    assert not any(small_path.read_bytes())
    # what is there is still a file system
    assert run("blkid", "-p", "-s", "TYPE", "-o", "value", device) == "ext2"


def test_flash_notices_a_mount_that_proc_does_not_show(flash, image, loop):
    """In another mount namespace."""
    device, path = loop()
    run("mkfs.ext2", "-q", device)
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c",
         'mount "$0" "$1" && echo mounted && read -r _', device, FOLDER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "mounted\n"
        assert not flash.Device(device).in_use
        with pytest.raises(flash.Refused, match="is in use; nothing was"):
            flash.write(image, device, force=False)
    finally:
        holder.communicate("\n", timeout=20)
    flash.write(image, device, force=False)
    assert path.read_bytes() == image.read_bytes()


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
