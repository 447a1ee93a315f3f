/* SPDX-License-Identifier: MIT */
/*
 * Calls of the firmware, see bios.h: resident.S in the highest page of the
 * memory below 1 MiB that the BIOS data area counts, real_mode.S behind it for
 * the way back, and below both the page that becomes the VMM's.
 */
#include "bios.h"

#include <string.h>
#include <tandem/types.h>

#include "../../core/x86/real_mode.h"
#include "../../core/x86/regs.h"
#include "selectors.h"

/* the BIOS data area, and the vectors before it */
#define VECTOR_15	(0x15 * 4)
#define EBDA_SEGMENT	0x40e
#define MEMORY_KIB	0x413
#define KIB_MIN		64
#define KIB_MAX		640

#define RUNNING		'1'
#define TRIED		'0'

#define ROM_START	0xe0000
#define ROM_END		0x100000
#define SMBIOS_START	0xf0000
#define RSDP_SUM	20		/* bytes that are summed up */

#define SMAP		0x534d4150
#define E820_CALLS	1000	/* empty ranges are not counted */

#define PIT_CHANNEL_2	0x42
#define PIT_COMMAND	0x43
#define PIT_ONE_SHOT_2	0xb0		/* mode 0, both bytes */
#define PIT_HZ		1193182
#define PORT_61		0x61
#define PORT_61_GATE	0x01
#define PORT_61_SPEAKER	0x02
#define PORT_61_OUT	0x20
#define PIT_POLLS	1000000		/* each takes about 1 us */

/* entry.S */
extern uint64_t gdt[];
extern const uint8_t pml4[], real_return[];
/*
 * Runs what is at offset in SEL_CODE16 until it comes to real_return by
 * real_mode.S, whose words have *stack.
 */
void real_call(uint64_t *stack, uint16_t offset);

static uint8_t *page;			/* of resident.S */
static struct resident_words *words;
static struct real_mode_words *way_back;

static uint32_t kib_below_1m(void)
{
	uint16_t kib;

	memcpy(&kib, low_memory(MEMORY_KIB), sizeof(kib));
	return kib;
}

static uint32_t address_of(const void *p)
{
	return (uint32_t)(uintptr_t)p;
}

static void *in_page(const uint8_t *symbol)
{
	return page + (symbol - resident_start);
}

/* The handler of INT 15h if it is one of Tandem's and says so; else NULL. */
static const uint8_t *handler(char state)
{
	const size_t size = sizeof(RESIDENT_MAGIC) - 1;
	uint16_t vector[2];
	const char *said;

	memcpy(vector, low_memory(VECTOR_15), sizeof(vector));
	said = low_memory(((uint32_t)vector[1] << 4) + vector[0] -
			  INT15_SIGNATURE);
	if (vector[0] != INT15_OFFSET || memcmp(said, RESIDENT_MAGIC, size) ||
	    said[size] != state)
		return NULL;
	return (const uint8_t *)said + INT15_SIGNATURE;
}

static void set_handler(uint32_t entry)
{
	const uint16_t vector[2] = {
		INT15_OFFSET, (uint16_t)((entry - INT15_OFFSET) >> 4),
	};

	memcpy(low_memory(VECTOR_15), vector, sizeof(vector));
}

static void set_kib(uint32_t kib)
{
	const uint16_t value = (uint16_t)kib;

	memcpy(low_memory(MEMORY_KIB), &value, sizeof(value));
}

/* What a start before this one left, unless somebody has come below it. */
static void take_mark_away(void)
{
	const uint8_t *entry = handler(TRIED);
	struct mark_words mark;

	if (!entry)
		return;
	memcpy(&mark, entry + (mark_words - mark_entry), sizeof(mark));
	if (mark.limit != kib_below_1m() << 10 ||
	    mark.limit != address_of(entry - (mark_entry - mark_start)))
		return;
	memcpy(low_memory(VECTOR_15), &mark.old_offset, 2 * sizeof(uint16_t));
	set_kib(kib_below_1m() + MARK_KIB);
}

bool bios_init(void)
{
	const uint32_t size = (uint32_t)(resident_end - resident_start);
	uint64_t base;
	uint32_t kib;

	take_mark_away();
	kib = kib_below_1m();
	if (kib < KIB_MIN || kib > KIB_MAX ||
	    ALIGN_UP(size, 16) + real_mode_size() > PAGE_SIZE)
		return false;
	kib -= MARK_KIB;	/* where bios_mark() may put it */
	page = low_memory((uint32_t)ALIGN_DOWN(kib << 10, PAGE_SIZE) - PAGE_SIZE);
	memcpy(page, resident_start, size);
	base = address_of(page);
	gdt[SEL_CODE16 / 8] |= base << 16;	/* below 1 MiB */

	words = in_page(resident_words);
	words->real_segment = (uint16_t)(base >> 4);
	base += ALIGN_UP(size, 16);
	words->back_segment = (uint16_t)(base >> 4);
	way_back = real_mode_place(low_memory((uint32_t)base), (uint32_t)base,
				    (uintptr_t)real_return, 0,
				    address_of(pml4));
	return true;
}

static void go(uint8_t vector, const struct bios_registers *r)
{
	*(uint8_t *)in_page(resident_vector) = vector;
	words->eax = r->eax;
	words->ebx = r->ebx;
	words->ecx = r->ecx;
	words->edx = r->edx;
	words->esi = r->esi;
	words->edi = r->edi;
	words->ds = r->ds;
	words->es = r->es;
	real_call(&way_back->stack, 0);
}

void bios_call(uint8_t vector, struct bios_registers *r)
{
	go(vector, r);
	r->eax = words->eax;
	r->ebx = words->ebx;
	r->ecx = words->ecx;
	r->edx = words->edx;
	r->flags = words->flags;
}

void bios_boot(struct bios_registers *r)
{
	for (;;)
		go(0, r);
}

/* ---- memory -------------------------------------------------------------- */

bool bios_memory_map(struct e820_map *map)
{
	struct bios_registers r = { 0 };
	struct e820_entry entry;

	map->n = 0;
	for (unsigned int calls = 0; calls < E820_CALLS; calls++) {
		r.eax = 0xe820;
		r.ecx = sizeof(entry);
		r.edx = SMAP;
		r.es = BIOS_BUFFER >> 4;
		r.edi = 0;
		bios_call(0x15, &r);
		if (r.eax != SMAP || r.flags & BIOS_CARRY)
			break;	/* some tell the end in this way */
		memcpy(&entry, low_memory(BIOS_BUFFER), sizeof(entry));
		if (!e820_add(map, &entry))
			return false;
		if (!r.ebx)
			break;
	}
	return map->n > 0;
}

uint32_t bios_low_page(void)
{
	return address_of(page) - PAGE_SIZE;
}

uint32_t bios_stay_size(void)
{
	return (kib_below_1m() << 10) - bios_low_page();
}

void bios_stay(const struct e820_map *map)
{
	struct int15_words *answers = in_page(int15_words);

	*(char *)in_page(int15_state) = RUNNING;
	e820_answers(map, answers);
	memcpy(&answers->old_offset, low_memory(VECTOR_15),
	       2 * sizeof(uint16_t));
	set_handler(address_of(in_page(int15_entry)));
	set_kib(bios_low_page() >> 10);
}

void bios_mark(void)
{
	struct mark_words mark = {
		.limit = (kib_below_1m() - MARK_KIB) << 10,
	};
	uint8_t *to = low_memory(mark.limit);

	memcpy(&mark.old_offset, low_memory(VECTOR_15), 2 * sizeof(uint16_t));
	memcpy(to, mark_start, (size_t)(mark_end - mark_start));
	memcpy(to + (mark_words - mark_start), &mark, sizeof(mark));
	set_handler(mark.limit + (uint32_t)(mark_entry - mark_start));
	set_kib(mark.limit >> 10);
}

bool bios_is_tandem_running(void)
{
	return handler(RUNNING) != NULL;
}

static uint64_t scan(uint32_t from, uint32_t to)
{
	for (uint32_t a = from; a + RSDP_SUM <= to; a += 16) {
		const uint8_t *p = low_memory(a);
		uint8_t sum = 0;

		for (unsigned int i = 0; i < RSDP_SUM; i++)
			sum = (uint8_t)(sum + p[i]);
		if (!sum && !memcmp(p, "RSD PTR ", 8))
			return a;
	}
	return 0;
}

uint64_t bios_find_rsdp(void)
{
	uint16_t segment;
	uint64_t found = 0;

	memcpy(&segment, low_memory(EBDA_SEGMENT), sizeof(segment));
	if (segment)
		found = scan((uint32_t)segment << 4,
			     ((uint32_t)segment << 4) + 1024);
	return found ? found : scan(ROM_START, ROM_END);
}

/* What it says is looked at where it is used: core/smbios.c. */
uint64_t bios_find_smbios(void)
{
	for (uint32_t a = SMBIOS_START; a < ROM_END; a += 16) {
		const uint8_t *p = low_memory(a);

		if (!memcmp(p, "_SM3_", 5) ||
		    (!memcmp(p, "_SM_", 4) && !memcmp(p + 16, "_DMI_", 5)))
			return a;
	}
	return 0;
}

/* ---- time ---------------------------------------------------------------- */

void wait_us(uint32_t us)
{
	uint32_t ticks = us * (PIT_HZ / 1000) / 1000 + 1;

	outb(PORT_61, (inb(PORT_61) & ~PORT_61_SPEAKER) | PORT_61_GATE);
	outb(PIT_COMMAND, PIT_ONE_SHOT_2);
	outb(PIT_CHANNEL_2, (uint8_t)ticks);
	outb(PIT_CHANNEL_2, (uint8_t)(ticks >> 8));
	for (unsigned int i = 0; i < PIT_POLLS; i++)
		if (inb(PORT_61) & PORT_61_OUT)
			break;
}
