/* SPDX-License-Identifier: MIT */
/*
 * Decoder for the instructions with which software reaches device registers
 * (AMD64 APM volume 3). No dependency on the vCPU: bytes and a mode go in, a
 * description comes out.
 */
#ifndef CORE_X86_DECODE_H
#define CORE_X86_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_MAX	15

enum insn_op {
	INSN_MOV,		/* destination = source */
	INSN_MOVZX, INSN_MOVSX,	/* register = extended memory */
	INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR,
	INSN_CMP,		/* in the order of the opcodes */
	INSN_TEST,
	INSN_XCHG,
	INSN_MOVS, INSN_STOS, INSN_LODS,
	INSN_PUSH, INSN_POP,	/* of a memory operand */
};

enum insn_other {		/* the operand that is not memory */
	OTHER_REG, OTHER_IMM, OTHER_NONE,
};

#define INSN_NO_REG	0xff
#define INSN_RIP	0xfe	/* base: address of the next instruction */

struct insn {
	enum insn_op op;
	enum insn_other other;
	uint8_t length;
	uint8_t size;		/* of the operation: 1, 2, 4, 8 bytes */
	uint8_t mem_size;	/* of the memory operand (MOVZX, MOVSX) */
	uint8_t address_size;	/* 2, 4, 8 bytes */
	bool mem_is_dst;	/* memory is written (for ADD ...: too) */
	bool rep;		/* REP or REPNE before a string instruction */
	uint8_t reg;		/* number, REX included */
	bool high_byte;		/* reg 4-7 are AH, CH, DH, BH */
	int64_t imm;		/* sign-extended */
	/* memory operand; string instructions have it implied */
	uint8_t segment;	/* number as in ModRM's Sreg field */
	uint8_t base, index, scale;	/* index shifted left by scale */
	int64_t disp;
};

/*
 * Decode the instruction at bytes[0..n). bits: 16, 32 or 64, the mode of the
 * code segment. 0; -EAGAIN: more bytes are needed; -ENOTSUP: not one of the
 * above, no memory operand, or longer than 15 bytes.
 */
int insn_decode(const uint8_t *bytes, size_t n, unsigned int bits,
		struct insn *out);

#endif
