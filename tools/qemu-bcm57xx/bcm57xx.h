/* SPDX-License-Identifier: MIT */
/*
 * The bench NIC: a model of Broadcom's BCM5722 Gigabit Ethernet controller
 * (14e4:165a) as a device that a plugin adds to QEMU 7.2. This header holds
 * its state and what its parts offer one another. All of it runs with QEMU's
 * global lock held.
 */
#ifndef QEMU_BCM57XX_H
#define QEMU_BCM57XX_H

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "hw/pci/pci.h"
#include "net/net.h"
#include "regs.h"

#define TYPE_BCM5722	"bcm5722"
OBJECT_DECLARE_SIMPLE_TYPE(BcmNic, BCM5722)

#define NVRAM_SIZE	(128 * 1024)

/* A ring as its control block describes it. */
struct bcm_ring {
	uint64_t base;
	unsigned int entries;	/* 0: not usable */
};

/* What a test can read; each is also a property "c-" + name. */
#define BCM_COUNTERS(X)							\
	X(tx)			/* frames sent */			\
	X(tx_bytes)		/* ... their bytes, without FCS */	\
	X(tx_packets)		/* packets taken from the send ring */	\
	X(tx_bds)		/* ... their BDs */			\
	X(tso)			/* packets that were segmented */	\
	X(tso_segments)		/* frames made from them */		\
	X(csum)			/* frames with a TCP/UDP sum inserted */ \
	X(ip_csum)		/* frames with an IPv4 header sum */	\
	X(vlan_insert)							\
	X(vlan_strip)							\
	X(rx)			/* frames given to the host */		\
	X(rx_bytes)		/* ... their bytes, without FCS */	\
	X(rx_csum)		/* ... with a valid TCP/UDP sum */	\
	X(drop)			/* all of the following drops */	\
	X(drop_rx_off)		/* receiver not enabled */		\
	X(drop_rx_link)		/* no link */				\
	X(drop_rx_filter)	/* not for this station */		\
	X(drop_rx_length)	/* shorter or longer than allowed */	\
	X(drop_rx_no_bd)	/* no free receive BD */		\
	X(drop_rx_ring_full)	/* return ring full */			\
	X(drop_rx_dma)		/* buffer too short or not reachable */	\
	X(drop_tx_link)		/* no link or wrong port mode */	\
	X(drop_tx_bad)		/* broken packet on the send ring */	\
	X(rx_held)		/* times that frames had to wait */	\
	X(status)		/* status blocks written */		\
	X(intx)			/* INTA# assertions */			\
	X(msi)			/* messages sent */			\
	X(link_changes)							\
	X(resets)		/* core resets */			\
	X(reg_read)		/* BAR0 reads by the processor */	\
	X(reg_write)		/* BAR0 writes by the processor */	\
	X(mbox_write)		/* ... mailboxes among them */		\
	X(violations)		/* of rules, see strict.c */

struct bcm_counters {
#define X(name) uint64_t name;
	BCM_COUNTERS(X)
#undef X
};

/* Rules that strict mode watches; strict.c has their names and meaning. */
#define BCM_RULES(X)							\
	X(REG_SIZE, "reg-size")						\
	X(REG_BUSY, "reg-busy")						\
	X(RESET_WAIT, "reset-wait")					\
	X(MBOX_HIGH, "mbox-high")					\
	X(SWAP_MODE, "swap-mode")					\
	X(MEM_ARBITER, "mem-arbiter")					\
	X(MI_BUSY, "mi-busy")						\
	X(NVRAM_LOCK, "nvram-lock")					\
	X(RING_ALIGN, "ring-align")					\
	X(RING_DISABLED, "ring-disabled")				\
	X(STATUS_ALIGN, "status-align")					\
	X(DMA_4G, "dma-4g")						\
	X(DMA_RAM, "dma-ram")						\
	X(TX_INDEX, "tx-index")						\
	X(TX_OVERRUN, "tx-overrun")					\
	X(TX_FRAGMENT, "tx-fragment")					\
	X(TX_NO_END, "tx-no-end")					\
	X(TX_LENGTH, "tx-length")					\
	X(TX_FLAGS, "tx-flags")						\
	X(TX_CSUM, "tx-csum")						\
	X(TX_LSO, "tx-lso")						\
	X(TX_PORT, "tx-port")						\
	X(STD_INDEX, "std-index")					\
	X(STD_OVERRUN, "std-overrun")					\
	X(STD_POST, "std-post")						\
	X(STD_BUFFER, "std-buffer")					\
	X(RET_INDEX, "ret-index")

enum bcm_rule {
#define X(id, name) RULE_##id,
	BCM_RULES(X)
#undef X
	RULES
};

struct BcmNic {
	PCIDevice parent_obj;
	MemoryRegion bar0;
	NICState *nic;
	NICConf conf;

	/* Properties set once */
	uint32_t device_id;
	uint32_t link_delay_ms;
	bool strict;

	/* Injected faults, set at run time */
	bool fault_tx_stop;
	bool fault_tx_hang;
	bool reset_stuck;
	bool no_status_dma;

	/* Registers 0000-7FFF; mailboxes are kept in 0200-03FF alone */
	uint32_t reg[SRAM_WINDOW / 4];
	uint32_t misc_host_ctrl;	/* low 16 bits of CFG_MISC_HOST_CTRL */
	uint8_t sram[SRAM_SIZE];
	uint8_t nvram[NVRAM_SIZE];
	int64_t reset_time;		/* ns, 0: long ago */
	bool held_in_reset;		/* by the fault reset-stuck */

	/* PHY */
	uint16_t mii[32];
	uint16_t aux_shadow[8];
	uint16_t misc_shadow[32];
	bool link;			/* as the MAC sees it */
	bool link_latched_low;
	bool negotiating;
	unsigned int speed;		/* 10, 100, 1000 when link is up */
	bool full_duplex;
	QEMUTimer *link_timer;
	int64_t mi_busy_until;

	/* Send side */
	struct bcm_ring send_ring;
	uint32_t send_cons;
	unsigned int tx_waiting;	/* frames that the network queued */
	bool tx_running;
	QEMUBH *tx_bh;
	uint8_t *tx_packet;		/* one gathered packet */

	/* Receive side */
	struct bcm_ring std_ring, return_ring;
	uint32_t std_cons, return_prod;
	uint8_t bd_cache[32][RX_BD_SIZE];
	uint32_t bd_cached, bd_next;	/* cached BDs, next of them to use */
	bool rx_holding;

	/* Status block, coalescing and interrupts */
	QEMUTimer *coalesce_timer;
	uint32_t rx_events, tx_events;	/* since the last status update */
	int64_t rx_due, tx_due;		/* tick rule's deadline, 0: none */
	int64_t last_update;
	uint8_t tag;
	bool pending;
	bool msi_due, msi_inhibit;
	bool intx;

	struct bcm_counters count;
	uint64_t violations[RULES];
};

static inline uint32_t bcm_reg(const BcmNic *nic, uint32_t offset)
{
	return nic->reg[offset / 4];
}

static inline void bcm_set(BcmNic *nic, uint32_t offset, uint32_t value)
{
	nic->reg[offset / 4] = value;
}

/* A host address as descriptors and control blocks hold it: high, low. */
static inline uint64_t bcm_address(const uint8_t *dwords)
{
	return (uint64_t)(uint32_t)ldl_le_p(dwords) << 32 |
		(uint32_t)ldl_le_p(dwords + 4);
}

static inline bool bcm_enabled(const BcmNic *nic, uint32_t block)
{
	return bcm_reg(nic, block) & BLOCK_ENABLE;
}

static inline bool bcm_bus_master(BcmNic *nic)
{
	return pci_get_word(PCI_DEVICE(nic)->config + PCI_COMMAND) &
		PCI_COMMAND_MASTER;
}

/* registers.c: BAR0, whatever path an access takes */
uint32_t bcm_read(BcmNic *nic, uint32_t offset);
void bcm_write(BcmNic *nic, uint32_t offset, uint32_t value);
void bcm_registers_reset(BcmNic *nic);
void bcm_core_reset(BcmNic *nic);
extern const MemoryRegionOps bcm_bar0_ops;

/* config.c: configuration space and its mirror */
void bcm_config_init(BcmNic *nic, Error **errp);
void bcm_config_reset(BcmNic *nic);
uint32_t bcm_config_read(PCIDevice *dev, uint32_t addr, int len);
void bcm_config_write(PCIDevice *dev, uint32_t addr, uint32_t value, int len);

/* sram.c */
uint32_t bcm_sram_read(BcmNic *nic, uint32_t addr);
void bcm_sram_write(BcmNic *nic, uint32_t addr, uint32_t value);
void bcm_sram_boot(BcmNic *nic);
struct bcm_ring bcm_sram_ring(BcmNic *nic, uint32_t addr);

/* mailbox.c */
uint32_t bcm_mailbox_read(BcmNic *nic, uint32_t offset);
void bcm_mailbox_write(BcmNic *nic, uint32_t offset, uint32_t value);

/* interrupt.c: pending state, INTA#, MSI */
void bcm_interrupt_raise(BcmNic *nic);
void bcm_interrupt_clear(BcmNic *nic);
void bcm_interrupt_mailbox(BcmNic *nic, uint32_t value);
void bcm_interrupt_update(BcmNic *nic);

/* coalesce.c: when the status block is written */
void bcm_coalesce_init(BcmNic *nic);
void bcm_coalesce_rx(BcmNic *nic);
void bcm_coalesce_tx(BcmNic *nic, uint32_t bds);
void bcm_coalesce_mode(BcmNic *nic, uint32_t value);
void bcm_coalesce_check(BcmNic *nic);
void bcm_status_update(BcmNic *nic, bool interrupt);
void bcm_link_attention(BcmNic *nic);

/* tx.c */
void bcm_tx_init(BcmNic *nic);
void bcm_tx_kick(BcmNic *nic);
void bcm_send_frame(BcmNic *nic, const uint8_t *frame, size_t len);

/* offload.c: checksums and segmentation */
bool bcm_insert_checksums(BcmNic *nic, uint8_t *frame, size_t len,
			  uint32_t flags);
bool bcm_segment(BcmNic *nic, uint8_t *packet, size_t len, uint32_t mss_field);
uint32_t bcm_verify_checksums(BcmNic *nic, const uint8_t *frame, size_t len,
			      uint32_t *sums);

/* rx.c */
bool bcm_can_receive(NetClientState *nc);
ssize_t bcm_receive(NetClientState *nc, const uint8_t *frame, size_t len);
void bcm_rx_loopback(BcmNic *nic, const uint8_t *frame, size_t len);
void bcm_rx_kick(BcmNic *nic);

/* phy.c */
void bcm_phy_init(BcmNic *nic);
void bcm_phy_power_on(BcmNic *nic);
void bcm_phy_cable(NetClientState *nc);
void bcm_mi_command(BcmNic *nic, uint32_t value);
uint32_t bcm_mi_read(BcmNic *nic);
void bcm_phy_reflect(BcmNic *nic);
bool bcm_phy_loopback(const BcmNic *nic);

/* nvram.c */
void bcm_nvram_init(BcmNic *nic);
uint32_t bcm_nvram_read_reg(BcmNic *nic, uint32_t offset);
void bcm_nvram_write_reg(BcmNic *nic, uint32_t offset, uint32_t value);
void bcm_eeprom_command(BcmNic *nic, uint32_t value);

/* dma.c: host memory */
bool bcm_dma_read(BcmNic *nic, uint64_t addr, void *buf, uint64_t len);
bool bcm_dma_write(BcmNic *nic, uint64_t addr, const void *buf, uint64_t len);

/* strict.c */
void bcm_violation(BcmNic *nic, enum bcm_rule rule, const char *fmt, ...)
	G_GNUC_PRINTF(3, 4);
void bcm_check_access(BcmNic *nic, uint32_t offset, unsigned int size,
		      bool write);
void bcm_check_reg_write(BcmNic *nic, uint32_t offset, uint32_t value);
void bcm_check_ring(BcmNic *nic, const char *name, const struct bcm_ring *ring,
		    uint32_t bd_size);

/* counters.c: properties */
void bcm_counters_init(Object *obj);

#endif
