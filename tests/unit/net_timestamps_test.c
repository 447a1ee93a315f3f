/* SPDX-License-Identifier: MIT */
/*
 * TCP's timestamps (RFC 7323), to lwIP itself: who had to repeat its SYN learns
 * from the answer which of them it is for, and so how long a round trip is. And
 * who has none of them is served without.
 */
#include "check.h"
#include "net_tcp_host.h"

#include <lwip/priv/tcp_priv.h>
#include <string.h>

#include "../../net/stack/lwip/listen.c"

static unsigned int checks;

static void put32(u8_t *to, u32_t n)
{
	n = lwip_htonl(n);
	memcpy(to, &n, sizeof(n));
}

static u32_t get32(const u8_t *from)
{
	u32_t n;

	memcpy(&n, from, sizeof(n));
	return lwip_ntohl(n);
}

static struct tcp_host_segment stamped(u8_t flags, u32_t value, u32_t echo)
{
	struct tcp_host_segment s = {
		.flags = flags, .window = 1000, .options_len = 12,
		.options = { 1, 1, 8, 10 },
	};

	put32(s.options + 4, value);
	put32(s.options + 8, echo);
	return s;
}

/* The option in what lwIP sent last; NULL: there is none. */
static const u8_t *stamp(void)
{
	const struct tcp_host_segment *s = &tcp_host_last;
	unsigned int i = 0;

	while (i < s->options_len && s->options[i]) {
		if (s->options[i] == 8 && s->options[i + 1] == 10)
			return s->options + i + 2;
		i += s->options[i] == 1 ? 1u : s->options[i + 1];
	}
	return NULL;
}

static err_t accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
	(void)arg, (void)pcb;
	return error;
}

static void the_answer_is_to_the_syn_that_came_last(void)
{
	struct tcp_host_segment syn = stamped(TCP_SYN, 5000, 0), ack;

	syn.seq = 900;
	tcp_host_ms = 100;
	tcp_host_receive(&syn);
	CHECK(tcp_host_sent == 1 && tcp_host_last.flags == (TCP_SYN | TCP_ACK));
	CHECK(stamp() && get32(stamp() + 4) == 5000);
	put32(syn.options + 4, 6000);
	tcp_host_ms = 1100;
	tcp_host_receive(&syn);
	CHECK(tcp_host_sent == 2 && tcp_host_last.flags == (TCP_SYN | TCP_ACK));
	CHECK(stamp() && get32(stamp()) == 1100 && get32(stamp() + 4) == 6000);
	ack = stamped(TCP_ACK, 6001, 1100);
	ack.seq = 901;
	ack.ack = tcp_host_last.seq + 1;
	tcp_host_receive(&ack);
	CHECK(tcp_active_pcbs && tcp_active_pcbs->state == ESTABLISHED);
}

static void all_that_follows_has_one(void)
{
	tcp_host_ms = 1200;
	CHECK(tcp_write(tcp_active_pcbs, "x", 1, TCP_WRITE_FLAG_COPY) ==
	      ERR_OK);
	CHECK(tcp_output(tcp_active_pcbs) == ERR_OK && tcp_host_sent == 3);
	CHECK(stamp() && get32(stamp()) == 1200 && get32(stamp() + 4) == 6001);
	tcp_abort(tcp_active_pcbs);
}

static void who_has_none_gets_none(void)
{
	struct tcp_host_segment syn = { .flags = TCP_SYN, .seq = 900 };
	unsigned int before = tcp_host_sent;

	tcp_host_receive(&syn);
	CHECK(tcp_host_sent == before + 1 &&
	      tcp_host_last.flags == (TCP_SYN | TCP_ACK));
	CHECK(!stamp());
}

/*
 * lwIP asserts that the window of who asks for scaling is the one that it gives
 * to all, which that of a listener with a small one is not after its first SYN.
 */
static void scaling_comes_with_the_first_syn_or_never(const void *listener)
{
	struct tcp_host_segment syn = { .flags = TCP_SYN, .seq = 900 };
	unsigned int before = tcp_host_sent;

	while (tcp_active_pcbs)
		tcp_abandon(tcp_active_pcbs, 0);
	stack_tcp_windows(listener, 2920);
	tcp_host_receive(&syn);
	CHECK(tcp_host_sent == before + 1);
	CHECK(tcp_active_pcbs && tcp_active_pcbs->rcv_wnd == 2920);
	syn.options_len = 4;
	memcpy(syn.options, "\1\3\3\7", 4);
	tcp_host_receive(&syn);
	CHECK(!(tcp_active_pcbs->flags & TF_WND_SCALE));
	CHECK(tcp_active_pcbs->rcv_wnd == 2920);
	stack_tcp_windows(listener, 0);
}

int main(void)
{
	struct tcp_pcb *p;

	tcp_host_start();
	p = tcp_new();
	CHECK(tcp_bind(p, IP4_ADDR_ANY, 7) == ERR_OK);
	p = tcp_listen(p);
	CHECK(p);
	tcp_accept(p, accept);
	the_answer_is_to_the_syn_that_came_last();
	all_that_follows_has_one();
	who_has_none_gets_none();
	scaling_comes_with_the_first_syn_or_never(p);
	printf("%u checks\n", checks);
	return 0;
}
