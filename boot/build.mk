# SPDX-License-Identifier: MIT
# The UEFI loader, build/loadvmm.efi, and with the VMM inside, build/tandem.efi.
loader-y += boot/uefi/loader.c boot/uefi/enter.S boot/uefi/elf.c \
	boot/uefi/memory.c boot/uefi/devices.c boot/uefi/file.c \
	boot/uefi/disk.c boot/uefi/http.c boot/uefi/tftp.c \
	boot/uefi/cpu.c boot/uefi/cpus.c boot/uefi/console.c core/pci/binding.c
loader-y += boot/uefi/config.c boot/uefi/menu.c boot/uefi/next.c \
	boot/uefi/section.S boot/uefi/sbat.c $(conf-sources)
loader-y += boot/uefi/identity.c boot/uefi/identity_section.S boot/uefi/seed.c

# The loader for BIOS machines, within build/tandem.elf.
bios-y += boot/bios/early.S boot/bios/entry.S boot/bios/resident.S boot/bios/loader.c \
	boot/bios/bios.c boot/bios/console.c boot/bios/cpus.c boot/bios/e820.c \
	boot/bios/multiboot.c boot/bios/option.c boot/bios/target.c \
	boot/bios/config.c boot/bios/menu.c boot/bios/uefi.c
bios-y += boot/uefi/cpu.c boot/uefi/elf.c boot/uefi/enter.S \
	boot/uefi/memory.c core/acpi.c core/x86/real_mode.S \
	core/pci/binding.c $(conf-sources)
