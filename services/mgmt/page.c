/* SPDX-License-Identifier: MIT */
/*
 * What never changes: the page and the API's description (OpenAPI 3.0), from the
 * program itself, compressed. Browsers keep them and ask by the hash of the
 * content whether they still hold.
 */
#include "http.h"
#include "password.h"

#include <mbedtls/sha256.h>
#include <string.h>

#define ETAG_BYTES	8u
#define FILES_MAX	16u

struct page_file {
	const char *path, *type;
	const uint8_t *start, *end;
};

/* page_files.S */
extern const struct page_file page_files[], page_files_end[];

static const char *etag(const struct page_file *f)
{
	static char etags[FILES_MAX][2 * ETAG_BYTES + 1];
	size_t i = (size_t)(f - page_files);
	uint8_t hash[32];

	if (i >= FILES_MAX)
		return NULL;
	if (!etags[i][0] &&
	    !mbedtls_sha256_ret(f->start, (size_t)(f->end - f->start), hash, 0))
		to_hex(hash, ETAG_BYTES, etags[i]);
	return etags[i][0] ? etags[i] : NULL;
}

static void send_file(const struct mgmt_request *r, struct mgmt_answer *a)
{
	const struct page_file *f = page_files;

	while (f < page_files_end && strcmp(f->path, r->path))
		f++;
	if (f == page_files_end) {
		mgmt_answer_error(a, 404, "there is no such file");
		return;
	}
	mgmt_answer_begin(a, 200, f->type);
	mgmt_answer_static(a, f->start, (size_t)(f->end - f->start), true,
			   etag(f));
}

static const struct mgmt_route page_route = {
	.path = "/", .methods = MGMT_METHODS(MGMT_GET), .role = MGMT_OPEN,
	.handle = send_file,
};
MGMT_ROUTE(page_route);

static const struct mgmt_route file_route = {
	.path = "/page/" "*", .methods = MGMT_METHODS(MGMT_GET), .role = MGMT_OPEN,
	.handle = send_file,
};
MGMT_ROUTE(file_route);

static const struct mgmt_route openapi_route = {
	.path = "/api/v1/openapi.json", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_OPEN, .handle = send_file,
};
MGMT_ROUTE(openapi_route);
