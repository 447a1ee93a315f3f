# SPDX-License-Identifier: MIT
"""Waiting for what has to come, on a machine that may be slow. The limits here
and in tests are for what never comes: a test that is about time measures it."""

import time


def wait_for(condition, timeout, what):
    """The first true value of condition(). what says what is wrong if none
    has come after so many seconds: text, or a function that makes it."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.2)
    return value
