# SPDX-License-Identifier: MIT
"""What the system tests share: what a failed test tells of its machines, and
that what is marked as long runs with TANDEM_LONG=1 only (make test-all).

Tests run one after the other: the bench has as many CPUs as the host has, and
times are part of what is tested.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lib import paths                       # noqa: E402
from lib.machine import Machine             # noqa: E402


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("long") and not os.environ.get(
                "TANDEM_LONG"):
            item.add_marker(pytest.mark.skip(reason="long: make test-all"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test's report has its machines' last words."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        report.sections.append(("logs", "\n".join(
            [f"see the folders in {paths.LOGS}"] +
            [machine.evidence() for machine in Machine.running])))
