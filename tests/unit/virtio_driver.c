// SPDX-License-Identifier: MIT
/*
 * The driver of virtio_driver.h, and the switch below the device: a list of
 * frames. The backend is taken in as source, since only the linker's tables
 * name it in the VMM.
 */
#include "virtio_driver.h"

#include "../../net/virtio/device.c"

struct net_port port;
struct pci_device card;
struct virtio_net *device;
struct driver_queue queue[VIRTIO_QUEUES];

struct frame *input[512];
unsigned int n_input, input_room = 512, filter_n;
bool filter_promiscuous, filter_all, intx_on, intx_level, may_miss;
uint8_t filter_mac[64][ETH_ALEN];

unsigned int (*input_instead)(struct frame **f, unsigned int n);

static struct net_port wire;

/* ---- the switch ---- */

unsigned int net_input(struct net_port *p, struct frame **f, unsigned int n)
{
	unsigned int i;

	if (input_instead)
		return input_instead(f, n);
	for (i = 0; i < n && input_room; i++, input_room--) {
		frame_get(f[i]);
		input[n_input++ % ARRAY_SIZE(input)] = f[i];
	}
	return i;
}

bool frame_copy(const struct frame *f, uint32_t offset, void *dst,
		uint32_t len)
{
	for (uint32_t done = 0; done < len; done++) {
		uint32_t at = offset + done;
		unsigned int i = 0;

		while (i < f->n_segments && at >= f->segment[i].len)
			at -= f->segment[i++].len;
		if (i == f->n_segments)
			return false;
		((uint8_t *)dst)[done] = ((uint8_t *)f->segment[i].virt)[at];
	}
	return true;
}

void net_filter_changed(struct net_port *p, bool promiscuous,
			bool all_multicast, const uint8_t (*mac)[ETH_ALEN],
			unsigned int n)
{
	filter_promiscuous = promiscuous;
	filter_all = all_multicast;
	filter_n = n;
	memcpy(filter_mac, mac, n * ETH_ALEN);
}

struct net_port *net_switch_port(struct net_switch *sw, enum net_port_id id)
{
	return id == NET_WIRE ? &wire : &port;
}

void net_report_text(struct net_report *r, const char *name, const char *fmt,
		     ...)
{
}

void net_report_count(struct net_report *r, const char *name, uint64_t value)
{
}

static void intx_enable(struct net_port *p, bool on)
{
	CHECK(on != intx_on);
	intx_on = on;
}

static void intx_set(struct net_port *p, bool asserted)
{
	CHECK(intx_on);
	intx_level = asserted;
}

static const struct net_port_ops wire_ops = {
	.guest_intx_enable = intx_enable, .guest_intx_level = intx_set,
};

void device_create(void)
{
	wire.ops = &wire_ops;
	wire.can = NET_CAN_CSUM | NET_CAN_TSO4 | NET_CAN_TSO6;
	card.bar[0] = (struct pci_bar){ .base = HARDWARE_BAR,
					.size = 0x10000, .is_64bit = true };
	memcpy(port.mac, "\x52\x54\0\1\2\3", ETH_ALEN);
	port.id = NET_GUEST;
	port.link = true;
	CHECK(virtio_backend.create(&port, &card) == 0);
	device = port.priv;
	CHECK(card.guest_view == &device->function);
}

/* ---- accesses ---- */

uint32_t pci_read(unsigned int offset, unsigned int size)
{
	return device->function.config_read(&device->function, offset, size);
}

void pci_write(unsigned int offset, unsigned int size, uint32_t value)
{
	device->function.config_write(&device->function, offset, size, value);
}

unsigned int find_cap(uint8_t id, int type)
{
	unsigned int at = pci_read(PCI_CAPABILITY_LIST, 1);

	for (unsigned int i = 0; at && i < 48; i++) {
		if (pci_read(at, 1) == id &&
		    (type < 0 || pci_read(at + 3, 1) == (uint32_t)type))
			return at;
		at = pci_read(at + 1, 1);
	}
	return 0;
}

static uint64_t bar_base(void)
{
	return (pci_read(0x10, 4) & ~0xful) |
	       (uint64_t)pci_read(0x14, 4) << 32;
}

uint64_t bar_read(uint64_t offset, unsigned int size)
{
	uint64_t v = 0;

	CHECK(guest_access(bar_base() + offset, size, false, &v) || may_miss);
	return v;
}

void bar_write(uint64_t offset, unsigned int size, uint64_t value)
{
	CHECK(guest_access(bar_base() + offset, size, true, &value) ||
	      may_miss);
}

static uint64_t structure(uint8_t type)
{
	unsigned int cap = find_cap(PCI_CAP_ID_VNDR, type);

	CHECK(cap && pci_read(cap + 4, 1) == 0);
	return pci_read(cap + 8, 4);
}

uint32_t common_read(unsigned int offset, unsigned int size)
{
	return (uint32_t)bar_read(structure(VIRTIO_PCI_CAP_COMMON_CFG) +
				  offset, size);
}

void common_write(unsigned int offset, unsigned int size, uint32_t value)
{
	bar_write(structure(VIRTIO_PCI_CAP_COMMON_CFG) + offset, size, value);
}

/* ---- set-up ---- */

static void write_address(unsigned int offset, guest_phys addr)
{
	common_write(offset, 4, (uint32_t)addr);
	common_write(offset + 4, 4, (uint32_t)(addr >> 32));
}

void driver_queue_setup(unsigned int i, uint16_t size)
{
	struct driver_queue *q = &queue[i];

	*q = (struct driver_queue){ .size = size,
				    .base = RING_AREA + i * 0x4000 };
	q->desc = (void *)ram(q->base);
	q->avail = (void *)ram(q->base + 0x1000);
	q->used = (void *)ram(q->base + 0x2000);
	memset(q->desc, 0, 0x1000);
	memset(q->avail, 0, 0x1000);
	memset(q->used, 0, 0x1000);
	common_write(COMMON_QUEUE_SELECT, 2, i);
	CHECK(common_read(COMMON_QUEUE_SIZE, 2) == VIRTIO_QUEUE_SIZE);
	common_write(COMMON_QUEUE_SIZE, 2, size);
	write_address(COMMON_QUEUE_DESC, q->base);
	write_address(COMMON_QUEUE_DRIVER, q->base + 0x1000);
	write_address(COMMON_QUEUE_DEVICE, q->base + 0x2000);
	common_write(COMMON_QUEUE_MSIX_VECTOR, 2, i + 1);
	CHECK(common_read(COMMON_QUEUE_MSIX_VECTOR, 2) == i + 1);
	common_write(COMMON_QUEUE_ENABLE, 2, 1);
}

void driver_start(uint64_t features, uint16_t queue_size)
{
	uint64_t offered;

	pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	common_write(COMMON_DEVICE_STATUS, 1, 0);
	CHECK(common_read(COMMON_DEVICE_STATUS, 1) == 0);
	common_write(COMMON_DEVICE_STATUS, 1, VIRTIO_STATUS_ACKNOWLEDGE |
		     VIRTIO_STATUS_DRIVER);
	common_write(COMMON_DEVICE_FEATURE_SELECT, 4, 1);
	offered = (uint64_t)common_read(COMMON_DEVICE_FEATURE, 4) << 32;
	common_write(COMMON_DEVICE_FEATURE_SELECT, 4, 0);
	offered |= common_read(COMMON_DEVICE_FEATURE, 4);
	features &= offered;
	for (uint32_t i = 0; i < 2; i++) {
		common_write(COMMON_DRIVER_FEATURE_SELECT, 4, i);
		common_write(COMMON_DRIVER_FEATURE, 4,
			     (uint32_t)(features >> 32 * i));
	}
	common_write(COMMON_DEVICE_STATUS, 1, 0xb);
	CHECK(common_read(COMMON_DEVICE_STATUS, 1) == 0xb);
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++)
		driver_queue_setup(i, queue_size);
	common_write(COMMON_DEVICE_STATUS, 1, 0xf);
	CHECK(common_read(COMMON_DEVICE_STATUS, 1) == 0xf);
	n_input = 0;
	input_room = ARRAY_SIZE(input);
}

/* ---- rings ---- */

void put_desc(unsigned int i, uint16_t n, guest_phys addr, uint32_t len,
	      uint16_t flags, uint16_t next)
{
	queue[i].desc[n] = (struct vring_desc){ addr, len, flags, next };
}

void offer(unsigned int i, uint16_t head)
{
	struct driver_queue *q = &queue[i];

	q->avail->ring[q->avail->idx % q->size] = head;
	q->avail->idx++;
}

void kick(unsigned int i)
{
	bar_write(structure(VIRTIO_PCI_CAP_NOTIFY_CFG) +
		  i * NOTIFY_MULTIPLIER, 2, i);
}

bool take_used(unsigned int i, uint32_t *id, uint32_t *len)
{
	struct driver_queue *q = &queue[i];

	if (q->seen == q->used->idx)
		return false;
	*id = q->used->ring[q->seen % q->size].id;
	*len = q->used->ring[q->seen % q->size].len;
	q->seen++;
	return true;
}

/* ---- what most tests do ---- */

uint8_t status(void)
{
	return (uint8_t)common_read(COMMON_DEVICE_STATUS, 1);
}

void finish(unsigned int i)
{
	frame_put(input[i]);
}

/* Descriptor n of the transmit queue: header and len bytes of frame. */
void put_frame(uint16_t n, uint32_t len,
		      const struct virtio_net_hdr *hdr)
{
	guest_phys at = BUFFER_AREA + n * 0x800u;

	memset(ram(at), 0, HDR);
	if (hdr)
		memcpy(ram(at), hdr, HDR);
	for (uint32_t i = 0; i < len; i++)
		*ram(at + HDR + i) = (uint8_t)(n + i);
	put_desc(QUEUE_TX, n, at, HDR + len, 0, 0);
}

void all_back(void)
{
	/* what is back makes room for what was offered without a kick */
	for (unsigned int round = 0; round == 0 || n_input; round++) {
		CHECK(round < 1000);
		for (unsigned int i = 0; i < n_input; i++)
			finish(i);
		n_input = 0;
		port.ops->resume(&port);
	}
	CHECK(device->in_flight == 0 && device->in_flight_bytes == 0);
}

static uint8_t wire_bytes[1514];

static struct frame wire_frame(uint32_t len, uint8_t flags)
{
	for (uint32_t i = 0; i < len; i++)
		wire_bytes[i] = (uint8_t)(i * 3);
	return (struct frame){
		.segment = { { 0, wire_bytes, len } }, .n_segments = 1,
		.len = len, .flags = flags, .refs = 1,
	};
}

unsigned int receive(uint32_t len, uint8_t flags)
{
	struct frame f = wire_frame(len, flags), *list[1] = { &f };
	unsigned int n = port.ops->transmit(&port, list, 1);

	if (n)
		port.ops->flush(&port);
	CHECK(f.refs == 1);
	return n;
}

void give_rx_buffers(void)
{
	for (uint16_t i = 0; i < 32; i++) {
		put_desc(QUEUE_RX, i, BUFFER_AREA + i * 0x800u, 0x800,
			 VRING_DESC_F_WRITE, 0);
		offer(QUEUE_RX, i);
	}
}

uint8_t control_command(const void *bytes, uint32_t len)
{
	guest_phys at = RAM_BASE + RAM_SIZE - 0x2000, answer = at + 0x1000;

	memcpy(ram(at), bytes, len);
	*ram(answer) = 0xaa;
	put_desc(QUEUE_CTRL, 0, at, 2, VRING_DESC_F_NEXT, 1);
	put_desc(QUEUE_CTRL, 1, at + 2, len - 2, VRING_DESC_F_NEXT, 2);
	put_desc(QUEUE_CTRL, 2, answer, 1, VRING_DESC_F_WRITE, 0);
	offer(QUEUE_CTRL, 0);
	kick(QUEUE_CTRL);
	return *ram(answer);
}
