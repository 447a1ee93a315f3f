/* SPDX-License-Identifier: MIT */
/*
 * The guest's MTRRs, see mtrr.h. A register has the hardware's value until the
 * guest writes it.
 */
#include "mtrr.h"
#include "cpu.h"
#include "msrs.h"

#define CPUID_MTRR		BIT(12)		/* leaf 1 edx */
#define CAP_VARIABLE		0xff
#define VARIABLE_MAX		8
#define FIXED			11

#define TYPE(v)			((v) & 0xff)
#define TYPE_WC			1
#define TYPE_WT			4
#define TYPE_WP			5
#define TYPE_WB			6
/* which of DRAM and MMIO; SYSCFG says whether fixed ranges have them */
#define FIXED_ROUTE		0x18
#define DEFAULT_KNOWN		(0xff | BIT(10) | BIT(11))
#define MASK_VALID		BIT(11)
#define ADDRESS_LOW		0xfffull

#define REGISTERS		(2 * VARIABLE_MAX + FIXED + 1)

static struct guest_mtrr {
	uint64_t value[REGISTERS];
	uint32_t written;
} guest_mtrr[CONFIG_MAX_CPUS];

_Static_assert(REGISTERS <= 32, "bits of guest_mtrr.written");

/* Which of value[], or -1. */
static int index_of(uint32_t msr)
{
	uint32_t variable = msr - MSR_MTRR_VARIABLE;

	if (!(cpuid(1, 0).edx & CPUID_MTRR))
		return -1;
	if (variable < 2 * VARIABLE_MAX)
		return variable / 2 < (rdmsr(MSR_MTRR_CAP) & CAP_VARIABLE) ?
		       (int)variable : -1;
	if (msr == MSR_MTRR_FIXED_64K)
		return 2 * VARIABLE_MAX;
	if (msr - MSR_MTRR_FIXED_16K < 2)
		return 2 * VARIABLE_MAX + 1 + (int)(msr - MSR_MTRR_FIXED_16K);
	if (msr - MSR_MTRR_FIXED_4K < 8)
		return 2 * VARIABLE_MAX + 3 + (int)(msr - MSR_MTRR_FIXED_4K);
	return msr == MSR_MTRR_DEFAULT ? REGISTERS - 1 : -1;
}

static bool is_type(uint64_t type)
{
	return !type || type == TYPE_WC || type == TYPE_WT ||
	       type == TYPE_WP || type == TYPE_WB;
}

static uint64_t above_memory(void)
{
	return ~0ull << (cpuid(0x80000008, 0).eax & 0xff);
}

static bool is_value(uint32_t msr, uint64_t value)
{
	if (msr == MSR_MTRR_DEFAULT)
		return !(value & ~DEFAULT_KNOWN) && is_type(TYPE(value));
	if (msr - MSR_MTRR_VARIABLE >= 2 * VARIABLE_MAX) {
		for (unsigned int i = 0; i < 64; i += 8)
			if (!is_type(TYPE(value >> i) & ~FIXED_ROUTE))
				return false;
		return true;
	}
	if (value & above_memory())
		return false;
	if (msr & 1)
		return !(value & ADDRESS_LOW & ~MASK_VALID);
	return is_type(value & ADDRESS_LOW);
}

bool mtrr_read(uint32_t msr, uint64_t *value)
{
	const struct guest_mtrr *g = &guest_mtrr[this_cpu()->index];
	int i = index_of(msr);

	if (i < 0)
		return false;
	*value = g->written & BIT(i) ? g->value[i] : rdmsr(msr);
	return true;
}

bool mtrr_write(uint32_t msr, uint64_t value)
{
	struct guest_mtrr *g = &guest_mtrr[this_cpu()->index];
	int i = index_of(msr);

	if (i < 0 || !is_value(msr, value))
		return false;
	g->value[i] = value;
	g->written |= (uint32_t)BIT(i);
	return true;
}

void mtrr_reset(const struct cpu *cpu)
{
	guest_mtrr[cpu->index].written = 0;
}
