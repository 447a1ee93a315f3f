# SPDX-License-Identifier: MIT
"""The bench NIC by itself: when it writes its status block, when it interrupts,
and what injected faults do to that."""

import time

import pytest
from bench_nic import driver
from bench_nic.driver import END, NOW
from bench_nic.fixtures import (  # noqa: F401
    clean, from_peer, machine, nic, to_peer)
from bench_nic.interrupts import enable_msi, intx, messages, unmask


# ---- coalescing -------------------------------------------------------------

def test_count_rule_delays_the_status_block(machine, clean):
    clean.coalescing(rx=(0, 3, 3))
    clean.post(8)
    for _ in range(2):
        machine.peer.send(from_peer())
    machine.eventually(lambda: machine.get("c-rx") == 2)
    assert clean.status()[3] == 0
    machine.peer.send(from_peer())
    assert machine.eventually(lambda: clean.status()[3] == 3)
    assert machine.get("c-status") == 1


def test_tick_rule_alone_updates(machine, clean):
    clean.coalescing(rx=(1000, 0, 0))
    clean.post(8)
    machine.peer.send(from_peer())
    assert machine.eventually(lambda: clean.status()[3] == 1)


def test_no_rule_no_update_until_coalesce_now(machine, clean):
    clean.coalescing(tx=(0, 0, 0))
    clean.send(bytes(to_peer()))
    assert machine.peer.receive()
    time.sleep(0.05)
    assert clean.status()[4] == 0
    clean.write(driver.HC_MODE, 0x10a)
    assert clean.status()[4] == 1
    assert clean.read(driver.HC_MODE) == 0x102, "the bit clears itself"


def test_coalesce_now_flag_of_a_bd_updates(machine, clean):
    clean.coalescing(tx=(0, 0, 0))
    clean.send(bytes(to_peer()), END | NOW)
    assert machine.eventually(lambda: clean.status()[4] == 1)


def test_other_count_rule_during_interrupt(machine, clean):
    clean.coalescing(rx=(0, 1, 4))
    clean.write(driver.MBOX_INTERRUPT, 1)
    clean.post(8)
    for _ in range(3):
        machine.peer.send(from_peer())
    machine.eventually(lambda: machine.get("c-rx") == 3)
    assert clean.status()[3] == 0
    clean.write(driver.MBOX_INTERRUPT, 0)
    assert clean.status()[3] == 3, "outside, the rule is one"


def test_tag_changes_with_each_update_in_tagged_mode(machine, clean):
    assert clean.status()[1] == 0
    machine.config_write(0x68, 0x28a)
    clean.write(driver.HC_MODE, 0x10a)
    first = clean.status()[1]
    clean.write(driver.HC_MODE, 0x10a)
    assert clean.status()[1] == (first + 1) & 0xff


# ---- interrupts -------------------------------------------------------------

def test_status_update_asserts_intx_until_the_mailbox_is_written(machine,
                                                                 clean):
    unmask(machine)
    assert not intx(machine)
    clean.write(driver.HC_MODE, 0x10a)
    assert intx(machine)
    clean.write(driver.MBOX_INTERRUPT, 1)
    assert not intx(machine)
    clean.write(driver.HC_MODE, 0x10a)
    assert not intx(machine), "in the handler"
    clean.write(driver.MBOX_INTERRUPT, 0)
    assert not intx(machine), "untagged: what came meanwhile is forgotten"


def test_tagged_mailbox_write_compares(machine, clean):
    unmask(machine, tagged=True)
    clean.write(driver.HC_MODE, 0x10a)
    seen = clean.status()[1]
    clean.write(driver.MBOX_INTERRUPT, 1)
    clean.write(driver.HC_MODE, 0x10a)
    clean.write(driver.MBOX_INTERRUPT, seen << 24)
    assert intx(machine), "there is a newer status block"
    clean.write(driver.MBOX_INTERRUPT, clean.status()[1] << 24)
    assert not intx(machine)


def test_mask_holds_the_interrupt_inside(machine, clean):
    clean.write(driver.HC_MODE, 0x10a)
    assert not intx(machine)
    unmask(machine)
    assert intx(machine)


def test_command_bit_10_disables_intx(machine, clean):
    unmask(machine)
    machine.config_write(4, 0x406)
    clean.write(driver.HC_MODE, 0x10a)
    # The status bit tells what is pending; the pin is QEMU's business.
    assert machine.get("c-intx") == 1
    machine.config_write(4, 6)
    assert intx(machine)


def test_set_interrupt_bit_raises_without_new_data(machine, clean):
    unmask(machine)
    before = clean.status()[2:]
    clean.write(driver.LOCAL_CTRL, 4)
    assert intx(machine)
    assert clean.read(driver.LOCAL_CTRL) & 7 == 1, "active; 1 and 2 read 0"
    assert clean.status()[2:] == before
    clean.write(driver.LOCAL_CTRL, 2)
    assert not intx(machine)


@pytest.mark.parametrize("vector", [0x31, 0xef])
def test_msi_carries_any_vector(machine, clean, vector):
    unmask(machine)
    enable_msi(machine, vector)
    clean.write(driver.HC_MODE, 0x10a)
    assert messages(machine, vector)
    assert not intx(machine), "never both"
    clean.write(driver.HC_MODE, 0x10a)
    assert messages(machine, vector), "each update, without one-shot"


def test_one_shot_msi_waits_for_the_mailbox(machine, clean):
    unmask(machine, tagged=True)
    enable_msi(machine, 0x41)
    clean.set_bits(0x7c04, 1 << 29)
    clean.write(driver.HC_MODE, 0x10a)
    assert messages(machine, 0x41)
    seen = clean.status()[1]
    clean.write(driver.HC_MODE, 0x10a)
    assert not messages(machine, 0x41)
    clean.write(driver.MBOX_INTERRUPT, seen << 24)
    assert messages(machine, 0x41), "the newer block's"
    clean.write(driver.MBOX_INTERRUPT, clean.status()[1] << 24)
    assert not messages(machine, 0x41)


# ---- injected faults --------------------------------------------------------

def test_fault_tx_stop_lasts_until_it_is_taken_back(machine, clean):
    machine.set("fault-tx-stop", True)
    clean.send(bytes(to_peer()))
    assert machine.peer.receive(0.1) is None
    clean.bring_up()
    clean.send(bytes(to_peer()))
    assert machine.peer.receive(0.1) is None
    machine.set("fault-tx-stop", False)
    assert machine.peer.receive()


def test_fault_tx_hang_ends_with_a_reset(machine, clean):
    machine.set("fault-tx-hang", True)
    clean.send(bytes(to_peer()))
    assert machine.peer.receive(0.1) is None
    clean.bring_up()
    assert machine.get("fault-tx-hang") is False
    clean.send(bytes(to_peer()))
    assert machine.peer.receive()


def test_reset_stuck_never_completes(machine, clean):
    machine.set("reset-stuck", True)
    clean.sram_write(0xb50, 0x4b657654)
    clean.reset()
    assert clean.read(driver.MISC_CONFIG) & 1
    assert clean.sram_read(0xb50) == 0x4b657654
    machine.set("reset-stuck", False)
    assert not clean.read(driver.MISC_CONFIG) & 1
    assert clean.sram_read(0xb50) == 0xb49a89ab


def test_no_status_dma_withholds_block_and_interrupt(machine, clean):
    unmask(machine)
    machine.set("no-status-dma", True)
    clean.post(8)
    machine.peer.send(from_peer())
    assert machine.eventually(lambda: machine.get("c-rx") == 1)
    clean.write(driver.HC_MODE, 0x10a)
    assert clean.status()[3] == 0 and not intx(machine)
    machine.set("no-status-dma", False)
    assert clean.status()[3] == 1 and intx(machine)
