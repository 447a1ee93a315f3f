/* SPDX-License-Identifier: MIT */
/*
 * String instructions at trapped ports (APM volume 3, INS and OUTS). What the
 * exit tells of them differs between CPUs, so the prefixes are read from the
 * code. Registers are those of the iterations that are complete whenever the
 * guest can see them: at a fault, a debug trap, or between two batches.
 */
#include "string_io.h"
#include "debug.h"
#include "emulate.h"
#include "trap_table.h"
#include "walk.h"

#include <errno.h>

#define BATCH		64	/* iterations between two looks at events */
#define INS_OPCODE	0x6c	/* 6c, 6d; OUTS: 6e, 6f */

struct string_io {
	struct vcpu *v;
	uint16_t port;
	unsigned int size, bits;
	unsigned int length, address_size;
	bool input, rep, opsize;
	enum vcpu_segreg segment;	/* of the source */
};

static uint64_t address_mask(const struct string_io *s)
{
	return s->address_size == 8 ? ~0ull : BIT(s->address_size * 8) - 1;
}

/* One prefix; false: it is none. */
static bool prefix(struct string_io *s, uint8_t b)
{
	switch (b) {
	case 0x67:
		s->address_size = s->bits == 32 ? 2 : 4;
		return true;
	case 0xf2: case 0xf3:
		s->rep = true;
		return true;
	case 0x26: case 0x2e: case 0x36: case 0x3e:
		/* ES, CS, SS, DS; not seen in 64-bit mode */
		if (s->bits != 64)
			s->segment = (enum vcpu_segreg)(b >> 3 & 3);
		return true;
	case 0x64:
		s->segment = SEG_FS;
		return true;
	case 0x65:
		s->segment = SEG_GS;
		return true;
	case 0x66:
		s->opsize = true;
		return true;
	case 0xf0:
		return true;	/* hardware has let it pass */
	default:
		return s->bits == 64 && (b & 0xf0) == 0x40;
	}
}

static int decode(struct string_io *s)
{
	uint8_t code[INSN_MAX];
	size_t n = emulate_fetch(s->v, code, &s->bits), i = 0;

	s->address_size = s->bits / 8;
	s->segment = SEG_DS;
	while (i < n && prefix(s, code[i]))
		i++;
	if (i == n || (code[i] & ~3) != INS_OPCODE)
		return -ENOTSUP;
	s->input = !(code[i] & 2);
	s->size = !(code[i] & 1) ? 1 : (s->bits == 16) != s->opsize ? 2 : 4;
	s->length = (unsigned int)i + 1;
	return 0;
}

static guest_virt linear(const struct string_io *s, enum vcpu_segreg segment,
			 enum vcpu_gpr g)
{
	uint64_t a = s->v->gpr[g] & address_mask(s);
	struct vcpu_segment seg;

	if (s->bits == 64 && segment < SEG_FS)
		return a;
	vcpu_segment(s->v, segment, &seg);
	a += seg.base;
	return s->bits == 64 ? a : a & 0xffffffff;
}

/* A 32-bit result clears the upper half, a 16-bit one leaves all above. */
static void add(struct string_io *s, enum vcpu_gpr g, int64_t n)
{
	uint64_t *gpr = &s->v->gpr[g], mask = address_mask(s);
	uint64_t sum = (*gpr + (uint64_t)n) & mask;

	*gpr = s->address_size == 2 ? (*gpr & ~mask) | sum : sum;
}

/* Reading the port may have effects: the destination must be there. */
static int input_once(struct string_io *s)
{
	guest_virt a = linear(s, SEG_ES, GPR_RDI);
	uint64_t value;
	int e = emulate_probe_write(s->v, a, s->size);

	if (e < 0)
		return e;
	value = port_read(s->port, s->size);
	return emulate_access(s->v, a, &value, s->size, true);
}

static int output_once(struct string_io *s)
{
	uint64_t value = 0;
	int e = emulate_access(s->v, linear(s, s->segment, GPR_RSI), &value,
			       s->size, false);

	if (!e)
		port_write(s->port, s->size, (uint32_t)value);
	return e;
}

static int once(struct string_io *s)
{
	int64_t step = s->v->rflags & RFLAGS_DF ? -(int64_t)s->size : s->size;
	int e = s->input ? input_once(s) : output_once(s);

	if (e < 0)
		return e;
	debug_port(s->v, s->port, s->size);
	add(s, s->input ? GPR_RDI : GPR_RSI, step);
	if (s->rep)
		add(s, GPR_RCX, -1);
	return 0;
}

int string_io(struct vcpu *v)
{
	struct string_io s = { .v = v, .port = (uint16_t)v->gpr[GPR_RDX] };
	uint64_t mask;
	int e = decode(&s);

	if (e < 0)
		return e;
	mask = address_mask(&s);
	for (unsigned int i = 0; i < BATCH; i++) {
		if (s.rep && !(v->gpr[GPR_RCX] & mask))
			break;
		if (once(&s) < 0)
			return 0;
		if (!s.rep || !(v->gpr[GPR_RCX] & mask))
			break;
		if (vcpu_step(v))
			return 0;	/* rip stays: more is to be done */
	}
	if (!s.rep || !(v->gpr[GPR_RCX] & mask))
		vcpu_skip(v, s.length);
	return 0;
}
