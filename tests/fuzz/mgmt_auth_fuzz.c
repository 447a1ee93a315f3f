/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: who may use the management service. Lines with the hash of a
 * password, what requests say about their sender, and tries in any order at any
 * time: nobody gets in without a session's secret, and nobody tries more often
 * than allowed.
 */
#include "check.h"
#include "fuzz.h"

#include "api.h"
#include "attempts.h"
#include "auth.h"
#include "password.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <stdarg.h>
#include <strings.h>

#define SECOND	1000000ull

static unsigned int checks;

/* ---- what the code calls ---- */

static uint64_t now = SECOND;
static int refused;			/* status of the last error, 0: none */
static struct mgmt_settings settings;
static uint8_t random_byte;

uint64_t sys_time(void)
{
	return now;
}

void domain_log(int level, const char *fmt, ...)
{
	char line[512];
	va_list args;

	(void)level;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
}

void api_error(struct mgmt_answer *a, int status, const char *text)
{
	(void)a;
	CHECK(text[0]);
	refused = status;
}

const struct mgmt_settings *mgmt_settings(void)
{
	return &settings;
}

void mgmt_random(void *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = random_byte++;
}

/* The input up to the next newline, as a text of exactly that size. */
static char *line_of(struct fuzz_input *in)
{
	const uint8_t *end = memchr(in->at, '\n', in->left);
	size_t n = end ? (size_t)(end - in->at) : in->left;
	char *text = malloc(n + 1);

	memcpy(text, in->at, n);
	text[n] = '\0';
	in->at += n;
	in->left -= n;
	if (end)
		fuzz_byte(in);
	return text;
}

/* ---- hashes of passwords ---- */

/* What is accepted says the same, written anew. */
static void hash(struct fuzz_input *in)
{
	char *text = line_of(in), salt[2 * PASSWORD_SALT_MAX + 1];
	char digits[2 * PASSWORD_HASH + 1], *again;
	struct password_hash h, second;
	struct password_check c;
	size_t n;

	if (password_parse(text, &h)) {
		free(text);
		return;
	}
	CHECK(h.iterations >= PASSWORD_ITERATIONS_MIN &&
	      h.iterations <= PASSWORD_ITERATIONS_MAX);
	CHECK(h.salt_len >= PASSWORD_SALT_MIN &&
	      h.salt_len <= PASSWORD_SALT_MAX);
	to_hex(h.salt, h.salt_len, salt);
	to_hex(h.hash, sizeof(h.hash), digits);
	again = malloc(256);
	n = (size_t)snprintf(again, 256, "pbkdf2-sha256:%u$%s:%s",
			     h.iterations, salt, digits);
	CHECK(!password_parse(again, &second));
	CHECK(second.iterations == h.iterations &&
	      second.salt_len == h.salt_len &&
	      !memcmp(second.salt, h.salt, h.salt_len) &&
	      !memcmp(second.hash, h.hash, sizeof(h.hash)));
	/* but for zeros in front of a number */
	CHECK(strlen(text) >= n &&
	      !strcasecmp(text + strlen(text) - strlen(digits), digits));
	password_begin(&c, &h, text, strlen(text));
	CHECK(!password_is_right(&c, &h));
	CHECK(!password_step(&c, 3));
	password_forget(&c);
	free(again);
	free(text);
}

/* ---- requests ---- */

static bool is_from_here(const struct mgmt_request *r)
{
	return !r->origin[0] || (!strncmp(r->origin, "https://", 8) &&
				 !strcasecmp(r->origin + 8, r->host));
}

/*
 * Two sessions, one of each kind, whose secrets are those in the seeds; then a
 * head of two bytes and the request's headers.
 */
static void request(struct fuzz_input *in)
{
	char cookie[SESSION_SECRET_TEXT], bearer[SESSION_SECRET_TEXT];
	uint8_t head = fuzz_byte(in), more = fuzz_byte(in);
	int may_cookie = more & 1 ? MGMT_OPERATE : MGMT_READ;
	int may_bearer = more & 2 ? MGMT_OPERATE : MGMT_READ;
	struct mgmt_request r = {
		.method = (enum mgmt_method)(head % 5),
		.path = "/", .query = "", .peer = "10.0.2.2",
		.fetch_site = head & 0x20 ? "cross-site" : "",
		.client_certificate = (head & 0xc0) == 0xc0,
	};
	enum mgmt_role wanted = (enum mgmt_role)(head >> 3 & 3);
	char *text[5], csrf[SESSION_CSRF_TEXT];
	struct session *s;
	bool changes = r.method != MGMT_GET && r.method != MGMT_HEAD, ok;
	bool has_cookie, has_bearer;

	sessions_reset();
	random_byte = 0;
	settings.capture = more & 4;
	now += SECOND;
	s = session_open(SESSION_COOKIE, may_cookie, "10.0.2.2", now, cookie);
	to_hex(s->csrf, sizeof(s->csrf), csrf);
	session_open(SESSION_BEARER, may_bearer, "10.0.2.3", now, bearer);
	now += (uint64_t)(more >> 3) * 60 * SECOND;
	for (int i = 0; i < 5; i++)
		text[i] = line_of(in);
	r.authorization = text[0];
	r.cookie = text[1];
	r.csrf = text[2];
	r.origin = text[3];
	r.host = text[4];
	refused = 0;
	ok = mgmt_authorise(&r, wanted, NULL);
	CHECK(ok == !refused);
	has_bearer = strcasestr(r.authorization, bearer) &&
		     (more >> 3) * 60u < SESSION_IDLE_S;
	has_cookie = !r.authorization[0] && strcasestr(r.cookie, cookie) &&
		     (more >> 3) * 60u < SESSION_IDLE_S;
	CHECK(r.role <= (r.client_certificate ? MGMT_OPERATE :
			 has_bearer ? may_bearer :
			 has_cookie ? may_cookie : MGMT_OPEN));
	CHECK(r.role >= (r.client_certificate ? MGMT_OPERATE : MGMT_OPEN));
	if (ok) {
		CHECK(wanted == MGMT_CAPTURE ? settings.capture &&
		      r.role >= MGMT_OPERATE : r.role >= (int)wanted);
		CHECK(!changes || is_from_here(&r));
		CHECK(wanted == MGMT_OPEN || !r.fetch_site[0]);
		s = auth_session(&r);
		CHECK(!changes || wanted == MGMT_OPEN || !s ||
		      s->kind != SESSION_COOKIE || !strcasecmp(r.csrf, csrf));
	}
	for (int i = 0; i < 5; i++)
		free(text[i]);
}

/* ---- tries ---- */

static void tries(struct fuzz_input *in)
{
	uint64_t start = now;
	unsigned int let_in = 0;
	bool known[256] = { false };

	attempts_reset();
	now += SECOND;
	while (in->left) {
		uint8_t what = fuzz_byte(in), who = fuzz_byte(in);
		char peer[NETD_IP_MAX];
		uint32_t wait;

		now += (uint64_t)fuzz_byte(in) << (what >> 3);
		snprintf(peer, sizeof(peer), "10.0.0.%u", who);
		wait = attempts_begin(peer, now);
		CHECK(wait <= ATTEMPTS_DELAY_MAX_S);
		if (wait)
			continue;
		if (!known[who])
			let_in++;
		CHECK(let_in <= 2 * ATTEMPTS_BUCKET + (now - start) /
		      (ATTEMPTS_REFILL_S * SECOND));
		if (what % 8 == 7) {
			attempts_succeeded(peer, now);
			known[who] = true;
			continue;
		}
		wait = attempts_failed(peer, now);
		CHECK(wait <= ATTEMPTS_DELAY_MAX_S);
		CHECK(!wait || wait >= ATTEMPTS_DELAY_S);
		if (wait)
			CHECK(attempts_begin(peer, now) == wait);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	now = SECOND;
	switch (fuzz_byte(&in) % 3) {
	case 0:
		hash(&in);
		break;
	case 1:
		request(&in);
		break;
	default:
		tries(&in);
		break;
	}
	return 0;
}

#define SALT	"00112233445566778899aabbccddeeff"
#define HASH	"0123456789abcdef0123456789ABCDEF" \
		"0123456789abcdef0123456789abcdef"
#define COOKIE	"000102030405060708090a0b0c0d0e0f" \
		"101112131415161718191a1b1c1d1e1f"
#define CSRF	"202122232425262728292a2b2c2d2e2f"
#define BEARER	"303132333435363738393a3b3c3d3e3f" \
		"404142434445464748494a4b4c4d4e4f"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0pbkdf2-sha256$100000$" SALT "$" HASH),
	FUZZ_SEED("\0pbkdf2-sha256:1000:0011223344556677:" HASH),
	FUZZ_SEED("\1\x12\3\n" AUTH_COOKIE "=" COOKIE "; b=c\n" CSRF
		  "\nhttps://[fe80::1]\n[fe80::1]"),
	FUZZ_SEED("\1\x1a\7\n a=b; " AUTH_COOKIE "=" COOKIE "\n" CSRF
		  "\n\n10.0.2.50:443"),
	FUZZ_SEED("\1\x0b\2bearer " BEARER "\n\n\n\nvmm"),
	FUZZ_SEED("\1\xca\0Bearer x\n\n\nhttps://a\nb"),
	FUZZ_SEED("\2\0\1\1\0\1\1\0\1\1\0\1\1\xa8\2\1\7\1\xff\x97\1\xff"),
	{ NULL, 0 },
};
