# SPDX-License-Identifier: MIT
# Guests of the system tests: in the firmware, and above Linux.
efi-progs-y += allcpus hang probe
allcpus-y += tests/system/efi/allcpus.c
hang-y += tests/system/efi/hang.c tests/system/efi/call.c
probe-y += tests/system/efi/probe.c

guest-progs-y += kexecload vmmcalls
kexecload-y += tests/system/guest/kexecload.c
vmmcalls-y += tests/system/guest/vmmcalls.c
