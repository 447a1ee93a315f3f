/* SPDX-License-Identifier: MIT */
/*
 * By what others know this machine: the files tandem.crt, tandem.key and
 * tandem.ca, and a seed that stays the same over boots. The VMM gets them for
 * its management service (abi/mgmt.h).
 */
#ifndef BOOT_UEFI_IDENTITY_H
#define BOOT_UEFI_IDENTITY_H

#include <efi.h>
#include <stdbool.h>
#include <tandem/boot.h>

/*
 * Takes what the loader's section has and, with files, what lies beside the
 * loader in its place; finds or makes the seed. What is wrong is said on the
 * console, and nothing is fatal.
 */
void identity_read(EFI_HANDLE self, EFI_SYSTEM_TABLE *st, bool files);

/* Fills in info->file and info->seed; the files until identity_free(). */
void identity_hand_over(struct boot_info *info);

/* The VMM has taken the seed, or never will. */
void identity_wipe_seed(struct boot_info *info);

/* Wipes all that this program has of it. Before another program is started. */
void identity_free(EFI_BOOT_SERVICES *bs);

/* Zeros that the compiler does not leave out, though nobody reads them. */
static inline void identity_wipe(void *p, UINTN n)
{
	volatile uint8_t *b = p;

	while (n--)
		*b++ = 0;
}

/*
 * seed.c: 32 bytes that are the same at each boot, made at the first, from a
 * variable that only boot services can read. What they are worth, BOOT_SEED_*.
 */
uint32_t seed_read(EFI_SYSTEM_TABLE *st, uint8_t seed[BOOT_SEED_SIZE]);

#endif
