/* SPDX-License-Identifier: MIT */
/*
 * Registers, NIC memory and descriptors of the BCM57xx family, with the names
 * of the BCM5722 programmer's guide (5722-PG101-R). Offsets are from BAR0;
 * 0x00 to 0xff mirror the configuration space. All are 32 bits wide.
 */
#ifndef BNX_REGS_H
#define BNX_REGS_H

#include <stddef.h>
#include <stdint.h>
#include <tandem/types.h>

#define BNX_BAR_SIZE			0x10000u

/* ---- PCI configuration space of the device's own ---- */
#define MISC_HOST_CONTROL		0x68
#define   MHC_CLEAR_INTA		BIT(0)
#define   MHC_MASK_PCI_INTERRUPT	BIT(1)
#define   MHC_ENDIAN_WORD_SWAP		BIT(3)
#define   MHC_PCI_STATE_RW		BIT(4)
#define   MHC_INDIRECT_ACCESS		BIT(7)
#define   MHC_TAGGED_STATUS		BIT(9)
#define   MHC_CHIP_ID(v)		((v) >> 16)
#define   MHC_CHIP_ID_ELSEWHERE		0xf	/* bits 31:28: see PRODUCT_ID */
#define DMA_READ_WRITE_CONTROL		0x6c
#define   DMA_RW_PCIE			0x76180000u
#define   DMA_RW_NO_CACHE_ALIGN		BIT(0)	/* 57765 class */
#define PCI_STATE			0x70
#define   PCI_STATE_INT_NOT_ACTIVE	BIT(1)
#define MEMORY_WINDOW_BASE		0x7c
#define MEMORY_WINDOW_DATA		0x84
#define PRODUCT_ID_57765		0xfc

/* ---- mailboxes: the low half of each ---- */
#define INTERRUPT_MAILBOX_0		0x204
#define   INTERRUPT_MAILBOX_IN_ISR	1u
#define   INTERRUPT_MAILBOX_TAG(tag)	((uint32_t)(tag) << 24)
#define RX_STD_PRODUCER_INDEX		0x26c
#define RX_JUMBO_PRODUCER_INDEX		0x274
#define RX_RETURN_CONSUMER_INDEX	0x284
#define SEND_HOST_PRODUCER_INDEX	0x304

/* ---- Ethernet MAC ---- */
#define ETHERNET_MAC_MODE		0x400
#define   MAC_MODE_HALF_DUPLEX		BIT(1)
#define   MAC_MODE_PORT_MASK		(BIT(2) | BIT(3))
#define   MAC_MODE_PORT_MII		BIT(2)
#define   MAC_MODE_PORT_GMII		BIT(3)
#define   MAC_MODE_RX_STATS_ENABLE	BIT(11)
#define   MAC_MODE_RX_STATS_CLEAR	BIT(12)
#define   MAC_MODE_TX_STATS_ENABLE	BIT(14)
#define   MAC_MODE_TX_STATS_CLEAR	BIT(15)
#define   MAC_MODE_TDE_ENABLE		BIT(21)
#define   MAC_MODE_RDE_ENABLE		BIT(22)
#define   MAC_MODE_FHDE_ENABLE		BIT(23)
#define ETHERNET_MAC_STATUS		0x404
#define   MAC_STATUS_CONFIG_CHANGED	BIT(3)
#define   MAC_STATUS_SYNC_CHANGED	BIT(4)
#define   MAC_STATUS_LINK_CHANGED	BIT(12)
#define   MAC_STATUS_MI_COMPLETION	BIT(22)
#define MAC_EVENT_ENABLE		0x408
#define   MAC_EVENT_LINK_CHANGED	BIT(12)
#define LED_CONTROL			0x40c
#define MAC_ADDRESS_HIGH(n)		(0x410 + 8 * (n))
#define MAC_ADDRESS_LOW(n)		(0x414 + 8 * (n))
#define MAC_ADDRESSES			4
#define TX_RANDOM_BACKOFF		0x438
#define   TX_RANDOM_BACKOFF_MASK	0x3ffu
#define RX_MTU_SIZE			0x43c
#define MI_COMMUNICATION		0x44c
#define   MI_REGISTER(r)		((uint32_t)(r) << 16)
#define   MI_PHY_ADDRESS(a)		((uint32_t)(a) << 21)
#define   MI_WRITE			BIT(26)
#define   MI_READ			BIT(27)
#define   MI_READ_FAILED		BIT(28)
#define   MI_BUSY			BIT(29)
#define MI_STATUS			0x450
#define   MI_STATUS_LINK		BIT(0)
#define MI_MODE				0x454
#define   MI_MODE_AUTO_POLL		BIT(4)
#define   MI_MODE_CLOCK			0xc0000u
#define TRANSMIT_MAC_MODE		0x45c
#define   TX_MODE_ENABLE		BIT(1)
#define   TX_MODE_FLOW_CONTROL		BIT(4)
#define   TX_MODE_MBUF_LOCKUP_FIX	BIT(8)
#define TRANSMIT_MAC_STATUS		0x460
#define   TX_STATUS_LINK_UP		BIT(3)
#define TRANSMIT_MAC_LENGTHS		0x464
#define   TX_LENGTHS_DEFAULT		0x2620u
#define   TX_LENGTHS_1000_HALF		0x26ffu
#define RECEIVE_MAC_MODE		0x468
#define   RX_MODE_ENABLE		BIT(1)
#define   RX_MODE_FLOW_CONTROL		BIT(2)
#define   RX_MODE_PROMISCUOUS		BIT(8)
#define   RX_MODE_KEEP_VLAN_TAG		BIT(10)
#define   RX_MODE_IPV6_CHECKSUM		BIT(24)
#define MAC_HASH(n)			(0x470 + 4 * (n))
#define MAC_HASH_REGISTERS		4
#define RX_RULE_CONTROL(n)		(0x480 + 8 * (n))
#define RX_RULE_VALUE(n)		(0x484 + 8 * (n))
#define RX_RULES			8
#define RX_RULES_CONFIG			0x500
#define   RX_RULES_DEFAULT_CLASS_1	8u
#define LOW_WATERMARK_MAX_RX_FRAME	0x504

/* ---- send blocks ---- */
#define SEND_DATA_INITIATOR_MODE	0x0c00
#define   SDI_MODE_ENABLE		BIT(1)
#define   SDI_MODE_HARDWARE_LSO		BIT(3)
#define SEND_DATA_STATS_CONTROL		0x0c08
#define   SDI_STATS_ENABLE		BIT(0)
#define   SDI_STATS_FASTER_UPDATE	BIT(1)
#define SEND_DATA_STATS_ENABLE		0x0c0c
#define SEND_DATA_COMPLETION_MODE	0x1000
#define SEND_BD_SELECTOR_MODE		0x1400
#define SEND_BD_INITIATOR_MODE		0x1800
#define SEND_BD_COMPLETION_MODE		0x1c00

/* ---- receive blocks ---- */
#define RX_LIST_PLACEMENT_MODE		0x2000
#define RX_LIST_PLACEMENT_CONFIG	0x2010
#define   RLP_CONFIG_DEFAULT		0x181u
#define RX_LIST_PLACEMENT_STATS_CONTROL	0x2014
#define RX_LIST_PLACEMENT_STATS_ENABLE	0x2018
#define   RLP_STATS_ALL			0xffffffu
#define   RLP_STATS_DACK_FIX		BIT(18)
#define NO_RX_BD_COUNT			0x224c
#define RX_DATA_BD_INITIATOR_MODE	0x2400
#define   RDI_MODE_ENABLE		BIT(1)
#define   RDI_MODE_INVALID_RING_SIZE	BIT(4)
#define STD_PRODUCER_RCB		0x2450
#define   RCB_HOST_HIGH			0x0
#define   RCB_HOST_LOW			0x4
#define   RCB_LENGTH_FLAGS		0x8
#define   RCB_NIC_ADDRESS		0xc
#define JUMBO_PRODUCER_RCB		0x2440
#define RX_DATA_COMPLETION_MODE		0x2800
#define RX_BD_INITIATOR_MODE		0x2c00
#define STD_REPLENISH_THRESHOLD		0x2c18
#define STD_RING_WATERMARK		0x2d00
#define RX_BD_COMPLETION_MODE		0x3000

/* every block's Mode register */
#define   BLOCK_RESET			BIT(0)
#define   BLOCK_ENABLE			BIT(1)
#define   BLOCK_ATTENTION		BIT(2)

/* ---- host coalescing ---- */
#define HOST_COALESCING_MODE		0x3c00
#define   HC_MODE_ENABLE		BIT(1)
#define   HC_MODE_COALESCE_NOW		BIT(3)
#define   HC_MODE_STATUS_32_BYTES	BIT(8)
#define   HC_MODE_CLEAR_TICKS_RX	BIT(9)
#define   HC_MODE_CLEAR_TICKS_TX	BIT(10)
#define   HC_MODE_QUIET_COALESCE_NOW	BIT(11)
#define RX_COALESCING_TICKS		0x3c08
#define TX_COALESCING_TICKS		0x3c0c
#define RX_MAX_COALESCED_BDS		0x3c10
#define TX_MAX_COALESCED_BDS		0x3c14
#define RX_MAX_COALESCED_BDS_IN_INT	0x3c20
#define TX_MAX_COALESCED_BDS_IN_INT	0x3c24
#define   COALESCING_TICKS_MAX		1023
#define   COALESCED_BDS_MAX		255
#define STATUS_BLOCK_HOST_HIGH		0x3c38
#define STATUS_BLOCK_HOST_LOW		0x3c3c
#define FLOW_ATTENTION			0x3c48
#define   FLOW_ATTENTION_MBUF_LOW	BIT(6)	/* the only harmless one */

/* ---- memory arbiter, buffer manager, DMA, FTQ ---- */
#define MEMORY_ARBITER_MODE		0x4000
#define BUFFER_MANAGER_MODE		0x4400
#define MBUF_READ_DMA_LOW		0x4410
#define MBUF_MAC_RX_LOW			0x4414
#define MBUF_HIGH			0x4418
#define READ_DMA_MODE			0x4800
#define   DMA_MODE_ATTENTIONS		0x3fcu
#define   READ_DMA_FIFO_LONG_BURST	(BIT(16) | BIT(17))
#define   READ_DMA_IPV4_LSO		BIT(27)
#define   READ_DMA_IPV6_LSO		BIT(28)
#define READ_DMA_STATUS			0x4804
#define WRITE_DMA_MODE			0x4c00
#define   WRITE_DMA_STATUS_TAG_FIX	BIT(29)
#define WRITE_DMA_STATUS		0x4c04
#define FTQ_RESET			0x5c00

/* ---- MSI, GRC, NVRAM, PCIe ---- */
#define MSI_MODE			0x6000
#define   MSI_MODE_ENABLE		BIT(1)
#define   MSI_MODE_ONE_SHOT_DISABLE	BIT(5)	/* 57765 class */
#define MODE_CONTROL			0x6800
#define   GRC_WORD_SWAP_BD		BIT(2)
#define   GRC_BYTE_SWAP_DATA		BIT(4)
#define   GRC_WORD_SWAP_DATA		BIT(5)
#define   GRC_HOST_STACK_UP		BIT(16)
#define   GRC_HOST_SEND_BDS		BIT(17)
#define   GRC_NO_TX_PSEUDO_HEADER	BIT(20)
#define   GRC_INTERRUPT_ON_MAC		BIT(26)
#define MISC_CONFIGURATION		0x6804
#define   GRC_CORE_CLOCK_RESET		BIT(0)
#define   GRC_TIMER_PRESCALER_66MHZ	(65u << 1)
#define   GRC_TIMER_PRESCALER_MASK	0xfeu
#define   GRC_KEEP_GPHY_POWER		BIT(26)
#define   GRC_DISABLE_PCIE_RESET	BIT(29)
#define MISC_LOCAL_CONTROL		0x6808
#define   GRC_CLEAR_INTERRUPT		BIT(1)
#define   GRC_SET_INTERRUPT		BIT(2)
#define   GRC_INTERRUPT_ON_ATTENTION	BIT(3)
#define   GRC_AUTO_SEEPROM		BIT(24)
#define FAST_BOOT_PROGRAM_COUNTER	0x6894
#define NVRAM_ARBITRATION		0x7020
#define   NVRAM_REQUEST_1		BIT(1)
#define   NVRAM_RELEASE_1		BIT(5)
#define   NVRAM_GRANT_1			BIT(9)
#define PCIE_TRANSACTION_CONTROL	0x7c00
#define   PCIE_TL_FIX			BIT(25)
#define PCIE_TRANSACTION_CONFIG		0x7c04
#define   PCIE_ONE_SHOT_MSI		BIT(29)

/* ---- NIC memory, through MEMORY_WINDOW_* ---- */
#define SRAM_SEND_RCB			0x0100
#define SRAM_RETURN_RCB(n)		(0x0200 + 0x10 * (n))
#define SRAM_RETURN_RCBS		4
#define   RCB_RING_DISABLED		BIT(1)
#define SRAM_FIRMWARE_MAILBOX		0x0b50
#define   FIRMWARE_MAGIC		0x4b657654u
#define SRAM_DRIVER_STATE		0x0c04
#define   DRIVER_STATE_START		1u
#define   DRIVER_STATE_UNLOAD		2u
#define SRAM_MAC_HIGH			0x0c14
#define   SRAM_MAC_SIGNATURE		0x484bu
#define SRAM_MAC_LOW			0x0c18
#define SRAM_STD_RX_BDS			0x6000

/* ---- descriptors: little-endian dwords ---- */

struct send_bd {
	uint32_t address_high, address_low;
	uint16_t flags, length;
	uint16_t vlan, mss;
};
_Static_assert(sizeof(struct send_bd) == 16, "send BD");
_Static_assert(offsetof(struct send_bd, length) == 10, "send BD length");
_Static_assert(offsetof(struct send_bd, mss) == 14, "send BD MSS");

#define SEND_BD_TCP_UDP_CSUM		BIT(0)
#define SEND_BD_IP_CSUM			BIT(1)
#define SEND_BD_END			BIT(2)
#define SEND_BD_VLAN			BIT(6)
#define SEND_BD_COALESCE_NOW		BIT(7)
#define SEND_BD_CPU_PRE_DMA		BIT(8)
#define SEND_BD_CPU_POST_DMA		BIT(9)

struct rx_bd {
	uint32_t address_high, address_low;
	uint16_t length, index;
	uint16_t flags, type;
	uint16_t tcp_udp_csum, ip_csum;
	uint16_t vlan, errors;
	uint32_t rss_hash;
	uint32_t opaque;
};
_Static_assert(sizeof(struct rx_bd) == 32, "receive BD");
_Static_assert(offsetof(struct rx_bd, index) == 10, "receive BD index");
_Static_assert(offsetof(struct rx_bd, flags) == 12, "receive BD flags");
_Static_assert(offsetof(struct rx_bd, errors) == 22, "receive BD errors");
_Static_assert(offsetof(struct rx_bd, opaque) == 28, "receive BD opaque");

#define RX_BD_END			BIT(2)
#define RX_BD_ERROR			BIT(10)
#define RX_BD_IP_CSUM			BIT(12)
#define RX_BD_TCP_UDP_CSUM		BIT(13)
#define RX_BD_IPV6			BIT(15)
#define RX_BD_CSUM_GOOD			0xffffu

struct status_block {
	uint32_t status;
	uint32_t tag;
	uint16_t jumbo_consumer, std_consumer;
	uint16_t mini_consumer, reserved;
	uint16_t return_producer, send_consumer;
	uint32_t rest[3];
};
_Static_assert(sizeof(struct status_block) == 32, "status block");
_Static_assert(offsetof(struct status_block, std_consumer) == 0x0a, "std");
_Static_assert(offsetof(struct status_block, return_producer) == 0x10, "rx");
_Static_assert(offsetof(struct status_block, send_consumer) == 0x12, "send");

#define STATUS_UPDATED			BIT(0)
#define STATUS_LINK_CHANGED		BIT(1)
#define STATUS_ERROR			BIT(2)
#define STATUS_TAG(v)			((v) & 0xff)

/* ---- PHY registers (IEEE 802.3 clause 22, and Broadcom's own) ---- */
#define PHY_ADDRESS			1
#define MII_BMCR			0x00
#define   BMCR_SPEED_1000		BIT(6)
#define   BMCR_FULL_DUPLEX		BIT(8)
#define   BMCR_RESTART_AN		BIT(9)
#define   BMCR_POWER_DOWN		BIT(11)
#define   BMCR_AN_ENABLE		BIT(12)
#define   BMCR_LOOPBACK			BIT(14)
#define   BMCR_RESET			BIT(15)
#define MII_BMSR			0x01
#define   BMSR_LINK			BIT(2)
#define   BMSR_AN_COMPLETE		BIT(5)
#define MII_ID1				0x02
#define MII_ID2				0x03
#define MII_ADVERTISE			0x04
#define   ADVERTISE_802_3		0x0001u
#define   ADVERTISE_10_100_ALL		0x01e0u
#define   ADVERTISE_PAUSE		BIT(10)
#define   ADVERTISE_PAUSE_ASYM		BIT(11)
#define MII_PARTNER			0x05
#define MII_1000T_CONTROL		0x09
#define   ADVERTISE_1000_HALF		BIT(8)
#define   ADVERTISE_1000_FULL		BIT(9)
#define MII_DSP_PORT			0x15
#define MII_DSP_ADDRESS			0x17
#define MII_AUX_CONTROL			0x18
#define   AUX_SHADOW_MISC		7u
#define   AUX_SHADOW_READ(n)		((uint32_t)(n) << 12)
#define   AUX_SMDSP_ENABLE		BIT(11)
#define   AUX_TX_6DB			BIT(10)
#define MII_AUX_STATUS			0x19
#define   AUX_STATUS_HCD(v)		((v) >> 8 & 7)

#endif
