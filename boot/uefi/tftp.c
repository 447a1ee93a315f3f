/* SPDX-License-Identifier: MIT */
/*
 * Reads a file from the TFTP server that firmware's PXE took the loader from
 * (PXE Base Code Protocol, UEFI 2.10, 24.3). Server and folder are in the
 * answer that named the boot file: of a boot server, of a proxy or of the DHCP
 * server itself (RFC 2131, 2; RFC 2132, 9.5 and 9.7).
 */
#include "console.h"
#include "source.h"

#include <stdbool.h>
#include <string.h>

#include <efipxebc.h>

#define OPTION_PAD		0
#define OPTION_SERVER		54
#define OPTION_BOOT_FILE	67
#define OPTION_END		255
#define NAME_MAX_BYTES		300	/* a boot file's, and one of ours */
#define TFTP_NOT_FOUND		1	/* RFC 1350, error code; edk2 keeps the
					 * high byte of it, which is 0 */

struct origin {
	EFI_IP_ADDRESS server;
	char name[NAME_MAX_BYTES];	/* of the boot file */
};

/* An option's value and size in bytes, or NULL. */
static const uint8_t *find_option(const EFI_PXE_BASE_CODE_PACKET *packet,
				  uint8_t code, size_t *size)
{
	const uint8_t *at = packet->Dhcpv4.DhcpOptions;
	const uint8_t *end = packet->Raw + sizeof(packet->Raw);

	while (at < end && *at != OPTION_END) {
		if (*at == OPTION_PAD) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] > end - at - 2)
			break;
		if (*at == code) {
			*size = at[1];
			return at + 2;
		}
		at += 2 + at[1];
	}
	return NULL;
}

/* False if the packet names no boot file or no server. */
static bool read_packet(const EFI_PXE_BASE_CODE_PACKET *packet,
			struct origin *origin)
{
	const EFI_PXE_BASE_CODE_DHCPV4_PACKET *bootp = &packet->Dhcpv4;
	static const uint8_t none[4];
	const uint8_t *name = bootp->BootpBootFile;
	const uint8_t *server = bootp->BootpSiAddr;
	size_t n = strnlen((const char *)name, sizeof(bootp->BootpBootFile));
	size_t size;

	if (n == 0)
		name = find_option(packet, OPTION_BOOT_FILE, &n);
	if (!name || n == 0 || n >= sizeof(origin->name))
		return false;
	memset(origin, 0, sizeof(*origin));
	memcpy(origin->name, name, n);
	if (memcmp(server, none, sizeof(none)) == 0) {
		server = find_option(packet, OPTION_SERVER, &size);
		if (!server || size != sizeof(none))
			return false;
	}
	memcpy(&origin->server, server, sizeof(none));
	return true;
}

static bool find_origin(const EFI_PXE_BASE_CODE_MODE *mode,
			struct origin *origin)
{
	return (mode->PxeReplyReceived &&
		read_packet(&mode->PxeReply, origin)) ||
	       (mode->ProxyOfferReceived &&
		read_packet(&mode->ProxyOffer, origin)) ||
	       (mode->DhcpAckReceived && read_packet(&mode->DhcpAck, origin));
}

/* Puts the name in the place of the boot file's, after the last slash. */
static bool replace_name(struct origin *origin, const char *name)
{
	char *last = origin->name;

	for (char *c = origin->name; *c; c++)
		if (*c == '/' || *c == '\\')
			last = c + 1;
	if (strlen(name) >= (size_t)(origin->name + sizeof(origin->name) -
				     last))
		return false;
	strlcpy(last, name,
		(size_t)(origin->name + sizeof(origin->name) - last));
	return true;
}

static EFI_STATUS transfer(EFI_PXE_BASE_CODE_PROTOCOL *pxe,
			   EFI_PXE_BASE_CODE_TFTP_OPCODE what,
			   struct origin *origin, void *data, UINT64 *size)
{
	return pxe->Mtftp(pxe, what, data, FALSE, size, NULL, &origin->server,
			  (UINT8 *)origin->name, NULL, FALSE);
}

EFI_STATUS tftp_read(EFI_BOOT_SERVICES *bs, const EFI_LOADED_IMAGE *image,
		     struct wanted_file *file)
{
	static EFI_GUID pxe_guid = EFI_PXE_BASE_CODE_PROTOCOL_GUID;
	static struct origin origin;
	EFI_PXE_BASE_CODE_PROTOCOL *pxe;
	EFI_STATUS status;
	UINT64 size = 0;

	if (EFI_ERROR(bs->HandleProtocol(image->DeviceHandle, &pxe_guid,
					 (void **)&pxe)) ||
	    !pxe->Mode || !pxe->Mode->Started || pxe->Mode->UsingIpv6 ||
	    !find_origin(pxe->Mode, &origin) ||
	    !replace_name(&origin, file->name))
		return EFI_UNSUPPORTED;
	status = transfer(pxe, EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, &origin,
			  NULL, &size);
	if (status == EFI_TFTP_ERROR && pxe->Mode->TftpErrorReceived &&
	    pxe->Mode->TftpError.ErrorCode <= TFTP_NOT_FOUND)
		return refuse(EFI_NOT_FOUND,
			      "%s is not beside the loader on its server",
			      file->name);
	if (EFI_ERROR(status))
		return source_unreadable(file, status);
	file->size = size;
	status = source_allocate(bs, file);
	if (EFI_ERROR(status))
		return status;
	status = transfer(pxe, EFI_PXE_BASE_CODE_TFTP_READ_FILE, &origin,
			  file->data, &size);
	if (!EFI_ERROR(status) && size != file->size)
		status = EFI_END_OF_FILE;
	if (EFI_ERROR(status)) {
		source_free(bs, file);
		return source_unreadable(file, status);
	}
	return EFI_SUCCESS;
}
