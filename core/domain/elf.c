/* SPDX-License-Identifier: MIT */
/*
 * Programs built into the image: position-independent ELF64 (System V ABI,
 * AMD64 supplement), linked at 0 and loaded anywhere. All that is relocated is
 * words that hold an address within the program (DT_RELR of the generic ABI);
 * it is done here, before the program runs, so that constants with addresses
 * are read-only to it from the start. A segment is writable or executable,
 * never both, and code is not relocated.
 */
#include "domain.h"

#include <errno.h>
#include <string.h>
#include <tandem/elf.h>

struct elf_dynamic {
	uint64_t tag, value;
};

#define SEGMENTS_MAX	16

#define DT_NULL		0
#define DT_NEEDED	1
#define DT_RELASZ	8
#define DT_RELSZ	18
#define DT_TEXTREL	22
#define DT_JMPREL	23
#define DT_FLAGS	30
#define   DF_TEXTREL	BIT(2)
#define DT_RELRSZ	35
#define DT_RELR		36
#define DT_RELRENT	37

#define WORD		sizeof(uint64_t)
#define BITMAP_WORDS	63		/* words that a bitmap speaks for */

struct image {
	struct domain *d;
	const uint8_t *file;
	size_t size;
	const struct elf_program_header *segment;
	unsigned int segments;
	uint64_t span;			/* from 0 to the end of the last segment */
	uint64_t base;			/* where 0 of the file is loaded */
};

static bool header_ok(const struct elf_header *h, size_t size)
{
	return size >= sizeof(*h) && !memcmp(h->ident, "\177ELF\2\1", 6) &&
	       h->type == ET_DYN && h->machine == EM_X86_64 &&
	       h->phentsize == sizeof(struct elf_program_header) &&
	       h->phoff <= size && !(h->phoff % WORD) &&
	       h->phnum <= SEGMENTS_MAX &&
	       h->phnum <= (size - h->phoff) / sizeof(struct elf_program_header);
}

static bool segment_ok(const struct elf_program_header *s, size_t size)
{
	return s->offset <= size && s->filesz <= size - s->offset &&
	       s->filesz <= s->memsz && s->vaddr <= USER_IMAGE_MAX &&
	       s->memsz <= USER_IMAGE_MAX - s->vaddr &&
	       (s->flags & (PF_W | PF_X)) != (PF_W | PF_X);
}

/* Check the segments; how much room they need. */
static int measure(struct image *m)
{
	for (unsigned int i = 0; i < m->segments; i++) {
		const struct elf_program_header *s = &m->segment[i];

		if (s->type == PT_INTERP)
			return -EINVAL;
		if (s->type != PT_LOAD || !s->memsz)
			continue;
		if (!segment_ok(s, m->size))
			return -EINVAL;
		m->span = MAX(m->span, s->vaddr + s->memsz);
	}
	return m->span ? 0 : -EINVAL;
}

/* Whether len bytes from address on lie in one segment, of code or of none. */
static bool within(const struct image *m, uint64_t address, uint64_t len,
		   bool code)
{
	for (unsigned int i = 0; i < m->segments; i++) {
		const struct elf_program_header *s = &m->segment[i];

		if (s->type == PT_LOAD && address >= s->vaddr &&
		    len <= s->memsz && address - s->vaddr <= s->memsz - len)
			return !!(s->flags & PF_X) == code;
	}
	return false;
}

static int load_segment(struct image *m, const struct elf_program_header *s)
{
	uint64_t va = m->base + s->vaddr, left = s->filesz;
	const uint8_t *src = m->file + s->offset;

	for (uint64_t a = ALIGN_DOWN(va, PAGE_SIZE); a < va + s->memsz;
	     a += PAGE_SIZE) {
		int e = space_add_page(m->d, a, s->flags & PF_W,
				       s->flags & PF_X);

		if (e < 0)
			return e == -EEXIST ? -EINVAL : e;
	}
	while (left) {
		uint64_t n = MIN(left, PAGE_SIZE - (va & PAGE_MASK));
		void *p = space_byte(m->d, va, false, true);

		if (!p)
			return -EINVAL;
		memcpy(p, src, n);
		va += n;
		src += n;
		left -= n;
	}
	return 0;
}

/* The word at place holds an address as linked: make it the real one. */
static int relocate(const struct image *m, uint64_t place)
{
	uint64_t *p;

	if (place % WORD || !within(m, place, WORD, false))
		return -EINVAL;
	p = space_byte(m->d, m->base + place, false, true);
	if (!p || *p > m->span)
		return -EINVAL;
	*p += m->base;
	return 0;
}

/*
 * A table of 64-bit words: an even one is a place; an odd one is a bitmap, from
 * bit 1 on, of the 63 places behind those that were spoken of last.
 */
static int relocate_all(const struct image *m, uint64_t table, uint64_t size)
{
	uint64_t where = 0;

	if (!size)
		return 0;
	if (table % WORD || size % WORD || !within(m, table, size, false))
		return -EINVAL;
	for (uint64_t end = table + size; table < end; table += WORD) {
		const uint64_t *p = space_byte(m->d, m->base + table, false,
					       true);
		uint64_t entry = p ? *p : 0;
		int e = 0;

		if (!p || ((entry & 1) && !where))
			return -EINVAL;
		if (!(entry & 1)) {
			e = relocate(m, entry);
			where = entry + WORD;
		}
		for (unsigned int i = 0; !e && (entry & 1) && i < BITMAP_WORDS;
		     i++)
			if (entry >> (i + 1) & 1)
				e = relocate(m, where + i * WORD);
		if (e < 0)
			return e;
		if (entry & 1)
			where += BITMAP_WORDS * WORD;
	}
	return 0;
}

/* What the dynamic section says; anything but DT_RELR that moves is refused. */
static int dynamic(const struct image *m, const struct elf_program_header *s)
{
	uint64_t table = 0, size = 0;

	if (s->offset > m->size || s->filesz > m->size - s->offset ||
	    s->offset % WORD)
		return -EINVAL;
	for (uint64_t i = 0; i < s->filesz / sizeof(struct elf_dynamic); i++) {
		const struct elf_dynamic *e =
			(const void *)(m->file + s->offset);

		switch (e[i].tag) {
		case DT_NULL:
			return relocate_all(m, table, size);
		case DT_RELR:
			table = e[i].value;
			break;
		case DT_RELRSZ:
			size = e[i].value;
			break;
		case DT_RELRENT:
			if (e[i].value != WORD)
				return -EINVAL;
			break;
		case DT_RELASZ:
		case DT_RELSZ:
			if (e[i].value)
				return -EINVAL;
			break;
		case DT_FLAGS:
			if (e[i].value & DF_TEXTREL)
				return -EINVAL;
			break;
		case DT_NEEDED:
		case DT_JMPREL:
		case DT_TEXTREL:
			return -EINVAL;
		}
	}
	return -EINVAL;		/* it has no end */
}

/* Load all first: the relocations are within. */
static int load(struct image *m)
{
	int e = 0;

	for (unsigned int i = 0; !e && i < m->segments; i++)
		if (m->segment[i].type == PT_LOAD && m->segment[i].memsz)
			e = load_segment(m, &m->segment[i]);
	for (unsigned int i = 0; !e && i < m->segments; i++)
		if (m->segment[i].type == PT_DYNAMIC)
			e = dynamic(m, &m->segment[i]);
	return e;
}

int elf_load(struct domain *d, const void *image, size_t size, uint64_t *entry)
{
	const struct elf_header *h = image;
	struct image m = { .d = d, .file = image, .size = size };
	int e;

	if (!header_ok(h, size))
		return -EINVAL;
	m.segment = (const void *)(m.file + h->phoff);
	m.segments = h->phnum;
	e = measure(&m);
	if (!e && !within(&m, h->entry, 1, true))
		e = -EINVAL;
	if (!e)
		e = space_place(d, REGION_IMAGE, ALIGN_UP(m.span, PAGE_SIZE));
	if (e < 0)
		return e;
	m.base = d->region[REGION_IMAGE].base;
	*entry = m.base + h->entry;
	return load(&m);
}
