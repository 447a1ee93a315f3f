/* SPDX-License-Identifier: MIT */
/*
 * Where GRUB for UEFI comes in, having been asked not to end boot services
 * (Multiboot2 2.0, 3.1.9, 3.1.11 and 3.5): tandem.elf has no loader for UEFI,
 * so it says on the firmware's console what to do instead and ends GRUB, upon
 * which the firmware goes on with its boot order.
 */
#include <efi.h>

#include "console.h"
#include "multiboot.h"
#include "uefi.h"

static void say_to_firmware(SIMPLE_TEXT_OUTPUT_INTERFACE *out, const char *text)
{
	static CHAR16 wide[sizeof(WRONG_FIRMWARE) + 2];
	unsigned int n = 0;

	while (text[n] && n < sizeof(WRONG_FIRMWARE)) {
		wide[n] = (CHAR16)text[n];
		n++;
	}
	wide[n++] = '\r';
	wide[n++] = '\n';
	wide[n] = 0;
	out->OutputString(out, wide);
}

/* entry.S, in the firmware's own 64-bit mode. */
void uefi_main(uint32_t address) __attribute__((noreturn));
void uefi_main(uint32_t address)
{
	struct multiboot_uefi uefi = multiboot_uefi(address);
	EFI_SYSTEM_TABLE *st = (void *)uefi.system_table;

	if (st && st->ConOut)
		say_to_firmware(st->ConOut, WRONG_FIRMWARE);
	/* not EFI_SUCCESS: docs/boot.md */
	if (st && uefi.image)
		st->BootServices->Exit((EFI_HANDLE)uefi.image, EFI_ABORTED, 0,
				       NULL);
	wrong_firmware();
}
