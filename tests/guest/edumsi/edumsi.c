// SPDX-License-Identifier: MIT
/*
 * edumsi: has QEMU's educational device (docs/specs/edu of QEMU) send a
 * message-signalled interrupt that is none: its delivery mode is INIT, its
 * destination a CPU. Then moves the registers of the virtio card, which the VMM
 * traps, for which it stops every CPU; and moves them back.
 *
 *	taskset 1 insmod edumsi.ko to=1
 *
 * Says "edumsi: sent to N", "edumsi: moved". With start=1 it then has the CPU
 * start by a SIPI with code of its own, and says "edumsi: started, cpuid X": the
 * register ecx of leaf 0x80000001; or "edumsi: not started".
 *
 * An NMI in real mode, outside of a VMM that has none there, runs code that this
 * module leaves below 1 MiB and that counts, in the double word at 0x21100.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <asm/apicdef.h>

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

static bool start;
module_param(start, bool, 0);
MODULE_PARM_DESC(start, "send it a SIPI, too");

#define PLACE		0x21000		/* of the code below 1 MiB */
#define RAN		0x100		/* from there on: NMIs */
#define STARTED		0x104		/* SIPIs */
#define CPUID		0x108		/* what the last of them found */
#define SIPI_CODE	0x1000
#define VECTOR_NMI	(2 * sizeof(u32))

/* In 16-bit mode from PLACE and from PLACE + SIPI_CODE on. */
asm("	.pushsection .rodata\n"
    "	.code16\n"
    "on_nmi:\n"
    "	lock incl %cs:0x100\n"
    "1:	cli\n"
    "	hlt\n"
    "	jmp	1b\n"
    "on_sipi:\n"
    "	movw	$0x2100, %ax\n"
    "	movw	%ax, %ds\n"
    "	movl	$0x80000001, %eax\n"
    "	cpuid\n"
    "	movl	%ecx, 0x108\n"
    "	lock incl 0x104\n"
    "1:	cli\n"
    "	hlt\n"
    "	jmp	1b\n"
    "on_sipi_end:\n"
    "	.code64\n"
    "	.popsection\n");

extern const u8 on_nmi[], on_sipi[], on_sipi_end[];

static u8 *vectors, *place;

static bool lay_code(void)
{
	vectors = memremap(0, PAGE_SIZE, MEMREMAP_WB);
	place = memremap(PLACE, 2 * PAGE_SIZE, MEMREMAP_WB);
	if (!vectors || !place)
		return false;
	memset(place, 0, 2 * PAGE_SIZE);
	memcpy(place, on_nmi, on_sipi - on_nmi);
	memcpy(place + SIPI_CODE, on_sipi, on_sipi_end - on_sipi);
	*(u32 *)(vectors + VECTOR_NMI) = PLACE >> 4 << 16;
	return true;
}

static void start_it(void)
{
	void __iomem *apic = ioremap(APIC_DEFAULT_PHYS_BASE, PAGE_SIZE);
	volatile u32 *started = (u32 *)(place + STARTED);
	unsigned long flags;
	int i;

	if (!apic)
		return;
	local_irq_save(flags);
	writel(to << 24, apic + APIC_ICR2);
	writel(APIC_DM_STARTUP | APIC_INT_ASSERT | (PLACE + SIPI_CODE) >> 12,
	       apic + APIC_ICR);
	local_irq_restore(flags);
	for (i = 0; i < 300 && !*started; i++)
		mdelay(10);
	if (*started)
		pr_alert("edumsi: started, cpuid %08x\n",
			 *(u32 *)(place + CPUID));
	else
		pr_alert("edumsi: not started\n");
	iounmap(apic);
}

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

	if (!dev || pci_enable_device(dev) || !lay_code())
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
	if (start)
		start_it();
	pci_iounmap(dev, regs);
	pci_dev_put(dev);
	return 0;
}
module_init(edumsi_init);

static void __exit edumsi_exit(void)
{
	memunmap(vectors);
	memunmap(place);
}
module_exit(edumsi_exit);

MODULE_DESCRIPTION("Has a device send an INIT");
MODULE_LICENSE("Dual MIT/GPL");
