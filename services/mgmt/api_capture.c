/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/capture: frames that pass the switch. POST starts, GET tells how it
 * goes, /download is the frames as pcapng while they come, DELETE ends it once
 * what waits has been downloaded. A download that breaks ends it, too. The
 * service's own connections are left out, or a capture would capture itself.
 */
#include "api.h"
#include "core.h"
#include "pcapng.h"

#include <abi/mgmt.h>
#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/ip_addr.h>
#include <services/netd.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS		8192u		/* fetched from the core at once */
#define WORD_MAX	8u

static uint32_t snap = MGMT_CAPTURE_SNAP_MAX;
static uint32_t owner;			/* session that started it; 0: none */

static struct download {
	struct mgmt_answer *answer;
	uint32_t session;		/* who takes it; 0: a certificate */
	bool ending;
	uint32_t left;			/* bytes of records, once it is ending */
	uint64_t to_utc_us;		/* of the core's time */
	size_t at, len;			/* of the block */
	size_t next, have;		/* of the records */
	uint8_t records[RECORDS] __attribute__((aligned(8)));
	uint8_t block[PCAPNG_BLOCK_MAX];
} *download;

static int ask(enum mgmt_capture_operation what, void *data, size_t len)
{
	struct msg_buf buf = {
		.base = data, .len = (uint32_t)len, .writable = 1,
	};

	return core_ask(MGMT_CAPTURE_HANDLER, what, &buf, 1);
}

static void refuse(struct mgmt_answer *a, int error)
{
	switch (error) {
	case -EPERM:
		api_error(a, 403, "captures are off (mgmt.capture)");
		break;
	case -EBUSY:
		api_error(a, 409, "a capture runs");
		break;
	case -ENOENT:
		api_error(a, 404, "no capture runs");
		break;
	case -ENODEV:
		api_error(a, 404, "there is no shared card");
		break;
	default:
		api_no_answer(a, MGMT_CAPTURE_HANDLER, error);
	}
}

/* ---- what is asked for ---- */

struct word {
	const char *word;
	uint8_t value;
};

/* 0 for "", a word's value, or -1. */
static int value_of(const struct word *words, const char *text)
{
	if (!*text)
		return 0;
	while (words->word && strcmp(words->word, text))
		words++;
	return words->word ? words->value : -1;
}

static bool read_address(const char *text, struct mgmt_capture_filter *c)
{
	char again[NETD_IP_MAX];
	ip_addr_t ip;

	if (!*text)
		return true;
	/* lwIP also takes 10.512 and the like for IPv4 addresses */
	if (!ipaddr_aton(text, &ip) ||
	    (IP_IS_V4(&ip) &&
	     strcmp(ipaddr_ntoa_r(&ip, again, sizeof(again)), text)))
		return false;
	c->address_len = IP_IS_V6(&ip) ? 16 : 4;
	if (IP_IS_V6(&ip))
		memcpy(c->address, ip_2_ip6(&ip)->addr, 16);
	else
		memcpy(c->address, &ip_2_ip4(&ip)->addr, 4);
	return true;
}

/* NULL, or what is wrong. */
static const char *make(struct mgmt_capture_filter *c, const char *at,
			const char *direction, const char *protocol,
			const char *address)
{
	static const struct word ports[] = {
		{ "wire", 1 }, { "guest", 2 }, { "stack", 4 }, { 0 },
	};
	static const struct word directions[] = {
		{ "in", MGMT_CAPTURE_IN }, { "out", MGMT_CAPTURE_OUT }, { 0 },
	};
	static const struct word protocols[] = {
		{ "icmp", 1 }, { "tcp", 6 }, { "udp", 17 }, { "icmp6", 58 },
		{ 0 },
	};
	int port = value_of(ports, at), way = value_of(directions, direction);
	int number = value_of(protocols, protocol);

	if (port < 0)
		return "at: expected wire, guest or stack";
	if (way < 0)
		return "direction: expected in or out";
	if (number < 0)
		return "protocol: expected tcp, udp, icmp or icmp6";
	if (!read_address(address, c))
		return "address: expected an IP address";
	c->ports = (uint8_t)port;
	c->direction = (uint8_t)way;
	c->protocol = (uint8_t)number;
	return NULL;
}

static void show(struct mgmt_answer *a, int status)
{
	struct mgmt_capture_state s;
	struct json j;
	int error = ask(MGMT_CAPTURE_STATE, &s, sizeof(s));

	if (error < 0) {
		refuse(a, error);
		return;
	}
	api_begin(a, status);
	api_object(&j, a);
	json_bool(&j, "allowed", s.allowed);
	json_bool(&j, "running", s.running);
	json_bool(&j, "downloading", download != NULL);
	json_number(&j, "ring_bytes", s.ring);
	json_number(&j, "frames", s.seen);
	json_number(&j, "dropped", s.dropped);
	json_close(&j);
}

static void get_capture(const struct mgmt_request *r, struct mgmt_answer *a)
{
	(void)r;
	show(a, 200);
}

static void post_capture(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct mgmt_capture_filter c = {
		.without_tcp = mgmt_settings()->port,
	};
	char at[WORD_MAX] = "", direction[WORD_MAX] = "";
	char protocol[WORD_MAX] = "", address[NETD_IP_MAX] = "";
	uint64_t port = 0, length = 0;
	struct input members[] = {
		{ "at", INPUT_TEXT, at, sizeof(at), 0 },
		{ "direction", INPUT_TEXT, direction, sizeof(direction), 0 },
		{ "protocol", INPUT_TEXT, protocol, sizeof(protocol), 0 },
		{ "address", INPUT_TEXT, address, sizeof(address), 0 },
		{ "port", INPUT_NUMBER, &port, UINT16_MAX, 0 },
		{ "snap", INPUT_NUMBER, &length, MGMT_CAPTURE_SNAP_MAX, 0 },
	};
	const char *wrong;
	int error;

	if (!api_body(r, a, members, 6, 0))
		return;
	wrong = make(&c, at, direction, protocol, address);
	if (wrong) {
		api_error(a, 400, wrong);
		return;
	}
	c.port = (uint16_t)port;
	c.snap = (uint32_t)length;
	error = ask(MGMT_CAPTURE_START, &c, sizeof(c));
	if (error < 0) {
		refuse(a, error);
		return;
	}
	owner = r->session;
	snap = c.snap ? c.snap : MGMT_CAPTURE_SNAP_MAX;
	domain_log(LOG_WARN, "mgmt: %s captures frames", r->peer);
	show(a, 201);
}

/* After what waits has been downloaded. 0 or what the core says. */
static int stop(void)
{
	owner = 0;
	if (!download)
		return ask(MGMT_CAPTURE_STOP, NULL, 0);
	if (!download->ending) {
		download->ending = true;
		download->left = CONFIG_MGMT_CAPTURE_RING_KIB * 1024u;
	}
	mgmt_stream_wake(download->answer);
	return 0;
}

void api_capture_logged_out(uint32_t session)
{
	if (session && (owner == session ||
			(download && download->session == session)))
		stop();
}

static void delete_capture(const struct mgmt_request *r, struct mgmt_answer *a)
{
	int error = stop();

	(void)r;
	if (error < 0)
		refuse(a, error);
	else
		mgmt_answer_begin(a, 204, NULL);
}

/* ---- the download ---- */

/* More records from the core: 0 at the end, -EAGAIN: none now. */
static int fetch(struct download *d)
{
	int n = ask(MGMT_CAPTURE_READ, d->records, sizeof(d->records));

	if (n == -ENOENT || (d->ending && (!n || !d->left)))
		return 0;
	if (n <= 0)
		return n ? n : -EAGAIN;
	d->left -= d->ending ? (d->left < (uint32_t)n ? d->left :
						       (uint32_t)n) : 0;
	d->next = 0;
	d->have = (size_t)n;
	return n;
}

/* The next frame's block. 0: there is no more of it, as fetch(). */
static int next_block(struct download *d)
{
	const struct mgmt_capture_record *r;
	int n;

	if (d->next == d->have) {
		n = fetch(d);
		if (n <= 0)
			return n;
	}
	r = (const struct mgmt_capture_record *)(d->records + d->next);
	d->next += sizeof(*r) + ((r->kept + 7u) & ~7u);
	d->at = 0;
	d->len = pcapng_frame(d->block, r, r->time_us + d->to_utc_us);
	return d->len ? 1 : -EIO;
}

static int fill(void *arg, void *to, size_t room)
{
	struct download *d = arg;
	size_t done = 0;
	int n = 1;

	while (done < room) {
		size_t part;

		if (d->at == d->len) {
			n = next_block(d);
			if (n <= 0)
				break;
		}
		part = d->len - d->at < room - done ? d->len - d->at :
						      room - done;
		memcpy((uint8_t *)to + done, d->block + d->at, part);
		d->at += part;
		done += part;
	}
	return done ? (int)done : n;
}

static void closed(void *arg)
{
	download = NULL;
	free(arg);
	ask(MGMT_CAPTURE_STOP, NULL, 0);
}

static const struct mgmt_stream_ops stream = { .fill = fill, .close = closed };

static void get_download(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct mgmt_capture_state s;
	struct download *d;
	uint64_t utc = mgmt_wall_time();
	int error = ask(MGMT_CAPTURE_STATE, &s, sizeof(s));

	if (error < 0 || !s.running) {
		refuse(a, error < 0 ? error : -ENOENT);
		return;
	}
	if (r->method != MGMT_GET || download) {
		api_error(a, download ? 409 : 405, "one download at a time");
		return;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		refuse(a, -ENOMEM);
		return;
	}
	d->to_utc_us = utc ? utc * 1000000 - sys_time() : 0;
	d->len = pcapng_head(d->block, snap);
	d->answer = a;
	d->session = r->session;
	download = d;
	mgmt_answer_begin(a, 200, "application/x-pcapng");
	mgmt_answer_header(a, "Content-Disposition",
			   "attachment; filename=\"tandem.pcapng\"");
	mgmt_answer_stream(a, &stream, d);
}

/* ---- routes ---- */

static const struct mgmt_route state_route = {
	.path = "/api/v1/capture", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = get_capture,
};
MGMT_ROUTE(state_route);

static const struct mgmt_route start_route = {
	.path = "/api/v1/capture", .methods = MGMT_METHODS(MGMT_POST),
	.role = MGMT_CAPTURE, .handle = post_capture,
};
MGMT_ROUTE(start_route);

static const struct mgmt_route stop_route = {
	.path = "/api/v1/capture", .methods = MGMT_METHODS(MGMT_DELETE),
	.role = MGMT_CAPTURE, .handle = delete_capture,
};
MGMT_ROUTE(stop_route);

static const struct mgmt_route download_route = {
	.path = "/api/v1/capture/download", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_CAPTURE, .handle = get_download,
};
MGMT_ROUTE(download_route);

static int start(void)
{
	return 0;
}

static void events(uint32_t bits)
{
	if (bits & MGMT_EVENT_CAPTURE && download)
		mgmt_stream_wake(download->answer);
}

static const struct netd_service capture_service = {
	.name = "capture", .start = start, .events = events,
};
NETD_SERVICE(capture_service);
