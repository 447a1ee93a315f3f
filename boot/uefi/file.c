/* SPDX-License-Identifier: MIT */
/*
 * Finds the folder that the loader was started from and reads a file there.
 * The firmware's loaded-image protocol (UEFI 2.10, 9.1) names the volume, and
 * the loader's own path on it as file path nodes (10.3.5.4), whoever started
 * it: boot manager, shell or another loader.
 */
#include "file.h"
#include "console.h"

#include <stdbool.h>
#include <string.h>

#define PATH_CHARS	260
#define END_OF_FILE	(~0ull)	/* for SetPosition */

struct path {
	CHAR16 text[PATH_CHARS];
	size_t length;		/* characters, without the final 0 */
};

static bool append(struct path *path, CHAR16 c)
{
	if (path->length >= PATH_CHARS - 1)
		return false;
	path->text[path->length++] = c == '/' ? '\\' : c;
	path->text[path->length] = 0;
	return true;
}

/* Joins the file path nodes of a device path; false if they are unusable. */
static bool read_path(const EFI_DEVICE_PATH *node, struct path *path)
{
	path->length = 0;
	path->text[0] = 0;
	while (node && node->Type != END_DEVICE_PATH_TYPE) {
		size_t bytes = node->Length[0] | node->Length[1] << 8;
		const char *name = (const char *)(node + 1);

		if (node->Type != MEDIA_DEVICE_PATH ||
		    node->SubType != MEDIA_FILEPATH_DP ||
		    bytes < sizeof(*node))
			return false;
		if (path->length > 0 &&
		    path->text[path->length - 1] != '\\' &&
		    !append(path, '\\'))
			return false;
		for (size_t i = 0; i + 2 <= bytes - sizeof(*node); i += 2) {
			CHAR16 c;

			memcpy(&c, name + i, sizeof(c));
			if (c == 0)
				break;
			if (!append(path, c))
				return false;
		}
		node = (const EFI_DEVICE_PATH *)((const char *)node + bytes);
	}
	return path->length > 0;
}

/* Replaces the last name of a path. */
static bool replace_name(struct path *path, const char *name)
{
	while (path->length > 0 && path->text[path->length - 1] != '\\')
		path->length--;
	path->text[path->length] = 0;
	for (; *name; name++)
		if (!append(path, *name))
			return false;
	return true;
}

/* Reads all of an open file. */
static EFI_STATUS read_all(EFI_FILE_HANDLE file, EFI_BOOT_SERVICES *bs,
			   const char *name, size_t most, void **data,
			   size_t *size)
{
	EFI_STATUS status;
	UINT64 length = 0;
	UINTN done = 0;

	status = file->SetPosition(file, END_OF_FILE);
	if (!EFI_ERROR(status))
		status = file->GetPosition(file, &length);
	if (!EFI_ERROR(status))
		status = file->SetPosition(file, 0);
	if (EFI_ERROR(status))
		goto err_read;
	*size = length;
	if (length == 0 || length > most)
		return refuse(EFI_BAD_BUFFER_SIZE, "%s has an impossible size",
			      name);

	status = bs->AllocatePool(EfiLoaderData, length, data);
	if (EFI_ERROR(status))
		return refuse(status, "no memory to read %s", name);
	while (done < length) {
		UINTN part = length - done;

		status = file->Read(file, &part, (char *)*data + done);
		if (EFI_ERROR(status))
			goto err_free;
		if (part == 0 || part > length - done) {
			status = EFI_DEVICE_ERROR;
			goto err_free;
		}
		done += part;
	}
	return EFI_SUCCESS;

err_free:
	bs->FreePool(*data);
err_read:
	return refuse(status, "%s cannot be read (EFI error %u)", name,
		      (unsigned int)(status & 0xff));
}

EFI_STATUS file_read_beside(EFI_HANDLE image, EFI_BOOT_SERVICES *bs,
			    const char *name, size_t most, void **data,
			    size_t *size)
{
	static EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL;
	static EFI_GUID volume_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_LOADED_IMAGE *loaded;
	EFI_FILE_IO_INTERFACE *volume;
	EFI_FILE_HANDLE root, file;
	static struct path path;
	EFI_STATUS status;

	status = bs->HandleProtocol(image, &image_guid, (void **)&loaded);
	if (EFI_ERROR(status) || !loaded->DeviceHandle ||
	    EFI_ERROR(bs->HandleProtocol(loaded->DeviceHandle, &volume_guid,
					 (void **)&volume)) ||
	    !read_path(loaded->FilePath, &path))
		return refuse(EFI_UNSUPPORTED,
			      "the loader was not started from a disk");
	if (!replace_name(&path, name))
		return refuse(EFI_UNSUPPORTED, "the loader's path is too long");

	status = volume->OpenVolume(volume, &root);
	if (EFI_ERROR(status))
		return refuse(status, "the loader's disk cannot be read");
	status = root->Open(root, &file, path.text, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	if (EFI_ERROR(status))
		return refuse(status, "%s is not beside the loader", name);
	status = read_all(file, bs, name, most, data, size);
	file->Close(file);
	return status;
}
