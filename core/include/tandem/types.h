/* SPDX-License-Identifier: MIT */
/*
 * Address types. Guest memory is identity mapped, so a guest-physical and a
 * host-physical address have the same value; the types say who supplied it.
 * A guest_phys or guest_virt is untrusted until a function of guest_mem.h
 * has accepted it.
 */
#ifndef TANDEM_TYPES_H
#define TANDEM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t host_phys;	/* bus address the VMM chose or checked */
typedef uint64_t guest_phys;	/* guest-physical address: untrusted */
typedef uint64_t guest_virt;	/* guest linear address: untrusted */

#define KIB(n)		((uint64_t)(n) << 10)
#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul
#define PAGE_MASK	(PAGE_SIZE - 1)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(v, a)	(((v) + ((a) - 1)) & ~((uint64_t)(a) - 1))
#define ALIGN_DOWN(v, a) ((v) & ~((uint64_t)(a) - 1))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define BIT(n)		(1ull << (n))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __unused	__attribute__((unused))
#define __noreturn	__attribute__((noreturn))
#define __printf(f, a)	__attribute__((format(printf, f, a)))

/* A pointer in a linker-section table: adding an entry touches no list. */
#define TABLE_ENTRY(table, name) \
	__attribute__((section(".table." #table), used, aligned(8))) name

static inline void compiler_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

#endif
