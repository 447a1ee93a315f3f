/* SPDX-License-Identifier: MIT */
/*
 * Binding: takes a NIC over from whoever had it, or leaves it as it was.
 *
 * Tested on the bench's BCM5722 only. The other ids are chips that differ from
 * it in what struct bnx_chip says and in nothing else that this driver uses;
 * chips that need firmware, an APE or another PHY interface are left out.
 */
#include "bnx.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "bnx: "
#include <tandem/log.h>

#define VENDOR_BROADCOM		0x14e4
#define PM_CONTROL		4
#define   PM_STATE_MASK		0x3u
#define D3_TO_D0_US		10000u
#define MSI_CONTROL		2
#define ALL_ONES		0xffffffffu

#define CHIP_5755(id, chip_name, jitter) \
	{ .device = id, .name = chip_name, .lso = TXOFFLOAD_HW_TSO_2, \
	  .return_entries = 512, .mbuf_rx_low = 0x10, .mbuf_high = 0x60, \
	  .phy_jitter = jitter }
#define CHIP_57765(id, chip_name) \
	{ .device = id, .name = chip_name, .lso = TXOFFLOAD_HW_TSO_3, \
	  .return_entries = 1024, .mbuf_rx_low = 0x2a, .mbuf_high = 0xa0, \
	  .class_57765 = true }

static const struct bnx_chip chips[] = {
	CHIP_5755(0x165a, "BCM5722", false),
	CHIP_5755(0x1674, "BCM5756", false),
	CHIP_5755(0x167b, "BCM5755", true),
	CHIP_5755(0x167a, "BCM5754", true),
	CHIP_5755(0x1672, "BCM5754M", true),
	CHIP_5755(0x169b, "BCM5787", true),
	CHIP_5755(0x1693, "BCM5787M", true),
	CHIP_57765(0x16b0, "BCM57761"),
	CHIP_57765(0x16b1, "BCM57781"),
	CHIP_57765(0x16b4, "BCM57765"),
	CHIP_57765(0x16b5, "BCM57785"),
};

PCI_IDS(bnx) = {
	{ "bnx", VENDOR_BROADCOM, 0x165a }, { "bnx", VENDOR_BROADCOM, 0x1674 },
	{ "bnx", VENDOR_BROADCOM, 0x167b }, { "bnx", VENDOR_BROADCOM, 0x167a },
	{ "bnx", VENDOR_BROADCOM, 0x1672 }, { "bnx", VENDOR_BROADCOM, 0x169b },
	{ "bnx", VENDOR_BROADCOM, 0x1693 }, { "bnx", VENDOR_BROADCOM, 0x16b0 },
	{ "bnx", VENDOR_BROADCOM, 0x16b1 }, { "bnx", VENDOR_BROADCOM, 0x16b4 },
	{ "bnx", VENDOR_BROADCOM, 0x16b5 },
};

/* What is put back if the NIC is not taken after all. */
struct saved_config {
	uint16_t command, msi_control;
	uint32_t host_control;
	unsigned int msi;
};

static const struct net_port_ops port_ops = {
	.transmit = bnx_transmit,
	.flush = bnx_flush,
	.set_filter = bnx_set_filter,
	.guest_intx_enable = bnx_guest_intx_enable,
	.guest_intx_level = bnx_guest_intx_level,
};

static const struct bnx_chip *find_chip(const struct pci_device *d)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(chips); i++)
		if (d->vendor == VENDOR_BROADCOM &&
		    d->device == chips[i].device)
			return &chips[i];
	return NULL;
}

static void save_config(struct pci_device *d, struct saved_config *s)
{
	s->command = (uint16_t)pci_config_read(d, PCI_COMMAND, 2);
	s->host_control = pci_config_read(d, MISC_HOST_CONTROL, 4);
	s->msi = pci_find_capability(d, PCI_CAP_ID_MSI);
	if (s->msi)
		s->msi_control = (uint16_t)pci_config_read(d, s->msi +
							   MSI_CONTROL, 2);
}

static void put_back_config(struct pci_device *d, const struct saved_config *s)
{
	if (s->msi)
		pci_config_write(d, s->msi + MSI_CONTROL, 2, s->msi_control);
	pci_config_write(d, MISC_HOST_CONTROL, 4, s->host_control);
	pci_config_write(d, PCI_COMMAND, 2, s->command);
}

/* Awake, answering to MMIO, allowed to do DMA, silent on its pin. */
static int wake(struct bnx *nic, uint16_t firmware_command)
{
	struct pci_device *d = nic->pci;
	unsigned int pm = pci_find_capability(d, PCI_CAP_ID_PM);
	uint32_t v;

	if (pm) {
		v = pci_config_read(d, pm + PM_CONTROL, 2);
		if (v & PM_STATE_MASK) {
			pci_config_write(d, pm + PM_CONTROL, 2,
					 v & ~PM_STATE_MASK);
			udelay(D3_TO_D0_US);
		}
	}
	nic->command = firmware_command | PCI_COMMAND_MEMORY |
		       PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;
	pci_config_write(d, PCI_COMMAND, 2, nic->command);
	v = pci_config_read(d, MISC_HOST_CONTROL, 4);
	if (v == ALL_ONES)
		return -ENODEV;
	nic->chip_id = MHC_CHIP_ID(v);
	if (nic->chip_id >> 12 == MHC_CHIP_ID_ELSEWHERE)
		nic->chip_id = pci_config_read(d, PRODUCT_ID_57765, 4);
	return 0;
}

static int read_address(struct bnx *nic)
{
	/* the window to the NIC's memory needs all three */
	nic->host_control = MHC_MASK_PCI_INTERRUPT | MHC_ENDIAN_WORD_SWAP |
			    MHC_PCI_STATE_RW | MHC_INDIRECT_ACCESS;
	pci_config_write(nic->pci, MISC_HOST_CONTROL, 4, nic->host_control);
	bnx_write(nic, MEMORY_ARBITER_MODE, BLOCK_ENABLE);
	if (bnx_mac_read(nic, nic->port.mac))
		return -ENOENT;
	for (unsigned int i = 0; i < MAC_ADDRESSES; i++)
		memcpy(nic->unicast[i], nic->port.mac, ETH_ALEN);
	return 0;
}

static int alloc(struct bnx *nic)
{
	int r;

	nic->status = pages_alloc(1);
	if (!nic->status)
		return -ENOMEM;
	r = bnx_tx_alloc(nic);
	if (r)
		return r;
	return bnx_rx_alloc(nic);
}

static void free_all(struct bnx *nic)
{
	bnx_rx_free(nic);
	bnx_tx_free(nic);
	if (nic->status)
		pages_free((void *)nic->status, 1);
	mem_free(nic);
}

/* The hardware side: nothing is kept on failure but the reset. */
static int take_over(struct bnx *nic, const struct saved_config *saved)
{
	int r = wake(nic, saved->command);

	if (!r)
		r = read_address(nic);
	if (r == -ENOENT)
		log_error("the NIC has no MAC address");
	if (!r)
		r = bnx_reset(nic);
	if (!r)
		r = bnx_bring_up(nic);
	return r;
}

static int probe(struct pci_device *d, const struct pci_binding *b)
{
	const struct bnx_chip *chip = find_chip(d);
	const struct pci_bar *bar = &d->bar[0];
	struct saved_config saved;
	struct bnx *nic;
	char name[8];
	int r;

	pci_name(d, name);
	if (!chip) {
		log_error("%s: %04x:%04x is not a chip of this driver", name,
			  d->vendor, d->device);
		return -ENODEV;
	}
	if (!bar->base || bar->io || bar->size < BNX_BAR_SIZE) {
		log_error("%s: BAR 0 is not usable", name);
		return -ENXIO;
	}
	nic = mem_alloc(sizeof(*nic));
	if (!nic)
		return -ENOMEM;
	nic->pci = d;
	nic->chip = chip;
	nic->port.id = NET_WIRE;
	nic->port.ops = &port_ops;
	nic->port.priv = nic;
	nic->port.can = NET_CAN_CSUM | NET_CAN_TSO4 | NET_CAN_TSO6 |
			NET_CAN_VLAN;
	nic->bar = mmio_map(bar->base, BNX_BAR_SIZE);
	r = nic->bar ? alloc(nic) : -ENOMEM;
	if (r)
		goto err_free;

	save_config(d, &saved);
	if (!saved.msi) {
		log_error("%s: no MSI capability", name);
		r = -ENXIO;
		goto err_free;
	}
	r = take_over(nic, &saved);
	if (r)
		goto err_config;
	log_info("%s: %s rev %x at %#lx, %02x:%02x:%02x:%02x:%02x:%02x", name,
		 chip->name, nic->chip_id, bar->base, nic->port.mac[0],
		 nic->port.mac[1], nic->port.mac[2], nic->port.mac[3],
		 nic->port.mac[4], nic->port.mac[5]);
	r = net_attach(&nic->port, d, b);
	if (r)
		goto err_config;
	bnx_enable(nic);
	bnx_link_update(nic);
	bnx_watchdog_start(nic);
	return 0;

err_config:
	if (!nic->gone)
		bnx_silence(nic);
	put_back_config(d, &saved);
err_free:
	log_error("%s: not taken over: error %d", name, r);
	free_all(nic);
	return r;
}

static const char *const options[] = { "net", "virtio", NULL };

static const struct pci_driver bnx = {
	.name = "bnx",
	.options = options,
	.probe = probe,
};
PCI_DRIVER(bnx);
