/* SPDX-License-Identifier: MIT */
/*
 * The loader for BIOS machines: puts tandem.elf, within which a boot loader has
 * brought it, into memory of its own and calls it; when the call returns, this
 * program and the firmware are the guest. Whatever goes wrong ends in one line,
 * and the machine boots on without the VMM. docs/booting-bios.md tells the
 * whole story.
 */
#include <stdio.h>
#include <string.h>
#include <tandem/boot.h>
#include <tandem/types.h>

#include "../../core/x86/regs.h"
#include "../uefi/cpu.h"
#include "../uefi/elf.h"
#include "bios.h"
#include "config.h"
#include "console.h"
#include "cpus.h"
#include "menu.h"
#include "multiboot.h"
#include "target.h"
#include "uefi.h"

#define ANEW_MS		5000
#define RESET_PORT	0xcf9		/* of all chipsets with PCI */
#define  RESET_HARD	0x02
#define  RESET_NOW	0x04

/* loader.lds */
extern const uint8_t image_file[], image_bss[], image_end[];

/* boot/uefi/enter.S: call entry(info) with interrupts off. */
int enter_vmm(uint64_t entry, struct boot_info *info);

static struct multiboot multiboot;
static struct boot_info info;
static struct e820_map map;
static struct elf_image image;
static char reason[200];

/* ---- tandem.elf ---------------------------------------------------------- */

/*
 * The file's size: nobody tells it, but its seal does. What is behind the file
 * is clear.
 */
static size_t file_size(void)
{
	const size_t most = (size_t)(image_bss - image_file);
	struct tandem_seal seal;

	for (size_t at = 0; at <= most - sizeof(seal); at++) {
		memcpy(&seal, image_file + at, sizeof(seal));
		if (seal.magic == TANDEM_SEAL_MAGIC && seal.size == at)
			return at + sizeof(seal);
	}
	return most;
}

static const char *check_file(void)
{
	const char *wrong = elf_check(image_file, file_size(), &image);

	if (!wrong)
		return NULL;
	snprintf(reason, sizeof(reason), "tandem.elf %s", wrong);
	return reason;
}

/* ---- memory -------------------------------------------------------------- */

/* Takes block and pages out of the map, and tells the VMM of the rest. */
static const char *take_memory(void)
{
	const uint64_t size = (uint64_t)image.info.block_mib << 20;
	const uint64_t used = (uintptr_t)image_file;

	info.block_size = size;
	info.block_base = e820_find_block(&map, size, used,
					  (uintptr_t)image_end - used);
	if (!info.block_base) {
		snprintf(reason, sizeof(reason),
			 "no %u MiB of memory are free in one piece below "
			 "4 GiB", image.info.block_mib);
		return reason;
	}
	info.low_page = bios_low_page();
	if (!e820_reserve(&map, info.block_base, size) ||
	    !e820_reserve(&map, info.low_page, bios_stay_size()) ||
	    e820_ranges(&map, &info))
		return "the memory map has too many ranges";
	return NULL;
}

static void place_image(void)
{
	memset((void *)info.block_base, 0,
	       info.block_size - image.info.kept_bytes);
	elf_load(&image, (void *)info.block_base);
}

/* ---- configuration ------------------------------------------------------- */

static void hand_over(unsigned int which, const struct multiboot_text *t)
{
	info.text[which].address = (uintptr_t)t->text;
	info.text[which].size = t->size > UINT32_MAX ? UINT32_MAX :
						       (uint32_t)t->size;
}

/* The command line's own part is the loader's. */
static void read_option(struct target *target)
{
	struct multiboot_text *option = &multiboot.option;
	const char *wrong;

	/* that of a disc is of no use, for it has no boot sector */
	target->drive = multiboot.drive >= 0 && multiboot.drive < 0xe0 ?
			multiboot.drive : FIRST_DISK;
	if (option->size > CONF_TEXT_MAX)
		return;
	wrong = target_read(option->text, &option->size, target);
	if (wrong)
		say("Tandem: %s", wrong);
}

/* ---- start --------------------------------------------------------------- */

static const char *vmm_refused(int result)
{
	info.error[sizeof(info.error) - 1] = 0;
	if (info.error[0])
		return info.error;
	snprintf(reason, sizeof(reason), "the VMM gave up with code %d", result);
	return reason;
}

/* NULL if the VMM runs, and this is its guest; else why not. */
static const char *call_vmm(void)
{
	const char *why = NULL;
	int result;

	if (cpus_call(info.block_base + image.ap_entry, &info)) {
		result = enter_vmm(info.block_base + image.entry, &info);
		if (result != TANDEM_BOOT_OK)
			why = vmm_refused(result);
	} else {
		why = "a CPU does not start";
	}
	cpus_init(&info);
	return why;
}

static const char *start(void)
{
	const struct cpu_facts facts = cpu_read();
	const char *why = cpu_judge(&facts);

	if (!why)
		why = check_file();
	if (why)
		return why;
	if (!bios_memory_map(&map))
		return "the firmware does not tell what memory there is";
	info.magic = TANDEM_BOOT_MAGIC;
	info.version = TANDEM_BOOT_VERSION;
	strlcpy(info.loader, "bios", sizeof(info.loader));
	info.rsdp = bios_find_rsdp();
	info.smbios = bios_find_smbios();
	info.n_cpus = cpus_count(info.rsdp);
	hand_over(BOOT_TEXT_FILE, &multiboot.file);
	hand_over(BOOT_TEXT_OPTION, &multiboot.option);
	why = take_memory();
	if (why)
		return why;
	place_image();
	return call_vmm();
}

/* All of it, with a line at the end. */
static void run(void)
{
	const char *why = NULL;

	config_read(&multiboot);
	if (menu_key_held())
		why = "key S is held";
	else if (config_menu() && !menu_ask())
		why = "that was chosen";
	if (!why)
		why = start();
	if (why) {
		say("Tandem: not started: %s; booting without it", why);
		/* lest a boot loader that comes next try for ever */
		bios_mark();
	} else {
		bios_stay(&map);
		say("Tandem %s: running, %u MiB reserved", image.info.release,
		    image.info.block_mib);
	}
}

/* ---- another firmware ---------------------------------------------------- */

void wrong_firmware(void)
{
	say_on_serial(WRONG_FIRMWARE "; the machine starts anew in 5 seconds\r\n");
	for (unsigned int ms = 0; ms < ANEW_MS; ms += 10)
		wait_us(10000);
	outb(RESET_PORT, RESET_HARD);
	outb(RESET_PORT, RESET_HARD | RESET_NOW);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- the entry ----------------------------------------------------------- */

/* entry.S. magic, address: what the boot loader says, and in which form. */
void bios_main(uint32_t magic, uint32_t address) __noreturn;
void bios_main(uint32_t magic, uint32_t address)
{
	struct target target = { 0 };

	/* copied first, for it may lie where the next step writes */
	if (!multiboot_read(magic, address, &multiboot) || multiboot.uefi ||
	    !bios_init())
		wrong_firmware();
	read_option(&target);
	if (bios_is_tandem_running())
		say("Tandem: is running already");
	else
		run();
	target_boot(&target);
}
