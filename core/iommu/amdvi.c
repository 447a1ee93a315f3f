/* SPDX-License-Identifier: MIT */
/*
 * AMD's IOMMU (AMD I/O Virtualization Technology specification, 48882): keeps
 * DMA of the guest's devices away from the VMM block. Every device may reach
 * all memory but that; those that the VMM drives itself reach all. Interrupts
 * pass as they are. The units disappear from the guest: their table, their PCI
 * functions, their registers.
 *
 * What a device tried in vain is read from the event log once a second. A unit
 * whose log stays empty (QEMU 7.2's takes its log for full) at least says in its
 * PCI status that it has refused something.
 */
#include "dma_table.h"
#include "ivrs.h"
#include "../mem/mem.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "iommu: "
#include <tandem/boot.h>
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/pci.h>
#include <tandem/timer.h>
#include <tandem/trap.h>

#define REGISTERS_SIZE		0x4000u
#define DEVICE_TABLE_BASE	0x0000
#define EVENT_LOG_BASE		0x0010
#define CONTROL			0x0018
#define  CONTROL_ENABLE		BIT(0)
#define  CONTROL_EVENT_LOG	BIT(2)
#define  CONTROL_COHERENT	BIT(10)
#define EXCLUSION_BASE		0x0020
#define EXCLUSION_LIMIT		0x0028
#define EVENT_LOG_HEAD		0x2010
#define EVENT_LOG_TAIL		0x2018
#define STATUS			0x2020
#define  STATUS_EVENT_OVERFLOW	BIT(0)	/* write 1 to clear */

/* 2.2.2.1: device table entry, the first two of four quadwords */
#define DTE_VALID		BIT(0)
#define DTE_TRANSLATION_VALID	BIT(1)
#define DTE_MODE(levels)	((uint64_t)(levels) << 9)	/* 0: none */
#define DTE_READ		BIT(61)
#define DTE_WRITE		BIT(62)
#define DTE_DOMAIN(id)		((uint64_t)(id))
#define DTE_SYSMGT_FORWARD	BIT(40)	/* system management: as without us */
#define DOMAIN_GUEST		1
#define DOMAIN_VMM		2

/* 2.5: event log entry */
#define EVENTS			256u
#define EVENT_SIZE		16u
#define EVENT_LOG_LENGTH	(8ull << 56)		/* 256 entries */
#define EVENT_CODE(e)		((e)[0] >> 60)
#define  CODE_IO_PAGE_FAULT	2
#define EVENT_DEVICE(e)		((uint16_t)(e)[0])
#define EVENT_WRITE		BIT(53)

#define DEVICES			0x10000u
#define LOOK_US			1000000u

struct device_entry {
	uint64_t quad[4];
};

struct unit {
	volatile uint8_t *regs;
	volatile uint64_t (*events)[2];
	unsigned int next_event;
	struct pci_device *function;	/* NULL: not found */
	struct mmio_trap hidden;
};

static struct unit units[IVRS_UNITS];
static int n_units;
static struct device_entry *device_table;
static struct timer look_timer;

/* ---- tables ---- */

static uint64_t dma_limit(void)
{
	uint64_t limit = GIB(4);	/* and all registers below */

	for (unsigned int i = 0; i < boot_info.n_ranges; i++)
		if (boot_info.range[i].type == BOOT_RAM)
			limit = MAX(limit, boot_info.range[i].base +
					   boot_info.range[i].size);
	return limit;
}

static int tables_init(void)
{
	const struct dma_hole ours[] = {
		{ boot_info.block_base,
		  boot_info.block_base + boot_info.block_size },
		{ boot_info.low_page, boot_info.low_page + PAGE_SIZE },
	};
	uint64_t *root = dma_table_build(dma_limit(), ours, ARRAY_SIZE(ours));
	struct device_entry all = { {
		DTE_VALID | DTE_TRANSLATION_VALID |
		DTE_MODE(DMA_TABLE_LEVELS) | DTE_READ | DTE_WRITE,
		DTE_DOMAIN(DOMAIN_GUEST) | DTE_SYSMGT_FORWARD,
	} };

	device_table = pages_alloc(DEVICES * sizeof(all) / PAGE_SIZE);
	if (!root || !device_table)
		return -ENOMEM;
	all.quad[0] |= virt_to_phys(root);
	for (uint32_t i = 0; i < DEVICES; i++)
		device_table[i] = all;
	/* the VMM's own devices: not translated */
	for (struct pci_device *d = pci_next(NULL); d; d = pci_next(d))
		if (d->driver)
			device_table[d->bus << 8 | d->slot << 3 |
				     d->function] = (struct device_entry){ {
				DTE_VALID | DTE_TRANSLATION_VALID |
				DTE_MODE(0) | DTE_READ | DTE_WRITE,
				DTE_DOMAIN(DOMAIN_VMM) | DTE_SYSMGT_FORWARD,
			} };
	return 0;
}

/* ---- events ---- */

static void report(const uint64_t event[2])
{
	uint16_t device = EVENT_DEVICE(event);
	unsigned int bus = device >> 8, slot = device >> 3 & 31;

	if (EVENT_CODE(event) == CODE_IO_PAGE_FAULT)
		log_few("device %02x:%02x.%u may not %s %#lx by DMA", bus,
			slot, device & 7u,
			event[0] & EVENT_WRITE ? "write" : "read", event[1]);
	else
		log_few("device %02x:%02x.%u was refused, event %#lx %#lx",
			bus, slot, device & 7u, event[0], event[1]);
}

static void event_log_start(struct unit *u)
{
	mmio_write64(u->regs + EVENT_LOG_BASE,
		     virt_to_phys((const void *)u->events) | EVENT_LOG_LENGTH);
	mmio_write64(u->regs + EVENT_LOG_HEAD, 0);
	mmio_write64(u->regs + EVENT_LOG_TAIL, 0);
	u->next_event = 0;
	mmio_write64(u->regs + CONTROL, CONTROL_ENABLE | CONTROL_COHERENT |
		     CONTROL_EVENT_LOG);
}

static void look_at_status(struct unit *u, bool told)
{
	if (!u->function || !(pci_config_read(u->function, PCI_STATUS, 2) &
			      PCI_STATUS_SIGNALED_TARGET_ABORT))
		return;
	pci_config_write(u->function, PCI_STATUS, 2,
			 PCI_STATUS_SIGNALED_TARGET_ABORT);
	if (!told)
		log_few("a device was refused DMA (target abort); no event "
			"tells which");
}

/*
 * An entry that is not zero is new; it is made zero when it has been read. (The
 * tail register would say so, too, but not in every implementation.)
 */
static void look_at(struct unit *u)
{
	bool any = false;

	for (unsigned int n = 0; n < EVENTS; n++) {
		volatile uint64_t *e = u->events[u->next_event];
		uint64_t event[2] = { e[0], e[1] };

		if (!event[0])
			break;
		e[0] = e[1] = 0;
		u->next_event = (u->next_event + 1) % EVENTS;
		report(event);
		any = true;
	}
	look_at_status(u, any);
	if (!any)
		return;
	mmio_write64(u->regs + EVENT_LOG_HEAD, u->next_event * EVENT_SIZE);
	if (!(mmio_read64(u->regs + STATUS) & STATUS_EVENT_OVERFLOW))
		return;
	log_few("events were lost");
	mmio_write64(u->regs + CONTROL, CONTROL_ENABLE | CONTROL_COHERENT);
	mmio_write64(u->regs + STATUS, STATUS_EVENT_OVERFLOW);
	event_log_start(u);
}

static void look(struct timer *t)
{
	for (int i = 0; i < n_units; i++)
		look_at(&units[i]);
	timer_arm(t, time_us() + LOOK_US);
}

/* ---- units ---- */

static void conceal_function(struct unit *u, const struct ivrs_unit *at)
{
	for (struct pci_device *d = pci_next(NULL); d; d = pci_next(d)) {
		if ((d->bus << 8 | d->slot << 3 | d->function) !=
		    at->device_id || d->driver)
			continue;
		u->function = d;
		if (pci_conceal(d) < 0)
			log_warn("its function cannot be concealed");
	}
}

/* Out of reset nothing is cached that would have to be invalidated. */
static void unit_program(struct unit *u)
{
	uint64_t size = DEVICES * sizeof(struct device_entry) / PAGE_SIZE - 1;

	mmio_write64(u->regs + EXCLUSION_BASE, 0);
	mmio_write64(u->regs + EXCLUSION_LIMIT, 0);
	mmio_write64(u->regs + DEVICE_TABLE_BASE,
		     virt_to_phys(device_table) | size);
	event_log_start(u);
}

static int unit_start(struct unit *u, const struct ivrs_unit *at)
{
	u->regs = mmio_map(at->base, REGISTERS_SIZE);
	u->events = pages_alloc(EVENTS * EVENT_SIZE / PAGE_SIZE);
	if (!u->regs || !u->events)
		return -ENOMEM;
	if (mmio_read64(u->regs + CONTROL) & CONTROL_ENABLE) {
		log_error("firmware uses the one at %#lx: left alone",
			  at->base);
		return -EBUSY;
	}
	u->hidden = (struct mmio_trap){
		.name = "IOMMU", .base = at->base, .size = REGISTERS_SIZE,
		.read = mmio_absent_read, .write = mmio_absent_write,
	};
	if (mmio_trap_add(&u->hidden) < 0)
		return -ENOSPC;
	conceal_function(u, at);
	unit_program(u);
	return 0;
}

static void wake(bool lost)
{
	for (int i = 0; lost && i < n_units; i++) {
		memset((void *)units[i].events, 0, EVENTS * EVENT_SIZE);
		mmio_write64(units[i].regs + CONTROL, 0);
		unit_program(&units[i]);
	}
}
POWER_HOOK(INIT_SERVICE, NULL, wake);

static int amdvi_init(void)
{
	struct acpi_header *table = acpi_table("IVRS");
	struct ivrs_unit at[IVRS_UNITS];
	int n, e;

	if (!table) {
		log_info("none: the guest's devices can reach the VMM by DMA");
		return 0;
	}
	n = ivrs_parse(table, at);
	e = n < 0 ? n : n ? tables_init() : -ENODEV;
	for (int i = 0; i < n && !e; i++) {
		e = unit_start(&units[n_units], &at[i]);
		if (!e)
			n_units++;
	}
	if (e)
		log_error("error %d: devices that the guest programs can "
			  "reach the VMM by DMA", e);
	if (!n_units)
		return 0;
	acpi_hide(table);
	look_timer.fn = look;
	timer_arm(&look_timer, time_us() + LOOK_US);
	log_info("AMD, %d of %d in use: no DMA to the VMM behind them",
		 n_units, n);
	return 0;
}
INITCALL(INIT_SERVICE, amdvi_init);
