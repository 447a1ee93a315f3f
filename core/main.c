/* SPDX-License-Identifier: MIT */
/*
 * From the loader's call to the guest: checks while the firmware's world is
 * still whole, then memory, time, devices, and the loop that never ends.
 */
#include "acpi.h"
#include "conf/boot.h"
#include "identity.h"
#include "kept_log.h"
#include "log.h"
#include "main.h"
#include "mem/mem.h"
#include "smbios.h"
#include "timer.h"
#include "x86/cpus.h"
#include "x86/lapic.h"
#include "x86/loop.h"
#include "x86/npt.h"
#include "x86/smm.h"
#include "x86/svm/svm.h"
#include "x86/trampoline.h"

#include <stdio.h>
#include <string.h>
#include <tandem/boot.h>
#include <tandem/init.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/pci.h>
#include <config/release.h>
#include <tandem/trap.h>

/* beside the image: page tables, nested page tables, intercept maps */
#define FREE_MIN	MIB(1)

extern const struct initcall table_initcall_start[], table_initcall_end[];
extern const uint8_t tandem_ap_entry[];
extern const struct pci_id table_pci_id_start[], table_pci_id_end[];

__attribute__((section(".tandem_info"), used))
static const struct tandem_info info = {
	.magic = TANDEM_INFO_MAGIC,
	.version = TANDEM_BOOT_VERSION,
	.block_mib = CONFIG_VMM_MEMORY_MIB,
	.release = TANDEM_RELEASE,
	.ids_start = (uint64_t)table_pci_id_start,
	.ids_end = (uint64_t)table_pci_id_end,
	.pci_bindings = CONFIG_PCI_BINDINGS,
	.kept_bytes = KEPT_LOG_BYTES,
	.ap_entry = (uint64_t)tandem_ap_entry,
};

struct boot_info boot_info;
/* where the image is, for entry.S */
uint64_t early_phys;

static int refuse(struct boot_info *b, int code, const char *why)
{
	strlcpy(b->error, why, sizeof(b->error));
	return code;
}

static bool map_is_sane(const struct boot_info *b)
{
	uint64_t end = 0;

	if (b->n_ranges > BOOT_MAX_RANGES)
		return false;
	for (unsigned int i = 0; i < b->n_ranges; i++) {
		const struct boot_range *r = &b->range[i];

		if ((r->base | r->size) & PAGE_MASK || !r->size ||
		    r->base < end || r->size > ~0ull - r->base)
			return false;
		end = r->base + r->size;
		if (r->type == BOOT_RAM && r->base < b->block_base +
		    b->block_size && b->block_base < end)
			return false;
		if (r->type == BOOT_RAM && r->base <= b->low_page &&
		    b->low_page < end)
			return false;
	}
	return true;
}

static int check(struct boot_info *b, uint64_t image_phys)
{
	if (b->magic != TANDEM_BOOT_MAGIC || b->version != TANDEM_BOOT_VERSION)
		return TANDEM_BOOT_BAD_INFO;
	if (b->block_base != image_phys || b->block_base % MIB(2) ||
	    b->block_size % MIB(2) || b->block_size > MIB(64) ||
	    !b->low_page || b->low_page % PAGE_SIZE ||
	    b->low_page >= MIB(1) ||
	    !map_is_sane(b))
		return refuse(b, TANDEM_BOOT_BAD_INFO,
			      "the loader's memory map does not fit");
	if (b->block_size < (uint64_t)(image_end - image_start) +
	    KEPT_LOG_BYTES + FREE_MIN)
		return refuse(b, TANDEM_BOOT_NO_MEMORY,
			      "CONFIG_VMM_MEMORY_MIB is too small");
	switch (svm_check()) {
	case TANDEM_BOOT_NO_SVM:
		return refuse(b, TANDEM_BOOT_NO_SVM,
			      "this CPU has no AMD SVM with nested paging");
	case TANDEM_BOOT_DISABLED:
		return refuse(b, TANDEM_BOOT_DISABLED,
			      "SVM is switched off in the firmware's setup");
	}
	if (!b->n_cpus || b->n_cpus > CONFIG_MAX_CPUS)
		return refuse(b, TANDEM_BOOT_MANY_CPUS,
			      "more CPUs are enabled than CONFIG_MAX_CPUS");
	if (read_cr4() & CR4_LA57)
		return refuse(b, TANDEM_BOOT_FAILED,
			      "5-level paging firmware is not supported");
	if (!cpus_gather(b->n_cpus))
		return refuse(b, TANDEM_BOOT_FAILED,
			      "not all CPUs came, or SVM is off on some");
	return TANDEM_BOOT_OK;
}

static void run_initcalls(enum init_level level)
{
	for (const struct initcall *c = table_initcall_start;
	     c < table_initcall_end; c++) {
		int e;

		if (c->level != level)
			continue;
		e = c->fn();
		if (e < 0)
			log_warn("%s: error %d", c->name, e);
	}
}

/* The VMM block looks like memory that is not there. */
static struct mmio_trap block_trap = {
	.name = "VMM block", .read = mmio_absent_read, .write = mmio_absent_write,
};

static void memory_init(void)
{
	pages_init(boot_info.block_size - KEPT_LOG_BYTES,
		   image_end - image_start);
	if (paging_init() < 0)
		panic("no memory for page tables");
	guest_mem_init();
	if (npt_init() < 0)
		panic("no memory for nested page tables");
	block_trap.base = boot_info.block_base;
	block_trap.size = boot_info.block_size;
	if (mmio_trap_add(&block_trap) < 0)
		panic("VMM block cannot be hidden");
	if (trampoline_init() < 0)
		panic("no memory for the page below 1 MiB");
}

int vmm_main(struct boot_info *b, uint64_t image_phys)
{
	struct cpu *cpu = &cpus[0];
	int e;

	early_phys = image_phys;
	e = check(b, image_phys);
	if (e != TANDEM_BOOT_OK) {
		cpus_dismiss();
		return e;
	}
	memcpy(&boot_info, b, sizeof(boot_info));
	memset(b->seed, 0, sizeof(b->seed));
	conf_start(&boot_info);
	svm_capture(cpu, image_phys);
	cpu_init(cpu);
	cpu->online = true;
	serial_init();
	log_start((void *)(TANDEM_VMM_BASE + boot_info.block_size -
			   KEPT_LOG_BYTES));
	log_info("Tandem %s, %lu MiB at %#lx, started by %.31s", TANDEM_RELEASE,
		 boot_info.block_size >> 20, boot_info.block_base,
		 boot_info.loader);
	log_tell_previous();
	conf_tell(&boot_info);		/* while RAM is mapped as it was */
	if (IS_ENABLED(CONFIG_MGMT))
		identity_take(&boot_info);
	memory_init();
	if (lapic_init() < 0)
		panic("no local APIC");
	lapic_adopt();
	acpi_init(boot_info.rsdp);
	if (IS_ENABLED(CONFIG_NETD))
		smbios_init(boot_info.smbios);
	time_init();
	run_initcalls(INIT_CORE);
	deadline_report();
	run_initcalls(INIT_BUS);
	run_initcalls(INIT_DRIVER);
	run_initcalls(INIT_SERVICE);
	if (svm_bitmaps_init() < 0)
		panic("no memory for intercept maps");
	svm_init(cpu);
	smm_take(cpu);
	cpus_start();
	log_info("guest runs; %lu KiB of the block free",
		 pages_free_count() * PAGE_SIZE / 1024);
	cpus_go();
	cpu_loop(cpu);
}
