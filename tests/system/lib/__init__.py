# SPDX-License-Identifier: MIT
"""The system tests' harness: guest images, the bench machine, its peers."""
