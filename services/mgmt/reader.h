/* SPDX-License-Identifier: MIT */
/*
 * Reads one HTTP request (RFC 9112) from bytes as they come, strictly: what two
 * readers could understand in two ways is refused. No memory of its own, no
 * lwIP: the tests and the fuzzer run it on the host.
 */
#ifndef MGMT_READER_H
#define MGMT_READER_H

#include "http.h"

/* A request while it arrives, and as it is afterwards. */
struct mgmt_reader {
	struct mgmt_request request;	/* points into what follows */
	bool keep_alive;		/* the client wants to go on after it */
	bool old;			/* HTTP/1.0 */
	/* private */
	bool have_head;
	size_t head_len, body_want, body_len;
	char head[MGMT_HEAD_MAX + 1];
	uint8_t body[MGMT_BODY_MAX + 1];
};

#define MGMT_READER_MORE	0	/* not whole yet */
#define MGMT_READER_DONE	1	/* request is complete */

/* Nothing has been read. */
void mgmt_reader_init(struct mgmt_reader *r);

/*
 * Takes up to len bytes, and says in *used how many. MGMT_READER_MORE,
 * MGMT_READER_DONE, or the status (400 ...) to refuse it with; after these two
 * nothing more may be given. A refused request has its method and path if they
 * were found, and no other field.
 */
int mgmt_reader_feed(struct mgmt_reader *r, const void *data, size_t len,
		     size_t *used);

#endif
