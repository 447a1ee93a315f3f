/* SPDX-License-Identifier: MIT */
/*
 * The virtio-net device that the guest sees in the place of the card: its
 * state, shared by the files of this folder.
 *
 *	pci.c        configuration space and capabilities
 *	bar.c        where BAR0 is, and which part of it an access meets
 *	features.c   what is offered
 *	common.c     common configuration, device configuration, reset
 *	interrupt.c  MSI-X table, ISR, INTx
 *	queue.c      split virtqueues in guest memory
 *	rx.c tx.c    frames to and from the guest
 *	ctrl.c       control virtqueue
 *	device.c     the port that joins a switch
 *
 * The driver above is untrusted: everything it writes, to registers and to
 * memory, is read once, checked, then used.
 */
#ifndef NET_VIRTIO_H
#define NET_VIRTIO_H

#include "regs.h"

#include <net/net.h>
#include <net/ratelimit.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>
#include <tandem/trap.h>

#define VIRTIO_QUEUE_SIZE	256u	/* the most a driver can have */
#define VIRTIO_VECTORS		4u

enum virtio_queue_index { QUEUE_RX, QUEUE_TX, QUEUE_CTRL, VIRTIO_QUEUES };

/* BAR0 */
#define BAR_COMMON		0x0000
#define BAR_ISR			0x1000
#define BAR_DEVICE		0x2000
#define BAR_NOTIFY		0x3000
#define BAR_MSIX_TABLE		0x4000
#define BAR_MSIX_PBA		0x5000
#define BAR_PART		0x1000	/* bytes of each of these */
#define BAR_USED		0x6000
#define NOTIFY_MULTIPLIER	4

/* ---- queues ---- */

struct virtio_queue {
	uint16_t index;
	/* what the driver has written; size, addresses kept while disabled */
	uint16_t size;
	uint16_t vector;
	guest_phys desc_addr, driver_addr, device_addr;
	bool enabled;
	bool resetting;		/* queue_reset reads 1 */
	/*
	 * Protects the rest, but for the control queue, where the device's
	 * lock does.
	 */
	struct spinlock lock;
	/* guest memory, checked when the queue was enabled */
	const volatile struct vring_desc *desc;
	volatile struct vring_avail *avail;
	volatile struct vring_used *used;
	uint16_t next_avail;	/* next entry of avail to take */
	uint16_t used_idx;	/* entries written to used */
	uint16_t published;	/* used->idx as the driver sees it */
	uint16_t signalled;	/* published at the last look at used_event */
	uint32_t generation;	/* counts resets of this queue */
	uint64_t chains;
};

/* One buffer of a chain, in guest RAM. */
struct virtio_buffer {
	guest_phys phys;
	uint8_t *virt;
	uint32_t len;
};

/* A descriptor chain, read and checked. */
struct virtio_chain {
	uint16_t head;
	uint16_t n_out, n_in;	/* device reads the first n_out, writes n_in */
	uint32_t out_len, in_len;	/* bytes */
	struct virtio_buffer buffer[VIRTIO_QUEUE_SIZE];
};

/* ---- the device ---- */

struct msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control;
};

#define MSIX_MASKED		1u

/* A frame on its way out of the guest. */
struct tx_slot {
	struct frame frame;
	uint16_t head;
	uint32_t bytes;		/* counted in in_flight_bytes */
	uint32_t generation;	/* of the queue when it was taken */
	uint16_t next_free;
};

#define VIRTIO_LARGE_HEADER_MAX	94u	/* Ethernet, IPv4, TCP with options */

/* Frames of one TCP connection that follow one another (large.c). */
struct virtio_large {
	unsigned int frames;
	uint32_t payload;		/* bytes in all of them */
	uint32_t header_len, mss;
	uint8_t header[VIRTIO_LARGE_HEADER_MAX];
};

/* Whether kicks are held back (hold.c). */
struct virtio_hold {
	struct timer timer;
	uint64_t window_start;		/* time_us() */
	uint64_t in_bytes, out_bytes;	/* since then, of frames */
	uint16_t rx, tx;		/* places in the queues when held */
	bool bulk, expired;
};

struct virtio_net {
	struct net_port *port;
	struct pci_device *at;
	struct pci_function function;
	uint8_t permanent_mac[ETH_ALEN];
	struct spinlock lock;		/* registers, control queue */

	/* pci.c */
	uint8_t config[256], config_mask[256];	/* mask: writable bits */
	uint16_t cap_pm, cap_msix, cap_pci_cfg;

	/* bar.c */
	unsigned int bar;		/* index of the BAR */
	uint64_t bar_size, hardware_base;
	struct mmio_trap hardware_trap;	/* at the card's own BAR, always */
	struct mmio_trap moved_trap;	/* where the guest moved it */
	bool moved_trapped;
	uint64_t wanted;		/* base that the guest asked for */
	uint64_t decoded;		/* base at which it answers, 0 nowhere */
	struct mmio_trap other_trap[6];	/* further BARs of the card */
	unsigned int n_other;
	struct ratelimit bar_limit;

	/* common.c */
	uint8_t status;
	uint64_t offered, features;	/* features: as driver wrote them */
	uint64_t offloads_off;		/* of features: switched off for now */
	uint32_t device_feature_select, driver_feature_select;
	uint16_t config_vector, queue_select;
	uint8_t config_generation;
	bool live;			/* DRIVER_OK, bus master, not broken */
	bool resetting;
	uint64_t reset_started;		/* time_us() */
	struct virtio_queue queue[VIRTIO_QUEUES];

	/* interrupt.c */
	struct spinlock interrupt_lock;	/* the rest of this part */
	struct msix_entry msix[VIRTIO_VECTORS];
	uint64_t msix_pending;
	uint8_t isr;
	bool intx_enabled, intx_asserted;

	/* tx.c */
	struct tx_slot *slot;		/* VIRTIO_QUEUE_SIZE of them */
	struct spinlock slot_lock;
	uint16_t free_slot;		/* first of a list, NO_SLOT ends */
	uint32_t in_flight;		/* frames the switch has, all in all */
	uint32_t in_flight_bytes;
	uint32_t tx_working, tx_again;
	uint32_t tx_room;		/* counts what made room for frames */
	/* flags that each exit reads without a lock, tx.c: FLAG() */
	bool tx_blocked;		/* no use looking before a completion */
	/* these change under the queue's lock */
	bool tx_notify;			/* the driver is to kick */
	bool tx_done;			/* completions not yet published */
	uint8_t tx_signal;		/* exits until the driver is told */
	struct virtio_hold hold;
	struct virtio_chain tx_chain;
	uint32_t tx_generation;		/* of the queue when that was read */
	uint8_t *bounce;		/* one frame that is too scattered */
	bool bounce_busy;

	/* rx.c */
	struct virtio_chain rx_chain;
	struct virtio_large rx_large;

	/* ctrl.c */
	struct virtio_chain ctrl_chain;
	bool promiscuous, all_multicast;
	unsigned int n_mac;
	uint8_t mac_table[64][ETH_ALEN];

	/* what went wrong, and how often */
	struct {
		uint64_t broken;	/* NEEDS_RESET set */
		uint64_t bad_access;	/* size or offset of no register */
		uint64_t bad_msi;	/* the message was refused */
		uint64_t interrupts, notifies;
		uint64_t large;		/* frames made of several */
	} count;
	struct ratelimit broken_limit;
	struct virtio_net *next;
};

#define NO_SLOT			0xffff
#define VIRTIO_BOUNCE_PAGES	17

static inline bool virtio_has(const struct virtio_net *dev, uint64_t feature)
{
	return dev->features & feature;
}

/* A feature that the driver can switch off and on again (5.1.6.5.6). */
static inline bool virtio_offload(const struct virtio_net *dev,
				  uint64_t feature)
{
	return dev->features & ~dev->offloads_off & feature;
}

/*
 * features.c: what is offered above a wire that can do that (NET_CAN_*), as
 * 64 feature bits.
 */
uint64_t virtio_features(uint32_t can);

/* pci.c */
int virtio_pci_create(struct virtio_net *dev);
bool virtio_pci_memory_on(const struct virtio_net *dev);
bool virtio_pci_master_on(const struct virtio_net *dev);
bool virtio_pci_intx_off(const struct virtio_net *dev);
bool virtio_pci_msix_on(const struct virtio_net *dev);
bool virtio_pci_msix_masked(const struct virtio_net *dev);
uint64_t virtio_pci_bar_base(const struct virtio_net *dev);
/* Configuration space as after power-on; the caller holds dev->lock. */
void virtio_pci_reset(struct virtio_net *dev);

/* bar.c */
int virtio_bar_create(struct virtio_net *dev);
void virtio_bar_destroy(struct virtio_net *dev);
/* The guest has written COMMAND, a BAR or the power state. */
void virtio_bar_update(struct virtio_net *dev);
/* An access inside the BAR, by MMIO or the PCI-configuration capability. */
uint64_t virtio_bar_read(struct virtio_net *dev, uint64_t offset,
			 unsigned int size);
void virtio_bar_write(struct virtio_net *dev, uint64_t offset,
		      unsigned int size, uint64_t value);

/* common.c; the caller holds dev->lock */
uint32_t virtio_common_read(struct virtio_net *dev, unsigned int offset,
			    unsigned int size);
void virtio_common_write(struct virtio_net *dev, unsigned int offset,
			 unsigned int size, uint32_t value);
uint64_t virtio_config_read(struct virtio_net *dev, unsigned int offset,
			    unsigned int size);
/* As by a write of 0 to the device status. */
void virtio_device_reset(struct virtio_net *dev);
/* DRIVER_OK, bus mastering or brokenness changed. */
void virtio_update_live(struct virtio_net *dev);
/*
 * The driver broke the rules: stop, ask for a reset, say so. Any lock of the
 * device may be held but slot_lock and interrupt_lock.
 */
void virtio_broken(struct virtio_net *dev, const char *what);

/* interrupt.c */
uint32_t virtio_msix_read(struct virtio_net *dev, unsigned int offset);
void virtio_msix_write(struct virtio_net *dev, unsigned int offset,
		       uint32_t value);
uint64_t virtio_msix_pba(const struct virtio_net *dev);
/* Enable, function mask, INTx disable or bus mastering changed. */
void virtio_interrupt_update(struct virtio_net *dev);
void virtio_interrupt_queue(struct virtio_net *dev, struct virtio_queue *q);
void virtio_interrupt_config(struct virtio_net *dev);
uint8_t virtio_isr_read(struct virtio_net *dev);
void virtio_interrupt_reset(struct virtio_net *dev);

/* queue.c */
/* Check the rings' places; 0 or -EINVAL. */
int virtio_queue_enable(struct virtio_net *dev, struct virtio_queue *q);
void virtio_queue_disable(struct virtio_queue *q);
void virtio_queue_reset(struct virtio_queue *q);
/* Chains that wait; more than the ring can hold: -EPROTO. */
int virtio_queue_waiting(struct virtio_queue *q);
/*
 * Read the chain that is ahead places behind next_avail into c without taking
 * it. 0, or -EPROTO with *why set: the driver broke the rules.
 */
int virtio_queue_peek(struct virtio_net *dev, struct virtio_queue *q,
		      uint16_t ahead, struct virtio_chain *c,
		      const char **why);
/* Return a chain with len bytes written; seen by the driver when published. */
void virtio_queue_used(struct virtio_queue *q, uint16_t head, uint32_t len);
void virtio_queue_publish(struct virtio_queue *q);
/* Does the driver want an interrupt for what was published since the last? */
bool virtio_queue_signal(struct virtio_net *dev, struct virtio_queue *q);
/* Do we want to be told of new chains? After "on", look at the ring again. */
void virtio_queue_notify(struct virtio_net *dev, struct virtio_queue *q,
			 bool on);

/* rx.c */
unsigned int virtio_rx_transmit(struct net_port *p, struct frame *const *f,
				unsigned int n);
void virtio_rx_flush(struct net_port *p);

/* large.c */
/*
 * How many of the n frames, from the first on, can go to a driver that takes
 * VIRTIO_NET_F_GUEST_TSO4 as one; 1: the first is to go as it is. The frames
 * must not change meanwhile.
 */
unsigned int virtio_large(struct virtio_large *l, struct frame *const *f,
			  unsigned int n);
/* The header that goes in front of l->header and the frames' payloads. */
struct virtio_net_hdr virtio_large_hdr(const struct virtio_large *l);

/* tx.c */
int virtio_tx_create(struct virtio_net *dev);
void virtio_tx_destroy(struct virtio_net *dev);
/* Take what waits in the queue; no locks held. */
void virtio_tx_work(struct virtio_net *dev);
/*
 * Let the driver see completions. Whether it wants an interrupt for them is
 * asked at the end of the exit, or, if tx_signal is raised to 2 meanwhile, of the
 * next: a driver that just gets an interrupt for received frames will often
 * look at these, too.
 */
void virtio_tx_publish(struct virtio_net *dev);
/* The driver has been interrupted for received frames: see above. */
void virtio_tx_signal_later(struct virtio_net *dev);
/* There is room again for what was pushed back. */
void virtio_tx_room(struct virtio_net *dev);
/* At every exit; cheap if nothing is to be done. */
void virtio_tx_exit(struct virtio_net *dev);
/* Publish completions and take what waits, if there is a reason to look. */
void virtio_tx_poll(struct virtio_net *dev);

/*
 * hold.c: may the driver's kicks wait for the next exit? Then a timer sees to
 * it that there is one. The TX queue's lock is held.
 */
bool virtio_hold(struct virtio_net *dev);
/* Look at the queue soon, whatever exits there are. */
void virtio_hold_look(struct virtio_net *dev);

/* ctrl.c */
void virtio_ctrl_work(struct virtio_net *dev);
void virtio_ctrl_reset(struct virtio_net *dev);

#endif
