# SPDX-License-Identifier: MIT
"""The bench NIC by itself: each rule of strict mode (docs/bench-nic.md) is
broken once, and nothing but that rule is reported."""

import pytest
from bench_nic import driver
from bench_nic.driver import END, L4_SUM, LSO, Nic
from bench_nic.fixtures import (  # noqa: F401
    MAC, PEER, broken, clean, from_peer, machine, nic, to_peer)
from bench_nic.packets import L3, pseudo_sum
from bench_nic.qtest import QtestMachine
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw


@pytest.mark.parametrize("size", [1, 8])
def test_rule_tx_fragment(machine, nic, size):
    frame = bytes(to_peer(b"f" * 60))
    nic.send_bd(frame[:-size], 0)
    nic.send_bd(frame[-size:], END)
    nic.post_send()
    broken(machine, "tx-fragment")


def test_fragment_of_nine_bytes_is_fine(machine, clean):
    frame = bytes(to_peer(b"f" * 60))
    clean.send_bd(frame[:-9], 0)
    clean.send_bd(frame[-9:], END)
    clean.post_send()
    assert machine.peer.receive() == frame


@pytest.fixture(scope="module")
def big():
    """A machine with memory up to 9 GiB, from 4 GiB on without a hole."""
    with QtestMachine("bench-nic-big", memory=7168) as m:
        yield m


def test_buffers_and_rings_may_be_anywhere_in_64_bits(big):
    nic = Nic(big).bring_up()
    for addr in (0x7ff00000, 0x180000000, 0x1fffff000, 0x200000000):
        frame = bytes(to_peer(bytes(f"at {addr:x}".ljust(60), "ascii")))
        big.write(addr, frame)
        nic.send(frame, addr=addr)
        assert big.peer.receive() == frame
    nic.std_bd(0, addr=0x1e0000000)
    nic.write(driver.MBOX_STD, 1)
    big.peer.send(from_peer(b"high" * 20))
    assert nic.receive()[0].endswith(b"high")
    nic.reset()
    nic.rings(ret=0x1c0000000)
    nic.enable(post=8)
    big.peer.send(from_peer(b"ring" * 20))
    assert big.eventually(lambda: nic.status()[3] == 1)
    assert big.readl(0x1c0000008) & 0xffff == 98
    assert big.get("c-violations") == 0, big.log()


def test_rule_dma_4g(big):
    nic = Nic(big).bring_up()
    big.set("clear-counters", True)
    frame = bytes(to_peer(b"c" * 114))
    big.write(0x1ffffffc0, frame)
    nic.send(frame, addr=0x1ffffffc0)
    broken(big, "dma-4g")


@pytest.mark.parametrize("addr", [driver.BAR0, 64 << 20, 1 << 40])
def test_rule_dma_ram(machine, nic, addr):
    nic.send_bd(b"", END, addr=addr, length=100)
    nic.post_send()
    broken(machine, "dma-ram")
    assert machine.eventually(lambda: nic.status()[4] == 1)


@pytest.mark.parametrize("ring", ["send", "std", "ret"])
def test_rule_ring_align(machine, nic, ring):
    nic.reset()
    nic.rings(**{ring: 0x180800})
    nic.enable()
    broken(machine, "ring-align")


def test_rule_ring_disabled(machine, nic):
    nic.reset()
    nic.rings()
    nic.sram_write(0x108, 2)
    nic.enable()
    broken(machine, "ring-disabled")


def test_rule_status_align(machine, nic):
    nic.reset()
    nic.rings(status=driver.STATUS + 0x20)
    nic.enable()
    nic.write(driver.HC_MODE, 0x10a)
    broken(machine, "status-align")


def test_rule_std_post(machine, nic):
    for i in range(9):
        nic.std_bd(i)
    nic.write(driver.MBOX_STD, 9)
    broken(machine, "std-post")


def test_many_buffers_may_be_posted_before_the_engine_starts(machine, clean):
    clean.reset()
    clean.rings()
    for i in range(200):
        clean.std_bd(i)
    clean.write(driver.MBOX_STD, 200)
    clean.enable()
    machine.peer.send(from_peer())
    assert clean.receive()


def test_rule_std_overrun(machine, nic):
    nic.post(504)
    nic.write(driver.MBOX_STD, 0)               # 8 more: one too many
    broken(machine, "std-overrun")


def test_rule_std_index(machine, nic):
    nic.write(driver.MBOX_STD, 512)
    broken(machine, "std-index")


def test_rule_std_buffer(machine, nic):
    nic.post(1, length=100)
    machine.peer.send(from_peer(b"l" * 200))
    broken(machine, "std-buffer")
    assert machine.get("c-drop-rx-dma") == 1


def test_rule_ret_index(machine, nic):
    nic.write(driver.MBOX_RETURN, 1)
    broken(machine, "ret-index")


def test_rule_tx_index(machine, nic):
    nic.set_bits(driver.TX_MODE, 0)
    nic.write(driver.MBOX_SEND, 512)
    broken(machine, "tx-index")


def test_rule_tx_overrun(machine, nic):
    machine.set("fault-tx-stop", True)
    nic.write(driver.MBOX_SEND, 500)
    nic.write(driver.MBOX_SEND, 12)
    broken(machine, "tx-overrun")


def test_rule_tx_no_end(machine, nic):
    nic.send_bd(bytes(to_peer()), 0)
    nic.post_send()
    broken(machine, "tx-no-end")


def test_rule_tx_length(machine, nic):
    nic.send(bytes(to_peer(b"l" * 1510)))
    broken(machine, "tx-length")
    assert machine.peer.receive(0.05) is None


@pytest.mark.parametrize("flags", [8, 0x100])
def test_rule_tx_flags(machine, nic, flags):
    nic.send(bytes(to_peer()), END | flags)
    broken(machine, "tx-flags")


def test_rule_tx_flags_same_in_all_bds(machine, nic):
    frame = pseudo_sum(Ether(src=MAC, dst=PEER) / L3[4] / UDP() /
                       Raw(b"d" * 40))
    nic.send_bd(frame[:40], L4_SUM)
    nic.send_bd(frame[40:], END)
    nic.post_send()
    broken(machine, "tx-flags")


@pytest.mark.parametrize("what", ["not-ip", "fragment", "no-pseudo-sum"])
def test_rule_tx_csum(machine, nic, what):
    frame = {
        "not-ip": bytes(to_peer()),
        "fragment": bytes(Ether(src=MAC, dst=PEER) /
                          IP(dst="10.0.2.2", flags="MF") / UDP() /
                          Raw(b"d" * 40)),
        "no-pseudo-sum": bytes(Ether(src=MAC, dst=PEER) / L3[4] /
                               UDP(chksum=0x1234) / Raw(b"d" * 40)),
    }[what]
    nic.send(frame, END | L4_SUM)
    broken(machine, "tx-csum")


def lso_frame(mss=1000, **changes):
    packet = Ether(src=MAC, dst=PEER) / IP(
        dst="10.0.2.2", len=changes.get("len", mss + 40),
        chksum=changes.get("ip_sum", 0)) / TCP(
            chksum=changes.get("tcp_sum", 0)) / Raw(b"p" * 3000)
    return bytes(packet)


@pytest.mark.parametrize("changes", [{"len": 3040}, {"ip_sum": 1},
                                     {"tcp_sum": 1}])
def test_rule_tx_lso_fields(machine, nic, changes):
    nic.send(lso_frame(**changes), END | LSO, mss=1000 | 40 << 9)
    broken(machine, "tx-lso")


@pytest.mark.parametrize("field", [40 << 9, 1000 | 52 << 9, 1000])
def test_rule_tx_lso_headers(machine, nic, field):
    nic.send(lso_frame(), END | LSO, mss=field)
    broken(machine, "tx-lso")
    assert machine.peer.receive(0.05) is None


def test_rule_tx_lso_must_be_enabled(machine, nic):
    nic.write(driver.READ_DMA, 2)
    nic.send(lso_frame(), END | LSO, mss=1000 | 40 << 9)
    broken(machine, "tx-lso")


def test_rule_tx_port(machine, nic):
    nic.write(driver.MAC_MODE, 0xe00000)
    nic.send(bytes(to_peer()))
    broken(machine, "tx-port")


def test_rule_reg_size(machine, nic):
    machine.writeb(driver.BAR0 + 0x43c, 0)
    broken(machine, "reg-size")


def test_configuration_mirror_takes_bytes(machine, clean):
    machine.writeb(driver.BAR0 + 0x0c, 0)


@pytest.mark.parametrize("offset", [driver.STD_RCB + 4,
                                    driver.HC_STATUS + 4])
def test_rule_reg_busy(machine, nic, offset):
    nic.write(offset, 0x300000)
    broken(machine, "reg-busy")


def test_rule_reg_busy_for_control_blocks_in_sram(machine, nic):
    nic.sram_write(0x104, 0x300000)
    broken(machine, "reg-busy")


def test_rule_reset_wait(machine, nic):
    # Two accesses must come within 100 us: one of 8 bytes has the second
    # dword's write as its own, so the reset is asked for through the port.
    machine.config_write(0x78, driver.MISC_CONFIG)
    for _ in range(50):
        machine.ask("outl 0xcf8 "
                    f"{0x80000000 | 5 << 11 | 0x80:#x}")
        machine.sock.sendall(b"outl 0xcfc 0x20000001\n"
                             b"readl 0xc0000400\n")
        machine.lines.readline()
        machine.lines.readline()
        if machine.get("v-reset-wait"):
            break
    assert machine.get("v-reset-wait")


def test_rule_mbox_high(machine, nic):
    nic.write(0x300, 5)
    broken(machine, "mbox-high")


def test_rule_swap_mode(machine, nic):
    nic.reset()
    nic.rings()
    nic.enable(mode_ctrl=0x130000)
    broken(machine, "swap-mode", 2)             # read and write DMA


def test_rule_mem_arbiter(machine, nic):
    nic.write(0x4000, 0)
    nic.sram_read(0x4000)
    broken(machine, "mem-arbiter")


def test_rule_nvram_lock(machine, nic):
    nic.write(0x7024, 1)
    nic.write(0x700c, 0)
    nic.write(0x7000, 0x198)
    broken(machine, "nvram-lock")


def test_rule_mi_busy(machine, nic):
    command = (f"writel {driver.BAR0 + driver.MI_COM:#x} "
               f"{2 << 26 | 1 << 21 | 1 << 16 | 1 << 29:#x}\n").encode()
    machine.sock.sendall(command * 20)
    for _ in range(20):
        machine.lines.readline()
    assert machine.get("v-mi-busy")


def test_without_strict_nothing_is_counted():
    with QtestMachine("bench-nic-lax", "strict=off") as machine:
        nic = Nic(machine).bring_up()
        nic.write(driver.MBOX_STD, 511)
        assert machine.get("c-violations") == 0
