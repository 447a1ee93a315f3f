# SPDX-License-Identifier: MIT
"""Sleep (ACPI S3) and wake, several times in a row: does everything that the
VMM drives work afterwards, and does a connection of its own survive? Then
what a guest can do wrong with the registers of sleep.

A machine whose NIC is behind a bridge and one with an IOMMU sleep, too: these
lose their state as well.
"""

import re
import time

import pytest
from lib import alive, boot, paths, smi, traffic, wire
from lib.dbgsh import DebugShell
from lib.machine import HOST_ADDRESS, Machine

ADDRESS = paths.config()["IP_ADDRESS"]
PORT = 7
SLEEPS = 2
CPUS = 4
LONG_SLEEP = 5      # seconds
EDU = "edu,addr=0x0a,dma_mask=0xffffffffffffffff"

FADT = "/sys/firmware/acpi/tables/FACP"
FADT_FACS = 36
FACS_VECTOR = 12

# PM1 control: SLP_EN and a sleep type. QEMU's chipset knows types 0 (off), 1
# (S3) and 2 (S4).
ORDER_S3 = 1 << 13 | 1 << 10
ORDER_UNKNOWN = 1 << 13 | 5 << 10


class BehindBridge(Machine):
    def network_arguments(self):
        return ["-device", "pcie-root-port,id=rp0,chassis=1,slot=1,addr=5"] \
            + super().network_arguments()


def start(name, make, extra=(), cmdline="", **options):
    image = boot.guest(("virtio_pci", "virtio_net", "af_packet"))
    for module in ("edudma", "badsleep"):
        image.file(f"modules/{module}.ko", paths.need(
            paths.BUILD / "modules" / f"{module}.ko",
            "run make guest-modules"))
    smi.add_module(image)
    files = boot.prepare(name, image, cmdline=cmdline)
    m, _ = boot.start(lambda: make(
        name, peer=True, forward=[(ADDRESS, PORT)],
        extra=["-global", "ICH9-LPC.disable_s3=0", *extra],
        **options, **files))
    return m


def ready(machine):
    boot.dhcp(machine)
    with DebugShell(machine.console) as shell:
        assert "listens" in shell.command(f"echoctl server start {PORT}")


@pytest.fixture(scope="module")
def plain():
    m = start("sleep", Machine)
    try:
        ready(m)
        yield m
    finally:
        m.stop()


@pytest.fixture(scope="module")
def bridged():
    """With several CPUs, too."""
    m = start("sleep-bridge", BehindBridge, nic_options="strict=on,bus=rp0",
              cpus=CPUS)
    try:
        ready(m)
        yield m
    finally:
        m.stop()


@pytest.fixture
def confined():
    """Its guest takes the card's interrupts by pin."""
    m = start("sleep-iommu", Machine, cmdline="pci=nomsi",
              extra=("-device", EDU, "-device", "amd-iommu"))
    try:
        ready(m)
        yield m
    finally:
        m.stop()


# ---- steps ----

def wait_status(machine, status, timeout=30):
    deadline = time.monotonic() + timeout
    while machine.qmp("query-status")["status"] != status:
        assert time.monotonic() < deadline, f"the machine is not {status}"
        time.sleep(0.05)


def fall_asleep(machine, command="echo mem >/sys/power/state"):
    assert "[deep]" in machine.console.run("cat /sys/power/mem_sleep")
    machine.console.begin(command)
    wait_status(machine, "suspended")


def wake(machine):
    machine.qmp("system_wakeup")
    code, _ = machine.console.end(60)
    assert code == 0
    assert "PM: suspend exit" in machine.console.run("dmesg | tail -n 30")


def works(machine):
    """Guest's network, VMM's network, debug shell."""
    machine.console.run(f"ping -c 2 -W 5 {HOST_ADDRESS}")
    for to_guest in (True, False):
        traffic.transfer(machine, to_guest, 3_000_000, check=True)
    alive.services_live_on(machine, ADDRESS, PORT)
    with DebugShell(machine.console) as shell:
        assert "Tandem" in shell.command("version")
        assert re.search(r"netd +waits", shell.command("ps"))
    assert boot.complaints(machine) == ""
    assert machine.nic_counter("c-violations") == 0


def echoes(tcp, data):
    tcp.sendall(data)
    answer = b""
    while len(answer) < len(data):
        piece = tcp.recv(100)
        assert piece, "echo: closed"
        answer += piece
    assert answer == data


def word(machine, address):
    """32 bits of memory as QEMU sees them, without the VMM in between."""
    said = machine.qmp.monitor(f"xp /1wx {address:#x}")
    return int(said.split(":")[1], 16)


def vector_address(machine):
    """Where the waking vector is."""
    said = machine.console.run(
        f"dd if={FADT} bs=1 skip={FADT_FACS} count=4 2>/dev/null "
        "| hexdump -ve '1/4 \"%u\"'")
    return int(said) + FACS_VECTOR


def order(machine, value, vector, prefix=""):
    """Sleep as no OS orders it, see tests/guest/badsleep."""
    machine.console.begin(
        f"{prefix}insmod /modules/badsleep.ko order={value} vector={vector}")


def order_and_wake(machine, vector):
    order(machine, ORDER_S3, vector)
    wait_status(machine, "suspended")
    machine.qmp("system_wakeup")


# ---- sleep and wake ----

@pytest.mark.parametrize("number", range(SLEEPS))
def test_everything_works_after_sleep(plain, number):
    """In the middle of traffic. The VMM's own connection is one that was
    open before, and a new one."""
    log = plain.vmm_log()
    plain.console.run(f"ping -f {HOST_ADDRESS} >/dev/null 2>&1 & sleep 0.3")
    with plain.connect(ADDRESS, PORT, timeout=30) as tcp:
        echoes(tcp, b"before sleep")
        fall_asleep(plain)
        time.sleep(LONG_SLEEP if not number else 1)
        wake(plain)
        echoes(tcp, b"after sleep")
    plain.console.status("killall ping")
    works(plain)
    new = plain.vmm_log()[len(log):]
    assert new.count("sleep: awake, guest at 0x") == 1
    assert "error:" not in new and "warning:" not in new


def test_time_of_the_vmm_only_goes_on(plain):
    """And does not count the sleep."""
    times = [float(t) for t in
             re.findall(r"^\[ *(\d+\.\d+)\]", plain.vmm_log(), re.M)]
    assert times == sorted(times)
    assert times[-1] < plain.seconds()


def test_the_firmware_wakes_the_vmm_in_a_page_that_the_guest_leaves_alone(
        plain):
    at = vector_address(plain)
    fall_asleep(plain)
    asleep = word(plain, at)
    wake(plain)
    assert asleep % 4096 == 0 and 0 < asleep < 1 << 20
    assert word(plain, at) != asleep
    ranges = re.findall(r"([0-9a-f]+)-([0-9a-f]+) : (.*)",
                        plain.console.run("cat /proc/iomem"))
    owner = [name for low, high, name in ranges
             if int(low, 16) <= asleep <= int(high, 16)]
    assert "Reserved" in owner and "System RAM" not in owner
    works(plain)


def test_bridge_and_all_cpus_come_back(bridged):
    for _ in range(2):
        fall_asleep(bridged)
        wake(bridged)
        assert bridged.console.run(
            "cat /sys/devices/system/cpu/online").strip() == f"0-{CPUS - 1}"
        for cpu in range(CPUS):
            assert "Tandem" in bridged.console.run(
                f"taskset {1 << cpu:x} dbgsh -c version")
        works(bridged)


@pytest.mark.parametrize("cpu", range(CPUS))
def test_an_smi_after_sleep_does_not_run_the_guests_code(bridged, cpu):
    """A wake puts SMBASE back to where the guest can write."""
    smi.do_nothing(bridged, cpu, refused=True)


def test_an_order_from_another_cpu_is_carried_out_by_the_first(bridged):
    order(bridged, ORDER_UNKNOWN, 0x1234, "taskset 4 ")
    bridged.console.end(30)
    bridged.wait_vmm_log("the machine did not sleep")
    works(bridged)
    log = bridged.vmm_log()
    order(bridged, ORDER_S3, 0, "taskset 4 ")
    wait_status(bridged, "suspended")
    bridged.qmp("system_wakeup")
    bridged.wait_vmm_log("no waking vector to use: machine reset")
    assert "does not wake up" not in bridged.vmm_log()[len(log):]


def test_no_device_reaches_the_vmm_after_sleep(confined):
    block = int(re.search(r"MiB at (0x[0-9a-f]+)", confined.vmm_log())[1], 16)
    fall_asleep(confined)
    wake(confined)
    works(confined)
    assert "IO-APIC" in confined.console.run("grep virtio /proc/interrupts")
    said = confined.console.run(
        f"insmod /modules/edudma.ko target={block + 4096:#x}; "
        "dmesg | grep edudma: | tail -n 1")
    assert "own page same, target page nothing" in said


# ---- what a guest can do wrong ----

def test_can_an_order_that_the_machine_does_not_know_stop_the_vmm(plain):
    order(plain, ORDER_UNKNOWN, 0x1234)
    plain.console.end(30)
    plain.wait_vmm_log("the machine did not sleep")
    assert word(plain, vector_address(plain)) == 0x1234
    works(plain)


def test_can_a_wake_into_nonsense_hurt_the_vmm(plain):
    """The guest's first page: interrupt vectors, run as code."""
    at = vector_address(plain)
    order_and_wake(plain, 0x10)
    plain.wait_vmm_log("awake, guest at 0x10\n")
    assert word(plain, at) == 0x10      # its own again
    alive.services_live_on(plain, ADDRESS, PORT)


def test_does_a_wake_to_nowhere_reset_the_machine(plain):
    """The last test."""
    plain.qmp("system_reset")
    plain.console.agent = False
    boot.wait_ready(plain)
    order_and_wake(plain, 0)
    plain.wait_vmm_log("no waking vector to use: machine reset")
    plain.console.agent = False
    boot.wait_ready(plain)
    ready(plain)
    works(plain)
