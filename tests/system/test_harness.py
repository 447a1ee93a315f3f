# SPDX-License-Identifier: MIT
"""The harness itself: what the other tests take for granted."""

import socket
import threading

import pytest
from lib import boot, cost, disk, paths, uefi_vars, wire
from lib.console import CommandFailed
from lib.initramfs import module_order
from lib.machine import GUEST_ADDRESS, NIC_MAC, Machine
from lib.peer import Peer


def test_modules_come_after_what_they_need():
    order = [name for name, _ in module_order(["virtio_net", "tg3"])]
    assert order.index("virtio_ring") < order.index("virtio")
    assert order.index("virtio") < order.index("virtio_net")
    assert order.index("libphy") < order.index("tg3")


def test_unknown_module_is_an_error():
    with pytest.raises(KeyError, match="no_such_module"):
        module_order(["no_such_module"])


def test_full_variable_store_is_an_error():
    store = paths.OVMF_VARS.read_bytes()
    with pytest.raises(ValueError, match="full"):
        uefi_vars.append(store, {"Big": b"x" * len(store)})


def test_partition_table_is_what_the_boot_entry_names(tmp_path):
    image = disk.build(tmp_path / "esp.img", {"A/b.txt": b"c"}, mib=64)
    assert disk.partition_node(64)[24:40] == disk.PARTITION_ID.bytes_le
    with open(image, "rb") as f:
        f.seek(2 * 512 + 16)
        assert f.read(16) == disk.PARTITION_ID.bytes_le


def test_an_exit_costs_what_ran_between_it_and_the_next_entry():
    def event(what, *total):
        return what, 0, 0, 0, cost.Counts(*total)

    work = cost.Work([
        event(cost.NPF, 10, 70, 7, 0), event(cost.BEGIN, 15, 70, 7, 0),
        event(0x72, 20, 80, 9, 0), event(0x61, 30, 90, 9, 5),
        event(cost.END, 40, 90, 9, 5), event(cost.NPF, 50, 99, 9, 5)])
    assert [(e.code, e.counts.core, e.counts.net, e.counts.domain)
            for e in work.exits] == [(0x72, 10, 2, 0), (0x61, 10, 0, 5)]
    assert work.total == (25, 20, 2, 5)
    assert [e.code for e in cost.plain(work.exits)] == [0x72]
    assert work.reasons() == "CPUID 1, NMI 1"
    with pytest.raises(AssertionError, match="two markers"):
        cost.Work([event(cost.BEGIN, 0, 0, 0, 0)])


def test_a_peer_that_sent_and_received_can_be_closed(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(tmp_path / "other"))
        other.settimeout(5)
        peer = Peer(tmp_path / "peer", tmp_path / "other")
        for number in (b"1", b"2"):
            peer.send(number)
            assert other.recv(100) == number
            other.sendto(number, str(tmp_path / "peer"))
            assert peer.receive(5) == number
        closing = threading.Thread(target=peer.close, daemon=True)
        closing.start()
        closing.join(5)
        assert not closing.is_alive()


def test_a_station_that_takes_no_frames_is_an_error_in_time(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(tmp_path / "other"))
        peer = Peer(tmp_path / "peer", tmp_path / "other")
        with pytest.raises(TimeoutError, match="does not take"):
            for _ in range(100_000):
                peer.send(b"x" * 1500)
        peer.close()


@pytest.fixture(scope="module")
def machine():
    """A QEMU NIC instead of the bench's: the harness alone is tested."""
    # A loader that is no program, so that the firmware goes on in its order.
    options = boot.prepare("harness", boot.guest(), files={
        "EFI/BOOT/BOOTX64.EFI": b"no program", "EFI/BOOT/tandem.elf": b"x"})
    with Machine("harness", nic="e1000e", peer=True,
                 forward=[(GUEST_ADDRESS, 7)], **options) as m:
        boot.wait_ready(m)
        yield m


def test_firmware_goes_on_to_the_next_boot_entry(machine):
    log = (machine.folder / "console.log").read_text(errors="replace")
    failed = log.index('failed to load Boot0000 "Tandem"')
    assert failed < log.index('starting Boot0001 "Debian"')


def test_a_failing_command_in_the_guest_fails_the_test(machine):
    assert machine.console.run("echo one; echo two") == "one\ntwo\n"
    with pytest.raises(CommandFailed, match="ended with 3"):
        machine.console.run("(echo why; exit 3)")


def test_user_network_forward_and_raw_peer_share_one_wire(machine):
    boot.dhcp(machine)
    console = machine.console
    console.run("nc -ll -p 7 -e cat & for n in 1 2 3 4 5 6 7 8 9; do "
                "netstat -ltn | grep -q ':7 ' && break; sleep 1; done")
    with machine.connect(GUEST_ADDRESS, 7) as tcp:
        tcp.sendall(b"across the wire")
        assert tcp.recv(100) == b"across the wire"
    assert wire.arp(machine.peer, GUEST_ADDRESS) == NIC_MAC
