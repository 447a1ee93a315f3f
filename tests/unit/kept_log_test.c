/* SPDX-License-Identifier: MIT */
/*
 * Is a log found again as it was left, and is anything else that memory may
 * hold after a reset refused, or shown without reading beyond its slot?
 */
#include "check.h"
#include "../../core/kept_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING		1000
#define SLOT		(PAGE_SIZE + RING)
#define AREA		(KEPT_LOG_SLOTS * SLOT)

static unsigned int checks;
static uint8_t *area;			/* exactly as large as it may be */
static struct kept_log now;
static struct kept_log_view before;
static char shown[2 * RING];

static void boot(void)
{
	kept_log_start(&now, &before, area, SLOT, "v1.2-3-gabc");
}

static void say(const char *text)
{
	kept_log_append(&now, text, strlen(text));
}

/* All that is there, read in pieces of that size. */
static size_t show(size_t piece)
{
	uint64_t pos = 0;
	size_t len = 0, n;

	memset(shown, 0, sizeof(shown));
	while ((n = kept_log_read(&before, &pos, shown + len,
				  MIN(piece, sizeof(shown) - 1 - len))) > 0)
		len += n;
	return len;
}

static const char *body(void)
{
	show(77);
	return strchr(shown, '\n') + 1;
}

static void fresh(void)
{
	free(area);
	area = calloc(1, AREA);
}

static void nothing_is_found_in_fresh_memory(void)
{
	fresh();
	boot();
	CHECK(!before.text && !before.panicked && show(10) == 0);
	memset(area, 0xff, AREA);
	boot();
	CHECK(!before.text && show(10) == 0);
}

static void log_is_found_again(void)
{
	fresh();
	boot();
	say("one\n");
	say("two\n");
	boot();
	CHECK(before.text && !before.damaged && !before.panicked);
	CHECK(before.boot == 1);
	CHECK(strcmp(body(), "one\ntwo\n") == 0);
	CHECK(strncmp(shown, "log of the boot before, number 1, "
		      "Tandem v1.2-3-gabc\n", 53) == 0);
	/* and the one after that, in the other slot */
	say("three\n");
	kept_log_mark_panic(&now);
	say("four\n");
	CHECK(strcmp(body(), "one\ntwo\n") == 0);
	boot();
	CHECK(before.panicked && before.boot == 2 && !before.damaged);
	CHECK(strcmp(body(), "three\nfour\n") == 0);
	CHECK(strstr(shown, "panic"));
	/* a boot that logged nothing is one, too */
	boot();
	CHECK(before.text && before.boot == 3 && *body() == 0);
}

static void newest_text_of_a_full_ring_is_kept(void)
{
	char line[16];

	fresh();
	boot();
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "line %u\n", i);
		say(line);
	}
	boot();
	CHECK(!before.damaged);
	CHECK(strlen(body()) == RING);
	CHECK(strcmp(shown + strlen(shown) - 9, "line 999\n") == 0);
	for (size_t piece = 1; piece < 300; piece += 7)
		CHECK(show(piece) == before.heading_len + RING);
}

static struct kept_log_header *header(unsigned int slot)
{
	return (struct kept_log_header *)(void *)(area + slot * SLOT);
}

static void seal(struct kept_log_header *h)
{
	h->header_sum = kept_log_header_sum(h);
}

static void one_boot(void)
{
	fresh();
	boot();
	say("text\n");
	CHECK(now.header == header(1));
}

static void refused(void)
{
	boot();
	CHECK(!before.text && show(10) == 0);
}

static void wrong_headers_are_refused(void)
{
	for (size_t bit = 0; bit < sizeof(struct kept_log_header) * 8; bit++) {
		one_boot();
		area[SLOT + bit / 8] ^= 1u << bit % 8;
		refused();
	}
	/* also with a right sum */
	one_boot();
	header(1)->version++;
	seal(header(1));
	refused();
	one_boot();
	header(1)->size = RING + 1;
	seal(header(1));
	refused();
	one_boot();
	header(1)->panicked = 2;
	seal(header(1));
	refused();
	one_boot();
	memset(header(1)->release, 'x', sizeof(header(1)->release));
	seal(header(1));
	refused();
}

static void damaged_text_is_shown_as_such(void)
{
	one_boot();
	now.text[2] = '\x1b';
	boot();
	CHECK(before.text && before.damaged);
	CHECK(strcmp(body(), "te?t\n") == 0);
	CHECK(strstr(shown, "damaged"));
	/* beyond what was written, too; and two bytes that changed places */
	one_boot();
	now.text[500] = 'x';
	boot();
	CHECK(before.damaged && strcmp(body(), "text\n") == 0);
	one_boot();
	now.text[0] = 'e';
	now.text[1] = 't';
	boot();
	CHECK(before.damaged);
}

static void odd_numbers_do_no_harm(void)
{
	static const uint64_t odd[] = { 0, 1, RING - 1, RING, RING + 1, 1ull << 32,
					1ull << 63, ~0ull - RING, ~0ull };

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		uint64_t pos = odd[i];

		one_boot();
		header(1)->written = odd[i];
		header(1)->boot = odd[i];
		memset(header(1)->release, 0x1b, 40);
		seal(header(1));
		boot();
		CHECK(before.text);
		CHECK(show(100) == before.heading_len + MIN(odd[i], RING));
		for (const char *p = shown; *p; p++)
			CHECK(*p == '\n' || (*p >= ' ' && *p < 0x7f));
		/* a position that was made up */
		CHECK(kept_log_read(&before, &pos, shown, sizeof(shown)) <=
		      before.heading_len + RING);
	}
}

/* Random bytes over a right slot, sealed or not. */
static void any_bytes_are_borne(void)
{
	srand(5);
	for (unsigned int round = 0; round < 3000; round++) {
		one_boot();
		for (int n = rand() % 200; n > 0; n--)
			area[(unsigned int)rand() % AREA] = (uint8_t)rand();
		if (rand() % 2)
			for (unsigned int i = 0; i < KEPT_LOG_SLOTS; i++)
				seal(header(i));
		boot();
		if (show(1 + (unsigned int)rand() % 500) >
		    sizeof(before.heading) + RING)
			CHECK(!"no more than there is");
	}
	checks++;
}

int main(void)
{
	nothing_is_found_in_fresh_memory();
	log_is_found_again();
	newest_text_of_a_full_ring_is_kept();
	wrong_headers_are_refused();
	damaged_text_is_shown_as_such();
	odd_numbers_do_no_harm();
	any_bytes_are_borne();
	free(area);
	printf("%u checks\n", checks);
	return 0;
}
