// SPDX-License-Identifier: MIT
/*
 * badsleep: a module for the guest's Linux that orders sleep as no OS would:
 * with a waking vector of one's choice, from the middle of things.
 *
 *	insmod badsleep.ko vector=0x1000 order=0x2400
 *
 * order is written to PM1a control. Comes back, with -ECANCELED, only if the
 * machine does not sleep.
 */
#include <linux/acpi.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>

static uint vector;
module_param(vector, uint, 0);
MODULE_PARM_DESC(vector, "waking vector for the FACS");

static ushort order;
module_param(order, ushort, 0);
MODULE_PARM_DESC(order, "value for PM1a control");

static int __init badsleep_init(void)
{
	struct acpi_table_facs *facs;

	facs = memremap(acpi_gbl_FADT.facs, sizeof(*facs), MEMREMAP_WB);
	if (!facs)
		return -ENOMEM;
	facs->firmware_waking_vector = vector;
	local_irq_disable();
	outw(order, acpi_gbl_FADT.pm1a_control_block);
	mdelay(10);
	local_irq_enable();
	memunmap(facs);
	return -ECANCELED;
}
module_init(badsleep_init);

MODULE_DESCRIPTION("Orders sleep with a bad waking vector");
MODULE_LICENSE("Dual MIT/GPL");
