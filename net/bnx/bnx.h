/* SPDX-License-Identifier: MIT */
/*
 * BCM57xx driver, the wire port: what its files share. One struct bnx a NIC.
 *
 *	probe.c    binding, chip table, memory, attach
 *	reset.c    stop, core reset and bring-up (5722-PG101-R, initialisation)
 *	phy.c      MII access, autonegotiation, link
 *	mac.c      addresses and receive filter
 *	tx.c       send ring; txoffload.c, txsoft.c what precedes it
 *	rx.c       receive rings and buffers
 *	poll.c     the status block, interrupts, coalescing
 *	watchdog.c what stopped is started again; quiesce
 *
 * Locks, in this order: poll (only ever tried), the registers' one, tx, rx.
 * Registers that are written on the packet path are write-only there; a read
 * costs a round trip.
 */
#ifndef BNX_BNX_H
#define BNX_BNX_H

#include <net/net.h>
#include <tandem/irq.h>
#include <tandem/mem.h>
#include <tandem/pci.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

#include "regs.h"
#include "txoffload.h"

#define SEND_ENTRIES		512u
/* send BDs that only frames of the VMM's own stack may use */
#define SEND_RESERVED		64u
/* most send BDs that one frame takes: header, each segment split at 4 GiB */
#define SEND_FRAME_BDS		(2 * NET_FRAME_SEGMENTS + 1)
#define TX_LINEAR_SLOTS		32u

#define STD_ENTRIES		512u
/* one short of a full ring, and whole steps of STD_POST_STEP */
#define RX_BUFFERS		504u
#define RX_BUFFER_SIZE		1536u
#define STD_POST_STEP		8u	/* 5722: most BDs a mailbox write */
#define RX_BATCH		64u

/* What differs between chips. */
struct bnx_chip {
	uint16_t device;
	const char *name;
	enum txoffload_lso lso;
	uint16_t return_entries;
	uint8_t mbuf_rx_low, mbuf_high;	/* watermarks */
	bool class_57765;	/* chip id, RCB length, MSI mode of that class */
	bool phy_jitter;	/* DSP needs the jitter correction */
};

struct bnx_tx {
	struct spinlock lock;
	struct send_bd *ring;
	uint8_t *slots;			/* TXOFFLOAD_SLOT_SIZE per BD */
	host_phys slots_phys;
	uint8_t *linear;		/* TX_LINEAR_SLOTS packets */
	host_phys linear_phys;
	struct frame *frame[SEND_ENTRIES];	/* put when that BD is done */
	bool is_linear[SEND_ENTRIES];		/* frees a linear slot */
	uint16_t producer, posted, consumer;	/* indices into ring */
	uint16_t linear_used, linear_next;
	struct txoffload_soft soft;		/* in progress if soft_busy */
	bool soft_busy;
	bool soft_held;			/* a reference on soft.frame is held */
	bool blocked;			/* transmit() pushed back */
};

struct bnx_rx {
	struct spinlock lock;		/* std ring */
	struct rx_bd *std, *ret;
	struct frame *frame;		/* one per buffer, for ever */
	uint8_t *buffer;
	host_phys buffer_phys;
	bool in_hardware[RX_BUFFERS];
	uint16_t std_producer, std_posted;
	uint16_t ret_consumer;
};

/* Interrupt moderation: the level follows the rate of received frames. */
struct bnx_moderation {
	uint64_t window_start;		/* time_us() */
	uint32_t frames;		/* since then */
	uint8_t level;
};

struct bnx_counters {
	uint64_t interrupts, polls, resets, link_changes;
	uint64_t rx_bad_descriptor, tx_bad_consumer, tx_soft, tx_copied;
	uint64_t errors;
};

struct bnx {
	struct net_port port;		/* the wire port */
	struct pci_device *pci;
	const struct bnx_chip *chip;
	volatile uint8_t *bar;
	uint32_t chip_id;
	struct bnx *next;

	volatile struct status_block *status;
	/*
	 * Whoever looks at the status block has this one, as has the
	 * watchdog. It protects what has no other lock.
	 */
	struct spinlock poll_lock;
	/* Filter and kind of interrupt, which any CPU may change. */
	struct spinlock lock;
	uint32_t tag;			/* of the last status block handled */
	/* rings live; else transmit drops; changed under poll, this and tx */
	bool running;
	bool gone;			/* the device does not answer */
	bool no_firmware;		/* no boot code answered the first time */

	struct nmi_source nmi;
	uint32_t acknowledged;		/* tag last told to the hardware; lock */
	uint32_t answer_wanted;		/* by an interrupt */
	uint64_t late_until;		/* a message may yet come, time_us() */
	uint16_t command;		/* PCI COMMAND while we drive it */
	uint32_t host_control, mac_mode, local_control;
	bool reset_wanted;

	/* under lock */
	uint32_t rx_mode;
	bool intx, intx_asserted;
	uint8_t unicast[MAC_ADDRESSES][ETH_ALEN];
	uint32_t hash[MAC_HASH_REGISTERS];
	bool promiscuous;

	struct bnx_tx tx;
	struct bnx_rx rx;
	struct bnx_moderation moderation;
	struct bnx_counters count;

	struct timer watchdog;
	uint16_t watched_consumer;	/* tx.consumer a second ago */
	uint32_t watched_tag;
	uint8_t tx_stuck, status_stuck, restart_pause;
	bool status_asked;
};

/* ---- registers ---- */

static inline uint32_t bnx_read(const struct bnx *nic, uint32_t reg)
{
	return mmio_read32(nic->bar + reg);
}

static inline void bnx_write(struct bnx *nic, uint32_t reg, uint32_t value)
{
	mmio_write32(nic->bar + reg, value);
}

/*
 * Poll reg until (value & mask) == want, at most timeout_us. 0; -ENODEV: all
 * ones, the device is gone; -ETIMEDOUT. Both are logged with what was awaited
 * unless what is NULL. Start-up and watchdog only.
 */
int bnx_wait(struct bnx *nic, uint32_t reg, uint32_t mask, uint32_t want,
	     uint32_t timeout_us, const char *what);

/* A word of the NIC's memory, through the window in BAR0. */
uint32_t bnx_sram_read(struct bnx *nic, uint32_t address);
void bnx_sram_write(struct bnx *nic, uint32_t address, uint32_t value);

/* ---- reset.c ---- */

/* Stop all DMA and interrupts and reset the core. 0, -ENODEV, -ETIMEDOUT. */
int bnx_reset(struct bnx *nic);

/*
 * After bnx_reset: program everything from nic's state, with empty rings, up to
 * but without the receiver and the interrupt. 0, -ENODEV, -ETIMEDOUT.
 */
int bnx_bring_up(struct bnx *nic);

/* Receiver and interrupt on, buffers posted: frames flow from here on. */
void bnx_enable(struct bnx *nic);

/* No CPU but the caller's writes a register from here on. Poll lock held. */
void bnx_stop(struct bnx *nic);

/* No further DMA or interrupt; takes no lock, reads nothing, under 1 ms. */
void bnx_silence(struct bnx *nic);

/* ---- phy.c ---- */

int bnx_phy_read(struct bnx *nic, unsigned int reg, uint16_t *value);
int bnx_phy_write(struct bnx *nic, unsigned int reg, uint16_t value);

/* Begin autonegotiation unless the PHY has a link already. 0, -ETIMEDOUT. */
int bnx_phy_start(struct bnx *nic);

/*
 * Read the link from the PHY, set the MAC for it and tell the switch if it
 * changed.
 */
void bnx_link_update(struct bnx *nic);

/* ---- mac.c ---- */

/* The permanent address into mac. 0; -ENOENT: the NIC has none. */
int bnx_mac_read(struct bnx *nic, uint8_t mac[ETH_ALEN]);

/* Write nic's addresses and filter to the hardware. The lock is held. */
void bnx_filter_apply(struct bnx *nic);

void bnx_set_filter(struct net_port *p, bool promiscuous, bool all_multicast,
		    const uint8_t (*mac)[ETH_ALEN], unsigned int n_mac);

/* ---- tx.c ---- */

int bnx_tx_alloc(struct bnx *nic);
void bnx_tx_free(struct bnx *nic);

/* End every frame that is with the hardware; the ring is empty afterwards. */
void bnx_tx_drop_all(struct bnx *nic);

/* Call sources that were pushed back, whatever room there is. */
void bnx_tx_resume(struct bnx *nic);

unsigned int bnx_transmit(struct net_port *p, struct frame *const *f,
			  unsigned int n);
void bnx_flush(struct net_port *p);

/*
 * The hardware has sent up to consumer: end those frames, continue what
 * waited for room. -EINVAL: consumer cannot be.
 */
int bnx_tx_reclaim(struct bnx *nic, uint16_t consumer);

/* ---- rx.c ---- */

int bnx_rx_alloc(struct bnx *nic);
void bnx_rx_free(struct bnx *nic);

/* Rings empty, every buffer not held by another port on the std ring. */
void bnx_rx_reset(struct bnx *nic);

/* Post what is on the std ring, in the steps that the chip takes. */
void bnx_rx_post(struct bnx *nic);

/*
 * Give the switch all frames up to producer, in batches. Returns how many
 * frames; -EINVAL: producer cannot be.
 */
int bnx_rx_poll(struct bnx *nic, uint16_t producer);

/* ---- poll.c ---- */

/* Look at the status block and do what it says. Exit context, any CPU. */
void bnx_poll(struct bnx *nic);

/* Give the poll lock back, and do what interrupts have asked for meanwhile. */
void bnx_poll_end(struct bnx *nic);

/* Host Coalescing Mode but for the bits that act once. */
#define BNX_COALESCING_MODE \
	(HC_MODE_ENABLE | HC_MODE_STATUS_32_BYTES | HC_MODE_CLEAR_TICKS_TX)

/* Coalescing for the present level of moderation. */
void bnx_coalescing_apply(struct bnx *nic);

/* Program the MSI capability, on, or off in INTx mode. The lock is held. */
void bnx_msi_restore(struct bnx *nic);

/* A message may yet come, within_us from now, that no new tag accounts for. */
void bnx_expect_late_message(struct bnx *nic, uint64_t within_us);
#define BNX_LATE_MESSAGE_US	20000u

/* Let the NIC interrupt from now on. The lock is held. */
void bnx_interrupt_enable(struct bnx *nic);

void bnx_guest_intx_enable(struct net_port *p, bool on);
void bnx_guest_intx_level(struct net_port *p, bool asserted);

/* ---- watchdog.c ---- */

extern struct bnx *bnx_list;

void bnx_watchdog_start(struct bnx *nic);

#endif
