/* SPDX-License-Identifier: MIT */
/*
 * The end of a program that broke a rule, told in the log: what it did, where,
 * and who called that. Everything is read from the program's own registers
 * and memory, which may be anything; so it is read page by page, for a bounded
 * number of steps, and only what is there.
 */
#include "domain.h"
#include "../symbols.h"

#include <errno.h>
#include <stdio.h>
#define LOG_PREFIX "domain: "
#include <tandem/log.h>

#define CALLERS		12
#define NULL_REACH	KIB(64)
#define INSTRUCTION_MAX	8
#define OPCODE_INT3	0xcc
#define WHY_LEN		128
#define TEXT_OF(x)	#x
#define TEXT(x)		TEXT_OF(x)

#define VECTOR_DE	0
#define VECTOR_DB	1
#define VECTOR_UD	6
#define VECTOR_NM	7
#define VECTOR_SS	12
#define VECTOR_GP	13
#define VECTOR_PF	14
#define VECTOR_AC	17

#define NO_FPU		"FPU or SSE instruction: domains have none"
#define UNDEFINED	"undefined instruction, or abort()"

#define PF_PRESENT	BIT(0)
#define PF_WRITE	BIT(1)
#define PF_FETCH	BIT(4)
#define GP_IDT		BIT(1)		/* the error code is a gate's */

/* "name+0x12 (program+0x3456)", or the bare address where there is no code. */
static const char *place(char *text, size_t size, const struct domain *d,
			 uint64_t address, uint64_t in_call)
{
	const struct region *r = &d->region[REGION_IMAGE];
	uint64_t into, offset = address - r->base;
	const char *name = NULL;

	if (region_has(r, address) && d->program->symbols)
		name = symbol_find(d->program->symbols, offset - in_call, &into);
	if (name)
		snprintf(text, size, "%s+%#lx (%s+%#lx)", name, into + in_call,
			 d->name, offset);
	else
		snprintf(text, size, "%#lx, not its code", address);
	return text;
}

/* Where the program was, and from where that was called. */
static void tell_callers(struct domain *d, const struct trap_frame *f)
{
	const struct region *stack = &d->region[REGION_STACK];
	uint64_t frame[2], rbp = f->rbp, below = f->rsp;
	char text[WHY_LEN];

	for (unsigned int i = 0; i < CALLERS; i++) {
		if ((rbp & 7) || !region_has(stack, rbp) || rbp < below ||
		    space_peek(d, frame, rbp, sizeof(frame)) || !frame[1])
			return;
		log_warn("  called from %s",
			 place(text, sizeof(text), d, frame[1], 1));
		below = rbp + sizeof(frame);
		rbp = frame[0];
	}
	log_warn("  and so on");
}

/* What there is at va, for a person; error: that of the page fault. */
static const char *what_is(const struct domain *d, uint64_t va, uint64_t error)
{
	const struct region *stack = &d->region[REGION_STACK];
	bool present = error & PF_PRESENT;

	if (va >= USER_END)
		return "the VMM's memory";
	if (va < NULL_REACH)
		return "a NULL pointer";
	if (present)
		return error & PF_FETCH ? "data, not code" : "read-only";
	if (region_has(&d->region[REGION_HEAP], va) || region_has(stack, va))
		return "memory is used up";
	if (va < stack->base && stack->base - va <= USER_GAP)
		return "the stack has ended";
	if (region_has(&d->region[REGION_WINDOW], va))
		return "no buffer, or not any more";
	return "nothing there";
}

static void page_fault(const struct domain *d, const struct trap_frame *f,
		       char *why, size_t size)
{
	uint64_t va = read_cr2();

	snprintf(why, size, "%s at %#lx (%s)",
		 f->error & PF_FETCH ? "jump" :
		 f->error & PF_WRITE ? "write" : "read", va,
		 what_is(d, va, f->error));
}

/* Why the instruction at rip is undefined, as far as that is easy to see. */
static const char *undefined(struct domain *d, uint64_t rip)
{
	uint8_t code[INSTRUCTION_MAX] = { 0 }, op;
	unsigned int i = 0;

	while (i < sizeof(code) && !space_peek(d, &code[i], rip + i, 1))
		i++;
	i = 0;
	while (i < 4 && (code[i] == 0x66 || code[i] == 0xf2 ||
			 code[i] == 0xf3 || (code[i] & 0xf0) == 0x40))
		i++;
	if (code[i] == 0xc4 || code[i] == 0xc5)		/* VEX */
		return NO_FPU;
	if (code[i] != 0x0f)
		return UNDEFINED;
	op = code[i + 1];
	if (op == 0x01 && (code[i + 2] == 0xd9 || code[i + 2] == 0xc1))
		return "VMM call: those are the guest's";
	if ((op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) ||
	    (op >= 0x50 && op <= 0x7f) || (op >= 0xd0 && op <= 0xfe) ||
	    op == 0xc2 || (op >= 0xc4 && op <= 0xc6))
		return NO_FPU;
	return UNDEFINED;
}

static const char *protection(struct domain *d, const struct trap_frame *f)
{
	uint8_t code = 0;

	if (!(f->error & GP_IDT) || f->error == TRAP_NO_ERROR)
		return "privileged instruction, port, or address that cannot be";
	space_peek(d, &code, f->rip, sizeof(code));
	return code == OPCODE_INT3 ? "breakpoint" :
				     "interrupt that is not for domains";
}

static void describe(struct domain *d, const struct trap_frame *f, char *why,
		     size_t size)
{
	switch (f->vector) {
	case VECTOR_DE:
		snprintf(why, size, "division by zero or overflow");
		break;
	case VECTOR_DB:
		snprintf(why, size, "single step");
		break;
	case VECTOR_UD:
		snprintf(why, size, "%s", undefined(d, f->rip));
		break;
	case VECTOR_NM:
		snprintf(why, size, "%s", NO_FPU);
		break;
	case VECTOR_SS:
		snprintf(why, size, "stack pointer that no address can have");
		break;
	case VECTOR_GP:
		snprintf(why, size, "%s", protection(d, f));
		break;
	case VECTOR_PF:
		page_fault(d, f, why, size);
		break;
	case VECTOR_AC:
		snprintf(why, size, "access that is not aligned");
		break;
	default:
		snprintf(why, size, "exception %lu", f->vector);
	}
}

static void tell(struct domain *d, const struct trap_frame *f, const char *why)
{
	char text[WHY_LEN];

	log_warn("%s ended: %s, at %s", d->name, why,
		 place(text, sizeof(text), d, f->rip, 0));
	tell_callers(d, f);
	domain_end(d, -EPIPE);
}

void fault_end(struct domain *d, const struct trap_frame *f)
{
	char why[WHY_LEN];

	describe(d, f, why, sizeof(why));
	tell(d, f, why);
}

void fault_end_endless(struct domain *d, const struct trap_frame *f)
{
	tell(d, f, "ran too long: " TEXT(CONFIG_DOMAIN_CPU_MS)
	     " ms without waiting");
}

void fault_end_nowhere(struct domain *d, const struct trap_frame *f)
{
	tell(d, f, "jump out of its address space");
}
