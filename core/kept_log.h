/* SPDX-License-Identifier: MIT */
/*
 * A log that outlives a reset: the end of the VMM block has two slots, each a
 * header and a ring of text. A boot writes one of them and finds in the other
 * what the boot before had to say. The loader leaves both as they are
 * (struct tandem_info, kept_bytes); firmware, another release or a machine
 * that was switched off may have left anything there. No hardware in here, so
 * that it runs on the host too.
 */
#ifndef CORE_KEPT_LOG_H
#define CORE_KEPT_LOG_H

#include <tandem/types.h>

#define KEPT_LOG_SLOTS		2
#define KEPT_LOG_SLOT_SIZE	(PAGE_SIZE + KIB(CONFIG_LOG_RING_KIB))
#define KEPT_LOG_BYTES		(KEPT_LOG_SLOTS * KEPT_LOG_SLOT_SIZE)

#define KEPT_LOG_MAGIC		0x474f4c5044544b31ull
#define KEPT_LOG_VERSION	1

/* At the start of a slot; the text begins one page further. */
struct kept_log_header {
	uint64_t magic;		/* KEPT_LOG_MAGIC */
	uint32_t version;	/* KEPT_LOG_VERSION */
	uint32_t size;		/* of the text's ring, bytes */
	uint64_t boot;		/* counts up from one boot to the next */
	uint64_t panicked;	/* 1: the VMM panicked */
	uint64_t written;	/* bytes ever; the ring has the last ones */
	uint64_t text_sum;	/* of the whole ring, see kept_log_sum() */
	char release[48];	/* NUL-terminated */
	uint64_t header_sum;	/* of all above */
};

/* The slot that this boot writes. */
struct kept_log {
	struct kept_log_header *header;
	char *text;
	uint32_t size;
	uint64_t written, text_sum;	/* ours, whatever becomes of the slot */
};

/* What an earlier boot left. */
struct kept_log_view {
	const char *text;		/* NULL: nothing */
	uint32_t size;
	uint64_t boot, written;
	bool panicked, damaged;		/* damaged: text and sum do not fit */
	char heading[160];
	uint32_t heading_len;
};

/*
 * area: the slots, KEPT_LOG_SLOTS times slot_size bytes that may hold
 * anything. Starts a new log in the slot that is not the newest, and fills in
 * *previous with the newest.
 */
void kept_log_start(struct kept_log *log, struct kept_log_view *previous,
		    void *area, size_t slot_size, const char *release);

void kept_log_append(struct kept_log *log, const char *text, size_t len);
void kept_log_mark_panic(struct kept_log *log);

/* As log_read() of tandem/log.h; what is not text comes as '?'. */
size_t kept_log_read(const struct kept_log_view *view, uint64_t *pos,
		     char *buf, size_t size);

/* What a byte at place i of the ring adds to its sum. */
static inline uint64_t kept_log_sum(uint64_t i, char c)
{
	return (2 * i + 1) * (uint8_t)c;
}

/* What belongs into header_sum. */
uint64_t kept_log_header_sum(const struct kept_log_header *h);

#endif
