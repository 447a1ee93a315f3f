// SPDX-License-Identifier: MIT
/*
 * Configuration space of the virtual function (PCI 3.0; virtio 1.2, 4.1.2 to
 * 4.1.4). It stands at the card's address, with the card's BAR and interrupt
 * pin, since firmware has assigned those already. Every byte has a mask of the
 * bits that the guest can change; nothing of that reaches the card.
 */
#define LOG_PREFIX "virtio-net: "

#include "virtio.h"

#include <errno.h>
#include <string.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>

#define PCI_STATUS_INTERRUPT	0x08
#define PCI_STATUS_CAP_LIST	0x10
#define PCI_CACHE_LINE_SIZE	0x0c
#define PCI_LATENCY_TIMER	0x0d
#define PCI_HEADER_MULTI	0x80
#define PCI_CLASS_NETWORK	0x02	/* subclass 0: Ethernet */
#define PCI_CLASS		0x0b
#define PCI_REVISION		0x08

#define BAR_TYPE_64BIT		0x4
#define BAR_PREFETCHABLE	0x8

#define CAP_FIRST		0x40
#define PM_CAPABILITIES		2
#define PM_VERSION_3		3
#define PMCSR			4
#define PMCSR_STATE		0x03
#define PMCSR_NO_SOFT_RESET	0x08
#define MSIX_CONTROL		2
#define MSIX_TABLE		4
#define MSIX_PBA		8
#define MSIX_CONTROL_ENABLE	0x80	/* in the upper byte */
#define MSIX_CONTROL_MASK	0x40
#define VNDR_LENGTH		2
#define VNDR_TYPE		3
#define VNDR_BAR		4
#define VNDR_OFFSET		8
#define VNDR_SIZE		12
#define VNDR_CAP_LEN		16
#define VNDR_EXTRA		16	/* notify: multiplier; PCI: data */
#define EXP_FLAGS		0x02
#define EXP_DEVCAP		0x04
#define EXP_DEVCTL		0x08
#define EXP_LNKCAP		0x0c
#define EXP_LNKCTL		0x10
#define EXP_LNKSTA		0x12
#define EXP_CAP_LEN		0x3c
#define EXP_FLAGS_VERSION	0x000f
#define EXP_DEVCAP_FLR		BIT(28)
#define EXP_LNKCAP_ASPM		0x0c00
#define EXP_LNKCAP_CLOCK_PM	BIT(18)

static void put(uint8_t *at, uint32_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++, value >>= 8)
		at[i] = (uint8_t)value;
}

static uint32_t get(const uint8_t *at, unsigned int bytes)
{
	uint32_t v = 0;

	for (unsigned int i = bytes; i-- > 0;)
		v = v << 8 | at[i];
	return v;
}

/* ---- what others ask ---- */

static unsigned int power_state(const struct virtio_net *dev)
{
	return dev->config[dev->cap_pm + PMCSR] & PMCSR_STATE;
}

bool virtio_pci_memory_on(const struct virtio_net *dev)
{
	return (dev->config[PCI_COMMAND] & PCI_COMMAND_MEMORY) &&
	       power_state(dev) == 0;
}

bool virtio_pci_master_on(const struct virtio_net *dev)
{
	return (dev->config[PCI_COMMAND] & PCI_COMMAND_MASTER) &&
	       power_state(dev) == 0;
}

bool virtio_pci_intx_off(const struct virtio_net *dev)
{
	return get(dev->config + PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE;
}

bool virtio_pci_msix_on(const struct virtio_net *dev)
{
	return dev->cap_msix &&
	       (dev->config[dev->cap_msix + MSIX_CONTROL + 1] &
		MSIX_CONTROL_ENABLE);
}

bool virtio_pci_msix_masked(const struct virtio_net *dev)
{
	return dev->config[dev->cap_msix + MSIX_CONTROL + 1] &
	       MSIX_CONTROL_MASK;
}

uint64_t virtio_pci_bar_base(const struct virtio_net *dev)
{
	const uint8_t *bar = dev->config + PCI_BAR(dev->bar);
	uint64_t base = get(bar, 4) & ~0xfull;

	if (bar[0] & BAR_TYPE_64BIT)
		base |= (uint64_t)get(bar + 4, 4) << 32;
	return base;
}

/* ---- accesses ---- */

/* 4.1.4.9: the guest reaches into the BAR through configuration space. */
static bool window(const struct virtio_net *dev, uint32_t *offset,
		   uint32_t *size)
{
	const uint8_t *cap = dev->config + dev->cap_pci_cfg;

	*offset = get(cap + VNDR_OFFSET, 4);
	*size = get(cap + VNDR_SIZE, 4);
	return cap[VNDR_BAR] == dev->bar &&
	       (*size == 1 || *size == 2 || *size == 4) &&
	       *offset % *size == 0 && *offset < dev->bar_size;
}

static uint32_t config_read(struct pci_function *f, unsigned int offset,
			    unsigned int size)
{
	struct virtio_net *dev = container_of(f, struct virtio_net, function);
	unsigned int data = dev->cap_pci_cfg + VNDR_EXTRA;
	uint32_t at, len, v;

	if (offset >= sizeof(dev->config) ||
	    size > sizeof(dev->config) - offset)
		return 0;	/* no extended capabilities */
	if (offset == data && window(dev, &at, &len))
		put(dev->config + data,
		    (uint32_t)virtio_bar_read(dev, at, len), 4);
	v = get(dev->config + offset, size);
	if (offset == PCI_STATUS || (offset == PCI_COMMAND && size == 4)) {
		uint32_t pending = dev->isr && !virtio_pci_msix_on(dev) ?
			PCI_STATUS_INTERRUPT : 0;

		v |= offset == PCI_STATUS ? pending : pending << 16;
	}
	return v;
}

static void config_write(struct pci_function *f, unsigned int offset,
			 unsigned int size, uint32_t value)
{
	struct virtio_net *dev = container_of(f, struct virtio_net, function);
	unsigned int data = dev->cap_pci_cfg + VNDR_EXTRA;
	uint32_t at, len;

	if (offset >= sizeof(dev->config) ||
	    size > sizeof(dev->config) - offset)
		return;
	spin_lock(&dev->lock);
	for (unsigned int i = 0; i < size; i++) {
		uint8_t mask = dev->config_mask[offset + i];
		uint8_t *byte = &dev->config[offset + i];

		*byte = (uint8_t)((*byte & ~mask) | (value >> 8 * i & mask));
	}
	virtio_bar_update(dev);
	virtio_update_live(dev);
	virtio_interrupt_update(dev);
	spin_unlock(&dev->lock);
	if (offset == data && window(dev, &at, &len))
		virtio_bar_write(dev, at, len, get(dev->config + data, len));
	virtio_tx_poll(dev);
}

void virtio_pci_reset(struct virtio_net *dev)
{
	/* all that software can change is 0 then */
	for (unsigned int i = 0; i < sizeof(dev->config); i++)
		dev->config[i] &= (uint8_t)~dev->config_mask[i];
	spin_lock(&dev->interrupt_lock);
	for (unsigned int i = 0; i < VIRTIO_VECTORS; i++)
		dev->msix[i] = (struct msix_entry){ .control = MSIX_MASKED };
	spin_unlock(&dev->interrupt_lock);
	virtio_bar_update(dev);
	virtio_update_live(dev);
	virtio_interrupt_update(dev);
}

/* ---- layout ---- */

/* The list of capabilities as it grows. */
struct cap_list {
	uint8_t *link;		/* where the next one's offset goes */
	uint16_t next;		/* the next one's offset */
};

/* Append a capability of len bytes; returns its offset. */
static uint16_t add_cap(struct virtio_net *dev, struct cap_list *list,
			uint8_t id, unsigned int len)
{
	uint16_t at = list->next;

	dev->config[at] = id;
	*list->link = (uint8_t)at;
	list->link = &dev->config[at + 1];
	list->next = (uint16_t)ALIGN_UP(at + len, 4);
	return at;
}

static uint16_t add_virtio_cap(struct virtio_net *dev, struct cap_list *list,
			       uint8_t type, uint32_t offset, uint32_t size,
			       unsigned int extra)
{
	uint16_t at = add_cap(dev, list, PCI_CAP_ID_VNDR,
			      VNDR_CAP_LEN + extra);
	uint8_t *cap = dev->config + at;

	cap[VNDR_LENGTH] = (uint8_t)(VNDR_CAP_LEN + extra);
	cap[VNDR_TYPE] = type;
	cap[VNDR_BAR] = (uint8_t)dev->bar;
	put(cap + VNDR_OFFSET, offset, 4);
	put(cap + VNDR_SIZE, size, 4);
	return at;
}

/*
 * An express capability as the card's, so that the function fits below the
 * same port, without what would reach the card: FLR, ASPM, clock management.
 */
static void add_express(struct virtio_net *dev, struct cap_list *list)
{
	unsigned int hw = pci_find_capability(dev->at, PCI_CAP_ID_EXP);
	uint8_t *cap, *mask;
	uint32_t v;

	if (!hw)
		return;
	cap = dev->config + add_cap(dev, list, PCI_CAP_ID_EXP, EXP_CAP_LEN);
	mask = dev->config_mask + (cap - dev->config);
	v = pci_config_read(dev->at, hw + EXP_FLAGS, 2);
	put(cap + EXP_FLAGS, (v & ~(uint32_t)EXP_FLAGS_VERSION) | 2, 2);
	v = pci_config_read(dev->at, hw + EXP_DEVCAP, 4);
	put(cap + EXP_DEVCAP, v & ~(uint32_t)EXP_DEVCAP_FLR, 4);
	put(cap + EXP_DEVCTL, pci_config_read(dev->at, hw + EXP_DEVCTL, 2), 2);
	put(mask + EXP_DEVCTL, 0x7fff, 2);
	v = pci_config_read(dev->at, hw + EXP_LNKCAP, 4);
	put(cap + EXP_LNKCAP,
	    v & ~(uint32_t)(EXP_LNKCAP_ASPM | EXP_LNKCAP_CLOCK_PM), 4);
	put(mask + EXP_LNKCTL, 0x00c8, 2);	/* RCB, clock, extended sync */
	put(cap + EXP_LNKSTA, pci_config_read(dev->at, hw + EXP_LNKSTA, 2), 2);
}

static void add_msix(struct virtio_net *dev, struct cap_list *list)
{
	uint8_t *cap;

	dev->cap_msix = add_cap(dev, list, PCI_CAP_ID_MSIX, 12);
	cap = dev->config + dev->cap_msix;
	put(cap + MSIX_CONTROL, VIRTIO_VECTORS - 1, 2);
	put(cap + MSIX_TABLE, BAR_MSIX_TABLE | dev->bar, 4);
	put(cap + MSIX_PBA, BAR_MSIX_PBA | dev->bar, 4);
	dev->config_mask[dev->cap_msix + MSIX_CONTROL + 1] =
		MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK;
}

static void add_caps(struct virtio_net *dev)
{
	struct cap_list list = {
		.link = dev->config + PCI_CAPABILITY_LIST, .next = CAP_FIRST
	};
	uint8_t *cap;

	dev->cap_pm = add_cap(dev, &list, PCI_CAP_ID_PM, 8);
	cap = dev->config + dev->cap_pm;
	put(cap + PM_CAPABILITIES, PM_VERSION_3, 2);
	cap[PMCSR] = PMCSR_NO_SOFT_RESET;
	dev->config_mask[dev->cap_pm + PMCSR] = PMCSR_STATE;

	if (IS_ENABLED(CONFIG_VIRTIO_MSIX))
		add_msix(dev, &list);

	add_virtio_cap(dev, &list, VIRTIO_PCI_CAP_COMMON_CFG, BAR_COMMON,
		       COMMON_SIZE, 0);
	cap = dev->config +
	      add_virtio_cap(dev, &list, VIRTIO_PCI_CAP_NOTIFY_CFG, BAR_NOTIFY,
			     VIRTIO_QUEUES * NOTIFY_MULTIPLIER, 4);
	put(cap + VNDR_EXTRA, NOTIFY_MULTIPLIER, 4);
	add_virtio_cap(dev, &list, VIRTIO_PCI_CAP_ISR_CFG, BAR_ISR, 4, 0);
	add_virtio_cap(dev, &list, VIRTIO_PCI_CAP_DEVICE_CFG, BAR_DEVICE,
		       sizeof(struct virtio_net_config), 0);
	dev->cap_pci_cfg = add_virtio_cap(dev, &list, VIRTIO_PCI_CAP_PCI_CFG,
					  0, 0, 4);
	cap = dev->config_mask + dev->cap_pci_cfg;
	cap[VNDR_BAR] = 0xff;
	memset(cap + VNDR_OFFSET, 0xff, VNDR_CAP_LEN + 4 - VNDR_OFFSET);

	add_express(dev, &list);
}

static void add_bar(struct virtio_net *dev, const struct pci_bar *bar)
{
	uint8_t *at = dev->config + PCI_BAR(dev->bar);
	uint8_t *mask = dev->config_mask + PCI_BAR(dev->bar);
	uint32_t type = (bar->is_64bit ? BAR_TYPE_64BIT : 0) |
			(bar->prefetchable ? BAR_PREFETCHABLE : 0);

	put(at, (uint32_t)bar->base | type, 4);
	put(mask, ~(uint32_t)(bar->size - 1), 4);
	if (bar->is_64bit) {
		put(at + 4, (uint32_t)(bar->base >> 32), 4);
		put(mask + 4, 0xffffffff, 4);
	}
}

/* The first memory BAR with enough room. */
static const struct pci_bar *find_bar(struct virtio_net *dev)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dev->at->bar); i++) {
		const struct pci_bar *b = &dev->at->bar[i];

		if (b->io || !b->base || b->size < BAR_USED ||
		    b->size > MIB(16))
			continue;
		dev->bar = i;
		dev->bar_size = b->size;
		dev->hardware_base = b->base;
		return b;
	}
	return NULL;
}

int virtio_pci_create(struct virtio_net *dev)
{
	const struct pci_bar *bar = find_bar(dev);
	uint8_t *c = dev->config;

	if (!bar) {
		log_error("the card has no memory BAR to put registers in");
		return -ENODEV;
	}
	put(c + PCI_VENDOR_ID, VIRTIO_PCI_VENDOR, 2);
	put(c + PCI_DEVICE_ID, VIRTIO_PCI_DEVICE_NET, 2);
	/* Decoding as firmware left it; nobody masters the bus yet. */
	put(c + PCI_COMMAND, pci_config_read(dev->at, PCI_COMMAND, 2) &
	    PCI_COMMAND_MEMORY, 2);
	put(dev->config_mask + PCI_COMMAND, PCI_COMMAND_MEMORY |
	    PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE, 2);
	put(c + PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	c[PCI_REVISION] = VIRTIO_PCI_REVISION;
	c[PCI_CLASS] = PCI_CLASS_NETWORK;
	c[PCI_HEADER_TYPE] = dev->at->header_type & PCI_HEADER_MULTI;
	dev->config_mask[PCI_CACHE_LINE_SIZE] = 0xff;
	dev->config_mask[PCI_LATENCY_TIMER] = 0xff;
	put(c + PCI_SUBSYSTEM_VENDOR_ID, VIRTIO_PCI_VENDOR, 2);
	put(c + PCI_SUBSYSTEM_ID, VIRTIO_PCI_DEVICE_NET, 2);
	c[PCI_INTERRUPT_LINE] =
		(uint8_t)pci_config_read(dev->at, PCI_INTERRUPT_LINE, 1);
	dev->config_mask[PCI_INTERRUPT_LINE] = 0xff;
	c[PCI_INTERRUPT_PIN] =
		(uint8_t)pci_config_read(dev->at, PCI_INTERRUPT_PIN, 1);
	add_bar(dev, bar);
	add_caps(dev);
	dev->function.config_read = config_read;
	dev->function.config_write = config_write;
	return 0;
}
