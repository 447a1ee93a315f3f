// SPDX-License-Identifier: MIT
/*
 * edumsi: has QEMU's educational device (docs/specs/edu of QEMU) send a
 * message-signalled interrupt that is none: its delivery mode is INIT, its
 * destination a CPU. Then moves the registers of the virtio card, which the VMM
 * traps, for which it stops every CPU; and moves them back.
 *
 *	taskset 1 insmod edumsi.ko to=1
 *
 * Says "edumsi: sent to N", "edumsi: moved". It stays loaded and does no more.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8
#define VIRTIO_VENDOR	0x1af4
#define AWAY		0x100000
#define RAISE		0x60
#define ACKNOWLEDGE	0x64
#define MESSAGE		0xfee00000u
#define DELIVERY_INIT	(5 << 8)
#define ASSERT		(1 << 14)

static uint to = 1;
module_param(to, uint, 0);
MODULE_PARM_DESC(to, "APIC ID of the CPU that it is for");

static void move_virtio(void)
{
	struct pci_dev *dev = pci_get_device(VIRTIO_VENDOR, PCI_ANY_ID, NULL);
	u32 bar;

	if (!dev)
		return;
	pci_read_config_dword(dev, PCI_BASE_ADDRESS_0, &bar);
	pci_write_config_dword(dev, PCI_BASE_ADDRESS_0, bar + AWAY);
	pci_write_config_dword(dev, PCI_BASE_ADDRESS_0, bar);
	pci_dev_put(dev);
	pr_alert("edumsi: moved\n");
}

static int __init edumsi_init(void)
{
	struct pci_dev *dev = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	void __iomem *regs;
	u16 flags;
	int at;

	if (!dev || pci_enable_device(dev))
		return -ENODEV;
	pci_set_master(dev);
	regs = pci_iomap(dev, 0, 0);
	at = pci_find_capability(dev, PCI_CAP_ID_MSI);
	if (!regs || !at)
		return -EIO;
	pci_read_config_word(dev, at + PCI_MSI_FLAGS, &flags);
	pci_write_config_dword(dev, at + PCI_MSI_ADDRESS_LO,
			       MESSAGE | to << 12);
	if (flags & PCI_MSI_FLAGS_64BIT) {
		pci_write_config_dword(dev, at + PCI_MSI_ADDRESS_HI, 0);
		pci_write_config_word(dev, at + PCI_MSI_DATA_64,
				      DELIVERY_INIT | ASSERT);
	} else {
		pci_write_config_word(dev, at + PCI_MSI_DATA_32,
				      DELIVERY_INIT | ASSERT);
	}
	pci_write_config_word(dev, at + PCI_MSI_FLAGS,
			      flags | PCI_MSI_FLAGS_ENABLE);
	writel(1, regs + RAISE);
	mdelay(10);
	writel(1, regs + ACKNOWLEDGE);
	pci_write_config_word(dev, at + PCI_MSI_FLAGS, flags);
	pr_alert("edumsi: sent to %u\n", to);
	move_virtio();
	pci_iounmap(dev, regs);
	pci_dev_put(dev);
	return 0;
}
module_init(edumsi_init);

static void __exit edumsi_exit(void)
{
}
module_exit(edumsi_exit);

MODULE_DESCRIPTION("Has a device send an INIT");
MODULE_LICENSE("Dual MIT/GPL");
