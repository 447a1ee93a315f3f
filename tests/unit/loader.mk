# SPDX-License-Identifier: MIT
# The parts of the UEFI loader that need no firmware.
unit-tests-y += loader_elf loader_memory loader_cpu
loader_elf-y += tests/unit/loader_elf_test.c boot/uefi/elf.c
loader_memory-y += tests/unit/loader_memory_test.c boot/uefi/memory.c
loader_cpu-y += tests/unit/loader_cpu_test.c boot/uefi/cpu.c
loader_elf-cflags := -Iboot/uefi
loader_memory-cflags := -Iboot/uefi
loader_cpu-cflags := -Iboot/uefi
