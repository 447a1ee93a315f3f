/* SPDX-License-Identifier: MIT */
/*
 * Reads a file from the HTTP server that firmware's HTTP boot took the loader
 * from (UEFI 2.10, 24.7 and 29.6). The device path that the loader came by has
 * its URI (10.3.4.22).
 */
#include "console.h"
#include "efi_http.h"
#include "source.h"

#include <stdbool.h>
#include <string.h>

#define URL_MAX		512	/* bytes, with the end */
#define TIMEOUT_MS	10000	/* without a byte from the server */
#define POLL_US		100
#define ADDRESS_TRIES	100	/* for the firmware to get an address */
#define ADDRESS_US	100000	/* between them */

struct session {
	EFI_BOOT_SERVICES *bs;
	EFI_SERVICE_BINDING *binding;
	EFI_HANDLE child;
	struct http_protocol *http;
	EFI_EVENT event;
};

/* ---- where the loader came from ------------------------------------------ */

/* Takes over the URI in a device path, if there is one. */
static void read_uri(const EFI_DEVICE_PATH *node, char url[URL_MAX])
{
	while (node && node->Type != END_DEVICE_PATH_TYPE) {
		size_t n = node->Length[0] | node->Length[1] << 8;
		const char *content = (const char *)(node + 1);

		if (n < sizeof(*node))
			return;
		if (node->Type == MESSAGING_DEVICE_PATH &&
		    node->SubType == MSG_URI_DP && n > sizeof(*node) &&
		    n - sizeof(*node) < URL_MAX) {
			memset(url, 0, URL_MAX);
			memcpy(url, content, n - sizeof(*node));
		}
		node = (const EFI_DEVICE_PATH *)((const char *)node + n);
	}
}

static bool starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The first of the characters in stops, or the end of text. */
static char *first_of(char *text, const char *stops)
{
	while (*text && !strchr(stops, *text))
		text++;
	return text;
}

/* The host and port of a URL, and what is behind them; NULL if it is none. */
static char *authority(char *url, char **path)
{
	char *host = NULL;

	if (starts_with(url, "http://"))
		host = url + strlen("http://");
	else if (starts_with(url, "https://"))
		host = url + strlen("https://");
	if (!host)
		return NULL;
	*path = first_of(host, "/?#");
	return host;
}

/* Puts the name in the place of the last one of the URL's path. */
static bool replace_name(char url[URL_MAX], const char *name)
{
	char *path, *end = url + URL_MAX;

	if (!authority(url, &path))
		return false;
	*first_of(path, "?#") = 0;
	for (char *c = path; *c; c++)
		if (*c == '/')
			path = c;
	if (strlen(name) + 2 > (size_t)(end - path))
		return false;
	*path++ = '/';
	strlcpy(path, name, (size_t)(end - path));
	return true;
}

/* ---- HTTP ---------------------------------------------------------------- */

static void close_session(struct session *s)
{
	if (s->event)
		s->bs->CloseEvent(s->event);
	s->binding->DestroyChild(s->binding, s->child);
}

/* device: the path of the handle that the loader was read through. */
static EFI_STATUS open_session(EFI_BOOT_SERVICES *bs, EFI_DEVICE_PATH *device,
			       struct session *s)
{
	static EFI_GUID binding_guid = HTTP_SERVICE_BINDING_GUID;
	static EFI_GUID http_guid = HTTP_PROTOCOL_GUID;
	struct http_v4_access access = { .use_default = TRUE };
	struct http_config config = {
		.version = HTTP_VERSION_11, .timeout_ms = TIMEOUT_MS,
		.access = &access,
	};
	EFI_HANDLE card;
	EFI_STATUS status;

	memset(s, 0, sizeof(*s));
	s->bs = bs;
	status = bs->LocateDevicePath(&binding_guid, &device, &card);
	if (!EFI_ERROR(status))
		status = bs->HandleProtocol(card, &binding_guid,
					    (void **)&s->binding);
	if (!EFI_ERROR(status))
		status = s->binding->CreateChild(s->binding, &s->child);
	if (EFI_ERROR(status))
		return status;
	status = bs->HandleProtocol(s->child, &http_guid, (void **)&s->http);
	if (!EFI_ERROR(status))
		status = s->http->configure(s->http, &config);
	if (!EFI_ERROR(status))
		status = bs->CreateEvent(0, 0, NULL, NULL, &s->event);
	if (EFI_ERROR(status))
		close_session(s);
	return status;
}

/* Starts a request or the wait for a response, and waits for its end. */
static EFI_STATUS finish(struct session *s,
			 EFI_STATUS (EFIAPI *begin)(struct http_protocol *this,
						    struct http_token *token),
			 struct http_message *message)
{
	struct http_token token = { .event = s->event, .message = message };
	EFI_STATUS status = begin(s->http, &token);

	if (EFI_ERROR(status))
		return status;
	for (unsigned int waited = 0; waited < TIMEOUT_MS * 1000 / POLL_US;
	     waited++) {
		s->http->poll(s->http);
		if (!EFI_ERROR(s->bs->CheckEvent(s->event)))
			return token.status;
		s->bs->Stall(POLL_US);
	}
	s->http->cancel(s->http, &token);
	s->bs->CheckEvent(s->event);
	return EFI_TIMEOUT;
}

static EFI_STATUS send_request(struct session *s, char url[URL_MAX])
{
	static CHAR16 wide[URL_MAX];
	static char host[URL_MAX];
	char *path = NULL, *from = authority(url, &path);
	struct http_header headers[] = {
		{ (CHAR8 *)"Host", (CHAR8 *)host },
		{ (CHAR8 *)"User-Agent", (CHAR8 *)"Tandem" },
		{ (CHAR8 *)"Accept", (CHAR8 *)"*/*" },
	};
	struct http_request request = { HTTP_METHOD_GET, wide };
	struct http_message message = {
		.request = &request,
		.n_headers = sizeof(headers) / sizeof(headers[0]),
		.headers = headers,
	};

	strlcpy(host, from, (size_t)(path - from) + 1);
	for (size_t i = 0; i < URL_MAX; i++)
		wide[i] = (UINT8)url[i];
	return finish(s, s->http->request, &message);
}

static bool same_word(const char *a, const char *b)
{
	while (*a && (*a | 0x20) == (*b | 0x20)) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The size that the server announces; 0 if it does not. */
static size_t content_length(const struct http_message *message)
{
	size_t size = 0;

	for (UINTN i = 0; i < message->n_headers; i++) {
		const char *c = (const char *)message->headers[i].value;

		if (!same_word((const char *)message->headers[i].name,
			       "content-length"))
			continue;
		for (size = 0; *c >= '0' && *c <= '9' && size < 1u << 30; c++)
			size = size * 10 + (size_t)(*c - '0');
	}
	return size;
}

static EFI_STATUS receive(struct session *s, struct wanted_file *file)
{
	struct http_response response = { 0 };
	struct http_message message = { .response = &response };
	EFI_STATUS status = finish(s, s->http->response, &message);
	size_t done = 0;

	file->size = EFI_ERROR(status) ? 0 : content_length(&message);
	if (message.headers)
		s->bs->FreePool(message.headers);
	if (response.status == HTTP_STATUS_404)
		return refuse(EFI_NOT_FOUND,
			      "%s is not beside the loader on its server",
			      file->name);
	if (!EFI_ERROR(status) && response.status != HTTP_STATUS_200)
		status = EFI_PROTOCOL_ERROR;
	if (EFI_ERROR(status))
		return source_unreadable(file, status);
	status = source_allocate(s->bs, file);
	if (EFI_ERROR(status))
		return status;
	while (done < file->size) {
		message = (struct http_message){
			.body_size = file->size - done,
			.body = (char *)file->data + done,
		};
		status = finish(s, s->http->response, &message);
		if (!EFI_ERROR(status) &&
		    (message.body_size == 0 ||
		     message.body_size > file->size - done))
			status = EFI_END_OF_FILE;
		if (EFI_ERROR(status)) {
			source_free(s->bs, file);
			return source_unreadable(file, status);
		}
		done += message.body_size;
	}
	return EFI_SUCCESS;
}

/* One try; EFI_NO_MAPPING if the machine has no address yet. */
static EFI_STATUS get(EFI_BOOT_SERVICES *bs, EFI_DEVICE_PATH *device,
		      char url[URL_MAX], struct wanted_file *file)
{
	struct session session;
	EFI_STATUS status = open_session(bs, device, &session);

	if (EFI_ERROR(status))
		return source_unreadable(file, status);
	status = send_request(&session, url);
	if (EFI_ERROR(status))
		source_unreadable(file, status);
	else
		status = receive(&session, file);
	close_session(&session);
	return status;
}

EFI_STATUS http_read(EFI_BOOT_SERVICES *bs, const EFI_LOADED_IMAGE *image,
		     struct wanted_file *file)
{
	static EFI_GUID path_guid = DEVICE_PATH_PROTOCOL;
	static char url[URL_MAX];
	EFI_DEVICE_PATH *device;
	EFI_STATUS status;

	memset(url, 0, sizeof(url));
	if (EFI_ERROR(bs->HandleProtocol(image->DeviceHandle, &path_guid,
					 (void **)&device)))
		return EFI_UNSUPPORTED;
	read_uri(device, url);
	read_uri(image->FilePath, url);
	if (!replace_name(url, file->name))
		return EFI_UNSUPPORTED;
	status = get(bs, device, url, file);
	/* HTTP boot took its own address with it; the firmware asks again */
	for (int i = 0; status == EFI_NO_MAPPING && i < ADDRESS_TRIES; i++) {
		bs->Stall(ADDRESS_US);
		status = get(bs, device, url, file);
	}
	return status == EFI_UNSUPPORTED ? EFI_PROTOCOL_ERROR : status;
}
