// SPDX-License-Identifier: MIT
/*
 * Mailboxes: where the driver tells producer and consumer indices and
 * acknowledges interrupts. Values written while the engines are off are kept
 * and take effect when they are switched on.
 */
#include "bcm57xx.h"

#define STD_POST_LIMIT	8	/* 5750, 5752, 5755 class */

static uint32_t ring_distance(uint32_t from, uint32_t to, uint32_t entries)
{
	return (to - from) & (entries - 1);
}

/* The driver may not post more than is free, nor more than 8 at a time. */
static void check_std(BcmNic *nic, uint32_t old, uint32_t value)
{
	uint32_t entries = nic->std_ring.entries;
	uint32_t posted, waiting;

	if (!nic->strict || !bcm_enabled(nic, RX_BD_INIT_MODE) || !entries)
		return;
	if (value >= entries) {
		bcm_violation(nic, RULE_STD_INDEX, "producer %u of %u entries",
			      value, entries);
		return;
	}
	posted = ring_distance(old, value, entries);
	waiting = ring_distance(nic->std_cons, old, entries);
	if (posted > entries - 1 - waiting)
		bcm_violation(nic, RULE_STD_OVERRUN, "%u BDs posted onto %u "
			      "that are not used yet", posted, waiting);
	else if (posted > STD_POST_LIMIT)
		bcm_violation(nic, RULE_STD_POST, "%u BDs posted at once",
			      posted);
}

static void check_return(BcmNic *nic, uint32_t old, uint32_t value)
{
	uint32_t entries = nic->return_ring.entries;

	if (!nic->strict || !bcm_enabled(nic, RX_LIST_PLACE_MODE) || !entries)
		return;
	if (value >= entries ||
	    ring_distance(old, value, entries) >
	    ring_distance(old, nic->return_prod, entries))
		bcm_violation(nic, RULE_RET_INDEX, "consumer %u after %u with "
			      "the producer at %u", value, old,
			      nic->return_prod);
}

static void check_send(BcmNic *nic, uint32_t old, uint32_t value)
{
	uint32_t entries = nic->send_ring.entries;
	uint32_t waiting;

	if (!nic->strict || !bcm_enabled(nic, SEND_BD_INIT_MODE) || !entries)
		return;
	if (value >= entries) {
		bcm_violation(nic, RULE_TX_INDEX, "producer %u of %u entries",
			      value, entries);
		return;
	}
	waiting = ring_distance(nic->send_cons, old, entries);
	if (ring_distance(old, value, entries) > entries - 1 - waiting)
		bcm_violation(nic, RULE_TX_OVERRUN, "producer %u after %u "
			      "passes the consumer %u", value, old,
			      nic->send_cons);
}

uint32_t bcm_mailbox_read(BcmNic *nic, uint32_t offset)
{
	return bcm_reg(nic, offset);
}

/* @offset: within 200-3FF. */
void bcm_mailbox_write(BcmNic *nic, uint32_t offset, uint32_t value)
{
	uint32_t old = bcm_reg(nic, offset);

	switch (offset) {
	case MBOX_INTERRUPT:
		bcm_set(nic, offset, value);
		bcm_interrupt_mailbox(nic, value);
		break;
	case MBOX_STD_PROD:
		check_std(nic, old, value);
		bcm_set(nic, offset, value & 0x1ff);
		bcm_rx_kick(nic);
		break;
	case MBOX_RET_CONS:
		check_return(nic, old, value);
		bcm_set(nic, offset, value & 0x7ff);
		bcm_rx_kick(nic);
		break;
	case MBOX_SEND_PROD:
		check_send(nic, old, value);
		bcm_set(nic, offset, value & 0x1ff);
		bcm_tx_kick(nic);
		break;
	default:
		if (!(offset & 4) && value)
			bcm_violation(nic, RULE_MBOX_HIGH, "%08x written to "
				      "the high dword %x", value, offset);
		bcm_set(nic, offset, value);
		break;
	}
}
