# SPDX-License-Identifier: MIT
"""The UEFI loader: it starts Tandem, or says in one line why not, and in
either case the machine boots on.

Whatever the firmware's boot manager does after one entry, it does after many:
the odd files lie in folders of their own, each with a boot entry before the
OS's, and one boot tries them all.
"""

import re

import pytest
from lib import boot, disk, paths, uefi_vars, vmm_file
from lib.efi_shell import SHELL, Watched, into_shell, shell, shell_machine

BOOTING_ON = "; booting without it"
NO_MODULES = ()
FOR_EVER = b"\xf3\x90\xeb\xfc"     # pause; jmp

FINE = vmm_file.make(vmm_file.refusing("never reached"))


def altered(data, at):
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]


def for_arm(image):
    """The image with another machine type in its header (ELF, e_machine)."""
    return image[:18] + (183).to_bytes(2, "little") + image[20:]


# Folder: what lies there as tandem.elf, and what the loader says of it.
ODD = {
    "missing": (None, "tandem.elf is not beside the loader"),
    "empty": (b"", "tandem.elf has an impossible size"),
    "short": (FINE[:len(FINE) // 2],
              "tandem.elf is cut short or has no checksum at its end"),
    "byte": (altered(FINE, len(FINE) // 2),
             "tandem.elf is damaged: its checksum is wrong"),
    "noelf": (vmm_file.seal(b"This is no program." * 100),
              "tandem.elf is not an x86-64 ELF program"),
    "arm": (vmm_file.seal(for_arm(vmm_file.unseal(FINE))),
            "tandem.elf is not an x86-64 ELF program"),
    "version": (vmm_file.make(b"\xc3", version=99),
                "tandem.elf is of another version than this loader"),
    "huge": (vmm_file.make(b"\xc3", block_mib=1024),
             "no 1024 MiB of memory are free in one piece below 4 GiB"),
    "refuses": (vmm_file.make(vmm_file.refusing("not today")), "not today"),
    "silent": (vmm_file.make(vmm_file.refusing(code=77)),
               "the VMM gave up with code 77"),
}


def loader_entry(folder):
    """A boot entry for the loader in \\EFI\\folder."""
    return uefi_vars.boot_entry(folder, disk.partition_node() +
                                uefi_vars.file_node(
                                    f"/EFI/{folder}/loadvmm.efi"))


# ---- without a VMM --------------------------------------------------------


@pytest.fixture(scope="module")
def odd_files():
    """Every odd file tried in one boot, then Debian."""
    vmm = paths.need(paths.VMM, "run make").read_bytes()
    ODD["vmm"] = (altered(vmm, len(vmm) * 2 // 3), ODD["byte"][1])
    files = {}
    for folder, (content, _) in ODD.items():
        files[f"EFI/{folder}/loadvmm.efi"] = paths.need(paths.LOADER,
                                                        "run make")
        if content is not None:
            files[f"EFI/{folder}/tandem.elf"] = content
    options = boot.prepare("loader-odd", boot.guest(NO_MODULES), tandem=False,
                           files=files)
    debian = boot.entries(False, boot.CMDLINE)
    uefi_vars.write(options["variables"],
                    [loader_entry(folder) for folder in ODD] + debian)
    with Watched("loader-odd", nic=None, memory=512, **options) as machine:
        boot.wait_ready(machine)
        yield machine


def test_each_odd_file_gets_one_line_that_says_why(odd_files):
    assert odd_files.said() == [f"Tandem: not started: {why}{BOOTING_ON}"
                               for _, why in ODD.values()]


def test_debian_boots_after_all_refusals(odd_files):
    assert "Linux" in odd_files.console.run("uname -a")


def test_a_refused_vmm_leaves_no_memory_reserved(odd_files):
    """No range of the size of a block is missing in the OS's memory map."""
    log = odd_files.console.run("dmesg | grep BIOS-e820")
    ranges = re.findall(r"mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] reserved", log)
    assert ranges
    assert not [r for r in ranges if int(r[1], 16) < 512 << 20 and
                int(r[1], 16) - int(r[0], 16) + 1 >= 16 << 20]


@pytest.mark.parametrize("cpu, cpus, why", [
    pytest.param("Nehalem", 1, "this CPU has no AMD SVM",
                 marks=pytest.mark.long),
    ("qemu64,-svm", 1, "this CPU has no AMD SVM"),
    ("qemu64", 1, "this CPU's SVM has no nested paging"),
    ("EPYC-v1", 9, "more CPUs are enabled than CONFIG_MAX_CPUS"),
])
def test_unfit_machine_boots_without_tandem(cpu, cpus, why):
    """Of too many CPUs only the real VMM knows, and comes back to say so."""
    name = "loader-" + re.sub(r"\W+", "-", f"{cpu}-{cpus}")
    folder = paths.WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    image = disk.build(folder / "esp.img", {
        "EFI/tandem/loadvmm.efi": paths.need(paths.LOADER, "run make"),
        "EFI/tandem/tandem.elf": FINE if cpus == 1 else
                                 paths.need(paths.VMM, "run make")})
    variables = uefi_vars.write(
        folder / "vars.fd",
        [loader_entry("tandem"), uefi_vars.boot_entry("Next", SHELL)])
    with Watched(name, nic=None, cpu=cpu, cpus=cpus, disk=image, memory=256,
                 variables=variables) as machine:
        machine.console.expect_exact('starting Boot0001 "Next"', 60)
        assert machine.said() == [f"Tandem: not started: {why}{BOOTING_ON}"]


def test_cpus_that_do_not_come_back_from_the_vmm_do_not_stop_the_boot():
    """They run in its memory, which stays reserved."""
    vmm = vmm_file.make(vmm_file.refusing("not today"), others=FOR_EVER)
    options = boot.prepare("loader-others", boot.guest(NO_MODULES),
                           tandem=False, files={
        "EFI/tandem/loadvmm.efi": paths.need(paths.LOADER, "run make"),
        "EFI/tandem/tandem.elf": vmm})
    uefi_vars.write(options["variables"], [loader_entry("tandem"),
                    *boot.entries(False, boot.CMDLINE)])
    with Watched("loader-others", nic=None, cpus=2, memory=512,
                 **options) as machine:
        boot.wait_ready(machine)
        assert machine.said() == [
            "Tandem: the other CPUs do not come back",
            f"Tandem: not started: not today{BOOTING_ON}"]
        log = machine.console.run("dmesg | grep BIOS-e820")
        ranges = re.findall(r"mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] reserved",
                            log)
        assert [r for r in ranges if int(r[1], 16) < 512 << 20 and
                int(r[1], 16) - int(r[0], 16) + 1 >= 16 << 20]
        assert machine.console.run("nproc").strip() == "2"


def test_firmware_driver_leaves_the_bound_card_and_comes_back():
    """The firmware drives both virtio-net cards. The second of them is bound
    to Tandem: it has no driver while the VMM runs, and when the VMM refuses,
    it has one again. The VMM of this test is code that returns at once."""
    ids = [("bnx", 0x1af4, 0x1000), ("bnx", 0x1af4, 0x1041)]
    files = {}
    for folder, code in (("no", vmm_file.refusing("no")),
                         ("yes", vmm_file.refusing(code=0))):
        files[f"{folder}/loadvmm.efi"] = paths.need(paths.LOADER, "run make")
        files[f"{folder}/tandem.elf"] = vmm_file.make(
            code, ids=ids, bindings="device=bnx, number=1, driver=bnx")
    second = ["-netdev", "user,id=user1,restrict=on", "-device",
              "virtio-net-pci,netdev=user1,mac=52:54:00:00:00:02,romfile="]

    def driven(machine):
        """Cards that have the firmware's network interface."""
        return set(re.findall(r"/MAC\(5254000*(\w+),0x1\)\) SimpleNetwork",
                              shell(machine, "dh -p SimpleNetwork")))

    with shell_machine("loader-driver", files, "virtio-net-pci", memory=256,
                       extra=second) as machine:
        into_shell(machine)
        shell(machine, "connect -r")
        assert driven(machine) == {"123456", "2"}
        assert "not started: no;" in shell(machine, r"no\loadvmm.efi")
        assert driven(machine) == {"123456", "2"}
        assert "test: running, 16 MiB" in shell(machine, r"yes\loadvmm.efi")
        assert driven(machine) == {"123456"}


def test_a_second_start_changes_nothing():
    """Without a boot entry the firmware finds BOOTX64.EFI by itself; with one
    it does so when the entry's program ended, and starts it again."""
    running = vmm_file.make(vmm_file.refusing(code=0), release="v1")
    folder = paths.WORK / "loader-twice"
    folder.mkdir(parents=True, exist_ok=True)
    image = disk.build(folder / "esp.img", {
        "EFI/BOOT/BOOTX64.EFI": paths.need(paths.LOADER, "run make"),
        "EFI/BOOT/tandem.elf": running})
    entry = uefi_vars.boot_entry(
        "Tandem", disk.partition_node() +
        uefi_vars.file_node("/EFI/BOOT/BOOTX64.EFI"))
    with Watched("loader-twice", nic=None, disk=image, memory=256,
                 variables=uefi_vars.write(folder / "vars.fd", [entry])
                 ) as machine:
        into_shell(machine)
        assert machine.said() == ["Tandem v1: running, 16 MiB reserved",
                                 "Tandem v1: is running already"]
        shell(machine, r"\EFI\BOOT\BOOTX64.EFI")
        assert shell(machine, "echo %lasterror%").split()[-1] == "0x14"
        assert machine.said()[2:] == ["Tandem v1: is running already"]


# ---- with the VMM ----------------------------------------------------------


RUNNING = re.compile(r"Tandem \S+: running, \d+ MiB reserved")


def block_size(machine):
    """Bytes of the range that the OS's memory map has for the VMM block."""
    log = machine.console.run("dmesg | grep BIOS-e820")
    mib = int(paths.config()["VMM_MEMORY_MIB"])
    sizes = [int(r[1], 16) - int(r[0], 16) + 1 for r in
             re.findall(r"mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] reserved", log)]
    return [size for size in sizes if size == mib << 20]


def test_tandem_comes_first_in_boot_order_and_debian_next():
    options = boot.prepare("loader-order", boot.guest(NO_MODULES))
    with Watched("loader-order", nic=None, memory=512, **options) as machine:
        boot.wait_ready(machine)
        assert len(machine.said()) == 1
        assert RUNNING.fullmatch(machine.said()[0])
        assert len(block_size(machine)) == 1


def test_tandem_starts_from_the_shell_and_debian_after_it():
    options = boot.prepare(
        "loader-shell", boot.guest(NO_MODULES), tandem=False,
        files={"EFI/tandem/tandem.efi": paths.need(paths.ONE_FILE, "run make"),
               "EFI/tandem/loadvmm.efi": paths.need(paths.LOADER, "run make"),
               "EFI/tandem/tandem.elf": paths.need(paths.VMM, "run make")})
    uefi_vars.write(options["variables"],
                    [uefi_vars.boot_entry("Shell", SHELL)])
    with Watched("loader-shell", nic=None, memory=512, **options) as machine:
        into_shell(machine)
        shell(machine, r"cd EFI\tandem")
        said = shell(machine, "tandem.efi log.level=9 ip.address=10.0.2.77")
        assert "boot option word 1: log.level: expected a number" in said
        assert RUNNING.search(said)
        assert "is running already" in shell(machine, "loadvmm.efi")
        machine.console.sendline(
            r"\EFI\debian\vmlinuz.efi initrd=\EFI\debian\initrd.img " +
            boot.CMDLINE)
        boot.wait_ready(machine)
        assert len(block_size(machine)) == 1
