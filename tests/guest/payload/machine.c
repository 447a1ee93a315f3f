/* SPDX-License-Identifier: MIT */
/*
 * The machine once the firmware is gone: COM1, descriptor and page tables, the
 * local APIC, and the devices whose registers the cases use. What they write
 * to is a PCI function's BAR (the bench NIC's), which a VMM is likely to trap
 * and which behaves the same without one.
 */
#include "payload.h"

#define COM1			0x3f8
#define LINE_STATUS		(COM1 + 5)
#define  LINE_READY		1
#define  LINE_EMPTY		0x20

#define APIC			0xfee00000ull
#define APIC_ID			0x020
#define APIC_TPR		0x080
#define APIC_EOI		0x0b0
#define APIC_SVR		0x0f0
#define APIC_ICR		0x300
#define APIC_ICR_HIGH		0x310
#define APIC_LVT_TIMER		0x320
#define APIC_LVT_LINT0		0x350
#define APIC_TIMER_COUNT	0x380
#define  ICR_SELF		0x44000	/* self, assert */
#define  ICR_BUSY		0x1000
#define  LVT_MASKED		0x10000
#define IOAPIC			0xfec00000ull
#define IOAPIC_PIT		2
#define  DELIVERY_NMI		0x400
#define PIT_DATA		0x40
#define PIT_CONTROL		0x43
#define PIT_HZ			1193182

#define HOST_BRIDGE_ECAM	0x60	/* Q35's PCIEXBAR */
#define SCRATCH_SLOT		1
#define IVSHMEM			0x11101af4

#define PTE_PW			3
#define PTE_USER		4
#define PTE_LARGE		0x80
#define GIB			(1ull << 30)
#define UNUSED_FIRST		UNUSED_ADDRESS	/* beyond what OVMF assigns */
#define UNUSED_GIBS		60
#define VALID_BARS		0xfffff0000ull

uint64_t ecam, scratch, shared_memory, page_root;

extern const uint8_t trap_stubs[];
extern const uint8_t low_gdt;

static uint64_t *window;
static uint64_t idt[2 * 0x50] __attribute__((aligned(16)));
static uint8_t tss[104] __attribute__((aligned(16)));

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* ---- COM1 ---- */

static void put(char c)
{
	while (!(inb(LINE_STATUS) & LINE_EMPTY))
		;
	outb(COM1, (uint8_t)c);
}

static void put_hex(uint64_t v)
{
	bool any = false;

	for (int shift = 60; shift >= 0; shift -= 4) {
		unsigned int digit = v >> shift & 15;

		any |= digit || !shift;
		if (any)
			put("0123456789abcdef"[digit]);
	}
}

/* %s, %x (64 bits), and nothing else. */
void print(const char *format, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, format);
	for (; *format; format++) {
		if (*format == '\n')
			put('\r');
		if (*format != '%') {
			put(*format);
		} else if (*++format == 's') {
			const char *s = __builtin_va_arg(args, const char *);

			while (*s)
				put(*s++);
		} else {
			put_hex(__builtin_va_arg(args, uint64_t));
		}
	}
	__builtin_va_end(args);
}

int serial_get(void)
{
	return inb(LINE_STATUS) & LINE_READY ? inb(COM1) : -1;
}

/* ---- memory ---- */

static void map_large(uint64_t *pdpt, uint64_t base)
{
	uint64_t *pd = pages(1);

	for (unsigned int i = 0; i < 512; i++)
		pd[i] = (base + ((uint64_t)i << 21)) | PTE_PW | PTE_USER |
			PTE_LARGE;
	pdpt[base >> 30 & 511] = (uintptr_t)pd | PTE_PW | PTE_USER;
}

static void make_page_tables(void)
{
	uint64_t *root = pages(1), *pdpt = pages(1), *high = pages(1);
	uint64_t *pd = pages(1);

	window = pages(1);
	for (unsigned int i = 0; i < 4; i++)
		map_large(pdpt, i * GIB);
	for (unsigned int i = 0; i < UNUSED_GIBS; i++)
		map_large(high, UNUSED_FIRST + i * GIB);
	root[0] = (uintptr_t)pdpt | PTE_PW | PTE_USER;
	/* the same entry serves both: unused addresses are 0xf000000000 up */
	root[WINDOW >> 39 & 511] = (uintptr_t)high | PTE_PW | PTE_USER;
	high[WINDOW >> 30 & 511] = (uintptr_t)pd | PTE_PW | PTE_USER;
	pd[0] = (uintptr_t)window | PTE_PW | PTE_USER;
	page_root = (uintptr_t)root;
}

void window_map(unsigned int page, uint64_t phys)
{
	window[page] = phys ? phys | PTE_PW | PTE_USER : 0;
	write_reg(cr3, page_root);
}

void *low_address(const void *symbol)
{
	extern const uint8_t low_start[];

	return (void *)(LOW + (uintptr_t)symbol - (uintptr_t)low_start);
}

void forget_mappings(void)
{
	for (unsigned int i = 0; i < UNUSED_GIBS; i++)
		(void)*(volatile uint32_t *)(UNUSED_FIRST + i * GIB);
}

/* ---- descriptor tables ---- */

void idt_gate(unsigned int vector, bool present, unsigned int ist)
{
	uint64_t a = (uintptr_t)trap_stubs + 16 * vector;

	idt[2 * vector] = (a & 0xffff) | SEL_CODE64 << 16 |
			  (uint64_t)ist << 32 | 0x6eull << 40 |
			  (uint64_t)present << 47 | (a >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = a >> 32;
}

void set_ist(unsigned int n, uint64_t top)
{
	__builtin_memcpy(tss + 0x24 + 8 * (n - 1), &top, 8);
}

void set_rsp0(uint64_t top)
{
	__builtin_memcpy(tss + 4, &top, 8);
}

void machine_tables(void)
{
	uint64_t *gdt = low(low_gdt), a = (uintptr_t)tss;
	struct table_register gdtr = { GDT_SIZE - 1, (uintptr_t)gdt };
	struct table_register idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	for (unsigned int v = 0; v < 0x50; v++)
		idt_gate(v, true, v == 8 ? 1 : 0);
	set_ist(1, (uintptr_t)pages(2) + 8192);
	set_rsp0((uintptr_t)pages(2) + 8192);
	tss[102] = sizeof(tss);
	gdt[SEL_TSS64 / 8] = (sizeof(tss) - 1) | (a & 0xffffff) << 16 |
			     0x89ull << 40 | (a >> 24 & 0xff) << 56;
	gdt[SEL_TSS64 / 8 + 1] = a >> 32;
	__asm__ volatile(
		"lgdt	%0\n\t"
		"lidt	%1\n\t"
		"mov	%2, %%ds\n\t"
		"mov	%2, %%es\n\t"
		"mov	%2, %%ss\n\t"
		"pushq	%3\n\t"
		"lea	1f(%%rip), %%rax\n\t"
		"push	%%rax\n\t"
		"lretq\n"
		"1:	ltr	%w4"
		: : "m"(gdtr), "m"(idtr), "r"(SEL_DATA), "i"(SEL_CODE64),
		    "r"(SEL_TSS64) : "rax", "memory");
}

/* ---- interrupts ---- */

static volatile uint32_t *apic(unsigned int reg)
{
	return (volatile uint32_t *)(APIC + reg);
}

void self_ipi(uint32_t what)
{
	*apic(APIC_ICR) = ICR_SELF | what;
	while (*apic(APIC_ICR) & ICR_BUSY)
		;
}

void eoi(void)
{
	*apic(APIC_EOI) = 0;
}

static void ioapic_write(unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)IOAPIC = reg;
	*(volatile uint32_t *)(IOAPIC + 0x10) = value;
}

void pit_nmi(void)
{
	unsigned int count = PIT_HZ / 50;

	ioapic_write(0x10 + 2 * IOAPIC_PIT + 1, *apic(APIC_ID));
	ioapic_write(0x10 + 2 * IOAPIC_PIT, DELIVERY_NMI);
	/* again and again: one that meets an NMI of the VMM's is lost */
	outb(PIT_CONTROL, 0x34);	/* counter 0, mode 2 */
	outb(PIT_DATA, (uint8_t)count);
	outb(PIT_DATA, (uint8_t)(count >> 8));
}

void pit_quiet(void)
{
	ioapic_write(0x10 + 2 * IOAPIC_PIT, LVT_MASKED);
}

static void quiet_interrupts(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	for (unsigned int pin = 0; pin < 24; pin++)
		ioapic_write(0x10 + 2 * pin, LVT_MASKED);
	outb(PIT_CONTROL, 0x30);	/* and does not start */
	*apic(APIC_SVR) = 0x1ff;
	*apic(APIC_TPR) = 0;
	*apic(APIC_LVT_TIMER) = LVT_MASKED;
	*apic(APIC_TIMER_COUNT) = 0;
	*apic(APIC_LVT_LINT0) = LVT_MASKED;
}

/* ---- PCI ---- */

uint32_t config_read(unsigned int slot, unsigned int offset)
{
	outl(CONFIG_ADDRESS, 0x80000000 | slot << 11 | offset);
	return inl(CONFIG_DATA);
}

void config_write(unsigned int slot, unsigned int offset, uint32_t value)
{
	outl(CONFIG_ADDRESS, 0x80000000 | slot << 11 | offset);
	outl(CONFIG_DATA, value);
}

static void find_devices(void)
{
	ecam = config_read(0, HOST_BRIDGE_ECAM) & 0xf0000000;
	scratch = ecam + (SCRATCH_SLOT << 15);
	/* its memory off: the BAR becomes a place to write to */
	config_write(SCRATCH_SLOT, 4, 0);
	for (unsigned int slot = 2; slot < 31; slot++)
		if (config_read(slot, 0) == IVSHMEM) {
			shared_memory = (config_read(slot, 0x18) & ~0xful) |
				(uint64_t)config_read(slot, 0x1c) << 32;
			config_write(slot, 4, 2);
		}
}

void machine_init(void)
{
	make_page_tables();
	write_reg(cr3, page_root);
	machine_tables();
	quiet_interrupts();
	find_devices();
}
