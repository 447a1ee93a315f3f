# SPDX-License-Identifier: MIT
# The guest's programs, as far as they need no VMM.
dbgsh_session-y += guest/dbgsh/interactive.c guest/dbgsh/script.c \
	guest/dbgsh/terminal_posix.c
dbgsh_session-cflags += -D_GNU_SOURCE

unit-tests-y += call_vmm
call_vmm-y += tests/unit/call_vmm_test.c guest/common/call_vmm.c \
	guest/common/call_vmm_posix.c
call_vmm-cflags := -Iguest/common
