/* SPDX-License-Identifier: MIT */
/*
 * Once a second: is the NIC alive, does it still send, is the link what we
 * think? A NIC that stopped is reset and programmed anew, the frames it held
 * are ended. One that reads as all ones is gone: the link is reported down,
 * and it is looked for again later (a bridge may come back from sleep).
 * And the end: no DMA after the machine was reset or the VMM panicked; and the
 * new start after sleep.
 */
#include "bnx.h"

#include <errno.h>
#define LOG_PREFIX "bnx: "
#include <tandem/init.h>
#include <tandem/log.h>

#define PERIOD_US		1000000u
#define TX_STUCK_PERIODS	2
#define STATUS_STUCK_PERIODS	3
#define RESTART_PAUSE_MAX	30	/* periods between vain attempts */
#define ALL_ONES		0xffffffffu

struct bnx *bnx_list;

static void report_link_down(struct bnx *nic)
{
	struct net_port *p = &nic->port;

	if (!p->link)
		return;
	p->link = false;
	p->speed = 0;
	net_link_changed(p);
}

static void restart(struct bnx *nic, const char *why)
{
	int r;

	nic->count.resets++;
	if (why)
		log_warn("%s: the NIC is reset", why);
	bnx_stop(nic);
	r = bnx_reset(nic);
	/* reset or gone: nothing is fetched from the frames' memory now */
	bnx_tx_drop_all(nic);
	if (!r)
		r = bnx_bring_up(nic);
	nic->tx_stuck = nic->status_stuck = 0;
	nic->status_asked = nic->reset_wanted = false;
	if (r) {
		nic->restart_pause = nic->gone ? RESTART_PAUSE_MAX : 5;
		report_link_down(nic);
	} else {
		bnx_enable(nic);
		bnx_link_update(nic);
	}
	bnx_expect_late_message(nic, BNX_LATE_MESSAGE_US);
	bnx_tx_resume(nic);
}

/* Whether frames wait in the send ring and none was sent for long. */
static bool tx_stuck(struct bnx *nic)
{
	struct bnx_tx *tx = &nic->tx;
	bool waiting;

	spin_lock(&tx->lock);
	waiting = tx->consumer != tx->posted &&
		  tx->consumer == nic->watched_consumer;
	nic->watched_consumer = tx->consumer;
	spin_unlock(&tx->lock);
	nic->tx_stuck = waiting ? nic->tx_stuck + 1 : 0;
	return nic->tx_stuck >= TX_STUCK_PERIODS;
}

/*
 * An idle NIC is asked for a status block, without an interrupt. If its tag
 * does not change until the next look, again and again, it hangs.
 */
static bool status_stuck(struct bnx *nic)
{
	uint32_t tag = nic->status->tag;

	if (tag != nic->watched_tag)
		nic->status_stuck = 0;
	else if (nic->status_asked)
		nic->status_stuck++;
	nic->watched_tag = tag;
	nic->status_asked = nic->status_stuck || tag == nic->tag;
	if (nic->status_asked)
		bnx_write(nic, HOST_COALESCING_MODE, BNX_COALESCING_MODE |
			  HC_MODE_QUIET_COALESCE_NOW | HC_MODE_COALESCE_NOW);
	return nic->status_stuck >= STATUS_STUCK_PERIODS;
}

static void check_link(struct bnx *nic)
{
	uint16_t bmsr;

	/* latched: one read tells of a loss since the last */
	if (!bnx_phy_read(nic, MII_BMSR, &bmsr) &&
	    !!(bmsr & BMSR_LINK) != nic->port.link)
		bnx_link_update(nic);
}

static void check_running(struct bnx *nic)
{
	if (bnx_read(nic, MISC_HOST_CONTROL) == ALL_ONES) {
		log_error("the device does not answer: link reported down");
		bnx_stop(nic);
		nic->gone = true;
		nic->restart_pause = 1;
		bnx_tx_drop_all(nic);
		report_link_down(nic);
		bnx_tx_resume(nic);
	} else if (nic->reset_wanted) {
		restart(nic, "wrong index or hardware error");
	} else if (tx_stuck(nic)) {
		/* without a link it is no wonder */
		restart(nic, nic->port.link ? "transmitter stuck" : NULL);
	} else if (status_stuck(nic)) {
		restart(nic, "no status block arrives");
	} else {
		check_link(nic);
	}
}

static void watchdog(struct timer *t)
{
	struct bnx *nic = container_of(t, struct bnx, watchdog);

	/* another CPU polls: then the NIC is alive */
	if (spin_trylock(&nic->poll_lock)) {
		if (nic->running)
			check_running(nic);
		else if (nic->restart_pause)
			nic->restart_pause--;
		else
			restart(nic, NULL);
		bnx_poll_end(nic);
	}
	timer_arm(t, time_us() + PERIOD_US);
}

void bnx_watchdog_start(struct bnx *nic)
{
	nic->next = bnx_list;
	bnx_list = nic;
	nic->watchdog.fn = watchdog;
	timer_arm(&nic->watchdog, time_us() + PERIOD_US);
}

static void quiesce(void)
{
	for (struct bnx *nic = bnx_list; nic; nic = nic->next)
		if (!nic->gone)
			bnx_silence(nic);
}
QUIESCE_HOOK(quiesce);

/*
 * The NIC stands still, its configuration space is as it was. The watchdog would
 * find it, too, later.
 */
static void wake(bool lost __unused)
{
	for (struct bnx *nic = bnx_list; nic; nic = nic->next) {
		if (!spin_trylock(&nic->poll_lock))
			continue;
		restart(nic, NULL);
		bnx_poll_end(nic);
	}
}
POWER_HOOK(INIT_DRIVER, NULL, wake);
