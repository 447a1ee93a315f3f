/* SPDX-License-Identifier: MIT */
/*
 * Checks of tandem.elf (System V ABI, ELF-64) before one byte of it is used.
 * The seal at the end tells a damaged file from a whole one; everything after
 * that still trusts no offset or size, since anyone can make a seal.
 */
#include "elf.h"

#include <stdbool.h>
#include <string.h>
#include <tandem/elf.h>

_Static_assert(sizeof(struct tandem_seal) == 16, "seal");

static const uint8_t elf_ident[] = { 0x7f, 'E', 'L', 'F',
	2 /* 64 bits */, 1 /* little endian */, 1 /* version */ };

struct reader {
	const uint8_t *data;
	size_t size;
};

/* Copies n bytes at offset out of the file, or returns false. */
static bool fetch(const struct reader *r, uint64_t offset, void *to, size_t n)
{
	if (n > r->size || offset > r->size - n)
		return false;
	memcpy(to, r->data + offset, n);
	return true;
}

uint32_t elf_crc32(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t table[256], crc = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? 0xedb88320 : 0);
		table[i] = v;
	}
	while (n-- > 0)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

/* Checks the seal and takes it off *r. */
static const char *check_seal(struct reader *r)
{
	struct tandem_seal seal;

	if (r->size < sizeof(seal))
		return "is cut short";
	r->size -= sizeof(seal);
	memcpy(&seal, r->data + r->size, sizeof(seal));
	if (seal.magic != TANDEM_SEAL_MAGIC || seal.size != r->size)
		return "is cut short or has no checksum at its end";
	if (seal.crc != elf_crc32(r->data, r->size))
		return "is damaged: its checksum is wrong";
	return NULL;
}

/* Appends a segment that lies inside the file and the VMM's addresses. */
static const char *add_segment(const struct reader *r, struct elf_image *image,
			       const struct elf_program_header *ph)
{
	const uint64_t most = (uint64_t)ELF_MAX_BLOCK_MIB << 20;
	struct elf_segment s = {
		.offset = ph->offset, .file_size = ph->filesz,
		.where = ph->vaddr - TANDEM_VMM_BASE,
		.memory_size = ph->memsz,
		.executable = ph->flags & PF_X,
	};

	if (s.file_size > r->size || s.offset > r->size - s.file_size)
		return "has a segment beyond its end";
	if (s.file_size > s.memory_size)
		return "has a segment smaller in memory than in the file";
	if (s.where >= most || s.memory_size > most - s.where)
		return "has a segment outside of the VMM's addresses";
	for (unsigned int i = 0; i < image->n_segments; i++) {
		const struct elf_segment *o = &image->segment[i];

		if (s.where < o->where + o->memory_size &&
		    o->where < s.where + s.memory_size)
			return "has segments that overlap";
	}
	if (image->n_segments == ELF_MAX_SEGMENTS)
		return "has too many segments";
	image->segment[image->n_segments++] = s;
	return NULL;
}

/*
 * The file offset of n bytes at a link address, which must lie within the
 * part of one segment that comes from the file.
 */
static bool find_address(const struct elf_image *image, uint64_t address,
			 uint64_t n, uint64_t *offset)
{
	uint64_t where = address - TANDEM_VMM_BASE;

	for (unsigned int i = 0; i < image->n_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (where < s->where || n > s->file_size ||
		    where - s->where > s->file_size - n)
			continue;
		*offset = s->offset + (where - s->where);
		return true;
	}
	return false;
}

/* Whether code of the file is at where, in bytes from the block's start. */
static bool is_code(const struct elf_image *image, uint64_t where)
{
	for (unsigned int i = 0; i < image->n_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (s->executable && where >= s->where &&
		    where - s->where < s->file_size)
			return true;
	}
	return false;
}

static const char *read_segments(const struct reader *r,
				 const struct elf_header *eh,
				 struct elf_image *image)
{
	if (eh->phentsize != sizeof(struct elf_program_header))
		return "has program headers of an unknown size";
	for (unsigned int i = 0; i < eh->phnum; i++) {
		struct elf_program_header ph;
		const char *wrong;

		if (eh->phoff > r->size ||
		    !fetch(r, eh->phoff + i * sizeof(ph), &ph, sizeof(ph)))
			return "has program headers beyond its end";
		if (ph.type != PT_LOAD || ph.memsz == 0)
			continue;
		wrong = add_segment(r, image, &ph);
		if (wrong)
			return wrong;
	}
	image->entry = eh->entry - TANDEM_VMM_BASE;
	if (!is_code(image, image->entry))
		return "has its entry outside of its code";
	return NULL;
}

/* Finds .tandem_info by its name and copies it. */
static const char *read_info(const struct reader *r,
			     const struct elf_header *eh,
			     struct elf_image *image)
{
	static const char wanted[] = ".tandem_info";
	struct elf_section_header names, sh;
	char name[sizeof(wanted)];

	if (eh->shentsize != sizeof(sh) || eh->shoff > r->size ||
	    eh->shstrndx >= eh->shnum ||
	    !fetch(r, eh->shoff + eh->shstrndx * sizeof(sh), &names,
		   sizeof(names)) || names.offset > r->size)
		return "has no section names";
	for (unsigned int i = 0; i < eh->shnum; i++) {
		if (!fetch(r, eh->shoff + i * sizeof(sh), &sh, sizeof(sh)))
			return "has section headers beyond its end";
		if (!fetch(r, names.offset + sh.name, name, sizeof(name)) ||
		    memcmp(name, wanted, sizeof(wanted)) != 0)
			continue;
		if (sh.type == SHT_NOBITS ||
		    sh.size < sizeof(image->info) ||
		    !fetch(r, sh.offset, &image->info, sizeof(image->info)))
			return "has a .tandem_info section that is too small";
		return NULL;
	}
	return "has no .tandem_info section";
}

static const char *check_info(struct elf_image *image)
{
	const struct tandem_info *info = &image->info;
	const uint64_t block = (uint64_t)info->block_mib << 20;
	uint64_t offset, n;

	if (info->magic != TANDEM_INFO_MAGIC)
		return "has no valid .tandem_info section";
	if (info->version != TANDEM_BOOT_VERSION)
		return "is of another version than this loader";
	if (info->block_mib == 0 || info->block_mib > ELF_MAX_BLOCK_MIB)
		return "asks for an impossible amount of memory";
	if (info->kept_bytes % 4096 || info->kept_bytes > block)
		return "asks to keep an impossible amount of memory";
	if (!memchr(info->release, 0, sizeof(info->release)) ||
	    !memchr(info->pci_bindings, 0, sizeof(info->pci_bindings)))
		return "has no valid .tandem_info section";
	for (unsigned int i = 0; i < image->n_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (s->where + s->memory_size > block - info->kept_bytes)
			return "is larger than the memory that it asks for";
	}
	image->ap_entry = info->ap_entry - TANDEM_VMM_BASE;
	if (!is_code(image, image->ap_entry))
		return "has its other CPUs' entry outside of its code";

	n = info->ids_end - info->ids_start;
	if (n == 0)
		return NULL;
	if (info->ids_end < info->ids_start || n % sizeof(struct pci_id) ||
	    !find_address(image, info->ids_start, n, &offset))
		return "has no valid list of devices";
	image->ids = image->file + offset;
	image->n_ids = n / sizeof(struct pci_id);
	return NULL;
}

const char *elf_check(const void *file, size_t size, struct elf_image *image)
{
	struct reader r = { .data = file, .size = size };
	struct elf_header eh;
	const char *wrong;

	memset(image, 0, sizeof(*image));
	image->file = file;
	wrong = check_seal(&r);
	if (wrong)
		return wrong;
	if (!fetch(&r, 0, &eh, sizeof(eh)) ||
	    memcmp(eh.ident, elf_ident, sizeof(elf_ident)) != 0 ||
	    eh.type != ET_EXEC || eh.machine != EM_X86_64)
		return "is not an x86-64 ELF program";
	wrong = read_segments(&r, &eh, image);
	if (!wrong)
		wrong = read_info(&r, &eh, image);
	if (!wrong)
		wrong = check_info(image);
	return wrong;
}

void elf_load(const struct elf_image *image, void *block)
{
	for (unsigned int i = 0; i < image->n_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		memcpy((uint8_t *)block + s->where, image->file + s->offset,
		       s->file_size);
	}
}

struct pci_id elf_pci_id(const struct elf_image *image, size_t n)
{
	struct pci_id id;

	memcpy(&id, image->ids + n * sizeof(id), sizeof(id));
	id.driver[sizeof(id.driver) - 1] = 0;
	return id;
}

bool elf_lists(const struct elf_image *image, const char *driver,
	       uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < image->n_ids; i++) {
		struct pci_id id = elf_pci_id(image, i);

		if (id.vendor == vendor && id.device == device &&
		    strcmp(id.driver, driver) == 0)
			return true;
	}
	return false;
}

bool elf_has_driver(const struct elf_image *image, const char *driver)
{
	for (size_t i = 0; i < image->n_ids; i++) {
		struct pci_id id = elf_pci_id(image, i);

		if (strcmp(id.driver, driver) == 0)
			return true;
	}
	return strcmp(driver, "conceal") == 0;
}
