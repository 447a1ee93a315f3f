/* SPDX-License-Identifier: MIT */
/*
 * Carries out an instruction for the guest: its memory operands go to traps,
 * or to guest RAM where only one of two is trapped (MOVS, PUSH). One iteration
 * of a REP at a time, so that interrupts get their turn.
 */
#include "emulate.h"
#include "debug.h"
#include "decode.h"
#include "trap_table.h"
#include "walk.h"

#include <errno.h>
#include <string.h>
#include <tandem/guest_mem.h>

#define FLAGS_STATUS	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | \
			 RFLAGS_SF | RFLAGS_OF)

struct run {
	struct vcpu *v;
	struct insn i;
	unsigned int bits;	/* mode of the code segment */
};

static uint64_t size_mask(unsigned int size)
{
	return size == 8 ? ~0ull : BIT(size * 8) - 1;
}

static int raise_fault(struct vcpu *v, guest_virt a, uint32_t error)
{
	if (error == ~0u) {
		vcpu_inject_exception(v, VECTOR_GP, true, 0);
	} else {
		vcpu_set_cr2(v, a);
		vcpu_inject_exception(v, VECTOR_PF, true, error);
	}
	return -EFAULT;
}

/* ---- memory ---- */

/* One access inside a page, to a trap or to RAM. */
static void access_phys(guest_phys a, void *buf, unsigned int n, bool write)
{
	struct mmio_trap t;
	uint64_t value = 0;

	if (!mmio_trap_find(a, &t)) {
		/* neither trapped nor RAM: nobody answers */
		if (write)
			guest_write(a, buf, n);
		else if (guest_read(buf, a, n) < 0)
			memset(buf, 0xff, n);
		return;
	}
	if (write) {
		memcpy(&value, buf, n);
		t.write(t.ctx, a - t.base, n, value);
	} else {
		value = t.read(t.ctx, a - t.base, n);
		memcpy(buf, &value, n);
	}
}

/* Sizes other than 1, 2, 4, 8 arise at page borders: byte by byte. */
static void access_page(guest_phys a, uint8_t *buf, unsigned int n, bool write)
{
	if (n == 1 || n == 2 || n == 4 || n == 8) {
		access_phys(a, buf, n, write);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		access_phys(a + i, buf + i, 1, write);
}

/* Both pages are translated before either is touched. */
static int access_linear(struct vcpu *v, guest_virt a, uint64_t *value,
			 unsigned int size, bool write)
{
	unsigned int rights = WALK_MARK | (write ? WALK_WRITE : 0) |
			      (vcpu_cpl(v) == 3 ? WALK_USER : 0);
	unsigned int first = MIN(size, PAGE_SIZE - (a & PAGE_MASK));
	guest_phys p[2];
	uint32_t error;
	uint8_t buf[8];

	if (guest_walk(v, a, rights, &p[0], &error))
		return raise_fault(v, a, error);
	if (first < size && guest_walk(v, a + first, rights, &p[1], &error))
		return raise_fault(v, a + first, error);
	memcpy(buf, value, size);
	access_page(p[0], buf, first, write);
	if (first < size)
		access_page(p[1], buf + first, size - first, write);
	if (!write) {
		*value = 0;
		memcpy(value, buf, size);
	}
	debug_data(v, a, size, write);
	return 0;
}

static uint64_t segment_base(const struct run *r, uint8_t segment)
{
	struct vcpu_segment s;

	if (r->bits == 64 && segment < SEG_FS)
		return 0;
	vcpu_segment(r->v, (enum vcpu_segreg)segment, &s);
	return s.base;
}

static guest_virt linear(const struct run *r, uint8_t segment, uint64_t offset)
{
	uint64_t a = offset & size_mask(r->i.address_size);

	a += segment_base(r, segment);
	return r->bits == 64 ? a : a & 0xffffffff;
}

static guest_virt operand_address(const struct run *r)
{
	const struct insn *i = &r->i;
	uint64_t a = (uint64_t)i->disp;

	if (i->base == INSN_RIP)
		a += r->v->rip + i->length;
	else if (i->base != INSN_NO_REG)
		a += r->v->gpr[i->base];
	if (i->index != INSN_NO_REG)
		a += r->v->gpr[i->index] << i->scale;
	return linear(r, i->segment, a);
}

/* ---- registers ---- */

static uint64_t read_reg(const struct run *r)
{
	if (r->i.high_byte)
		return r->v->gpr[r->i.reg - 4] >> 8 & 0xff;
	return r->v->gpr[r->i.reg] & size_mask(r->i.size);
}

static void set_gpr(uint64_t *gpr, unsigned int size, uint64_t value)
{
	if (size == 8)
		*gpr = value;
	else if (size == 4)
		*gpr = (uint32_t)value;
	else
		*gpr = (*gpr & ~size_mask(size)) | (value & size_mask(size));
}

static void write_reg(struct run *r, uint64_t value)
{
	uint64_t *gpr;

	if (!r->i.high_byte) {
		set_gpr(&r->v->gpr[r->i.reg], r->i.size, value);
		return;
	}
	gpr = &r->v->gpr[r->i.reg - 4];
	*gpr = (*gpr & ~0xff00ull) | (value & 0xff) << 8;
}

static uint64_t other_operand(const struct run *r)
{
	return r->i.other == OTHER_IMM ?
		(uint64_t)r->i.imm & size_mask(r->i.size) : read_reg(r);
}

/* ---- arithmetic ---- */

static uint64_t flags_of_result(uint64_t result, unsigned int size)
{
	uint64_t f = 0;

	if (!(result & size_mask(size)))
		f |= RFLAGS_ZF;
	if (result >> (size * 8 - 1) & 1)
		f |= RFLAGS_SF;
	if (!__builtin_parity((uint8_t)result))
		f |= RFLAGS_PF;
	return f;
}

/* a op b; the flags as the APM defines them. */
static uint64_t compute(struct vcpu *v, enum insn_op op, uint64_t a, uint64_t b,
			unsigned int size)
{
	uint64_t mask = size_mask(size), carry = v->rflags & RFLAGS_CF;
	uint64_t sign = BIT(size * 8 - 1), r, f;

	switch (op) {
	case INSN_ADD:
	case INSN_ADC:
		carry = op == INSN_ADC ? carry : 0;
		r = (a + b + carry) & mask;
		f = (r < a || (carry && r == a)) ? RFLAGS_CF : 0;
		f |= (a ^ r) & (b ^ r) & sign ? RFLAGS_OF : 0;
		f |= (a ^ b ^ r) & 0x10 ? RFLAGS_AF : 0;
		break;
	case INSN_SUB:
	case INSN_SBB:
	case INSN_CMP:
		carry = op == INSN_SBB ? carry : 0;
		r = (a - b - carry) & mask;
		f = (a < b || (carry && a == b)) ? RFLAGS_CF : 0;
		f |= (a ^ b) & (a ^ r) & sign ? RFLAGS_OF : 0;
		f |= (a ^ b ^ r) & 0x10 ? RFLAGS_AF : 0;
		break;
	case INSN_OR:
		r = a | b;
		f = 0;
		break;
	case INSN_XOR:
		r = a ^ b;
		f = 0;
		break;
	default:		/* AND, TEST */
		r = a & b;
		f = 0;
	}
	v->rflags = (v->rflags & ~FLAGS_STATUS) | f | flags_of_result(r, size);
	return r;
}

static int arithmetic(struct run *r, guest_virt a)
{
	const struct insn *i = &r->i;
	uint64_t mem = 0, flags = r->v->rflags, result;
	bool keeps = i->op == INSN_CMP || i->op == INSN_TEST;
	int e = access_linear(r->v, a, &mem, i->size, false);

	if (e < 0)
		return e;
	result = i->mem_is_dst ?
		compute(r->v, i->op, mem, other_operand(r), i->size) :
		compute(r->v, i->op, other_operand(r), mem, i->size);
	if (keeps)
		return 0;
	if (!i->mem_is_dst) {
		write_reg(r, result);
		return 0;
	}
	e = access_linear(r->v, a, &result, i->size, true);
	if (e < 0)
		r->v->rflags = flags;
	return e;
}

/* ---- moves ---- */

static int move(struct run *r, guest_virt a)
{
	const struct insn *i = &r->i;
	uint64_t value = 0;
	int e;

	if (i->mem_is_dst) {
		value = other_operand(r);
		return access_linear(r->v, a, &value, i->size, true);
	}
	e = access_linear(r->v, a, &value, i->mem_size, false);
	if (e < 0)
		return e;
	if (i->op == INSN_MOVSX) {
		unsigned int shift = 64 - i->mem_size * 8;

		value = (uint64_t)((int64_t)(value << shift) >> shift);
	}
	write_reg(r, value);
	return 0;
}

static int exchange(struct run *r, guest_virt a)
{
	uint64_t old = 0, value = read_reg(r);
	int e = access_linear(r->v, a, &old, r->i.size, false);

	if (!e)
		e = access_linear(r->v, a, &value, r->i.size, true);
	if (!e)
		write_reg(r, old);
	return e;
}

static uint64_t stack_mask(const struct run *r)
{
	struct vcpu_segment ss;

	if (r->bits == 64)
		return ~0ull;
	vcpu_segment(r->v, SEG_SS, &ss);
	return ss.attr & SEGMENT_ATTR_D ? 0xffffffff : 0xffff;
}

static guest_virt stack_address(const struct run *r, uint64_t sp)
{
	uint64_t a = (sp & stack_mask(r)) + segment_base(r, SEG_SS);

	return r->bits == 64 ? a : a & 0xffffffff;
}

static void set_sp(struct run *r, uint64_t sp)
{
	uint64_t mask = stack_mask(r), *rsp = &r->v->gpr[GPR_RSP];

	*rsp = (*rsp & ~mask) | (sp & mask);
}

static int push(struct run *r, guest_virt a)
{
	uint64_t value = 0, sp = r->v->gpr[GPR_RSP] - r->i.size;
	int e = access_linear(r->v, a, &value, r->i.size, false);

	if (!e)
		e = access_linear(r->v, stack_address(r, sp), &value,
				  r->i.size, true);
	if (!e)
		set_sp(r, sp);
	return e;
}

static int pop(struct run *r)
{
	uint64_t value = 0, old = r->v->gpr[GPR_RSP];
	int e = access_linear(r->v, stack_address(r, old), &value, r->i.size,
			      false);

	if (e < 0)
		return e;
	/* an address that uses rSP sees it already advanced */
	set_sp(r, old + r->i.size);
	e = access_linear(r->v, operand_address(r), &value, r->i.size, true);
	if (e < 0)
		r->v->gpr[GPR_RSP] = old;
	return e;
}

/* ---- strings ---- */

static void advance(struct run *r, enum vcpu_gpr g)
{
	int64_t step = r->v->rflags & RFLAGS_DF ? -(int64_t)r->i.size
						: r->i.size;
	uint64_t *gpr = &r->v->gpr[g];

	set_gpr(gpr, r->i.address_size, *gpr + (uint64_t)step);
}

static int string_once(struct run *r)
{
	const struct insn *i = &r->i;
	uint64_t *gpr = r->v->gpr, value = gpr[GPR_RAX];
	int e = 0;

	if (i->op != INSN_STOS)
		e = access_linear(r->v, linear(r, i->segment, gpr[GPR_RSI]),
				  &value, i->size, false);
	if (!e && i->op != INSN_LODS)
		e = access_linear(r->v, linear(r, SEG_ES, gpr[GPR_RDI]),
				  &value, i->size, true);
	if (e < 0)
		return e;
	if (i->op != INSN_STOS)
		advance(r, GPR_RSI);
	if (i->op == INSN_LODS)
		set_gpr(&gpr[GPR_RAX], i->size, value);
	else
		advance(r, GPR_RDI);
	return 0;
}

/* Returns 1 if the instruction is to be executed again. */
static int string(struct run *r)
{
	uint64_t mask = size_mask(r->i.address_size);
	uint64_t *rcx = &r->v->gpr[GPR_RCX];
	int e;

	if (r->i.rep && !(*rcx & mask))
		return 0;
	e = string_once(r);
	if (e < 0 || !r->i.rep)
		return e;
	set_gpr(rcx, r->i.address_size, *rcx - 1);
	return *rcx & mask ? 1 : 0;
}

/* ---- the instruction ---- */

static int execute(struct run *r)
{
	switch (r->i.op) {
	case INSN_MOV:
	case INSN_MOVZX:
	case INSN_MOVSX:
		return move(r, operand_address(r));
	case INSN_XCHG:
		return exchange(r, operand_address(r));
	case INSN_PUSH:
		return push(r, operand_address(r));
	case INSN_POP:
		return pop(r);
	case INSN_MOVS:
	case INSN_STOS:
	case INSN_LODS:
		return string(r);
	default:
		return arithmetic(r, operand_address(r));
	}
}

static unsigned int code_bits(const struct vcpu *v, uint64_t *base)
{
	struct vcpu_segment cs;

	vcpu_segment(v, SEG_CS, &cs);
	*base = cs.base;
	if ((vcpu_efer(v) & EFER_LMA) && (cs.attr & SEGMENT_ATTR_L)) {
		*base = 0;
		return 64;
	}
	return cs.attr & SEGMENT_ATTR_D ? 32 : 16;
}

/* As many instruction bytes as are readable, at most 15. */
struct fetched {
	uint8_t bytes[INSN_MAX];
	size_t n;
	bool fault;		/* why there are no more: #PF or #GP */
	uint32_t error;
};

static void fetch_bytes(struct vcpu *v, guest_virt a, struct fetched *f)
{
	unsigned int rights = WALK_FETCH | (vcpu_cpl(v) == 3 ? WALK_USER : 0);

	f->n = vcpu_fetched(v, f->bytes);
	while (f->n < INSN_MAX) {
		size_t n = MIN(INSN_MAX - f->n,
			       PAGE_SIZE - ((a + f->n) & PAGE_MASK));
		guest_phys p;

		f->fault = guest_walk(v, a + f->n, rights, &p, &f->error) < 0;
		if (f->fault || guest_read(f->bytes + f->n, p, n) < 0)
			break;
		f->n += n;
	}
}

int emulate_mmio(struct vcpu *v, guest_phys a __unused, bool is_write __unused)
{
	struct run r = { .v = v };
	struct fetched f = { 0 };
	uint64_t base;
	int e;

	r.bits = code_bits(v, &base);
	base += v->rip;
	if (r.bits != 64)
		base &= 0xffffffff;
	fetch_bytes(v, base, &f);
	e = insn_decode(f.bytes, f.n, r.bits, &r.i);
	if (e == -EAGAIN && f.fault) {
		/* another CPU took the page away: the guest sees its fault */
		raise_fault(v, base + f.n, f.error);
		return 0;
	}
	if (e < 0)
		return -ENOTSUP;
	e = execute(&r);
	if (!e)
		vcpu_skip(v, r.i.length);
	else if (e > 0)
		vcpu_step(v);
	return 0;
}

/* ---- for instructions that others carry out ---- */

size_t emulate_fetch(struct vcpu *v, uint8_t bytes[INSN_MAX],
		     unsigned int *bits)
{
	struct fetched f = { 0 };
	uint64_t base;

	*bits = code_bits(v, &base);
	base += v->rip;
	if (*bits != 64)
		base &= 0xffffffff;
	fetch_bytes(v, base, &f);
	memcpy(bytes, f.bytes, f.n);
	return f.n;
}

int emulate_access(struct vcpu *v, guest_virt a, uint64_t *value,
		   unsigned int size, bool write)
{
	return access_linear(v, a, value, size, write);
}

int emulate_probe_write(struct vcpu *v, guest_virt a, unsigned int size)
{
	unsigned int rights = WALK_MARK | WALK_WRITE |
			      (vcpu_cpl(v) == 3 ? WALK_USER : 0);
	guest_virt second = a + MIN(size, PAGE_SIZE - (a & PAGE_MASK));
	guest_phys p;
	uint32_t error;

	if (guest_walk(v, a, rights, &p, &error))
		return raise_fault(v, a, error);
	if (second < a + size && guest_walk(v, second, rights, &p, &error))
		return raise_fault(v, second, error);
	return 0;
}
