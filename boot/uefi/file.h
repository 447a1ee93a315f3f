/* SPDX-License-Identifier: MIT */
/* Reads a file that lies beside the loader, on its disk or its server. */
#ifndef BOOT_UEFI_FILE_H
#define BOOT_UEFI_FILE_H

#include <efi.h>
#include <stddef.h>

/*
 * Reads the file of that name (no folder) from the folder of the running
 * image into pool memory that the caller frees. On an error returns its
 * status, with the reason kept by refuse(): EFI_NOT_FOUND if there is no such
 * file (or its disk says no more than that it cannot be opened),
 * EFI_BAD_BUFFER_SIZE with *size set if it is empty or has more than
 * most bytes.
 */
EFI_STATUS file_read_beside(EFI_HANDLE image, EFI_BOOT_SERVICES *bs,
			    const char *name, size_t most, void **data,
			    size_t *size);

#endif
