/* SPDX-License-Identifier: MIT */
/*
 * Who may use the management service: passwords against the vectors of RFC 7914
 * and lines that are none, limits on trying, sessions, and what a request needs to
 * change something. Time is the test's own.
 */
#include "check.h"

#include "api.h"
#include "attempts.h"
#include "auth.h"
#include "password.h"
#include "peer.h"

#include <domain/log.h>
#include <domain/syscall.h>

#include <stdarg.h>
#include <string.h>

#define SECOND	1000000ull

static unsigned int checks;

/* ---- what the code calls ---- */

static uint64_t now = SECOND;
static int refused;			/* status of the last error, 0: none */
static unsigned int log_lines;
static struct mgmt_settings settings;
static uint8_t random_byte;

uint64_t sys_time(void)
{
	return now;
}

void domain_log(int level, const char *fmt, ...)
{
	(void)level, (void)fmt;
	log_lines++;
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

/* ---- passwords ---- */

static bool matches(const struct password_hash *h, const char *password,
		    uint32_t step)
{
	struct password_check c;
	bool right;

	password_begin(&c, h, password, strlen(password));
	while (!password_step(&c, step))
		CHECK(!password_is_right(&c, h));
	right = password_is_right(&c, h);
	password_forget(&c);
	return right;
}

static void pbkdf2_is_that_of_rfc_7914(void)
{
	struct password_hash h = { .iterations = 1, .salt_len = 4,
				   .salt = "salt" };

	CHECK(!from_hex("55ac046e56e3089fec1691c22544b605"
			"f94185216dde0465e68b9d57c20dacbc", h.hash, 32));
	CHECK(matches(&h, "passwd", 1));
	CHECK(!matches(&h, "passwe", 1));
	h = (struct password_hash){ .iterations = 80000, .salt_len = 4,
				    .salt = "NaCl" };
	CHECK(!from_hex("4ddcd8f60b98be21830cee5ef22701f9"
			"641a4418d04c0414aeff08876b34ab56", h.hash, 32));
	CHECK(matches(&h, "Password", 999));
	CHECK(!matches(&h, "password", 80000));
}

#define SALT	"00112233445566778899aabbccddeeff"
#define HASH	"0123456789abcdef0123456789ABCDEF" \
		"0123456789abcdef0123456789abcdef"

static void lines_that_are_no_hash_are_refused(void)
{
	static const char *const wrong[] = {
		"", "pbkdf2-sha256", "pbkdf2-sha256$", "pbkdf2-sha1$5000$" SALT
		"$" HASH, "pbkdf2-sha256$999$" SALT "$" HASH,
		"pbkdf2-sha256$10000001$" SALT "$" HASH,
		"pbkdf2-sha256$18446744073709556616$" SALT "$" HASH,
		"pbkdf2-sha256$-5000$" SALT "$" HASH,
		"pbkdf2-sha256$5000" SALT "$" HASH,
		"pbkdf2-sha256$5000$" SALT, "pbkdf2-sha256$5000$" SALT "$",
		"pbkdf2-sha256$5000$" SALT HASH,
		"pbkdf2-sha256$5000$00112233445566$" HASH,
		"pbkdf2-sha256$5000$" SALT "0$" HASH,
		"pbkdf2-sha256$5000$" SALT SALT "00$" HASH,
		"pbkdf2-sha256$5000$" SALT "$" HASH "0",
		"pbkdf2-sha256$5000$" SALT "$" HASH "$",
		"pbkdf2-sha256$5000$001122334455667g$" HASH,
		"pbkdf2-sha256$5000$$" HASH,
	};
	struct password_hash h;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(password_parse(wrong[i], &h) == -EINVAL);
	CHECK(!password_parse("pbkdf2-sha256$5000$" SALT "$" HASH, &h));
	CHECK(h.iterations == 5000 && h.salt_len == 16 && h.salt[1] == 0x11 &&
	      h.hash[1] == 0x23 && h.hash[15] == 0xef);
	CHECK(!password_parse("pbkdf2-sha256:1000:" SALT SALT ":" HASH, &h));
	CHECK(h.salt_len == 32);
}

/* ---- trying ---- */

static void wrong_passwords_cost_more_and_more(void)
{
	uint32_t delay = 0, expected = ATTEMPTS_DELAY_S;

	attempts_reset();
	now += 1000 * SECOND;
	for (unsigned int i = 0; i < ATTEMPTS_FREE; i++) {
		CHECK(attempts_begin("10.0.0.1", now) == 0);
		CHECK(attempts_failed("10.0.0.1", now) == 0);
	}
	for (unsigned int i = 0; i < 12; i++) {
		CHECK(attempts_begin("10.0.0.1", now) == 0);
		delay = attempts_failed("10.0.0.1", now);
		CHECK(delay == expected);
		CHECK(attempts_begin("10.0.0.1", now) == delay);
		CHECK(attempts_begin("10.0.0.1", now + delay * SECOND - 1) ==
		      1);
		now += delay * SECOND;
		expected = expected * 2 > ATTEMPTS_DELAY_MAX_S ?
			ATTEMPTS_DELAY_MAX_S : expected * 2;
	}
	CHECK(delay == ATTEMPTS_DELAY_MAX_S);
	/* another address is not concerned */
	CHECK(attempts_begin("10.0.0.2", now) == 0);
	/* and a quiet while is a new start */
	now += 2 * ATTEMPTS_QUIET_S * SECOND;
	CHECK(attempts_failed("10.0.0.1", now) == 0);
}

static void many_addresses_have_one_bucket(void)
{
	unsigned int passed = 0;
	char peer[NETD_IP_MAX];

	attempts_reset();
	now += 1000 * SECOND;
	attempts_succeeded("10.9.9.9", now);
	for (unsigned int i = 0; i < 500; i++) {
		snprintf(peer, sizeof(peer), "10.1.%u.%u", i / 256, i % 256);
		if (attempts_begin(peer, now))
			continue;
		passed++;
		attempts_failed(peer, now);
	}
	CHECK(passed == ATTEMPTS_BUCKET);
	CHECK(attempts_begin("10.9.9.9", now) == 0);
	now += ATTEMPTS_REFILL_S * SECOND;
	CHECK(attempts_begin("10.1.9.1", now) == 0);
	CHECK(attempts_begin("10.1.9.2", now) == ATTEMPTS_REFILL_S);
}

/* A flood of addresses must not make one that waits be forgotten. */
static bool same_peer(const char *a, const char *b)
{
	char one[NETD_IP_MAX], other[NETD_IP_MAX];

	peer_of_address(a, one);
	peer_of_address(b, other);
	return !strcmp(one, other);
}

static void a_network_of_ipv6_is_one_peer(void)
{
	static const char host[] = "2001:DB8:0:1:5054:FF:FE12:3456";
	char peer[NETD_IP_MAX];

	peer_of_address(host, peer);
	CHECK(!strcmp(peer, "2001:db8:0:1::/64"));
	CHECK(same_peer(host, "2001:db8:0:1::1"));
	CHECK(!same_peer(host, "2001:DB8:0:2:5054:FF:FE12:3456"));
	CHECK(same_peer("2001:DB8::1", "2001:DB8::FFFF:1:2:3"));
	CHECK(same_peer("2001:DB8::1", "2001:DB8:0:0:1::"));
	CHECK(same_peer("2001:DB8:0:1::", "2001:db8:0:1:f::"));
	CHECK(!same_peer("2001::1:0:0:0:1", "2001::1:0:0:1"));
	CHECK(same_peer("FE80::1%2", "FE80::5054:FF:FE12:3456%2"));
	CHECK(same_peer("::1", "::"));
	CHECK(same_peer("::1:2:3:4:5", "0:0:0:1::"));
	CHECK(!same_peer("10.0.0.1", "10.0.0.2"));
	CHECK(!same_peer("::10.0.0.1", "10.0.0.1"));
	/* and its tries count together, whichever address they come from */
	attempts_reset();
	for (unsigned int i = 0; i <= ATTEMPTS_FREE; i++) {
		snprintf(peer, sizeof(peer), "2001:DB8::%X", i + 1);
		CHECK(!attempts_begin(peer, now));
		attempts_failed(peer, now);
	}
	CHECK(attempts_begin("2001:DB8::DEAD", now) == ATTEMPTS_DELAY_S);
	CHECK(!attempts_begin("2001:DB8:0:1::DEAD", now));
}

static void who_waits_is_not_forgotten(void)
{
	char peer[NETD_IP_MAX];

	attempts_reset();
	now += 1000 * SECOND;
	for (unsigned int i = 0; i < 12; i++)
		attempts_failed("10.0.0.1", now);
	for (unsigned int i = 0; i < 3 * ATTEMPTS_PEERS; i++) {
		snprintf(peer, sizeof(peer), "10.2.0.%u", i);
		attempts_failed(peer, now + i);
	}
	CHECK(attempts_begin("10.0.0.1", now + SECOND) > 200);
}

/* ---- sessions ---- */

static void sessions_end(void)
{
	char secret[SESSION_SECRET_TEXT];
	struct session *s;

	sessions_reset();
	s = session_open(SESSION_COOKIE, MGMT_READ, "10.0.0.1", now, secret);
	CHECK(s && strlen(secret) == 64);
	CHECK(session_find(SESSION_COOKIE, secret, 64, now) == s);
	CHECK(!session_find(SESSION_BEARER, secret, 64, now));
	CHECK(!session_find(SESSION_COOKIE, secret, 63, now));
	secret[0] ^= 1;
	CHECK(!session_find(SESSION_COOKIE, secret, 64, now));
	secret[0] ^= 1;
	now += (SESSION_IDLE_S - 1) * SECOND;
	CHECK(session_find(SESSION_COOKIE, secret, 64, now) == s);
	now += SESSION_IDLE_S * SECOND;
	CHECK(!session_find(SESSION_COOKIE, secret, 64, now));
	CHECK(sessions_count(now) == 0);
	session_open(SESSION_COOKIE, MGMT_READ, "10.0.0.1", now, secret);
	for (unsigned int i = 0; i < SESSION_LIFE_S / 600; i++) {
		CHECK(session_find(SESSION_COOKIE, secret, 64, now));
		now += 600 * SECOND;
	}
	CHECK(!session_find(SESSION_COOKIE, secret, 64, now));
	/* nobody is let in by a slot that is free */
	memset(secret, '0', 64);
	CHECK(!session_find(SESSION_COOKIE, secret, 64, now));
}

static void a_reader_cannot_push_out_an_operator(void)
{
	char first[SESSION_SECRET_TEXT], secret[SESSION_SECRET_TEXT];
	unsigned int i;

	sessions_reset();
	CHECK(session_open(SESSION_COOKIE, MGMT_OPERATE, "10.0.0.1", now,
			   first));
	for (i = 0; i < 3 * SESSIONS_MAX; i++)
		CHECK(session_open(SESSION_BEARER, MGMT_READ, "10.0.0.2",
				   now + i, secret));
	CHECK(session_find(SESSION_COOKIE, first, 64, now + i));
	CHECK(sessions_count(now + i) == SESSIONS_MAX);
	for (i = 0; i < SESSIONS_MAX; i++)
		CHECK(session_open(SESSION_COOKIE, MGMT_OPERATE, "10.0.0.1",
				   now + 100 + i, first));
	CHECK(!session_find(SESSION_BEARER, secret, 64, now + 200));
	CHECK(!session_open(SESSION_COOKIE, MGMT_READ, "10.0.0.2", now + 200,
			    secret));
}

/* ---- requests ---- */

static struct mgmt_request request(enum mgmt_method method)
{
	return (struct mgmt_request){
		.method = method, .path = "/", .query = "",
		.host = "10.0.2.50", .origin = "", .cookie = "",
		.authorization = "", .csrf = "", .content_type = "",
		.fetch_site = "",
		.if_none_match = "", .body = (const uint8_t *)"",
		.peer = "10.0.0.1",
	};
}

/* The status that refuses it; 0: it may. */
static int ask(struct mgmt_request r, enum mgmt_role role)
{
	refused = 0;
	CHECK(mgmt_authorise(&r, role, NULL) == (refused == 0));
	return refused;
}

static void cookies_need_the_token_to_change_something(void)
{
	char secret[SESSION_SECRET_TEXT], cookie[256];
	char csrf[SESSION_CSRF_TEXT];
	struct mgmt_request r = request(MGMT_GET);
	struct session *s;

	sessions_reset();
	CHECK(ask(r, MGMT_OPEN) == 0 && ask(r, MGMT_READ) == 401);
	s = session_open(SESSION_COOKIE, MGMT_OPERATE, "10.0.0.1", now,
			 secret);
	to_hex(s->csrf, sizeof(s->csrf), csrf);
	snprintf(cookie, sizeof(cookie), "a=b; __Host-tandem=%s; c=d", secret);
	r.cookie = cookie;
	CHECK(ask(r, MGMT_READ) == 0);
	r.method = MGMT_PUT;
	CHECK(ask(r, MGMT_OPERATE) == 403);
	r.csrf = csrf;
	CHECK(ask(r, MGMT_OPERATE) == 0);
	csrf[3] ^= 1;
	CHECK(ask(r, MGMT_OPERATE) == 403);
	csrf[3] ^= 1;
	r.origin = "https://10.0.2.50";
	CHECK(ask(r, MGMT_OPERATE) == 0);
	CHECK(ask(r, MGMT_CAPTURE) == 403);
	settings.capture = true;
	CHECK(ask(r, MGMT_CAPTURE) == 0);
	/* a name that only ends like the cookie's is another one */
	snprintf(cookie, sizeof(cookie), "x__Host-tandem=%s", secret);
	CHECK(ask(r, MGMT_READ) == 401);
	snprintf(cookie, sizeof(cookie), "__Host-tandem=%s", secret);
	CHECK(ask(r, MGMT_READ) == 0);
	/* the cookie's secret is no bearer's */
	snprintf(cookie, sizeof(cookie), "Bearer %s", secret);
	r.cookie = "";
	r.authorization = cookie;
	CHECK(ask(r, MGMT_READ) == 401);
}

static void bearers_and_certificates_need_none(void)
{
	char secret[SESSION_SECRET_TEXT], authorization[128];
	struct mgmt_request r = request(MGMT_PUT);

	sessions_reset();
	session_open(SESSION_BEARER, MGMT_READ, "10.0.0.1", now, secret);
	snprintf(authorization, sizeof(authorization), "bearer %s", secret);
	r.authorization = authorization;
	CHECK(ask(r, MGMT_READ) == 0);
	CHECK(ask(r, MGMT_OPERATE) == 403);
	r.authorization = "Basic x";
	CHECK(ask(r, MGMT_READ) == 401);
	r.client_certificate = true;
	CHECK(ask(r, MGMT_OPERATE) == 0);
}

static void other_sites_are_refused(void)
{
	static const char *const origins[] = {
		"https://evil.example", "http://10.0.2.50", "null", "https://",
		"https://10.0.2.501", "https://10.0.2.5",
		"https://10.0.2.50:444", "https://10.0.2.50.evil.example", "x",
	};
	struct mgmt_request r = request(MGMT_POST);
	unsigned int lines = log_lines;

	r.client_certificate = true;
	now += 100 * SECOND;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		r.origin = origins[i];
		CHECK(ask(r, MGMT_OPEN) == 403);
	}
	CHECK(log_lines == lines + 1);
	r.origin = "https://Tandem.example:8443";
	r.host = "tandem.EXAMPLE:8443";
	CHECK(ask(r, MGMT_OPERATE) == 0);
	r.method = MGMT_GET;
	r.origin = "https://evil.example";
	CHECK(ask(r, MGMT_READ) == 0);
}

/* A GET can have an effect, and a certificate is sent whoever makes it. */
static void questions_of_other_sites_are_refused(void)
{
	struct mgmt_request r = request(MGMT_GET);

	r.client_certificate = true;
	r.fetch_site = "cross-site";
	CHECK(ask(r, MGMT_READ) == 403 && ask(r, MGMT_CAPTURE) == 403);
	CHECK(ask(r, MGMT_OPEN) == 0);		/* a link to the page */
	r.fetch_site = "same-site";
	CHECK(ask(r, MGMT_READ) == 403);
	r.method = MGMT_POST;
	CHECK(ask(r, MGMT_OPEN) == 403);
	r.method = MGMT_GET;
	r.fetch_site = "same-origin";
	CHECK(ask(r, MGMT_READ) == 0);
	r.fetch_site = "none";
	CHECK(ask(r, MGMT_READ) == 0);
}

/* Cookies and authorisations that nobody has made. */
static void hostile_headers_do_no_harm(void)
{
	static const char *const headers[] = {
		"", ";", ";;;  ;", "=", "__Host-tandem", "__Host-tandem=",
		"__Host-tandem=;", "__Host-tandem=zz", " __Host-tandem = x",
		"Bearer", "Bearer ", "Bearer  0", "B", "Bearer \xff\xff",
	};
	struct mgmt_request r = request(MGMT_DELETE);

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		r.cookie = headers[i];
		r.authorization = "";
		CHECK(ask(r, MGMT_READ) == 401);
		r.authorization = headers[i];
		CHECK(ask(r, MGMT_READ) == 401);
	}
}

int main(void)
{
	pbkdf2_is_that_of_rfc_7914();
	lines_that_are_no_hash_are_refused();
	wrong_passwords_cost_more_and_more();
	many_addresses_have_one_bucket();
	a_network_of_ipv6_is_one_peer();
	who_waits_is_not_forgotten();
	sessions_end();
	a_reader_cannot_push_out_an_operator();
	cookies_need_the_token_to_change_something();
	bearers_and_certificates_need_none();
	other_sites_are_refused();
	questions_of_other_sites_are_refused();
	hostile_headers_do_no_harm();
	printf("%u checks\n", checks);
	return 0;
}
