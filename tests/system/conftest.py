# SPDX-License-Identifier: MIT
"""What the system tests share: where the logs of a failed test are.

Tests run one after the other: the bench has as many CPUs as the host has, and
times are part of what is tested.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lib import paths                       # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test names the folder with its machine's logs."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        report.sections.append(("logs", f"see the folders in {paths.LOGS}"))
