/* SPDX-License-Identifier: MIT */
/*
 * `d` and `D`: bytes of the guest's memory, 16 a line, and in place of those
 * that are not there, or not shown, what is the matter with them. A line never
 * crosses the end of a page, since lines begin at multiples of 16.
 */
#include "debug.h"

#include <domain/command.h>
#include <domain/tty.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE		16u
#define PAGE		4096u

/* Where the last dump was, for one without an address. */
static struct {
	bool valid, at_end;
	uint64_t address;
	struct debug_read request;
	unsigned int width;
} last;

/* What is not bytes, collected until something else follows. */
static struct {
	bool any;
	uint64_t first, last_byte, physical;
	uint32_t state;
} hole;

static const char *state_text(uint32_t state)
{
	switch (state) {
	case DEBUG_NOT_MAPPED:		return "not mapped";
	case DEBUG_NOT_CANONICAL:	return "not a canonical address";
	case DEBUG_NOT_RAM:		return "not RAM: not read";
	default:			return "memory of the VMM: not shown";
	}
}

static void show_hole(void)
{
	if (!hole.any)
		return;
	hole.any = false;
	printf("%016lx-%016lx  %s", hole.first, hole.last_byte,
	       state_text(hole.state));
	if (hole.physical != hole.first && hole.physical != 0)
		printf(", physical %lx", hole.physical);
	printf("\n");
}

static void add_hole(const struct debug_read *r, uint64_t n)
{
	if (hole.any && hole.state != r->state)
		show_hole();
	if (!hole.any) {
		hole.any = true;
		hole.first = r->address;
		hole.state = r->state;
		hole.physical = r->physical;
	}
	hole.last_byte = r->address + n - 1;
}

/* The n bytes of one line, of which the first is at address. */
static void show_line(uint64_t address, const uint8_t *bytes, size_t n,
		      unsigned int width)
{
	size_t skip = address % LINE, i, w;

	printf("%016lx ", address - skip);
	for (i = 0; i < LINE; i += width) {
		tty_write("  ", i == LINE / 2 ? 2 : 1);
		for (w = width; w-- > 0;) {
			size_t at = i + w - skip;	/* wraps before it */

			if (at < n)
				printf("%02x", bytes[at]);
			else
				tty_write("  ", 2);
		}
	}
	tty_write("  |", 3);
	for (i = 0; i < LINE; i++) {
		size_t at = i - skip;
		bool shown = at < n && bytes[at] >= ' ' && bytes[at] <= '~';

		tty_putc(at >= n ? ' ' : shown ? bytes[at] : '.');
	}
	tty_write("|\n", 2);
}

static void show_bytes(uint64_t address, const uint8_t *bytes, size_t n,
		       unsigned int width)
{
	size_t part;

	show_hole();
	for (; n > 0; n -= part, bytes += part, address += part) {
		part = LINE - address % LINE;
		if (part > n)
			part = n;
		show_line(address, bytes, part, width);
	}
}

static int dump(uint64_t address, uint64_t length)
{
	static uint8_t bytes[PAGE];
	struct debug_read *r = &last.request;

	hole.any = false;
	while (length > 0) {
		int n;

		r->address = address;
		r->length = length < PAGE ? (uint32_t)length : PAGE;
		n = debug_ask(DEBUG_READ, r, sizeof(*r), bytes, sizeof(bytes));
		if (n <= 0 || (uint32_t)n > r->length) {
			show_hole();
			return debug_failed("dump", n);
		}
		if (r->state == DEBUG_BYTES)
			show_bytes(address, bytes, (size_t)n, last.width);
		else
			add_hole(r, (uint64_t)n);
		address += (uint64_t)n;
		length -= (uint64_t)n;
	}
	show_hole();
	last.address = address;
	last.at_end = address == 0;
	return 0;
}

/* Whose memory it is: fills in the request. Exit status. */
static int choose_space(const struct debug_command *c)
{
	static struct debug_cpu cpu;
	struct debug_paging *p = &last.request.paging;
	int error = 0;

	last.request.is_physical = c->space == DEBUG_SPACE_PHYSICAL;
	if (c->space == DEBUG_SPACE_PHYSICAL)
		return 0;
	if (c->space == DEBUG_SPACE_CPU) {
		error = debug_cpu_state(c->cpu, &cpu);
		*p = cpu.paging;
		return error;
	}
	error = debug_ask(DEBUG_CALLER, p, sizeof(*p), NULL, 0);
	if (error < 0)
		return debug_failed("dump", error);
	if (c->space == DEBUG_SPACE_CR3)
		p->cr3 = c->cr3;
	return 0;
}

int debug_dump(const struct debug_command *c)
{
	uint64_t address = c->address, length = c->length;
	bool same = !c->has_address && last.valid &&
		    (!c->has_space || (c->space == DEBUG_SPACE_PHYSICAL &&
				       last.request.is_physical));
	int status;

	if (!c->has_address && !same) {
		printf("dump: expected an address: there is none to go on "
		       "from\n");
		return COMMAND_USAGE;
	}
	if (same && last.at_end) {
		printf("dump: the last one ended at the last address\n");
		return COMMAND_FAILED;
	}
	if (same) {
		address = last.address;
		if (length - 1 > UINT64_MAX - address)
			length = UINT64_MAX - address + 1;
	} else {
		last.valid = false;
		status = choose_space(c);
		if (status)
			return status;
		last.width = 1;
		last.valid = true;
	}
	if (c->width)
		last.width = c->width;
	if (address % last.width)
		last.width = 1;
	return dump(address, length);
}
