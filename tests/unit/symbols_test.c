/* SPDX-License-Identifier: MIT */
/* Does each address of the code get the name of the function it lies in? */
#include "check.h"
#include "../../core/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE	0xffffffff80000000ull

static unsigned int checks;
static const uint32_t offsets[] = { 0x10, 0x20, 0x24, 0x1000 };
static const char names[] = "entry\0a\0long_name\0last";
static struct symbol_table table = {
	.base = BASE, .end = BASE + 0x2000, .offset = offsets, .count = 4,
	.names = names, .names_size = sizeof(names),
};

static void is(uint64_t offset, const char *name, uint64_t in)
{
	uint64_t into = ~0ull;
	const char *found = symbol_find(&table, BASE + offset, &into);

	if (!name) {
		CHECK(!found);
		return;
	}
	CHECK(found && strcmp(found, name) == 0 && into == in);
}

int main(void)
{
	is(0, NULL, 0);
	is(0xf, NULL, 0);
	is(0x10, "entry", 0);
	is(0x1f, "entry", 0xf);
	is(0x20, "a", 0);
	is(0x23, "a", 3);
	is(0x24, "long_name", 0);
	is(0xfff, "long_name", 0xfdb);
	is(0x1000, "last", 0);
	is(0x1fff, "last", 0xfff);
	is(0x2000, NULL, 0);
	is(-1ull, NULL, 0);
	is(-BASE, NULL, 0);

	/* names that are cut short: none instead of what lies behind */
	table.names_size = sizeof(names) - 1;
	is(0x1000, NULL, 0);
	is(0x24, "long_name", 0);
	table.names_size = 4;
	is(0x10, NULL, 0);
	is(0x20, NULL, 0);
	table.names_size = 0;
	is(0x10, NULL, 0);

	table.count = 0;
	is(0x10, NULL, 0);
	printf("%u checks\n", checks);
	return 0;
}
