/* SPDX-License-Identifier: MIT */
/*
 * A guest kernel (the firmware, CPL 0, all memory mapped) that reads and
 * writes every page of each reserved range of RAM below 4 GiB that could be the
 * VMM block. Does it see or change anything of the VMM?
 *
 * Prints, for each range: its base, its pages, of how many pages a word read
 * as something other than all zeros or all ones, and in how many a word that
 * was written could be read back.
 */
#include <efi.h>
#include <efilib.h>

#define MIN_PAGES	1024		/* the smallest VMM block, 4 MiB */
#define LIMIT		0xb0000000ull	/* Q35: no RAM from here to 4 GiB */
#define PATTERN		0x5a5aa5a5c3c33c3cull
#define WORDS		512
#define STEP		73		/* 0, 73, ... 511: both ends of it */

static int page_seen(volatile UINT64 *page)
{
	UINTN i;
	UINT64 word;

	for (i = 0; i < WORDS; i += STEP) {
		word = page[i];
		if (word != 0 && word != ~0ull)
			return 1;
	}
	return 0;
}

static int page_kept(volatile UINT64 *page)
{
	UINTN i;
	int kept = 0;

	for (i = 0; i < WORDS; i += STEP)
		page[i] = PATTERN;
	for (i = 0; i < WORDS; i += STEP)
		kept |= page[i] == PATTERN;
	return kept;
}

static void probe(UINT64 base, UINT64 pages)
{
	volatile UINT64 *page;
	UINT64 i, seen = 0, kept = 0;

	for (i = 0; i < pages; i++) {
		page = (volatile UINT64 *)(UINTN)(base + i * EFI_PAGE_SIZE);
		seen += page_seen(page);
		kept += page_kept(page);
	}
	Print(L"probe: %lx %ld pages, seen %ld, kept %ld\n", base, pages,
	      seen, kept);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	UINTN entries, key, size, i;
	UINT32 version;
	EFI_MEMORY_DESCRIPTOR *map, *d;

	InitializeLib(image, table);
	map = LibMemoryMap(&entries, &key, &size, &version);
	if (!map) {
		Print(L"probe: no memory map\n");
		return EFI_ABORTED;
	}
	for (i = 0; i < entries; i++) {
		d = (EFI_MEMORY_DESCRIPTOR *)((UINT8 *)map + i * size);
		if (d->Type == EfiReservedMemoryType &&
		    d->NumberOfPages >= MIN_PAGES && d->PhysicalStart < LIMIT)
			probe(d->PhysicalStart, d->NumberOfPages);
	}
	Print(L"probe: done\n");
	return EFI_ABORTED;
}
