/* SPDX-License-Identifier: MIT */
/* Instruction decoder, see decode.h; opcode maps: APM volume 3, appendix A. */
#include "decode.h"

#include <errno.h>
#include <string.h>

#define REX_W	8
#define REX_R	4
#define REX_X	2
#define REX_B	1

enum { ES, CS, SS, DS, FS, GS };

struct cursor {
	const uint8_t *bytes;
	size_t n, at;
	int error;
};

struct prefixes {
	bool opsize, addrsize, rep, lock, long_mode;
	uint8_t rex;
	int segment;		/* -1: default */
};

struct state {
	struct cursor c;
	struct prefixes p;
	unsigned int bits;
	struct insn *out;
	uint8_t modrm;
};

/* Little-endian, n bytes. */
static uint64_t fetch(struct cursor *c, unsigned int n)
{
	uint64_t v = 0;

	if (c->error)
		return 0;
	if (n > INSN_MAX - c->at) {
		c->error = -ENOTSUP;
		return 0;
	}
	if (n > c->n - c->at) {
		c->error = -EAGAIN;
		return 0;
	}
	for (unsigned int i = 0; i < n; i++)
		v |= (uint64_t)c->bytes[c->at + i] << 8 * i;
	c->at += n;
	return v;
}

static int64_t fetch_signed(struct cursor *c, unsigned int n)
{
	unsigned int shift = 64 - 8 * n;

	return n ? (int64_t)(fetch(c, n) << shift) >> shift : 0;
}

/* 64-bit mode does not see overrides other than FS and GS. */
static void segment(struct prefixes *p, int s)
{
	if (!p->long_mode)
		p->segment = s;
}

/* One legacy prefix; false: it is none. */
static bool legacy_prefix(struct prefixes *p, uint8_t b)
{
	switch (b) {
	case 0x66: p->opsize = true; return true;
	case 0x67: p->addrsize = true; return true;
	case 0xf0: p->lock = true; return true;
	case 0xf2: case 0xf3: p->rep = true; return true;
	case 0x26: segment(p, ES); return true;
	case 0x2e: segment(p, CS); return true;
	case 0x36: segment(p, SS); return true;
	case 0x3e: segment(p, DS); return true;
	case 0x64: p->segment = FS; return true;
	case 0x65: p->segment = GS; return true;
	default: return false;
	}
}

/* Returns the first opcode byte. */
static uint8_t read_prefixes(struct state *s)
{
	uint8_t b;

	s->p.segment = -1;
	s->p.long_mode = s->bits == 64;
	for (;;) {
		b = (uint8_t)fetch(&s->c, 1);
		if (s->c.error)
			return 0;
		if (legacy_prefix(&s->p, b)) {
			s->p.rex = 0;	/* REX counts only right before */
			continue;
		}
		if (s->bits != 64 || (b & 0xf0) != 0x40)
			break;
		s->p.rex = b;
	}
	return b;
}

static void set_sizes(struct state *s)
{
	struct insn *i = s->out;

	if (s->bits == 64) {
		i->size = s->p.rex & REX_W ? 8 : s->p.opsize ? 2 : 4;
		i->address_size = s->p.addrsize ? 4 : 8;
	} else {
		bool small = s->bits == 16;

		i->size = small != s->p.opsize ? 2 : 4;
		i->address_size = small != s->p.addrsize ? 2 : 4;
	}
	i->mem_size = i->size;
}

static void byte_operation(struct insn *i)
{
	i->size = 1;
	i->mem_size = 1;
}

static void modrm_16(struct state *s)
{
	static const uint8_t bases[8] = { 3, 3, 5, 5, 6, 7, 5, 3 };
	static const uint8_t indexes[4] = { 6, 7, 6, 7 };
	struct insn *i = s->out;
	uint8_t mod = s->modrm >> 6, rm = s->modrm & 7;

	i->base = bases[rm];
	i->index = rm < 4 ? indexes[rm] : INSN_NO_REG;
	if (mod == 0 && rm == 6) {
		i->base = INSN_NO_REG;
		i->disp = fetch_signed(&s->c, 2);
	} else if (mod == 1) {
		i->disp = fetch_signed(&s->c, 1);
	} else if (mod == 2) {
		i->disp = fetch_signed(&s->c, 2);
	}
	i->segment = i->base == 5 ? SS : DS;
}

static void read_sib(struct state *s, uint8_t mod)
{
	struct insn *i = s->out;
	uint8_t sib = (uint8_t)fetch(&s->c, 1);
	uint8_t index = (sib >> 3 & 7) | (s->p.rex & REX_X ? 8 : 0);
	uint8_t base = (sib & 7) | (s->p.rex & REX_B ? 8 : 0);

	i->scale = sib >> 6;
	i->index = index == 4 ? INSN_NO_REG : index;
	i->base = base;
	if ((base & 7) == 5 && mod == 0) {
		i->base = INSN_NO_REG;
		i->disp = fetch_signed(&s->c, 4);
	}
}

static void modrm_32(struct state *s)
{
	struct insn *i = s->out;
	uint8_t mod = s->modrm >> 6, rm = s->modrm & 7;

	i->index = INSN_NO_REG;
	if (rm == 4) {
		read_sib(s, mod);
	} else if (mod == 0 && rm == 5) {
		i->base = s->bits == 64 ? INSN_RIP : INSN_NO_REG;
		i->disp = fetch_signed(&s->c, 4);
	} else {
		i->base = rm | (s->p.rex & REX_B ? 8 : 0);
	}
	if (mod == 1)
		i->disp = fetch_signed(&s->c, 1);
	else if (mod == 2)
		i->disp = fetch_signed(&s->c, 4);
	i->segment = i->base == 4 || i->base == 5 ? SS : DS;
}

/* ModRM with a memory operand; sets reg and the address parts. */
static void read_modrm(struct state *s)
{
	struct insn *i = s->out;

	s->modrm = (uint8_t)fetch(&s->c, 1);
	if (!s->c.error && s->modrm >> 6 == 3)
		s->c.error = -ENOTSUP;
	if (s->c.error)
		return;
	i->reg = (s->modrm >> 3 & 7) | (s->p.rex & REX_R ? 8 : 0);
	if (i->address_size == 2)
		modrm_16(s);
	else
		modrm_32(s);
	if (s->p.segment >= 0)
		i->segment = (uint8_t)s->p.segment;
}

static void read_imm(struct state *s, unsigned int size)
{
	s->out->other = OTHER_IMM;
	s->out->imm = fetch_signed(&s->c, size > 4 ? 4 : size);
}

/* mov al/ax/eax/rax, [offset] and back: a0-a3 */
static void moffs(struct state *s, uint8_t op)
{
	struct insn *i = s->out;

	if (!(op & 1))
		byte_operation(i);
	i->op = INSN_MOV;
	i->mem_is_dst = op & 2;
	i->reg = 0;
	i->base = INSN_NO_REG;
	i->index = INSN_NO_REG;
	i->disp = (int64_t)fetch(&s->c, i->address_size);
	i->segment = s->p.segment >= 0 ? (uint8_t)s->p.segment : DS;
}

static void string(struct state *s, uint8_t op, enum insn_op what)
{
	struct insn *i = s->out;

	if (!(op & 1))
		byte_operation(i);
	i->op = what;
	i->other = OTHER_NONE;
	i->rep = s->p.rep;
	i->base = INSN_NO_REG;
	i->index = INSN_NO_REG;
	i->reg = 0;
	/* source; the destination is always ES:rDI */
	i->segment = s->p.segment >= 0 ? (uint8_t)s->p.segment : DS;
}

/* add, or, adc, sbb, and, sub, xor, cmp with ModRM: 00-3b */
static void alu(struct state *s, uint8_t op)
{
	struct insn *i = s->out;

	if (!(op & 1))
		byte_operation(i);
	i->op = INSN_ADD + (op >> 3 & 7);
	i->mem_is_dst = !(op & 2);
	read_modrm(s);
}

/* 80-83: the same with an immediate */
static void alu_imm(struct state *s, uint8_t op)
{
	struct insn *i = s->out;

	if (op == 0x82 && s->bits == 64) {
		s->c.error = -ENOTSUP;
		return;
	}
	if (!(op & 1))
		byte_operation(i);
	read_modrm(s);
	i->op = INSN_ADD + (s->modrm >> 3 & 7);
	i->mem_is_dst = true;
	read_imm(s, op == 0x81 ? i->size : 1);
}

/* Group 3: only TEST has no side effect we would have to model more of. */
static void group3(struct state *s, uint8_t op)
{
	struct insn *i = s->out;

	if (!(op & 1))
		byte_operation(i);
	read_modrm(s);
	if ((s->modrm >> 3 & 7) > 1) {
		s->c.error = s->c.error ? s->c.error : -ENOTSUP;
		return;
	}
	i->op = INSN_TEST;
	read_imm(s, i->size);
}

static void mov_imm(struct state *s, uint8_t op)
{
	struct insn *i = s->out;

	if (!(op & 1))
		byte_operation(i);
	read_modrm(s);
	if (s->modrm >> 3 & 7) {
		s->c.error = s->c.error ? s->c.error : -ENOTSUP;
		return;
	}
	i->op = INSN_MOV;
	i->mem_is_dst = true;
	read_imm(s, i->size);
}

static void with_reg(struct state *s, enum insn_op op, bool byte, bool dst)
{
	if (byte)
		byte_operation(s->out);
	s->out->op = op;
	s->out->mem_is_dst = dst;
	read_modrm(s);
}

/* push and pop of memory are 64-bit in 64-bit mode, or 16 with 66 */
static void stack(struct state *s, enum insn_op op, unsigned int digit)
{
	struct insn *i = s->out;

	if (s->bits == 64 && i->size == 4)
		i->size = 8;
	i->mem_size = i->size;
	i->op = op;
	i->other = OTHER_NONE;
	i->mem_is_dst = op == INSN_POP;
	read_modrm(s);
	if (!s->c.error && (s->modrm >> 3 & 7) != digit)
		s->c.error = -ENOTSUP;
}

static void two_byte(struct state *s)
{
	struct insn *i = s->out;
	uint8_t op = (uint8_t)fetch(&s->c, 1);

	switch (op) {
	case 0xb6: case 0xb7:
	case 0xbe: case 0xbf:
		i->op = op < 0xb8 ? INSN_MOVZX : INSN_MOVSX;
		i->mem_size = op & 1 ? 2 : 1;
		read_modrm(s);
		break;
	default:
		s->c.error = s->c.error ? s->c.error : -ENOTSUP;
	}
}

static void one_byte(struct state *s, uint8_t op)
{
	struct insn *i = s->out;

	if (op < 0x40 && (op & 7) < 4) {
		alu(s, op);
		return;
	}
	switch (op) {
	case 0x0f:
		two_byte(s);
		break;
	case 0x63:
		if (s->bits != 64) {
			s->c.error = -ENOTSUP;
			break;
		}
		i->op = INSN_MOVSX;
		i->mem_size = 4;
		read_modrm(s);
		break;
	case 0x80: case 0x81: case 0x82: case 0x83:
		alu_imm(s, op);
		break;
	case 0x84: case 0x85:
		with_reg(s, INSN_TEST, op == 0x84, false);
		break;
	case 0x86: case 0x87:
		with_reg(s, INSN_XCHG, op == 0x86, true);
		break;
	case 0x88: case 0x89: case 0x8a: case 0x8b:
		with_reg(s, INSN_MOV, !(op & 1), op < 0x8a);
		break;
	case 0x8f:
		stack(s, INSN_POP, 0);
		break;
	case 0xa0: case 0xa1: case 0xa2: case 0xa3:
		moffs(s, op);
		break;
	case 0xa4: case 0xa5:
		string(s, op, INSN_MOVS);
		break;
	case 0xaa: case 0xab:
		string(s, op, INSN_STOS);
		break;
	case 0xac: case 0xad:
		string(s, op, INSN_LODS);
		break;
	case 0xc6: case 0xc7:
		mov_imm(s, op);
		break;
	case 0xf6: case 0xf7:
		group3(s, op);
		break;
	case 0xff:
		stack(s, INSN_PUSH, 6);
		break;
	default:
		s->c.error = -ENOTSUP;
	}
}

/* LOCK needs a read-modify-write of memory; elsewhere it is #UD. */
static bool lock_allowed(const struct insn *i)
{
	return i->mem_is_dst && ((i->op >= INSN_ADD && i->op <= INSN_XOR) ||
				 i->op == INSN_XCHG);
}

int insn_decode(const uint8_t *bytes, size_t n, unsigned int bits,
		struct insn *out)
{
	struct state s = { .c = { bytes, n, 0, 0 }, .bits = bits, .out = out };
	uint8_t op;

	memset(out, 0, sizeof(*out));
	op = read_prefixes(&s);
	if (s.c.error)
		return s.c.error;
	set_sizes(&s);
	one_byte(&s, op);
	if (s.c.error)
		return s.c.error;
	if (s.p.lock && !lock_allowed(out))
		return -ENOTSUP;
	out->high_byte = out->size == 1 && !s.p.rex && out->reg >= 4 &&
			 out->reg < 8 && out->other == OTHER_REG;
	out->length = (uint8_t)s.c.at;
	return 0;
}
