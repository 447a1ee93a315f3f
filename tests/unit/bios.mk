# SPDX-License-Identifier: MIT
# The parts of the loader for BIOS machines that need no firmware.
unit-tests-y += bios_e820 bios_multiboot bios_option
bios_e820-y += tests/unit/bios_e820_test.c boot/bios/e820.c boot/uefi/memory.c
bios_multiboot-y += tests/unit/bios_multiboot_test.c boot/bios/multiboot.c
bios_option-y += tests/unit/bios_option_test.c boot/bios/option.c
bios_e820-cflags := -Iboot/bios
bios_multiboot-cflags := -Iboot/bios
bios_option-cflags := -Iboot/bios
