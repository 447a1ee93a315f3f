# SPDX-License-Identifier: MIT
# Programs that run inside the guest: static, so that any Linux runs them.
guest-progs-y += dbgsh
dbgsh-y += guest/dbgsh/main.c guest/dbgsh/session.c guest/dbgsh/terminal.c \
	guest/common/call_vmm.c guest/common/call_vmm_posix.c
