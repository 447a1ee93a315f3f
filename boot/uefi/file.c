/* SPDX-License-Identifier: MIT */
/*
 * A file beside the loader, wherever that came from. The firmware's
 * loaded-image protocol (UEFI 2.10, 9.1) names the device.
 */
#include "file.h"
#include "console.h"
#include "identity.h"
#include "source.h"

EFI_STATUS source_allocate(EFI_BOOT_SERVICES *bs, struct wanted_file *file)
{
	EFI_STATUS status;

	if (file->size == 0 || file->size > file->most)
		return refuse(EFI_BAD_BUFFER_SIZE, "%s has an impossible size",
			      file->name);
	status = bs->AllocatePool(EfiLoaderData, file->size, &file->data);
	if (EFI_ERROR(status))
		return refuse(status, "no memory to read %s", file->name);
	return EFI_SUCCESS;
}

void source_free(EFI_BOOT_SERVICES *bs, struct wanted_file *file)
{
	identity_wipe(file->data, file->size);
	bs->FreePool(file->data);
	file->data = NULL;
}

EFI_STATUS source_unreadable(const struct wanted_file *file, EFI_STATUS status)
{
	return refuse(status, "%s cannot be read (EFI error %u)", file->name,
		      (unsigned int)(status & 0xff));
}

EFI_STATUS file_read_beside(EFI_HANDLE image, EFI_BOOT_SERVICES *bs,
			    const char *name, size_t most, void **data,
			    size_t *size)
{
	static source_read *const sources[] = { disk_read, http_read,
						tftp_read };
	static EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL;
	struct wanted_file file = { .name = name, .most = most };
	EFI_LOADED_IMAGE *loaded;
	EFI_STATUS status;

	status = bs->HandleProtocol(image, &image_guid, (void **)&loaded);
	if (EFI_ERROR(status) || !loaded->DeviceHandle)
		goto err_place;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		status = sources[i](bs, loaded, &file);
		if (status == EFI_UNSUPPORTED)
			continue;
		*size = file.size;
		if (!EFI_ERROR(status))
			*data = file.data;
		return status;
	}
err_place:
	return refuse(EFI_UNSUPPORTED,
		      "the loader came from neither a disk nor a server that can be asked for %s",
		      name);
}
