/* SPDX-License-Identifier: MIT */
/* Operations that ask the VMM for something: VMM calls, SVM's instructions. */
#include "fuzz.h"

static uint64_t call(uint64_t rax, uint64_t rbx, uint64_t rcx, uint64_t rdx,
		     uint64_t rsi, uint64_t rdi)
{
	__asm__ volatile("vmmcall" : "+a"(rax) : "b"(rbx), "c"(rcx), "d"(rdx),
			 "S"(rsi), "D"(rdi) : "memory");
	return rax;
}

static const char long_name[] =
	"a name of more than sixty-four characters, which no VMM call has so "
	"far and none will have";
static const char *const names[] = {
	"dbgsh", "log_set_buf", "get_status", "", "x", "log_set_bu",
	"log_set_buff", long_name,
};

/* A name at an odd place; its last byte is the last before that place's end. */
static uint64_t odd_name(struct fuzz_cpu *c)
{
	const char *name = names[below(c, ARRAY_SIZE(names))];
	uint8_t *to = c->scratch + 2 * PAGE - below(c, 80);

	for (unsigned int i = 0; i < 80 && to + i < c->scratch + 3 * PAGE; i++)
		to[i] = name[i < 64 ? i : 63];
	for (unsigned int i = 0; name[i] && i < 80; i++)
		to[i] = (uint8_t)name[i];
	return chance(c, 2) ? (uint64_t)(uintptr_t)to :
	       odd_mapping(c, (uint64_t)(uintptr_t)to);
}

/* What somebody types to the debug shell, whole words more than noise. */
static uint64_t typed(struct fuzz_cpu *c)
{
	static const char words[] =
		"help\rlog 5\rnet\rexits\rps\rversion\rlog --previous\r"
		"exits 1\rechoctl server start 7\rechoctl help\rexit\r\16";

	switch (below(c, 8)) {
	case 0:
		return odd_value(c);
	case 1:
		return below(c, 256);
	case 2:
		return ~0ull;
	default:
		return (uint64_t)words[c->status->operations %
				       (sizeof(words) - 1)];
	}
}

void op_vmmcall(struct fuzz_cpu *c)
{
	uint64_t n = below(c, 6), a, size, number;

	switch (below(c, 7)) {
	case 0:
		a = odd_name(c);
		note(c, 0, a, 0, 0);
		call(0, a, 0, 0, 0, 0);
		break;
	case 1:
		a = odd_mapping(c, odd_address(c));
		note(c, 0, a, 0, 0);
		call(0, a, 0, 0, 0, 0);
		break;
	case 2:
		number = call(0, (uint64_t)(uintptr_t)"dbgsh", 0, 0, 0, 0);
		for (unsigned int i = below(c, 32); i; i--) {
			a = typed(c);
			note(c, number, a, i, 0);
			call(number, a, 0, 0, 0, 0);
		}
		break;
	case 3:
		number = call(0, (uint64_t)(uintptr_t)"log_set_buf", 0, 0, 0,
			      0);
		a = odd_address(c);
		size = chance(c, 2) ? odd_value(c) : below(c, 0x100000);
		note(c, number, a, size, 0);
		/* what it writes there must not be this program */
		if (is_own(a, size & 0xfffff) || is_own(a, PAGE))
			size = 0;
		call(number, a, size, 0, 0, 0);
		break;
	case 4:
		number = call(0, (uint64_t)(uintptr_t)(chance(c, 2) ?
			"get_status" : "get_status_struct"), 0, 0, 0, 0);
		a = odd_address(c);
		size = chance(c, 2) ? odd_value(c) : below(c, 512);
		if (is_own(a, 2 * PAGE))
			size = 0;
		a = odd_mapping(c, a);
		note(c, number, a, size, 0);
		call(number, a, size, 0, 0, 0);
		break;
	default:
		n = chance(c, 2) ? n : odd_value(c);
		a = odd_value(c);
		/* some calls write there */
		if (is_own(a, 2 * PAGE))
			a = 0;
		note(c, n, a, 0, 0);
		call(n, a, odd_value(c), odd_value(c), odd_value(c),
		     odd_value(c));
	}
}

void op_svm(struct fuzz_cpu *c)
{
	uint64_t a = odd_address(c);
	unsigned int how = below(c, 10);

	note(c, how, a, 0, 0);
	if (chance(c, 4))		/* does EFER.SVME get in? */
		write_msr(0xc0000080, c->efer | BIT(12));
	switch (how) {
	case 0:
		__asm__ volatile("vmrun" : : "a"(a) : "memory");
		break;
	case 1:
		__asm__ volatile("vmload" : : "a"(a) : "memory");
		break;
	case 2:
		__asm__ volatile("vmsave" : : "a"(a) : "memory");
		break;
	case 3:
		__asm__ volatile("stgi");
		break;
	case 4:
		__asm__ volatile("clgi");
		break;
	case 5:
		__asm__ volatile("skinit" : : "a"((uint32_t)a) : "memory");
		break;
	case 6:
		__asm__ volatile("invlpga" : : "a"(a), "c"(below(c, 4)));
		break;
	case 7:
		__asm__ volatile("monitor" : : "a"(a), "c"(below(c, 2)),
				 "d"(0));
		break;
	case 8:
		__asm__ volatile("mwait" : : "a"(0), "c"(below(c, 2)));
		break;
	default:
		__asm__ volatile("vmcall" : : "a"(below(c, 4)), "b"(a)
				 : "memory");
	}
}
