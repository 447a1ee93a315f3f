/* SPDX-License-Identifier: MIT */
/*
 * Answers: has each status that a route uses its name, and does a session's
 * secret stay behind in memory that is given back?
 */
#include "check.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void give_back(void *p);

#define free give_back
#include "../../services/mgmt/answer.c"
#undef free

static const char secret[] = "0123456789abcdef0123456789abcdef";

static unsigned int checks, given_back;

struct mgmt_status mgmt_status;

/* What is freed has none of it. */
static void give_back(void *p)
{
	if (p) {
		CHECK(!memmem(p, malloc_usable_size(p), secret,
			      strlen(secret)));
		given_back++;
	}
	free(p);
}

/* ---- what the code calls ---- */

uint64_t sys_time(void)
{
	return 1;
}

void gate_answered(struct gate *g, bool go_on)
{
	(void)g, (void)go_on;
}

/* What a login answers, with more behind it. */
void dispatch(struct mgmt_request *q, struct mgmt_answer *a, int refused)
{
	(void)q, (void)refused;
	mgmt_answer_begin(a, 201, "application/json");
	mgmt_answer_header(a, "Set-Cookie", secret);
	mgmt_answer_printf(a, "{\"token\":\"%s\"}", secret);
	for (int i = 0; i < 200; i++)
		mgmt_answer_write(a, "0123456789", 10);
}

/* ---- the checks ---- */

static void secrets_are_wiped(void)
{
	static const struct mgmt_reader reader = { .keep_alive = true };
	struct mgmt_answer *a = answer_new(NULL, &reader, 0);
	static char sent[8192];
	char name[16];
	struct fs_file file = { 0 };
	int n = 0;

	snprintf(name, sizeof(name), "/%u", answer_number(a));
	CHECK(fs_open_custom(&file, name));
	CHECK(given_back == 1);		/* the body grew */
	n = fs_read_async_custom(&file, sent, sizeof(sent), NULL, NULL);
	CHECK(n > 2000 && memmem(sent, (size_t)n, secret, strlen(secret)));
	CHECK(strstr(sent, "HTTP/1.1 201 Created\r\n") == sent);
	CHECK(strstr(sent, "\r\nStrict-Transport-Security: max-age="));
	fs_close_custom(&file);
	CHECK(given_back == 3 && !answers);
}

static void each_status_has_its_name(void)
{
	static const int statuses[] = {
		200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408,
		409, 410, 411, 413, 414, 415, 429, 431, 500, 501, 503, 505,
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		CHECK(strcmp(answer_reason(statuses[i]), answer_reason(599)));
	CHECK(!strcmp(answer_reason(410), "Gone"));
	CHECK(!strcmp(answer_reason(501), "Not Implemented"));
}

int main(void)
{
	secrets_are_wiped();
	each_status_has_its_name();
	printf("%u checks\n", checks);
	return 0;
}
