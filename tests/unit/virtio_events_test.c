// SPDX-License-Identifier: MIT
/*
 * The virtio-net device's interrupts, by MSI-X and by pin, each of them only
 * when the driver wants it; and the commands of its control queue.
 */
#include "virtio_driver.h"

/* ---- interrupts ---- */

static void msix_set(unsigned int i, uint32_t address, uint32_t data,
		     uint32_t control)
{
	bar_write(BAR_MSIX_TABLE + i * 16, 4, address);
	bar_write(BAR_MSIX_TABLE + i * 16 + 4, 4, 0);
	bar_write(BAR_MSIX_TABLE + i * 16 + 8, 4, data);
	bar_write(BAR_MSIX_TABLE + i * 16 + 12, 4, control);
}

static void msix(void)
{
	unsigned int cap = find_cap(PCI_CAP_ID_MSIX, -1);
	uint16_t *event;

	driver_start(ALL_FEATURES, 256);
	give_rx_buffers();
	event = &queue[QUEUE_RX].avail->ring[256];
	pci_write(cap + 2, 2, 0x8000);
	msix_set(1, 0xfee00000, 0x51, 0);
	n_messages = 0;
	*event = 0;
	CHECK(receive(60, 0) == 1);
	CHECK(n_messages == 1 && message_data == 0x51);
	CHECK(message_address == 0xfee00000);
	/* the driver has not moved its event: silence */
	CHECK(receive(60, 0) == 1 && n_messages == 1);
	*event = 2;
	CHECK(receive(60, 0) == 1 && n_messages == 2);
	/* masked: pending, and sent when unmasked */
	*event = 3;
	bar_write(BAR_MSIX_TABLE + 16 + 12, 4, 1);
	CHECK(receive(60, 0) == 1 && n_messages == 2);
	CHECK(bar_read(BAR_MSIX_PBA, 8) == 2);
	bar_write(BAR_MSIX_TABLE + 16 + 12, 4, 0);
	CHECK(n_messages == 3 && bar_read(BAR_MSIX_PBA, 4) == 0);
	*event = 4;
	pci_write(cap + 2, 2, 0xc000);
	CHECK(receive(60, 0) == 1 && n_messages == 3);
	pci_write(cap + 2, 2, 0x8000);
	CHECK(n_messages == 4);
	/* a link change raises the configuration interrupt, vector 0 */
	msix_set(0, 0xfee00000, 0x50, 0);
	common_write(COMMON_CONFIG_MSIX_VECTOR, 2, 0);
	port.link = false;
	port.ops->link_changed(&port, false);
	CHECK(n_messages == 5 && message_data == 0x50);
	CHECK(bar_read(BAR_DEVICE + 6, 2) == 0);
	port.link = true;
	/* no such vector: no vector */
	common_write(COMMON_CONFIG_MSIX_VECTOR, 2, VIRTIO_VECTORS);
	CHECK(common_read(COMMON_CONFIG_MSIX_VECTOR, 2) == 0xffff);
	/* a message that is none is refused and counted */
	msix_set(1, 0x1000, 0x51, 0);
	*event = 5;
	CHECK(receive(60, 0) == 1 && device->count.bad_msi == 1);
	CHECK(!intx_on);
	pci_write(cap + 2, 2, 0);
}

/* Completions wait an exit when received frames raise an interrupt. */
static void one_interrupt_for_both_ways(void)
{
	unsigned int cap = find_cap(PCI_CAP_ID_MSIX, -1);

	driver_start(~(uint64_t)VIRTIO_F_EVENT_IDX, 256);
	give_rx_buffers();
	pci_write(cap + 2, 2, 0x8000);
	msix_set(1, 0xfee00000, 0x51, 0);
	msix_set(2, 0xfee00000, 0x52, 0);
	for (unsigned int i = 0; i < 2; i++) {
		put_frame(i, 60, NULL);
		offer(QUEUE_TX, i);
	}
	kick(QUEUE_TX);
	virtio_tx_exit(device);
	n_messages = 0;
	finish(0);
	port.ops->resume(&port);
	CHECK(queue[QUEUE_TX].used->idx == 1 && n_messages == 0);
	CHECK(receive(60, 0) == 1 && n_messages == 1);
	virtio_tx_exit(device);
	CHECK(n_messages == 1);
	virtio_tx_exit(device);
	CHECK(n_messages == 2 && message_data == 0x52);
	/* alone: at the end of the exit */
	finish(1);
	port.ops->resume(&port);
	virtio_tx_exit(device);
	CHECK(n_messages == 3 && queue[QUEUE_TX].used->idx == 2);
	virtio_tx_exit(device);
	CHECK(n_messages == 3);
	n_input = 0;
	pci_write(cap + 2, 2, 0);
}

/* n frames that the driver kicks for, each taken and given back at once. */
static void send_frames(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		put_frame(0, 1400, NULL);
		offer(QUEUE_TX, 0);
		kick(QUEUE_TX);
		all_back();
	}
}

static bool kicks_wanted(void)
{
	return !(queue[QUEUE_TX].used->flags & VRING_USED_F_NO_NOTIFY);
}

static void timer_fires(void)
{
	struct timer *t = &device->hold.timer;

	CHECK(t->armed && t->deadline > fake_time);
	fake_time = t->deadline;
	t->armed = false;
	t->fn(t);
}

static void bulk_sender_is_held(void)
{
	driver_start(~(uint64_t)VIRTIO_F_EVENT_IDX, 256);
	give_rx_buffers();
	fake_time += 100000;
	send_frames(1);
	CHECK(kicks_wanted());
	send_frames(40);
	CHECK(kicks_wanted());		/* the window is not over */
	fake_time += 6000;
	send_frames(1);
	CHECK(!kicks_wanted());
	/* what comes without a kick is taken at the timer */
	put_frame(0, 1400, NULL);
	offer(QUEUE_TX, 0);
	CHECK(n_input == 0);
	timer_fires();
	CHECK(n_input == 1);
	all_back();
	CHECK(!kicks_wanted());
	/* nothing more comes: kicks are wanted again */
	timer_fires();
	CHECK(kicks_wanted() && !device->hold.timer.armed);
	/* one that sends to be sent to is never held */
	fake_time += 6000;
	for (unsigned int i = 0; i < 3; i++) {
		send_frames(30);
		for (unsigned int n = 0; n < 20; n++)
			CHECK(receive(1400, 0) == 1);
		fake_time += 6000;
		give_rx_buffers();
		send_frames(1);
		CHECK(kicks_wanted());
	}
}

static void intx(void)
{
	driver_start(~(uint64_t)VIRTIO_F_EVENT_IDX, 256);
	give_rx_buffers();
	queue[QUEUE_RX].avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	CHECK(receive(60, 0) == 1 && !intx_on);	/* a polling driver */
	queue[QUEUE_RX].avail->flags = 0;
	CHECK(receive(60, 0) == 1 && intx_on && intx_level);
	CHECK(pci_read(PCI_STATUS, 2) & 8);
	CHECK(bar_read(BAR_ISR, 1) == VIRTIO_ISR_QUEUE && !intx_level);
	CHECK(bar_read(BAR_ISR, 1) == 0 && intx_on);
	port.ops->link_changed(&port, true);
	CHECK(intx_level && bar_read(BAR_ISR, 1) == VIRTIO_ISR_CONFIG);
	CHECK(receive(60, 0) == 1 && intx_level);
	pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		  PCI_COMMAND_INTX_DISABLE);
	CHECK(!intx_level && !intx_on);
	pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CHECK(intx_level && intx_on);
	common_write(COMMON_DEVICE_STATUS, 1, 0);
	CHECK(!intx_level && !intx_on && bar_read(BAR_ISR, 1) == 0);
}

/* ---- control queue ---- */

static void control_commands(void)
{
	static const uint8_t table[] = {
		1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 9,
		2, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1, 1, 0, 0x5e, 0, 0, 2,
	};
	static const uint8_t lies[] = { 1, 0, 255, 255, 255, 255, 1, 2 };
	static uint8_t big[3000] = { 1, 0 };

	driver_start(ALL_FEATURES, 64);
	CHECK(filter_all && !filter_promiscuous && !filter_n);
	CHECK(control_command("\0\0\1", 3) == 0 && filter_promiscuous);
	CHECK(control_command("\0\0\0", 3) == 0 && !filter_promiscuous);
	CHECK(control_command("\0\1\0", 3) == 0 && !filter_all);
	CHECK(control_command(table, sizeof(table)) == 0 && filter_n == 3);
	CHECK(filter_mac[0][0] == 2 && filter_mac[2][5] == 2);
	CHECK(control_command(lies, sizeof(lies)) == VIRTIO_NET_ERR);
	CHECK(control_command("\0\2\1", 3) == VIRTIO_NET_ERR);	/* not offered */
	CHECK(control_command("\4\0\1\0", 4) == VIRTIO_NET_ERR);
	CHECK(control_command(big, sizeof(big)) == VIRTIO_NET_ERR);
	CHECK(control_command("\1\1\2\2\2\2\2\2", 8) == 0);
	CHECK(port.mac[0] == 2 && bar_read(BAR_DEVICE, 1) == 2);
	CHECK(control_command("\1\1\3\2\2\2\2\2", 8) == VIRTIO_NET_ERR);
	common_write(COMMON_DEVICE_STATUS, 1, 0);
	CHECK(port.mac[0] == 0x52 && filter_all && !filter_n);
	/* more addresses than fit: everything is let in */
	driver_start(ALL_FEATURES, 64);
	control_command("\0\1\0", 3);
	big[6 - 4] = 0;
	big[6] = 100;
	for (unsigned int i = 0; i < 100; i++)
		big[10 + 6 * i] = 1;
	CHECK(control_command(big, 610) == 0 && filter_all && filter_n == 64);
	CHECK(status() == 0xf);
}

int main(void)
{
	device_create();
	msix();
	one_interrupt_for_both_ways();
	bulk_sender_is_held();
	intx();
	control_commands();
	printf("%u checks\n", checks);
	return 0;
}
