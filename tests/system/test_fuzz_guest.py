# SPDX-License-Identifier: MIT
"""Can a guest that does anything at random make the VMM panic, or keep it from
answering? The short form of `make fuzz-guest`; and what that found, as cases.
"""

import re
import time

import pytest
from lib import fuzz, paths, wire

SECONDS = 60
CAMPAIGN_SECONDS = 30
BOOT_SECONDS = 10


def machine(options, number, cpus=2):
    boot = fuzz.Boot("fuzz-cases", options, 1, SECONDS, f"cases={number}",
                     cpus)
    return boot.machine


@pytest.fixture(scope="module")
def options():
    return fuzz.prepare("fuzz-cases")


@pytest.fixture(scope="module")
def ends(options):
    """How each case ended: "itself 0" or "vector N"."""
    with machine(options, 1) as m:
        m.console.expect_exact("fuzz: cases done", timeout=60)
        said = m.console.before
        assert "panic" not in m.vmm_log()
    return dict(re.findall(r"fuzz: case (\S+) \.\.\. ended by (\w+ \d+)",
                           said))


@pytest.mark.parametrize("name", ["cr4-reserved", "cr4-prefixed",
                                  "cr3-reserved"])
def test_reserved_bits_of_a_control_register_are_a_general_protection_fault(
        ends, name):
    """QEMU makes the exit of a refused VMRUN of them."""
    assert ends[name] == "vector 13"


@pytest.mark.parametrize("name", ["cr0-nw", "dr7-high", "dr6-high"])
def test_a_state_that_vmrun_refuses_is_not_entered(ends, name):
    """Hardware does not let it arise; QEMU does."""
    assert ends[name] in ("itself 0", "vector 13")


@pytest.mark.parametrize("vector", [20, 31, 80])
def test_an_interrupt_that_cannot_be_delivered_is_a_double_fault(ends, vector):
    assert ends[f"vector-{vector}-hidden"] == "vector 8"


@pytest.mark.parametrize("vector", [20, 31, 80])
def test_an_interrupt_whose_delivery_exits_is_delivered_again(ends, vector):
    """Is it still told from an exception, whatever its vector?"""
    assert ends[f"vector-{vector}-new"] == f"vector {vector}"


def test_a_double_fault_that_cannot_be_delivered_is_the_guests_end(options):
    with machine(options, 2) as m:
        log = m.wait_vmm_log("guest: triple fault", timeout=60)
        assert "panic" not in log


@pytest.mark.parametrize("cpus", [1, 2])
def test_the_vmm_answers_a_guest_that_changed_its_apic_id_and_hangs(options,
                                                                    cpus):
    with machine(options, 3, cpus) as m:
        m.console.expect_exact("case other-apic-id ...", timeout=60)
        time.sleep(1)
        assert None not in wire.ping(m.peer, paths.config()["IP_ADDRESS"],
                                     count=3)


def test_a_guest_that_does_anything_leaves_the_vmm_alive():
    campaign = fuzz.Campaign("fuzz-short", boot_seconds=BOOT_SECONDS)
    campaign.run(CAMPAIGN_SECONDS)
    print(campaign.table())
    assert not campaign.findings, "\n".join(campaign.findings)
    assert campaign.operations > 1000
    assert campaign.causes[fuzz.NO_START] <= 1
