// SPDX-License-Identifier: MIT
/*
 * The NIC's internal memory: plain RAM for every path that leads to it, except
 * that it holds the ring control blocks of the send and return rings, and that
 * boot code leaves the station's address and a configuration there.
 */
#include "bcm57xx.h"

static bool in_rcb(uint32_t addr, uint32_t rcb)
{
	return addr >= rcb && addr < rcb + 16;
}

uint32_t bcm_sram_read(BcmNic *nic, uint32_t addr)
{
	addr &= ~3u;
	if (!(bcm_reg(nic, MEM_ARBITER_MODE) & BLOCK_ENABLE))
		bcm_violation(nic, RULE_MEM_ARBITER,
			      "SRAM %x read with the arbiter off", addr);
	if (addr >= SRAM_SIZE)
		return 0;
	return ldl_le_p(nic->sram + addr);
}

void bcm_sram_write(BcmNic *nic, uint32_t addr, uint32_t value)
{
	addr &= ~3u;
	if (!(bcm_reg(nic, MEM_ARBITER_MODE) & BLOCK_ENABLE))
		bcm_violation(nic, RULE_MEM_ARBITER,
			      "SRAM %x written with the arbiter off", addr);
	if (addr >= SRAM_SIZE)
		return;
	if ((in_rcb(addr, SRAM_SEND_RCB) &&
	     bcm_enabled(nic, SEND_BD_INIT_MODE)) ||
	    (in_rcb(addr, SRAM_RETURN_RCB) &&
	     bcm_enabled(nic, RX_LIST_PLACE_MODE)))
		bcm_violation(nic, RULE_REG_BUSY,
			      "ring control block at SRAM %x changed while its "
			      "engine runs", addr);
	stl_le_p(nic->sram + addr, value);
}

/* Reads a ring control block that lies in SRAM. */
struct bcm_ring bcm_sram_ring(BcmNic *nic, uint32_t addr)
{
	const uint8_t *rcb = nic->sram + addr;
	uint32_t attr = ldl_le_p(rcb + 8);
	uint32_t len = attr >> RCB_LEN_SHIFT;
	struct bcm_ring ring = {
		.base = bcm_address(rcb),
	};

	if (!(attr & RCB_DISABLED) && len)
		ring.entries = is_power_of_2(len) && len >= 32 && len <= 512 ?
			len : RING_ENTRIES;
	return ring;
}

/* What boot code leaves behind after each reset. */
void bcm_sram_boot(BcmNic *nic)
{
	const uint8_t *mac = nic->conf.macaddr.a;

	stl_le_p(nic->sram + SRAM_SIGNATURE, FW_MAGIC);
	stl_le_p(nic->sram + SRAM_NIC_CONFIG, NIC_CONFIG_COPPER);
	stl_le_p(nic->sram + SRAM_NIC_CONFIG + 4, 0);
	stl_le_p(nic->sram + SRAM_PHY_ID, 0x0143bed0);
	stl_le_p(nic->sram + SRAM_MAC_HIGH,
		 MAC_MAILBOX_SIGNATURE | mac[0] << 8 | mac[1]);
	stl_le_p(nic->sram + SRAM_MAC_LOW, ldl_be_p(mac + 2));
	stl_le_p(nic->sram + SRAM_FW_MAILBOX, ~FW_MAGIC);
	/* A driver that powers down waits for this, two seconds in vain. */
	stl_le_p(nic->sram + SRAM_FW_ASF_STATUS, ~FW_MAGIC);
}
