/* SPDX-License-Identifier: MIT */
/* EFI HTTP protocol (UEFI 2.10, 29.6), which gnu-efi does not describe. */
#ifndef BOOT_UEFI_EFI_HTTP_H
#define BOOT_UEFI_EFI_HTTP_H

#include <efi.h>

#define HTTP_SERVICE_BINDING_GUID \
	{ 0xbdc8e6af, 0xd9bc, 0x4379, \
	  { 0xa7, 0x2a, 0xe0, 0xc4, 0xe7, 0x5d, 0xae, 0x1c } }
#define HTTP_PROTOCOL_GUID \
	{ 0x7a59b29b, 0x910b, 0x4171, \
	  { 0x82, 0x42, 0xa8, 0x5a, 0x0d, 0xf2, 0x5b, 0x5b } }

enum { HTTP_VERSION_11 = 1 };
enum { HTTP_METHOD_GET = 0 };
enum { HTTP_STATUS_200 = 3, HTTP_STATUS_404 = 21 };

struct http_v4_access {
	BOOLEAN use_default;
	EFI_IPv4_ADDRESS address, netmask;
	UINT16 port;		/* 0: any */
};

struct http_config {
	UINT32 version;		/* HTTP_VERSION_11 */
	UINT32 timeout_ms;
	BOOLEAN is_ip6;
	struct http_v4_access *access;
};

struct http_request {
	UINT32 method;		/* HTTP_METHOD_GET */
	CHAR16 *url;
};

struct http_response {
	UINT32 status;		/* HTTP_STATUS_200 ... */
};

struct http_header {
	CHAR8 *name, *value;
};

struct http_message {
	union {
		struct http_request *request;
		struct http_response *response;	/* NULL: more of the body */
	};
	UINTN n_headers;
	struct http_header *headers;	/* of a response: pool memory */
	UINTN body_size;		/* of the buffer, then of the data */
	void *body;
};

struct http_token {
	EFI_EVENT event;
	EFI_STATUS status;
	struct http_message *message;
};

struct http_protocol {
	void *get_mode_data;
	EFI_STATUS (EFIAPI *configure)(struct http_protocol *this,
				       struct http_config *config);
	EFI_STATUS (EFIAPI *request)(struct http_protocol *this,
				     struct http_token *token);
	EFI_STATUS (EFIAPI *cancel)(struct http_protocol *this,
				    struct http_token *token);
	EFI_STATUS (EFIAPI *response)(struct http_protocol *this,
				      struct http_token *token);
	EFI_STATUS (EFIAPI *poll)(struct http_protocol *this);
};

#endif
