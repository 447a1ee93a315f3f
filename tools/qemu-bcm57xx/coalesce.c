// SPDX-License-Identifier: MIT
/*
 * Host coalescing: decides when the status block is written to host memory,
 * and writes it. For each direction there is a count rule (so many BDs) and a
 * tick rule (so many microseconds); either may be off. The count rule has
 * other limits while the driver is in its interrupt handler.
 */
#include "bcm57xx.h"

#define NS_PER_TICK	1000

struct direction {
	uint32_t max, max_int, ticks, clear;
};

static const struct direction rx_rules = {
	HC_RX_MAX, HC_RX_MAX_INT, HC_RX_TICKS, HC_CLEAR_TICKS_RX,
};
static const struct direction tx_rules = {
	HC_TX_MAX, HC_TX_MAX_INT, HC_TX_TICKS, HC_CLEAR_TICKS_TX,
};

static int64_t now_ns(void)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static bool can_update(BcmNic *nic)
{
	return bcm_enabled(nic, HC_MODE) && bcm_enabled(nic, WRITE_DMA_MODE) &&
		bcm_bus_master(nic) && !nic->no_status_dma &&
		!nic->held_in_reset;
}

static uint64_t status_address(BcmNic *nic)
{
	return (uint64_t)bcm_reg(nic, HC_STATUS_HIGH) << 32 |
		bcm_reg(nic, HC_STATUS_LOW);
}

/*
 * Writes the status block, and interrupts if @interrupt. The first two dwords
 * go last: a driver that has read a new tag must find the indices that belong
 * to it.
 */
void bcm_status_update(BcmNic *nic, bool interrupt)
{
	uint64_t addr = status_address(nic);
	uint32_t block[STATUS_SIZE / 4] = { 0 };

	if (!can_update(nic))
		return;
	if (addr & 63)
		bcm_violation(nic, RULE_STATUS_ALIGN,
			      "status block at %" PRIx64, addr);
	nic->rx_events = 0;
	nic->tx_events = 0;
	nic->rx_due = 0;
	nic->tx_due = 0;
	nic->last_update = now_ns();
	timer_del(nic->coalesce_timer);
	if (nic->misc_host_ctrl & MHC_TAGGED_STATUS)
		nic->tag++;

	block[0] = cpu_to_le32(STATUS_UPDATED |
			(bcm_reg(nic, MAC_STATUS) & MAC_STATUS_LINK_CHANGED ?
			 STATUS_LINK : 0));
	block[1] = cpu_to_le32(nic->tag);
	block[2] = cpu_to_le32(nic->std_cons << 16);
	block[4] = cpu_to_le32(nic->return_prod | nic->send_cons << 16);
	if (!bcm_dma_write(nic, addr + 8, block + 2, STATUS_SIZE - 8))
		return;
	smp_wmb();
	bcm_dma_write(nic, addr, block, 8);
	nic->count.status++;
	if (interrupt)
		bcm_interrupt_raise(nic);
}

static bool in_handler(BcmNic *nic)
{
	return bcm_reg(nic, MBOX_INTERRUPT) & MBOX_IN_ISR;
}

static bool count_reached(BcmNic *nic, const struct direction *rules,
			  uint32_t events)
{
	uint32_t max = bcm_reg(nic, in_handler(nic) ? rules->max_int :
			       rules->max);

	return max && events >= max;
}

/*
 * The time at which the tick rule asks for an update after an event now, 0 if
 * it is off. The timer runs since the last update; with the rule's clear bit
 * set, each event starts it anew.
 */
static int64_t tick_deadline(BcmNic *nic, const struct direction *rules,
			     int64_t due, int64_t now)
{
	int64_t ticks = (int64_t)bcm_reg(nic, rules->ticks) * NS_PER_TICK;

	if (!ticks)
		return 0;
	if (bcm_reg(nic, HC_MODE) & rules->clear)
		return now + ticks;
	return due ? due : nic->last_update + ticks;
}

static void arm_timer(BcmNic *nic)
{
	int64_t due = nic->rx_due;

	if (nic->tx_due && (!due || nic->tx_due < due))
		due = nic->tx_due;
	if (due)
		timer_mod(nic->coalesce_timer, due);
}

static void coalesce_tick(void *opaque)
{
	BcmNic *nic = opaque;

	if (nic->rx_events || nic->tx_events)
		bcm_status_update(nic, true);
}

static void event(BcmNic *nic, const struct direction *rules, uint32_t events,
		  int64_t *due)
{
	int64_t now;

	if (count_reached(nic, rules, events)) {
		bcm_status_update(nic, true);
		return;
	}
	now = now_ns();
	*due = tick_deadline(nic, rules, *due, now);
	if (*due && *due <= now)
		bcm_status_update(nic, true);
	else
		arm_timer(nic);
}

/* One return BD was written. */
void bcm_coalesce_rx(BcmNic *nic)
{
	nic->rx_events++;
	event(nic, &rx_rules, nic->rx_events, &nic->rx_due);
}

/* @bds send BDs were done with. */
void bcm_coalesce_tx(BcmNic *nic, uint32_t bds)
{
	nic->tx_events += bds;
	event(nic, &tx_rules, nic->tx_events, &nic->tx_due);
}

/* Rules or their conditions have changed: is an update due by now? */
void bcm_coalesce_check(BcmNic *nic)
{
	if ((nic->rx_events && count_reached(nic, &rx_rules, nic->rx_events)) ||
	    (nic->tx_events && count_reached(nic, &tx_rules, nic->tx_events)))
		bcm_status_update(nic, true);
}

/* A write of Host Coalescing Mode. */
void bcm_coalesce_mode(BcmNic *nic, uint32_t value)
{
	bcm_set(nic, HC_MODE, value & ~(BLOCK_RESET | HC_COALESCE_NOW));
	if (value & HC_COALESCE_NOW)
		bcm_status_update(nic, !(value & HC_NO_INT_ON_NOW));
	else
		bcm_coalesce_check(nic);
}

/* MAC Status or what enables its attention has changed. */
void bcm_link_attention(BcmNic *nic)
{
	if ((bcm_reg(nic, MAC_STATUS) & bcm_reg(nic, MAC_EVENT_ENABLE) &
	     MAC_STATUS_LINK_CHANGED) &&
	    (bcm_reg(nic, MODE_CTRL) & MODE_INT_ON_MAC_ATTN))
		bcm_status_update(nic, true);
}

void bcm_coalesce_init(BcmNic *nic)
{
	nic->coalesce_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, coalesce_tick,
					   nic);
}
