/* SPDX-License-Identifier: MIT */
/*
 * A shell in a domain, byte by byte: its input and output as queues, the
 * programs that it starts, and their end. Who types and reads is elsewhere: a
 * program in the guest (dbgsh.c) or the management service (mgmt_session.c).
 * First CPU, exit context.
 */
#ifndef CORE_DOMAIN_TTY_SESSION_H
#define CORE_DOMAIN_TTY_SESSION_H

#include "domain.h"

#define TTY_OUTPUT_SIZE	4096
#define TTY_INPUT_SIZE	256

/* Zeroed before tty_session_start(); private but for what has a comment. */
struct tty_session {
	bool open;
	bool guest;		/* of a program in the guest; set by the owner */
	bool look;		/* tty_session_allows(); set by the owner */
	uint64_t shell;		/* serial; 0: it has ended */
	char out[TTY_OUTPUT_SIZE];
	uint32_t out_head, out_tail;	/* counts; tail - head are waiting */
	char in[TTY_INPUT_SIZE];
	uint32_t in_head, in_tail;
	uint64_t reader;	/* blocked in ttyin, 0 nobody */
	uint64_t writer;	/* blocked in ttyout */
	struct message write;	/* its message */
	uint32_t written;	/* bytes of it done */
	/*
	 * There is output, somebody reads, or the shell has ended; set by the
	 * owner, may be NULL.
	 */
	void (*news)(struct tty_session *s);
};

/* Start the shell: 0, -ENOMEM, or -ENOENT if there is none in this build. */
int tty_session_start(struct tty_session *s);

/* End all that runs in it, and forget everything. */
void tty_session_end(struct tty_session *s);

/*
 * A byte was typed: false if nobody takes it now and it is lost. ^C: whoever
 * reads has it as a byte; one that does not ends, and what was typed for it and
 * what it has said are of no use any more.
 */
bool tty_session_type(struct tty_session *s, char c);

/* Let the program go on that waits for room for its output. */
void tty_session_resume_writer(struct tty_session *s);

static inline bool tty_session_has_output(const struct tty_session *s)
{
	return s->out_head != s->out_tail;
}

/* The next byte of output; there is one. */
static inline unsigned char tty_session_output(struct tty_session *s)
{
	return (unsigned char)s->out[s->out_head++ % TTY_OUTPUT_SIZE];
}

/* Whether a program waits for input. */
bool tty_session_reads(const struct tty_session *s);

/* Whether the shell still runs. */
bool tty_session_runs(const struct tty_session *s);

/* A domain of a session has ended: d is about to be freed. */
void tty_session_left(const struct domain *d);

/* Whether d, in a session or in none, may start the program of that name. */
bool tty_session_allows(const struct domain *d, const char *program);

#endif
