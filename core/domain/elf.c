/* SPDX-License-Identifier: MIT */
/*
 * Programs built into the image: static ELF64 (System V ABI, AMD64
 * supplement). A segment is writable or executable, never both.
 */
#include "domain.h"

#include <errno.h>
#include <string.h>

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#define ELF_TYPE_EXEC	2
#define ELF_MACHINE_X86	62
#define PT_LOAD		1
#define PF_X		1
#define PF_W		2

static bool header_ok(const struct elf_header *h, size_t size)
{
	return size >= sizeof(*h) && !memcmp(h->ident, "\177ELF\2\1", 6) &&
	       h->type == ELF_TYPE_EXEC && h->machine == ELF_MACHINE_X86 &&
	       h->phentsize == sizeof(struct elf_segment) &&
	       h->phoff <= size &&
	       h->phnum <= (size - h->phoff) / sizeof(struct elf_segment);
}

static bool segment_ok(const struct elf_segment *s, size_t size)
{
	return s->offset <= size && s->filesz <= size - s->offset &&
	       s->filesz <= s->memsz && s->vaddr >= USER_IMAGE &&
	       s->vaddr < USER_IMAGE_END &&
	       s->memsz <= USER_IMAGE_END - s->vaddr &&
	       (s->flags & (PF_W | PF_X)) != (PF_W | PF_X);
}

static int load_segment(struct domain *d, const uint8_t *image,
			const struct elf_segment *s)
{
	uint64_t first = ALIGN_DOWN(s->vaddr, PAGE_SIZE);
	const uint8_t *src = image + s->offset;
	uint64_t va = s->vaddr, left = s->filesz;

	for (uint64_t a = first; a < s->vaddr + s->memsz; a += PAGE_SIZE) {
		int e = space_add_page(d, a, s->flags & PF_W, s->flags & PF_X);

		if (e < 0)
			return e == -EEXIST ? -EINVAL : e;
	}
	while (left) {
		uint64_t n = MIN(left, PAGE_SIZE - (va & PAGE_MASK));
		void *p = space_byte(d, va, false, true);

		if (!p)
			return -EINVAL;
		memcpy(p, src, n);
		va += n;
		src += n;
		left -= n;
	}
	return 0;
}

int elf_load(struct domain *d, const void *image, size_t size, uint64_t *entry)
{
	const struct elf_header *h = image;
	const struct elf_segment *s;

	if (!header_ok(h, size))
		return -EINVAL;
	s = (const void *)((const uint8_t *)image + h->phoff);
	for (unsigned int i = 0; i < h->phnum; i++) {
		int e;

		if (s[i].type != PT_LOAD || !s[i].memsz)
			continue;
		if (!segment_ok(&s[i], size))
			return -EINVAL;
		e = load_segment(d, image, &s[i]);
		if (e < 0)
			return e;
	}
	*entry = h->entry;
	return 0;
}
