/* SPDX-License-Identifier: MIT */
/*
 * vmmcalls: VMM calls from guest user mode as nobody should make them, for
 * test_hostile_guest.py. One line each, "vmmcalls: NAME RESULT"; the program
 * lives to its end if no call raises a fault.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE		4096
#define GET_NUMBER	0
#define KERNEL_TEXT	0xffffffff81000000u	/* without KASLR */

static uint64_t call(uint64_t number, uint64_t rbx, uint64_t rcx)
{
	__asm__ volatile("vmmcall" : "+a"(number)
			 : "b"(rbx), "c"(rcx), "d"(~0ull), "S"(~0ull),
			   "D"(~0ull) : "memory");
	return number;
}

static uint64_t number_of(const void *name)
{
	return call(GET_NUMBER, (uint64_t)(uintptr_t)name, 0);
}

static void say(const char *what, uint64_t result)
{
	printf("vmmcalls: %s %lu\n", what, (unsigned long)result);
}

/* Names of every length around a page's end, with nothing behind it. */
static void names_at_the_end_of_a_page(char *page)
{
	char *end = page + PAGE;

	memcpy(end - 6, "dbgsh", 6);
	say("last-of-page", number_of(end - 6));
	memcpy(end - 4, "dbgs", 4);
	say("cut-by-page", number_of(end - 4));
	memset(page, 'x', PAGE);
	say("endless", number_of(page));
}

int main(void)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t log_set_buf, n;
	uint64_t sum = 0;

	if (page == MAP_FAILED || munmap(page + PAGE, PAGE))
		return 1;
	say("dbgsh", number_of("dbgsh"));
	say("unknown-name", number_of("no such function"));
	say("empty-name", number_of(""));
	say("null", call(GET_NUMBER, 0, 0));
	say("not-canonical", call(GET_NUMBER, 1ull << 63, 0));
	say("wraps", call(GET_NUMBER, ~0ull, 0));
	say("kernel", call(GET_NUMBER, KERNEL_TEXT, 0));
	names_at_the_end_of_a_page(page);
	for (n = 100; n < 1100; n++)
		sum += call(n, n, n);
	say("unknown-numbers", sum);
	say("highest-number", call(~0ull, 0, 0));
	say("number-above-32-bits", call(1ull << 32, 0, 0));

	/* For CPL 0 only: nothing happens. */
	log_set_buf = number_of("log_set_buf");
	say("log_set_buf", log_set_buf);
	memset(page, 0, PAGE);
	say("log_set_buf-call", call(log_set_buf, 0x1000000, PAGE));
	printf("vmmcalls: done\n");
	return 0;
}
