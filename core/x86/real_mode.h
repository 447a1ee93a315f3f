/* SPDX-License-Identifier: MIT */
/* real_mode.S, as the VMM and the loader for BIOS machines place it. */
#ifndef CORE_X86_REAL_MODE_H
#define CORE_X86_REAL_MODE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As in real_mode.S. */
struct real_mode_words {
	uint64_t entry, stack;
	uint32_t cr3, far_offset;
	uint16_t far_selector, gdt_limit;
	uint32_t gdt_base;
};

extern const uint8_t trampoline_start[], trampoline_words[], trampoline_end[];

static inline size_t real_mode_size(void)
{
	return (size_t)(trampoline_end - trampoline_start);
}

/*
 * Copies the code to copy, for a place at physical address base (below 1 MiB, a
 * multiple of 16; CS there is base >> 4). It jumps to entry with that stack on
 * the page tables at cr3. Returns where in the copy its words are.
 */
static inline struct real_mode_words *
real_mode_place(void *copy, uint32_t base, uint64_t entry, uint64_t stack,
		uint32_t cr3)
{
	struct real_mode_words *w;

	memcpy(copy, trampoline_start, real_mode_size());
	w = (void *)((uint8_t *)copy + (trampoline_words - trampoline_start));
	w->entry = entry;
	w->stack = stack;
	w->cr3 = cr3;
	w->far_offset += base;
	w->gdt_base += base;
	return w;
}

#endif
