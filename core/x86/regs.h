/* SPDX-License-Identifier: MIT */
/*
 * Instructions and model-specific registers of x86-64 that C has no name for
 * (AMD64 Architecture Programmer's Manual, volumes 2 and 3).
 */
#ifndef CORE_X86_REGS_H
#define CORE_X86_REGS_H

#include <tandem/types.h>

#define MSR_TSC			0x10
#define MSR_APIC_BASE		0x1b
#define MSR_TSC_ADJUST		0x3b
#define MSR_MCG_STATUS		0x17a
#define MSR_PAT			0x277
#define MSR_X2APIC_ICR		0x830
#define MSR_EFER		0xc0000080
#define MSR_SYSCFG		0xc0010010
#define MSR_IORR_BASE0		0xc0010016
#define MSR_IORR_MASK0		0xc0010017
#define MSR_IORR_BASE1		0xc0010018
#define MSR_IORR_MASK1		0xc0010019
#define MSR_TOP_MEM		0xc001001a
#define MSR_TOP_MEM2		0xc001001d
#define MSR_PATCH_LOADER	0xc0010020
#define MSR_SMM_BASE		0xc0010111
#define MSR_SMM_ADDR		0xc0010112
#define MSR_SMM_MASK		0xc0010113
#define MSR_VM_CR		0xc0010114
#define MSR_IGNNE		0xc0010115
#define MSR_SMM_CTL		0xc0010116
#define MSR_VM_HSAVE_PA		0xc0010117
#define MSR_SVM_KEY		0xc0010118

#define APIC_BASE_BSP		BIT(8)
#define APIC_BASE_ENABLE	BIT(11)
#define APIC_BASE_EXTD		BIT(10)
#define MCG_STATUS_MCIP		BIT(2)
#define VM_CR_R_INIT		BIT(1)
#define VM_CR_LOCK		BIT(3)
#define VM_CR_SVMDIS		BIT(4)

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v),
			 "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx),
			 "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

#define DEFINE_CR(n) \
	static inline uint64_t read_cr##n(void) \
	{ \
		uint64_t v; \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)); \
		return v; \
	} \
	static inline void write_cr##n(uint64_t v) \
	{ \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
#undef DEFINE_CR

static inline void invlpg(const void *p)
{
	__asm__ volatile("invlpg (%0)" : : "r"(p) : "memory");
}

#define DEFINE_PORT(suffix, type) \
	static inline type in##suffix(uint16_t port) \
	{ \
		type v; \
		__asm__ volatile("in" #suffix " %1, %0" \
				 : "=a"(v) : "Nd"(port)); \
		return v; \
	} \
	static inline void out##suffix(uint16_t port, type v) \
	{ \
		__asm__ volatile("out" #suffix " %0, %1" \
				 : : "a"(v), "Nd"(port)); \
	}
DEFINE_PORT(b, uint8_t)
DEFINE_PORT(w, uint16_t)
DEFINE_PORT(l, uint32_t)
#undef DEFINE_PORT

/* All caches to memory, and empty. */
static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

/* size 1, 2 or 4 */
static inline uint32_t port_in(uint16_t port, unsigned int size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static inline void port_out(uint16_t port, unsigned int size, uint32_t v)
{
	if (size == 1)
		outb(port, (uint8_t)v);
	else if (size == 2)
		outw(port, (uint16_t)v);
	else
		outl(port, v);
}

struct table_register {
	uint16_t limit;
	uint64_t base;
} __packed;

static inline struct table_register read_gdtr(void)
{
	struct table_register r;

	__asm__ volatile("sgdt %0" : "=m"(r));
	return r;
}

static inline struct table_register read_idtr(void)
{
	struct table_register r;

	__asm__ volatile("sidt %0" : "=m"(r));
	return r;
}

#define DEFINE_SELECTOR(s) \
	static inline uint16_t read_##s(void) \
	{ \
		uint16_t v; \
		__asm__ volatile("mov %%" #s ", %0" : "=r"(v)); \
		return v; \
	}
DEFINE_SELECTOR(cs)
DEFINE_SELECTOR(ds)
DEFINE_SELECTOR(es)
DEFINE_SELECTOR(fs)
DEFINE_SELECTOR(gs)
DEFINE_SELECTOR(ss)
#undef DEFINE_SELECTOR

static inline uint64_t read_rflags(void)
{
	uint64_t v;

	__asm__ volatile("pushfq; popq %0" : "=r"(v) : : "memory");
	return v;
}

static inline void clgi(void)
{
	__asm__ volatile("clgi" ::: "memory");
}

static inline void stgi(void)
{
	__asm__ volatile("stgi" ::: "memory");
}

#endif
