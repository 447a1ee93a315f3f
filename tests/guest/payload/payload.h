/* SPDX-License-Identifier: MIT */
/* What the payload's cases use: the machine, traps, and how a case judges. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "low.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- cases ---- */

struct payload_case {
	const char *name;
	void (*run)(void);
};

extern const struct payload_case mode_cases[], access_cases[], port_cases[],
	debug_cases[], event_cases[], delivery_cases[], call_cases[];

/* Prints what was wrong, and the case has failed, unless got is want. */
void expect(const char *what, uint64_t got, uint64_t want);

/* The case cannot be run here; it ends as "skipped". */
void skip(const char *why);

void print(const char *format, ...);

/* ---- the machine ---- */

#define WINDOW		0x8000000000ull	/* virtual; pages of window_map() */
#define WINDOW_PAGES	512

extern uint64_t ecam;			/* of bus 0, physical */
extern uint64_t scratch;		/* a PCI function's page in it */
extern uint64_t shared_memory;		/* BAR 2 of ivshmem, 0: none */
extern uint64_t page_root;		/* our CR3 */
extern bool above_vmm;
extern uint64_t vmm_number;		/* of VMM call dbgsh */

#define UNUSED_ADDRESS	0xf000000000ull	/* physical; nothing is there */
#define SHARED_SIZE	(8ull << 20)

/* Zeroed pages below 4 GiB. */
void *pages(unsigned int n);

/* phys 0: not present. Flushes. */
void window_map(unsigned int page, uint64_t phys);

/* The address of a copy of low.S's symbol. */
#define low(symbol) low_address(&(symbol))
void *low_address(const void *symbol);

void machine_init(void);
void machine_tables(void);
void idt_gate(unsigned int vector, bool present, unsigned int ist);
void set_ist(unsigned int n, uint64_t top);
void set_rsp0(uint64_t top);

/* Send an IPI to ourselves: fixed (with vector), or NMI. */
#define IPI_NMI		0x400
void self_ipi(uint32_t what);
void eoi(void);

/*
 * The PIT's only interrupt, as an NMI, in about 20 ms. Quiet it afterwards: a
 * reset moves the PIT's line, and the firmware would be hit by the NMI.
 */
void pit_nmi(void);
void pit_quiet(void);

/* Have a VMM that maps the memory of devices by touch forget all of it. */
void forget_mappings(void);

uint32_t config_read(unsigned int slot, unsigned int offset);
void config_write(unsigned int slot, unsigned int offset, uint32_t value);

int serial_get(void);

/* ---- traps ---- */

struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct trap {
	uint64_t vector, error, rip, rflags, cr2, dr6;
	uint64_t stack;		/* the handler's */
	uint64_t rcx;
};

#define MAX_TRAPS	16
extern struct trap traps[MAX_TRAPS];
extern unsigned int n_traps;		/* may be larger */

/* Before a case: no traps so far, nobody resumes. */
void traps_reset(void);

/* What to do with a trap behind noting it; NULL: rip as it is. */
extern void (*trap_hook)(struct frame *f);

/* The usual hook: go on at resume, with TF cleared. */
extern uint64_t trap_resume;
void trap_goto(struct frame *f);

/* ---- instructions ---- */

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void cpuid(uint32_t leaf, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]),
			 "=d"(r[3]) : "a"(leaf), "c"(0));
}

#define read_reg(name) ({ \
	uint64_t v_; \
	__asm__ volatile("mov %%" #name ", %0" : "=r"(v_) : : "memory"); \
	v_; \
})
#define write_reg(name, value) \
	__asm__ volatile("mov %0, %%" #name : : "r"((uint64_t)(value)) \
			 : "memory")

#endif
