/* SPDX-License-Identifier: MIT */
/*
 * Operations on memory and on what is not memory: single accesses, and
 * instructions made of random bytes whose operands lie there, in 64-bit,
 * 32-bit and 16-bit code, as kernel and as user.
 */
#include "fuzz.h"

#define RFLAGS_FIXED	2ull
#define RFLAGS_TF	BIT(8)
#define RFLAGS_IF	BIT(9)
#define INT3		0xcc
#define CODE_SIZE	64
#define LETHAL_FIRST	4		/* of the special instructions */

/* Registers whose writing ends the guest: chipset, flash, other devices. */
static bool may_write(struct fuzz_cpu *c, uint64_t a)
{
	(void)c;
	return machine.lethal || a < 0xfec00000ull || a >= 0xff000000ull ||
	       a < 0xfee01000ull;
}

/*
 * QEMU 7.2 with several CPUs ends itself at a locked access that exits. XCHG
 * with memory is always locked.
 */
static bool may_lock(void)
{
	return machine.n_cpus == 1;
}

void op_mmio(struct fuzz_cpu *c)
{
	uint64_t at = register_address(c), a = odd_mapping(c, at);
	uint64_t v = odd_value(c), n = below(c, 5);
	unsigned int how = below(c, 20);

	note(c, a, at, how, v);
	if (is_own(at - 64, 128) || (!may_write(c, at) && how >= 4))
		return;
	if (!may_lock() && (how == 11 || how == 12 || how == 16))
		return;
	switch (how) {
	case 0:
		*(volatile uint8_t *)a;
		break;
	case 1:
		*(volatile uint16_t *)a;
		break;
	case 2:
		*(volatile uint32_t *)a;
		break;
	case 3:
		*(volatile uint64_t *)a;
		break;
	case 4:
		*(volatile uint8_t *)a = (uint8_t)v;
		break;
	case 5:
		*(volatile uint16_t *)a = (uint16_t)v;
		break;
	case 6:
	case 7:
		*(volatile uint32_t *)a = (uint32_t)v;
		break;
	case 8:
		*(volatile uint64_t *)a = v;
		break;
	case 9:
		*(volatile uint32_t *)a |= (uint32_t)v;
		break;
	case 10:
		*(volatile uint64_t *)a ^= v;
		break;
	case 11:
		__asm__ volatile("lock addl %1, (%0)" : : "r"(a),
				 "r"((uint32_t)v) : "memory");
		break;
	case 12:
		__asm__ volatile("xchgq %1, (%0)" : : "r"(a), "r"(v)
				 : "memory");
		break;
	case 13:
		__asm__ volatile("rep stosb" : "+D"(a), "+c"(n) : "a"(v)
				 : "memory");
		break;
	case 14:
		__asm__ volatile("rep movsl" : "+S"(a), "+c"(n)
				 : "D"(c->scratch + PAGE) : "memory");
		break;
	case 15:
		__asm__ volatile("rep movsq" : "+D"(a), "+c"(n)
				 : "S"(c->scratch + PAGE) : "memory");
		break;
	case 16:
		__asm__ volatile("lock cmpxchgq %1, (%0)" : : "r"(a), "r"(v)
				 : "rax", "memory");
		break;
	case 17:
		__asm__ volatile("movdqu (%0), %%xmm0" : : "r"(a));
		break;
	case 18:
		__asm__ volatile("pushq (%0)\n\tpopq (%0)" : : "r"(a)
				 : "memory");
		break;
	default:
		__asm__ volatile("lodsq\n\tcmpb $0, (%0)\n\tbtsl %1, (%0)"
				 : "+S"(a) : "r"((uint32_t)v & 31)
				 : "rax", "memory", "cc");
	}
}

/* Memory that is not this program's: the firmware's, the OS's to come. */
void op_ram(struct fuzz_cpu *c)
{
	uint64_t at = ram_address(c), a = odd_mapping(c, at);
	uint64_t v = odd_value(c);

	note(c, a, at, v, 0);
	if (is_own(at, PAGE) || is_own(at + PAGE, PAGE) || chance(c, 2))
		*(volatile uint64_t *)a;
	else
		*(volatile uint64_t *)a = v;
}

/* ---- instructions ---- */

static void put(struct fuzz_cpu *c, unsigned int *n, unsigned int byte)
{
	c->code[(*n)++] = (uint8_t)byte;
}

static void odd_prefixes(struct fuzz_cpu *c, unsigned int *n)
{
	static const uint8_t prefixes[] = {
		0xf0, 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x64, 0x65, 0x36, 0x26,
	};
	unsigned int first = may_lock() ? 0 : 1;

	while (chance(c, 2) && *n < 5)
		put(c, n, prefixes[first + below(c, sizeof(prefixes) - first)]);
	if (chance(c, 2))
		put(c, n, 0x40 | below(c, 16));
}

static uint64_t odd_register(struct fuzz_cpu *c)
{
	uint64_t a;

	switch (below(c, 4)) {
	case 0:
		return odd_value(c);
	case 1:
		return below(c, 64);
	default:
		a = odd_mapping(c, register_address(c));
		return is_own(a - PAGE, 2 * PAGE) ? 0 : a;
	}
}

static void odd_registers(struct fuzz_cpu *c)
{
	uint64_t *r = &c->regs.r15;

	for (unsigned int i = 0; i < 15; i++)
		r[i] = odd_register(c);
	if (!machine.lethal || chance(c, 2))
		c->regs.rcx = below(c, 64);
	c->regs.rip = (uint64_t)(uintptr_t)c->code;
	c->regs.cs = SEL_CODE;
	c->regs.ss = SEL_DATA;
	c->regs.rsp = (uint64_t)(uintptr_t)c->scratch + 3 * PAGE;
	c->regs.rflags = RFLAGS_FIXED | (chance(c, 8) ? 0 : RFLAGS_IF) |
			 (rnd(c) & 0xcd5) | (chance(c, 16) ? RFLAGS_TF : 0) |
			 (chance(c, 8) ? rnd(c) & 0x7000 : 0);
	if (!machine.lethal)
		c->regs.rflags |= RFLAGS_IF;
	switch (below(c, 8)) {
	case 0:
		c->regs.cs = SEL_CODE32;
		break;
	case 1:
	case 2:
		c->regs.cs = chance(c, 2) ? SEL_UCODE32 : SEL_UCODE;
		c->regs.ss = SEL_UDATA;
		c->regs.rip = USER;
		c->regs.rsp = USER_STACK;
		break;
	}
	if (chance(c, 16))
		c->regs.rsp = odd_mapping(c, register_address(c));
}

static void run(struct fuzz_cpu *c)
{
	const uint64_t *bytes = (const uint64_t *)c->code;

	note(c, bytes[0], bytes[1], c->regs.cs, c->regs.rcx);
	exec(&c->regs);
}

static void no_code(struct fuzz_cpu *c)
{
	for (unsigned int i = 0; i < CODE_SIZE; i++)
		c->code[i] = INT3;
}

/* Any opcode with a memory operand that a register points to. */
void op_insn_memory(struct fuzz_cpu *c)
{
	static const uint8_t likely[] = {
		0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x11, 0x19, 0x20, 0x21,
		0x28, 0x29, 0x30, 0x31, 0x38, 0x39, 0x63, 0x69, 0x6b, 0x80,
		0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b,
		0x8c, 0x8e, 0x8f, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac,
		0xad, 0xae, 0xaf, 0xc0, 0xc1, 0xc6, 0xc7, 0xd0, 0xd3, 0xd8,
		0xdd, 0xf6, 0xf7, 0xfe, 0xff,
	};
	/*
	 * Not 0x00: with LTR of 0 QEMU ends itself at the next exception. The
	 * first, with LGDT and LIDT, ends the guest.
	 */
	static const uint8_t likely_0f[] = {
		0x01, 0x10, 0x11, 0x18, 0x28, 0x29, 0x2b, 0x40, 0x4f,
		0x6e, 0x6f, 0x7e, 0x7f, 0x90, 0xa3, 0xa4, 0xab, 0xae, 0xaf,
		0xb0, 0xb1, 0xb3, 0xb6, 0xb7, 0xba, 0xbb, 0xbc, 0xbe, 0xbf,
		0xc0, 0xc1, 0xc3, 0xc7, 0xe7, 0xf0,
	};
	unsigned int n = 0, modrm;

	odd_registers(c);
	no_code(c);
	odd_prefixes(c, &n);
	if (chance(c, 3)) {
		put(c, &n, 0x0f);
		modrm = below(c, sizeof(likely_0f));
		put(c, &n, likely_0f[modrm || machine.lethal ? modrm : 1]);
	} else {
		modrm = likely[below(c, sizeof(likely))];
		if ((modrm & 0xfe) == 0x86 && !may_lock())
			modrm = 0x88;
		put(c, &n, modrm);
	}
	/* [reg], [reg + disp8], [reg + index * scale] */
	modrm = (unsigned int)rnd(c) & 0x3f;
	if (chance(c, 4))
		modrm |= 0x40;
	put(c, &n, modrm);
	if ((modrm & 7) == 4)
		put(c, &n, (unsigned int)rnd(c) & 0xff);
	if (modrm & 0x40)
		put(c, &n, below(c, 16));
	for (unsigned int i = below(c, 5); i; i--)
		put(c, &n, (unsigned int)rnd(c) & 0xff);
	run(c);
}

void op_insn_random(struct fuzz_cpu *c)
{
	unsigned int n = 0, length = 1 + below(c, 15);

	odd_registers(c);
	no_code(c);
	while (n < length)
		put(c, &n, (unsigned int)rnd(c) & 0xff);
	run(c);
}

/* Instructions that exit or change what an exit finds, in odd states. */
void op_insn_special(struct fuzz_cpu *c)
{
	static const struct {
		uint8_t length, bytes[6];
	} special[] = {
		/* these four may well end the guest */
		{ 3, { 0x0f, 0x22, 0xc0 } },		/* mov cr0, rax */
		{ 3, { 0x0f, 0x22, 0xe0 } },		/* mov cr4, rax */
		{ 3, { 0x0f, 0x01, 0x10 } },		/* lgdt [rax] */
		{ 3, { 0x0f, 0x01, 0x18 } },		/* lidt [rax] */
		{ 2, { 0x0f, 0xa2 } },			/* cpuid */
		{ 3, { 0x0f, 0x01, 0xd9 } },		/* vmmcall */
		{ 3, { 0x0f, 0x01, 0xc1 } },		/* vmcall */
		{ 3, { 0x0f, 0x01, 0xd8 } },		/* vmrun */
		{ 3, { 0x0f, 0x01, 0xda } },		/* vmload */
		{ 3, { 0x0f, 0x01, 0xdb } },		/* vmsave */
		{ 3, { 0x0f, 0x01, 0xdc } },		/* stgi */
		{ 3, { 0x0f, 0x01, 0xdd } },		/* clgi */
		{ 3, { 0x0f, 0x01, 0xde } },		/* skinit */
		{ 3, { 0x0f, 0x01, 0xdf } },		/* invlpga */
		{ 3, { 0x0f, 0x01, 0xc8 } },		/* monitor */
		{ 3, { 0x0f, 0x01, 0xc9 } },		/* mwait */
		{ 3, { 0x0f, 0x01, 0xd1 } },		/* xsetbv */
		{ 3, { 0x0f, 0x01, 0xf8 } },		/* swapgs */
		{ 3, { 0x0f, 0x01, 0xf9 } },		/* rdtscp */
		{ 2, { 0x0f, 0x32 } },			/* rdmsr */
		{ 2, { 0x0f, 0x33 } },			/* rdpmc */
		{ 2, { 0x0f, 0x31 } },			/* rdtsc */
		{ 2, { 0x0f, 0x08 } },			/* invd */
		{ 2, { 0x0f, 0xaa } },			/* rsm */
		{ 2, { 0x0f, 0x05 } },			/* syscall */
		{ 2, { 0x0f, 0x07 } },			/* sysret */
		{ 2, { 0x0f, 0x34 } },			/* sysenter */
		{ 2, { 0x0f, 0x35 } },			/* sysexit */
		{ 2, { 0xcd, 0x00 } },			/* int n, see below */
		{ 1, { 0xf1 } },			/* int1 */
		{ 1, { 0xcf } },			/* iret */
		{ 2, { 0x48, 0xcf } },			/* iretq */
		{ 1, { 0xcb } },			/* retf */
		{ 1, { 0x9c } },			/* pushf */
		{ 1, { 0x9d } },			/* popf */
		{ 1, { 0x6c } },			/* insb */
		{ 2, { 0xf3, 0x6d } },			/* rep insd */
		{ 1, { 0x6e } },			/* outsb */
		{ 2, { 0xf3, 0x6f } },			/* rep outsd */
		{ 2, { 0xe4, 0x64 } },			/* in al, 64h */
		{ 1, { 0xed } },			/* in eax, dx */
		{ 3, { 0x0f, 0x23, 0xf8 } },		/* mov dr7, rax */
		{ 3, { 0x0f, 0x23, 0xf0 } },		/* mov dr6, rax */
		{ 3, { 0x0f, 0x01, 0x00 } },		/* sgdt [rax] */
		{ 3, { 0x0f, 0x00, 0xd0 } },		/* lldt ax */
		{ 3, { 0x0f, 0xb2, 0x20 } },		/* lss esp, [rax] */
		{ 2, { 0xff, 0x10 } },			/* call [rax] */
		{ 2, { 0xff, 0x18 } },			/* call far [rax] */
		{ 2, { 0xff, 0x28 } },			/* jmp far [rax] */
		{ 2, { 0xff, 0x30 } },			/* push [rax] */
		{ 2, { 0x8e, 0xd0 } },			/* mov ss, eax */
		{ 2, { 0x8e, 0xd8 } },			/* mov ds, eax */
		{ 3, { 0x0f, 0xae, 0x00 } },		/* fxsave [rax] */
		{ 3, { 0x0f, 0xae, 0x20 } },		/* xsave [rax] */
		{ 3, { 0x0f, 0xae, 0x38 } },		/* clflush [rax] */
		{ 4, { 0x48, 0x0f, 0xc7, 0x08 } },	/* cmpxchg16b [rax] */
		{ 2, { 0xfb, 0xf4 } },			/* sti; hlt */
		{ 4, { 0x16, 0x17, 0x0f, 0xa2 } },	/* pop ss; cpuid */
		{ 2, { 0x62, 0x00 } },			/* bound */
		{ 1, { 0xce } },			/* into */
	};
	unsigned int n = 0;

	odd_registers(c);
	no_code(c);
	for (unsigned int count = 1 + below(c, 4); count; count--) {
		unsigned int i = below(c, ARRAY_SIZE(special));

		if (i < LETHAL_FIRST && !machine.lethal)
			continue;
		if (chance(c, 8))
			odd_prefixes(c, &n);
		for (unsigned int k = 0; k < special[i].length; k++)
			put(c, &n, special[i].bytes[k]);
		if (special[i].bytes[0] == 0xcd)
			c->code[n - 1] = (uint8_t)rnd(c);
	}
	run(c);
}

/*
 * Code where no code is: at what is hidden, or anywhere in RAM. (At registers
 * that are there, and from a page into such, QEMU ends itself.)
 */
void op_insn_there(struct fuzz_cpu *c)
{
	uint64_t a = chance(c, 4) ? ram_address(c) : hidden_address(c);

	odd_registers(c);
	c->regs.rip = odd_mapping(c, a & ~(PAGE / 2 + 15));
	note(c, c->regs.rip, c->regs.cs, 0, 0);
	exec(&c->regs);
}
