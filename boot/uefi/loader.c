/* SPDX-License-Identifier: MIT */
/*
 * tandem.efi and loadvmm.efi: puts tandem.elf, which is inside this program or
 * lies beside it, into memory of its own and calls it; when the call returns,
 * the firmware and this program are the guest. Whatever goes wrong ends in one line on the console, with everything
 * given back, and the machine boots on without the VMM. docs/boot.md tells
 * the whole story.
 */
#include <efi.h>

#include <stdbool.h>
#include <string.h>
#include <tandem/boot.h>

#include "config.h"
#include "console.h"
#include "cpu.h"
#include "cpus.h"
#include "devices.h"
#include "elf.h"
#include "file.h"
#include "identity.h"
#include "inside.h"
#include "memory.h"
#include "menu.h"
#include "next.h"

#define VMM_FILE	"tandem.elf"
#define VMM_INSIDE	"the VMM in this file"
#define MAX_VMM_FILE	(64u << 20)
#define BELOW_4_GIB	0xffffffffull
#define BELOW_1_MIB	0xfffffull
#define MAP_SLACK	4096	/* the map grows while it is being fetched */

static EFI_GUID presence_guid = TANDEM_PRESENCE_GUID;
static EFI_GUID acpi_20_guid = ACPI_20_TABLE_GUID;
static EFI_GUID acpi_guid = ACPI_TABLE_GUID;
static EFI_GUID smbios_3_guid = SMBIOS3_TABLE_GUID;
static EFI_GUID smbios_guid = SMBIOS_TABLE_GUID;

static EFI_SYSTEM_TABLE *st;
static EFI_BOOT_SERVICES *bs;

static void *find_table(const EFI_GUID *guid)
{
	for (UINTN i = 0; i < st->NumberOfTableEntries; i++)
		if (memcmp(&st->ConfigurationTable[i].VendorGuid, guid,
			   sizeof(*guid)) == 0)
			return st->ConfigurationTable[i].VendorTable;
	return NULL;
}

/* ---- is this machine fit? ------------------------------------------------ */

static EFI_STATUS check_cpus(uint32_t *n_cpus)
{
	struct cpu_facts facts = cpu_read();
	const char *why = cpu_judge(&facts);

	if (why)
		return refuse(EFI_UNSUPPORTED, "%s", why);
	return cpus_count(bs, n_cpus);
}

/* ---- memory -------------------------------------------------------------- */

struct memory_map {
	void *entries;		/* pool memory */
	UINTN size, entry_size;	/* bytes */
};

static EFI_STATUS get_map(struct memory_map *map)
{
	EFI_STATUS status;
	UINTN key;
	UINT32 version;

	map->size = 0;
	status = bs->GetMemoryMap(&map->size, NULL, &key, &map->entry_size,
				  &version);
	for (int tries = 0; status == EFI_BUFFER_TOO_SMALL && tries < 4;
	     tries++) {
		map->size += MAP_SLACK;
		if (EFI_ERROR(bs->AllocatePool(EfiLoaderData, map->size,
					       &map->entries)))
			break;
		status = bs->GetMemoryMap(&map->size, map->entries, &key,
					  &map->entry_size, &version);
		if (!EFI_ERROR(status))
			return EFI_SUCCESS;
		bs->FreePool(map->entries);
	}
	return refuse(EFI_OUT_OF_RESOURCES, "the memory map cannot be read");
}

/*
 * The VMM block, as memory that no OS will use; zeroed, but for the last
 * kept bytes: the log of the boot before may be there.
 */
static EFI_STATUS allocate_block(uint32_t mib, uint64_t kept, uint64_t *block)
{
	const uint64_t size = (uint64_t)mib << 20;
	EFI_PHYSICAL_ADDRESS address = 0;
	struct memory_map map;
	EFI_STATUS status = get_map(&map);

	if (EFI_ERROR(status))
		return status;
	address = memory_find_block(map.entries, map.size, map.entry_size,
				    size);
	bs->FreePool(map.entries);
	if (!address ||
	    EFI_ERROR(bs->AllocatePages(AllocateAddress, EfiReservedMemoryType,
					size / EFI_PAGE_SIZE, &address)))
		return refuse(EFI_OUT_OF_RESOURCES,
			      "no %u MiB of memory are free in one piece below 4 GiB",
			      mib);
	memset((void *)address, 0, size - kept);
	*block = address;
	return EFI_SUCCESS;
}

/* A page where a CPU can start in real mode, as memory that no OS will use. */
static EFI_STATUS allocate_low_page(uint64_t *page)
{
	EFI_PHYSICAL_ADDRESS address = BELOW_1_MIB;

	if (EFI_ERROR(bs->AllocatePages(AllocateMaxAddress,
					EfiReservedMemoryType, 1, &address)))
		return refuse(EFI_OUT_OF_RESOURCES,
			      "no page of memory is free below 1 MiB");
	*page = address;
	return EFI_SUCCESS;
}

static void free_pages(uint64_t address, uint64_t size)
{
	bs->FreePages(address, EFI_SIZE_TO_PAGES(size));
}

/* Boot information; lives until the VMM has read it. */
static EFI_STATUS make_info(uint64_t block, uint64_t size, uint64_t low_page,
			    uint32_t n_cpus, struct boot_info **result)
{
	EFI_PHYSICAL_ADDRESS address = BELOW_4_GIB;
	struct boot_info *info;
	struct memory_map map;
	EFI_STATUS status;
	void *rsdp, *smbios;
	int error;

	status = bs->AllocatePages(AllocateMaxAddress, EfiLoaderData,
				   EFI_SIZE_TO_PAGES(sizeof(*info)), &address);
	if (EFI_ERROR(status))
		return refuse(status, "no memory for the boot information");
	info = (struct boot_info *)address;
	memset(info, 0, sizeof(*info));
	info->magic = TANDEM_BOOT_MAGIC;
	info->version = TANDEM_BOOT_VERSION;
	info->block_base = block;
	info->block_size = size;
	info->low_page = low_page;
	info->n_cpus = n_cpus;
	strlcpy(info->loader, "uefi", sizeof(info->loader));
	rsdp = find_table(&acpi_20_guid);
	if (!rsdp)
		rsdp = find_table(&acpi_guid);
	info->rsdp = (uintptr_t)rsdp;
	smbios = find_table(&smbios_3_guid);
	if (!smbios)
		smbios = find_table(&smbios_guid);
	info->smbios = (uintptr_t)smbios;

	status = get_map(&map);
	if (EFI_ERROR(status))
		goto err_info;
	error = memory_ranges(map.entries, map.size, map.entry_size, info);
	bs->FreePool(map.entries);
	if (error) {
		status = refuse(EFI_BUFFER_TOO_SMALL,
				"the memory map has more than %u ranges",
				BOOT_MAX_RANGES);
		goto err_info;
	}
	*result = info;
	return EFI_SUCCESS;

err_info:
	free_pages(address, sizeof(*info));
	return status;
}

/* ---- presence ------------------------------------------------------------ */

/* What an earlier start left, or NULL. */
static const struct tandem_presence *find_presence(void)
{
	const struct tandem_presence *p = find_table(&presence_guid);

	return p && p->magic == TANDEM_INFO_MAGIC ? p : NULL;
}

static EFI_STATUS announce(const struct tandem_info *info,
			   struct tandem_presence **result)
{
	struct tandem_presence *p;
	EFI_STATUS status;

	status = bs->AllocatePool(EfiRuntimeServicesData, sizeof(*p),
				  (void **)&p);
	if (EFI_ERROR(status))
		return refuse(status, "no memory for the presence table");
	memset(p, 0, sizeof(*p));
	p->magic = TANDEM_INFO_MAGIC;
	p->version = 1;
	p->size = sizeof(*p);
	strlcpy(p->release, info->release, sizeof(p->release));
	status = bs->InstallConfigurationTable(&presence_guid, p);
	if (EFI_ERROR(status)) {
		bs->FreePool(p);
		return refuse(status, "the firmware takes no presence table");
	}
	*result = p;
	return EFI_SUCCESS;
}

static void unannounce(struct tandem_presence *p)
{
	bs->InstallConfigurationTable(&presence_guid, NULL);
	bs->FreePool(p);
}

/* ---- start --------------------------------------------------------------- */

/* Keeps the reason of a VMM that refused: its own words, or its number. */
static EFI_STATUS vmm_refused(int result, struct boot_info *info)
{
	static const char *const why[] = {
		[TANDEM_BOOT_NO_SVM] = "this CPU has no SVM with nested paging",
		[TANDEM_BOOT_DISABLED] = "SVM is disabled in the firmware's setup",
		[TANDEM_BOOT_NO_MEMORY] = "the VMM's memory is too small",
		[TANDEM_BOOT_BAD_INFO] = "the VMM did not accept the boot information",
		[TANDEM_BOOT_FAILED] = "the VMM could not start",
		[TANDEM_BOOT_MANY_CPUS] = "the machine has too many CPUs",
	};
	const unsigned int n = sizeof(why) / sizeof(why[0]);

	info->error[sizeof(info->error) - 1] = 0;
	if (info->error[0])
		return refuse(EFI_UNSUPPORTED, "%s", info->error);
	if (result > 0 && (unsigned int)result < n)
		return refuse(EFI_UNSUPPORTED, "%s", why[result]);
	return refuse(EFI_UNSUPPORTED, "the VMM gave up with code %d", result);
}

/*
 * Loads and enters the VMM; on an error nothing of it is left, unless CPUs do
 * not come back from it.
 */
static EFI_STATUS launch(const struct elf_image *image, uint32_t n_cpus)
{
	const uint64_t size = (uint64_t)image->info.block_mib << 20;
	struct taken_devices taken;
	struct tandem_presence *presence = NULL;
	struct boot_info *info = NULL;
	uint64_t block = 0, low_page = 0;
	bool back = true;
	EFI_STATUS status;
	int result;

	status = allocate_block(image->info.block_mib, image->info.kept_bytes,
				&block);
	if (EFI_ERROR(status))
		return status;
	elf_load(image, (void *)block);
	status = allocate_low_page(&low_page);
	if (EFI_ERROR(status))
		goto err_block;
	status = announce(&image->info, &presence);
	if (EFI_ERROR(status))
		goto err_low_page;
	status = devices_take(bs, image, config_bindings(image), &taken);
	if (EFI_ERROR(status))
		goto err_presence;
	/* last, since the drivers' memory is free now */
	status = make_info(block, size, low_page, n_cpus, &info);
	if (EFI_ERROR(status))
		goto err_devices;
	config_hand_over(info);
	identity_hand_over(info);

	status = cpus_call(bs, block + image->ap_entry, info);
	if (EFI_ERROR(status))
		goto err_info;
	result = enter_vmm(block + image->entry, info);
	identity_wipe_seed(info);
	back = cpus_wait(bs);
	if (!back)
		say("Tandem: the other CPUs do not come back");
	if (result != TANDEM_BOOT_OK)
		status = vmm_refused(result, info);
	if (!EFI_ERROR(status)) {
		if (back)
			free_pages((uintptr_t)info, sizeof(*info));
		return EFI_SUCCESS;
	}

	/* CPUs that are not back run what lies in there */
err_info:
	identity_wipe_seed(info);
	if (back)
		free_pages((uintptr_t)info, sizeof(*info));
err_devices:
	devices_give_back(bs, &taken);
err_presence:
	unannounce(presence);
err_low_page:
	if (back)
		free_pages(low_page, EFI_PAGE_SIZE);
err_block:
	if (back)
		free_pages(block, size);
	return status;
}

/* tandem.elf, checked. *file is pool memory, or NULL if it is inside. */
static EFI_STATUS find_vmm(EFI_HANDLE self, void **file,
			   struct elf_image *image)
{
	const char *data = inside_start, *name = VMM_INSIDE, *wrong;
	size_t size = (size_t)(inside_end - inside_start);
	EFI_STATUS status;

	*file = NULL;
	if (size == 0) {
		status = file_read_beside(self, bs, VMM_FILE, MAX_VMM_FILE,
					  file, &size);
		if (EFI_ERROR(status))
			return status;
		data = *file;
		name = VMM_FILE;
	}
	wrong = elf_check(data, size, image);
	if (!wrong)
		return EFI_SUCCESS;
	if (*file)
		bs->FreePool(*file);
	return refuse(EFI_LOAD_ERROR, "%s %s", name, wrong);
}

/* With the configuration read. On success fills in *info. */
static EFI_STATUS start(EFI_HANDLE self, struct tandem_info *info)
{
	static struct elf_image image;
	EFI_STATUS status;
	uint32_t n_cpus;
	void *file;

	status = check_cpus(&n_cpus);
	if (EFI_ERROR(status))
		return status;
	status = find_vmm(self, &file, &image);
	if (EFI_ERROR(status))
		return status;
	identity_read(self, st, file != NULL && !config_secure());
	status = launch(&image, n_cpus);
	*info = image.info;
	if (file)
		bs->FreePool(file);
	return status;
}

/* All of it, with a line at the end; returns what to end with. */
static EFI_STATUS run(EFI_HANDLE self)
{
	static struct tandem_info info;
	enum menu_choice choice = MENU_START;
	EFI_STATUS status;

	config_read(self, st, inside_end - inside_start == 0);
	if (menu_key_held(st)) {
		choice = MENU_WITHOUT;
		refused("key S is held");
	} else if (config_menu()) {
		choice = menu_ask(st);
		refused("that was chosen");
	}
	status = choice == MENU_WITHOUT ? EFI_ABORTED : start(self, &info);
	config_free(bs);
	/* before anything else runs: an OS may take this memory */
	identity_free(bs);
	if (EFI_ERROR(status)) {
		say("Tandem: not started: %s; booting without it", refusal());
	} else {
		say("Tandem %s: running, %u MiB reserved", info.release,
		    info.block_mib);
		status = EFI_ABORTED;
	}
	if (choice == MENU_SHELL)
		next_shell(self, bs);
	else if (config_next()[0])
		next_program(self, bs, config_next());
	return status;
}

/*
 * The status is never EFI_SUCCESS: a boot manager would take that for an OS
 * that ran and ended, and stop (docs/boot.md). Exit() instead of a return
 * brings back the registers that the firmware's ABI preserves.
 */
EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *system_table);
EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *system_table)
{
	const struct tandem_presence *present;
	EFI_STATUS status;

	st = system_table;
	bs = system_table->BootServices;
	console_init(st);

	present = find_presence();
	if (present) {
		say("Tandem %.47s: is running already", present->release);
		status = EFI_ALREADY_STARTED;
		identity_free(bs);
	} else {
		status = run(self);
	}
	bs->Exit(self, status, 0, NULL);
	return status;
}
