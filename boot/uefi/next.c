/* SPDX-License-Identifier: MIT */
/*
 * Starts a program as the boot manager does: by the device path of a disk's
 * file system and a file, or of a firmware volume and a file in it (UEFI 2.10,
 * 3.1.2, 7.4, 10.3.5; PI 1.7, volume 3). Secure Boot judges it as it does any.
 */
#include "next.h"
#include "console.h"

#include <stdbool.h>
#include <string.h>

#define NODE_MAX	512	/* bytes of the node that names the file */
#define PATH_MAX	2048	/* bytes of the whole path */
#define WATCHDOG_S	300	/* as for what the boot manager starts */
#define TANDEM_WATCHDOG	0x10000	/* codes below are the firmware's */
#define FV_FILE_DP	6	/* a file in a firmware volume */

static EFI_GUID volume_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
static EFI_GUID firmware_volume_guid = { 0x220e73b6, 0x6bdb, 0x4413,
	{ 0x84, 0x05, 0xb9, 0x74, 0xb1, 0x08, 0x61, 0x9a } };
/* UEFI Shell 2.2, gUefiShellFileGuid */
static const EFI_GUID shell_file = { 0x7c04a583, 0x9e3e, 0x4f1c,
	{ 0xad, 0x65, 0xe0, 0x52, 0x68, 0xd0, 0xb4, 0xd1 } };

union node {
	EFI_DEVICE_PATH head;
	char bytes[NODE_MAX];
};

static size_t size_of(const EFI_DEVICE_PATH *node)
{
	return node->Length[0] | (size_t)node->Length[1] << 8;
}

static void set_head(union node *node, UINT8 subtype, size_t size)
{
	node->head = (EFI_DEVICE_PATH){
		.Type = MEDIA_DEVICE_PATH, .SubType = subtype,
		.Length = { (UINT8)size, (UINT8)(size >> 8) },
	};
}

static void file_node(const char *path, union node *node)
{
	CHAR16 wide[NODE_MAX / 2 - 4];
	size_t n = strlen(path) + 1;

	for (size_t i = 0; i < n; i++)
		wide[i] = path[i] == '/' ? '\\' : (UINT8)path[i];
	set_head(node, MEDIA_FILEPATH_DP, sizeof(node->head) + 2 * n);
	memcpy(node->bytes + sizeof(node->head), wide, 2 * n);
}

static bool has_file(EFI_BOOT_SERVICES *bs, EFI_HANDLE disk,
		     const union node *name)
{
	CHAR16 path[NODE_MAX / 2];
	EFI_FILE_IO_INTERFACE *volume;
	EFI_FILE_HANDLE root, file;
	EFI_STATUS status;

	memcpy(path, name->bytes + sizeof(name->head),
	       size_of(&name->head) - sizeof(name->head));
	if (EFI_ERROR(bs->HandleProtocol(disk, &volume_guid,
					 (void **)&volume)) ||
	    EFI_ERROR(volume->OpenVolume(volume, &root)))
		return false;
	status = root->Open(root, &file, path, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	if (EFI_ERROR(status))
		return false;
	file->Close(file);
	return true;
}

/* Puts device's path, the node and an end node into path[PATH_MAX]. */
static bool join(EFI_BOOT_SERVICES *bs, EFI_HANDLE device,
		 const union node *node, char *path)
{
	static EFI_GUID path_guid = DEVICE_PATH_PROTOCOL;
	const EFI_DEVICE_PATH end = {
		.Type = END_DEVICE_PATH_TYPE,
		.SubType = END_ENTIRE_DEVICE_PATH_SUBTYPE,
		.Length = { sizeof(end), 0 },
	};
	const EFI_DEVICE_PATH *at;
	size_t n = 0, more = size_of(&node->head);

	if (EFI_ERROR(bs->HandleProtocol(device, &path_guid, (void **)&at)))
		return false;
	while (at->Type != END_DEVICE_PATH_TYPE) {
		size_t size = size_of(at);

		if (size < sizeof(*at) ||
		    size > PATH_MAX - sizeof(end) - more - n)
			return false;
		memcpy(path + n, at, size);
		n += size;
		at = (const EFI_DEVICE_PATH *)((const char *)at + size);
	}
	memcpy(path + n, node, more);
	memcpy(path + n + more, &end, sizeof(end));
	return true;
}

/* EFI_NOT_FOUND if it is not there; otherwise what became of it is said. */
static EFI_STATUS start(EFI_HANDLE image, EFI_BOOT_SERVICES *bs,
			EFI_HANDLE device, const union node *node,
			const char *name)
{
	static char path[PATH_MAX];
	EFI_HANDLE program = NULL;
	EFI_STATUS status;

	if (!join(bs, device, node, path))
		return EFI_NOT_FOUND;
	status = bs->LoadImage(FALSE, image, (EFI_DEVICE_PATH *)path, NULL, 0,
			       &program);
	if (status == EFI_NOT_FOUND)
		return status;
	if (EFI_ERROR(status)) {
		say("Tandem: %s is not started: %s", name,
		    status == EFI_SECURITY_VIOLATION ||
		    status == EFI_ACCESS_DENIED ?
		    "Secure Boot does not know its signature" :
		    "the firmware cannot load it");
		if (program)
			bs->UnloadImage(program);
		return EFI_ABORTED;
	}
	bs->SetWatchdogTimer(WATCHDOG_S, TANDEM_WATCHDOG, 0, NULL);
	status = bs->StartImage(program, NULL, NULL);
	say("Tandem: %s ended (EFI error %u)", name,
	    (unsigned int)(status & 0xff));
	return EFI_ABORTED;
}

/* Tries all devices that have the protocol. */
static EFI_STATUS search(EFI_HANDLE image, EFI_BOOT_SERVICES *bs,
			 EFI_GUID *protocol, const union node *node,
			 const char *name)
{
	EFI_STATUS status = EFI_NOT_FOUND;
	EFI_HANDLE *devices;
	UINTN n;

	if (EFI_ERROR(bs->LocateHandleBuffer(ByProtocol, protocol, NULL, &n,
					     &devices)))
		return EFI_NOT_FOUND;
	for (UINTN i = 0; i < n && status == EFI_NOT_FOUND; i++)
		if (protocol != &volume_guid ||
		    has_file(bs, devices[i], node))
			status = start(image, bs, devices[i], node, name);
	bs->FreePool(devices);
	return status;
}

void next_program(EFI_HANDLE image, EFI_BOOT_SERVICES *bs, const char *path)
{
	static EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL;
	static union node node;
	EFI_LOADED_IMAGE *loaded;
	EFI_STATUS status = EFI_NOT_FOUND;

	file_node(path, &node);
	if (!EFI_ERROR(bs->HandleProtocol(image, &image_guid,
					  (void **)&loaded)) &&
	    loaded->DeviceHandle && has_file(bs, loaded->DeviceHandle, &node))
		status = start(image, bs, loaded->DeviceHandle, &node, path);
	if (status == EFI_NOT_FOUND)
		status = search(image, bs, &volume_guid, &node, path);
	if (status == EFI_NOT_FOUND)
		say("Tandem: %s is on no disk", path);
}

void next_shell(EFI_HANDLE image, EFI_BOOT_SERVICES *bs)
{
	static const char place[] = "\\shellx64.efi", name[] = "the shell";
	static union node node;

	set_head(&node, FV_FILE_DP, sizeof(node.head) + sizeof(shell_file));
	memcpy(node.bytes + sizeof(node.head), &shell_file,
	       sizeof(shell_file));
	if (search(image, bs, &firmware_volume_guid, &node, name) !=
	    EFI_NOT_FOUND)
		return;
	file_node(place, &node);
	if (search(image, bs, &volume_guid, &node, name) == EFI_NOT_FOUND)
		say("Tandem: the firmware has no shell, and no disk has %s",
		    place);
}
