# SPDX-License-Identifier: MIT
# The VMM call dbgsh: sessions and their ends.
unit-tests-y += dbgsh_core
dbgsh_core-y += tests/unit/dbgsh_core_test.c
