# SPDX-License-Identifier: MIT
# The parts of the core that need no machine.
unit-tests-y += decode
decode-y += tests/unit/decode_test.c tests/unit/decode_reference.c \
	core/x86/decode.c
decode-ldflags := -lZydis

unit-tests-y += walk debug_calls
debug_calls-y += tests/unit/debug_calls_test.c tests/unit/core_fake.c \
	core/x86/walk.c
walk-y += tests/unit/walk_test.c tests/unit/core_fake.c core/x86/walk.c

unit-tests-y += emulate
emulate-y += tests/unit/emulate_test.c tests/unit/core_fake.c \
	core/x86/emulate.c core/x86/debug.c core/x86/decode.c \
	core/x86/walk.c

unit-tests-y += binding acpi smbios
binding-y += tests/unit/binding_test.c core/pci/binding.c
acpi-y += tests/unit/acpi_test.c core/acpi.c
smbios-y += tests/unit/smbios_test.c core/smbios.c

unit-tests-y += pci
pci-y += tests/unit/pci_test.c tests/unit/pci_fake.c core/pci/config.c \
	core/pci/enumerate.c core/pci/bridge.c core/pci/binding.c \
	core/pci/bind.c core/x86/trap.c
pci-cflags := -include tests/unit/pci_fake_regs.h
pci-ldflags := -Wl,-T,tests/unit/pci_tables.lds

unit-tests-y += kept_log symbols
kept_log-y += tests/unit/kept_log_test.c core/kept_log.c
symbols-y += tests/unit/symbols_test.c core/symbols.c

unit-tests-y += facs sleep
facs-y += tests/unit/facs_test.c core/facs.c
sleep-y += tests/unit/sleep_test.c
sleep-cflags := -include tests/unit/pci_fake_regs.h

unit-tests-y += iommu
iommu-y += tests/unit/iommu_test.c core/iommu/dma_table.c core/iommu/ivrs.c

# What CPUs want of one another.
unit-tests-y += ipi cpus
ipi-y += tests/unit/ipi_test.c
cpus-y += tests/unit/cpus_test.c
cpus-ldflags := -lpthread

unit-tests-y += vmmcall
vmmcall-y += tests/unit/vmmcall_test.c tests/unit/core_fake.c core/vmmcall.c \
	core/vmmcall_memory.c core/x86/walk.c
vmmcall-ldflags := -Wl,-T,tests/unit/vmmcall_tables.lds
