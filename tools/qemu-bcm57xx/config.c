// SPDX-License-Identifier: MIT
/*
 * PCI configuration space: the capability chain of a 5755-class card, and the
 * device-specific registers 64-BF, among them the indirect ports to registers
 * (78/80) and internal memory (7C/84). The ports work whatever COMMAND says,
 * as iPXE needs. BAR0 000-0FF leads here too.
 */
#include "bcm57xx.h"
#include "hw/pci/msi.h"
#include "hw/pci/pcie.h"
#include "qapi/error.h"

#define VPD_DONE	0x8000

/* Chain, in hardware's order: 48 PM, 50 VPD, 58 vendor, E8 MSI, D0 PCIe. */
void bcm_config_init(BcmNic *nic, Error **errp)
{
	PCIDevice *dev = PCI_DEVICE(nic);

	pci_config_set_interrupt_pin(dev->config, 1);
	if (nic->device_id)
		pci_set_word(dev->config + PCI_DEVICE_ID, nic->device_id);

	if (pcie_endpoint_cap_v1_init(dev, CFG_PCIE) < 0) {
		error_setg(errp, "cannot add the PCIe capability");
		return;
	}
	/* FLR is not there; MPS is fixed at 128 bytes */
	pci_set_word(dev->wmask + CFG_PCIE + PCI_EXP_DEVCTL, 0x7fff);
	if (msi_init(dev, CFG_MSI, 1, true, false, errp) < 0)
		return;
	if (pci_add_capability(dev, PCI_CAP_ID_VNDR, CFG_VENDOR, CFG_VENDOR_LEN,
			       errp) < 0)
		return;
	pci_set_byte(dev->config + CFG_VENDOR + 2, CFG_VENDOR_LEN);
	if (pci_add_capability(dev, PCI_CAP_ID_VPD, CFG_VPD, 8, errp) < 0)
		return;
	if (pci_add_capability(dev, PCI_CAP_ID_PM, CFG_PM, PCI_PM_SIZEOF,
			       errp) < 0)
		return;
	pci_set_word(dev->config + CFG_PM + PCI_PM_PMC, 3 |
		     PCI_PM_CAP_PME_D3hot | PCI_PM_CAP_PME_D3cold);
	pci_set_word(dev->config + CFG_PM + PCI_PM_CTRL,
		     PCI_PM_CTRL_NO_SOFT_RESET);
	pci_set_word(dev->wmask + CFG_PM + PCI_PM_CTRL,
		     PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE);
	pci_set_word(dev->w1cmask + CFG_PM + PCI_PM_CTRL,
		     PCI_PM_CTRL_PME_STATUS);
}

void bcm_config_reset(BcmNic *nic)
{
	PCIDevice *dev = PCI_DEVICE(nic);

	nic->misc_host_ctrl = 0;
	memset(dev->config + CFG_DEVICE_FIRST, 0,
	       CFG_DEVICE_LAST + 1 - CFG_DEVICE_FIRST);
}

static uint32_t device_read(BcmNic *nic, uint32_t addr)
{
	uint8_t *config = PCI_DEVICE(nic)->config;

	switch (addr) {
	case CFG_MISC_HOST_CTRL:
		return MHC_CHIP_REV | nic->misc_host_ctrl;
	case CFG_PCI_STATE:
		return (pci_get_long(config + addr) & ~PCI_STATE_INT_NOT_ACTIVE) |
			PCI_STATE_CONVENTIONAL |
			(nic->intx ? 0 : PCI_STATE_INT_NOT_ACTIVE);
	case CFG_REG_DATA:
		return bcm_read(nic, pci_get_long(config + CFG_REG_BASE));
	case CFG_MEM_WINDOW_DATA:
		return bcm_sram_read(nic,
				pci_get_long(config + CFG_MEM_WINDOW_BASE));
	case CFG_MISC_LOCAL_CTRL:
		return bcm_read(nic, MISC_LOCAL_CTRL);
	case CFG_UNDI_STD_PROD:
		return bcm_mailbox_read(nic, MBOX_STD_PROD);
	case CFG_UNDI_RET_CONS:
		return bcm_mailbox_read(nic, MBOX_RET_CONS);
	case CFG_UNDI_SEND_PROD:
		return bcm_mailbox_read(nic, MBOX_SEND_PROD);
	default:
		return pci_get_long(config + addr);
	}
}

static void device_write(BcmNic *nic, uint32_t addr, uint32_t value)
{
	uint8_t *config = PCI_DEVICE(nic)->config;

	switch (addr) {
	case CFG_MISC_HOST_CTRL:
		if (value & MHC_CLEAR_INTA)
			bcm_interrupt_clear(nic);
		nic->misc_host_ctrl = value & 0xffff & ~MHC_CLEAR_INTA;
		bcm_interrupt_update(nic);
		break;
	case CFG_REG_DATA:
		bcm_write(nic, pci_get_long(config + CFG_REG_BASE), value);
		break;
	case CFG_MEM_WINDOW_DATA:
		bcm_sram_write(nic, pci_get_long(config + CFG_MEM_WINDOW_BASE),
			       value);
		break;
	case CFG_MISC_LOCAL_CTRL:
		bcm_write(nic, MISC_LOCAL_CTRL, value);
		break;
	case CFG_UNDI_STD_PROD:
		bcm_mailbox_write(nic, MBOX_STD_PROD, value);
		break;
	case CFG_UNDI_RET_CONS:
		bcm_mailbox_write(nic, MBOX_RET_CONS, value);
		break;
	case CFG_UNDI_SEND_PROD:
		bcm_mailbox_write(nic, MBOX_SEND_PROD, value);
		break;
	default:
		pci_set_long(config + addr, value);
		break;
	}
}

/* VPD through the capability: NVRAM from offset 100 on. */
static void vpd_address(BcmNic *nic)
{
	uint8_t *config = PCI_DEVICE(nic)->config;
	uint16_t addr = pci_get_word(config + CFG_VPD + PCI_VPD_ADDR);

	if (addr & VPD_DONE)	/* a write: this VPD is read-only, never done */
		return;
	pci_set_long(config + CFG_VPD + PCI_VPD_DATA,
		     ldl_le_p(nic->nvram + ((0x100 + (addr & ~3u)) %
					    NVRAM_SIZE)));
	pci_set_word(config + CFG_VPD + PCI_VPD_ADDR, addr | VPD_DONE);
}

static bool is_device_register(uint32_t addr, int len)
{
	return addr >= CFG_DEVICE_FIRST && addr + len <= CFG_DEVICE_LAST + 1;
}

uint32_t bcm_config_read(PCIDevice *dev, uint32_t addr, int len)
{
	BcmNic *nic = BCM5722(dev);
	uint32_t value;

	if (!is_device_register(addr, len))
		return pci_default_read_config(dev, addr, len);
	value = device_read(nic, addr & ~3u) >> (addr & 3) * 8;
	return len < 4 ? value & ((1u << len * 8) - 1) : value;
}

void bcm_config_write(PCIDevice *dev, uint32_t addr, uint32_t value, int len)
{
	BcmNic *nic = BCM5722(dev);

	if (is_device_register(addr, len)) {
		uint32_t shift = (addr & 3) * 8;

		/* An access wider than its dword ends with the dword. */
		if (len < 4) {
			uint32_t old = device_read(nic, addr & ~3u);

			value = deposit32(old, shift,
					  MIN(len * 8, 32 - shift), value);
		}
		device_write(nic, addr & ~3u, value);
		return;
	}
	pci_default_write_config(dev, addr, value, len);
	if (ranges_overlap(addr, len, CFG_VPD + PCI_VPD_ADDR, 2)) {
		pci_set_word(dev->config + CFG_VPD + PCI_VPD_ADDR, value);
		vpd_address(nic);
	}
	/* COMMAND.BM or MSI enable may have changed what can happen. */
	if (ranges_overlap(addr, len, PCI_COMMAND, 2) ||
	    ranges_overlap(addr, len, CFG_MSI, 16)) {
		bcm_interrupt_update(nic);
		bcm_tx_kick(nic);
		bcm_rx_kick(nic);
	}
}
