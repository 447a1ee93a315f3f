// SPDX-License-Identifier: MIT
/*
 * The receive side: filters a frame, takes a buffer from the standard producer
 * ring, writes frame and FCS there, and describes it on the return ring. When
 * buffers run out, the frame waits in QEMU's queue if flow control is on (a
 * pause frame would hold it back on a real wire), and is dropped and counted
 * if not.
 */
#include "bcm57xx.h"

#define HEADER_LEN	14
#define FCS_LEN		4
#define FRAME_MIN	60
#define FRAME_MAX	9216
#define VLAN_TYPE	0x8100

/* zlib's; QEMU is linked with it */
unsigned long crc32(unsigned long crc, const unsigned char *data,
		    unsigned int len);

static bool engines_on(BcmNic *nic)
{
	static const uint32_t needed[] = {
		RX_MODE, RX_LIST_PLACE_MODE, RX_DATA_BD_INIT_MODE,
		RX_DATA_COMP_MODE, RX_BD_INIT_MODE, RX_BD_COMP_MODE,
		WRITE_DMA_MODE,
	};
	const uint32_t mac = MAC_MODE_RDE | MAC_MODE_FHDE;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!bcm_enabled(nic, needed[i]))
			return false;
	return (bcm_reg(nic, MAC_MODE) & mac) == mac && nic->std_ring.entries &&
		nic->return_ring.entries && bcm_bus_master(nic) &&
		!nic->held_in_reset;
}

static uint32_t std_producer(BcmNic *nic)
{
	return bcm_reg(nic, MBOX_STD_PROD) & (nic->std_ring.entries - 1);
}

static uint32_t next_return(BcmNic *nic)
{
	return (nic->return_prod + 1) & (nic->return_ring.entries - 1);
}

static bool return_ring_full(BcmNic *nic)
{
	return next_return(nic) == (bcm_reg(nic, MBOX_RET_CONS) &
				    (nic->return_ring.entries - 1));
}

static bool has_room(BcmNic *nic)
{
	return std_producer(nic) != nic->std_cons && !return_ring_full(nic);
}

static bool must_wait(BcmNic *nic)
{
	return engines_on(nic) && !has_room(nic) &&
		bcm_reg(nic, TX_MODE) & TX_MODE_FLOW_CTRL;
}

bool bcm_can_receive(NetClientState *nc)
{
	BcmNic *nic = qemu_get_nic_opaque(nc);

	if (!must_wait(nic))
		return true;
	nic->count.rx_held += !nic->rx_holding;
	nic->rx_holding = true;
	return false;
}

/* Something may have become possible on the receive side. */
void bcm_rx_kick(BcmNic *nic)
{
	if (!nic->rx_holding || must_wait(nic))
		return;
	nic->rx_holding = false;
	qemu_flush_queued_packets(qemu_get_queue(nic->nic));
}

static void count_stat(BcmNic *nic, uint32_t offset, uint32_t by)
{
	bcm_set(nic, offset, bcm_reg(nic, offset) + by);
}

static void drop(BcmNic *nic, uint64_t *reason)
{
	nic->count.drop++;
	++*reason;
}

/* Multicast: low 7 bits of the CRC, not inverted, select one hash bit. */
static bool hash_match(BcmNic *nic, const uint8_t *dest)
{
	uint32_t crc = ~crc32(0, dest, 6) & 0x7f;

	return bcm_reg(nic, MAC_HASH(crc >> 5)) & BIT32(crc & 31);
}

static bool wanted(BcmNic *nic, const uint8_t *dest)
{
	uint32_t high = lduw_be_p(dest), low = ldl_be_p(dest + 2);

	if (bcm_reg(nic, RX_MODE) & RX_MODE_PROMISCUOUS)
		return true;
	if (high == 0xffff && low == 0xffffffff)
		return true;
	if (dest[0] & 1)
		return hash_match(nic, dest);
	for (int i = 0; i < MAC_ADDRS; i++)
		if (bcm_reg(nic, MAC_ADDR_LOW(i)) == low &&
		    (bcm_reg(nic, MAC_ADDR_HIGH(i)) & 0xffff) == high)
			return true;
	return false;
}

/* Takes the next producer BD, reading ahead as the hardware does. */
static const uint8_t *take_bd(BcmNic *nic)
{
	if (nic->bd_next == nic->bd_cached) {
		uint32_t end = std_producer(nic);

		if (end <= nic->std_cons)
			end = nic->std_ring.entries;
		nic->bd_cached = MIN(end - nic->std_cons,
				     ARRAY_SIZE(nic->bd_cache));
		nic->bd_next = 0;
		if (!bcm_dma_read(nic, nic->std_ring.base +
				  (uint64_t)nic->std_cons * RX_BD_SIZE,
				  nic->bd_cache,
				  nic->bd_cached * RX_BD_SIZE)) {
			nic->bd_cached = 0;
			return NULL;
		}
	}
	nic->std_cons = (nic->std_cons + 1) & (nic->std_ring.entries - 1);
	return nic->bd_cache[nic->bd_next++];
}

static void write_return_bd(BcmNic *nic, const uint8_t *bd, size_t len,
			    uint32_t flags, uint32_t sums, uint32_t vlan)
{
	uint8_t ret[RX_BD_SIZE] = { 0 };

	memcpy(ret, bd, 8);
	stl_le_p(ret + 8, (ldl_le_p(bd + 8) & 0xffff0000) | len);
	stl_le_p(ret + 12, (ldl_le_p(bd + 12) & 0xffff0000) | flags);
	stl_le_p(ret + 16, sums);
	stl_le_p(ret + 20, vlan);
	memcpy(ret + 28, bd + 28, 4);
	bcm_dma_write(nic, nic->return_ring.base +
		      (uint64_t)nic->return_prod * RX_BD_SIZE, ret, sizeof(ret));
	nic->return_prod = next_return(nic);
}

static void count_good(BcmNic *nic, const uint8_t *frame, size_t len)
{
	uint32_t stat = STAT_RX_UNICAST;

	if (frame[0] & 1)
		stat = memcmp(frame, "\xff\xff\xff\xff\xff\xff", 6) ?
			STAT_RX_MULTICAST : STAT_RX_BROADCAST;
	count_stat(nic, stat, 1);
	count_stat(nic, STAT_RX_OCTETS, len + FCS_LEN);
	nic->count.rx++;
	nic->count.rx_bytes += len;
}

/* Is there a reason not to take the frame? */
static bool refuse(BcmNic *nic, const uint8_t *frame, size_t len)
{
	size_t max = bcm_reg(nic, MAC_RX_MTU) & 0xffff;

	if (!wanted(nic, frame)) {
		drop(nic, &nic->count.drop_rx_filter);
		return true;
	}
	if (lduw_be_p(frame + 12) == VLAN_TYPE)
		max += 4;
	if (len > FRAME_MAX || (len + FCS_LEN > max &&
	    !(bcm_reg(nic, RX_MODE) & RX_MODE_OVERSIZED))) {
		count_stat(nic, STAT_RX_TOO_LONG, 1);
		drop(nic, &nic->count.drop_rx_length);
		return true;
	}
	if (std_producer(nic) == nic->std_cons) {
		count_stat(nic, STAT_NO_RX_BD, 1);
		drop(nic, &nic->count.drop_rx_no_bd);
		return true;
	}
	if (return_ring_full(nic)) {
		count_stat(nic, STAT_IN_DISCARDS, 1);
		drop(nic, &nic->count.drop_rx_ring_full);
		return true;
	}
	return false;
}

/* A frame of at least FRAME_MIN bytes for which the receiver is on. */
static void deliver(BcmNic *nic, const uint8_t *frame, size_t len)
{
	uint32_t flags, sums, vlan = 0;
	uint8_t data[FRAME_MAX + FCS_LEN];
	uint8_t *start = data;
	const uint8_t *bd;

	if (refuse(nic, frame, len))
		return;
	bd = take_bd(nic);
	if (!bd) {
		drop(nic, &nic->count.drop_rx_dma);
		return;
	}
	flags = RX_END | bcm_verify_checksums(nic, frame, len, &sums);
	memcpy(data, frame, len);
	stl_le_p(data + len, crc32(0, frame, len));
	count_good(nic, frame, len);
	len += FCS_LEN;
	if (lduw_be_p(frame + 12) == VLAN_TYPE &&
	    !(bcm_reg(nic, RX_MODE) & RX_MODE_KEEP_VLAN)) {
		vlan = lduw_be_p(frame + 14);
		memmove(data + 4, data, 12);
		start += 4;
		len -= 4;
		flags |= RX_VLAN;
		nic->count.vlan_strip++;
	}
	if ((ldl_le_p(bd + 8) & 0xffff) < len) {
		bcm_violation(nic, RULE_STD_BUFFER, "buffer of %u bytes for a "
			      "frame of %zu", ldl_le_p(bd + 8) & 0xffff, len);
		drop(nic, &nic->count.drop_rx_dma);
		return;
	}
	if (!bcm_dma_write(nic, bcm_address(bd), start, len)) {
		drop(nic, &nic->count.drop_rx_dma);
		return;
	}
	if (flags & RX_L4_CSUM && (sums & 0xffff) == 0xffff)
		nic->count.rx_csum++;
	write_return_bd(nic, bd, len, flags, sums, vlan);
	bcm_coalesce_rx(nic);
}

static void pad_and_deliver(BcmNic *nic, const uint8_t *frame, size_t len)
{
	uint8_t padded[FRAME_MIN] = { 0 };

	if (len >= FRAME_MIN) {
		deliver(nic, frame, len);
		return;
	}
	memcpy(padded, frame, len);
	deliver(nic, padded, sizeof(padded));
}

/* QEMU: a frame from the network. Returns 0 to have it kept for later. */
ssize_t bcm_receive(NetClientState *nc, const uint8_t *frame, size_t len)
{
	BcmNic *nic = qemu_get_nic_opaque(nc);

	if (!engines_on(nic)) {
		drop(nic, &nic->count.drop_rx_off);
		return len;
	}
	if (len < HEADER_LEN) {
		count_stat(nic, STAT_RX_UNDERSIZE, 1);
		drop(nic, &nic->count.drop_rx_length);
		return len;
	}
	if (!nic->link || bcm_phy_loopback(nic) ||
	    bcm_reg(nic, MAC_MODE) & MAC_MODE_LOOPBACK) {
		drop(nic, &nic->count.drop_rx_link);
		return len;
	}
	if (must_wait(nic) && wanted(nic, frame)) {
		nic->rx_holding = true;
		return 0;
	}
	pad_and_deliver(nic, frame, len);
	return len;
}

/* A frame of our own, from MAC or PHY loopback. */
void bcm_rx_loopback(BcmNic *nic, const uint8_t *frame, size_t len)
{
	if (engines_on(nic))
		pad_and_deliver(nic, frame, len);
	else
		drop(nic, &nic->count.drop_rx_off);
}
