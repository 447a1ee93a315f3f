/* SPDX-License-Identifier: MIT */
/*
 * What lwIP leaves open where connections begin, and when a window stays shut.
 *
 * It advertises one window for all of them before a service hears of one; a
 * service with many has it begin smaller here, when lwIP asks how long the
 * options of its first segment are.
 *
 * A listener whose half-open connections are all taken is deaf for the 20 s that
 * lwIP gives each, as who forges SYNs wants it. So one that is 5 s old makes
 * room for the next SYN: who is real has answered by then, if not at first
 * then when lwIP asked again after 3 s; and who comes while they are all younger
 * asks again.
 *
 * Who has shut its window gets a probe with one byte. If that was the last one,
 * and is acknowledged with the window still shut, lwIP goes on probing without
 * anything to send, which its next timer finds impossible: so that is ended here.
 */
#include <lwip/priv/tcp_priv.h>
#include <lwip_hooks.h>

#define OLD_TICKS	10	/* of lwIP's slow timer, 0.5 s each */

static struct {
	const void *listener;		/* NULL: free */
	tcpwnd_size_t window;
} small[STACK_SMALL_LISTENERS];
static u64_t evicted;
static const struct tcp_pcb_listen *full;	/* had no room ... */
static u32_t full_until;		/* ... and will not until these ticks */
static u8_t shut_has_come;		/* a segment to one that probes */

void stack_tcp_windows(const void *listener, u32_t window)
{
	const void *was = window ? NULL : listener;
	unsigned int i;

	for (i = 0; i < STACK_SMALL_LISTENERS; i++) {
		if (small[i].listener != was)
			continue;
		small[i].listener = window ? listener : NULL;
		small[i].window = window;
		return;
	}
}

u64_t stack_tcp_half_open_evicted(void)
{
	return evicted;
}

/* New ones are put in front of the list, so the last is the oldest. */
static void evict_oldest(const struct tcp_pcb_listen *l)
{
	struct tcp_pcb *p, *oldest = NULL;

	for (p = tcp_active_pcbs; p; p = p->next)
		if (p->state == SYN_RCVD && p->listener == l)
			oldest = p;
	if (!oldest)
		return;
	if (tcp_ticks - oldest->tmr < OLD_TICKS) {
		full = l;
		full_until = oldest->tmr + OLD_TICKS;
		return;
	}
	evicted++;
	tcp_abandon(oldest, 0);
}

/* It may be closed by now, so it is looked for. */
u8_t stack_tcp_full(u16_t port)
{
	const struct tcp_pcb_listen *l;

	if (!full || !TCP_SEQ_LT(tcp_ticks, full_until))
		return 0;
	for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next)
		if (l == full)
			return l->local_port == port &&
			       l->accepts_pending >= l->backlog;
	return 0;
}

/* RFC 7323, 2.2, among the options as lwIP walks through them. */
static u8_t asks_for_scaling(const u8_t *option, u16_t len)
{
	u16_t i = 0;

	while (i < len && option[i] != LWIP_TCP_OPT_EOL) {
		if (option[i] == LWIP_TCP_OPT_WS)
			return 1;
		if (option[i] == LWIP_TCP_OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || option[i + 1] < 2)
			return 0;
		i = (u16_t)(i + option[i + 1]);
	}
	return 0;
}

/* A segment for pcb; for a listener, too. */
err_t stack_tcp_input(struct tcp_pcb *pcb, const struct tcp_hdr *hdr,
		      u16_t options, const u8_t *more)
{
	const struct tcp_pcb_listen *l = (const void *)pcb;

	if (pcb->state == LISTEN && l->accepts_pending >= l->backlog)
		evict_oldest(l);
	/*
	 * A SYN that asks for window scaling after one that did not is nobody's
	 * who means it; lwIP would agree if the window were still its own, and
	 * asserts that it is.
	 */
	if (pcb->state == SYN_RCVD && TCPH_FLAGS(hdr) & TCP_SYN &&
	    !(pcb->flags & TF_WND_SCALE) &&
	    (more || asks_for_scaling((const u8_t *)(hdr + 1), options)))
		return ERR_VAL;
	if (pcb->state != LISTEN && pcb->persist_backoff)
		shut_has_come = 1;
	return ERR_OK;
}

void stack_tcp_end_probes(void)
{
	struct tcp_pcb *p;

	if (!shut_has_come)
		return;
	shut_has_come = 0;
	for (p = tcp_active_pcbs; p; p = p->next)
		if (!p->unsent)
			p->persist_backoff = 0;
}

/* The length of what lwIP has, as it is. pcb: NULL for a reset of no connection. */
u8_t stack_tcp_options(const struct tcp_pcb *pcb, u8_t length)
{
	struct tcp_pcb *p = LWIP_CONST_CAST(struct tcp_pcb *, pcb);
	unsigned int i;

	if (!pcb || pcb->state != SYN_RCVD || !pcb->listener)
		return length;
	for (i = 0; i < STACK_SMALL_LISTENERS; i++)
		if ((const void *)pcb->listener == small[i].listener)
			p->rcv_wnd = p->rcv_ann_wnd = small[i].window;
	return length;
}
