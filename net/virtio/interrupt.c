// SPDX-License-Identifier: MIT
/*
 * Interrupts of the virtual function: its MSI-X table (PCI 3.0, 6.8.2) and PBA
 * in software, messages delivered as real IPIs; or INTx with the ISR register
 * (virtio 1.2, 4.1.4.5), where the guest's line is the card's own.
 *
 * Any CPU raises interrupts while another changes where they go, so all of it is
 * under interrupt_lock: a message is never sent from half an entry, and what is
 * pending is seen by whoever unmasks.
 */
#include "virtio.h"

#include <tandem/irq.h>

#define ENTRY_SIZE	16
#define ENTRY_ADDRESS	0x0
#define ENTRY_ADDRESS_HIGH 0x4
#define ENTRY_DATA	0x8
#define ENTRY_CONTROL	0xc

uint32_t virtio_msix_read(struct virtio_net *dev, unsigned int offset)
{
	const struct msix_entry *e;

	if (offset / ENTRY_SIZE >= VIRTIO_VECTORS)
		return 0;
	e = &dev->msix[offset / ENTRY_SIZE];
	switch (offset % ENTRY_SIZE) {
	case ENTRY_ADDRESS:
		return (uint32_t)e->address;
	case ENTRY_ADDRESS_HIGH:
		return (uint32_t)(e->address >> 32);
	case ENTRY_DATA:
		return e->data;
	case ENTRY_CONTROL:
		return e->control;
	}
	return 0;
}

/* Send what waits and may go. The lock is held, as below. */
static void send_pending(struct virtio_net *dev)
{
	if (!virtio_pci_msix_on(dev) || virtio_pci_msix_masked(dev) ||
	    !virtio_pci_master_on(dev))
		return;
	for (unsigned int i = 0; i < VIRTIO_VECTORS; i++) {
		const struct msix_entry *e = &dev->msix[i];

		if (!(dev->msix_pending & BIT(i)) ||
		    (e->control & MSIX_MASKED))
			continue;
		dev->msix_pending &= ~BIT(i);
		dev->count.interrupts++;
		if (guest_msi(e->address, e->data))
			dev->count.bad_msi++;
	}
}

void virtio_msix_write(struct virtio_net *dev, unsigned int offset,
		       uint32_t value)
{
	struct msix_entry *e;

	if (offset / ENTRY_SIZE >= VIRTIO_VECTORS)
		return;
	e = &dev->msix[offset / ENTRY_SIZE];
	spin_lock(&dev->interrupt_lock);
	switch (offset % ENTRY_SIZE) {
	case ENTRY_ADDRESS:
		e->address = (e->address & ~0xffffffffull) | (value & ~3u);
		break;
	case ENTRY_ADDRESS_HIGH:
		e->address = (e->address & 0xffffffffull) |
			     (uint64_t)value << 32;
		break;
	case ENTRY_DATA:
		e->data = value;
		break;
	case ENTRY_CONTROL:
		e->control = value & MSIX_MASKED;
		send_pending(dev);
		break;
	}
	spin_unlock(&dev->interrupt_lock);
}

uint64_t virtio_msix_pba(const struct virtio_net *dev)
{
	return dev->msix_pending;
}

/* Give the line back: the card may use messages again. */
static void line_off(struct virtio_net *dev)
{
	struct net_port *wire = net_switch_port(dev->port->sw, NET_WIRE);

	if (!dev->intx_enabled)
		return;
	dev->intx_enabled = false;
	wire->ops->guest_intx_enable(wire, false);
}

/* The line follows ISR, unless it is off. The card drives it for us. */
static void update_line(struct virtio_net *dev)
{
	struct net_port *wire = net_switch_port(dev->port->sw, NET_WIRE);
	bool on = dev->isr && !virtio_pci_msix_on(dev) &&
		  !virtio_pci_intx_off(dev);

	if (!wire->ops->guest_intx_enable || !wire->ops->guest_intx_level)
		return;
	/* Only now do we know that the driver wants interrupts this way. */
	if (on && !dev->intx_enabled) {
		dev->intx_enabled = true;
		wire->ops->guest_intx_enable(wire, true);
	}
	if (on != dev->intx_asserted) {
		dev->intx_asserted = on;
		wire->ops->guest_intx_level(wire, on);
	}
	if (virtio_pci_msix_on(dev) || virtio_pci_intx_off(dev))
		line_off(dev);
}

void virtio_interrupt_update(struct virtio_net *dev)
{
	spin_lock(&dev->interrupt_lock);
	update_line(dev);
	send_pending(dev);
	spin_unlock(&dev->interrupt_lock);
}

static void interrupt(struct virtio_net *dev, uint16_t vector, uint8_t cause)
{
	spin_lock(&dev->interrupt_lock);
	if (!virtio_pci_msix_on(dev)) {
		dev->isr |= cause;
		dev->count.interrupts++;
		update_line(dev);
	} else if (vector != VIRTIO_MSI_NO_VECTOR) {
		dev->msix_pending |= BIT(vector);
		send_pending(dev);
	}
	spin_unlock(&dev->interrupt_lock);
}

void virtio_interrupt_queue(struct virtio_net *dev, struct virtio_queue *q)
{
	interrupt(dev, q->vector, VIRTIO_ISR_QUEUE);
}

void virtio_interrupt_config(struct virtio_net *dev)
{
	interrupt(dev, dev->config_vector, VIRTIO_ISR_CONFIG);
}

uint8_t virtio_isr_read(struct virtio_net *dev)
{
	uint8_t isr;

	spin_lock(&dev->interrupt_lock);
	isr = dev->isr;
	dev->isr = 0;
	update_line(dev);
	spin_unlock(&dev->interrupt_lock);
	return isr;
}

/* The table itself belongs to the PCI function and survives. */
void virtio_interrupt_reset(struct virtio_net *dev)
{
	spin_lock(&dev->interrupt_lock);
	dev->isr = 0;
	dev->msix_pending = 0;
	update_line(dev);
	line_off(dev);
	spin_unlock(&dev->interrupt_lock);
}
