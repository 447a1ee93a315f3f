/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables (APM volume 2, section 15.25). RAM is mapped at start,
 * everything else when the guest first touches it. Tables come from a bounded
 * pool; when it is empty the whole map is built anew, and what is not RAM
 * comes back by touch. One map serves all CPUs: before anything is taken out of
 * it, their guests are stopped, and each flushes its TLB before it goes on.
 */
#include "npt.h"
#include "cpus.h"
#include "lost.h"
#include "regs.h"
#include "../mem/mem.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "npt: "
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

#define NPT_P		BIT(0)
#define NPT_W		BIT(1)
#define NPT_U		BIT(2)		/* nested walks are user accesses */
#define NPT_LARGE	BIT(7)
#define NPT_ADDR	0x000ffffffffff000ull
#define NPT_TABLE	(NPT_P | NPT_W | NPT_U)

#define POOL_PAGES	64
#define MAX_TRAPS	32
#define SHIFT_1G	30
#define SHIFT_2M	21
#define SHIFT_4K	12

/* longer than any CPU takes to leave its guest, one that is emulated too */
#define STOP_US		10000000

struct range {
	uint64_t base, end;
	bool readable;
};

static uint64_t (*pool)[512];
static unsigned int pool_used;
static struct range traps[MAX_TRAPS];
static unsigned int n_traps;
static uint64_t generation;	/* one more whenever a mapping goes */
static bool has_1g;
static uint64_t phys_limit;
static struct spinlock lock;

static uint64_t *pool_table(uint64_t entry)
{
	return pool[((entry & NPT_ADDR) - virt_to_phys(pool)) / PAGE_SIZE];
}

static uint64_t new_table(void)
{
	if (pool_used == POOL_PAGES)
		return 0;
	memset(pool[pool_used], 0, PAGE_SIZE);
	return virt_to_phys(pool[pool_used++]) | NPT_TABLE;
}

/* Replace a large page by a table of the next smaller ones. */
static bool split(uint64_t *entry, unsigned int shift)
{
	uint64_t old = *entry, table = new_table(), *t;
	unsigned int lower = shift - 9;

	if (!table)
		return false;
	t = pool_table(table);
	for (unsigned int i = 0; i < 512; i++)
		t[i] = old & NPT_P ?
			((old & NPT_ADDR) + ((uint64_t)i << lower)) |
			NPT_TABLE | (lower > SHIFT_4K ? NPT_LARGE : 0) : 0;
	*entry = table;
	return true;
}

/*
 * The entry that covers a at level shift, with the tables above it made or
 * split; NULL when the pool is empty.
 */
static uint64_t *walk(uint64_t a, unsigned int shift)
{
	uint64_t *t = pool[0];

	for (unsigned int level = 39; level > shift; level -= 9) {
		uint64_t *entry = &t[a >> level & 511];

		if (!(*entry & NPT_P))
			*entry = new_table();
		else if (*entry & NPT_LARGE && level < 39)
			split(entry, level);
		if (!(*entry & NPT_P) || *entry & NPT_LARGE)
			return NULL;
		t = pool_table(*entry);
	}
	return &t[a >> shift & 511];
}

static bool read_only(uint64_t a)
{
	for (unsigned int i = 0; i < n_traps; i++)
		if (a >= traps[i].base && a < traps[i].end)
			return traps[i].readable;
	return false;
}

static bool map_page(uint64_t a, unsigned int shift)
{
	uint64_t *entry = walk(a, shift);

	if (!entry)
		return false;
	/* a table left from a trap: map the smaller page that was missed */
	if ((*entry & NPT_P) && !(*entry & NPT_LARGE) && shift > SHIFT_4K)
		return map_page(a, shift - 9);
	if (!(*entry & NPT_P))
		*entry = ALIGN_DOWN(a, 1ull << shift) | NPT_P | NPT_U |
			 (read_only(a) ? 0 : NPT_W) |
			 (shift > SHIFT_4K ? NPT_LARGE : 0);
	return true;
}

static bool trapped(uint64_t base, uint64_t end)
{
	for (unsigned int i = 0; i < n_traps; i++)
		if (base < traps[i].end && traps[i].base < end)
			return true;
	return false;
}

/* Whether one page of 1 << shift bytes at a leaves all traps out. */
static bool page_fits(uint64_t a, unsigned int shift)
{
	uint64_t base = ALIGN_DOWN(a, 1ull << shift);

	return !trapped(base, base + (1ull << shift));
}

static bool map_ram(void)
{
	for (unsigned int i = 0; i < boot_info.n_ranges; i++) {
		const struct boot_range *r = &boot_info.range[i];
		uint64_t a = r->base, end = r->base + r->size;

		while (r->type == BOOT_RAM && a < end) {
			unsigned int shift = SHIFT_4K;

			if (page_fits(a, SHIFT_2M))
				shift = SHIFT_2M;
			if (has_1g && !(a % GIB(1)) &&
			    page_fits(a, SHIFT_1G) && end - a >= GIB(1))
				shift = SHIFT_1G;
			if (!trapped(a, a + 1) && !map_page(a, shift))
				return false;
			a = ALIGN_DOWN(a, 1ull << shift) + (1ull << shift);
		}
	}
	return true;
}

/*
 * No guest runs on any CPU from here on until the lock is given back. A CPU
 * that enters looks at the generation after it has said so; one that is in its
 * guest is taken out. One that does not come is stopped by something else
 * (CPU_LOST): nothing runs there, and nobody waits for it again until it comes
 * back.
 */
static void stop_guests(void)
{
	__atomic_add_fetch(&generation, 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < n_cpus; i++) {
		struct cpu *c = &cpus[i];
		uint64_t end = time_us() + STOP_US;
		uint32_t in = CPU_IN_GUEST;

		if (__atomic_load_n(&c->in_guest, __ATOMIC_SEQ_CST) !=
		    CPU_IN_GUEST)
			continue;
		cpu_request(c, CPU_REQUEST_LOOK);
		while (__atomic_load_n(&c->in_guest, __ATOMIC_SEQ_CST) ==
		       CPU_IN_GUEST && time_us() < end) {
			lost_watch(c);
			__builtin_ia32_pause();
		}
		if (__atomic_compare_exchange_n(&c->in_guest, &in, CPU_LOST,
						false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			log_error("CPU %u does not answer", i);
	}
}

void npt_enter(struct cpu *cpu, bool *flush)
{
	__atomic_store_n(&cpu->in_guest, CPU_IN_GUEST, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) !=
	       cpu->npt_generation) {
		npt_leave(cpu);
		/* whoever removes a mapping is done when the lock is free */
		spin_lock(&lock);
		cpu->npt_generation = generation;
		spin_unlock(&lock);
		*flush = true;
		__atomic_store_n(&cpu->in_guest, CPU_IN_GUEST, __ATOMIC_SEQ_CST);
	}
}

void npt_leave(struct cpu *cpu)
{
	__atomic_store_n(&cpu->in_guest, 0, __ATOMIC_RELEASE);
}

static bool build(void)
{
	stop_guests();
	pool_used = 0;
	new_table();
	return map_ram();
}

int npt_init(void)
{
	pool = pages_alloc(POOL_PAGES);
	if (!pool)
		return -ENOMEM;
	has_1g = cpuid(0x80000001, 0).edx & BIT(26);
	phys_limit = 1ull << (cpuid(0x80000008, 0).eax & 0xff);
	return build() ? 0 : -ENOMEM;
}

host_phys npt_root(void)
{
	return virt_to_phys(pool[0]);
}

int npt_trap(guest_phys base, uint64_t size, bool readable)
{
	int e = 0;

	spin_lock(&lock);
	stop_guests();
	if (n_traps == MAX_TRAPS)
		e = -ENOSPC;
	else
		traps[n_traps++] = (struct range){ base, base + size,
						   readable };
	for (uint64_t a = base; !e && pool && a < base + size;) {
		/* whole absent large pages need no table */
		bool whole = !(a % MIB(2)) && base + size - a >= MIB(2);
		unsigned int shift = whole ? SHIFT_2M : SHIFT_4K;
		uint64_t *entry = walk(a, shift);

		if (!entry) {
			if (!build())
				e = -ENOMEM;
			break;
		}
		*entry = 0;
		a += 1ull << shift;
	}
	spin_unlock(&lock);
	return e;
}

void npt_untrap(guest_phys base, uint64_t size)
{
	spin_lock(&lock);
	for (unsigned int i = 0; i < n_traps; i++) {
		if (traps[i].base == base && traps[i].end == base + size) {
			traps[i] = traps[--n_traps];
			break;
		}
	}
	spin_unlock(&lock);
}

void npt_map_missing(guest_phys a)
{
	spin_lock(&lock);
	if (trapped(a, a + 1) && !read_only(a)) {
		/* since it was looked at: the guest will be back */
	} else if (a >= phys_limit) {
		log_few("access beyond the physical address range: %#lx", a);
	} else if (!map_page(a, page_fits(a, SHIFT_2M) ? SHIFT_2M : SHIFT_4K)) {
		log_debug("table pool empty: map built anew");
		build();
		map_page(a, page_fits(a, SHIFT_2M) ? SHIFT_2M : SHIFT_4K);
	}
	spin_unlock(&lock);
}
