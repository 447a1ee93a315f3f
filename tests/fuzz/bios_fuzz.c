/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a Multiboot 2 list of any tags, with its addresses in the area (who
 * fills them in is trusted), and a command line of any text: the loader for
 * BIOS machines reads nothing behind their ends, and comes to one of its own.
 */
#include "check.h"
#include "multiboot.h"
#include "target.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tandem/types.h>

#define MB2	0x36d76289
#define AREA	65536u
#define MODULE	3u
#define PARTITIONS	60u	/* that boot= takes */

static unsigned int checks;
static uint8_t *area;		/* below 4 GiB; nothing is behind it */

static void area_create(void)
{
	area = mmap(NULL, AREA + 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(area != MAP_FAILED);
	CHECK(!mprotect(area + AREA, 4096, PROT_NONE));
}

/* The list at the end of the area; modules that it names lie in the area. */
static void tags(const uint8_t *data, size_t size)
{
	static struct multiboot m;
	uint32_t where, n = (uint32_t)MIN(size, 4096) & ~7u, value[4];
	uint8_t *list = area + AREA - 8 - n;

	memcpy(list + 8, data, n);
	memcpy(list, (uint32_t[2]){ n + 8, 0 }, 8);
	for (uint32_t at = 0; at + 16 <= n; at += 8) {
		memcpy(value, list + 8 + at, sizeof(value));
		if (value[0] != MODULE)
			continue;
		where = (uint32_t)(uintptr_t)area;
		value[2] = where + value[2] % AREA;
		value[3] = where + value[3] % AREA;
		memcpy(list + 8 + at, value, sizeof(value));
	}
	CHECK(multiboot_read(MB2, (uint32_t)(uintptr_t)list, &m));
	CHECK(m.option.size <= CONF_TEXT_MAX + 1 && m.file.size < AREA);
}

static void line(const uint8_t *data, size_t size)
{
	struct target t = { .drive = FIRST_DISK };
	char *text = malloc(size ? size : 1);
	size_t n = size;
	const char *wrong;

	memcpy(text, data, size);
	wrong = target_read(text, &n, &t);
	CHECK(n == size && t.partition <= PARTITIONS && t.drive >= 0 && t.drive < 256);
	CHECK(!wrong || wrong[0]);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!area)
		area_create();
	if (!size)
		return 0;
	if (data[0] & 1)
		line(data + 1, size - 1);
	else
		tags(data + 1, size - 1);
	return 0;
}

#define TAG(type, size)		type "\0\0\0" size "\0\0\0"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0" TAG("\1", "\x0c") "a=1\0\0\0\0\0"
		  TAG("\3", "\x11") "\0\x10\0\0\0\x20\0\0" "x\0\0\0\0\0\0\0"
		  TAG("\5", "\x14") "\x82\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0"
		  TAG("\0", "\x08")),
	FUZZ_SEED("\1tandem.elf a=1 boot=0x80,2 b=\"x y\" boot=next"),
	FUZZ_SEED("\1x boot=0x80,0`"),
	{ NULL, 0 },
};
