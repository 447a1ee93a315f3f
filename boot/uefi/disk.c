/* SPDX-License-Identifier: MIT */
/*
 * Finds the folder on a disk that the loader was started from and reads a file
 * there. The loaded image has its own path on the volume as file path nodes
 * (UEFI 2.10, 10.3.5.4), whoever started it: boot manager, shell or another
 * loader. iPXE, too, shows what it downloaded as such a volume.
 */
#include "source.h"
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
static EFI_STATUS read_all(EFI_FILE_HANDLE handle, EFI_BOOT_SERVICES *bs,
			   struct wanted_file *file)
{
	EFI_STATUS status;
	UINT64 length = 0;
	UINTN done = 0;

	status = handle->SetPosition(handle, END_OF_FILE);
	if (!EFI_ERROR(status))
		status = handle->GetPosition(handle, &length);
	if (!EFI_ERROR(status))
		status = handle->SetPosition(handle, 0);
	if (EFI_ERROR(status))
		return source_unreadable(file, status);
	file->size = length;
	status = source_allocate(bs, file);
	if (EFI_ERROR(status))
		return status;
	while (done < length) {
		UINTN part = length - done;

		status = handle->Read(handle, &part,
				      (char *)file->data + done);
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
	source_free(bs, file);
	return source_unreadable(file, status);
}

EFI_STATUS disk_read(EFI_BOOT_SERVICES *bs, const EFI_LOADED_IMAGE *image,
		     struct wanted_file *file)
{
	static EFI_GUID volume_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *volume;
	EFI_FILE_HANDLE root, handle;
	static struct path path;
	EFI_STATUS status;

	if (EFI_ERROR(bs->HandleProtocol(image->DeviceHandle, &volume_guid,
					 (void **)&volume)) ||
	    !read_path(image->FilePath, &path))
		return EFI_UNSUPPORTED;
	if (!replace_name(&path, file->name))
		return refuse(EFI_INVALID_PARAMETER,
			      "the loader's path is too long");

	status = volume->OpenVolume(volume, &root);
	if (EFI_ERROR(status))
		return refuse(EFI_DEVICE_ERROR,
			      "the loader's disk cannot be read");
	status = root->Open(root, &handle, path.text, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	if (EFI_ERROR(status))
		return refuse(EFI_NOT_FOUND, "%s is not beside the loader",
			      file->name);
	status = read_all(handle, bs, file);
	handle->Close(handle);
	return status;
}
