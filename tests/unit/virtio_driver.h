/* SPDX-License-Identifier: MIT */
/*
 * A small virtio-net driver for the tests: finds the function's structures by
 * its capabilities, sets queues up in fake guest RAM, and leaves every field of
 * the rings open to whoever wants to write nonsense into them.
 */
#ifndef VIRTIO_DRIVER_H
#define VIRTIO_DRIVER_H

#include "../../net/virtio/virtio.h"
#include "net_fake.h"

#define HARDWARE_BAR	0xe0000000ull
#define HDR		((uint32_t)sizeof(struct virtio_net_hdr))
#define RING_AREA	RAM_BASE		/* queue i at + i * 0x4000 */
#define BUFFER_AREA	(RAM_BASE + 0x20000)

struct driver_queue {
	uint16_t size;
	guest_phys base;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t seen;			/* of used */
};

extern struct net_port port;
extern struct pci_device card;
extern struct virtio_net *device;
extern struct driver_queue queue[VIRTIO_QUEUES];

/* what the device did to the switch */
extern struct frame *input[512];
extern unsigned int n_input, input_room;
extern bool filter_promiscuous, filter_all;
extern unsigned int filter_n;
extern uint8_t filter_mac[64][ETH_ALEN];
extern bool intx_on, intx_level;
/* stands in for the switch, if set: as net_input() */
extern unsigned int (*input_instead)(struct frame **f, unsigned int n);

/* BAR accesses may miss: a test has moved the BAR at random */
extern bool may_miss;

void device_create(void);

uint32_t pci_read(unsigned int offset, unsigned int size);
void pci_write(unsigned int offset, unsigned int size, uint32_t value);
/* Offset of the virtio capability of that type (or of any with that id). */
unsigned int find_cap(uint8_t id, int type);

uint64_t bar_read(uint64_t offset, unsigned int size);
void bar_write(uint64_t offset, unsigned int size, uint64_t value);
uint32_t common_read(unsigned int offset, unsigned int size);
void common_write(unsigned int offset, unsigned int size, uint32_t value);

#define ALL_FEATURES	(~0ull)

/* Reset, negotiate what is offered and in features, set up, DRIVER_OK. */
void driver_start(uint64_t features, uint16_t queue_size);
void driver_queue_setup(unsigned int i, uint16_t size);

/* Descriptor n of queue i. */
void put_desc(unsigned int i, uint16_t n, guest_phys addr, uint32_t len,
	      uint16_t flags, uint16_t next);
/* Make descriptor head available; kick unless told not to. */
void offer(unsigned int i, uint16_t head);
void kick(unsigned int i);
/* The next used element; false if there is none. */
bool take_used(unsigned int i, uint32_t *id, uint32_t *len);

/* ---- what most tests do ---- */

uint8_t status(void);
/* Descriptor n of the transmit queue: header and len bytes of frame. */
void put_frame(uint16_t n, uint32_t len, const struct virtio_net_hdr *hdr);
/* The switch is done with frame i; with all of them, and says so. */
void finish(unsigned int i);
void all_back(void);
void give_rx_buffers(void);
/* Two bytes of class and command, then its data (2 KiB in all): the answer. */
uint8_t control_command(const void *bytes, uint32_t len);
/* A frame of len bytes, byte i being 3 * i, comes for the guest. */
unsigned int receive(uint32_t len, uint8_t flags);

#endif
