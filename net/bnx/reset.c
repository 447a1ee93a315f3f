/* SPDX-License-Identifier: MIT */
/*
 * Stopping, resetting and programming the NIC (5722-PG101-R, "Device Reset
 * Procedure" and "Device Initialization Procedure"), in the guide's order.
 * Every wait is bounded; a device that reads as all ones is gone.
 */
#include "bnx.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "bnx: "
#include <tandem/log.h>

#define BLOCK_STOP_TIMEOUT_US	10000u
#define CORE_RESET_DELAY_US	150u
#define CORE_RESET_TIMEOUT_US	50000u
#define FIRMWARE_TIMEOUT_US	1000000u
#define NVRAM_LOCK_TIMEOUT_US	100000u
#define ENABLE_TIMEOUT_US	20000u
#define ALL_ONES		0xffffffffu

#define EXP_DEVICE_CONTROL	8
#define   EXP_RELAXED_ORDER	0x0010u
#define   EXP_MAX_PAYLOAD	0x00e0u
#define   EXP_NO_SNOOP		0x0800u
#define EXP_DEVICE_STATUS	10
#define   EXP_STATUS_ERRORS	0x000fu

#define STD_THRESHOLD		8u
#define STD_WATERMARK_57765	32u
#define RCB_MAX_FRAME(n)	((uint32_t)(n) << 2)

int bnx_wait(struct bnx *nic, uint32_t reg, uint32_t mask, uint32_t want,
	     uint32_t timeout_us, const char *what)
{
	uint64_t end = time_us() + timeout_us;

	for (;;) {
		/* before the read: a preempted reader gets its last look */
		bool late = time_us() > end;
		uint32_t v = bnx_read(nic, reg);

		if (v == ALL_ONES) {
			nic->gone = true;
			if (what)
				log_error("the device does not answer (%s)",
					  what);
			return -ENODEV;
		}
		if ((v & mask) == want)
			return 0;
		if (late) {
			if (what)
				log_warn("time-out: %s (register %#x: %#x)",
					 what, reg, v);
			return -ETIMEDOUT;
		}
		udelay(5);
	}
}

uint32_t bnx_sram_read(struct bnx *nic, uint32_t address)
{
	uint32_t v;

	bnx_write(nic, MEMORY_WINDOW_BASE, address);
	v = bnx_read(nic, MEMORY_WINDOW_DATA);
	bnx_write(nic, MEMORY_WINDOW_BASE, 0);
	return v;
}

void bnx_sram_write(struct bnx *nic, uint32_t address, uint32_t value)
{
	bnx_write(nic, MEMORY_WINDOW_BASE, address);
	bnx_write(nic, MEMORY_WINDOW_DATA, value);
	bnx_write(nic, MEMORY_WINDOW_BASE, 0);
}

/* ---- stop and reset ---- */

/* Clear a block's enable bit and see it go. A block that hangs is reset. */
static void stop_block(struct bnx *nic, uint32_t reg)
{
	if (nic->gone)
		return;
	bnx_write(nic, reg, bnx_read(nic, reg) & ~(uint32_t)BLOCK_ENABLE);
	bnx_wait(nic, reg, BLOCK_ENABLE, 0, BLOCK_STOP_TIMEOUT_US, NULL);
}

static void stop_blocks(struct bnx *nic)
{
	static const uint16_t receive[] = {
		RECEIVE_MAC_MODE, RX_BD_INITIATOR_MODE, RX_LIST_PLACEMENT_MODE,
		RX_DATA_BD_INITIATOR_MODE, RX_DATA_COMPLETION_MODE,
		RX_BD_COMPLETION_MODE,
	};
	static const uint16_t send[] = {
		SEND_BD_SELECTOR_MODE, SEND_BD_INITIATOR_MODE,
		SEND_DATA_INITIATOR_MODE, READ_DMA_MODE,
		SEND_DATA_COMPLETION_MODE, SEND_BD_COMPLETION_MODE,
	};
	static const uint16_t rest[] = {
		TRANSMIT_MAC_MODE, HOST_COALESCING_MODE, WRITE_DMA_MODE,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(receive); i++)
		stop_block(nic, receive[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(send); i++)
		stop_block(nic, send[i]);
	bnx_write(nic, ETHERNET_MAC_MODE, bnx_read(nic, ETHERNET_MAC_MODE) &
		  ~(uint32_t)MAC_MODE_TDE_ENABLE);
	for (unsigned int i = 0; i < ARRAY_SIZE(rest); i++)
		stop_block(nic, rest[i]);
	bnx_write(nic, FTQ_RESET, ALL_ONES);
	bnx_write(nic, FTQ_RESET, 0);
}

void bnx_silence(struct bnx *nic)
{
	nic->running = false;
	bnx_write(nic, MISC_HOST_CONTROL,
		  nic->host_control | MHC_MASK_PCI_INTERRUPT);
	bnx_write(nic, INTERRUPT_MAILBOX_0, INTERRUPT_MAILBOX_IN_ISR);
	bnx_write(nic, RECEIVE_MAC_MODE,
		  nic->rx_mode & ~(uint32_t)RX_MODE_ENABLE);
	bnx_write(nic, MISC_CONFIGURATION, GRC_CORE_CLOCK_RESET |
		  GRC_DISABLE_PCIE_RESET | GRC_KEEP_GPHY_POWER);
}

/* What a core reset may have changed in the configuration space. */
static void restore_config(struct bnx *nic)
{
	struct pci_device *d = nic->pci;
	unsigned int exp = pci_find_capability(d, PCI_CAP_ID_EXP);

	pci_config_write(d, PCI_COMMAND, 2, nic->command);
	if (exp) {
		uint32_t v = pci_config_read(d, exp + EXP_DEVICE_CONTROL, 2);

		v &= ~(EXP_RELAXED_ORDER | EXP_NO_SNOOP | EXP_MAX_PAYLOAD);
		pci_config_write(d, exp + EXP_DEVICE_CONTROL, 2, v);
		pci_config_write(d, exp + EXP_DEVICE_STATUS, 2,
				 EXP_STATUS_ERRORS);
	}
	pci_config_write(d, MISC_HOST_CONTROL, 4, nic->host_control);
}

/* The boot code answers in the firmware mailbox; without one it does not. */
static void wait_for_firmware(struct bnx *nic)
{
	int r;

	if (nic->no_firmware)
		return;
	bnx_write(nic, MEMORY_WINDOW_BASE, SRAM_FIRMWARE_MAILBOX);
	r = bnx_wait(nic, MEMORY_WINDOW_DATA, ALL_ONES, ~FIRMWARE_MAGIC,
		     FIRMWARE_TIMEOUT_US, "boot code after reset");
	bnx_write(nic, MEMORY_WINDOW_BASE, 0);
	if (r == -ETIMEDOUT)
		nic->no_firmware = true;
}

int bnx_reset(struct bnx *nic)
{
	int r;

	nic->host_control = MHC_MASK_PCI_INTERRUPT | MHC_ENDIAN_WORD_SWAP |
			    MHC_PCI_STATE_RW | MHC_INDIRECT_ACCESS |
			    MHC_TAGGED_STATUS;
	pci_config_write(nic->pci, MISC_HOST_CONTROL, 4, nic->host_control);
	if (bnx_read(nic, MEMORY_ARBITER_MODE) == ALL_ONES) {
		nic->gone = true;
		return -ENODEV;
	}
	nic->gone = false;
	bnx_write(nic, INTERRUPT_MAILBOX_0, INTERRUPT_MAILBOX_IN_ISR);
	bnx_write(nic, MEMORY_ARBITER_MODE, BLOCK_ENABLE);
	if ((bnx_read(nic, HOST_COALESCING_MODE) & HC_MODE_ENABLE) ||
	    (bnx_read(nic, WRITE_DMA_MODE) & BLOCK_ENABLE))
		stop_blocks(nic);
	bnx_sram_write(nic, SRAM_FIRMWARE_MAILBOX, FIRMWARE_MAGIC);
	bnx_sram_write(nic, SRAM_DRIVER_STATE, DRIVER_STATE_START);

	/* the boot code must not be in the middle of an NVRAM access */
	bnx_write(nic, NVRAM_ARBITRATION, NVRAM_REQUEST_1);
	bnx_wait(nic, NVRAM_ARBITRATION, NVRAM_GRANT_1, NVRAM_GRANT_1,
		 NVRAM_LOCK_TIMEOUT_US, "NVRAM lock");
	bnx_write(nic, FAST_BOOT_PROGRAM_COUNTER, 0);
	bnx_write(nic, MISC_CONFIGURATION, GRC_DISABLE_PCIE_RESET);
	bnx_write(nic, MISC_CONFIGURATION, GRC_CORE_CLOCK_RESET |
		  GRC_DISABLE_PCIE_RESET | GRC_KEEP_GPHY_POWER);
	/* no register access while the core restarts */
	udelay(CORE_RESET_DELAY_US);
	pci_config_read(nic->pci, PCI_COMMAND, 2);
	restore_config(nic);
	r = bnx_wait(nic, MISC_CONFIGURATION, GRC_CORE_CLOCK_RESET, 0,
		     CORE_RESET_TIMEOUT_US, "core clock reset");
	if (r)
		return r;
	bnx_write(nic, MEMORY_ARBITER_MODE, BLOCK_ENABLE);
	wait_for_firmware(nic);
	return nic->gone ? -ENODEV : 0;
}

/* ---- bring-up ---- */

static void set_modes(struct bnx *nic)
{
	uint32_t v;

	bnx_write(nic, MODE_CONTROL, GRC_WORD_SWAP_BD | GRC_BYTE_SWAP_DATA |
		  GRC_WORD_SWAP_DATA);
	bnx_write(nic, ETHERNET_MAC_MODE, 0);
	udelay(40);
	if (!nic->chip->class_57765) {
		v = bnx_read(nic, PCIE_TRANSACTION_CONTROL);
		bnx_write(nic, PCIE_TRANSACTION_CONTROL, v | PCIE_TL_FIX);
		v = bnx_read(nic, PCIE_TRANSACTION_CONFIG);
		bnx_write(nic, PCIE_TRANSACTION_CONFIG, v | PCIE_ONE_SHOT_MSI);
	}
	bnx_write(nic, DMA_READ_WRITE_CONTROL, nic->chip->class_57765 ?
		  DMA_RW_NO_CACHE_ALIGN : DMA_RW_PCIE);
	bnx_write(nic, MODE_CONTROL, GRC_WORD_SWAP_BD | GRC_BYTE_SWAP_DATA |
		  GRC_WORD_SWAP_DATA | GRC_HOST_STACK_UP | GRC_HOST_SEND_BDS |
		  GRC_NO_TX_PSEUDO_HEADER | GRC_INTERRUPT_ON_MAC);
	v = bnx_read(nic, MISC_CONFIGURATION) & ~GRC_TIMER_PRESCALER_MASK;
	bnx_write(nic, MISC_CONFIGURATION, v | GRC_TIMER_PRESCALER_66MHZ);
	/* single MSI: one-shot by bit 5 = 0 on that class, by 7C04 on others */
	bnx_write(nic, MSI_MODE, nic->intx ? 0 : MSI_MODE_ENABLE);
}

static int start_buffer_manager(struct bnx *nic)
{
	bnx_write(nic, MBUF_READ_DMA_LOW, 0);
	bnx_write(nic, MBUF_MAC_RX_LOW, nic->chip->mbuf_rx_low);
	bnx_write(nic, MBUF_HIGH, nic->chip->mbuf_high);
	bnx_write(nic, BUFFER_MANAGER_MODE, BLOCK_ENABLE | BLOCK_ATTENTION);
	return bnx_wait(nic, BUFFER_MANAGER_MODE, BLOCK_ENABLE, BLOCK_ENABLE,
			ENABLE_TIMEOUT_US, "buffer manager");
}

static void write_rcb(struct bnx *nic, uint32_t address, host_phys ring,
		      uint32_t length_flags)
{
	bnx_sram_write(nic, address + RCB_HOST_HIGH, (uint32_t)(ring >> 32));
	bnx_sram_write(nic, address + RCB_HOST_LOW, (uint32_t)ring);
	bnx_sram_write(nic, address + RCB_LENGTH_FLAGS, length_flags);
}

static void set_rings(struct bnx *nic)
{
	host_phys std = virt_to_phys(nic->rx.std);
	host_phys status = virt_to_phys((const void *)nic->status);
	uint32_t length = STD_ENTRIES << 16;

	bnx_rx_reset(nic);
	memset((void *)nic->status, 0, sizeof(*nic->status));
	nic->tag = 0;

	if (nic->chip->class_57765) {
		length |= RCB_MAX_FRAME(RX_BUFFER_SIZE);
		bnx_write(nic, STD_RING_WATERMARK, STD_WATERMARK_57765);
	}
	bnx_write(nic, STD_REPLENISH_THRESHOLD, STD_THRESHOLD);
	bnx_write(nic, STD_PRODUCER_RCB + RCB_HOST_HIGH, (uint32_t)(std >> 32));
	bnx_write(nic, STD_PRODUCER_RCB + RCB_HOST_LOW, (uint32_t)std);
	bnx_write(nic, STD_PRODUCER_RCB + RCB_LENGTH_FLAGS, length);
	bnx_write(nic, STD_PRODUCER_RCB + RCB_NIC_ADDRESS, SRAM_STD_RX_BDS);
	bnx_write(nic, JUMBO_PRODUCER_RCB + RCB_LENGTH_FLAGS,
		  RCB_RING_DISABLED);

	for (unsigned int i = 1; i < SRAM_RETURN_RCBS; i++)
		bnx_sram_write(nic, SRAM_RETURN_RCB(i) + RCB_LENGTH_FLAGS,
			       RCB_RING_DISABLED);
	bnx_write(nic, INTERRUPT_MAILBOX_0, INTERRUPT_MAILBOX_IN_ISR);
	bnx_write(nic, RX_STD_PRODUCER_INDEX, 0);
	bnx_write(nic, SEND_HOST_PRODUCER_INDEX, 0);
	bnx_write(nic, RX_RETURN_CONSUMER_INDEX, 0);
	bnx_write(nic, STATUS_BLOCK_HOST_HIGH, (uint32_t)(status >> 32));
	bnx_write(nic, STATUS_BLOCK_HOST_LOW, (uint32_t)status);
	write_rcb(nic, SRAM_SEND_RCB, virt_to_phys(nic->tx.ring),
		  SEND_ENTRIES << 16);
	write_rcb(nic, SRAM_RETURN_RCB(0), virt_to_phys(nic->rx.ret),
		  (uint32_t)nic->chip->return_entries << 16);
}

static int set_mac_and_coalescing(struct bnx *nic)
{
	int r;

	spin_lock(&nic->lock);
	bnx_filter_apply(nic);
	spin_unlock(&nic->lock);
	bnx_write(nic, RX_MTU_SIZE, NET_FRAME_MAX + 4);	/* with FCS */
	bnx_write(nic, TRANSMIT_MAC_LENGTHS, TX_LENGTHS_DEFAULT);
	bnx_write(nic, RX_RULES_CONFIG, RX_RULES_DEFAULT_CLASS_1);
	bnx_write(nic, RX_LIST_PLACEMENT_CONFIG, RLP_CONFIG_DEFAULT);
	bnx_write(nic, RX_LIST_PLACEMENT_STATS_ENABLE,
		  RLP_STATS_ALL & ~(uint32_t)RLP_STATS_DACK_FIX);
	bnx_write(nic, RX_LIST_PLACEMENT_STATS_CONTROL, 1);
	bnx_write(nic, SEND_DATA_STATS_ENABLE, RLP_STATS_ALL);
	bnx_write(nic, SEND_DATA_STATS_CONTROL,
		  SDI_STATS_ENABLE | SDI_STATS_FASTER_UPDATE);
	bnx_write(nic, HOST_COALESCING_MODE, 0);
	r = bnx_wait(nic, HOST_COALESCING_MODE, HC_MODE_ENABLE, 0,
		     ENABLE_TIMEOUT_US, "host coalescing off");
	if (r)
		return r;
	bnx_coalescing_apply(nic);
	bnx_write(nic, HOST_COALESCING_MODE, BNX_COALESCING_MODE);
	return 0;
}

static void enable_blocks(struct bnx *nic)
{
	const uint32_t on = BLOCK_ENABLE, attn = BLOCK_ENABLE | BLOCK_ATTENTION;
	uint32_t dma = BLOCK_ENABLE | DMA_MODE_ATTENTIONS;
	uint32_t lso = READ_DMA_FIFO_LONG_BURST | READ_DMA_IPV4_LSO;

	if (nic->chip->class_57765)
		lso |= READ_DMA_IPV6_LSO;
	bnx_write(nic, RX_BD_COMPLETION_MODE, attn);
	bnx_write(nic, RX_LIST_PLACEMENT_MODE, on);
	nic->mac_mode = MAC_MODE_TDE_ENABLE | MAC_MODE_RDE_ENABLE |
			MAC_MODE_FHDE_ENABLE | MAC_MODE_RX_STATS_ENABLE |
			MAC_MODE_TX_STATS_ENABLE | MAC_MODE_PORT_GMII;
	bnx_write(nic, ETHERNET_MAC_MODE, nic->mac_mode |
		  MAC_MODE_RX_STATS_CLEAR | MAC_MODE_TX_STATS_CLEAR);
	udelay(40);
	nic->local_control = GRC_INTERRUPT_ON_ATTENTION | GRC_AUTO_SEEPROM;
	bnx_write(nic, MISC_LOCAL_CONTROL, nic->local_control);
	bnx_write(nic, WRITE_DMA_MODE, dma | WRITE_DMA_STATUS_TAG_FIX);
	bnx_write(nic, READ_DMA_MODE, dma | lso);
	bnx_write(nic, RX_DATA_COMPLETION_MODE, attn);
	bnx_write(nic, SEND_DATA_COMPLETION_MODE, on);
	bnx_write(nic, SEND_BD_COMPLETION_MODE, attn);
	bnx_write(nic, RX_BD_INITIATOR_MODE, attn);
	bnx_write(nic, RX_DATA_BD_INITIATOR_MODE,
		  RDI_MODE_ENABLE | RDI_MODE_INVALID_RING_SIZE);
	bnx_write(nic, SEND_DATA_INITIATOR_MODE,
		  SDI_MODE_ENABLE | SDI_MODE_HARDWARE_LSO);
	bnx_write(nic, SEND_BD_INITIATOR_MODE, attn);
	bnx_write(nic, SEND_BD_SELECTOR_MODE, attn);
	bnx_write(nic, TRANSMIT_MAC_MODE,
		  TX_MODE_ENABLE | TX_MODE_MBUF_LOCKUP_FIX);
}

int bnx_bring_up(struct bnx *nic)
{
	int r;

	/* a tag that stays in the frame reaches the guest, who has no
	 * offload for it */
	nic->rx_mode = RX_MODE_KEEP_VLAN_TAG | RX_MODE_IPV6_CHECKSUM;
	set_modes(nic);
	r = start_buffer_manager(nic);
	if (r)
		return r;
	set_rings(nic);
	r = set_mac_and_coalescing(nic);
	if (r)
		return r;
	enable_blocks(nic);
	for (unsigned int i = 0; i < RX_RULES; i++)
		bnx_write(nic, RX_RULE_CONTROL(i), 0);
	bnx_write(nic, LOW_WATERMARK_MAX_RX_FRAME,
		  nic->chip->class_57765 ? 1 : 2);
	bnx_write(nic, MI_MODE, MI_MODE_CLOCK);
	bnx_write(nic, MI_STATUS, MI_STATUS_LINK);
	bnx_write(nic, ETHERNET_MAC_STATUS, MAC_STATUS_LINK_CHANGED |
		  MAC_STATUS_SYNC_CHANGED | MAC_STATUS_CONFIG_CHANGED |
		  MAC_STATUS_MI_COMPLETION);
	r = bnx_phy_start(nic);
	if (r)
		return r;
	bnx_write(nic, MAC_EVENT_ENABLE, MAC_EVENT_LINK_CHANGED);
	return 0;
}

void bnx_enable(struct bnx *nic)
{
	spin_lock(&nic->lock);
	/* the guest may have asked for the other kind during the reset */
	bnx_write(nic, MSI_MODE, nic->intx ? 0 : MSI_MODE_ENABLE);
	pci_config_write(nic->pci, PCI_COMMAND, 2, nic->command);
	bnx_msi_restore(nic);
	nic->running = true;
	nic->rx_mode |= RX_MODE_ENABLE;
	bnx_filter_apply(nic);
	bnx_rx_post(nic);
	bnx_interrupt_enable(nic);
	spin_unlock(&nic->lock);
}

void bnx_stop(struct bnx *nic)
{
	spin_lock(&nic->lock);
	spin_lock(&nic->tx.lock);
	nic->running = false;
	spin_unlock(&nic->tx.lock);
	spin_unlock(&nic->lock);
}
