# SPDX-License-Identifier: MIT
# The freestanding C library shared by the VMM, the domains and the loader.
lib-y += lib/string.c lib/printf.c lib/hostname.c
