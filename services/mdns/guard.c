/* SPDX-License-Identifier: MIT */
/*
 * Multicast DNS messages (RFC 6762, section 18; RFC 1035, section 4), looked
 * through before lwIP reads them. Names may point backwards only, as every
 * sender of names does: so none is endless.
 */
#include "guard.h"

#define HEADER		12u
#define RESPONSE	0x8000u		/* of the flags */
#define OPCODE		0x7800u
#define RCODE		0x000fu
#define LABEL_POINTER	0xc0u
#define NAME_MAX	255u
#define QUESTION	4u		/* type, class */
#define RECORD		10u		/* ... TTL, length */

struct message {
	const uint8_t *bytes;
	size_t len;
};

static unsigned int get16(const struct message *m, size_t at)
{
	return (unsigned int)(m->bytes[at] << 8 | m->bytes[at + 1]);
}

/* Behind the name at at; 0: it is none. */
static size_t pass_name(const struct message *m, size_t at)
{
	size_t behind = 0, limit = at, length = 0;

	for (;;) {
		unsigned int label;

		if (at >= m->len)
			return 0;
		label = m->bytes[at];
		if ((label & LABEL_POINTER) == LABEL_POINTER) {
			size_t to;

			if (m->len - at < 2)
				return 0;
			to = get16(m, at) & 0x3fff;
			if (!behind)
				behind = at + 2;
			if (to < HEADER || to >= limit)
				return 0;
			at = limit = to;
			continue;
		}
		length += label + 1;
		if (label & LABEL_POINTER || length > NAME_MAX)
			return 0;
		if (!label)
			return behind ? behind : at + 1;
		if (label >= m->len - at)
			return 0;
		at += label + 1;
	}
}

/* Behind the question or record at at; 0: it is cut. */
static size_t pass_one(const struct message *m, size_t at, bool question)
{
	size_t fixed = question ? QUESTION : RECORD, data;

	at = pass_name(m, at);
	if (!at || m->len - at < fixed)
		return 0;
	at += fixed;
	if (question)
		return at;
	data = get16(m, at - 2);
	return data <= m->len - at ? at + data : 0;
}

enum guard_verdict guard_look(const uint8_t *message, size_t len, bool legacy)
{
	const struct message m = { message, len };
	unsigned int flags, questions, all = 0;
	size_t at = HEADER;

	if (len < HEADER || len > GUARD_MESSAGE_MAX)
		return GUARD_MALFORMED;
	flags = get16(&m, 2);
	questions = get16(&m, 4);
	for (size_t i = 4; i < HEADER; i += 2)
		all += get16(&m, i);
	if (flags & (OPCODE | RCODE))
		return GUARD_IGNORE;
	if (legacy && (flags & RESPONSE || questions != 1))
		return GUARD_IGNORE;
	if (all > GUARD_RECORDS_MAX)
		return GUARD_IGNORE;
	for (unsigned int i = 0; i < all; i++) {
		at = pass_one(&m, at, i < questions);
		if (!at)
			return GUARD_MALFORMED;
	}
	return at == len ? GUARD_PASS : GUARD_MALFORMED;
}
