# SPDX-License-Identifier: MIT
"""The configuration that is read at boot: tandem.conf beside the loader, the
loader's section .tandemcf and the boot option. What is right counts, and
whatever is wrong is told on the console and in the log, and boots on.

Fast boots end where the firmware, which is the guest by then, goes on to its
next boot entry. TANDEM_CONFIGS=100 tries as many bad configurations (make
test-config); 10 of them are in make test.
"""

import importlib
import json
import os
import re
import subprocess
import sys

import pytest
from lib import boot, disk, paths, uefi_vars
from lib.bad_conf import BadConf
from lib.dbgsh import DebugShell
from lib.efi_shell import SHELL, Watched, into_shell, shell, shell_machine
from lib.gdbstub import GdbStub, VmmMemory
from lib.machine import Machine

CONFIGS = int(os.environ.get("TANDEM_CONFIGS", "4"))
SHOWN = 8               # lines on the console, boot/uefi/config.c
TOLD = 100              # lines in the log, core/conf/boot.c
ON_CONSOLE = 250        # characters of a line
ADDRESS = paths.config()["IP_ADDRESS"]
NETD_MODULES = ("tg3", "virtio_pci", "virtio_net", "af_packet")

# OVMF with Debian's test key enrolled has Secure Boot on.
SNAKEOIL_KEY = "/usr/share/ovmf/PkKek-1-snakeoil.key"
SNAKEOIL_CERT = "/usr/share/ovmf/PkKek-1-snakeoil.pem"
SNAKEOIL_VARS = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"


def output(*command):
    """(status, lines that it printed)"""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, done.stdout.splitlines()


def tool(*arguments):
    return output(paths.TOP / "scripts" / "tandem-conf", *arguments)


CHECK = (paths.TOP / "scripts" / "tandem-conf", "check")


def loader_with(folder, text, *options):
    """The loader with text in its section."""
    (folder / "section").write_bytes(text)
    made = folder / "loadvmm.efi"
    tool("section", paths.need(paths.LOADER, "run make"), folder / "section",
         "--output", made, *options)
    return made


def working_folder(name):
    folder = paths.WORK / f"config-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def parts(folder, section=None, file=None, option=""):
    """What is on the partition, and the boot entry of the loader."""
    files = {"EFI/tandem/loadvmm.efi":
             paths.need(paths.LOADER, "run make") if section is None else
             loader_with(folder, section),
             "EFI/tandem/tandem.elf": paths.need(paths.VMM, "run make")}
    if file is not None:
        files["EFI/tandem/tandem.conf"] = file
    entry = uefi_vars.boot_entry(
        "Tandem", disk.partition_node() +
        uefi_vars.file_node("/EFI/tandem/loadvmm.efi"), option)
    return files, entry


class Booted(Watched):
    """A fast boot: up to where the guest goes on, when started."""

    def __init__(self, name, section=None, file=None, option="",
                 source=None, loader=None, **more):
        folder = working_folder(name)
        files, entry = parts(folder, section, file, option)
        if loader:
            files["EFI/tandem/loadvmm.efi"] = loader
        more.setdefault("nic", None)
        super().__init__(
            f"config-{name}", memory=256,
            disk=disk.build(folder / "esp.img", files),
            variables=uefi_vars.write(
                folder / "vars.fd",
                [entry, uefi_vars.boot_entry("Next", SHELL)], source), **more)

    def start(self):
        super().start()
        self.console.expect_exact('loading Boot0001 "Next"', 90)
        return self

    def complaints(self):
        """Lines of the log about the configuration, without what is around
        them."""
        return [line.split("error: config: ", 1)[1]
                for line in self.vmm_log().splitlines()
                if "error: config: " in line]


def as_on_console(told):
    lines = ["Tandem: " + line for line in told[:SHOWN]]
    if len(told) > SHOWN:
        lines.append(f"Tandem: {len(told) - SHOWN} more lines of the "
                     "configuration are wrong; the log has them")
    return [line[:ON_CONSOLE] for line in lines]


# ---- what is wrong --------------------------------------------------------


def checked(folder, conf, check=CHECK):
    """What the build host's checker says of it."""
    if conf.source == "option":
        return output(*check, "--option", conf.text)
    (folder / "text").write_bytes(conf.text)
    how = ["--section"] if conf.source == "section" else []
    return output(*check, *how, folder / "text")


def agree(conf, told):
    """Each line that is wrong is told once, in order. The last ones may be
    about values that do not fit together."""
    places = [line for line in told if not line.startswith("ip.")]
    beginnings = conf.beginnings()
    assert len(places) == len(beginnings)
    for line, beginning in zip(places, beginnings):
        assert line.startswith(beginning)


def test_author_and_checker_agree_on_many():
    """Without boots, and without the script around the checker."""
    check = [paths.need(paths.BUILD / "host" / "tandem-conf", "run make")]
    for seed in range(1000, 2000):
        conf = BadConf(seed)
        status, told = checked(working_folder("many"), conf, check)
        assert status == 1, f"seed {seed}"
        agree(conf, told)


TEXTS = ("", "0.0.0.0", "10.0.2.3", "10.0.2.3,10.0.2.4", "10.0.2.3 , 10.0.2.4",
         "10.0.2.3,", "1.2.3.4,1.2.3.4,1.2.3.4", "10.0.2.3,0.0.0.0", "10.0.2",
         "300.1.1.1", "127.0.0.1", "224.0.0.1", "10.0.2.03", "0x7f000001",
         "log", "log.example.net", "3com.example", "example.3com", "a..b", "a.",
         "-a", "a-", "a_b", "x" * 63 + ".test", "x" * 64 + ".test",
         "a." * 61 + "test1", "a." * 61 + "test12", "::", "::1", "fe80::1",
         "FE80::1", "ff02::1", "ff::1", "1::2::3", "1:2:3:4:5:6:7:8",
         "1:2:3:4:5:6:7", "12345::", "::ffff:10.0.0.1", "fe80::1%eth0")


def test_the_build_judges_addresses_and_names_as_the_boot_does():
    """scripts/kconfig.py has it all once more, in Python."""
    sys.path.append(str(paths.TOP / "scripts"))
    kconfig = importlib.import_module("kconfig")
    checker = paths.need(paths.BUILD / "host" / "tandem-conf", "run make")
    file = working_folder("build") / "text"
    for key, check in (("ip.dns", kconfig.check_dns),
                       ("syslog.address", kconfig.check_receiver)):
        for text in TEXTS:
            file.write_text(f"{key} = {text}\n")
            status, told = output(checker, file)
            assert (status == 0) == (check(text) is None), (key, text, told)


@pytest.mark.parametrize("seed", range(CONFIGS))
def test_bad_configuration_is_told_and_boots_on(seed):
    """By its author, the checker on the host, the loader and the VMM the same
    lines are wrong."""
    conf = BadConf(seed)
    folder = working_folder("bad")
    status, told = checked(folder, conf)
    assert status == 1
    agree(conf, told)
    with Booted("bad", **{conf.source: conf.text}) as machine:
        said = machine.said()
        assert said[:-1] == as_on_console(told)
        assert "running, " in said[-1]
        log = machine.wait_vmm_log("guest runs")
        assert machine.complaints() == told[:TOLD]
        values = "1 value " if conf.good == 1 else f"{conf.good} values "
        assert (f"config: {values}set by" in log) == (conf.good > 0)


def test_a_folder_of_that_name_and_an_empty_file_are_no_configuration():
    with Booted("folder", file=b"") as machine:
        assert len(machine.said()) == 1
        assert machine.complaints() == []
    folder = working_folder("folder")
    files, _ = parts(folder)
    files["EFI/tandem/tandem.conf/x"] = b"dbgsh = n"
    disk.build(folder / "esp.img", files)
    # the same machine, with the other disk
    with Watched("config-folder", nic=None, memory=256,
                 disk=folder / "esp.img",
                 variables=folder / "vars.fd") as machine:
        machine.console.expect_exact('loading Boot0001 "Next"', 90)
        assert machine.said()[:-1] == [
            "Tandem: tandem.conf: cannot be read; nothing of it is used"]
        assert "config: tandem.conf: cannot be read" in machine.vmm_log()


# ---- what is right --------------------------------------------------------


def test_a_card_is_left_to_the_guest_by_the_file():
    conf = b"# none\npci = device=bnx, driver=none\npanic.reboot = y\n"
    with Booted("pci", file=conf, nic="bcm5722") as machine:
        assert "00:01.0: left alone" in machine.wait_vmm_log("guest runs")
        assert "bnx:" not in machine.vmm_log()
        assert "config: 2 values set by tandem.conf" in machine.vmm_log()


def test_words_behind_the_name_in_the_firmwares_shell_count():
    """The shell puts the program's name first, which is no setting. Without a
    port the log is silent."""
    folder = working_folder("shell")
    files, _ = parts(folder)
    with shell_machine("config-shell", files, memory=256) as machine:
        into_shell(machine)
        said = shell(machine, r"EFI\tandem\loadvmm.efi log.serial_port=0 fast")
        assert "boot option word 2: expected key = value, found" in said
        assert "word 1:" not in said
        assert "running, " in said
        assert machine.vmm_log() == ""


SECTION = b"""\
ip.address = 10.0.2.61
echo.server.port = 4711
panic.reboot = y
log.level = 3
"""
FILE = b"""\
ip.address = 10.0.2.62          # the option has another
echo.server.autostart = y
log.level = high
"""
OPTION = "ip.address=10.0.2.63 quiet"
TAKEN = "10.0.2.63"


@pytest.fixture(scope="module")
def three_texts():
    """A guest above a VMM whose configuration has all three sources."""
    folder = working_folder("three")
    options = boot.prepare(
        "config-three", boot.guest(NETD_MODULES), tandem=False, files={
            "EFI/BOOT/tandem.elf": paths.need(paths.VMM, "run make"),
            "EFI/BOOT/BOOTX64.EFI": loader_with(folder, SECTION),
            "EFI/BOOT/tandem.conf": FILE})
    tandem = uefi_vars.boot_entry(
        "Tandem", disk.partition_node() +
        uefi_vars.file_node("/EFI/BOOT/BOOTX64.EFI"), OPTION)
    uefi_vars.write(options["variables"],
                    [tandem, *boot.entries(False, boot.CMDLINE)])

    def make():
        machine = Machine("config-three", forward=[(TAKEN, 4711)], **options)
        machine.extra = GdbStub.arguments(machine)
        return machine

    machine, _ = boot.start(make)
    yield machine
    machine.stop()


def test_the_option_comes_before_the_file_and_that_before_the_section(
        three_texts):
    log = three_texts.wait_vmm_log("echo server on port 4711")
    assert f"netd: address {TAKEN}" in log
    assert ('tandem.conf line 3: log.level: expected a number from 0 to 3, '
            'found "high"; 3 of .tandemcf line 4 stays') in log
    assert 'boot option word 2: expected key = value, found "quiet"' in log


def test_the_echo_server_listens_where_the_texts_say(three_texts):
    boot.dhcp(three_texts)
    with three_texts.connect(TAKEN, 4711) as tcp:
        tcp.sendall(b"by configuration")
        assert tcp.recv(100) == b"by configuration"


def test_config_shows_values_and_sources(three_texts):
    with DebugShell(three_texts.console) as shell:
        one = shell.command("config ip.address")
        assert one.split() == ["ip.address", "boot", "option", "word", "1",
                               TAKEN]
        values = json.loads(shell.command("config --json"))
        every = shell.command("config")
        said = shell.command("config ip.adress ip.mtu log.levle")
        for wrong in "ip.adress", "log.levle":
            assert f'expected a key, not "{wrong}"' in said
        assert "ip.mtu  " in said and 'not "ip.mtu"' not in said
    assert "2 lines of the configuration were refused: see log" in every
    assert values["ip.address"] == {
        "value": TAKEN, "source": "boot option", "line": 1}
    assert values["echo.server.port"] == {
        "value": "4711", "source": ".tandemcf", "line": 2}
    assert values["echo.server.autostart"] == {
        "value": "y", "source": "tandem.conf", "line": 2}
    assert values["log.level"]["value"] == "3"
    assert values["ip.netmask"] == {"value": "255.255.255.0",
                                    "source": "default"}
    assert values["vmm.memory"] == {
        "value": paths.config()["VMM_MEMORY_MIB"], "source": "default"}
    for name in values:
        assert name in every


def test_a_panic_would_end_as_the_section_says(three_texts):
    block = int(re.search(r"MiB at (0x[0-9a-f]+)", three_texts.vmm_log())[1],
                16)
    with GdbStub(three_texts) as stub:
        memory = VmmMemory(stub, block)
        assert stub.read(memory.address("panic_reboots"), 1) == b"\1"


def test_dbgsh_is_off_when_the_file_says_so():
    options = boot.prepare("config-dbgsh", boot.guest(()), files={
        "EFI/BOOT/tandem.conf": b"dbgsh = n\n"})
    machine, _ = boot.start(lambda: Machine("config-dbgsh", nic=None,
                                            memory=512, **options))
    try:
        _, said = machine.console.status("dbgsh </dev/null")
        assert "dbgsh is switched off" in said
    finally:
        machine.stop()


# ---- Secure Boot ----------------------------------------------------------


@pytest.fixture(scope="module")
def key():
    """Debian's key without its password, for sbsign."""
    folder = working_folder("secure")
    plain = folder / "key"
    subprocess.run(["openssl", "rsa", "-passin", "pass:snakeoil", "-in",
                    SNAKEOIL_KEY, "-out", plain], check=True, timeout=60,
                   capture_output=True)
    return plain


SIGNED = b"pci = device=bnx, driver=none\nlog.level = 3\n"
UNSIGNED = {"file": b"ip.address = 10.0.2.63\npci = driver=bnx\n"
                    b"dbgsh = n\necho.server.port = 9\n"
                    b"ip.dns = 10.0.2.3\nsyslog.address = log.test\n",
            "option": "log.level=0"}


def only_addresses_were_set(machine):
    """With SIGNED in the section and UNSIGNED beside it."""
    log = machine.wait_vmm_log("guest runs")
    only = ": under Secure Boot only what is signed may set it; "
    assert machine.complaints() == [
        f"tandem.conf line 2: pci{only}device=bnx, driver=none of "
        ".tandemcf line 1 stays",
        f"tandem.conf line 3: dbgsh{only}the default y stays",
        f"boot option word 1: log.level{only}3 of .tandemcf line 2 stays"]
    assert machine.said()[:-1] == [f"Tandem: {line}"
                                   for line in machine.complaints()]
    assert "2 values set by .tandemcf" in log
    assert "4 values set by tandem.conf" in log


def test_under_secure_boot_what_is_not_signed_sets_addresses_only(key):
    loader = loader_with(working_folder("secure"), SIGNED, "--key", key,
                         "--cert", SNAKEOIL_CERT)
    with Booted("secure", loader=loader, source=SNAKEOIL_VARS,
                **UNSIGNED) as machine:
        only_addresses_were_set(machine)


def test_the_firmware_does_not_start_a_section_that_was_changed(key):
    folder = working_folder("forged")
    signed = loader_with(folder, b"dbgsh = y\n", "--key", key, "--cert",
                         SNAKEOIL_CERT)
    data = signed.read_bytes()
    assert data.count(b"dbgsh = y\n") == 1
    signed.write_bytes(data.replace(b"dbgsh = y\n", b"dbgsh = n\n"))
    with Booted("forged", loader=signed, source=SNAKEOIL_VARS) as machine:
        assert machine.said() == []
        assert machine.vmm_log() == ""


# ---- on the build host ----------------------------------------------------


KEY = "only-for-those-who-know"


def kconfig(folder, command, argument, text):
    """scripts/kconfig.py with that .config."""
    (folder / ".config").write_text(text)
    subprocess.run([paths.TOP / "scripts" / "kconfig.py", command, argument],
                   cwd=paths.TOP, check=True, timeout=60,
                   env=dict(os.environ, KCONFIG_CONFIG=folder / ".config"))


def symbols(folder, text):
    """What the VMM can tell of its configuration: {name: (chosen, value)}."""
    kconfig(folder, "generate", folder / "made", text)
    made = (folder / "made" / "symbols.h").read_text()
    return {name: (chosen == "1", value) for name, chosen, value in re.findall(
        r'X\((\w+), "[^"]*", 1, (\d), \w+, \w+, "(.*)"\)', made)}


def test_the_vmm_tells_what_was_chosen_but_no_key(tmp_path):
    made = symbols(tmp_path, f'CONFIG_DEBUG_ROOT_KEY=y\nCONFIG_DEBUG_KEY='
                   f'"{KEY}"\nCONFIG_IP_DHCP=y\nCONFIG_LOG_LEVEL=3\n')
    assert made["DEBUG_KEY"] == (True, "...")
    assert made["DEBUG_ROOT_KEY"] == (True, "y")
    assert made["DEBUG_PROGRAM_OFF"] == (True, "n")
    assert made["DEBUG_PROGRAM_ANY"] == (False, "n")
    assert made["IP_MODE"] == (True, "dhcp")
    assert made["LOG_LEVEL"] == (True, "3")
    assert made["VMMCALL_DBGSH_ANY"] == (False, "y")
    made = symbols(tmp_path, "CONFIG_IP_STATIC=y\nCONFIG_DBGSH=y\n")
    assert [made[name] for name in ("IP_MODE", "DEBUG_PROGRAM_OFF", "DBGSH")
            ] == [(False, "static"), (False, "y"), (False, "y")]


def test_the_configuration_that_is_installed_has_no_key(tmp_path):
    kconfig(tmp_path, "publicconfig", tmp_path / "public",
            f'CONFIG_DEBUG_ROOT_KEY=y\nCONFIG_DEBUG_KEY="{KEY}"\n')
    text = (tmp_path / "public").read_text()
    assert "CONFIG_DEBUG_ROOT_KEY=y" in text and KEY not in text


LSPCI = """\
00:00.0 Host bridge [0600]: Advanced Micro Devices, Inc. [AMD] Root Complex \
[1022:1450]
01:00.0 Ethernet controller [0200]: Broadcom Inc. and subsidiaries NetXtreme \
BCM5722 Gigabit Ethernet PCI Express [14e4:165a]
02:00.0 Ethernet controller [0200]: Intel Corporation 82574L Gigabit Network \
Connection [8086:10d3] (rev 01)
"""
VERBOSE = LSPCI.replace("[14e4:165a]\n", "[14e4:165a]\n\tSubsystem: Dell "
                        "NetXtreme BCM5722 [1028:020b]\n\tFlags: fast\n")


def bindings(text, lspci):
    """scripts/pci-bindings: (status, what it printed)."""
    file = working_folder("pci") / "lspci"
    file.write_text(lspci)
    done = subprocess.run([paths.TOP / "scripts" / "pci-bindings", text, file],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_pci_bindings_tells_who_would_drive_what():
    status, said = bindings("device=bnx, number=0, driver=bnx, net=ippass, "
                            "virtio=1", LSPCI)
    assert status == 0
    lines = said.splitlines()
    assert [line.split(":", 2)[1].split("  ")[1] for line in lines] == [
        "the guest's", "bnx net=ippass, virtio=1, by rule 1", "the guest's"]
    status, said = bindings("rev=01, id=8086:*, driver=conceal", LSPCI)
    assert status == 0
    assert "02:00.0  conceal, by rule 1:" in said
    status, said = bindings("subsystem=1028:*, driver=bnx", VERBOSE)
    assert status == 0
    assert "01:00.0  bnx, by rule 1:" in said


@pytest.mark.parametrize("text, says", [
    ("device=bnx, number=1, driver=bnx", "rule 1 (driver bnx): no such device"),
    ("id=8086:*, driver=e1000", 'this VMM has no driver "e1000"'),
    ("device=bnx", "column 11: rule without driver=NAME"),
    ("subsystem=1028:*, driver=bnx", "take lspci -nnv"),
])
def test_pci_bindings_says_what_cannot_be_followed(text, says):
    status, said = bindings(text, LSPCI)
    assert status == 1
    assert says in said
