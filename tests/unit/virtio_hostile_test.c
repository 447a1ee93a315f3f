// SPDX-License-Identifier: MIT
/*
 * What can a hostile driver do to the VMM through the virtio-net device? Nothing
 * but stop that device. The rings are in fake guest RAM on the heap, so that the
 * sanitizer sees every step beside them.
 */
#include "virtio_driver.h"

#define NEEDS_RESET	(VIRTIO_STATUS_NEEDS_RESET | 0xf)

/* Can a ring lead us out of memory, round in circles, or past an end? */
static void broken_rings_stop_the_device_only(void)
{
	for (unsigned int i = 0; i < 13; i++) {
		uint64_t broken = device->count.broken;
		unsigned int q = QUEUE_TX;

		driver_start(i == 9 ? ~(uint64_t)VIRTIO_F_INDIRECT_DESC :
				      ALL_FEATURES, 256);
		put_frame(0, 60, NULL);
		offer(QUEUE_TX, 0);
		switch (i) {
		case 0:		/* head out of range */
			queue[q].avail->ring[0] = 256;
			break;
		case 1:		/* next out of range */
			queue[q].desc[0].flags = VRING_DESC_F_NEXT;
			queue[q].desc[0].next = 0xffff;
			break;
		case 2:		/* a loop */
			queue[q].desc[0].flags = VRING_DESC_F_NEXT;
			queue[q].desc[0].next = 0;
			break;
		case 3:		/* outside RAM */
			queue[q].desc[0].addr = 0;
			break;
		case 4:		/* over the end of RAM */
			queue[q].desc[0].addr = RAM_BASE + RAM_SIZE - 10;
			break;
		case 5:		/* address wraps */
			queue[q].desc[0].addr = ~0ull - 5;
			break;
		case 6:		/* more chains than the queue holds */
			queue[q].avail->idx = 257;
			break;
		case 7:		/* device-writable in TX */
			queue[q].desc[0].flags = VRING_DESC_F_WRITE;
			break;
		case 8:		/* odd indirect table */
			queue[q].desc[0].flags = VRING_DESC_F_INDIRECT;
			queue[q].desc[0].len = 24;
			break;
		case 9:		/* not negotiated */
			queue[q].desc[0].flags = VRING_DESC_F_INDIRECT;
			queue[q].desc[0].len = 16;
			break;
		case 10:	/* a table in a table */
			queue[q].desc[0].flags = VRING_DESC_F_INDIRECT;
			queue[q].desc[0].addr = queue[q].base;
			queue[q].desc[0].len = 16;
			break;
		case 11:	/* an indirect table outside RAM */
			queue[q].desc[0].flags = VRING_DESC_F_INDIRECT;
			queue[q].desc[0].addr = RAM2_BASE + RAM2_SIZE - 16;
			queue[q].desc[0].len = 32;
			break;
		case 12:	/* more than 4 GiB in pieces */
			for (uint16_t k = 0; k < 256; k++)
				put_desc(q, k, RAM_BASE, 0x200000,
					 VRING_DESC_F_NEXT,
					 (uint16_t)((k + 1) & 255));
			break;
		}
		kick(QUEUE_TX);
		CHECK(n_input == 0 && status() == NEEDS_RESET);
		CHECK(device->count.broken == broken + 1);
		give_rx_buffers();
		CHECK(receive(60, 0) == 0);
		put_frame(0, 60, NULL);
		kick(QUEUE_TX);
		CHECK(n_input == 0);
	}
	CHECK(device->in_flight == 0);
	for (unsigned int i = 0; i < 4; i++) {
		driver_start(ALL_FEATURES, 256);
		give_rx_buffers();
		switch (i) {
		case 0:
			queue[QUEUE_RX].desc[0].flags = 0;
			break;
		case 1:
			queue[QUEUE_RX].desc[0].len = 8;
			break;
		case 2:
			for (uint16_t k = 0; k < 32; k++)
				queue[QUEUE_RX].desc[k].len = 12;
			break;
		case 3:
			queue[QUEUE_RX].avail->idx = 300;
			break;
		}
		CHECK(receive(1514, 0) == 0);
		CHECK(status() == (i == 2 ? 0xf : NEEDS_RESET));
	}
	driver_start(ALL_FEATURES, 256);
	put_desc(QUEUE_CTRL, 0, BUFFER_AREA, 3, 0, 0);
	offer(QUEUE_CTRL, 0);
	kick(QUEUE_CTRL);
	CHECK(status() == NEEDS_RESET);
	driver_start(ALL_FEATURES, 256);
	CHECK(status() == 0xf);
}

/* Rings that lie outside RAM or crooked are not taken. */
static void rings_must_be_in_ram(void)
{
	static const guest_phys bad[] = {
		0, 8, RAM_BASE + 1, RAM_BASE + RAM_SIZE - 16, ~0ull & ~15ull,
		0xfee00000, RAM2_BASE + RAM2_SIZE - 32,
	};

	for (unsigned int which = 0; which < 3; which++)
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
			driver_start(ALL_FEATURES, 256);
			common_write(COMMON_QUEUE_SELECT, 2, QUEUE_TX);
			common_write(COMMON_QUEUE_RESET, 2, 1);
			common_write(COMMON_QUEUE_DESC, 4, RAM_BASE);
			common_write(COMMON_QUEUE_DRIVER, 4, RAM_BASE + 0x1000);
			common_write(COMMON_QUEUE_DEVICE, 4, RAM_BASE + 0x2000);
			common_write(COMMON_QUEUE_DESC + 8 * which, 4,
				     (uint32_t)bad[i]);
			common_write(COMMON_QUEUE_DESC + 8 * which + 4, 4,
				     (uint32_t)(bad[i] >> 32));
			common_write(COMMON_QUEUE_ENABLE, 2, 1);
			CHECK(common_read(COMMON_QUEUE_ENABLE, 2) == 0);
			CHECK(status() == NEEDS_RESET);
		}
	driver_start(ALL_FEATURES, 256);
	for (unsigned int size = 0; size < 3; size++) {
		common_write(COMMON_QUEUE_SELECT, 2, QUEUE_CTRL);
		common_write(COMMON_QUEUE_RESET, 2, 1);
		common_write(COMMON_QUEUE_SIZE, 2, size == 0 ? 0 :
			     size == 1 ? 100 : 512);
		common_write(COMMON_QUEUE_DESC, 4, RAM_BASE);
		common_write(COMMON_QUEUE_DRIVER, 4, RAM_BASE + 0x2000);
		common_write(COMMON_QUEUE_DEVICE, 4, RAM_BASE + 0x4000);
		common_write(COMMON_QUEUE_ENABLE, 2, 1);
		CHECK(status() == NEEDS_RESET);
		driver_start(ALL_FEATURES, 256);
	}
}

/* Random rings, random registers, frames coming and going meanwhile. */
static void random_driver(void)
{
	for (unsigned int round = 0; round < 300; round++) {
		driver_start(round % 3 ? ALL_FEATURES :
			     (uint64_t)random32() << 32 | BIT(32) | random32(),
			     (uint16_t)(4u << random32() % 7));
		may_miss = true;
		for (unsigned int step = 0; step < 200; step++) {
			unsigned int q = random32() % VIRTIO_QUEUES;
			uint16_t n = (uint16_t)(random32() % queue[q].size);

			switch (random32() % 12) {
			default:
				put_desc(q, n, random32() % 20 ?
					 BUFFER_AREA + random32() % 0x8000 :
					 random32(),
					 random32() % (random32() % 9 ?
						       2000 : 100000),
					 (uint16_t)(random32() % 20 ?
						    (q == QUEUE_RX) * 2 :
						    random32() % 8),
					 (uint16_t)(random32() % 300));
				offer(q, n);
				break;
			case 0:
				queue[q].desc[n].flags ^= 1;
				queue[q].desc[n].next =
					(uint16_t)(random32() % 64);
				break;
			case 1:
				kick(q);
				break;
			case 2:
				receive(14 + random32() % 1500, 0);
				break;
			case 3:
				if (n_input && n_input <= 500)
					all_back();
				break;
			case 4:
				if (random32() % 40 == 0)
					queue[q].avail->idx =
						(uint16_t)random32();
				break;
			case 5:
				if (random32() % 30 == 0)
					bar_write(random32() % 0x6000,
						  1u << random32() % 4,
						  random32());
				break;
			case 6:
				input_room = random32() % 60;
				if (n_input + input_room > 500)
					input_room = 0;
				port.ops->resume(&port);
				break;
			case 7:
				if (random32() % 30 == 0)
					pci_write(random32() % 256 & ~3u, 4,
						  random32());
				break;
			}
		}
		all_back();
		may_miss = false;
		pci_write(0x10, 4, HARDWARE_BAR);
		pci_write(0x14, 4, 0);
		pci_write(find_cap(PCI_CAP_ID_PM, -1) + 4, 2, 0);
		pci_write(find_cap(PCI_CAP_ID_MSIX, -1) + 2, 2, 0);
		pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	}
	/* and it still works */
	driver_start(ALL_FEATURES, 256);
	put_frame(5, 60, NULL);
	offer(QUEUE_TX, 5);
	kick(QUEUE_TX);
	give_rx_buffers();
	CHECK(n_input == 1 && receive(60, 0) == 1 && status() == 0xf);
	all_back();
}

int main(void)
{
	device_create();
	broken_rings_stop_the_device_only();
	rings_must_be_in_ram();
	random_driver();
	printf("%u checks\n", checks);
	return 0;
}
