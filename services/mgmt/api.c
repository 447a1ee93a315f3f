/* SPDX-License-Identifier: MIT */
/* What the API's routes have in common; see api.h. */
#include "api.h"

#include <domain/syscall.h>
#include <stdio.h>
#include <string.h>

uint8_t api_room[API_ROOM] __attribute__((aligned(16)));

/* json.h writes to nobody in particular */
static struct mgmt_answer *json_answer;
static size_t json_length;

static void json_out(const char *text, size_t len)
{
	json_length += len;
	mgmt_answer_write(json_answer, text, len);
}

void api_begin(struct mgmt_answer *a, int status)
{
	mgmt_answer_begin(a, status, "application/json");
}

void api_object(struct json *j, struct mgmt_answer *a)
{
	json_answer = a;
	json_length = 0;
	*j = (struct json){ .out = json_out };
	json_open(j, NULL, '{');
}

void api_answer(struct json *j, struct mgmt_answer *a)
{
	api_begin(a, 200);
	api_object(j, a);
}

size_t api_written(void)
{
	return json_length;
}

void api_error_with(struct mgmt_answer *a, int status, const char *text,
		    const char *header, const char *value)
{
	struct json j;

	api_begin(a, status);
	if (status == 401)
		mgmt_answer_header(a, "WWW-Authenticate", "Bearer");
	if (header)
		mgmt_answer_header(a, header, value);
	api_object(&j, a);
	json_text(&j, "error", text);
	json_close(&j);
}

void api_error(struct mgmt_answer *a, int status, const char *text)
{
	api_error_with(a, status, text, NULL, NULL);
}

void api_no_answer(struct mgmt_answer *a, const char *handler, int error)
{
	char text[64];

	snprintf(text, sizeof(text), "%s does not answer: %d", handler, error);
	api_error(a, 503, text);
}

void api_counter(struct json *j, const char *name, uint64_t value)
{
	json_open(j, NULL, '{');
	json_text(j, "name", name);
	json_number(j, "value", value);
	json_close(j);
}

void api_mac(struct json *j, const char *name, const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
	json_text(j, name, text);
}

void api_ip4(struct json *j, const char *name, uint32_t address)
{
	const uint8_t *b = (const uint8_t *)&address;
	char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	json_text(j, name, text);
}

/* ---- requests ---- */

static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t n = sizeof(json) - 1;

	return !strncmp(type, json, n) &&
	       (!type[n] || type[n] == ';' || type[n] == ' ');
}

bool api_body(const struct mgmt_request *r, struct mgmt_answer *a,
	      struct input *in, size_t n, size_t n_needed)
{
	char error[INPUT_ERROR_MAX];

	/* a form of another page's cannot have this type */
	if (!is_json(r->content_type)) {
		api_error(a, 415, "expected Content-Type: application/json");
		return false;
	}
	if (input_json((const char *)r->body, r->body_len, in, n, error)) {
		api_error(a, 400, error);
		return false;
	}
	for (size_t i = 0; i < n_needed; i++) {
		if (in[i].found)
			continue;
		snprintf(error, sizeof(error), "%s is missing", in[i].name);
		api_error(a, 400, error);
		return false;
	}
	return true;
}

bool api_query(const struct mgmt_request *r, struct mgmt_answer *a,
	       struct input *in, size_t n)
{
	char error[INPUT_ERROR_MAX];

	if (!input_query(r->query, in, n, error))
		return true;
	api_error(a, 400, error);
	return false;
}

/* ---- questions ---- */

int api_ask(const char *handler, int value, void *to, size_t size)
{
	struct msg_buf buf = {
		.base = to, .len = (uint32_t)size, .writable = 1,
	};
	int desc = msgopen(handler);
	int result;

	if (desc < 0)
		return desc;
	result = msgsendbuf(desc, value, &buf, 1);
	msgclose(desc);
	return result;
}
