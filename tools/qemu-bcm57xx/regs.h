/* SPDX-License-Identifier: MIT */
/*
 * Registers and descriptors of the BCM5722, named as Broadcom's programmer's
 * guide (5722-PG101-R) names them, as far as the bench NIC acts on them.
 * Offsets are within BAR0 unless they say CFG (PCI configuration space, which
 * BAR0 mirrors at 000-0FF) or SRAM (the NIC's internal memory). Everything is
 * a little-endian dword.
 */
#ifndef QEMU_BCM57XX_REGS_H
#define QEMU_BCM57XX_REGS_H

#define BIT32(n)			(1u << (n))

/* Device-specific configuration space */
#define CFG_PM				0x48
#define CFG_VPD				0x50
#define CFG_VENDOR			0x58
#define CFG_VENDOR_LEN			0x78
#define CFG_PCIE			0xd0
#define CFG_MSI				0xe8

#define CFG_MISC_HOST_CTRL		0x68
#define   MHC_CLEAR_INTA		BIT32(0)
#define   MHC_MASK_INT			BIT32(1)
#define   MHC_WORD_SWAP			BIT32(3)
#define   MHC_INDIRECT_ACCESS		BIT32(7)
#define   MHC_TAGGED_STATUS		BIT32(9)
#define   MHC_CHIP_REV			0xa2000000u
#define CFG_DMA_RW_CTRL			0x6c
#define CFG_PCI_STATE			0x70
#define   PCI_STATE_INT_NOT_ACTIVE	BIT32(1)
#define   PCI_STATE_CONVENTIONAL	BIT32(2)
#define CFG_CLOCK_CTRL			0x74
#define CFG_REG_BASE			0x78
#define CFG_MEM_WINDOW_BASE		0x7c
#define CFG_REG_DATA			0x80
#define CFG_MEM_WINDOW_DATA		0x84
#define CFG_MISC_LOCAL_CTRL		0x90
#define CFG_UNDI_STD_PROD		0x9c
#define CFG_UNDI_RET_CONS		0xa4
#define CFG_UNDI_SEND_PROD		0xac
#define CFG_DEVICE_FIRST		0x64
#define CFG_DEVICE_LAST			0xbf

/* Mailboxes: 64 bits each, the low dword at +4; 5800-59FF is an alias */
#define MBOX_FIRST			0x200
#define MBOX_LAST			0x3ff
#define MBOX_ALIAS			0x5800
#define MBOX_INTERRUPT			0x204
#define   MBOX_IN_ISR			0x00ffffffu
#define   MBOX_TAG_SHIFT		24
#define MBOX_STD_PROD			0x26c
#define MBOX_RET_CONS			0x284
#define MBOX_SEND_PROD			0x304

/* Ethernet MAC */
#define MAC_MODE			0x400
#define   MAC_MODE_RESET		BIT32(0)
#define   MAC_MODE_HALF_DUPLEX		BIT32(1)
#define   MAC_MODE_PORT_MASK		0x0000000cu
#define   MAC_MODE_PORT_MII		0x00000004u
#define   MAC_MODE_PORT_GMII		0x00000008u
#define   MAC_MODE_LOOPBACK		BIT32(4)
#define   MAC_MODE_RX_STATS_CLEAR	BIT32(12)
#define   MAC_MODE_TX_STATS_CLEAR	BIT32(15)
#define   MAC_MODE_TDE			BIT32(21)
#define   MAC_MODE_RDE			BIT32(22)
#define   MAC_MODE_FHDE			BIT32(23)
#define MAC_STATUS			0x404
#define   MAC_STATUS_LINK_CHANGED	BIT32(12)
#define   MAC_STATUS_MI_DONE		BIT32(22)
#define   MAC_STATUS_W1C		0x0c401018u
#define MAC_EVENT_ENABLE		0x408
#define MAC_ADDR_HIGH(n)		(0x410 + 8 * (n))
#define MAC_ADDR_LOW(n)			(0x414 + 8 * (n))
#define MAC_ADDRS			4
#define MAC_RX_MTU			0x43c
#define MAC_MI_COM			0x44c
#define   MI_COM_CMD_MASK		(3u << 26)
#define   MI_COM_WRITE			(1u << 26)
#define   MI_COM_READ			(2u << 26)
#define   MI_COM_READ_FAILED		BIT32(28)
#define   MI_COM_BUSY			BIT32(29)
#define MAC_MI_STATUS			0x450
#define   MI_STATUS_LINK		BIT32(0)
#define   MI_STATUS_10MBPS		BIT32(1)
#define MAC_MI_MODE			0x454
#define TX_MODE				0x45c
#define   TX_MODE_ENABLE		BIT32(1)
#define   TX_MODE_FLOW_CTRL		BIT32(4)
#define TX_STATUS			0x460
#define   TX_STATUS_LINK_UP		BIT32(3)
#define RX_MODE				0x468
#define   RX_MODE_ENABLE		BIT32(1)
#define   RX_MODE_OVERSIZED		BIT32(5)
#define   RX_MODE_PROMISCUOUS		BIT32(8)
#define   RX_MODE_KEEP_VLAN		BIT32(10)
#define   RX_MODE_IPV6_CSUM		BIT32(24)
#define MAC_HASH(n)			(0x470 + 4 * (n))

/* Statistics counters, clear on read */
#define STAT_FIRST			0x800
#define STAT_LAST			0x8bf
#define STAT_TX_OCTETS			0x800
#define STAT_TX_UNICAST			0x86c
#define STAT_TX_MULTICAST		0x870
#define STAT_TX_BROADCAST		0x874
#define STAT_RX_FIRST			0x880
#define STAT_RX_OCTETS			0x880
#define STAT_RX_UNICAST			0x88c
#define STAT_RX_MULTICAST		0x890
#define STAT_RX_BROADCAST		0x894
#define STAT_RX_TOO_LONG		0x8b0
#define STAT_RX_UNDERSIZE		0x8b8
#define STAT_NO_RX_BD			0x224c
#define STAT_IN_DISCARDS		0x2250
#define STAT_IN_ERRORS			0x2254

/* Blocks of the send and receive paths; bit 0 reset, bit 1 enable each */
#define BLOCK_RESET			BIT32(0)
#define BLOCK_ENABLE			BIT32(1)
#define SEND_DATA_INIT_MODE		0x0c00
#define   SEND_DATA_LSO			BIT32(3)
#define SEND_DATA_COMP_MODE		0x1000
#define SEND_BD_SELECT_MODE		0x1400
#define SEND_BD_INIT_MODE		0x1800
#define SEND_BD_COMP_MODE		0x1c00
#define RX_LIST_PLACE_MODE		0x2000
#define RX_DATA_BD_INIT_MODE		0x2400
#define RX_JUMBO_RCB			0x2440
#define RX_STD_RCB			0x2450
#define RX_STD_CONS			0x2474
#define RX_RET_PROD			0x2480
#define RX_DATA_COMP_MODE		0x2800
#define RX_BD_INIT_MODE			0x2c00
#define RX_STD_THRESHOLD		0x2c18
#define RX_BD_COMP_MODE			0x3000

/* Host coalescing */
#define HC_MODE				0x3c00
#define   HC_COALESCE_NOW		BIT32(3)
#define   HC_CLEAR_TICKS_RX		BIT32(9)
#define   HC_CLEAR_TICKS_TX		BIT32(10)
#define   HC_NO_INT_ON_NOW		BIT32(11)
#define   HC_NO_INT_ON_FORCE		BIT32(12)
#define HC_RX_TICKS			0x3c08
#define HC_TX_TICKS			0x3c0c
#define HC_RX_MAX			0x3c10
#define HC_TX_MAX			0x3c14
#define HC_RX_MAX_INT			0x3c20
#define HC_TX_MAX_INT			0x3c24
#define HC_STATUS_HIGH			0x3c38
#define HC_STATUS_LOW			0x3c3c
#define HC_STATS_NIC_ADDR		0x3c40
#define HC_STATUS_NIC_ADDR		0x3c44
#define HC_FLOW_ATTENTION		0x3c48
#define HC_STD_CONS			0x3c54
#define HC_RET_PROD			0x3c80
#define HC_SEND_CONS			0x3cc0

/* Memory, DMA, RX RISC, FTQ */
#define MEM_ARBITER_MODE		0x4000
#define BUFFER_MANAGER_MODE		0x4400
#define READ_DMA_MODE			0x4800
#define   READ_DMA_IPV4_LSO		BIT32(27)
#define   READ_DMA_IPV6_LSO		BIT32(28)
#define READ_DMA_STATUS			0x4804
#define WRITE_DMA_MODE			0x4c00
#define WRITE_DMA_STATUS		0x4c04
#define RX_RISC_STATE			0x5004
#define FTQ_RESET			0x5c00

/* MSI and general control */
#define MSI_MODE			0x6000
#define   MSI_MODE_ENABLE		BIT32(1)
#define MSI_STATUS			0x6004
#define MODE_CTRL			0x6800
#define   MODE_BYTE_SWAP_BD		BIT32(1)
#define   MODE_SWAP_MASK		0x00000036u
#define   MODE_SWAP_LITTLE_ENDIAN	0x00000034u
#define   MODE_HOST_STACK_UP		BIT32(16)
#define   MODE_HOST_SEND_BDS		BIT32(17)
#define   MODE_NO_TX_PSEUDO		BIT32(20)
#define   MODE_NVRAM_WRITE		BIT32(21)
#define   MODE_NO_RX_PSEUDO		BIT32(23)
#define   MODE_INT_ON_MAC_ATTN		BIT32(26)
#define MISC_CONFIG			0x6804
#define   MISC_CONFIG_RESET		BIT32(0)
#define MISC_LOCAL_CTRL			0x6808
#define   MLC_INT_ACTIVE		BIT32(0)
#define   MLC_CLEAR_INT			BIT32(1)
#define   MLC_SET_INT			BIT32(2)
#define   MLC_AUTO_SEEPROM		BIT32(24)
#define GRC_TIMER			0x680c
#define RX_CPU_EVENT			0x6810
#define EEPROM_ADDR			0x6838
#define   EEPROM_START			BIT32(25)
#define   EEPROM_RESET			BIT32(29)
#define   EEPROM_COMPLETE		BIT32(30)
#define EEPROM_DATA			0x683c

/* NVRAM interface */
#define NVM_FIRST			0x7000
#define NVM_LAST			0x702b
#define NVM_COMMAND			0x7000
#define   NVM_DONE			BIT32(3)
#define   NVM_GO			BIT32(4)
#define   NVM_WRITE			BIT32(5)
#define   NVM_ERASE			BIT32(6)
#define NVM_WRITE_DATA			0x7008
#define NVM_ADDRESS			0x700c
#define NVM_READ_DATA			0x7010
#define NVM_CONFIG1			0x7014
#define   NVM_CONFIG1_M45PE10		0x02400000u
#define NVM_SW_ARBITRATION		0x7020
#define NVM_ACCESS			0x7024
#define   NVM_ACCESS_ENABLE		BIT32(0)
#define   NVM_ACCESS_WRITE		BIT32(1)

/* PCIe transaction layer */
#define PCIE_TRANSACTION_CFG		0x7c04
#define   PCIE_ONE_SHOT_MSI		BIT32(29)

#define SRAM_WINDOW			0x8000
#define SRAM_WINDOW_SIZE		0x8000

/* NIC SRAM */
#define SRAM_SIZE			0x40000
#define SRAM_SEND_RCB			0x100
#define SRAM_RETURN_RCB			0x200
#define SRAM_FW_MAILBOX			0xb50
#define   FW_MAGIC			0x4b657654u
#define SRAM_SIGNATURE			0xb54
#define SRAM_NIC_CONFIG			0xb58
#define   NIC_CONFIG_COPPER		0x10u
#define SRAM_PHY_ID			0xb74
#define SRAM_FW_ASF_STATUS		0xc00
#define SRAM_MAC_HIGH			0xc14
#define   MAC_MAILBOX_SIGNATURE		0x484b0000u
#define SRAM_MAC_LOW			0xc18

/* Ring control block: address high, address low, this, NIC address */
#define RCB_LEN_SHIFT			16
#define RCB_DISABLED			BIT32(1)

#define RING_ENTRIES			512

/* Send buffer descriptor */
#define SEND_BD_SIZE			16
#define SEND_L4_CSUM			BIT32(0)
#define SEND_IP_CSUM			BIT32(1)
#define SEND_END			BIT32(2)
#define SEND_VLAN			BIT32(6)
#define SEND_COALESCE_NOW		BIT32(7)
#define SEND_CPU_PRE_DMA		BIT32(8)
#define SEND_CPU_POST_DMA		BIT32(9)
#define SEND_LSO			(SEND_CPU_PRE_DMA | SEND_CPU_POST_DMA)
#define SEND_KNOWN			(SEND_L4_CSUM | SEND_IP_CSUM | \
					 SEND_END | SEND_VLAN | \
					 SEND_COALESCE_NOW | SEND_LSO)
#define SEND_MSS_MASK			0x07ffu
#define SEND_HDR_SHIFT			9

/* Receive producer and return buffer descriptors */
#define RX_BD_SIZE			32
#define RX_END				BIT32(2)
#define RX_VLAN				BIT32(6)
#define RX_ERROR			BIT32(10)
#define RX_IP_CSUM			BIT32(12)
#define RX_L4_CSUM			BIT32(13)
#define RX_TCP				BIT32(14)
#define RX_IPV6				BIT32(15)

/* Status block */
#define STATUS_SIZE			32
#define STATUS_UPDATED			BIT32(0)
#define STATUS_LINK			BIT32(1)

/* MII registers of the internal PHY, at address 1 */
#define PHY_ADDRESS			1
#define MII_BMCR			0x00
#define   BMCR_SPEED_1000		BIT32(6)
#define   BMCR_DUPLEX			BIT32(8)
#define   BMCR_AN_RESTART		BIT32(9)
#define   BMCR_ISOLATE			BIT32(10)
#define   BMCR_POWER_DOWN		BIT32(11)
#define   BMCR_AN_ENABLE		BIT32(12)
#define   BMCR_SPEED_100		BIT32(13)
#define   BMCR_LOOPBACK			BIT32(14)
#define   BMCR_RESET			BIT32(15)
#define MII_BMSR			0x01
#define   BMSR_BASE			0x7949u
#define   BMSR_LINK			BIT32(2)
#define   BMSR_AN_DONE			BIT32(5)
#define MII_ID1				0x02
#define MII_ID2				0x03
#define MII_ADVERTISE			0x04
#define MII_PARTNER			0x05
#define MII_EXPANSION			0x06
#define MII_CTRL1000			0x09
#define MII_STAT1000			0x0a
#define MII_EXT_STATUS			0x0f
#define MII_PHY_EXT_STATUS		0x11
#define   PHY_EXT_STATUS_LINK		BIT32(8)
#define MII_RX_ERRORS			0x14
#define MII_DSP_CONTROL			0x16
#define   DSP_MACRO_BUSY		BIT32(12)
#define MII_AUX_CTRL			0x18
#define MII_AUX_STATUS			0x19
#define   AUX_STATUS_LINK		BIT32(2)
#define   AUX_STATUS_AN_DONE		BIT32(15)
#define MII_INT_STATUS			0x1a
#define   MII_INT_LINK			BIT32(1)
#define MII_SHADOW			0x1c
#define   SHADOW_WRITE			BIT32(15)

#endif
