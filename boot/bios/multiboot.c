/* SPDX-License-Identifier: MIT */
/*
 * Boot information in the two forms of Multiboot (0.6.96, 3.3; Multiboot2 2.0,
 * 3.6). The boot loader is trusted, as whoever starts the VMM is.
 */
#include "multiboot.h"

#include <string.h>

#define MB1_MAGIC	0x2badb002
#define MB1_HAS_DRIVE	(1u << 1)
#define MB1_HAS_OPTION	(1u << 2)
#define MB1_HAS_MODULES	(1u << 3)

#define MB2_MAGIC	0x36d76289
#define MB2_END		0
#define MB2_OPTION	1
#define MB2_MODULE	3
#define MB2_DRIVE	5
#define MB2_UEFI_32	11
#define MB2_UEFI_64	12
#define MB2_UEFI_IMAGE_64 20

struct mb1_info {
	uint32_t flags, memory[2];
	uint8_t partition[3], drive;
	uint32_t option, n_modules, modules;
};

struct mb1_module {
	uint32_t start, end, string, reserved;
};

struct mb2_info {
	uint32_t size, reserved;
};

struct mb2_tag {
	uint32_t type, size;
};

struct mb2_module {
	struct mb2_tag tag;
	uint32_t start, end;
};

struct mb2_drive {
	struct mb2_tag tag;
	uint32_t drive;
};

struct mb2_pointer {
	struct mb2_tag tag;
	uint64_t address;
};

static const void *at(uint32_t address)
{
	return (const void *)(uintptr_t)address;
}

static void copy(struct multiboot_text *to, const char *from, size_t size)
{
	to->size = size;
	memcpy(to->text, from, size < CONF_TEXT_MAX ? size : CONF_TEXT_MAX);
}

static void copy_module(struct multiboot *m, uint32_t start, uint32_t end)
{
	if (end > start)
		copy(&m->file, at(start), end - start);
}

static void read_1(uint32_t address, struct multiboot *m)
{
	const struct mb1_info *info = at(address);

	if (info->flags & MB1_HAS_DRIVE)
		m->drive = info->drive;
	if (info->flags & MB1_HAS_OPTION)
		copy(&m->option, at(info->option),
		     strnlen(at(info->option), CONF_TEXT_MAX + 1));
	if (info->flags & MB1_HAS_MODULES && info->n_modules) {
		const struct mb1_module *module = at(info->modules);

		copy_module(m, module->start, module->end);
	}
}

static void read_tag(const struct mb2_tag *tag, struct multiboot *m)
{
	const struct mb2_module *module = (const void *)tag;
	const struct mb2_drive *drive = (const void *)tag;
	const char *text = (const char *)(tag + 1);

	switch (tag->type) {
	case MB2_OPTION:
		copy(&m->option, text, strnlen(text, tag->size - sizeof(*tag)));
		break;
	case MB2_MODULE:
		if (tag->size >= sizeof(*module) && !m->file.size)
			copy_module(m, module->start, module->end);
		break;
	case MB2_DRIVE:
		if (tag->size >= sizeof(*drive))
			m->drive = (int)drive->drive;
		break;
	case MB2_UEFI_32:
	case MB2_UEFI_64:
		m->uefi = true;
		break;
	}
}

/* The tag at *offset, which is moved behind it; NULL behind the last. */
static const struct mb2_tag *next_tag(uint32_t address, uint32_t *offset)
{
	uint32_t size = ((const struct mb2_info *)at(address))->size;
	const struct mb2_tag *tag = at(address + *offset);

	if (*offset >= size || size - *offset < sizeof(*tag) ||
	    tag->type == MB2_END || tag->size < sizeof(*tag) ||
	    tag->size > size - *offset)
		return NULL;
	if (size - *offset - tag->size < 8)
		*offset = size;		/* the last one, whatever its size */
	else
		*offset += (tag->size + 7) & ~7u;
	return tag;
}

static void read_2(uint32_t address, struct multiboot *m)
{
	uint32_t offset = sizeof(struct mb2_info);
	const struct mb2_tag *tag;

	while ((tag = next_tag(address, &offset)))
		read_tag(tag, m);
}

struct multiboot_uefi multiboot_uefi(uint32_t address)
{
	uint32_t offset = sizeof(struct mb2_info);
	struct multiboot_uefi uefi = { 0 };
	const struct mb2_tag *tag;

	while ((tag = next_tag(address, &offset))) {
		const struct mb2_pointer *p = (const void *)tag;

		if (tag->size < sizeof(*p))
			continue;
		if (tag->type == MB2_UEFI_64)
			uefi.system_table = p->address;
		else if (tag->type == MB2_UEFI_IMAGE_64)
			uefi.image = p->address;
	}
	return uefi;
}

bool multiboot_read(uint32_t magic, uint32_t address, struct multiboot *m)
{
	m->option.size = m->file.size = 0;
	m->drive = MULTIBOOT_NO_DRIVE;
	m->uefi = false;
	if (magic == MB1_MAGIC)
		read_1(address, m);
	else if (magic == MB2_MAGIC)
		read_2(address, m);
	else
		return false;
	return true;
}
