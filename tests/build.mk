# SPDX-License-Identifier: MIT
# Unit tests (unit/build.mk) and the guest's programs for tests and bench.
include $(wildcard tests/*/build.mk)
