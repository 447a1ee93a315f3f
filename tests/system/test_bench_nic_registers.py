# SPDX-License-Identifier: MIT
"""The bench NIC by itself: identity, frames both ways, link and reset, with the
test as its driver."""

import struct
import time
import zlib

import pytest
from bench_nic import driver
from bench_nic.driver import END
from bench_nic.fixtures import (  # noqa: F401
    MAC, broken, clean, from_peer, machine, nic, to_peer)
from bench_nic.interrupts import enable_msi, intx, unmask
from bench_nic.qtest import QtestMachine


# ---- identity ---------------------------------------------------------------

def test_configuration_space_is_that_of_a_5722(machine, clean):
    assert machine.config_read(0) == 0x165a14e4
    assert machine.config_read(8) >> 8 == 0x020000
    assert machine.config_read(0x68) >> 16 == 0xa200
    chain, at = [], machine.config_read(0x34) & 0xff
    while at:
        value = machine.config_read(at)
        chain.append((at, value & 0xff))
        at = value >> 8 & 0xff
    assert chain == [(0x48, 1), (0x50, 3), (0x58, 9), (0xe8, 5), (0xd0, 0x10)]


def test_bar0_mirrors_configuration_space(machine, clean):
    assert clean.read(0) == 0x165a14e4
    clean.write(0x6c, 0x76180000)
    assert machine.config_read(0x6c) == 0x76180000


def test_registers_are_reached_through_configuration_space(machine, clean):
    machine.config_write(0x78, 0xc0002454)
    assert machine.config_read(0x80) == driver.STD_RING
    machine.config_write(0x04, 0)               # MEM off: the port still works
    assert machine.config_read(0x80) == driver.STD_RING
    machine.config_write(0x04, 6)


def test_memory_window_shows_sram(machine, clean):
    clean.sram_write(0x4000, 0x12345678)
    machine.config_write(0x7c, 0)
    assert clean.read(0x8000 + 0x4000) == 0x12345678


def test_boot_code_leaves_the_address(machine, clean):
    assert clean.sram_read(0xb50) == 0xb49a89ab
    assert clean.sram_read(0xb54) == 0x4b657654
    assert clean.sram_read(0xc14) == 0x484b5254
    assert clean.sram_read(0xc18) == 0x00123456
    assert (clean.read(0x410), clean.read(0x414)) == (0x5254, 0x123456)


def test_nvram_checksums_are_valid(machine, clean):
    clean.write(0x7020, 2)
    assert clean.read(0x7020) & 1 << 9
    clean.write(0x7024, 1)
    image = b""
    for at in range(0, 0x100, 4):
        clean.write(0x700c, at)
        clean.write(0x7000, 0x198)
        assert clean.read(0x7000) & 8
        image += struct.pack(">I", clean.read(0x7010))
    clean.write(0x7020, 0x20)
    assert not clean.read(0x7020) & 0xf00
    assert image[:4] == b"\x66\x99\x55\xaa"
    assert zlib.crc32(image[:0x10]) == struct.unpack("<I", image[0x10:0x14])[0]
    assert zlib.crc32(image[0x74:0xfc]) == \
        struct.unpack("<I", image[0xfc:0x100])[0]
    assert image[0x7e:0x84].hex(":") == MAC


def test_device_id_and_address_can_be_chosen():
    options = "strict=on,device-id=0x1659"
    with QtestMachine("bench-nic-id", options) as machine:
        assert machine.config_read(0) == 0x165914e4


# ---- frames -----------------------------------------------------------------

def test_frames_of_all_lengths_go_out(machine, clean):
    for size in (14, 59, 60, 61, 1000, 1514):
        frame = bytes(to_peer())[:14] + bytes(i & 255 for i in
                                              range(size - 14))
        clean.send(frame)
        assert machine.peer.receive() == frame.ljust(60, b"\0")
    assert machine.eventually(lambda: clean.status()[4] == 6)
    assert machine.get("c-tx") == 6


def test_scattered_frame_is_gathered(machine, clean):
    frame = bytes(to_peer(bytes(range(256)) * 4))
    for at in range(0, len(frame), 100):
        last = at + 100 >= len(frame)
        clean.send_bd(frame[at:at + 100], END if last else 0)
    clean.post_send()
    assert machine.peer.receive() == frame
    assert machine.get("c-tx-bds") == (len(frame) + 99) // 100


def test_send_ring_wraps_around(machine, clean):
    for i in range(driver.ENTRIES + 20):
        clean.send(bytes(to_peer(struct.pack("<I", i) * 12)))
        assert machine.peer.receive()[14:18] == struct.pack("<I", i)


def test_frames_come_in_with_their_fcs(machine, clean):
    clean.post(8)
    for size in (60, 1000, 1514):
        frame = bytes(from_peer(b"z" * (size - 14)))
        machine.peer.send(frame)
        data, flags, extra, _, fcs = clean.receive()
        assert data == frame and flags & 4 and not extra
        assert struct.unpack("<I", fcs)[0] == zlib.crc32(frame)
    assert clean.status()[2] == 3, "std consumer"


def test_other_stations_frames_are_filtered(machine, clean):
    clean.write(driver.RX_MODE, 2)
    clean.post(8)
    machine.peer.send(from_peer(dst="52:54:00:99:99:99"))
    machine.peer.send(from_peer(dst="01:00:5e:00:00:01"))
    machine.peer.send(from_peer(b"for all" * 10, dst="ff:ff:ff:ff:ff:ff"))
    assert clean.receive()[0].endswith(b"for all")
    assert machine.get("c-drop-rx-filter") == 2
    # bits 6:5 of the CRC select the register, 4:0 the bit
    crc = ~zlib.crc32(bytes.fromhex("01005e000001")) & 0x7f
    clean.write(0x470 + 4 * (crc >> 5), 1 << (crc & 31))
    machine.peer.send(from_peer(dst="01:00:5e:00:00:01"))
    assert clean.receive()[0][:6].hex() == "01005e000001"


def test_too_long_frames_are_dropped_and_counted(machine, clean):
    clean.post(8)
    machine.peer.send(from_peer(b"l" * 1600))
    machine.peer.send(from_peer(b"good" * 20))
    assert clean.receive()[0].endswith(b"good")
    assert machine.get("c-drop-rx-length") == 1


def test_without_buffers_frames_are_dropped_and_counted(machine, clean):
    machine.peer.send(from_peer())
    assert machine.eventually(lambda: machine.get("c-drop-rx-no-bd") == 1)
    assert clean.read(0x224c) == 1
    assert clean.read(0x224c) == 0, "clear on read"


def test_with_flow_control_frames_wait_for_buffers(machine, nic):
    nic.write(driver.TX_MODE, 0x12)
    for i in range(5):
        machine.peer.send(from_peer(bytes([i]) * 60))
    assert machine.eventually(lambda: machine.get("c-rx-held"))
    assert machine.get("c-drop") == 0
    nic.post(8)
    for i in range(5):
        assert nic.receive()[0][14] == i
    assert machine.get("c-violations") == 0


def test_full_return_ring_holds_frames(machine, nic):
    nic.write(driver.TX_MODE, 0x12)
    nic.post(8)
    # The consumer is moved so that there is room for three.
    nic.write(driver.MBOX_RETURN, 4)
    broken(machine, "ret-index")
    for i in range(5):
        machine.peer.send(from_peer(bytes([i]) * 60))
    assert machine.eventually(lambda: nic.status()[3] == 3)
    time.sleep(0.05)
    assert nic.status()[3] == 3
    nic.write(driver.MBOX_RETURN, 2)
    assert machine.eventually(lambda: nic.status()[3] == 5)


@pytest.mark.parametrize("loopback", ["mac", "phy"])
def test_loopback(machine, clean, loopback):
    clean.post(8)
    if loopback == "mac":
        clean.write(driver.MAC_MODE, 0xe00018)
    else:
        clean.mii_write(0, 0x4140)
        assert clean.read(0x460) & 8
    frame = bytes(to_peer(b"loop" * 20))
    clean.send(frame)
    assert clean.receive()[0] == frame
    assert machine.peer.receive(0.1) is None


# ---- link -------------------------------------------------------------------

def test_link_change_is_told_in_the_status_block(machine, clean):
    unmask(machine)
    clean.write(driver.MODE_CTRL, 0x4130034)
    clean.write(driver.MAC_STATUS, 1 << 12)
    clean.write(driver.MAC_EVENT, 1 << 12)
    machine.qmp.set_link("nic0", False)
    try:
        clean.wait_link(False)
        assert clean.status()[0] & 2 and intx(machine)
        assert not clean.mii_read(1) & 4
        clean.write(driver.MAC_STATUS, 1 << 12)
        clean.write(driver.HC_MODE, 0x10a)
        assert not clean.status()[0] & 2
    finally:
        machine.qmp.set_link("nic0", True)
    clean.wait_link()
    assert clean.status()[0] & 2
    clean.mii_read(1)
    assert clean.mii_read(1) & 0x24 == 0x24
    assert clean.mii_read(0x19) >> 8 & 7 == 7


def test_link_status_is_latched_low(machine, clean):
    clean.mii_read(1)
    clean.mii_write(0, 0x1340)                  # restart: down, then up
    clean.wait_link(True)
    assert not clean.mii_read(1) & 4, "tells of the loss once"
    assert clean.mii_read(1) & 4


def test_speed_follows_what_is_advertised(machine, clean):
    clean.mii_write(9, 0)
    clean.mii_write(0, 0x1340)
    clean.wait_link(False, 0.5) if not clean.read(0x460) & 8 else None
    clean.wait_link()
    assert clean.mii_read(0x19) >> 8 & 7 == 5, "100 full"


def test_frames_are_lost_without_link(machine, clean):
    machine.qmp.set_link("nic0", False)
    try:
        clean.wait_link(False)
        clean.send(bytes(to_peer()))
        assert machine.eventually(lambda: clean.status()[4] == 1)
        assert machine.peer.receive(0.05) is None
        assert machine.get("c-drop-tx-link") == 1
    finally:
        machine.qmp.set_link("nic0", True)


# ---- reset ------------------------------------------------------------------

def test_core_reset_keeps_what_it_must(machine, clean):
    enable_msi(machine, 0x55)
    clean.write(0x414, 0x999999)
    clean.reset()
    assert machine.config_read(4) & 6 == 6
    assert machine.config_read(0xe8) >> 16 & 1
    assert clean.read(0x6000) == 2
    assert clean.read(0x414) == 0x123456, "reloaded from NVRAM"
    for engine in driver.RX_ENGINES + driver.SEND_ENGINES + (
            driver.HC_MODE, driver.RX_MODE, driver.TX_MODE):
        assert clean.read(engine) == 0
    assert clean.read(driver.MISC_CONFIG) & 1 == 0
    assert clean.sram_read(0xb50) == 0xb49a89ab


def test_it_works_again_after_reset(machine, clean):
    clean.send(bytes(to_peer(b"one" * 30)))
    assert machine.peer.receive()
    clean.bring_up(post=8)
    clean.send(bytes(to_peer(b"two" * 30)))
    assert machine.peer.receive().endswith(b"two")
    machine.peer.send(from_peer())
    assert clean.receive()
