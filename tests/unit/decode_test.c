/* SPDX-License-Identifier: MIT */
/*
 * Does the instruction decoder see what the processor sees? Hand-made cases
 * for what is easily wrong, then a comparison with Zydis: generated
 * instructions, random bytes, and all code mapped in this process.
 *
 *	decode [SECONDS [SEED]]		longer, and with another seed
 */
#define _GNU_SOURCE		/* dl_iterate_phdr */
#include "decode_reference.h"

#include "../../core/x86/decode.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UNIT_GENERATED	400000
#define UNIT_RANDOM	200000
#define UNIT_MAPPED	400000
#define MISMATCHES_MAX	20

static unsigned int mismatches;
static uint64_t random_state;

/* xorshift64*: the same numbers everywhere */
static uint64_t rnd(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

static void compared(const uint8_t *bytes, unsigned int bits)
{
	if (reference_compare(bytes, INSN_MAX, bits) < 0 &&
	    ++mismatches == MISMATCHES_MAX) {
		printf("too many differences\n");
		exit(1);
	}
}

static unsigned int random_bits(void)
{
	static const unsigned int bits[4] = { 64, 64, 32, 16 };

	return bits[rnd() & 3];
}

/* ---- generated: prefixes and opcodes that the decoder knows, mostly ---- */

static void generate(void)
{
	static const uint8_t prefixes[] = {
		0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64,
		0x65,
	};
	static const uint8_t opcodes[] = {
		0x63, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
		0x89, 0x8a, 0x8b, 0x8f, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5,
		0xaa, 0xab, 0xac, 0xad, 0xc6, 0xc7, 0xf6, 0xf7, 0xff,
	};
	static const uint8_t second[] = { 0xb6, 0xb7, 0xbe, 0xbf };
	uint8_t b[INSN_MAX];
	unsigned int n = 0, bits = random_bits();

	for (unsigned int i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)rnd();
	while (n < 6 && rnd() % 3 == 0)
		b[n++] = prefixes[rnd() % sizeof(prefixes)];
	if (bits == 64 && rnd() % 2)
		b[n++] = 0x40 | (rnd() & 15);
	switch (rnd() % 4) {
	case 0:
		b[n++] = rnd() & 0x3b;	/* ADD to CMP, and their neighbours */
		break;
	case 1:
		b[n++] = 0x0f;
		b[n] = rnd() % 8 ? second[rnd() % sizeof(second)] : b[n];
		break;
	default:
		b[n++] = opcodes[rnd() % sizeof(opcodes)];
	}
	compared(b, bits);
}

static void random_bytes(void)
{
	uint8_t b[INSN_MAX];

	for (unsigned int i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)rnd();
	compared(b, random_bits());
}

/* ---- mapped: what compilers made, read at every byte ---- */

struct code {
	const uint8_t *start;
	size_t size;
};

static struct code mapped[32];
static unsigned int n_mapped;

static int note_segment(struct dl_phdr_info *info, size_t size, void *arg)
{
	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
		    p->p_filesz < 4096 || n_mapped == 32)
			continue;
		mapped[n_mapped++] = (struct code){
			(const uint8_t *)(info->dlpi_addr + p->p_vaddr),
			p->p_filesz };
	}
	return 0;
}

static void mapped_code(void)
{
	const struct code *c = &mapped[rnd() % n_mapped];
	size_t at = rnd() % (c->size - 256);

	/* 64-bit code, now and then misread as another mode's */
	for (unsigned int i = 0; i < 128; i++)
		compared(c->start + at + i, rnd() % 8 ? 64 : random_bits());
}

/* ---- hand-made ---- */

struct example {
	unsigned int bits;
	const char *hex;
	int status;
	struct insn i;
};

#define REG	OTHER_REG
#define IMM	OTHER_IMM
#define NONE	OTHER_NONE
#define NOREG	INSN_NO_REG
enum { ES, CS, SS, DS, FS, GS };

/* op, other, length, size, mem_size, address_size, mem_is_dst, rep, reg,
 * high_byte, imm, segment, base, index, scale, disp */
static const struct example examples[] = {
	/* mov %eax, (%rdi): the usual register write */
	{ 64, "8907", 0, { INSN_MOV, REG, 2, 4, 4, 8, true, false, 0, false,
			   0, DS, 7, NOREG, 0, 0 } },
	/* the same in a 32-bit and a 16-bit segment: (%edi), (%bx) */
	{ 32, "8907", 0, { INSN_MOV, REG, 2, 4, 4, 4, true, false, 0, false,
			   0, DS, 7, NOREG, 0, 0 } },
	{ 16, "8907", 0, { INSN_MOV, REG, 2, 2, 2, 2, true, false, 0, false,
			   0, DS, 3, NOREG, 0, 0 } },
	/* mov %ah, (%rax) without REX, mov %spl, (%rax) with */
	{ 64, "8820", 0, { INSN_MOV, REG, 2, 1, 1, 8, true, false, 4, true,
			   0, DS, 0, NOREG, 0, 0 } },
	{ 64, "408820", 0, { INSN_MOV, REG, 3, 1, 1, 8, true, false, 4, false,
			     0, DS, 0, NOREG, 0, 0 } },
	/* mov 0x10(%rip), %r9d: base is the next instruction */
	{ 64, "448b0d10000000", 0, { INSN_MOV, REG, 7, 4, 4, 8, false, false,
				     9, false, 0, DS, INSN_RIP, NOREG, 0,
				     0x10 } },
	/* (%r12), (%r13): need SIB and displacement; r12 as index is fine */
	{ 64, "418b0424", 0, { INSN_MOV, REG, 4, 4, 4, 8, false, false, 0,
			       false, 0, DS, 12, NOREG, 0, 0 } },
	{ 64, "418b4500", 0, { INSN_MOV, REG, 4, 4, 4, 8, false, false, 0,
			       false, 0, DS, 13, NOREG, 0, 0 } },
	{ 64, "428b04a0", 0, { INSN_MOV, REG, 4, 4, 4, 8, false, false, 0,
			       false, 0, DS, 0, 12, 2, 0 } },
	/* movq $-2, 8(%rsp): sign-extended, by the stack segment */
	{ 64, "48c7442408feffffff", 0, { INSN_MOV, IMM, 9, 8, 8, 8, true,
					 false, 0, false, -2, SS, 4, NOREG, 0,
					 8 } },
	/* movabs %al, 0x1122334455667788 */
	{ 64, "a28877665544332211", 0, { INSN_MOV, REG, 9, 1, 1, 8, true,
					 false, 0, false, 0, DS, NOREG, NOREG,
					 0, 0x1122334455667788 } },
	/* movzbl, movswq, movslq */
	{ 64, "0fb607", 0, { INSN_MOVZX, REG, 3, 4, 1, 8, false, false, 0,
			     false, 0, DS, 7, NOREG, 0, 0 } },
	{ 64, "480fbf07", 0, { INSN_MOVSX, REG, 4, 8, 2, 8, false, false, 0,
			       false, 0, DS, 7, NOREG, 0, 0 } },
	{ 64, "486307", 0, { INSN_MOVSX, REG, 3, 8, 4, 8, false, false, 0,
			     false, 0, DS, 7, NOREG, 0, 0 } },
	/* arpl in 32-bit mode */
	{ 32, "6307", -ENOTSUP, { 0 } },
	/* rep stosl with a 32-bit address, fs: movsb */
	{ 64, "67f3ab", 0, { INSN_STOS, NONE, 3, 4, 4, 4, false, true, 0,
			     false, 0, DS, NOREG, NOREG, 0, 0 } },
	{ 64, "64a4", 0, { INSN_MOVS, NONE, 2, 1, 1, 8, false, false, 0,
			   false, 0, FS, NOREG, NOREG, 0, 0 } },
	/* an ignored override behind FS does not undo it; in 32 bits it does */
	{ 64, "643e8b07", 0, { INSN_MOV, REG, 4, 4, 4, 8, false, false, 0,
			       false, 0, FS, 7, NOREG, 0, 0 } },
	{ 32, "643e8b07", 0, { INSN_MOV, REG, 4, 4, 4, 4, false, false, 0,
			       false, 0, DS, 7, NOREG, 0, 0 } },
	/* REX before another prefix has no effect; of two the last counts */
	{ 64, "48668b07", 0, { INSN_MOV, REG, 4, 2, 2, 8, false, false, 0,
			       false, 0, DS, 7, NOREG, 0, 0 } },
	{ 64, "48448b07", 0, { INSN_MOV, REG, 4, 4, 4, 8, false, false, 8,
			       false, 0, DS, 7, NOREG, 0, 0 } },
	/* REX.W wins over 66 */
	{ 64, "66488b07", 0, { INSN_MOV, REG, 4, 8, 8, 8, false, false, 0,
			       false, 0, DS, 7, NOREG, 0, 0 } },
	/* lock orl, lock xchg; lock mov and lock cmp are invalid */
	{ 64, "f0830f01", 0, { INSN_OR, IMM, 4, 4, 4, 8, true, false, 1,
			       false, 1, DS, 7, NOREG, 0, 0 } },
	{ 64, "f08707", 0, { INSN_XCHG, REG, 3, 4, 4, 8, true, false, 0,
			     false, 0, DS, 7, NOREG, 0, 0 } },
	{ 64, "f08907", -ENOTSUP, { 0 } },
	{ 64, "f0833f01", -ENOTSUP, { 0 } },
	{ 64, "f00307", -ENOTSUP, { 0 } },	/* destination is a register */
	/* testl $1, (%rdi), in its second coding too; notl */
	{ 64, "f70701000000", 0, { INSN_TEST, IMM, 6, 4, 4, 8, false, false,
				   0, false, 1, DS, 7, NOREG, 0, 0 } },
	{ 64, "f70f01000000", 0, { INSN_TEST, IMM, 6, 4, 4, 8, false, false,
				   1, false, 1, DS, 7, NOREG, 0, 0 } },
	{ 64, "f717", -ENOTSUP, { 0 } },
	/* 82 is 80 outside 64-bit mode */
	{ 32, "820f01", 0, { INSN_OR, IMM, 3, 1, 1, 4, true, false, 1, false,
			     1, DS, 7, NOREG, 0, 0 } },
	{ 64, "820f01", -ENOTSUP, { 0 } },
	/* push and pop of memory are 64-bit wide; 66 makes them 16-bit */
	{ 64, "ff37", 0, { INSN_PUSH, NONE, 2, 8, 8, 8, false, false, 6,
			   false, 0, DS, 7, NOREG, 0, 0 } },
	{ 64, "668f07", 0, { INSN_POP, NONE, 3, 2, 2, 8, true, false, 0,
			     false, 0, DS, 7, NOREG, 0, 0 } },
	{ 64, "8f0f", -ENOTSUP, { 0 } },	/* XOP */
	{ 64, "ff17", -ENOTSUP, { 0 } },	/* call */
	/* 16-bit addresses: (%bp,%di) by SS, 0x1234 by DS */
	{ 16, "8b03", 0, { INSN_MOV, REG, 2, 2, 2, 2, false, false, 0, false,
			   0, SS, 5, 7, 0, 0 } },
	{ 16, "8b063412", 0, { INSN_MOV, REG, 4, 2, 2, 2, false, false, 0,
			       false, 0, DS, NOREG, NOREG, 0, 0x1234 } },
	{ 32, "67668b46fe", 0, { INSN_MOV, REG, 5, 2, 2, 2, false, false, 0,
				 false, 0, SS, 5, NOREG, 0, -2 } },
	/* registers only: no memory operand */
	{ 64, "89c7", -ENOTSUP, { 0 } },
	{ 64, "9090", -ENOTSUP, { 0 } },
	/* fifteen bytes are an instruction, sixteen are not */
	{ 64, "66666666666666666666666689c7", -ENOTSUP, { 0 } },
	{ 64, "666666666666666666666666668907", 0,
	  { INSN_MOV, REG, 15, 2, 2, 8, true, false, 0, false, 0, DS, 7, NOREG,
	    0, 0 } },
	{ 64, "66666666666666666666666666668907", -ENOTSUP, { 0 } },
	/* cut */
	{ 64, "", -EAGAIN, { 0 } },
	{ 64, "48c74424", -EAGAIN, { 0 } },
};

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

static bool same(const struct insn *a, const struct insn *b)
{
	return a->op == b->op && a->other == b->other &&
	       a->length == b->length && a->size == b->size &&
	       a->mem_size == b->mem_size &&
	       a->address_size == b->address_size &&
	       a->mem_is_dst == b->mem_is_dst && a->rep == b->rep &&
	       a->reg == b->reg && a->high_byte == b->high_byte &&
	       a->imm == b->imm && a->segment == b->segment &&
	       a->base == b->base && a->index == b->index &&
	       a->scale == b->scale && a->disp == b->disp;
}

static void run_examples(void)
{
	for (size_t n = 0; n < sizeof(examples) / sizeof(examples[0]); n++) {
		const struct example *e = &examples[n];
		uint8_t bytes[32];
		struct insn i;
		int status = insn_decode(bytes, unhex(e->hex, bytes), e->bits,
					 &i);

		if (status == e->status && (status || same(&i, &e->i)))
			continue;
		printf("%u bits, %s: wrong (status %d)\n", e->bits, e->hex,
		       status);
		mismatches++;
	}
}

static void run_for(time_t seconds)
{
	time_t end = time(NULL) + seconds;

	while (time(NULL) < end) {
		for (unsigned int i = 0; i < 10000; i++) {
			generate();
			random_bytes();
		}
		for (unsigned int i = 0; i < 100; i++)
			mapped_code();
	}
}

int main(int argc, char **argv)
{
	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 20260713;
	reference_open();
	dl_iterate_phdr(note_segment, NULL);
	run_examples();
	if (argc > 1) {
		run_for((time_t)strtoul(argv[1], NULL, 10));
	} else {
		for (unsigned int i = 0; i < UNIT_GENERATED; i++)
			generate();
		for (unsigned int i = 0; i < UNIT_RANDOM; i++)
			random_bytes();
		for (unsigned int i = 0; i < UNIT_MAPPED / 128; i++)
			mapped_code();
	}
	printf("%llu instructions compared, %llu of them known, %u differ\n",
	       (unsigned long long)reference_count.all,
	       (unsigned long long)reference_count.decoded, mismatches);
	return mismatches != 0;
}
