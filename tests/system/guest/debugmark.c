/* SPDX-License-Identifier: MIT */
/*
 * What the program debug is to find, for test_debug.py.
 *
 *	debugmark [PHYSICAL...]	a page of known bytes, a page that is not
 *				there, a page of known bytes, and a page table
 *				of its own; tells where, and is dbgsh then
 *	debugmark spin		registers of known values, for ever
 *
 * The table has itself at all levels and the physical addresses of the command
 * line as pages 1, 2 and so on, so that they show at 0x1000, 0x2000 ... with
 * CR3 at it.
 */
#include "session.h"
#include "terminal.h"

#include <call_vmm.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE		4096u
#define PTE_ALL		7u		/* present, writable, user */

static call_vmm_function_t function;

static int call(int byte)
{
	call_vmm_arg_t arg = { .rbx = byte };
	call_vmm_ret_t ret;

	call_vmm_call_function(&function, &arg, &ret);
	return (int)ret.rax;
}

static uint64_t physical(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (fd < 0 || pread(fd, &entry, 8, (off_t)((uintptr_t)p / PAGE * 8)) != 8)
		perror("pagemap");
	close(fd);
	return (entry & ((1ull << 55) - 1)) * PAGE;
}

/* Byte i of page n. The test makes the same. */
static uint8_t pattern(unsigned int n, unsigned int i)
{
	return (uint8_t)(i * 7 + i / 256 * 31 + n * 101);
}

static void fill(uint8_t *page, unsigned int n)
{
	for (unsigned int i = 0; i < PAGE; i++)
		page[i] = pattern(n, i);
}

static void spin(void)
{
	extern const char spin_here[];

	printf("spins at %lx\n", (unsigned long)spin_here);
	fflush(stdout);
	__asm__ volatile("movabs $0x1212121212121212, %%r12\n"
			 "movabs $0x1313131313131313, %%r13\n"
			 "movabs $0xfedcba9876543210, %%r14\n"
			 ".globl spin_here\n"
			 "spin_here: jmp spin_here"
			 : : : "r12", "r13", "r14");
}

int main(int argc, char **argv)
{
	uint8_t *p;
	uint64_t *table;

	if (argc == 2 && !strcmp(argv[1], "spin"))
		spin();
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mlock(p, 4 * PAGE)) {
		perror("debugmark");
		return 1;
	}
	fill(p, 0);
	fill(p + 2 * PAGE, 2);
	table = (uint64_t *)(p + 3 * PAGE);
	table[0] = physical(table) | PTE_ALL;
	for (int i = 1; i < argc; i++)
		table[i] = strtoull(argv[i], NULL, 16) | PTE_ALL;
	munmap(p + PAGE, PAGE);
	printf("pages at %lx physical %lx %lx, table %lx\n", (unsigned long)p,
	       (unsigned long)physical(p),
	       (unsigned long)physical(p + 2 * PAGE),
	       (unsigned long)physical(table));
	fflush(stdout);
	CALL_VMM_GET_FUNCTION("dbgsh", &function);
	if (!call_vmm_function_callable(&function) || terminal_raw() < 0)
		return 1;
	return session_interactive(call);
}
