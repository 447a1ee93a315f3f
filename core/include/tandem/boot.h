/* SPDX-License-Identifier: MIT */
/*
 * The contract between a loader (boot/) and the VMM.
 *
 * The loader allocates the VMM block (contiguous, below 4 GiB, 2 MiB aligned,
 * of the size the ELF file's .tandem_info section states), zeroes it but for
 * the last kept_bytes, which it leaves as the boot before left them, allocates
 * one page below 1 MiB where a CPU can start in real mode, copies each
 * PT_LOAD segment to block_base + (p_vaddr - TANDEM_VMM_BASE) and calls
 * block_base + (e_entry - TANDEM_VMM_BASE) as a System V function with the
 * boot information as its argument: 64-bit mode, 4-level paging, identity
 * mapping of RAM below 4 GiB at least, interrupts off, the firmware still alive.
 *
 * Where more CPUs than one are enabled, each other one has to be on its way
 * to block_base + (ap_entry - TANDEM_VMM_BASE), called like the first entry,
 * before the first CPU calls. There it waits until the first
 * has set the VMM up, and comes back as a guest, too.
 *
 * The call returns TANDEM_BOOT_OK twice removed from reality: the caller then
 * runs as the guest. Any other value means the VMM does not run, the machine
 * is as before and error[] holds one line that says why.
 */
#ifndef TANDEM_BOOT_H
#define TANDEM_BOOT_H

#include <stdint.h>

#define TANDEM_VMM_BASE		0xffffffff80000000ull
#define TANDEM_BOOT_MAGIC	0x4f4f42444e415431ull
#define TANDEM_BOOT_VERSION	7
#define TANDEM_INFO_MAGIC	0x4f464e49444e4154ull	/* "TANDINFO" */

#define TANDEM_BOOT_OK		0
#define TANDEM_BOOT_NO_SVM	1	/* CPU has no SVM with NPT */
#define TANDEM_BOOT_DISABLED	2	/* firmware disabled SVM and locked it */
#define TANDEM_BOOT_NO_MEMORY	3
#define TANDEM_BOOT_BAD_INFO	4	/* boot information does not fit */
#define TANDEM_BOOT_FAILED	5
#define TANDEM_BOOT_MANY_CPUS	6	/* more CPUs than this build supports */

/* In section .tandem_info of tandem.elf: what the loader must know. */
struct tandem_info {
	uint64_t magic;		/* TANDEM_INFO_MAGIC */
	uint32_t version;	/* TANDEM_BOOT_VERSION */
	uint32_t block_mib;	/* size of the VMM block */
	char release[48];	/* as git describe prints, NUL-terminated */
	/*
	 * What the loader needs to take the firmware's drivers off the devices
	 * that Tandem will own: the "pci=" string (unless the configuration
	 * read at boot has another) and the drivers' device
	 * lists (struct pci_id of tandem/pci.h), first and one past the last,
	 * as virtual addresses in the image.
	 */
	uint64_t ids_start, ids_end;
	char pci_bindings[256];
	uint64_t kept_bytes;	/* a multiple of 4 KiB, may be 0 */
	uint64_t ap_entry;	/* a virtual address in the image */
};

/* A range of the machine's memory map, sorted, not overlapping. */
struct boot_range {
	uint64_t base, size;	/* bytes, 4 KiB multiples */
	uint32_t type;		/* BOOT_RAM or BOOT_RESERVED */
	uint32_t pad;
};

/*
 * RAM that the guest may use now or after ExitBootServices: all EFI types
 * that are memory (conventional, loader, boot services, runtime services,
 * ACPI reclaim, ACPI NVS), or those of a BIOS (RAM, ACPI, NVS), the VMM block and
 * the low page taken out.
 */
#define BOOT_RAM	1
#define BOOT_RESERVED	2

#define BOOT_MAX_RANGES	256

/*
 * A text of the configuration (tandem/conf.h), anywhere in RAM that the guest
 * has. The VMM parses it anew and takes no more than a copy.
 */
struct boot_text {
	uint64_t address;
	uint32_t size;		/* bytes; 0: there is none */
	uint32_t problem;	/* enum conf_problem */
};

#define BOOT_TEXT_SECTION	0
#define BOOT_TEXT_FILE		1
#define BOOT_TEXT_OPTION	2
#define BOOT_TEXTS		3

/*
 * A file of this machine's identity (abi/mgmt.h), where a boot_text may be. The
 * loader wipes it when the VMM has come back; so does the VMM with the seed.
 */
struct boot_file {
	uint64_t address;
	uint32_t size;		/* bytes, at most BOOT_FILE_MAX; 0: none */
	uint32_t source;	/* of the enum below */
};

#define BOOT_FILE_MAX		8192

#define BOOT_FILE_CERTIFICATE	0
#define BOOT_FILE_KEY		1
#define BOOT_FILE_CLIENT_CA	2
#define BOOT_FILES		3

enum { BOOT_FROM_SECTION, BOOT_FROM_FILE };

#define BOOT_SEED_SIZE		32

/* seed_kind; enum mgmt_seed of abi/mgmt.h says what each is worth */
enum {
	BOOT_SEED_NONE, BOOT_SEED_OF_BOOT, BOOT_SEED_KEPT_WEAK, BOOT_SEED_KEPT
};

/* In flags: file and option may set only what needs no signature. */
#define BOOT_SECURE	0x1

struct boot_info {
	uint64_t magic;		/* TANDEM_BOOT_MAGIC */
	uint32_t version;	/* TANDEM_BOOT_VERSION */
	uint32_t n_ranges;
	uint64_t block_base, block_size;	/* bytes */
	uint64_t low_page;	/* the VMM's own page below 1 MiB */
	uint64_t rsdp;		/* ACPI root pointer, 0 if none */
	uint64_t smbios;	/* SMBIOS entry point, 0 if none */
	uint32_t n_cpus;	/* enabled processors, at least 1 */
	uint32_t flags;		/* BOOT_SECURE */
	char loader[32];	/* "uefi" or "bios": for the log */
	char error[160];	/* the VMM writes here when it refuses */
	struct boot_range range[BOOT_MAX_RANGES];
	struct boot_text text[BOOT_TEXTS];
	struct boot_file file[BOOT_FILES];
	uint32_t seed_kind;
	uint8_t seed[BOOT_SEED_SIZE];
};

/*
 * Presence: the loader installs a UEFI configuration table with this GUID
 * that points to a struct tandem_presence in runtime-services data memory.
 */
#define TANDEM_PRESENCE_GUID \
	{ 0x7d1c1b52, 0x5c5e, 0x4a57, \
	  { 0x9e, 0x0b, 0x3a, 0x64, 0x61, 0x6e, 0x64, 0x6d } }

struct tandem_presence {
	uint64_t magic;		/* TANDEM_INFO_MAGIC */
	uint32_t version;	/* 1 */
	uint32_t size;		/* sizeof this struct */
	char release[48];
};

#endif
