/* SPDX-License-Identifier: MIT */
/*
 * The echo client over UDP: sends one datagram after the other, each when the
 * one before has come back or has not for a second. What comes back is told
 * apart by its content: the pattern goes on from datagram to datagram.
 */
#include "echo.h"

#include <domain/syscall.h>
#include <errno.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <services/netd.h>
#include <stdbool.h>

#define TIMEOUT_MS	1000
/* lost in a row, it gives up: the other side is not there */
#define LOST_MAX	5
/* so many of the lost are known again when they come after all */
#define LATE_MAX	8

struct datagram {
	uint64_t offset;	/* in the bytes sent */
	size_t len;		/* 0: none */
};

static struct {
	struct udp_pcb *pcb;
	struct echo_client_state state;
	size_t size;			/* of a datagram, at most */
	struct datagram out;		/* waited for; len 0: none */
	struct datagram lost[LATE_MAX];
	unsigned int lost_in_a_row;
	uint64_t started_at;
	size_t pattern_len;
	uint8_t pattern[ECHO_PATTERN_MAX];
} client;

static uint8_t pattern_at(uint64_t offset)
{
	return client.pattern[offset % client.pattern_len];
}

static bool is_datagram(const struct pbuf *p, const struct datagram *d)
{
	uint64_t at = d->offset;
	const struct pbuf *q;
	u16_t i;

	if (d->len == 0 || p->tot_len != d->len)
		return false;
	for (q = p; q; q = q->next)
		for (i = 0; i < q->len; i++)
			if (((const uint8_t *)q->payload)[i] != pattern_at(at++))
				return false;
	return true;
}

static void send_next(void);

static void finish(int error)
{
	client.state.microseconds = sys_time() - client.started_at;
	client.state.busy = 0;
	client.state.error = error;
}

static void on_timeout(void *arg)
{
	struct echo_client_state *s = &client.state;

	(void)arg;
	client.lost[s->lost++ % LATE_MAX] = client.out;
	client.out.len = 0;
	if (++client.lost_in_a_row >= LOST_MAX)
		finish(-ETIMEDOUT);
	else
		send_next();
}

/* What cannot be sent counts as lost, after its second. */
static void send_next(void)
{
	struct echo_client_state *s = &client.state;
	size_t i, len = client.size;
	struct pbuf *p;

	if (s->sent == s->total) {
		finish(0);
		return;
	}
	if (len > s->total - s->sent)
		len = (size_t)(s->total - s->sent);
	p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM);
	if (p) {
		for (i = 0; i < len; i++)
			((uint8_t *)p->payload)[i] = pattern_at(s->sent + i);
		udp_send(client.pcb, p);
		pbuf_free(p);
	}
	client.out = (struct datagram){ s->sent, len };
	s->sent += len;
	s->datagrams++;
	sys_timeout(TIMEOUT_MS, on_timeout, NULL);
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
			const ip_addr_t *from, u16_t port)
{
	struct echo_client_state *s = &client.state;
	struct datagram *d = NULL;
	unsigned int i;

	(void)arg, (void)pcb, (void)from, (void)port;
	for (i = 0; client.pattern_len && i < LATE_MAX && !d; i++)
		if (is_datagram(p, &client.lost[i]))
			d = &client.lost[i];
	if (client.pattern_len && is_datagram(p, &client.out)) {
		sys_untimeout(on_timeout, NULL);
		s->returned++;
		s->received += client.out.len;
		client.out.len = 0;
		client.lost_in_a_row = 0;
		send_next();
	} else if (d) {
		s->late++;
		d->len = 0;
	} else {
		s->wrong++;
	}
	pbuf_free(p);
}

int echo_udp_client_connect(uint32_t address, uint16_t port, uint32_t size)
{
	ip_addr_t ip = IPADDR4_INIT(lwip_htonl(address));
	err_t error;

	if (client.pcb)
		return -EBUSY;
	if (address == 0 || port == 0 || size == 0 || size > ECHO_DATAGRAM_MAX)
		return -EINVAL;
	client.pcb = udp_new();
	if (!client.pcb)
		return -ENOMEM;
	error = udp_connect(client.pcb, &ip, port);
	if (error != ERR_OK) {
		udp_remove(client.pcb);
		client.pcb = NULL;
		return netd_error(error);
	}
	udp_recv(client.pcb, on_datagram, NULL);
	memset(&client.state, 0, sizeof(client.state));
	client.state.phase = ECHO_CLIENT_CONNECTED;
	client.state.protocol = ECHO_UDP;
	client.state.address = address;
	client.state.port = port;
	client.size = size;
	client.pattern_len = 0;
	return 0;
}

int echo_udp_client_send(uint64_t total, const void *pattern, size_t len)
{
	struct echo_client_state *s = &client.state;

	if (!client.pcb)
		return -ENOTCONN;
	if (total == 0 || len == 0 || len > ECHO_PATTERN_MAX)
		return -EINVAL;
	if (s->busy)
		return -EBUSY;
	memcpy(client.pattern, pattern, len);
	client.pattern_len = len;
	memset(client.lost, 0, sizeof(client.lost));
	client.lost_in_a_row = 0;
	s->total = total;
	s->sent = s->received = s->wrong = s->microseconds = 0;
	s->datagrams = s->returned = s->lost = s->late = 0;
	s->error = 0;
	s->busy = 1;
	client.started_at = sys_time();
	send_next();
	return 0;
}

int echo_udp_client_close(void)
{
	if (!client.pcb)
		return -ENOTCONN;
	sys_untimeout(on_timeout, NULL);
	udp_remove(client.pcb);
	client.pcb = NULL;
	client.out.len = 0;
	client.state.busy = 0;
	client.state.phase = ECHO_CLIENT_CLOSED;
	client.state.error = 0;
	return 0;
}

void echo_udp_client_state(struct echo_client_state *state)
{
	*state = client.state;
}
