# SPDX-License-Identifier: MIT
"""Helpers of the bench NIC's own tests."""
