# SPDX-License-Identifier: MIT
# Guests of the system tests: in the firmware, and above Linux.
efi-progs-y += allcpus hang probe waits
allcpus-y += tests/system/efi/allcpus.c
hang-y += tests/system/efi/hang.c tests/system/efi/call.c
probe-y += tests/system/efi/probe.c
waits-y += tests/system/efi/waits.c

guest-progs-y += debugmark kexecload vmmcalls vmmcalls32 vmmstatus callrate
debugmark-y += tests/system/guest/debugmark.c guest/dbgsh/session.c \
	guest/dbgsh/interactive.c guest/dbgsh/terminal_posix.c \
	guest/common/call_vmm.c guest/common/call_vmm_posix.c
debugmark-cflags := -Iguest/dbgsh
kexecload-y += tests/system/guest/kexecload.c
vmmcalls-y += tests/system/guest/vmmcalls.c
vmmstatus-y += tests/system/guest/vmmstatus.c
vmmstatus-cflags := -Icore/include
callrate-y += tests/system/guest/callrate.c

# 32-bit code needs no library of that kind.
vmmcalls32-y += tests/system/guest/vmmcalls32.c
vmmcalls32-cflags := -m32 -ffreestanding -fno-pic -fno-stack-protector \
	-fcf-protection=none
vmmcalls32-ldflags := -m32 -nostdlib -Wl,--build-id=none
