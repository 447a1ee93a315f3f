// SPDX-License-Identifier: MIT
/*
 * edudma: orders QEMU's educational device (docs/specs/edu of QEMU) to carry
 * memory about by DMA. First a page of the kernel's own goes to the device and
 * back; then the device is to write over a page of the VMM block, and to read
 * one for us.
 *
 *	insmod edudma.ko target=0x3d600000
 *
 * Says in the kernel's log "edudma: own page same|DIFFERS, target page
 * nothing|SEEN". Loading fails with -ECANCELED, so that there is nothing to
 * unload.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8
#define DMA_SOURCE	0x80
#define DMA_TARGET	0x88
#define DMA_COUNT	0x90
#define DMA_COMMAND	0x98
#define  COMMAND_RUN	1
#define  COMMAND_OUT	2	/* from the device's buffer to memory */
#define BUFFER		0x40000	/* the device's own, a page */
#define LENGTH		2048	/* it refuses all of its page */

static ulong target;
module_param(target, ulong, 0);
MODULE_PARM_DESC(target, "physical address of a page to try");

static void __iomem *regs;

static bool run(u64 from, u64 to, u64 command)
{
	int i;

	writeq(from, regs + DMA_SOURCE);
	writeq(to, regs + DMA_TARGET);
	writeq(LENGTH, regs + DMA_COUNT);
	writeq(command | COMMAND_RUN, regs + DMA_COMMAND);
	for (i = 0; i < 200; i++) {
		msleep(10);
		if (!(readq(regs + DMA_COMMAND) & COMMAND_RUN))
			return true;
	}
	pr_alert("edudma: the device does not finish\n");
	return false;
}

static void try_it(u8 *page, dma_addr_t at)
{
	bool same = true, seen = false;
	int i;

	memset(page, 0x5a, LENGTH);
	if (!run(at, BUFFER, 0))
		return;
	memset(page, 0, LENGTH);
	if (!run(BUFFER, at, COMMAND_OUT))
		return;
	for (i = 0; i < LENGTH; i++)
		same &= page[i] == 0x5a;
	/* the device's buffer is still 5a: over the target, and read back */
	if (!run(BUFFER, target, COMMAND_OUT) || !run(target, BUFFER, 0))
		return;
	memset(page, 0, LENGTH);
	if (!run(BUFFER, at, COMMAND_OUT))
		return;
	/* what the device has now is what it had, or nothing */
	for (i = 0; i < LENGTH; i++)
		seen |= page[i] != 0x5a && page[i] != 0 && page[i] != 0xff;
	pr_alert("edudma: own page %s, target page %s\n",
		 same ? "same" : "DIFFERS", seen ? "SEEN" : "nothing");
}

static int __init edudma_init(void)
{
	struct pci_dev *dev = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	dma_addr_t at;
	void *page;

	if (!dev || pci_enable_device(dev))
		return -ENODEV;
	pci_set_master(dev);
	regs = pci_iomap(dev, 0, 0);
	if (!regs || dma_set_mask_and_coherent(&dev->dev, DMA_BIT_MASK(64)))
		return -EIO;
	page = dma_alloc_coherent(&dev->dev, PAGE_SIZE, &at, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	try_it(page, at);
	dma_free_coherent(&dev->dev, PAGE_SIZE, page, at);
	pci_iounmap(dev, regs);
	pci_dev_put(dev);
	return -ECANCELED;
}
module_init(edudma_init);

MODULE_DESCRIPTION("Has a device reach for a VMM's memory by DMA, in vain");
MODULE_LICENSE("Dual MIT/GPL");
