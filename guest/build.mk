# SPDX-License-Identifier: MIT
# Programs that run inside the guest: static, so that any Linux runs them. What
# is among guest-ports-y is made for other systems, too.
guest-progs-y += dbgsh
guest-ports-y += dbgsh

call_vmm := guest/common/call_vmm.c
call_vmm_posix := guest/common/call_vmm_posix.c
dbgsh := guest/dbgsh/main.c guest/dbgsh/session.c guest/dbgsh/interactive.c \
	guest/dbgsh/script.c

dbgsh-y += $(dbgsh) guest/dbgsh/terminal_posix.c \
	$(call_vmm) $(call_vmm_posix)
dbgsh-windows-y += $(dbgsh) guest/dbgsh/terminal_windows.c \
	$(call_vmm) guest/common/call_vmm_windows.c

guest-progs-y += tandem-status
guest-ports-y += tandem-status
tandem-status-y += guest/status/main.c $(call_vmm) $(call_vmm_posix)
tandem-status-windows-y += guest/status/main.c $(call_vmm) \
	guest/common/call_vmm_windows.c
tandem-status-cflags := -Icore/include

# A client of the debug shell that shares nothing with dbgsh, for the tests.
guest-progs-y += shellclient
shellclient-y += tests/system/guest/shellclient.c

# Tests of library and dbgsh, for systems that the unit tests are not built for.
guest-ports-y += call_vmm_test echoshell
echoshell := tests/system/guest/echoshell.c guest/dbgsh/session.c \
	guest/dbgsh/script.c
echoshell-y += $(echoshell) guest/dbgsh/terminal_posix.c
echoshell-windows-y += $(echoshell) guest/dbgsh/terminal_windows.c
echoshell-cflags := -Iguest/dbgsh
call_vmm_test-y += tests/unit/call_vmm_test.c $(call_vmm) \
	$(call_vmm_posix)
call_vmm_test-windows-y += tests/unit/call_vmm_test.c $(call_vmm) \
	guest/common/call_vmm_windows.c
call_vmm_test-cflags := -Itests/unit

# The VMM's log in the kernel's. Users build it by DKMS. (override: tests/guest has
# the other modules, and would have this one, too.)
guest-modules-y += tandem-log
override tandem-log-dir := guest/tandem-log
