/* SPDX-License-Identifier: MIT */
/*
 * A connection to a syslog server by TLS (RFC 5425), made anew when it breaks.
 * All in netd's one thread, none of it waits.
 */
#ifndef SYSLOG_STREAM_H
#define SYSLOG_STREAM_H

#include <services/netd.h>
#include <services/syslog.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a message stands for, given back when its fate is known. */
struct stream_token {
	uint64_t behind;	/* position in the log */
	uint64_t loss;		/* bytes of it that the message tells of */
};

struct stream_owner {
	/* The server's TCP has it: in order, each once. */
	void (*arrived)(const struct stream_token *t);
	/* The connection broke before: in order, too. */
	void (*returned)(const struct stream_token *t);
};

/* As trust_start(). status: its fields about TLS are kept up here. */
int stream_start(const struct netd_syslog *s, const struct stream_owner *owner,
		 struct syslog_status *status);

/*
 * Some times a second: keeps a connection to the server at that address, as
 * text. May a message be sent now?
 */
bool stream_turn(const char *address);

/* Sends len bytes as one message. False: not now, or the connection broke. */
bool stream_send(const char *message, size_t len,
		 const struct stream_token *token);

#endif
