/* SPDX-License-Identifier: MIT */
/* echoctl's commands, parsed. Tested on the host. */
#ifndef ECHOCTL_H
#define ECHOCTL_H

#include <services/echo.h>
#include <stdint.h>

enum echoctl_action {
	ECHOCTL_NOTHING,	/* no words */
	ECHOCTL_WRONG,		/* expected says what would be right */
	ECHOCTL_HELP,
	ECHOCTL_EXIT,
	ECHOCTL_STATUS,
	ECHOCTL_STATUS_JSON,
	ECHOCTL_SERVER_START,
	ECHOCTL_SERVER_STOP,
	ECHOCTL_CLIENT_CONNECT,
	ECHOCTL_CLIENT_SEND_BYTES,
	ECHOCTL_CLIENT_SEND_TEXT,
	ECHOCTL_CLIENT_CLOSE,
};

struct echoctl_command {
	enum echoctl_action action;
	const char *expected;		/* ECHOCTL_WRONG */
	uint32_t address;		/* 0: of that name */
	const char *name;
	uint16_t port;
	enum echo_protocol protocol;	/* ECHO_ALL: SERVER_STOP alone */
	uint32_t datagram;		/* CLIENT_CONNECT by UDP: bytes */
	uint64_t bytes;			/* ECHOCTL_CLIENT_SEND_BYTES */
	int text;			/* SEND_TEXT: first word of the text */
};

/* What `client send` without an argument sends. */
#define ECHOCTL_DEFAULT_BYTES	64
#define ECHOCTL_BYTES_MAX	(1ull << 40)

/* status.c: shows them as lines of text, or as one JSON object. */
void echoctl_text(const struct echo_servers *servers,
		  const struct echo_client_state *client);
void echoctl_json(const struct echo_servers *servers,
		  const struct echo_client_state *client);

/* An IPv4 address, first number in the highest byte, as text; returns text. */
const char *echoctl_address(uint32_t address, char text[16]);

/* argv[0..argc) are the words of one command. */
struct echoctl_command echoctl_parse(int argc, char *const *argv);

#endif
