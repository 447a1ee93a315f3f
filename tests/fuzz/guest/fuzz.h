/* SPDX-License-Identifier: MIT */
/*
 * The fuzzing guest: a UEFI program that takes the machine from the firmware,
 * CPU by CPU, and does to it whatever a guest kernel could do, at random. What
 * operation number n of a CPU does follows from seed, CPU and n alone.
 *
 * An operation ends by itself, by an exception, or after some ticks of the
 * local APIC's timer; then the CPU is put in order, and the next one begins.
 * What ends the guest for good ends it: whoever started it looks at its status
 * page from outside.
 */
#ifndef FUZZ_GUEST_H
#define FUZZ_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE		4096ull
#define CPUS		8
#define RANGES		64		/* of each kind of address */
#define FUNCTIONS	32		/* of PCI that are remembered */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1ull << (n))
#define MAX(a, b)	((a) > (b) ? (a) : (b))

/* selectors of a CPU's own GDT */
#define SEL_CODE	0x08
#define SEL_DATA	0x10
#define SEL_CODE32	0x18
#define SEL_CODE16	0x20
#define SEL_UCODE	0x2b
#define SEL_UDATA	0x33
#define SEL_UCODE32	0x3b
#define SEL_TSS		0x40
#define GDT_ENTRIES	32		/* those above the TSS are random */

#define TICK_VECTOR	0x40
#define WINDOW		(1ull << 40)	/* linear addresses for odd mappings */
#define WINDOW_PAGES	512
#define USER		0xf8000000ull	/* ... for user mode: code, scratch */
#define USER_STACK	(USER + 4 * PAGE)

/* What an operator reads in memory, while the guest runs or when it is dead. */
#define STATUS_MAGIC	0x737a7a7566ull	/* "fuzzs" */
struct status {
	uint64_t magic;
	uint64_t operations;		/* begun */
	uint64_t kind;			/* of the last one */
	uint64_t argument[4];		/* what it works on */
	uint64_t faults;		/* operations ended by an exception */
	uint64_t ticks;
	uint64_t rip;			/* of the last exception, its vector */
	uint64_t vector;
	uint64_t reserved[5];
};
_Static_assert(sizeof(struct status) == 128, "read from outside");

/* Registers as exec() loads them. */
struct registers {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct descriptor_table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* A CPU's own memory. The stacks have the CPU's address at their lowest end. */
struct fuzz_cpu {
	/* entry.S knows the places of these two */
	uint64_t recover_rsp;		/* of the operation, 0: none runs */
	uint64_t restart_rsp;
	struct status *status;
	uint64_t next;			/* operation */
	uint64_t random;
	unsigned int index;
	unsigned int apic_id;
	bool dirty;			/* more than the CRs is to be repaired */
	uint64_t op_ticks;		/* of the present operation */
	uint64_t cr0, cr4, efer, pat, apic_base;	/* as they should be */
	struct registers regs;
	uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(16)));
	uint32_t tss[32] __attribute__((aligned(16)));
	uint8_t odd_stub[64];		/* an exception on a stack that is none */

	uint64_t idt[512] __attribute__((aligned(PAGE)));
	uint64_t odd_idt[512] __attribute__((aligned(PAGE)));
	uint64_t pml4[512] __attribute__((aligned(PAGE)));
	uint64_t pdpt_low[512] __attribute__((aligned(PAGE)));
	uint64_t pd_low[4][512] __attribute__((aligned(PAGE)));
	uint64_t pdpt_high[512] __attribute__((aligned(PAGE)));
	uint64_t pd_high[512] __attribute__((aligned(PAGE)));
	uint64_t pdpt_window[512] __attribute__((aligned(PAGE)));
	uint64_t pd_window[512] __attribute__((aligned(PAGE)));
	uint64_t window[WINDOW_PAGES] __attribute__((aligned(PAGE)));
	uint64_t user[512] __attribute__((aligned(PAGE)));
	uint8_t code[PAGE] __attribute__((aligned(PAGE)));
	uint8_t scratch[4 * PAGE] __attribute__((aligned(PAGE)));
	uint8_t stack[4 * PAGE] __attribute__((aligned(PAGE)));
	uint8_t exception_stack[PAGE] __attribute__((aligned(PAGE)));
	uint8_t nmi_stack[PAGE] __attribute__((aligned(PAGE)));
	uint8_t interrupt_stack[PAGE] __attribute__((aligned(PAGE)));
};

struct range {
	uint64_t base, size;
};

struct pci_function {
	uint8_t bus, slot, function;
	uint16_t vendor, device;
};

/* What all CPUs know of the machine; written before they start. */
struct machine {
	uint64_t seed, first, count;	/* first operation, how many; 0: all */
	uint64_t kinds;			/* one bit a kind of operation */
	bool lethal;			/* what may well end the guest, too */
	uint64_t cases;			/* cases.c instead of operations */
	bool init;			/* SMI and INIT: see main.c */
	bool trace;			/* each operation is told on COM1 */
	unsigned int n_cpus;
	struct fuzz_cpu *cpu[CPUS];
	struct range own[CPUS + 2];	/* this program: to be left alone */
	unsigned int n_own;
	struct range registers[RANGES];	/* devices', the VMM's among them */
	unsigned int n_registers;
	struct range hidden[RANGES];	/* of them, those that a VMM hides */
	unsigned int n_hidden;
	struct range ram[RANGES];
	unsigned int n_ram;
	struct pci_function function[FUNCTIONS];
	unsigned int n_functions;
	uint64_t ecam;
	uint64_t virtio;		/* BAR of the virtio function, 0: none */
	uint32_t msix;			/* its MSI-X control, for port 0xcf8 */
	uint64_t trampoline;		/* page below 1 MiB for CPUs that INIT hit */
};

extern struct machine machine;
extern struct status status_page[CPUS];

/* ---- random.c ---- */

/* Chooses numbers for operation n of this CPU from now on. */
void random_start(struct fuzz_cpu *c, uint64_t n);
uint64_t rnd(struct fuzz_cpu *c);
unsigned int below(struct fuzz_cpu *c, unsigned int n);
/* 1 in n */
bool chance(struct fuzz_cpu *c, unsigned int n);
/* 64 bits of some likely shape: few bits set, a power of two less one, ... */
uint64_t odd_value(struct fuzz_cpu *c);
/* A physical address: registers, RAM, the VMM's, one that nobody has. */
uint64_t odd_address(struct fuzz_cpu *c);
/* One of registers, often at one of their ends. */
uint64_t register_address(struct fuzz_cpu *c);
uint64_t hidden_address(struct fuzz_cpu *c);
/* RAM that this program does not need. */
uint64_t ram_address(struct fuzz_cpu *c);
/* Whether [a, a + size) touches this program. */
bool is_own(uint64_t a, uint64_t size);
/* A linear address that leads to physical address a: itself, or a mapping
 * with odd bits in the window. */
uint64_t odd_mapping(struct fuzz_cpu *c, uint64_t a);

/* ---- cpu.c ---- */

void cpu_prepare(struct fuzz_cpu *c, unsigned int index);
/* Takes the CPU that calls from whoever had it. */
void cpu_take(struct fuzz_cpu *c);
/* Puts it in order again after an operation. */
void cpu_repair(struct fuzz_cpu *c);
/* Operations for ever, or until machine.count of them. */
void cpu_work(struct fuzz_cpu *c) __attribute__((noreturn));
void lapic_write(uint32_t reg, uint32_t value);
uint32_t lapic_read(uint32_t reg);

/* ---- entry.S ---- */

/* Calls fn(c); 0, or vector + 1 if an exception ended it. */
unsigned int protect(struct fuzz_cpu *c, void (*fn)(struct fuzz_cpu *c));
/* Loads all registers and goes there; only an exception comes back. */
void exec(const struct registers *r) __attribute__((noreturn));
/* Takes this stack for good and calls fn(c). */
void on_stack(struct fuzz_cpu *c, void *top, void (*fn)(struct fuzz_cpu *c))
	__attribute__((noreturn));
extern const uint8_t vector_stubs[256][16];
extern const uint8_t recover[], exception_common[];
extern uint8_t trampoline_start[], trampoline_end[];
extern uint8_t trampoline_cr3[], trampoline_entry[], trampoline_base[];

/* ---- console.c ---- */

void console_init(void);
/* %u decimal, %x hexadecimal, both uint64_t; %s. */
void say(const char *format, ...);

/* ---- interrupts.c ---- */

/* In odd_idt: a gate for that vector whose stack is there; the others as idt. */
void odd_gate(struct fuzz_cpu *c, unsigned int vector, uint64_t stack);

/* ---- cases.c ---- */

void do_cases(struct fuzz_cpu *c) __attribute__((noreturn));

/* ---- operations ---- */

struct operation {
	const char *name;
	void (*fn)(struct fuzz_cpu *c);
	unsigned int weight;
	bool dirty;		/* leaves more than control registers odd */
};
extern const struct operation operations[];
extern const unsigned int n_operations;

/* What an operation works on, for the status page. */
static inline void note(struct fuzz_cpu *c, uint64_t a, uint64_t b, uint64_t d,
			uint64_t e)
{
	volatile uint64_t *argument = c->status->argument;

	argument[0] = a;
	argument[1] = b;
	argument[2] = d;
	argument[3] = e;
}

void op_rdmsr(struct fuzz_cpu *c);
void op_wrmsr(struct fuzz_cpu *c);
void op_cpuid(struct fuzz_cpu *c);
void op_control(struct fuzz_cpu *c);
void op_debug(struct fuzz_cpu *c);
void op_cache(struct fuzz_cpu *c);
void op_halt(struct fuzz_cpu *c);
void op_in(struct fuzz_cpu *c);
void op_out(struct fuzz_cpu *c);
void op_string_io(struct fuzz_cpu *c);
void op_config_ports(struct fuzz_cpu *c);
void op_config_ecam(struct fuzz_cpu *c);
void op_mmio(struct fuzz_cpu *c);
void op_ram(struct fuzz_cpu *c);
void op_insn_memory(struct fuzz_cpu *c);
void op_insn_random(struct fuzz_cpu *c);
void op_insn_special(struct fuzz_cpu *c);
void op_insn_there(struct fuzz_cpu *c);
void op_vmmcall(struct fuzz_cpu *c);
void op_svm(struct fuzz_cpu *c);
void op_lapic(struct fuzz_cpu *c);
void op_ipi(struct fuzz_cpu *c);
void op_tables(struct fuzz_cpu *c);
void op_event(struct fuzz_cpu *c);
void op_virtio_config(struct fuzz_cpu *c);
void op_virtio_queue(struct fuzz_cpu *c);

/* ---- registers ---- */

static inline uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value),
			 "d"((uint32_t)(value >> 32)) : "memory");
}

static inline void out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t in16(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

#endif
