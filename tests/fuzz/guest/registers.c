/* SPDX-License-Identifier: MIT */
/*
 * Operations on the CPU's own registers: MSRs, CPUID, control and debug
 * registers, caches, HLT.
 */
#include "fuzz.h"

#define MSR_APIC_BASE	0x1b
#define CR0_PE		BIT(0)
#define CR0_PG		BIT(31)
#define CR4_PAE		BIT(5)

/* Those that a VMM has an opinion on, and their neighbours. */
static const uint32_t known_msrs[] = {
	0x10, 0x1b, 0x3a, 0x3b, 0x48, 0x49, 0x79, 0x8b, 0xc1, 0xe7, 0xe8, 0xfe,
	0x174, 0x175, 0x176, 0x179, 0x17a, 0x17b, 0x186, 0x198, 0x199, 0x19a,
	0x1a0, 0x1d9, 0x1db, 0x1dc, 0x1dd, 0x1de, 0x200, 0x201, 0x202, 0x203,
	0x20e, 0x20f, 0x250, 0x258, 0x259, 0x268, 0x26f, 0x277, 0x2ff, 0x345,
	0x38f, 0x400, 0x401, 0x402, 0x403, 0x404, 0x480, 0x6e0, 0x800, 0x802,
	0x803, 0x808, 0x80b, 0x80f, 0x828, 0x830, 0x832, 0x83f, 0xd90, 0xda0,
	0x40000000, 0x40000001, 0x40000073, 0x4b564d00, 0x4b564d01,
	0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100,
	0xc0000101, 0xc0000102, 0xc0000103, 0xc0000104, 0xc0000408,
	0xc0010000, 0xc0010004, 0xc0010010, 0xc0010015, 0xc0010016, 0xc0010017,
	0xc0010018, 0xc0010019, 0xc001001a, 0xc001001d, 0xc001001f, 0xc0010020,
	0xc0010055, 0xc0010056, 0xc0010058, 0xc0010061, 0xc0010062, 0xc0010063,
	0xc0010064, 0xc0010111, 0xc0010112, 0xc0010113, 0xc0010114, 0xc0010115,
	0xc0010116, 0xc0010117, 0xc0010118, 0xc0010119, 0xc001011a, 0xc0010140,
	0xc0010200, 0xc0011004, 0xc0011005, 0xc001101a, 0xc0011020, 0xc0011022,
	0xc0011023, 0xc0011029, 0xc0011030, 0xc0011033, 0xc001103a, 0xc001103b,
};

static uint32_t odd_msr(struct fuzz_cpu *c)
{
	uint32_t msr = known_msrs[below(c, ARRAY_SIZE(known_msrs))];

	switch (below(c, 8)) {
	case 0:
		return (uint32_t)odd_value(c);
	case 1:
		return below(c, 0x2000) |
		       (uint32_t[]){ 0, 0xc0000000, 0xc0010000,
				     0x40000000 }[below(c, 4)];
	case 2:
		return msr + below(c, 5) - 2;
	default:
		return msr;
	}
}

void op_rdmsr(struct fuzz_cpu *c)
{
	uint32_t msr = odd_msr(c);

	note(c, msr, 0, 0, 0);
	note(c, msr, read_msr(msr), 0, 0);
}

void op_wrmsr(struct fuzz_cpu *c)
{
	uint32_t msr = odd_msr(c);
	uint64_t value = odd_value(c);

	/* often what is there with a bit or two changed */
	if (chance(c, 2)) {
		note(c, msr, 0, 0, 0);
		value = read_msr(msr) ^ BIT(below(c, 64)) ^
			(chance(c, 2) ? BIT(below(c, 64)) : 0);
	}
	note(c, msr, value, 0, 0);
	if (msr == MSR_APIC_BASE && !machine.lethal)
		return;
	write_msr(msr, value);
}

void op_cpuid(struct fuzz_cpu *c)
{
	uint32_t leaf = below(c, 0x20), a, b, sub = below(c, 8), d;

	switch (below(c, 4)) {
	case 0:
		leaf |= 0x80000000;
		break;
	case 1:
		leaf |= 0x40000000;
		break;
	case 2:
		leaf = (uint32_t)odd_value(c);
		sub = (uint32_t)odd_value(c);
	}
	note(c, leaf, sub, 0, 0);
	__asm__ volatile("cpuid" : "=a"(a), "=b"(b), "+c"(sub), "=d"(d)
			 : "0"(leaf));
}

/* ---- control registers ---- */

static uint64_t odd_control(struct fuzz_cpu *c, uint64_t now)
{
	if (chance(c, 3))
		return odd_value(c);
	return now ^ BIT(below(c, chance(c, 4) ? 64 : 32)) ^
	       (chance(c, 2) ? BIT(below(c, 24)) : 0);
}

/* An address space that may lead nowhere: this CPU's, changed somewhere. */
static uint64_t odd_cr3(struct fuzz_cpu *c)
{
	uint64_t pml4 = (uint64_t)(uintptr_t)c->pml4;

	switch (below(c, machine.lethal ? 8 : 6)) {
	case 0:
		return pml4 | (rnd(c) & 0xfff);
	case 1:
		return pml4 | BIT(63);
	case 2:
		return pml4 | BIT(40 + below(c, 12));
	case 3:
		return pml4 | 0x18;
	case 7:
		return odd_address(c);
	case 6:
		return ram_address(c);
	default:
		return pml4;
	}
}

/*
 * In long mode hardware refuses to lose these, QEMU does not, and the guest is
 * at its end: left to boots that may be lethal.
 */
static uint64_t keep(uint64_t v, uint64_t bits)
{
	return machine.lethal ? v : v | bits;
}

void op_control(struct fuzz_cpu *c)
{
	unsigned int which = below(c, 8);
	uint64_t v = 0;

	switch (which) {
	case 0:
	case 1:
		v = keep(odd_control(c, c->cr0), CR0_PG | CR0_PE);
		note(c, which, v, 0, 0);
		__asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory");
		break;
	case 2:
		v = odd_value(c);
		note(c, which, v, 0, 0);
		__asm__ volatile("mov %0, %%cr2" : : "r"(v));
		break;
	case 3:
		v = odd_cr3(c);
		note(c, which, v, 0, 0);
		__asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
		break;
	case 4:
	case 5:
		v = keep(odd_control(c, c->cr4), CR4_PAE);
		note(c, which, v, 0, 0);
		__asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
		break;
	case 6:
		v = odd_value(c) & (chance(c, 2) ? 15 : ~0ull);
		note(c, which, v, 0, 0);
		__asm__ volatile("mov %0, %%cr8" : : "r"(v));
		break;
	default:
		v = chance(c, 2) ? odd_value(c) : 1 | (rnd(c) & 0xff);
		note(c, which, v, 0, 0);
		__asm__ volatile("xsetbv" : : "c"(below(c, 8) ? 0 : 1),
				 "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
	}
	/* an exit or two in that state */
	if (chance(c, 2))
		op_cpuid(c);
	else if (chance(c, 2))
		out8(0x80, 0);
	else
		op_rdmsr(c);
}

/* Breakpoints anywhere, single step, then something that exits. */
void op_debug(struct fuzz_cpu *c)
{
	uint64_t a = chance(c, 2) ? odd_address(c) :
		     (uint64_t)(uintptr_t)op_cpuid;
	uint64_t dr7 = chance(c, 4) ? odd_value(c) :
		       0x400 | (rnd(c) & 0xffff03ff);
	bool step = chance(c, 3);

	note(c, a, dr7, step, 0);
	if (dr7 & 8)		/* I/O breakpoints, too */
		__asm__ volatile("mov %0, %%cr4" : : "r"(c->cr4 | 8));
	__asm__ volatile("mov %0, %%dr0" : : "r"(a));
	__asm__ volatile("mov %0, %%dr1" : : "r"((uint64_t)below(c, 0x10000)));
	__asm__ volatile("mov %0, %%dr2" : : "r"(odd_value(c)));
	__asm__ volatile("mov %0, %%dr3" : : "r"(c->scratch));
	if (chance(c, 8))
		__asm__ volatile("mov %0, %%dr6" : : "r"(odd_value(c)));
	__asm__ volatile("mov %0, %%dr7" : : "r"(dr7));
	if (step)
		__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq"
				 ::: "memory", "cc");
	op_cpuid(c);
	*(volatile uint8_t *)c->scratch = 1;
	in8(0xcfc);
}

void op_cache(struct fuzz_cpu *c)
{
	uint64_t a = odd_mapping(c, odd_address(c));
	uint32_t low, high, aux;

	note(c, a, 0, 0, 0);
	switch (below(c, 8)) {
	case 0:
		__asm__ volatile("wbinvd" ::: "memory");
		break;
	case 1:
		__asm__ volatile("invd" ::: "memory");
		break;
	case 2:
		__asm__ volatile("clflush (%0)" : : "r"(a) : "memory");
		break;
	case 3:
		__asm__ volatile("prefetchw (%0)" : : "r"(a) : "memory");
		break;
	case 4:
		__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
		break;
	case 5:
		__asm__ volatile("rdpmc" : "=a"(low), "=d"(high)
				 : "c"(below(c, 8)));
		break;
	default:
		__asm__ volatile("invlpg (%0)" : : "r"(a) : "memory");
	}
}

/* ---- HLT ---- */

/* With interrupts, in the shadow of STI, behind MOV SS, or for good. */
void op_halt(struct fuzz_cpu *c)
{
	unsigned int how = below(c, machine.lethal ? 5 : 4);

	note(c, how, 0, 0, 0);
	switch (how) {
	case 0:
		__asm__ volatile("hlt" ::: "memory");
		break;
	case 1:
		__asm__ volatile("cli; sti; hlt" ::: "memory");
		break;
	case 2:
		__asm__ volatile("mov %%ss, %%eax; mov %%eax, %%ss; hlt"
				 ::: "rax", "memory");
		break;
	case 3:
		__asm__ volatile("cli; sti; cpuid"
				 ::: "rax", "rbx", "rcx", "rdx", "memory");
		break;
	default:
		__asm__ volatile("cli; hlt" ::: "memory");
	}
}
