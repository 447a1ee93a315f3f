/* SPDX-License-Identifier: MIT */
/*
 * Numbers and addresses for the operations. Numbers come from a generator of
 * their own for each operation, so that one that was cut short does not change
 * the next.
 */
#include "fuzz.h"

/* splitmix64 (Steele, Lea, Flood: Fast splittable generators, 2014) */
uint64_t rnd(struct fuzz_cpu *c)
{
	uint64_t z = c->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void random_start(struct fuzz_cpu *c, uint64_t n)
{
	c->random = machine.seed << 32 ^ (uint64_t)c->index << 28 ^ n;
	c->random = rnd(c);
}

unsigned int below(struct fuzz_cpu *c, unsigned int n)
{
	return (unsigned int)((rnd(c) >> 32) * n >> 32);
}

bool chance(struct fuzz_cpu *c, unsigned int n)
{
	return !below(c, n);
}

uint64_t odd_value(struct fuzz_cpu *c)
{
	uint64_t bit = BIT(below(c, 64));

	switch (below(c, 8)) {
	case 0:
		return 0;
	case 1:
		return ~0ull;
	case 2:
		return bit;
	case 3:
		return bit - 1;
	case 4:
		return bit | BIT(below(c, 64)) | BIT(below(c, 64));
	case 5:
		return below(c, 256);
	case 6:
		return ~bit;
	default:
		return rnd(c);
	}
}

bool is_own(uint64_t a, uint64_t size)
{
	for (unsigned int i = 0; i < machine.n_own; i++) {
		const struct range *r = &machine.own[i];

		if (a < r->base + r->size && r->base < a + size)
			return true;
	}
	return false;
}

static uint64_t inside(struct fuzz_cpu *c, const struct range *r)
{
	switch (below(c, 8)) {
	case 0:				/* across its beginning */
		return r->base - below(c, 8);
	case 1:				/* ... or end */
		return r->base + r->size - below(c, 9);
	case 2:				/* of one of its pages */
		return r->base + (rnd(c) % r->size & ~(PAGE - 1)) -
		       below(c, 8);
	case 3:				/* the first registers */
		return r->base + below(c, 64) * 4;
	case 4:
		return r->base + rnd(c) % r->size;
	default:
		return r->base + (rnd(c) % r->size & ~7ull);
	}
}

uint64_t register_address(struct fuzz_cpu *c)
{
	unsigned int n = below(c, machine.n_registers);

	return inside(c, &machine.registers[n]);
}

uint64_t hidden_address(struct fuzz_cpu *c)
{
	return inside(c, &machine.hidden[below(c, machine.n_hidden)]);
}

uint64_t ram_address(struct fuzz_cpu *c)
{
	uint64_t a = (uint64_t)(uintptr_t)c->scratch;

	for (unsigned int i = 0; i < 4 && machine.n_ram; i++) {
		a = inside(c, &machine.ram[below(c, machine.n_ram)]);
		if (!is_own(a - PAGE, 3 * PAGE))
			return a;
	}
	return (uint64_t)(uintptr_t)c->scratch + below(c, 2 * PAGE);
}

uint64_t odd_address(struct fuzz_cpu *c)
{
	switch (below(c, 16)) {
	case 0:
		return rnd(c) >> (24 + below(c, 24));
	case 1:
		return rnd(c);
	case 2:
		return (uint32_t)rnd(c);
	case 3:
	case 4:
		return ram_address(c);
	case 5:
		return (uint64_t)(uintptr_t)c->scratch + below(c, 4 * PAGE);
	default:
		return register_address(c);
	}
}

/*
 * A page-table entry with any attributes, for two neighbouring pages, which
 * need not be neighbours in physical memory.
 */
uint64_t odd_mapping(struct fuzz_cpu *c, uint64_t a)
{
	unsigned int n = below(c, WINDOW_PAGES - 1);
	uint64_t other = chance(c, 4) ? register_address(c) : a + PAGE;
	uint64_t linear = WINDOW + n * PAGE;

	if (!chance(c, 3))
		return a;
	/* reserved bits fault; else present, writable most of the time */
	c->window[n] = (a & 0x000ffffffffff000ull & (BIT(40) - 1)) |
		       (rnd(c) & 0x1f8) | (chance(c, 8) ? rnd(c) & 7 : 7) |
		       (chance(c, 4) ? BIT(63) : 0);
	c->window[n + 1] = (other & 0x000ffffffffff000ull & (BIT(40) - 1)) |
			   (rnd(c) & 0x1f8) | (chance(c, 8) ? rnd(c) & 7 : 7);
	__asm__ volatile("invlpg (%0)" : : "r"(linear) : "memory");
	__asm__ volatile("invlpg (%0)" : : "r"(linear + PAGE) : "memory");
	return linear | (a & (PAGE - 1));
}
