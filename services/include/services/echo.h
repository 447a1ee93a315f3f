/* SPDX-License-Identifier: MIT */
/*
 * The message interface of the echo service: netd's handler "echo" takes
 * MSG_BUF with one of these operations as the value. A result below 0 is a
 * negative errno. Nothing here waits for the network: a client's progress is
 * asked for by ECHO_CLIENT_STATE.
 */
#ifndef SERVICES_ECHO_H
#define SERVICES_ECHO_H

#include <stdint.h>

#define ECHO_HANDLER		"echo"

enum echo_operation {
	/*
	 * bufs[0] struct echo_request (protocol, port). 0, -EEXIST: runs
	 * already, -EBUSY: the port is taken, -ENOMEM; with ECHO_TLS also
	 * -ENODEV: nothing to make a key of, -ENOSYS: not in this build.
	 */
	ECHO_SERVER_START,
	/*
	 * bufs[0] struct echo_request (protocol; ECHO_ALL: what runs). Ends
	 * the server and its connections. 0, -ENOENT: does not run.
	 */
	ECHO_SERVER_STOP,
	/*
	 * bufs[0] struct echo_request (protocol, address, port; with ECHO_UDP,
	 * which is connected at once, datagram). 0: begun; -EBUSY: there
	 * is a connection, -EINVAL, -ENOMEM, -ENETUNREACH.
	 */
	ECHO_CLIENT_CONNECT,
	/*
	 * bufs[0] struct echo_request (total), bufs[1] pattern, 1 to
	 * ECHO_PATTERN_MAX bytes: send total bytes that repeat the pattern and
	 * compare what comes back. 0: begun; -ENOTCONN, -EBUSY: the last one
	 * is not complete.
	 */
	ECHO_CLIENT_SEND,
	/* 0, -ENOTCONN */
	ECHO_CLIENT_CLOSE,
	/* bufs[0] writable struct echo_client_state. 0. */
	ECHO_CLIENT_STATE,
	/* bufs[0] writable struct echo_servers. 0. */
	ECHO_SERVERS,
	ECHO_OPERATIONS
};

#define ECHO_PATTERN_MAX	1024

/* ECHO_TLS: servers only. */
enum echo_protocol { ECHO_TCP, ECHO_UDP, ECHO_TLS, ECHO_ALL };

/* Bytes in a datagram: what fits a frame, and what lwIP puts together. */
#define ECHO_DATAGRAM		1472u
#define ECHO_DATAGRAM_MAX	32768u

struct echo_request {
	uint32_t address;	/* IPv4, first number in the highest byte */
	uint16_t port;
	uint16_t protocol;	/* enum echo_protocol */
	uint32_t datagram;	/* bytes of one at most, to ECHO_DATAGRAM_MAX */
	uint32_t pad;
	uint64_t total;		/* bytes */
};

/* A server and what it has done so far; of datagrams: echoed and not. */
struct echo_server_state {
	uint16_t port;		/* 0: stopped */
	uint16_t pad;
	uint32_t open;		/* connections; TCP, as the next ones */
	uint64_t accepted, refused, reset;
	uint64_t evicted;	/* half-open, for a newer one */
	uint64_t no_memory;	/* segments that had to wait for some */
	uint64_t windows;	/* bytes, of all connections */
	uint32_t limit;		/* of open */
	uint32_t pad2;
	uint64_t datagrams, loops, unsent;	/* UDP */
	uint64_t bytes;		/* echoed */
	/* TLS; open has those in their handshake, too */
	uint64_t handshakes;	/* done */
	uint64_t failed;	/* ended before they were */
};

struct echo_servers {
	struct echo_server_state tcp, udp, tls;
};

enum echo_client_phase {
	ECHO_CLIENT_CLOSED,	/* error tells why, 0: never opened or closed */
	ECHO_CLIENT_CONNECTING,
	ECHO_CLIENT_CONNECTED,
};

struct echo_client_state {
	uint32_t phase;		/* enum echo_client_phase */
	int32_t error;		/* negative errno */
	uint32_t address;
	uint16_t port, protocol;
	/* of the last ECHO_CLIENT_SEND */
	uint64_t total, sent, received;
	uint64_t wrong;		/* bytes that came back changed ... */
	uint64_t wrong_at;	/* ... the first one at this offset */
	uint64_t microseconds;	/* until the last byte came */
	/* UDP; wrong counts datagrams there, of unknown content */
	uint64_t datagrams;	/* sent: returned, lost, or waited for */
	uint64_t returned;
	uint64_t lost;		/* did not come within a second ... */
	uint64_t late;		/* ... and of these came after all */
	uint32_t busy;		/* not all of it is sent and waited for */
	uint32_t pad;
};

#endif
