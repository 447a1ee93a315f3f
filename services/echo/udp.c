/* SPDX-License-Identifier: MIT */
/*
 * The echo server (RFC 862, UDP): each datagram goes back to where it says that
 * it comes from. The sender may be forged, so there are some it does not
 * answer: ports whose service answers anything, its own among them, would
 * send it back for ever (RFC 862 is older than that attack; CERT CA-1996-01).
 * What was sent to a group would make many answer one; lwIP keeps it from who
 * has not asked for it (SOF_BROADCAST).
 */
#include "echo.h"

#include <domain/log.h>
#include <errno.h>
#include <lwip/udp.h>
#include <services/netd.h>
#include <stdbool.h>

/* echo, daytime, quote of the day, chargen, time */
static const uint16_t answer_anything[] = { 7, 13, 17, 19, 37 };

static struct udp_pcb *server;

static struct {
	uint64_t echoed, bytes;
	uint64_t loops, unsent;		/* not echoed */
} count;

static bool would_loop(uint16_t port)
{
	unsigned int i;

	if (port == 0 || port == server->local_port)
		return true;
	for (i = 0; i < LWIP_ARRAYSIZE(answer_anything); i++)
		if (port == answer_anything[i])
			return true;
	return false;
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
			const ip_addr_t *from, u16_t port)
{
	u16_t len = p->tot_len;		/* p grows by headers as it is sent */

	(void)arg;
	if (would_loop(port)) {
		count.loops++;
	} else if (udp_sendto(pcb, p, from, port) == ERR_OK) {
		count.echoed++;
		count.bytes += len;
	} else {
		count.unsent++;
	}
	pbuf_free(p);
}

int echo_udp_start(uint16_t port)
{
	struct udp_pcb *pcb;
	err_t error;

	if (port == 0)
		return -EINVAL;
	if (server)
		return -EEXIST;
	pcb = udp_new();
	if (!pcb)
		return -ENOMEM;
	error = udp_bind(pcb, IP_ANY_TYPE, port);
	if (error != ERR_OK) {
		udp_remove(pcb);
		return netd_error(error);
	}
	server = pcb;
	udp_recv(pcb, on_datagram, NULL);
	domain_log(LOG_INFO, "echo server on UDP port %u", port);
	return 0;
}

int echo_udp_stop(void)
{
	if (!server)
		return -ENOENT;
	udp_remove(server);
	server = NULL;
	domain_log(LOG_INFO, "echo server on UDP stopped");
	return 0;
}

void echo_udp_state(struct echo_server_state *s)
{
	s->port = server ? server->local_port : 0;
	s->datagrams = count.echoed;
	s->loops = count.loops;
	s->unsent = count.unsent;
	s->bytes = count.bytes;
}
