/* SPDX-License-Identifier: MIT */
/* Between file.c and what reads files from one kind of place each. */
#ifndef BOOT_UEFI_SOURCE_H
#define BOOT_UEFI_SOURCE_H

#include <efi.h>
#include <stddef.h>

struct wanted_file {
	const char *name;	/* no folder */
	size_t most;		/* bytes */
	void *data;		/* pool memory; with EFI_SUCCESS only */
	size_t size;		/* bytes */
};

/*
 * Reads a file from the folder that the image came from. EFI_UNSUPPORTED if
 * the image came from elsewhere; every other error is kept by refuse(), as
 * file_read_beside() says.
 */
typedef EFI_STATUS source_read(EFI_BOOT_SERVICES *bs,
			       const EFI_LOADED_IMAGE *image,
			       struct wanted_file *file);
source_read disk_read, http_read, tftp_read;

/* Pool memory for file->size bytes, if that is a possible size. */
EFI_STATUS source_allocate(EFI_BOOT_SERVICES *bs, struct wanted_file *file);

/* Wipes and frees what was allocated for a file that could not be read whole. */
void source_free(EFI_BOOT_SERVICES *bs, struct wanted_file *file);

/* Keeps why the file cannot be read, and returns status. */
EFI_STATUS source_unreadable(const struct wanted_file *file,
			     EFI_STATUS status);

#endif
