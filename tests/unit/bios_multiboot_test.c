/* SPDX-License-Identifier: MIT */
/*
 * Does the loader find command line, module and disk in the boot information of
 * either version of Multiboot, and nothing where there is nothing?
 */
#include "check.h"
#include "multiboot.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static unsigned int checks;

#define MB1	0x2badb002
#define MB2	0x36d76289
#define AREA	(1 << 20)

static uint8_t *area;		/* below 4 GiB */
static struct multiboot m;

static uint32_t at(size_t offset)
{
	return (uint32_t)(uintptr_t)(area + offset);
}

static bool is(const struct multiboot_text *t, const char *text)
{
	return t->size == strlen(text) && !memcmp(t->text, text, t->size);
}

static void put(size_t offset, uint32_t value)
{
	memcpy(area + offset, &value, 4);
}

static void text(size_t offset, const char *s)
{
	strcpy((char *)area + offset, s);
}

/* flags, memory, disk, command line, number of modules, their list */
static void make_1(uint32_t flags)
{
	memset(area, 0xee, AREA);
	put(0, flags);
	put(12, 0x81020304);
	put(16, at(256));
	text(256, "tandem.elf a=1");
	put(20, 2);
	put(24, at(512));
	put(512, at(1024));
	put(516, at(1024 + 5));
	put(528, at(2048));
	put(532, at(2049));
	text(1024, "b=2\nx");
}

static void version_1(void)
{
	make_1(0xf);
	CHECK(multiboot_read(MB1, at(0), &m));
	CHECK(is(&m.option, "tandem.elf a=1") && is(&m.file, "b=2\nx"));
	CHECK(m.drive == 0x81);
	make_1(1);
	CHECK(multiboot_read(MB1, at(0), &m));
	CHECK(!m.option.size && !m.file.size);
	CHECK(m.drive == MULTIBOOT_NO_DRIVE);
	make_1(0xf);
	put(20, 0);
	CHECK(multiboot_read(MB1, at(0), &m) && !m.file.size);
	make_1(0xf);
	put(516, at(1000));		/* ends before it begins */
	CHECK(multiboot_read(MB1, at(0), &m) && !m.file.size);
}

static size_t tag(size_t offset, uint32_t type, const void *data, uint32_t n)
{
	put(offset, type);
	put(offset + 4, 8 + n);
	memcpy(area + offset + 8, data, n);
	return offset + ((8 + n + 7) & ~7u);
}

static void version_2(void)
{
	uint32_t module[2] = { at(4096), at(4096 + 3) };
	uint32_t other[2] = { at(5000), at(5001) };
	uint32_t drive[3] = { 0x82, 0, ~0u };
	size_t end = 8;

	memset(area, 0xee, AREA);
	text(4096, "c=3");
	end = tag(end, 2, "loader", 7);
	end = tag(end, 5, drive, sizeof(drive));
	end = tag(end, 1, "boot=0x81", 10);
	end = tag(end, 3, module, sizeof(module));
	end = tag(end, 3, other, sizeof(other));
	end = tag(end, 0, "", 0);
	put(0, (uint32_t)end);
	CHECK(multiboot_read(MB2, at(0), &m));
	CHECK(is(&m.option, "boot=0x81") && is(&m.file, "c=3"));
	CHECK(m.drive == 0x82);
	/* the list's own size ends it, too */
	put(0, 8);
	CHECK(multiboot_read(MB2, at(0), &m));
	CHECK(!m.option.size && !m.file.size && m.drive == -1);
	/* a tag that would never end */
	put(0, (uint32_t)end);
	put(12, 0);
	CHECK(multiboot_read(MB2, at(0), &m) && !m.option.size);
	/* one that is longer than the list, and begins there again when rounded */
	put(12, 0xffffffff);
	CHECK(multiboot_read(MB2, at(0), &m) && !m.option.size);
	put(12, (uint32_t)end);
	CHECK(multiboot_read(MB2, at(0), &m) && !m.option.size);
}

/* Module and disk whose tags have no room for them. */
static void tags_that_are_too_short(void)
{
	size_t end = 8;

	memset(area, 0xee, AREA);
	end = tag(end, 3, "1234", 4);
	end = tag(end, 5, "", 0);
	end = tag(end, 0, "", 0);
	put(0, (uint32_t)end);
	CHECK(multiboot_read(MB2, at(0), &m));
	CHECK(!m.file.size && m.drive == MULTIBOOT_NO_DRIVE);
}

static void what_uefi_has_is_found_where_version_2_tells_it(void)
{
	uint64_t table = 0x123456789a, image = 0xfedcba98;
	struct multiboot_uefi uefi;
	size_t end = 8;

	memset(area, 0xee, AREA);
	end = tag(end, 1, "", 1);
	end = tag(end, 12, &table, sizeof(table));
	put(0, (uint32_t)tag(end, 0, "", 0));
	CHECK(multiboot_read(MB2, at(0), &m) && m.uefi);
	uefi = multiboot_uefi(at(0));
	CHECK(uefi.system_table == table && !uefi.image);
	end = tag(end, 20, &image, sizeof(image));
	put(0, (uint32_t)tag(end, 0, "", 0));
	uefi = multiboot_uefi(at(0));
	CHECK(uefi.system_table == table && uefi.image == image);
	version_2();
	uefi = multiboot_uefi(at(0));
	CHECK(!m.uefi && !uefi.system_table && !uefi.image);
	make_1(0xf);
	CHECK(multiboot_read(MB1, at(0), &m) && !m.uefi);
}

static void texts_that_are_too_long_are_cut_and_known_by_their_size(void)
{
	make_1(0xf);
	memset(area + 8192, 'x', 100000);
	area[8192 + 100000] = 0;
	put(16, at(8192));
	put(512, at(8192));
	put(516, at(8192 + 100000));
	CHECK(multiboot_read(MB1, at(0), &m));
	CHECK(m.option.size == CONF_TEXT_MAX + 1 && m.file.size == 100000);
}

int main(void)
{
	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (area == MAP_FAILED)
		return 1;
	version_1();
	version_2();
	tags_that_are_too_short();
	what_uefi_has_is_found_where_version_2_tells_it();
	texts_that_are_too_long_are_cut_and_known_by_their_size();
	CHECK(!multiboot_read(0, at(0), &m));
	printf("bios_multiboot: %u checks\n", checks);
	return 0;
}
