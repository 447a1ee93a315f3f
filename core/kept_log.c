/* SPDX-License-Identifier: MIT */
/*
 * The log that outlives a reset, see kept_log.h. A header that was found is
 * copied once and judged by the copy; its size must be the one of this build,
 * so no length from outside is ever used. A text that does not fit its sum is
 * shown all the same: after a crash half of it is better than nothing.
 */
#include "kept_log.h"

#include <stdio.h>
#include <string.h>

#define TEXT_OFFSET	PAGE_SIZE

_Static_assert(sizeof(struct kept_log_header) <= TEXT_OFFSET, "fits its page");
_Static_assert(sizeof(struct kept_log_header) ==
	       offsetof(struct kept_log_header, header_sum) + 8, "no padding");

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv */
uint64_t kept_log_header_sum(const struct kept_log_header *h)
{
	const uint8_t *p = (const uint8_t *)h;
	uint64_t sum = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < offsetof(struct kept_log_header, header_sum);
	     i++)
		sum = (sum ^ p[i]) * 0x100000001b3ull;
	return sum;
}

static bool is_text(char c)
{
	return c == '\n' || (c >= ' ' && c < 0x7f);
}

/* ---- what was left ---- */

static bool header_fits(const struct kept_log_header *h, size_t slot_size)
{
	return h->magic == KEPT_LOG_MAGIC && h->version == KEPT_LOG_VERSION &&
	       h->size == slot_size - TEXT_OFFSET && h->panicked <= 1 &&
	       memchr(h->release, 0, sizeof(h->release)) &&
	       h->header_sum == kept_log_header_sum(h);
}

static void make_heading(struct kept_log_view *v, const char *release)
{
	int n = snprintf(v->heading, sizeof(v->heading),
			 "log of the boot before, number %lu, Tandem %s%s%s\n",
			 (unsigned long)v->boot, release,
			 v->panicked ? ", which ended in a panic" : "",
			 v->damaged ? "; parts of it are damaged" : "");

	v->heading_len = (uint32_t)MIN(n, (int)sizeof(v->heading) - 1);
	for (uint32_t i = 0; i < v->heading_len; i++)
		if (!is_text(v->heading[i]))
			v->heading[i] = '?';
}

static void view_slot(struct kept_log_view *v, const void *slot,
		      size_t slot_size)
{
	struct kept_log_header h;
	uint64_t sum = 0;

	memset(v, 0, sizeof(*v));
	memcpy(&h, slot, sizeof(h));
	if (!header_fits(&h, slot_size))
		return;
	v->text = (const char *)slot + TEXT_OFFSET;
	v->size = (uint32_t)(slot_size - TEXT_OFFSET);
	v->boot = h.boot;
	v->written = h.written;
	v->panicked = h.panicked;
	for (uint32_t i = 0; i < v->size; i++)
		sum += kept_log_sum(i, v->text[i]);
	v->damaged = sum != h.text_sum;
	make_heading(v, h.release);
}

size_t kept_log_read(const struct kept_log_view *v, uint64_t *pos, char *buf,
		     size_t size)
{
	/* positions: first the heading, then what the ring still has */
	uint64_t len = MIN(v->written, v->size);
	uint64_t first = v->written - len;
	size_t n = 0;

	if (!v->text)
		return 0;
	for (; n < size && *pos < v->heading_len; n++)
		buf[n] = v->heading[(*pos)++];
	for (; n < size && *pos - v->heading_len < len; n++, (*pos)++) {
		uint64_t at = first + (*pos - v->heading_len);
		char c = v->text[at % v->size];

		buf[n] = is_text(c) ? c : '?';
	}
	return n;
}

/* ---- what is written ---- */

static void seal_header(struct kept_log *log)
{
	log->header->written = log->written;
	log->header->text_sum = log->text_sum;
	log->header->header_sum = kept_log_header_sum(log->header);
}

void kept_log_start(struct kept_log *log, struct kept_log_view *previous,
		    void *area, size_t slot_size, const char *release)
{
	uint8_t *slot[KEPT_LOG_SLOTS] = { area, (uint8_t *)area + slot_size };
	struct kept_log_view second;
	unsigned int mine = 1;

	view_slot(previous, slot[0], slot_size);
	view_slot(&second, slot[1], slot_size);
	if (second.text && (!previous->text ||
			    (int64_t)(second.boot - previous->boot) > 0)) {
		*previous = second;
		mine = 0;
	}
	memset(slot[mine], 0, slot_size);
	*log = (struct kept_log){
		.header = (struct kept_log_header *)slot[mine],
		.text = (char *)slot[mine] + TEXT_OFFSET,
		.size = (uint32_t)(slot_size - TEXT_OFFSET),
	};
	log->header->magic = KEPT_LOG_MAGIC;
	log->header->version = KEPT_LOG_VERSION;
	log->header->size = log->size;
	log->header->boot = previous->boot + 1;
	snprintf(log->header->release, sizeof(log->header->release), "%s",
		 release);
	seal_header(log);
}

void kept_log_append(struct kept_log *log, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint32_t at = (uint32_t)((log->written + i) % log->size);

		log->text_sum += kept_log_sum(at, text[i]) -
				 kept_log_sum(at, log->text[at]);
		log->text[at] = text[i];
	}
	log->written += len;
	seal_header(log);
}

void kept_log_mark_panic(struct kept_log *log)
{
	log->header->panicked = 1;
	seal_header(log);
}
