/* SPDX-License-Identifier: MIT */
/*
 * Where the identity's files come from: a section of the loader's own file and,
 * with two files, what lies beside it, as the configuration does. Their content
 * is the VMM's to judge, in ring 3. Whoever can read the place they come from
 * has them, too; here they are wiped once the VMM has them.
 */
#include "identity.h"
#include "console.h"
#include "file.h"

#include <string.h>

/* As in the section; scripts/tandem-conf fills it in. */
struct identity_slot {
	uint32_t size, reserved[3];
	char data[BOOT_FILE_MAX];
};
_Static_assert(sizeof(struct identity_slot) == 16 + 8192, "section layout");

extern struct identity_slot identity_section[BOOT_FILES]
	__attribute__((visibility("hidden")));

static const char *const names[BOOT_FILES] = {
	[BOOT_FILE_CERTIFICATE] = "tandem.crt",
	[BOOT_FILE_KEY] = "tandem.key",
	[BOOT_FILE_CLIENT_CA] = "tandem.ca",
};

static struct boot_file found[BOOT_FILES];
static void *file[BOOT_FILES];		/* pool memory, or NULL */
static size_t file_size[BOOT_FILES];
static uint8_t seed[BOOT_SEED_SIZE];
static uint32_t seed_kind;

static void take_section(unsigned int i)
{
	/* replaced after the compiler saw it */
	const volatile struct identity_slot *slot = &identity_section[i];
	uint32_t size = slot->size;

	if (size > BOOT_FILE_MAX) {
		say("Tandem: %s in the loader has an impossible size",
		    names[i]);
		return;
	}
	found[i].address = (uintptr_t)identity_section[i].data;
	found[i].size = size;
	found[i].source = BOOT_FROM_SECTION;
}

static void take_file(EFI_HANDLE self, EFI_BOOT_SERVICES *bs, unsigned int i)
{
	EFI_STATUS status = file_read_beside(self, bs, names[i], BOOT_FILE_MAX,
					     &file[i], &file_size[i]);

	if (EFI_ERROR(status)) {
		file[i] = NULL;
		if (status == EFI_BAD_BUFFER_SIZE && !file_size[i])
			say("Tandem: %s is empty", names[i]);
		else if (status == EFI_BAD_BUFFER_SIZE)
			say("Tandem: %s: expected at most %u bytes", names[i],
			    BOOT_FILE_MAX);
		else if (status != EFI_NOT_FOUND)
			say("Tandem: %s cannot be read", names[i]);
		return;
	}
	found[i].address = (uintptr_t)file[i];
	found[i].size = (uint32_t)file_size[i];
	found[i].source = BOOT_FROM_FILE;
}

void identity_read(EFI_HANDLE self, EFI_SYSTEM_TABLE *st, bool files)
{
	for (unsigned int i = 0; i < BOOT_FILES; i++) {
		take_section(i);
		if (files)
			take_file(self, st->BootServices, i);
	}
	seed_kind = seed_read(st, seed);
}

void identity_hand_over(struct boot_info *info)
{
	memcpy(info->file, found, sizeof(found));
	memcpy(info->seed, seed, sizeof(seed));
	info->seed_kind = seed_kind;
	identity_wipe(seed, sizeof(seed));
}

void identity_wipe_seed(struct boot_info *info)
{
	identity_wipe(info->seed, sizeof(info->seed));
}

void identity_free(EFI_BOOT_SERVICES *bs)
{
	identity_wipe(seed, sizeof(seed));
	identity_wipe(identity_section, BOOT_FILES * sizeof(identity_section[0]));
	for (unsigned int i = 0; i < BOOT_FILES; i++) {
		if (!file[i])
			continue;
		identity_wipe(file[i], file_size[i]);
		bs->FreePool(file[i]);
		file[i] = NULL;
	}
}
