/* SPDX-License-Identifier: MIT */
/*
 * Does an instruction that the VMM carries out do what the processor does?
 * Random instructions, registers, flags and memory; each is executed by the
 * host's CPU on its own memory at the same addresses, and by the emulator on a
 * guest whose pages are partly RAM and partly trapped. Registers, memory and
 * flags must then agree.
 *
 *	emulate_random [INSTRUCTIONS [SEED]]
 *	emulate_random SECONDSs [SEED]
 */
#include <asm/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emulate_random_machine.h"

#define UNIT_INSTRUCTIONS	150000
#define DATA_SIZE	(DATA_PAGES * PAGE_SIZE)
#define MARGIN		256	/* room before and behind an address */
#define REPEATS		16
#define INSN_LENGTH_MAX	15
#define GS_BASE		0x12345000ull
#define FLAGS_ALL	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | \
			 RFLAGS_SF | RFLAGS_OF | RFLAGS_DF)

struct native {
	uint64_t gpr[16], rflags;
	const void *code;
};
_Static_assert(offsetof(struct native, rflags) == 128, "emulate_random_cpu.S");
_Static_assert(offsetof(struct native, code) == 136, "emulate_random_cpu.S");

void native_run(struct native *n);
extern const uint8_t native_back[];

static uint8_t *data, *code;	/* at DATA and CODE, for the host's CPU */
static uint8_t before[DATA_SIZE], after[DATA_SIZE];
static uint64_t random_state, fs_base;

/* what the generator makes */
static struct native start;
static uint8_t insn[32];
static unsigned int insn_len;
static uint64_t flags_compared;
static bool one_step;		/* no REP: done after one call */

static uint64_t rnd(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)(rnd() % n);
}

static void emit(unsigned int byte)
{
	insn[insn_len++] = (uint8_t)byte;
}

static void emit_n(uint64_t value, unsigned int n)
{
	while (n--) {
		emit(value & 0xff);
		value >>= 8;
	}
}

/* An address in DATA with room on both sides, often across two pages. */
static uint64_t random_target(void)
{
	uint64_t border = DATA + (1 + below(3)) * PAGE_SIZE;

	return below(2) ? border - below(9) :
		DATA + MARGIN + below(DATA_SIZE - 2 * MARGIN);
}

/* ---- prefixes ---- */

struct prefix {
	bool opsize, small_address, lock, rex_used;
	unsigned int rex;
	uint64_t segment_base;
};

static struct prefix random_prefix(bool lockable)
{
	struct prefix p = { 0 };

	switch (below(8)) {
	case 0:
		emit(0x64);
		p.segment_base = fs_base;
		break;
	case 1:
		emit(0x65);
		p.segment_base = GS_BASE;
		break;
	case 2:
		emit("\x26\x2e\x36\x3e"[below(4)]);	/* no effect */
		break;
	}
	p.small_address = !p.segment_base && !below(6);
	p.opsize = !below(3);
	p.lock = lockable && !below(4);
	if (p.small_address)
		emit(0x67);
	if (p.opsize)
		emit(0x66);
	if (p.lock)
		emit(0xf0);
	p.rex_used = below(2);
	p.rex = p.rex_used ? below(16) : 0;
	return p;
}

static unsigned int operand_size(const struct prefix *p)
{
	return p->rex & 8 ? 8 : p->opsize ? 2 : 4;
}

/* ---- a memory operand at a random place ---- */

struct address {
	unsigned int mod, rm, sib, disp_size;
	bool has_sib, rip;
	int64_t disp;
};

static uint64_t random_disp(struct address *a)
{
	a->mod = below(3);
	a->disp_size = a->mod == 0 ? 0 : a->mod == 1 ? 1 : 4;
	a->disp = a->disp_size == 1 ? (int8_t)rnd() :
		  a->disp_size == 4 ? (int32_t)rnd() : 0;
	return (uint64_t)a->disp;
}

/* Base register, sometimes an index: makes them point to target. */
static void by_registers(struct address *a, struct prefix *p, uint64_t target)
{
	unsigned int base = below(8) | (p->rex & 1 ? 8 : 0);
	unsigned int index = below(8) | (p->rex & 2 ? 8 : 0);
	unsigned int scale = below(4);
	uint64_t rest = target - random_disp(a);

	a->has_sib = below(2) || (base & 7) == 4;
	if ((base & 7) == 5 && a->mod == 0) {
		a->mod = 1;
		a->disp_size = 1;
		a->disp = 0;
	}
	a->rm = a->has_sib ? 4 : base & 7;
	if (!a->has_sib || index == 4) {
		index = 4;
	} else if (index == base) {
		/* both the same: without the index */
		index = 4;
		p->rex &= ~2u;
	}
	a->sib = scale << 6 | (index & 7) << 3 | (base & 7);
	if (index != 4)
		rest -= start.gpr[index] << scale;
	start.gpr[base] = rest;
	if (p->small_address)	/* bits above do not count */
		start.gpr[base] ^= rnd() << 32;
}

static void random_address(struct address *a, struct prefix *p, uint64_t target)
{
	memset(a, 0, sizeof(*a));
	target -= p->segment_base;
	if (below(8) || p->segment_base) {
		by_registers(a, p, target);
	} else if (below(2)) {
		a->rip = true;		/* disp is filled in at the end */
		a->rm = 5;
		a->disp_size = 4;
		a->disp = (int64_t)target;
	} else {
		a->has_sib = true;	/* disp32 alone */
		p->rex &= ~2u;
		a->rm = 4;
		a->sib = 0x25;
		a->disp_size = 4;
		a->disp = (int64_t)target;
	}
}

static void emit_rex(const struct prefix *p)
{
	if (p->rex_used)
		emit(0x40 | p->rex);
}

/* ModRM, SIB, displacement; behind them come imm_size bytes. */
static void emit_address(const struct address *a, unsigned int reg,
			 unsigned int imm_size)
{
	int64_t disp = a->disp;

	emit(a->mod << 6 | (reg & 7) << 3 | a->rm);
	if (a->has_sib)
		emit(a->sib);
	if (a->rip)
		disp -= (int64_t)(CODE + insn_len + 4 + imm_size);
	emit_n((uint64_t)disp, a->disp_size);
}

/* ---- instructions ---- */

static void with_modrm(unsigned int op, unsigned int reg, bool lockable,
		       unsigned int imm_size)
{
	struct prefix p = random_prefix(lockable);
	struct address a;

	random_address(&a, &p, random_target());
	emit_rex(&p);
	if (op >> 8)
		emit(op >> 8);
	emit(op & 0xff);
	if (imm_size == 4)
		imm_size = operand_size(&p) == 2 ? 2 : 4;
	emit_address(&a, reg, imm_size);
	emit_n(rnd(), imm_size);
}

static void gen_mov(void)
{
	with_modrm(0x88 + below(4), below(8), false, 0);
}

static void gen_mov_imm(void)
{
	bool wide = below(2);

	with_modrm(wide ? 0xc7 : 0xc6, 0, false, wide ? 4 : 1);
}

static void gen_extend(void)
{
	static const uint16_t ops[] = { 0x0fb6, 0x0fb7, 0x0fbe, 0x0fbf, 0x63 };

	with_modrm(ops[below(5)], below(8), false, 0);
}

static void gen_alu(void)
{
	unsigned int what = below(8), form = below(4);

	if (what == 1 || what == 4 || what == 6)
		flags_compared &= ~RFLAGS_AF;	/* undefined */
	with_modrm(what << 3 | form, below(8), form < 2 && what != 7, 0);
}

static void gen_alu_imm(void)
{
	unsigned int what = below(8), form = below(3);

	if (what == 1 || what == 4 || what == 6)
		flags_compared &= ~RFLAGS_AF;
	with_modrm(form == 0 ? 0x80 : form == 1 ? 0x81 : 0x83, what, what != 7,
		   form == 1 ? 4 : 1);
}

static void gen_test(void)
{
	unsigned int form = below(4);

	flags_compared &= ~RFLAGS_AF;
	if (form < 2)
		with_modrm(0x84 + form, below(8), false, 0);
	else
		with_modrm(0xf4 + form, below(2), false, form == 3 ? 4 : 1);
}

static void gen_xchg(void)
{
	with_modrm(0x86 + below(2), below(8), true, 0);
}

static void gen_push_pop(void)
{
	bool pop = below(2);
	struct prefix p = random_prefix(false);
	struct address a;

	start.gpr[GPR_RSP] = random_target();
	if (!p.rex_used)
		p.rex = 0;
	p.rex &= ~1u;
	do {	/* an operand that does not need another rSP */
		uint64_t rsp = start.gpr[GPR_RSP];

		random_address(&a, &p, random_target());
		if (start.gpr[GPR_RSP] == rsp)
			break;
		start.gpr[GPR_RSP] = rsp;
	} while (true);
	emit_rex(&p);
	emit(pop ? 0x8f : 0xff);
	emit_address(&a, pop ? 0 : 6, 0);
}

static void gen_moffs(void)
{
	struct prefix p = random_prefix(false);
	uint64_t target = random_target() - p.segment_base;

	emit_rex(&p);
	emit(0xa0 + below(4));
	emit_n(target, p.small_address ? 4 : 8);
}

/* Where a string of REPEATS elements stays inside of DATA, either way. */
static uint64_t random_string_target(void)
{
	return DATA + MARGIN + below(DATA_SIZE - 2 * MARGIN);
}

static void gen_string(void)
{
	static const uint8_t ops[] = { 0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad };
	unsigned int rep = below(3);
	struct prefix p;

	if (rep) {
		emit(rep == 1 ? 0xf3 : 0xf2);
		one_step = false;
	}
	p = random_prefix(false);
	start.gpr[GPR_RSI] = random_string_target() - p.segment_base;
	start.gpr[GPR_RDI] = random_string_target();
	if (rep) {
		start.gpr[GPR_RCX] = below(REPEATS);
		/* CPUs differ in what a count of 0 does to the bits above */
		if (p.small_address && start.gpr[GPR_RCX])
			start.gpr[GPR_RCX] |= rnd() << 32;
		else if (p.small_address)
			goto emit;
	}
	if (p.small_address) {
		start.gpr[GPR_RSI] |= rnd() << 32;
		start.gpr[GPR_RDI] |= rnd() << 32;
	}
emit:
	emit_rex(&p);
	emit(ops[below(6)]);
}

static void generate(void)
{
	static void (*const generators[])(void) = {
		gen_mov, gen_mov_imm, gen_extend, gen_alu, gen_alu, gen_alu_imm,
		gen_test, gen_xchg, gen_push_pop, gen_moffs, gen_string,
	};

	do {
		insn_len = 0;
		one_step = true;
		flags_compared = FLAGS_ALL;
		for (unsigned int i = 0; i < 16; i++)
			start.gpr[i] = rnd();
		start.rflags = 2 | (rnd() & FLAGS_ALL);
		generators[below(ARRAY_SIZE(generators))]();
	} while (insn_len > INSN_LENGTH_MAX);
}

/* ---- both ways ---- */

static void run_native(struct native *n)
{
	static const uint8_t jump[6] = { 0xff, 0x25 };	/* *0(%rip) */
	const void *back = native_back;

	*n = start;
	n->code = code;
	memcpy(data, before, DATA_SIZE);
	memcpy(code, insn, insn_len);
	memcpy(code + insn_len, jump, sizeof(jump));
	memcpy(code + insn_len + sizeof(jump), &back, sizeof(back));
	native_run(n);
}

static int run_emulated(void)
{
	machine_reset();
	machine.segment[SEG_FS].base = fs_base;
	machine.segment[SEG_GS].base = GS_BASE;
	/* without effect in 64-bit mode */
	machine.segment[SEG_DS].base = 0x1000;
	machine.segment[SEG_SS].base = 0x2000;
	machine.segment[SEG_ES].base = 0x3000;
	machine.segment[SEG_CS].base = 0x4000;
	memcpy(machine.v.gpr, start.gpr, sizeof(start.gpr));
	machine.v.rflags = start.rflags;
	machine_data_set(before);
	machine_code(CODE, insn, insn_len);
	return machine_step(one_step ? 1 : REPEATS + 1);
}

static const char *compare(const struct native *n, int status)
{
	if (status)
		return "refused";
	if (machine.vector >= 0)
		return "exception";
	if (machine.v.rip != CODE + insn_len)
		return "rip";
	if (memcmp(machine.v.gpr, n->gpr, sizeof(n->gpr)))
		return "registers";
	if ((machine.v.rflags ^ n->rflags) & flags_compared)
		return "flags";
	if ((machine.v.rflags ^ start.rflags) & ~FLAGS_ALL)
		return "other flags";
	machine_data_get(after);
	return memcmp(data, after, DATA_SIZE) ? "memory" : NULL;
}

static void report(const struct native *n, const char *what)
{
	printf("differ in %s:", what);
	for (unsigned int i = 0; i < insn_len; i++)
		printf(" %02x", insn[i]);
	printf("\n  flags before %#llx, CPU %#llx, emulator %#llx\n",
	       (unsigned long long)start.rflags, (unsigned long long)n->rflags,
	       (unsigned long long)machine.v.rflags);
	for (unsigned int i = 0; i < 16; i++)
		if (n->gpr[i] != machine.v.gpr[i])
			printf("  register %u: before %#llx, CPU %#llx, "
			       "emulator %#llx\n", i,
			       (unsigned long long)start.gpr[i],
			       (unsigned long long)n->gpr[i],
			       (unsigned long long)machine.v.gpr[i]);
}

static void *map_at(uint64_t a, size_t size, int prot)
{
	void *p = mmap((void *)a, size, prot, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)a) {
		printf("cannot map %#llx\n", (unsigned long long)a);
		exit(1);
	}
	return p;
}

int main(int argc, char **argv)
{
	char none[] = "", *unit = none;
	unsigned long count = argc > 1 ? strtoul(argv[1], &unit, 0) :
			      UNIT_INSTRUCTIONS, done = 0;
	time_t end = *unit == 's' ? time(NULL) + (time_t)count : 0;
	unsigned int failed = 0;

	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 20261121;
	data = map_at(DATA, DATA_SIZE, PROT_READ | PROT_WRITE);
	code = map_at(CODE, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_base);
	syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
	for (unsigned int i = 0; i < DATA_SIZE; i++)
		before[i] = (uint8_t)rnd();
	for (; (end ? time(NULL) < end : done < count) && failed < 10; done++) {
		struct native n;
		const char *what;

		generate();
		run_native(&n);
		what = compare(&n, run_emulated());
		if (!what)
			continue;
		report(&n, what);
		failed++;
	}
	printf("%lu instructions as the CPU does them, %u not\n", done - failed,
	       failed);
	return failed != 0;
}
