# SPDX-License-Identifier: MIT
# The guest that does what an OS does not, a UEFI application.
efi-progs-y += payload
payload-y += $(addprefix tests/guest/payload/,main.c machine.c traps.S low.S \
	access.c ports.c modes.c debug.c events.c delivery.c calls.c)
