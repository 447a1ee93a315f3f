# SPDX-License-Identifier: MIT
# The VMM call dbgsh: sessions and their ends.
unit-tests-y += dbgsh_core
dbgsh_core-y += tests/unit/dbgsh_core_test.c
# Those of the management service.
unit-tests-y += mgmt_session
mgmt_session-y += tests/unit/mgmt_session_test.c
