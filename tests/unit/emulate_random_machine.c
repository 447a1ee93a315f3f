/* SPDX-License-Identifier: MIT */
/* The emulator's guest, see emulate_random_machine.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulate_random_machine.h"

#include "../../core/x86/trap_table.h"

#include <tandem/guest_mem.h>

#define RAM_SIZE	(64 * PAGE_SIZE)
#define TRAP_SIZE	(2 * PAGE_SIZE)

/* where things are in RAM */
#define PML4		0x1000ull
#define PDPT		0x2000ull
#define PD		0x3000ull
#define PT		0x4000ull	/* DATA, CODE: one each */
#define DATA_0		0x9000ull
#define DATA_1		0x8000ull
#define CODE_0		0xb000ull	/* two pages, in the wrong order too */
#define CODE_1		0xa000ull

#define PTE_DEFAULT	7		/* present, writable, user */

struct machine machine;

static uint8_t ram[RAM_SIZE] __aligned(4096);
static uint8_t trapped[TRAP_SIZE];

static const uint64_t data_phys[DATA_PAGES] = {
	DATA_0, DATA_1, TRAP_PHYS + PAGE_SIZE, TRAP_PHYS,
};

/* ---- what the emulator calls ---- */

void *guest_ram(guest_phys a, uint64_t len)
{
	return len && a < RAM_SIZE && len <= RAM_SIZE - a ? ram + a : NULL;
}

int guest_read(void *dst, guest_phys src, size_t len)
{
	void *p = guest_ram(src, len);

	if (!p)
		return -EFAULT;
	memcpy(dst, p, len);
	return 0;
}

int guest_write(guest_phys dst, const void *src, size_t len)
{
	void *p = guest_ram(dst, len);

	if (!p)
		return -EFAULT;
	memcpy(p, src, len);
	return 0;
}

/* offset and size must be as tandem/trap.h promises */
static void check_access(uint64_t offset, unsigned int size)
{
	if ((size == 1 || size == 2 || size == 4 || size == 8) &&
	    offset < PAGE_SIZE && size <= PAGE_SIZE - offset)
		return;
	printf("trap handler called with offset %#llx, size %u\n",
	       (unsigned long long)offset, size);
	exit(1);
}

static uint64_t trap_read(void *ctx, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	check_access(offset, size);
	memcpy(&value, (uint8_t *)ctx + offset, size);
	return value;
}

static void trap_write(void *ctx, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	check_access(offset, size);
	if (size < 8 && value >> size * 8) {
		printf("value is not zero-extended\n");
		exit(1);
	}
	memcpy((uint8_t *)ctx + offset, &value, size);
}

static struct mmio_trap traps[2] = {
	{ "first", TRAP_PHYS, PAGE_SIZE, trap_read, trap_write, trapped, false,
	  NULL },
	{ "second", TRAP_PHYS + PAGE_SIZE, PAGE_SIZE, trap_read, trap_write,
	  trapped + PAGE_SIZE, false, NULL },
};

bool mmio_trap_find(guest_phys a, struct mmio_trap *found)
{
	for (unsigned int i = 0; i < 2; i++) {
		*found = traps[i];
		if (a >= traps[i].base && a - traps[i].base < traps[i].size)
			return true;
	}
	return false;
}

uint64_t vcpu_cr(const struct vcpu *v __unused, unsigned int n)
{
	return machine.cr[n];
}

uint64_t vcpu_dr(const struct vcpu *v __unused, unsigned int n __unused)
{
	return 0;
}

uint64_t vcpu_efer(const struct vcpu *v __unused)
{
	return machine.efer;
}

unsigned int vcpu_cpl(const struct vcpu *v __unused)
{
	return machine.cpl;
}

void vcpu_segment(const struct vcpu *v __unused, enum vcpu_segreg s,
		  struct vcpu_segment *out)
{
	*out = machine.segment[s];
}

void vcpu_set_cr2(struct vcpu *v __unused, uint64_t value)
{
	machine.cr[2] = value;
}

void vcpu_inject_exception(struct vcpu *v __unused, unsigned int vector,
			   bool has_error __unused, uint32_t error __unused)
{
	if (machine.vector >= 0) {
		printf("two exceptions for one instruction\n");
		exit(1);
	}
	machine.vector = (int)vector;
}

size_t vcpu_fetched(const struct vcpu *v __unused, uint8_t *bytes __unused)
{
	return 0;
}

bool vcpu_step(struct vcpu *v __unused)
{
	return false;
}

void vcpu_skip(struct vcpu *v, unsigned int len)
{
	v->rip += len;
	if (!(machine.segment[SEG_CS].attr & SEGMENT_ATTR_L))
		v->rip &= 0xffffffff;
}

/* ---- building the guest ---- */

static void put64(uint64_t a, uint64_t value)
{
	memcpy(ram + a, &value, sizeof(value));
}

static uint64_t pte_address(uint64_t linear)
{
	unsigned int table = (unsigned int)(linear >> 28) - 1;

	return PT + table * PAGE_SIZE + (linear >> 12 & 511) * 8;
}

static void start(void)
{
	memset(&machine, 0, sizeof(machine));
	memset(ram, 0, sizeof(ram));
	memset(trapped, 0, sizeof(trapped));
	machine.vector = -1;
	machine.v.rflags = 2;
	for (unsigned int i = 0; i < 6; i++)
		machine.segment[i].limit = ~0u;
}

void machine_reset(void)
{
	static const uint64_t code_phys[2] = { CODE_0, CODE_1 };

	start();
	machine.cr[0] = CR0_PE | CR0_WP | CR0_PG;
	machine.cr[3] = PML4;
	machine.cr[4] = CR4_PAE;
	machine.efer = EFER_LME | EFER_LMA | EFER_NXE;
	machine.segment[SEG_CS].attr = SEGMENT_ATTR_L;
	machine.v.rip = CODE;
	put64(PML4, PDPT | PTE_DEFAULT);
	put64(PDPT, PD | PTE_DEFAULT);
	for (unsigned int i = 0; i < 2; i++)
		put64(PD + (((i + 1) << 28) >> 21) * 8,
		      (PT + i * PAGE_SIZE) | PTE_DEFAULT);
	for (unsigned int i = 0; i < DATA_PAGES; i++)
		put64(pte_address(DATA + i * PAGE_SIZE),
		      data_phys[i] | PTE_DEFAULT);
	for (unsigned int i = 0; i < 2; i++)
		put64(pte_address(CODE + i * PAGE_SIZE),
		      code_phys[i] | PTE_DEFAULT);
}

static uint64_t machine_page_entry(uint64_t linear)
{
	uint64_t e;

	memcpy(&e, ram + pte_address(linear), sizeof(e));
	return e;
}

static uint8_t *machine_phys(uint64_t a)
{
	return a >= TRAP_PHYS ? trapped + (a - TRAP_PHYS) : ram + a;
}

static uint64_t code_to_phys(uint64_t a)
{
	if (!(machine.cr[0] & CR0_PG))
		return a;
	return (machine_page_entry(a) & 0xffffff000ull) | (a & PAGE_MASK);
}

void machine_code(uint64_t a, const void *bytes, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		*machine_phys(code_to_phys(a + i)) =
			((const uint8_t *)bytes)[i];
}

void machine_data_set(const uint8_t *from)
{
	for (unsigned int i = 0; i < DATA_PAGES; i++)
		memcpy(machine_phys(data_phys[i]), from + i * PAGE_SIZE,
		       PAGE_SIZE);
}

void machine_data_get(uint8_t *to)
{
	for (unsigned int i = 0; i < DATA_PAGES; i++)
		memcpy(to + i * PAGE_SIZE, machine_phys(data_phys[i]),
		       PAGE_SIZE);
}

int machine_step(unsigned int n)
{
	uint64_t rip = machine.v.rip;
	int e = 0;

	while (n-- && !e && machine.v.rip == rip && machine.vector < 0)
		e = emulate_mmio(&machine.v, TRAP_PHYS, false);
	return e;
}
