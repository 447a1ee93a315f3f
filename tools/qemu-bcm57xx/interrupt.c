// SPDX-License-Identifier: MIT
/*
 * From "something is pending" to INTA# or a message. Pending is raised by each
 * status block and by the set-interrupt bit of Misc Local Control, and cleared
 * by any write of the interrupt mailbox. While the mailbox's low 24 bits are
 * not zero, or the mask bit is set, it stays inside.
 */
#include "bcm57xx.h"
#include "hw/pci/msi.h"

static bool one_shot(BcmNic *nic)
{
	return bcm_reg(nic, PCIE_TRANSACTION_CFG) & PCIE_ONE_SHOT_MSI;
}

static bool use_msi(BcmNic *nic)
{
	return msi_enabled(PCI_DEVICE(nic));
}

/* Brings INTA# and the message in line with the state. */
void bcm_interrupt_update(BcmNic *nic)
{
	bool open = !(nic->misc_host_ctrl & MHC_MASK_INT) &&
		!(bcm_reg(nic, MBOX_INTERRUPT) & MBOX_IN_ISR);
	bool msi = use_msi(nic);
	bool level = nic->pending && open && !msi;

	if (level != nic->intx) {
		nic->intx = level;
		nic->count.intx += level;
		pci_set_irq(PCI_DEVICE(nic), level);
	}
	if (!msi || !nic->pending || !nic->msi_due || !open ||
	    !bcm_enabled(nic, MSI_MODE) || !bcm_bus_master(nic))
		return;
	if (one_shot(nic) && nic->msi_inhibit)
		return;
	nic->msi_due = false;
	nic->msi_inhibit = true;
	nic->count.msi++;
	msi_notify(PCI_DEVICE(nic), 0);
}

void bcm_interrupt_raise(BcmNic *nic)
{
	nic->pending = true;
	nic->msi_due = true;
	bcm_interrupt_update(nic);
}

void bcm_interrupt_clear(BcmNic *nic)
{
	nic->pending = false;
	nic->msi_due = false;
	bcm_interrupt_update(nic);
}

/*
 * A write of the interrupt mailbox. In tagged mode its top byte says which
 * status block the driver saw last; if there has been another one since, the
 * interrupt comes again at once.
 */
void bcm_interrupt_mailbox(BcmNic *nic, uint32_t value)
{
	nic->pending = false;
	nic->msi_due = false;
	nic->msi_inhibit = false;
	if (!(value & MBOX_IN_ISR) &&
	    (nic->misc_host_ctrl & MHC_TAGGED_STATUS) &&
	    value >> MBOX_TAG_SHIFT != nic->tag)
		bcm_interrupt_raise(nic);
	else
		bcm_interrupt_update(nic);
	/* Other count rules hold inside and outside of the handler. */
	bcm_coalesce_check(nic);
}
