// SPDX-License-Identifier: MIT
/*
 * The send side: takes buffer descriptors from the send ring, gathers packets,
 * hands them to the offloads and puts frames on the wire. The consumer index
 * moves by whole packets.
 */
#include "bcm57xx.h"

#define PACKET_MAX	(96 * 1024)
#define FRAME_MIN	60
#define FRAME_MAX	1518	/* without FCS, with a VLAN tag */
#define BD_BATCH	64
#define SHORT_FRAGMENT	8	/* hardware may hang on these and shorter */

struct send_bd {
	uint64_t addr;
	uint32_t len, flags, vlan, mss;
};

/* BDs read ahead during one run of the engine. */
struct bd_reader {
	uint8_t raw[BD_BATCH][SEND_BD_SIZE];
	uint32_t first, count;
};

static uint32_t producer(BcmNic *nic)
{
	return bcm_reg(nic, MBOX_SEND_PROD) & (nic->send_ring.entries - 1);
}

static bool engines_on(BcmNic *nic)
{
	static const uint32_t needed[] = {
		SEND_BD_SELECT_MODE, SEND_BD_INIT_MODE, SEND_DATA_INIT_MODE,
		SEND_DATA_COMP_MODE, SEND_BD_COMP_MODE, READ_DMA_MODE, TX_MODE,
	};
	const uint32_t mac = MAC_MODE_TDE | MAC_MODE_FHDE;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!bcm_enabled(nic, needed[i]))
			return false;
	return (bcm_reg(nic, MAC_MODE) & mac) == mac;
}

static bool can_run(BcmNic *nic)
{
	return nic->send_ring.entries && producer(nic) != nic->send_cons &&
		!nic->tx_waiting && engines_on(nic) && bcm_bus_master(nic) &&
		!nic->fault_tx_stop && !nic->fault_tx_hang &&
		!nic->held_in_reset;
}

static bool read_bd(BcmNic *nic, struct bd_reader *reader, uint32_t index,
		    struct send_bd *bd)
{
	uint32_t at = index - reader->first;
	uint32_t d2, d3;

	if (index < reader->first || at >= reader->count) {
		uint32_t end = producer(nic);

		if (end <= index)
			end = nic->send_ring.entries;
		reader->first = index;
		reader->count = MIN(end - index, BD_BATCH);
		at = 0;
		if (!bcm_dma_read(nic, nic->send_ring.base +
				  (uint64_t)index * SEND_BD_SIZE, reader->raw,
				  reader->count * SEND_BD_SIZE)) {
			reader->count = 0;
			return false;
		}
	}
	bd->addr = bcm_address(reader->raw[at]);
	d2 = ldl_le_p(reader->raw[at] + 8);
	d3 = ldl_le_p(reader->raw[at] + 12);
	bd->len = d2 >> 16;
	bd->flags = d2 & 0xffff;
	bd->mss = d3 >> 16;
	bd->vlan = d3 & 0xffff;
	return true;
}

static void check_bd(BcmNic *nic, const struct send_bd *bd,
		     const struct send_bd *first)
{
	const uint32_t same = SEND_L4_CSUM | SEND_IP_CSUM | SEND_LSO;

	if (bd->len <= SHORT_FRAGMENT)
		bcm_violation(nic, RULE_TX_FRAGMENT, "buffer of %u bytes",
			      bd->len);
	if (bd->flags & ~SEND_KNOWN ||
	    ((bd->flags & SEND_LSO) && (bd->flags & SEND_LSO) != SEND_LSO) ||
	    ((bd->flags ^ first->flags) & same))
		bcm_violation(nic, RULE_TX_FLAGS, "flags %04x in a packet that "
			      "begins with %04x", bd->flags, first->flags);
}

/*
 * Gathers the packet that begins at the consumer, into tx_packet + 4. Returns
 * the number of its BDs, 0 if its end is not on the ring yet; *len is 0 if the
 * packet cannot be sent. *flags gets all BDs' flags together.
 */
static uint32_t gather(BcmNic *nic, struct bd_reader *reader,
		       struct send_bd *first, size_t *len, uint32_t *flags)
{
	uint32_t end = producer(nic), index = nic->send_cons, bds = 0;
	uint8_t *packet = nic->tx_packet + 4;
	struct send_bd bd;
	bool good = true;

	*len = 0;
	*flags = 0;
	do {
		if (index == end) {
			bcm_violation(nic, RULE_TX_NO_END, "producer %u lies "
				      "within a packet", end);
			return 0;
		}
		if (!read_bd(nic, reader, index, &bd))
			return 0;
		if (!bds)
			*first = bd;
		if (nic->strict)
			check_bd(nic, &bd, first);
		*flags |= bd.flags;
		if (good && *len + bd.len > PACKET_MAX) {
			bcm_violation(nic, RULE_TX_LENGTH,
				      "packet of more than %u bytes",
				      PACKET_MAX);
			good = false;
		}
		good = good && bcm_dma_read(nic, bd.addr, packet + *len,
					    bd.len);
		*len += good ? bd.len : 0;
		bds++;
		index = (index + 1) & (nic->send_ring.entries - 1);
	} while (!(bd.flags & SEND_END));
	if (!good)
		*len = 0;
	return bds;
}

static uint8_t *insert_vlan(BcmNic *nic, uint8_t *packet, uint32_t tag)
{
	memmove(packet - 4, packet, 12);
	packet -= 4;
	stw_be_p(packet + 12, 0x8100);
	stw_be_p(packet + 14, tag);
	nic->count.vlan_insert++;
	return packet;
}

static void process(BcmNic *nic, const struct send_bd *first, size_t len)
{
	uint8_t *packet = nic->tx_packet + 4;
	bool good = true;

	if (len < 14) {
		if (len)	/* otherwise told already */
			bcm_violation(nic, RULE_TX_LENGTH,
				      "packet of %zu bytes", len);
		nic->count.drop++;
		nic->count.drop_tx_bad++;
		return;
	}
	if (first->flags & SEND_VLAN) {
		packet = insert_vlan(nic, packet, first->vlan);
		len += 4;
	}
	if ((first->flags & SEND_LSO) == SEND_LSO) {
		good = bcm_segment(nic, packet, len, first->mss);
	} else {
		if (len > FRAME_MAX) {
			bcm_violation(nic, RULE_TX_LENGTH, "frame of %zu bytes",
				      len);
			good = false;
		} else {
			if (first->flags & (SEND_L4_CSUM | SEND_IP_CSUM))
				bcm_insert_checksums(nic, packet, len,
						     first->flags);
			bcm_send_frame(nic, packet, len);
		}
	}
	if (!good) {
		nic->count.drop++;
		nic->count.drop_tx_bad++;
	}
}

static void run(BcmNic *nic)
{
	struct bd_reader reader = { .count = 0 };
	struct send_bd first;

	if (nic->tx_running)
		return;
	nic->tx_running = true;
	while (can_run(nic)) {
		uint32_t flags, bds;
		size_t len;

		bds = gather(nic, &reader, &first, &len, &flags);
		if (!bds)
			break;
		process(nic, &first, len);
		nic->count.tx_packets++;
		nic->count.tx_bds += bds;
		nic->send_cons = (nic->send_cons + bds) &
			(nic->send_ring.entries - 1);
		bcm_coalesce_tx(nic, bds);
		if (flags & SEND_COALESCE_NOW)
			bcm_status_update(nic, true);
	}
	nic->tx_running = false;
}

static bool loopback(BcmNic *nic)
{
	return bcm_reg(nic, MAC_MODE) & MAC_MODE_LOOPBACK ||
		bcm_phy_loopback(nic);
}

/*
 * Something may have become possible on the send side. The engine runs later,
 * from QEMU's main loop: as with hardware, the write of the mailbox returns
 * at once and the consumer moves on its own. But a loopback takes only
 * microseconds, and a driver's self-test waits no longer, whatever the load
 * of the machine that emulates it.
 */
void bcm_tx_kick(BcmNic *nic)
{
	if (nic->tx_running || !can_run(nic))
		return;
	if (loopback(nic))
		run(nic);
	else
		qemu_bh_schedule(nic->tx_bh);
}

static void run_later(void *opaque)
{
	run(opaque);
}

static void frame_left(NetClientState *nc, ssize_t len)
{
	BcmNic *nic = qemu_get_nic_opaque(nc);

	if (nic->tx_waiting && !--nic->tx_waiting)
		bcm_tx_kick(nic);
}

static void count_frame(BcmNic *nic, const uint8_t *frame, size_t len)
{
	uint32_t stat = STAT_TX_UNICAST;

	if (frame[0] & 1)
		stat = memcmp(frame, "\xff\xff\xff\xff\xff\xff", 6) ?
			STAT_TX_MULTICAST : STAT_TX_BROADCAST;
	bcm_set(nic, stat, bcm_reg(nic, stat) + 1);
	bcm_set(nic, STAT_TX_OCTETS, bcm_reg(nic, STAT_TX_OCTETS) + len + 4);
	nic->count.tx++;
	nic->count.tx_bytes += len;
}

/* Does what the MAC is set to match what the PHY has? */
static bool wire_usable(BcmNic *nic)
{
	uint32_t port = bcm_reg(nic, MAC_MODE) & MAC_MODE_PORT_MASK;

	if (!port) {
		bcm_violation(nic, RULE_TX_PORT,
			      "frame sent with no port mode set");
		return false;
	}
	return nic->link && port == (nic->speed == 1000 ? MAC_MODE_PORT_GMII :
				     MAC_MODE_PORT_MII);
}

/* Puts one frame, without FCS, on the wire or into the loopback. */
void bcm_send_frame(BcmNic *nic, const uint8_t *frame, size_t len)
{
	uint8_t padded[FRAME_MIN];

	if (len < FRAME_MIN) {
		memcpy(padded, frame, len);
		memset(padded + len, 0, FRAME_MIN - len);
		frame = padded;
		len = FRAME_MIN;
	}
	if (loopback(nic)) {
		count_frame(nic, frame, len);
		bcm_rx_loopback(nic, frame, len);
		return;
	}
	if (!wire_usable(nic)) {
		nic->count.drop++;
		nic->count.drop_tx_link++;
		return;
	}
	count_frame(nic, frame, len);
	if (!qemu_send_packet_async(qemu_get_queue(nic->nic), frame, len,
				    frame_left))
		nic->tx_waiting++;
}

void bcm_tx_init(BcmNic *nic)
{
	/* room for a VLAN tag in front */
	nic->tx_packet = g_malloc(4 + PACKET_MAX);
	nic->tx_bh = qemu_bh_new_guarded(run_later, nic,
				&DEVICE(nic)->mem_reentrancy_guard);
}
