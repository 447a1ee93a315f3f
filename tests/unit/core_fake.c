/* SPDX-License-Identifier: MIT */
/* A vCPU and a machine on the host, see core_fake.h. */
#include "core_fake.h"

#include "../../core/x86/trap_table.h"

#include <errno.h>
#include <tandem/guest_mem.h>

#define TABLES		(RAM_BASE + 0x80000)	/* page tables from here */

unsigned int checks;
struct vcpu vcpu;
struct svm_vcpu state;
uint8_t ram[RAM_SIZE] __aligned(4096), device[DEVICE_SIZE];
struct device_access accesses[64];
unsigned int n_accesses;

static uint64_t next_table;

void fake_reset(void)
{
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&state, 0, sizeof(state));
	memset(ram, 0, sizeof(ram));
	memset(device, 0, sizeof(device));
	n_accesses = 0;
	vcpu.svm = &state;
	vcpu.rflags = 2;
	state.cr[0] = CR0_PE;
	state.efer = EFER_LME | EFER_LMA;
	for (unsigned int i = 0; i < 6; i++)
		state.segment[i] = (struct vcpu_segment){ 0, 0, ~0u, 0 };
	state.segment[SEG_CS].attr = SEGMENT_ATTR_L;
}

/* ---- tables ---- */

static uint64_t *table_at(uint64_t phys)
{
	return (uint64_t *)(ram + (phys - RAM_BASE));
}

static uint64_t new_table(void)
{
	uint64_t t = next_table;

	CHECK(t < RAM_BASE + RAM_SIZE);
	next_table += PAGE_SIZE;
	return t;
}

void fake_paging(void)
{
	next_table = TABLES;
	state.cr[0] |= CR0_PG | CR0_WP;
	state.cr[3] = new_table();
	state.cr[4] = CR4_PAE;
	state.efer |= EFER_NXE;
}

void fake_map(uint64_t linear, uint64_t phys, uint64_t flags)
{
	uint64_t *t = table_at(state.cr[3]);

	for (unsigned int shift = 39; shift > 12; shift -= 9) {
		uint64_t *e = &t[linear >> shift & 511];

		if (!*e)
			*e = new_table() | 1 | MAP_WRITE | MAP_USER;
		t = table_at(*e & ~PAGE_MASK);
	}
	t[linear >> 12 & 511] = phys | 1 | flags;
}

uint64_t *fake_entry(uint64_t linear)
{
	uint64_t *t = table_at(state.cr[3]);

	for (unsigned int shift = 39; shift > 12; shift -= 9) {
		uint64_t e = t[linear >> shift & 511];

		if (!e)
			return NULL;
		t = table_at(e & 0xffffffffff000);
	}
	return &t[linear >> 12 & 511];
}

/* ---- guest memory ---- */

void *guest_ram(guest_phys a, uint64_t len)
{
	if (!len || a < RAM_BASE || a - RAM_BASE >= RAM_SIZE ||
	    len > RAM_SIZE - (a - RAM_BASE))
		return NULL;
	return ram + (a - RAM_BASE);
}

int guest_read(void *dst, guest_phys src, size_t len)
{
	const void *p = guest_ram(src, len);

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

/* ---- device registers ---- */

static void note(bool write, uint64_t offset, unsigned int size, uint64_t value)
{
	CHECK(size == 1 || size == 2 || size == 4 || size == 8);
	CHECK(offset % PAGE_SIZE + size <= PAGE_SIZE && offset < DEVICE_SIZE);
	if (n_accesses < ARRAY_SIZE(accesses))
		accesses[n_accesses] = (struct device_access){ write, offset,
							       value, size };
	n_accesses++;
}

static uint64_t device_read(void *ctx __unused, uint64_t offset,
			    unsigned int size)
{
	uint64_t v = 0;

	memcpy(&v, device + offset, size);
	note(false, offset, size, v);
	return v;
}

static void device_write(void *ctx __unused, uint64_t offset,
			 unsigned int size, uint64_t value)
{
	/* zero-extended, as tandem/trap.h promises */
	CHECK(size == 8 || !(value >> size * 8));
	note(true, offset, size, value);
	memcpy(device + offset, &value, size);
}

static struct mmio_trap device_trap = {
	.name = "device", .base = DEVICE_BASE, .size = DEVICE_SIZE,
	.read = device_read, .write = device_write,
};

bool mmio_trap_find(guest_phys a, struct mmio_trap *found)
{
	*found = device_trap;
	return a >= DEVICE_BASE && a - DEVICE_BASE < DEVICE_SIZE;
}

/* ---- vcpu.h ---- */

uint64_t vcpu_cr(const struct vcpu *v, unsigned int n)
{
	return v->svm->cr[n];
}

uint64_t vcpu_dr(const struct vcpu *v, unsigned int n)
{
	return v->svm->dr[n];
}

uint64_t vcpu_efer(const struct vcpu *v)
{
	return v->svm->efer;
}

unsigned int vcpu_cpl(const struct vcpu *v)
{
	return v->svm->cpl;
}

void vcpu_segment(const struct vcpu *v, enum vcpu_segreg s,
		  struct vcpu_segment *out)
{
	*out = v->svm->segment[s];
}

void vcpu_set_cr2(struct vcpu *v, uint64_t value)
{
	v->svm->cr[2] = value;
}

void vcpu_inject_exception(struct vcpu *v, unsigned int vector, bool has_error,
			   uint32_t error)
{
	v->debug_hits = 0;
	v->svm->exceptions++;
	v->svm->vector = vector;
	v->svm->has_error = has_error;
	v->svm->error = error;
}

size_t vcpu_fetched(const struct vcpu *v, uint8_t *bytes)
{
	memcpy(bytes, v->svm->fetched, v->svm->n_fetched);
	return v->svm->n_fetched;
}

bool vcpu_step(struct vcpu *v)
{
	uint32_t dr6 = v->debug_hits | (v->rflags & RFLAGS_TF ? 0x4000 : 0);

	v->debug_hits = 0;
	if (!dr6)
		return false;
	v->svm->dr[6] = dr6;
	vcpu_inject_exception(v, VECTOR_DB, false, 0);
	return true;
}

void vcpu_skip(struct vcpu *v, unsigned int len)
{
	v->rip += len;
	v->svm->skipped++;
	vcpu_step(v);
}
