// SPDX-License-Identifier: MIT
/*
 * What a well-behaved driver can rely on (virtio 1.2): configuration space,
 * negotiation, frames both ways, resets.
 */
#include "virtio_driver.h"

/* ---- the PCI function ---- */

static void function_is_where_the_card_was(void)
{
	uint64_t v;
	unsigned int msix = find_cap(PCI_CAP_ID_MSIX, -1);

	CHECK(pci_read(0, 4) == 0x10411af4);
	CHECK(pci_read(PCI_CLASS_REVISION, 4) == 0x02000001);
	CHECK(pci_read(PCI_INTERRUPT_LINE, 2) == 0x010b);
	CHECK(pci_read(0x10, 4) == (HARDWARE_BAR | 4) && !pci_read(0x14, 4));
	CHECK(msix && (pci_read(msix + 2, 2) & 0x7ff) == VIRTIO_VECTORS - 1);
	CHECK(find_cap(PCI_CAP_ID_PM, -1) && find_cap(PCI_CAP_ID_EXP, -1));
	for (int type = 1; type <= 5; type++)
		CHECK(find_cap(PCI_CAP_ID_VNDR, type));
	CHECK(pci_read(0x100, 4) == 0);

	/* what is not for writing is not written */
	pci_write(0, 4, 0);
	pci_write(PCI_CLASS_REVISION, 4, 0);
	pci_write(msix + 2, 2, 0x1234);
	CHECK(pci_read(0, 4) == 0x10411af4);
	CHECK((pci_read(msix + 2, 2) & 0x3fff) == VIRTIO_VECTORS - 1);
	pci_write(msix + 2, 2, 0);

	/* sizing, with decoding off: the card stays out of sight */
	pci_write(PCI_COMMAND, 2, 0);
	pci_write(0x10, 4, 0xffffffff);
	pci_write(0x14, 4, 0xffffffff);
	CHECK(pci_read(0x10, 4) == 0xffff0004);
	CHECK(pci_read(0x14, 4) == 0xffffffff);
	CHECK(guest_access(HARDWARE_BAR, 4, false, &v) && v == 0xffffffff);
	CHECK(n_traps() == 1);

	/* moved: there it answers, and the card's place still shows nothing */
	pci_write(0x10, 4, 0xd0000000);
	pci_write(0x14, 4, 1);
	pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CHECK(n_traps() == 2);
	CHECK(common_read(COMMON_NUM_QUEUES, 2) == VIRTIO_QUEUES);
	CHECK(guest_access(HARDWARE_BAR + 0x12, 2, false, &v) && v == 0xffff);

	/* on top of RAM, beyond everything, asleep: not decoded */
	pci_write(0x14, 4, 0);
	pci_write(0x10, 4, RAM2_BASE - 0x10000 + 0x10000);
	CHECK(n_traps() == 1 && device->decoded == 0);
	pci_write(0x14, 4, 0xffffffff);
	CHECK(n_traps() == 1 && device->decoded == 0);
	pci_write(0x14, 4, 0);
	pci_write(0x10, 4, HARDWARE_BAR);
	CHECK(device->decoded == HARDWARE_BAR && n_traps() == 1);
	pci_write(find_cap(PCI_CAP_ID_PM, -1) + 4, 2, 3);
	CHECK(device->decoded == 0);
	pci_write(find_cap(PCI_CAP_ID_PM, -1) + 4, 2, 0);
	CHECK(device->decoded == HARDWARE_BAR);
}

static void configuration_window(void)
{
	unsigned int cap = find_cap(PCI_CAP_ID_VNDR, VIRTIO_PCI_CAP_PCI_CFG);

	pci_write(cap + 4, 1, 0);
	pci_write(cap + 8, 4, BAR_COMMON + COMMON_NUM_QUEUES);
	pci_write(cap + 12, 4, 2);
	CHECK(pci_read(cap + 16, 2) == VIRTIO_QUEUES);
	pci_write(cap + 8, 4, BAR_COMMON + COMMON_QUEUE_SELECT);
	pci_write(cap + 16, 2, 2);
	CHECK(common_read(COMMON_QUEUE_SELECT, 2) == 2);
	/* outside the BAR, odd sizes, another BAR: nothing happens */
	pci_write(cap + 8, 4, 0x10000);
	pci_write(cap + 16, 2, 1);
	pci_write(cap + 8, 4, 0xfffffffe);
	pci_read(cap + 16, 2);
	pci_write(cap + 12, 4, 3);
	pci_read(cap + 16, 4);
	CHECK(common_read(COMMON_QUEUE_SELECT, 2) == 2);
}

static void negotiation(void)
{
	common_write(COMMON_DEVICE_STATUS, 1, 0);
	common_write(COMMON_DEVICE_STATUS, 1, 3);
	/* without VERSION_1, or with what was not offered, no FEATURES_OK */
	common_write(COMMON_DEVICE_STATUS, 1, 0xb);
	CHECK(status() == 3);
	common_write(COMMON_DRIVER_FEATURE_SELECT, 4, 1);
	common_write(COMMON_DRIVER_FEATURE, 4, 3);	/* ACCESS_PLATFORM */
	common_write(COMMON_DEVICE_STATUS, 1, 0xb);
	CHECK(status() == 3);
	common_write(COMMON_DRIVER_FEATURE, 4, 1);
	common_write(COMMON_DRIVER_FEATURE_SELECT, 4, 7);
	common_write(COMMON_DRIVER_FEATURE, 4, 1);
	common_write(COMMON_DEVICE_STATUS, 1, 0xb);
	CHECK(status() == 3);

	driver_start(ALL_FEATURES, 256);
	CHECK(bar_read(BAR_DEVICE, 4) == 0x01005452);
	CHECK(bar_read(BAR_DEVICE + 4, 2) == 0x0302);
	CHECK(bar_read(BAR_DEVICE + 6, 2) == VIRTIO_NET_S_LINK_UP);
	CHECK(bar_read(BAR_DEVICE + 10, 2) == 1500);
	CHECK(bar_read(BAR_DEVICE + 11, 2) == 0);	/* crosses the end */
	/* odd accesses of all sizes everywhere do no harm */
	for (uint64_t at = 0; at < 0x10000; at += 0x3f)
		for (unsigned int size = 1; size <= 8; size *= 2)
			bar_read(at, size);
	common_write(COMMON_QUEUE_SELECT, 2, 3);
	CHECK(common_read(COMMON_QUEUE_SIZE, 2) == 0);
	common_write(COMMON_QUEUE_ENABLE, 2, 1);
	CHECK(status() == 0xf);
}

static void without_its_feature_there_is_no_control_queue(void)
{
	device->offered &= ~(uint64_t)VIRTIO_NET_F_CTRL_VQ;
	CHECK(common_read(COMMON_NUM_QUEUES, 2) == QUEUE_CTRL);
	common_write(COMMON_QUEUE_SELECT, 2, QUEUE_CTRL);
	CHECK(common_read(COMMON_QUEUE_SIZE, 2) == 0);
	device->offered |= VIRTIO_NET_F_CTRL_VQ;
	CHECK(common_read(COMMON_QUEUE_SIZE, 2) == VIRTIO_QUEUE_SIZE);
	CHECK(common_read(COMMON_NUM_QUEUES, 2) == VIRTIO_QUEUES);
}

/* ---- frames out ---- */

static void transmit_is_zero_copy(void)
{
	uint32_t id, len;

	driver_start(ALL_FEATURES, 256);
	put_frame(5, 60, NULL);
	offer(QUEUE_TX, 5);
	kick(QUEUE_TX);
	CHECK(n_input == 1 && input[0]->len == 60);
	CHECK(input[0]->n_segments == 1);
	CHECK(input[0]->segment[0].phys == BUFFER_AREA + 5 * 0x800 + HDR);
	CHECK(input[0]->segment[0].virt == ram(BUFFER_AREA + 5 * 0x800 + HDR));
	CHECK(!input[0]->flags && input[0]->origin == NET_GUEST);
	CHECK(!take_used(QUEUE_TX, &id, &len));
	finish(0);
	virtio_tx_poll(device);
	CHECK(take_used(QUEUE_TX, &id, &len) && id == 5);
	CHECK(!take_used(QUEUE_TX, &id, &len));
	CHECK(device->in_flight == 0);
}

static void full_wire_leaves_chains_in_the_queue(void)
{
	uint32_t id, len;

	driver_start(ALL_FEATURES, 256);
	input_room = 40;
	for (uint16_t i = 0; i < 100; i++) {
		put_frame(i, 60, NULL);
		offer(QUEUE_TX, i);
	}
	kick(QUEUE_TX);
	CHECK(n_input == 40 && device->in_flight == 40);
	virtio_tx_poll(device);			/* blocked: no look */
	CHECK(n_input == 40);
	input_room = 100;
	port.ops->resume(&port);
	CHECK(n_input == 100);
	for (unsigned int i = 0; i < 100; i++)
		CHECK(*(uint8_t *)input[i]->segment[0].virt == (uint8_t)i);
	all_back();
	for (unsigned int i = 0; i < 100; i++)
		CHECK(take_used(QUEUE_TX, &id, &len) && id == i);
	CHECK(!take_used(QUEUE_TX, &id, &len));
}

static void many_buffers_are_gathered(void)
{
	driver_start(ALL_FEATURES, 256);
	/* header split in three, then 30 pieces of 40 bytes */
	for (uint16_t i = 0; i < 33; i++)
		put_desc(QUEUE_TX, i, BUFFER_AREA + i * 0x100u,
			 i < 3 ? 4 : 40, i < 32 ? VRING_DESC_F_NEXT : 0,
			 (uint16_t)(i + 1));
	memset(ram(BUFFER_AREA), 0, 0x300);
	for (uint16_t i = 3; i < 33; i++)
		memset(ram(BUFFER_AREA + i * 0x100u), i, 40);
	offer(QUEUE_TX, 0);
	offer(QUEUE_TX, 0);		/* a second one waits for the buffer */
	kick(QUEUE_TX);
	CHECK(n_input == 1 && input[0]->n_segments == 1);
	CHECK(input[0]->len == 1200 && port.count.linearized == 1);
	for (unsigned int i = 0; i < 1200; i++)
		CHECK(((uint8_t *)input[0]->segment[0].virt)[i] == 3 + i / 40);
	finish(0);
	n_input = 0;
	port.ops->resume(&port);
	CHECK(n_input == 1);
	all_back();
	/* 20 are not too many, header and frame in one buffer */
	put_desc(QUEUE_TX, 13, BUFFER_AREA, 52, VRING_DESC_F_NEXT, 14);
	offer(QUEUE_TX, 13);
	kick(QUEUE_TX);
	CHECK(n_input == 1 && input[0]->n_segments == 20);
	all_back();
}

static void offloads(void)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34,
		.csum_offset = 16,
	};
	unsigned int refused = (unsigned int)port.count.tx_malformed;

	driver_start(ALL_FEATURES, 256);
	put_frame(0, 100, &h);
	offer(QUEUE_TX, 0);
	/* TSO: the length of the headers comes from the TCP header */
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = 500;
	h.hdr_len = 9999;
	put_frame(1, 1800, &h);
	*ram(BUFFER_AREA + 0x800 + HDR + 34 + 12) = 0x80;
	offer(QUEUE_TX, 1);
	put_frame(2, 400, &h);		/* fits one segment: no TSO */
	*ram(BUFFER_AREA + 0x1000 + HDR + 34 + 12) = 0x50;
	offer(QUEUE_TX, 2);
	kick(QUEUE_TX);
	CHECK(n_input == 3);
	CHECK(input[0]->flags == FRAME_CSUM_PARTIAL);
	CHECK(input[0]->csum_start == 34 && input[0]->csum_offset == 16);
	CHECK(input[1]->flags == (FRAME_CSUM_PARTIAL | FRAME_TSO4));
	CHECK(input[1]->header_len == 66 && input[1]->mss == 500);
	CHECK(input[2]->flags == FRAME_CSUM_PARTIAL);
	all_back();

	/* requests that fit no frame: handed back, counted, device lives */
	for (unsigned int i = 0; i < 9; i++) {
		struct virtio_net_hdr bad = h;
		uint32_t len = 1800, id;

		switch (i) {
		case 0: bad.csum_start = 1790; break;
		case 1: bad.csum_start = 0xffff; break;
		case 2: bad.csum_offset = 0xfffe; break;
		case 3: bad.gso_size = 0; break;
		case 4: bad.gso_size = 1500; break;
		case 5: bad.gso_type = 3; break;
		case 6: bad.flags = 0; break;
		case 7: bad.gso_type = 0; break;	/* 1800 bytes */
		case 8: len = 13; break;
		}
		put_frame(3, len, &bad);
		if (len > 50)
			*ram(BUFFER_AREA + 3 * 0x800 + HDR + 34 + 12) = 0x50;
		offer(QUEUE_TX, 3);
		kick(QUEUE_TX);
		CHECK(n_input == 0);
		CHECK(port.count.tx_malformed == ++refused);
		CHECK(queue[QUEUE_TX].used->idx == 4 + i);
		CHECK(queue[QUEUE_TX].used->ring[3 + i].id == 3);
		(void)id;
	}
	CHECK(status() == 0xf);
	/* a good one behind a bad one in one batch */
	put_frame(3, 13, NULL);
	put_frame(4, 60, NULL);
	offer(QUEUE_TX, 3);
	offer(QUEUE_TX, 4);
	kick(QUEUE_TX);
	CHECK(n_input == 1);
	all_back();
	/* not negotiated: not done */
	driver_start(~(uint64_t)VIRTIO_NET_F_HOST_TSO4, 256);
	put_frame(1, 1800, &h);
	offer(QUEUE_TX, 1);
	kick(QUEUE_TX);
	CHECK(n_input == 0);
}

static void no_kicks_while_frames_are_on_their_way(void)
{
	uint16_t *event;

	driver_start(ALL_FEATURES, 256);
	event = (uint16_t *)&queue[QUEUE_TX].used->ring[256];
	for (uint16_t i = 0; i < 32; i++) {
		put_frame(i, 60, NULL);
		offer(QUEUE_TX, i);
	}
	kick(QUEUE_TX);
	CHECK(n_input == 32 && *event == 31);	/* behind: not reached */
	put_frame(40, 60, NULL);
	offer(QUEUE_TX, 40);
	virtio_tx_exit(device);			/* any exit will do */
	CHECK(n_input == 33 && *event == 32);
	all_back();
	CHECK(*event == 33);			/* the next one kicks */
	/* one is enough for silence */
	for (uint16_t i = 0; i < 3; i++) {
		put_frame(i, 60, NULL);
		offer(QUEUE_TX, i);
		kick(QUEUE_TX);
		CHECK(*event == 33 + i);
	}
	all_back();
	/* the same by flag for a driver without event indices */
	driver_start(~(uint64_t)VIRTIO_F_EVENT_IDX, 64);
	for (uint16_t i = 0; i < 32; i++) {
		put_frame(i, 60, NULL);
		offer(QUEUE_TX, i);
	}
	kick(QUEUE_TX);
	CHECK(queue[QUEUE_TX].used->flags == VRING_USED_F_NO_NOTIFY);
	all_back();
	CHECK(queue[QUEUE_TX].used->flags == 0);
}

/* ---- frames in ---- */

static void receive_merges_buffers(void)
{
	struct virtio_net_hdr h;
	uint32_t id, len, total = 0;

	driver_start(ALL_FEATURES, 256);
	CHECK(receive(60, 0) == 0);		/* no buffers */
	for (uint16_t i = 0; i < 8; i++) {
		memset(ram(BUFFER_AREA + i * 0x800u), 0xee, 0x800);
		put_desc(QUEUE_RX, i, BUFFER_AREA + i * 0x800u, 400,
			 VRING_DESC_F_WRITE, 0);
		offer(QUEUE_RX, i);
	}
	CHECK(receive(1514, FRAME_CSUM_VALID) == 1);
	for (uint16_t i = 0; i < 4; i++) {
		CHECK(take_used(QUEUE_RX, &id, &len) && id == i);
		CHECK(len == (i < 3 ? 400 : 1514 + HDR - 1200));
		for (uint32_t k = i ? 0 : HDR; k < len; k++, total++)
			CHECK(*ram(BUFFER_AREA + i * 0x800u + k) ==
			      (uint8_t)(total * 3));
		CHECK(*ram(BUFFER_AREA + i * 0x800u + len) == 0xee);
	}
	CHECK(total == 1514);
	memcpy(&h, ram(BUFFER_AREA), HDR);
	CHECK(h.num_buffers == 4 && h.flags == VIRTIO_NET_HDR_F_DATA_VALID);
	CHECK(!h.gso_type && !h.csum_start);
	/* four buffers left are enough once more, then none are */
	CHECK(receive(60, 0) == 1 && take_used(QUEUE_RX, &id, &len));
	memcpy(&h, ram(BUFFER_AREA + 4 * 0x800), HDR);
	CHECK(id == 4 && len == 72 && h.num_buffers == 1 && !h.flags);
	CHECK(receive(1514, 0) == 0);
	CHECK(receive(1100, 0) == 1);
	CHECK(status() == 0xf);
}

static void receive_without_merging(void)
{
	uint32_t id, len;

	driver_start(~(uint64_t)VIRTIO_NET_F_MRG_RXBUF, 256);
	/* the header in a descriptor of its own, split frame buffers */
	put_desc(QUEUE_RX, 0, BUFFER_AREA, 12,
		 VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	put_desc(QUEUE_RX, 1, BUFFER_AREA + 0x800, 700,
		 VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 2);
	put_desc(QUEUE_RX, 2, BUFFER_AREA + 0x1000, 1000,
		 VRING_DESC_F_WRITE, 0);
	offer(QUEUE_RX, 0);
	CHECK(receive(1514, 0) == 1);
	CHECK(take_used(QUEUE_RX, &id, &len) && len == 1526);
	CHECK(*ram(BUFFER_AREA + 10) == 1);
	CHECK(*ram(BUFFER_AREA + 0x1000) == (uint8_t)(700 * 3));
}

/* As Linux gives them for large receive without merging. */
static void buffers_behind_the_frame_stay_as_they_are(void)
{
	const uint16_t n = 6;
	uint32_t id, len;

	driver_start(~(uint64_t)VIRTIO_NET_F_MRG_RXBUF, 256);
	memset(ram(BUFFER_AREA), 0xee, n * 0x1000u);
	for (uint16_t i = 0; i < n; i++)
		put_desc(QUEUE_RX, i, BUFFER_AREA + i * 0x1000u, 0x1000,
			 VRING_DESC_F_WRITE |
			 (i < n - 1 ? VRING_DESC_F_NEXT : 0), i + 1);
	offer(QUEUE_RX, 0);
	CHECK(receive(60, 0) == 1);
	CHECK(take_used(QUEUE_RX, &id, &len) && len == 72);
	CHECK(*ram(BUFFER_AREA + 71) == (uint8_t)(59 * 3));
	for (uint32_t at = 72; at < n * 0x1000u; at++)
		CHECK(*ram(BUFFER_AREA + at) == 0xee);
}

/* ---- reset ---- */

static void reset_waits_for_frames_and_forgets_them(void)
{
	driver_start(ALL_FEATURES, 256);
	for (uint16_t i = 0; i < 3; i++) {
		put_frame(i, 60, NULL);
		offer(QUEUE_TX, i);
	}
	kick(QUEUE_TX);
	CHECK(n_input == 3);
	common_write(COMMON_DEVICE_STATUS, 1, 0);
	CHECK(status() != 0);
	common_write(COMMON_DEVICE_STATUS, 1, 1);	/* too early */
	finish(0);
	finish(1);
	CHECK(status() != 0);
	memset(ram(RING_AREA), 0x5a, 0xc000);
	finish(2);
	CHECK(status() == 0);
	virtio_tx_poll(device);
	/* nothing was written into memory that is the guest's again */
	for (unsigned int i = 0; i < 0xc000; i++)
		CHECK(*ram(RING_AREA + i) == 0x5a);
	n_input = 0;

	/* the wire never lets go: bounded, and logged */
	driver_start(ALL_FEATURES, 256);
	put_frame(0, 60, NULL);
	offer(QUEUE_TX, 0);
	kick(QUEUE_TX);
	common_write(COMMON_DEVICE_STATUS, 1, 0);
	fake_time += 5000000;
	CHECK(status() != 0);
	fake_time += 6000000;
	log_lines = 0;
	CHECK(status() == 0 && log_lines == 1);
	finish(0);
	n_input = 0;
	CHECK(device->in_flight == 0);
}

static void one_queue_is_reset(void)
{
	uint32_t id, len;

	driver_start(ALL_FEATURES, 256);
	put_frame(0, 60, NULL);
	offer(QUEUE_TX, 0);
	kick(QUEUE_TX);
	common_write(COMMON_QUEUE_SELECT, 2, QUEUE_TX);
	common_write(COMMON_QUEUE_RESET, 2, 1);
	CHECK(common_read(COMMON_QUEUE_RESET, 2) == 1);
	CHECK(common_read(COMMON_QUEUE_ENABLE, 2) == 0);
	common_write(COMMON_QUEUE_ENABLE, 2, 1);	/* too early */
	CHECK(common_read(COMMON_QUEUE_ENABLE, 2) == 0);
	finish(0);
	n_input = 0;
	CHECK(common_read(COMMON_QUEUE_RESET, 2) == 0);
	driver_queue_setup(QUEUE_TX, 64);
	put_frame(1, 60, NULL);
	offer(QUEUE_TX, 1);
	kick(QUEUE_TX);
	CHECK(n_input == 1 && status() == 0xf);
	all_back();
	CHECK(take_used(QUEUE_TX, &id, &len) && id == 1);
	/* RX goes on meanwhile */
	give_rx_buffers();
	CHECK(receive(60, 0) == 1);
}

static void bus_mastering_off_means_no_access(void)
{
	driver_start(ALL_FEATURES, 256);
	give_rx_buffers();
	put_frame(0, 60, NULL);
	offer(QUEUE_TX, 0);
	pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	kick(QUEUE_TX);
	CHECK(n_input == 0 && receive(60, 0) == 0);
	pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CHECK(n_input == 1 && receive(60, 0) == 1);
	all_back();
}

int main(void)
{
	device_create();
	function_is_where_the_card_was();
	configuration_window();
	without_its_feature_there_is_no_control_queue();
	negotiation();
	transmit_is_zero_copy();
	full_wire_leaves_chains_in_the_queue();
	many_buffers_are_gathered();
	offloads();
	no_kicks_while_frames_are_on_their_way();
	receive_merges_buffers();
	receive_without_merging();
	buffers_behind_the_frame_stay_as_they_are();
	reset_waits_for_frames_and_forgets_them();
	one_queue_is_reset();
	bus_mastering_off_means_no_access();
	printf("%u checks\n", checks);
	return 0;
}
