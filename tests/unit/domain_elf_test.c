/* SPDX-License-Identifier: MIT */
/*
 * Does a program's file, made to harm, ever lead the core's ELF loader outside
 * of the file or of the new address space, or make a page that is writable
 * and executable, or change code? And do all pages come back? The loader runs
 * on real page tables in a pool of pages; after each file the tables are
 * walked. A small right file is changed by hand, then at random.
 */
#include "check.h"

#include <errno.h>
#include <string.h>
#include <tandem/elf.h>

/* privileged: replaced below */
#define invlpg privileged_invlpg
#include "../../core/x86/regs.h"
#undef invlpg

static void invlpg(const void *p)
{
	(void)p;
}

#include "../../core/domain/space.c"

#define POOL_PAGES	512
#define RANDOM_FILES	300000

static unsigned int checks;
static uint8_t pool[POOL_PAGES][PAGE_SIZE] __aligned(PAGE_SIZE);
static bool taken[POOL_PAGES];
static size_t n_taken, pool_limit = POOL_PAGES, reserve;
struct boot_info boot_info;

/* ---- what space.c calls ---- */

void *pages_alloc(size_t n)
{
	CHECK(n == 1);
	if (n_taken >= pool_limit)
		return NULL;
	for (size_t i = 0; i < POOL_PAGES; i++) {
		if (taken[i])
			continue;
		taken[i] = true;
		n_taken++;
		return memset(pool[i], 0, PAGE_SIZE);
	}
	return NULL;
}

void pages_free(void *p, size_t n)
{
	size_t i = ((uintptr_t)p - (uintptr_t)pool) / PAGE_SIZE;

	CHECK(n == 1 && i < POOL_PAGES && taken[i]);
	taken[i] = false;
	n_taken--;
}

size_t pages_free_count(void)
{
	return pool_limit - n_taken;
}

size_t services_reserve(void)
{
	return reserve;
}

host_phys virt_to_phys(const void *p)
{
	return (uintptr_t)p - (uintptr_t)pool;
}

void paging_copy_kernel(uint64_t *pml4)
{
	memset(pml4 + 256, 0xff, 256 * sizeof(*pml4));
}

bool message_was_lent(const struct domain *d, uint64_t va)
{
	(void)d, (void)va;
	return false;
}

static uint64_t state = 88172645463325252;

uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

uint64_t random_below(uint64_t n)
{
	return random64() % n;
}

/* ---- the file ---- */

struct sample {
	struct elf_header eh;
	struct elf_program_header ph[4];
	uint8_t text[64];
	uint64_t relr[4];
	uint64_t constant[8];		/* relocated: 0 to 3, and 5 */
	uint64_t dynamic[4][2];
	uint64_t data[4];		/* relocated: 1 */
};

#define TEXT_AT		0x0
#define RODATA_AT	0x1000
#define DATA_AT		0x2000
#define CONSTANTS	(RODATA_AT + offsetof(struct sample, constant) - \
			 offsetof(struct sample, relr))
#define BSS		0x1800

static struct sample right(void)
{
	struct sample s = {
		.eh = { .ident = "\177ELF\2\1\1", .type = 3, .machine = 62,
			.entry = TEXT_AT + 8, .phoff = offsetof(struct sample, ph),
			.phentsize = sizeof(struct elf_program_header), .phnum = 4 },
		.ph = {
			{ .type = 1, .flags = 5, .vaddr = TEXT_AT,
			  .offset = offsetof(struct sample, text),
			  .filesz = 64, .memsz = 64 },
			{ .type = 1, .flags = 4, .vaddr = RODATA_AT,
			  .offset = offsetof(struct sample, relr),
			  .filesz = offsetof(struct sample, data) -
				    offsetof(struct sample, relr),
			  .memsz = offsetof(struct sample, data) -
				   offsetof(struct sample, relr) },
			{ .type = 1, .flags = 6, .vaddr = DATA_AT,
			  .offset = offsetof(struct sample, data),
			  .filesz = 32, .memsz = BSS },
			{ .type = 2, .flags = 4,
			  .offset = offsetof(struct sample, dynamic),
			  .filesz = 64, .memsz = 64 },
		},
		.relr = { CONSTANTS, 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5,
			  DATA_AT + 8, 1 },
		.constant = { 0x10, 0x1234, DATA_AT + BSS, 0, 77, 8, 78, 79 },
		.dynamic = { { 36, RODATA_AT }, { 35, 32 }, { 37, 8 }, { 0, 0 } },
		.data = { 5, 0x20, 6, 7 },
	};

	memset(s.text, 0x90, sizeof(s.text));
	return s;
}

static struct domain d;

/*
 * Load the file, with nothing behind it that may be read; look at what became
 * of it, and take it down again.
 */
static int try(const void *file, size_t size, void (*look)(uint64_t base))
{
	void *copy = malloc(size ? size : 1);
	uint64_t entry = 0;
	int e;

	memcpy(copy, file, size);
	memset(&d, 0, sizeof(d));
	CHECK(!space_create(&d));
	e = elf_load(&d, copy, size, &entry);
	CHECK(e == 0 || e == -EINVAL || e == -ENOMEM);
	if (!e) {
		CHECK(region_has(&d.region[REGION_IMAGE], entry));
		CHECK(d.arena && d.region[REGION_IMAGE].base >= d.arena &&
		      d.region[REGION_IMAGE].base + USER_GAP <= USER_END);
		if (look)
			look(d.region[REGION_IMAGE].base);
	}
	CHECK(d.pages == n_taken);
	free(copy);
	return e;
}

/* Every page of the space: in the image, and not both writable and code. */
static void walk(const uint64_t *table, unsigned int level, uint64_t va,
		 unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t here = va + ((uint64_t)i << (12 + 9 * (level - 1)));

		if (!(table[i] & PTE_P))
			continue;
		if (level > 1) {
			walk(table_at(table[i]), level - 1, here, 512);
			continue;
		}
		CHECK(region_has(&d.region[REGION_IMAGE], here));
		CHECK(!(table[i] & PTE_W) || (table[i] & PTE_NX));
		CHECK((table[i] & PTE_U) && !(table[i] & PTE_FOREIGN));
	}
}

static void down(void)
{
	struct domain_counts c = { 0 };

	walk(d.pml4, 4, 0, USER_PML4);
	space_count(&d, &c);
	CHECK(c.tables + c.pages == d.pages && d.pages == n_taken);
	space_destroy(&d);
	CHECK(!n_taken && !d.pages);
}

static uint64_t word(uint64_t va)
{
	uint64_t v;

	CHECK(!space_peek(&d, &v, va, sizeof(v)));
	return v;
}

static void look_right(uint64_t base)
{
	uint64_t c = base + CONSTANTS;

	CHECK(word(c) == base + 0x10 && word(c + 8) == base + 0x1234 &&
	      word(c + 16) == base + DATA_AT + BSS && word(c + 24) == base);
	CHECK(word(c + 32) == 77 && word(c + 40) == base + 8 &&
	      word(c + 48) == 78 && word(c + 56) == 79);
	CHECK(word(base + DATA_AT) == 5 && word(base + DATA_AT + 8) ==
	      base + 0x20 && word(base + DATA_AT + 16) == 6);
	CHECK(word(base) == 0x9090909090909090 &&
	      !word(base + DATA_AT + BSS - 8));
	/* constants are read-only although they were relocated */
	CHECK(!space_byte(&d, c, true, true) && space_byte(&d, c, false, true));
	CHECK(!space_byte(&d, base, true, true));
	CHECK(space_byte(&d, base + DATA_AT + BSS - 1, true, true));
	CHECK(!space_byte(&d, base + DATA_AT + 2 * PAGE_SIZE, false, true));
}

static void test_a_right_file_is_loaded_and_relocated(void)
{
	struct sample s = right();

	CHECK(try(&s, sizeof(s), look_right) == 0);
	down();
}

static void test_each_start_is_somewhere_else(void)
{
	struct sample s = right();
	uint64_t seen[64];

	for (unsigned int i = 0; i < 64; i++) {
		CHECK(try(&s, sizeof(s), NULL) == 0);
		seen[i] = d.region[REGION_IMAGE].base;
		for (unsigned int k = 0; k < i; k++)
			CHECK(seen[k] != seen[i]);
		CHECK(!space_place(&d, REGION_STACK, USER_STACK_SIZE));
		CHECK(!space_place(&d, REGION_HEAP, USER_HEAP_MAX));
		CHECK(!space_place(&d, REGION_WINDOW, WINDOW_SIZE));
		for (unsigned int r = 0; r < REGIONS; r++)
			for (unsigned int o = 0; o < REGIONS; o++) {
				const struct region *a = &d.region[r];
				const struct region *b = &d.region[o];

				CHECK(r == o || !a->size || !b->size ||
				      a->base >= b->base + b->size + USER_GAP ||
				      b->base >= a->base + a->size + USER_GAP);
				CHECK(a->base >> 30 == d.region[0].base >> 30 ||
				      !a->size);
			}
		down();
	}
}

static void test_no_place_is_an_error(void)
{
	struct sample s = right();

	CHECK(try(&s, sizeof(s), NULL) == 0);
	CHECK(space_place(&d, REGION_HEAP, USER_ARENA - PAGE_SIZE) == -ENOMEM);
	down();
}

#define REFUSED(change) \
	do { \
		struct sample s = right(); \
		change; \
		CHECK(try(&s, sizeof(s), NULL) == -EINVAL); \
		down(); \
	} while (0)

static void test_what_breaks_a_rule_is_refused(void)
{
	/* not this kind of file */
	REFUSED(s.eh.ident[1] = 'e');
	REFUSED(s.eh.ident[4] = 1);
	REFUSED(s.eh.type = 2);
	REFUSED(s.eh.machine = 3);
	REFUSED(s.eh.phentsize = 55);
	/* tables and segments outside of the file */
	REFUSED(s.eh.phoff = sizeof(s) - 8);
	REFUSED(s.eh.phoff = ~0ull - 7);
	REFUSED(s.eh.phoff += 4);
	REFUSED(s.eh.phnum = 0xffff);
	REFUSED(s.eh.phnum = 0);
	REFUSED(s.ph[2].offset = sizeof(s) - 8);
	REFUSED(s.ph[2].offset = ~0ull - 7);
	REFUSED(s.ph[2].filesz = ~0ull);
	REFUSED(s.ph[2].memsz = 8);
	REFUSED(s.ph[3].offset = ~0ull - 7);
	REFUSED(s.ph[3].offset += 4);
	REFUSED(s.ph[3].filesz = ~0ull);
	/* outside of the address space, or around its end */
	REFUSED(s.ph[2].vaddr = ~0ull - 0xfff);
	REFUSED(s.ph[2].vaddr = 0xffffffff80000000);
	REFUSED(s.ph[2].memsz = ~0ull - DATA_AT);
	REFUSED(s.ph[2].memsz = USER_IMAGE_MAX);
	/* two segments on one page; rights */
	REFUSED(s.ph[2].vaddr = RODATA_AT + 0x800);
	REFUSED(s.ph[0].flags = 7);
	REFUSED(s.ph[2].flags = 3);
	/* the entry */
	REFUSED(s.eh.entry = 64);
	REFUSED(s.eh.entry = RODATA_AT);
	REFUSED(s.eh.entry = 0x800000000000);
	REFUSED(s.eh.entry = ~0ull);
	/* relocations that are not in the program's data */
	REFUSED(s.relr[2] = TEXT_AT + 8);
	REFUSED(s.relr[2] = 0xffffffff80000000);
	REFUSED(s.relr[2] = ~0ull - 7);
	REFUSED(s.relr[2] = DATA_AT + BSS - 4);
	REFUSED(s.relr[2] = DATA_AT + BSS);
	REFUSED(s.relr[2] = DATA_AT + 4);
	REFUSED(s.relr[0] = 1);
	REFUSED(s.relr[3] = ~0ull; s.relr[2] = DATA_AT + BSS - 16);
	REFUSED(s.relr[2] = CONSTANTS);		/* twice */
	/* addresses outside of the program */
	REFUSED(s.constant[0] = DATA_AT + BSS + 1);
	REFUSED(s.constant[0] = ~0ull);
	REFUSED(s.constant[0] = 0xffffffff80000000);
	/* the table of relocations */
	REFUSED(s.dynamic[0][1] = 0x5000);
	REFUSED(s.dynamic[0][1] = ~0ull - 7);
	REFUSED(s.dynamic[0][1] += 4);
	REFUSED(s.dynamic[0][1] = TEXT_AT);
	REFUSED(s.dynamic[1][1] = ~0ull - 7);
	REFUSED(s.dynamic[1][1] = 0x2000);
	REFUSED(s.dynamic[1][1] = 28);
	REFUSED(s.dynamic[2][1] = 16);
	/* what else a dynamic section can ask for, or has no end */
	REFUSED(s.dynamic[2][0] = 1);
	REFUSED(s.dynamic[2][0] = 8);
	REFUSED(s.dynamic[2][0] = 18);
	REFUSED(s.dynamic[2][0] = 22);
	REFUSED(s.dynamic[2][0] = 23);
	REFUSED(s.dynamic[2][0] = 30; s.dynamic[2][1] = 4);
	REFUSED(s.dynamic[3][0] = 21);
	REFUSED(s.ph[3].type = 3);
	/* a second dynamic section relocates what was relocated */
	REFUSED(s.ph[0] = s.ph[3]);
}

static void test_a_file_cut_short_is_refused(void)
{
	struct sample s = right();

	for (size_t size = 0; size < sizeof(s); size++) {
		CHECK(try(&s, size, NULL) == -EINVAL);
		down();
	}
}

static void test_memory_that_runs_out_anywhere_comes_back(void)
{
	struct sample s = right();
	int e;

	for (pool_limit = 1; ; pool_limit++) {
		e = try(&s, sizeof(s), NULL);
		down();
		if (!e)
			break;
		CHECK(e == -ENOMEM);
	}
	/* three segments of four pages, and a table or two of each level */
	CHECK(pool_limit >= 8 && pool_limit <= 10);
	reserve = 4;
	CHECK(try(&s, sizeof(s), NULL) == -ENOMEM);
	down();
	pool_limit += 4;
	CHECK(try(&s, sizeof(s), NULL) == 0);
	down();
	reserve = 0;
	pool_limit = POOL_PAGES;
}

/* Code is as in the file, whatever was relocated. */
static const struct sample *loading;

static void look_code(uint64_t base)
{
	for (unsigned int i = 0; i < MIN(loading->eh.phnum, 4); i++) {
		const struct elf_program_header *p = &loading->ph[i];
		const uint8_t *from;
		uint8_t byte;

		if (loading->eh.phoff != offsetof(struct sample, ph) ||
		    p->type != 1 || !(p->flags & 1) || !p->memsz)
			continue;
		from = (const uint8_t *)loading + p->offset;
		for (uint64_t k = 0; k < p->filesz; k++)
			CHECK(!space_peek(&d, &byte, base + p->vaddr + k, 1) &&
			      byte == from[k]);
	}
}

/* Changed at random: a byte, a field of 64 bits, or a value of the file's. */
static void test_no_file_leads_astray(void)
{
	static const uint64_t odd[] = {
		0, 1, 7, 8, 0xfff, 0x1000, 0x1001, 0x7fffffffffff,
		0x800000000000, 0xffffffff80000000, ~0ull, ~0ull - 7,
		USER_IMAGE_MAX, USER_IMAGE_MAX - 1, DATA_AT + BSS, CONSTANTS,
	};
	unsigned int loaded = 0;

	for (unsigned int i = 0; i < RANDOM_FILES; i++) {
		struct sample s = right();
		uint64_t *words = (uint64_t *)&s;
		unsigned int changes = 1 + random_below(4);

		while (changes--) {
			size_t at = random_below(sizeof(s) / 8);

			switch (random_below(3)) {
			case 0:
				((uint8_t *)&s)[random_below(sizeof(s))] =
					(uint8_t)random64();
				break;
			case 1:
				words[at] = odd[random_below(ARRAY_SIZE(odd))];
				break;
			default:
				words[at] = words[random_below(sizeof(s) / 8)];
			}
		}
		loading = &s;
		loaded += try(&s, sizeof(s), look_code) == 0;
		down();
	}
	/* else it was not about the loader */
	CHECK(loaded > RANDOM_FILES / 20 && loaded < RANDOM_FILES * 19 / 20);
	printf("%u of %u changed files were loaded\n", loaded, RANDOM_FILES);
}

int main(void)
{
	boot_info.block_base = TANDEM_VMM_BASE - (uintptr_t)pool;
	test_a_right_file_is_loaded_and_relocated();
	test_each_start_is_somewhere_else();
	test_no_place_is_an_error();
	test_what_breaks_a_rule_is_refused();
	test_a_file_cut_short_is_refused();
	test_memory_that_runs_out_anywhere_comes_back();
	test_no_file_leads_astray();
	printf("%u checks\n", checks);
	return 0;
}
