# SPDX-License-Identifier: MIT
# The UEFI loader, build/loadvmm.efi, and with the VMM inside, build/tandem.efi.
loader-y += boot/uefi/loader.c boot/uefi/enter.S boot/uefi/elf.c \
	boot/uefi/memory.c boot/uefi/devices.c boot/uefi/file.c \
	boot/uefi/disk.c boot/uefi/http.c boot/uefi/tftp.c \
	boot/uefi/cpu.c boot/uefi/cpus.c boot/uefi/console.c core/pci/binding.c
loader-y += boot/uefi/config.c boot/uefi/menu.c boot/uefi/next.c \
	boot/uefi/section.S boot/uefi/sbat.c $(conf-sources)
