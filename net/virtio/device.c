// SPDX-License-Identifier: MIT
/*
 * The virtio-net device as the guest's side of a switch: creation, link
 * changes, and the look at its queues at every exit.
 */
#define LOG_PREFIX "virtio-net: "

#include "virtio.h"

#include <errno.h>
#include <string.h>
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/mem.h>

static struct virtio_net *devices;

static void resume(struct net_port *p)
{
	struct virtio_net *dev = p->priv;

	virtio_tx_room(dev);
	virtio_tx_poll(dev);
}

static void link_changed(struct net_port *p, bool up)
{
	struct virtio_net *dev = p->priv;

	spin_lock(&dev->lock);
	dev->config_generation++;
	spin_unlock(&dev->lock);
	if (dev->live && virtio_has(dev, VIRTIO_NET_F_STATUS))
		virtio_interrupt_config(dev);
}

static void describe(struct net_port *p, struct net_report *r)
{
	struct virtio_net *dev = p->priv;

	net_report_text(r, "virtio", "status %#x, features %#lx, %s",
			dev->status, dev->features,
			virtio_pci_msix_on(dev) ? "MSI-X" : "INTx");
	net_report_count(r, "notifications", dev->count.notifies);
	net_report_count(r, "interrupts", dev->count.interrupts);
	net_report_count(r, "chains received", dev->queue[QUEUE_RX].chains);
	net_report_count(r, "large frames received", dev->count.large);
	net_report_count(r, "chains sent", dev->queue[QUEUE_TX].chains);
	net_report_count(r, "in flight", dev->in_flight);
	net_report_count(r, "rules broken", dev->count.broken);
	net_report_count(r, "bad accesses", dev->count.bad_access);
	net_report_count(r, "bad messages", dev->count.bad_msi);
}

static const struct net_port_ops ops = {
	.transmit = virtio_rx_transmit,
	.flush = virtio_rx_flush,
	.resume = resume,
	.link_changed = link_changed,
	.describe = describe,
};

/*
 * At every exit, and mostly nothing to do: completions that the wire did not
 * announce, chains that came while kicks were off.
 */
static void poll(void)
{
	for (struct virtio_net *dev = devices; dev; dev = dev->next)
		virtio_tx_exit(dev);
}
EXIT_POLL(poll);

/*
 * After a sleep the function is as after power-on; the driver expects that. This
 * comes before the card starts again: whom it tells of its link and of the
 * frames that it had must not be the guest as it was.
 */
static void wake(bool lost)
{
	for (struct virtio_net *dev = devices; lost && dev; dev = dev->next) {
		spin_lock(&dev->lock);
		virtio_device_reset(dev);
		virtio_pci_reset(dev);
		spin_unlock(&dev->lock);
	}
}
POWER_HOOK(INIT_BUS, NULL, wake);

static int create(struct net_port *port, struct pci_device *at)
{
	struct virtio_net *dev = mem_alloc(sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	dev->port = port;
	dev->at = at;
	memcpy(dev->permanent_mac, port->mac, ETH_ALEN);
	dev->offered = virtio_features(
		net_switch_port(port->sw, NET_WIRE)->can);
	dev->config_vector = VIRTIO_MSI_NO_VECTOR;
	dev->all_multicast = true;
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++) {
		dev->queue[i].index = (uint16_t)i;
		virtio_queue_reset(&dev->queue[i]);
	}
	for (unsigned int i = 0; i < VIRTIO_VECTORS; i++)
		dev->msix[i].control = MSIX_MASKED;
	port->priv = dev;
	port->ops = &ops;

	err = virtio_tx_create(dev);
	if (!err)
		err = virtio_pci_create(dev);
	if (!err)
		err = virtio_bar_create(dev);
	if (err)
		goto err_free;
	err = pci_present(at, &dev->function);
	if (err)
		goto err_traps;
	virtio_bar_update(dev);
	virtio_ctrl_reset(dev);
	dev->next = devices;
	devices = dev;
	return 0;

err_traps:
	virtio_bar_destroy(dev);
err_free:
	virtio_tx_destroy(dev);
	mem_free(dev);
	return err;
}

static const struct net_backend virtio_backend = {
	.name = "virtio",
	.id = NET_GUEST,
	.create = create,
};
NET_BACKEND(virtio_backend);
