/* SPDX-License-Identifier: MIT */
/*
 * Comparison of core/x86/decode.c with Zydis, see decode_reference.h. Where
 * the two rightly differ, the place says so and names what the APM (volume 3)
 * wants.
 */
#include "decode_reference.h"

#include "../../core/x86/decode.h"

#include <Zydis/Zydis.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_HIGH_BYTE	4	/* AH */
#define SEG_DS		3
#define SEG_FS		4

struct reference_count reference_count;

/* What Zydis says. */
struct reference {
	ZydisDecodedInstruction i;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisMachineMode mode;
};

static ZydisDecoder decoder[3];

static unsigned int mode_of(unsigned int bits)
{
	return bits == 16 ? 0 : bits == 32 ? 1 : 2;
}

void reference_open(void)
{
	static const ZydisMachineMode mode[3] = {
		ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_MACHINE_MODE_LEGACY_32,
		ZYDIS_MACHINE_MODE_LONG_64,
	};
	static const ZydisStackWidth stack[3] = {
		ZYDIS_STACK_WIDTH_16, ZYDIS_STACK_WIDTH_32,
		ZYDIS_STACK_WIDTH_64,
	};

	for (unsigned int i = 0; i < 3; i++) {
		if (ZYAN_FAILED(ZydisDecoderInit(&decoder[i], mode[i],
						 stack[i]))) {
			printf("the reference decoder does not start\n");
			exit(1);
		}
	}
}

/* ---- which instructions are ours ---- */

static int op_of(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_MOV: return INSN_MOV;
	case ZYDIS_MNEMONIC_MOVZX: return INSN_MOVZX;
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD: return INSN_MOVSX;
	case ZYDIS_MNEMONIC_ADD: return INSN_ADD;
	case ZYDIS_MNEMONIC_OR: return INSN_OR;
	case ZYDIS_MNEMONIC_ADC: return INSN_ADC;
	case ZYDIS_MNEMONIC_SBB: return INSN_SBB;
	case ZYDIS_MNEMONIC_AND: return INSN_AND;
	case ZYDIS_MNEMONIC_SUB: return INSN_SUB;
	case ZYDIS_MNEMONIC_XOR: return INSN_XOR;
	case ZYDIS_MNEMONIC_CMP: return INSN_CMP;
	case ZYDIS_MNEMONIC_TEST: return INSN_TEST;
	case ZYDIS_MNEMONIC_XCHG: return INSN_XCHG;
	case ZYDIS_MNEMONIC_MOVSB:
	case ZYDIS_MNEMONIC_MOVSW:
	case ZYDIS_MNEMONIC_MOVSD:
	case ZYDIS_MNEMONIC_MOVSQ: return INSN_MOVS;
	case ZYDIS_MNEMONIC_STOSB:
	case ZYDIS_MNEMONIC_STOSW:
	case ZYDIS_MNEMONIC_STOSD:
	case ZYDIS_MNEMONIC_STOSQ: return INSN_STOS;
	case ZYDIS_MNEMONIC_LODSB:
	case ZYDIS_MNEMONIC_LODSW:
	case ZYDIS_MNEMONIC_LODSD:
	case ZYDIS_MNEMONIC_LODSQ: return INSN_LODS;
	case ZYDIS_MNEMONIC_PUSH: return INSN_PUSH;
	case ZYDIS_MNEMONIC_POP: return INSN_POP;
	default: return -1;
	}
}

static bool is_string(int op)
{
	return op == INSN_MOVS || op == INSN_STOS || op == INSN_LODS;
}

/* The operand of that type that an assembler programmer writes. */
static const ZydisDecodedOperand *operand(const struct reference *r,
					  ZydisOperandType type)
{
	for (unsigned int i = 0; i < r->i.operand_count_visible; i++)
		if (r->op[i].type == type)
			return &r->op[i];
	return NULL;
}

/* Is this an instruction that the decoder must know? */
static bool wanted(const struct reference *r)
{
	int op = op_of(r->i.mnemonic);

	if (op < 0)
		return false;
	if (is_string(op))	/* and not SSE2's MOVSD */
		return r->i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
	/* MOV of a segment register is not for device registers */
	return operand(r, ZYDIS_OPERAND_TYPE_MEMORY) &&
	       r->i.opcode != 0x8c && r->i.opcode != 0x8e;
}

/* ---- comparison ---- */

static bool same_reg(ZydisRegister z, unsigned int ours)
{
	if (z == ZYDIS_REGISTER_NONE)
		return ours == INSN_NO_REG;
	if (z == ZYDIS_REGISTER_RIP || z == ZYDIS_REGISTER_EIP)
		return ours == INSN_RIP;
	return ZydisRegisterGetId(z) == (int)ours;
}

static bool same_segment(ZydisRegister z, unsigned int ours, unsigned int bits)
{
	/* all but FS and GS are the same in 64-bit mode */
	if (bits == 64 && z != ZYDIS_REGISTER_FS && z != ZYDIS_REGISTER_GS)
		return ours < SEG_FS;
	return (int)z - ZYDIS_REGISTER_ES == (int)ours;
}

static const char *compare_memory(const struct insn *i,
				  const struct reference *r, unsigned int bits)
{
	const ZydisDecodedOperand *o = operand(r, ZYDIS_OPERAND_TYPE_MEMORY);
	uint64_t mask = i->address_size == 8 ? ~0ull :
		(1ull << i->address_size * 8) - 1;
	int64_t disp = o->mem.disp.value;
	bool no_base = false;

	if (o->size != i->mem_size * 8)
		return "size";
	if (!same_segment(o->mem.segment, i->segment, bits))
		return "segment";
	/*
	 * SIB base 5 with mod 0 is no base and a 32-bit displacement, REX.B or
	 * not (APM, appendix A.3); Zydis 4.0.0 reads R13D and no displacement
	 * there when 67 makes the address 32-bit.
	 */
	if (o->mem.base == ZYDIS_REGISTER_R13D && i->base == INSN_NO_REG &&
	    !(r->i.raw.modrm.mod) && (r->i.raw.sib.base & 7) == 5) {
		no_base = true;
		disp = r->i.raw.disp.value;
	}
	if (!no_base && !same_reg(o->mem.base, i->base))
		return "base";
	if (!same_reg(o->mem.index, i->index) ||
	    (i->index != INSN_NO_REG && o->mem.scale != 1 << i->scale))
		return "index";
	if (((uint64_t)disp ^ (uint64_t)i->disp) & mask)
		return "displacement";
	return NULL;
}

static bool same_gpr(const struct insn *i, const struct reference *r,
		     ZydisRegister z)
{
	bool high = z >= ZYDIS_REGISTER_AH && z <= ZYDIS_REGISTER_BH;
	unsigned int number = high ?
		FIRST_HIGH_BYTE + (unsigned int)(z - ZYDIS_REGISTER_AH) :
		(unsigned int)ZydisRegisterGetId(z);

	/* Zydis counts AH-BH among AL ...: 4-7; SPL ... follow */
	if (ZydisRegisterGetClass(z) == ZYDIS_REGCLASS_GPR8 && !high)
		number = z <= ZYDIS_REGISTER_BL ?
			(unsigned int)(z - ZYDIS_REGISTER_AL) :
			4 + (unsigned int)(z - ZYDIS_REGISTER_SPL);
	return high == i->high_byte && number == i->reg &&
	       ZydisRegisterGetWidth(r->mode, z) == i->size * 8;
}

static const char *compare_other(const struct insn *i,
				 const struct reference *r)
{
	const ZydisDecodedOperand *reg =
		operand(r, ZYDIS_OPERAND_TYPE_REGISTER);
	const ZydisDecodedOperand *imm =
		operand(r, ZYDIS_OPERAND_TYPE_IMMEDIATE);
	uint64_t mask = i->size == 8 ? ~0ull : (1ull << i->size * 8) - 1;

	switch (i->other) {
	case OTHER_NONE:
		return reg || imm ? "operands" : NULL;
	case OTHER_IMM:
		return !imm || ((imm->imm.value.u ^ (uint64_t)i->imm) & mask) ?
			"immediate" : NULL;
	default:
		return !reg || !same_gpr(i, r, reg->reg.value) ? "register" :
			NULL;
	}
}

/* Operands of string instructions are implied: hidden ones. */
static const char *compare_string(const struct insn *i,
				  const struct reference *r, unsigned int bits)
{
	bool rep = r->i.attributes & (ZYDIS_ATTRIB_HAS_REP |
				      ZYDIS_ATTRIB_HAS_REPNE);

	/* REPNE repeats too (APM: as REP for these); Zydis leaves it out */
	if (i->rep != rep && !i->rep)
		return "repetition";
	for (unsigned int n = 0; n < r->i.operand_count; n++) {
		const ZydisDecodedOperand *o = &r->op[n];

		if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		if (o->size != i->size * 8)
			return "size";
		if (ZydisRegisterGetId(o->mem.base) == 6 &&
		    !same_segment(o->mem.segment, i->segment, bits))
			return "segment";
	}
	return NULL;
}

static const char *compare(const struct insn *i, const struct reference *r,
			   unsigned int bits)
{
	const char *what;

	if (r->i.length != i->length)
		return "length";
	if (op_of(r->i.mnemonic) != (int)i->op || !wanted(r))
		return "operation";
	if (r->i.address_width != i->address_size * 8)
		return "address size";
	if (is_string(i->op))
		return compare_string(i, r, bits);
	what = compare_memory(i, r, bits);
	if (!what)
		what = compare_other(i, r);
	if (!what && i->op != INSN_CMP && i->op != INSN_TEST &&
	    i->op != INSN_XCHG && i->op != INSN_PUSH && i->op != INSN_POP &&
	    i->mem_is_dst != (r->op[0].type == ZYDIS_OPERAND_TYPE_MEMORY))
		what = "direction";
	return what;
}

static int differ(const uint8_t *bytes, unsigned int bits, const char *what,
		  int status, const struct insn *i, const struct reference *r)
{
	printf("%u bits:", bits);
	for (unsigned int n = 0; n < INSN_MAX; n++)
		printf(" %02x", bytes[n]);
	printf("\n  differ in %s; reference: %s, %u bytes\n  Tandem: ", what,
	       r ? ZydisMnemonicGetString(r->i.mnemonic) : "nothing",
	       r ? r->i.length : 0);
	if (status < 0)
		printf("error %d\n", status);
	else
		printf("op %d other %d length %u size %u/%u address %u reg %u "
		       "seg %u base %#x index %#x<<%u disp %#llx imm %#llx\n",
		       i->op, i->other, i->length, i->size, i->mem_size,
		       i->address_size, i->reg, i->segment, i->base, i->index,
		       i->scale, (long long)i->disp, (long long)i->imm);
	return -1;
}

/* Fewer bytes of the same instruction are never taken for another one. */
static const char *check_cut(const uint8_t *bytes, const struct insn *whole,
			     unsigned int bits)
{
	struct insn i;

	for (unsigned int n = 0; n < whole->length; n++)
		if (insn_decode(bytes, n, bits, &i) != -EAGAIN)
			return "fewer bytes";
	if (insn_decode(bytes, whole->length, bits, &i) ||
	    memcmp(&i, whole, sizeof(i)))
		return "exact bytes";
	return NULL;
}

int reference_compare(const uint8_t *bytes, size_t n, unsigned int bits)
{
	struct reference r = { .mode = decoder[mode_of(bits)].machine_mode };
	struct insn i;
	const char *what;
	int status = insn_decode(bytes, n, bits, &i);
	bool known = ZYAN_SUCCESS(ZydisDecoderDecodeFull(
		&decoder[mode_of(bits)], bytes, n, &r.i, r.op));

	reference_count.all++;
	if (status == -EAGAIN)
		return differ(bytes, bits, "need of bytes", status, &i, NULL);
	if (status < 0)
		return known && wanted(&r) ?
			differ(bytes, bits, "knowledge", status, &i, &r) : 0;
	reference_count.decoded++;
	if (!known)
		return differ(bytes, bits, "knowledge", status, &i, NULL);
	what = compare(&i, &r, bits);
	if (!what)
		what = check_cut(bytes, &i, bits);
	return what ? differ(bytes, bits, what, status, &i, &r) : 0;
}
