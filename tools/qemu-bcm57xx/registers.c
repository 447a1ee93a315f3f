// SPDX-License-Identifier: MIT
/*
 * BAR0: 64 KiB of registers, mailboxes and the window on internal memory. The
 * indirect ports of configuration space end here too. Registers without an
 * effect in the model are storage, so that drivers read back what they wrote.
 */
#include "bcm57xx.h"

#define FORWARDING_ALIAS_MASK	0x3fffffffu	/* bits 31:30 do not count */

static bool is_mailbox(uint32_t offset)
{
	return offset >= MBOX_FIRST && offset <= MBOX_LAST;
}

static bool is_mailbox_alias(uint32_t offset)
{
	return offset >= MBOX_ALIAS &&
		offset <= MBOX_ALIAS + MBOX_LAST - MBOX_FIRST;
}

static bool is_statistic(uint32_t offset)
{
	return (offset >= STAT_FIRST && offset <= STAT_LAST) ||
		(offset >= STAT_NO_RX_BD && offset <= STAT_IN_ERRORS);
}

static uint32_t window_address(BcmNic *nic, uint32_t offset)
{
	return pci_get_long(PCI_DEVICE(nic)->config + CFG_MEM_WINDOW_BASE) +
		(offset - SRAM_WINDOW);
}

/* Reads a register or window; @offset is a dword's, from any path. */
uint32_t bcm_read(BcmNic *nic, uint32_t offset)
{
	uint32_t value;

	offset &= FORWARDING_ALIAS_MASK & ~3u;
	if (offset < 0x100)
		return bcm_config_read(PCI_DEVICE(nic), offset, 4);
	if (offset >= SRAM_WINDOW)
		return offset < SRAM_WINDOW + SRAM_WINDOW_SIZE ?
			bcm_sram_read(nic, window_address(nic, offset)) : 0;
	if (is_mailbox(offset))
		return bcm_mailbox_read(nic, offset);
	if (is_mailbox_alias(offset))
		return bcm_mailbox_read(nic, offset - MBOX_ALIAS + MBOX_FIRST);
	value = bcm_reg(nic, offset);
	if (is_statistic(offset)) {
		bcm_set(nic, offset, 0);
		return value;
	}
	switch (offset) {
	case MAC_MI_COM:
		return bcm_mi_read(nic);
	case RX_STD_CONS:
	case HC_STD_CONS:
		return nic->std_cons;
	case RX_RET_PROD:
	case HC_RET_PROD:
		return nic->return_prod;
	case HC_SEND_CONS:
		return nic->send_cons;
	case MISC_LOCAL_CTRL:
		return value | (nic->pending ? MLC_INT_ACTIVE : 0);
	case MISC_CONFIG:
		return value | (nic->held_in_reset ? MISC_CONFIG_RESET : 0);
	case GRC_TIMER:
		return qemu_clock_get_us(QEMU_CLOCK_VIRTUAL);
	default:
		return value;
	}
}

static void clear_statistics(BcmNic *nic, uint32_t first, uint32_t last)
{
	for (uint32_t offset = first; offset <= last; offset += 4)
		bcm_set(nic, offset, 0);
}

static void write_mac_mode(BcmNic *nic, uint32_t value)
{
	if (value & MAC_MODE_TX_STATS_CLEAR)
		clear_statistics(nic, STAT_FIRST, STAT_RX_FIRST - 4);
	if (value & MAC_MODE_RX_STATS_CLEAR)
		clear_statistics(nic, STAT_RX_FIRST, STAT_LAST & ~3u);
	bcm_set(nic, MAC_MODE, value & ~(MAC_MODE_RESET |
		MAC_MODE_RX_STATS_CLEAR | MAC_MODE_TX_STATS_CLEAR));
	bcm_tx_kick(nic);
	bcm_rx_kick(nic);
}

/* Engines of the data paths: a change may let work begin. */
static void write_engine(BcmNic *nic, uint32_t offset, uint32_t value)
{
	bool was = bcm_enabled(nic, offset);

	bcm_set(nic, offset, value & ~BLOCK_RESET);
	if (offset == RX_BD_INIT_MODE || offset == RX_LIST_PLACE_MODE) {
		nic->std_ring = (struct bcm_ring){
			.base = (uint64_t)bcm_reg(nic, RX_STD_RCB) << 32 |
				bcm_reg(nic, RX_STD_RCB + 4),
			.entries = bcm_reg(nic, RX_STD_RCB + 8) &
				RCB_DISABLED ? 0 : RING_ENTRIES,
		};
		nic->return_ring = bcm_sram_ring(nic, SRAM_RETURN_RCB);
	}
	if (offset == SEND_BD_INIT_MODE || offset == SEND_BD_SELECT_MODE)
		nic->send_ring = bcm_sram_ring(nic, SRAM_SEND_RCB);
	if (was != bcm_enabled(nic, offset) && !was) {
		if (offset == RX_BD_INIT_MODE)
			bcm_check_ring(nic, "standard producer",
				       &nic->std_ring, RX_BD_SIZE);
		if (offset == RX_LIST_PLACE_MODE)
			bcm_check_ring(nic, "return", &nic->return_ring,
				       RX_BD_SIZE);
		if (offset == SEND_BD_INIT_MODE)
			bcm_check_ring(nic, "send", &nic->send_ring,
				       SEND_BD_SIZE);
	}
	bcm_coalesce_check(nic);
	bcm_tx_kick(nic);
	bcm_rx_kick(nic);
}

static void write_local_ctrl(BcmNic *nic, uint32_t value)
{
	bcm_set(nic, MISC_LOCAL_CTRL,
		value & ~(MLC_INT_ACTIVE | MLC_CLEAR_INT | MLC_SET_INT));
	if (value & MLC_CLEAR_INT)
		bcm_interrupt_clear(nic);
	if (value & MLC_SET_INT && !nic->held_in_reset) {
		bcm_status_update(nic, false);
		bcm_interrupt_raise(nic);
	}
}

static void write_one_to_clear(BcmNic *nic, uint32_t offset, uint32_t value)
{
	bcm_set(nic, offset, bcm_reg(nic, offset) & ~value);
}

static void write_register(BcmNic *nic, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case MAC_MODE:
		write_mac_mode(nic, value);
		break;
	case MAC_STATUS:
		write_one_to_clear(nic, offset, value & MAC_STATUS_W1C);
		break;
	case MAC_EVENT_ENABLE:
	case MODE_CTRL:
		bcm_set(nic, offset, value);
		bcm_link_attention(nic);
		break;
	case MAC_MI_COM:
		bcm_mi_command(nic, value);
		break;
	case MAC_MI_STATUS:
		bcm_set(nic, offset, value);
		bcm_phy_reflect(nic);
		break;
	case TX_STATUS:
	case RX_STD_CONS:
	case RX_RET_PROD:
	case HC_STATS_NIC_ADDR:
	case HC_STATUS_NIC_ADDR:
	case HC_FLOW_ATTENTION:
	case HC_STD_CONS:
	case HC_RET_PROD:
	case HC_SEND_CONS:
	case GRC_TIMER:
	case MSI_STATUS:
		break;
	case TX_MODE:
	case RX_MODE:
	case SEND_DATA_INIT_MODE:
	case SEND_DATA_COMP_MODE:
	case SEND_BD_SELECT_MODE:
	case SEND_BD_INIT_MODE:
	case SEND_BD_COMP_MODE:
	case RX_LIST_PLACE_MODE:
	case RX_DATA_BD_INIT_MODE:
	case RX_DATA_COMP_MODE:
	case RX_BD_INIT_MODE:
	case RX_BD_COMP_MODE:
	case READ_DMA_MODE:
	case WRITE_DMA_MODE:
		write_engine(nic, offset, value);
		break;
	case HC_MODE:
		bcm_coalesce_mode(nic, value);
		break;
	case MEM_ARBITER_MODE:
	case BUFFER_MANAGER_MODE:
		bcm_set(nic, offset, value & ~BLOCK_RESET);
		break;
	case MSI_MODE:
		bcm_set(nic, offset, value & ~BLOCK_RESET);
		bcm_interrupt_update(nic);
		break;
	case READ_DMA_STATUS:
	case WRITE_DMA_STATUS:
	case RX_RISC_STATE:
	case RX_CPU_EVENT:
	case FTQ_RESET:
		bcm_set(nic, offset, 0);
		break;
	case MISC_CONFIG:
		bcm_set(nic, offset, value & ~MISC_CONFIG_RESET);
		if (value & MISC_CONFIG_RESET)
			bcm_core_reset(nic);
		break;
	case MISC_LOCAL_CTRL:
		write_local_ctrl(nic, value);
		break;
	case EEPROM_ADDR:
		bcm_eeprom_command(nic, value);
		break;
	case NVM_FIRST ... NVM_LAST:
		bcm_nvram_write_reg(nic, offset, value);
		break;
	default:
		bcm_set(nic, offset, value);
		break;
	}
}

/* Writes a register or window; @offset is a dword's, from any path. */
void bcm_write(BcmNic *nic, uint32_t offset, uint32_t value)
{
	offset &= FORWARDING_ALIAS_MASK & ~3u;
	if (offset < 0x100) {
		bcm_config_write(PCI_DEVICE(nic), offset, value, 4);
	} else if (offset >= SRAM_WINDOW) {
		if (offset < SRAM_WINDOW + SRAM_WINDOW_SIZE)
			bcm_sram_write(nic, window_address(nic, offset), value);
	} else if (is_mailbox(offset)) {
		bcm_mailbox_write(nic, offset, value);
	} else if (is_mailbox_alias(offset)) {
		bcm_mailbox_write(nic, offset - MBOX_ALIAS + MBOX_FIRST, value);
	} else {
		bcm_check_reg_write(nic, offset, value);
		write_register(nic, offset, value);
	}
}

/* Values after power-on and after each core reset. */
void bcm_registers_reset(BcmNic *nic)
{
	const uint8_t *mac = nic->conf.macaddr.a;

	memset(nic->reg, 0, sizeof(nic->reg));
	for (int i = 0; i < MAC_ADDRS; i++) {
		bcm_set(nic, MAC_ADDR_HIGH(i), mac[0] << 8 | mac[1]);
		bcm_set(nic, MAC_ADDR_LOW(i), ldl_be_p(mac + 2));
	}
	bcm_set(nic, MAC_MI_MODE, 0xc0000);
	bcm_set(nic, MAC_RX_MTU, 1522);
	bcm_set(nic, MEM_ARBITER_MODE, BLOCK_ENABLE);
	bcm_set(nic, MSI_MODE, MSI_MODE_ENABLE);
	bcm_set(nic, HC_STATS_NIC_ADDR, 0x300);
	bcm_set(nic, HC_STATUS_NIC_ADDR, 0xb00);
	bcm_set(nic, MISC_LOCAL_CTRL, MLC_AUTO_SEEPROM);
	bcm_set(nic, NVM_CONFIG1, NVM_CONFIG1_M45PE10);

	nic->send_cons = 0;
	nic->std_cons = 0;
	nic->return_prod = 0;
	nic->send_ring.entries = 0;
	nic->std_ring.entries = 0;
	nic->return_ring.entries = 0;
	nic->bd_cached = 0;
	nic->bd_next = 0;
	nic->rx_events = 0;
	nic->tx_events = 0;
	nic->rx_due = 0;
	nic->tx_due = 0;
	nic->tag = 0;
	nic->msi_inhibit = false;
	timer_del(nic->coalesce_timer);
	bcm_interrupt_clear(nic);
	bcm_phy_reflect(nic);
}

/* GRC Misc Configuration, core clock reset. The PHY keeps running. */
void bcm_core_reset(BcmNic *nic)
{
	uint32_t misc = bcm_reg(nic, MISC_CONFIG);

	bcm_registers_reset(nic);
	bcm_set(nic, MISC_CONFIG, misc);
	nic->count.resets++;
	nic->fault_tx_hang = false;
	nic->reset_time = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
	nic->held_in_reset = nic->reset_stuck;
	if (!nic->held_in_reset)
		bcm_sram_boot(nic);
	/* Whoever waits with frames for us may give them now. */
	bcm_rx_kick(nic);
}

static uint64_t bar0_read(void *opaque, hwaddr addr, unsigned int size)
{
	BcmNic *nic = opaque;
	uint64_t value;

	nic->count.reg_read++;
	bcm_check_access(nic, addr, size, false);
	if (addr < 0x100 && size < 4)
		return bcm_config_read(PCI_DEVICE(nic), addr, size);
	value = bcm_read(nic, addr);
	if (size == 8)
		value |= (uint64_t)bcm_read(nic, addr + 4) << 32;
	return value >> (addr & 3) * 8;
}

static void bar0_write(void *opaque, hwaddr addr, uint64_t value,
		       unsigned int size)
{
	BcmNic *nic = opaque;

	nic->count.reg_write++;
	nic->count.mbox_write += is_mailbox(addr);
	bcm_check_access(nic, addr, size, true);
	if (addr < 0x100 && size < 4) {
		bcm_config_write(PCI_DEVICE(nic), addr, value, size);
		return;
	}
	if (size < 4)
		value = deposit32(bcm_read(nic, addr), (addr & 3) * 8,
				  size * 8, value);
	bcm_write(nic, addr, value);
	if (size == 8)
		bcm_write(nic, addr + 4, value >> 32);
}

const MemoryRegionOps bcm_bar0_ops = {
	.read = bar0_read,
	.write = bar0_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8 },
	.impl = { .min_access_size = 1, .max_access_size = 8 },
};
