/* SPDX-License-Identifier: MIT */
/*
 * The tap at the switch: does the filter take what it is asked for and nothing
 * else, cut anywhere; do frames come out of the ring as they went in, whatever
 * their lengths, with all that is lost counted; and are wrong requests refused?
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../net/capture.c"
#include "../../net/capture_filter.c"

static unsigned int checks;
static unsigned int signals, pages, lines;
static uint64_t now;
static struct net_port wire = { .id = NET_WIRE };
static struct domain *const netd = (struct domain *)&wire;
static bool no_switch;

struct conf tandem_conf;

/* ---- what the file calls ---- */

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
	lines++;
}

uint64_t time_us(void)
{
	return now;
}

void *pages_alloc(size_t n)
{
	pages += n;
	return malloc(n * PAGE_SIZE);
}

void pages_free(void *p, size_t n)
{
	pages -= n;
	free(p);
}

void domain_signal(struct domain *d, uint32_t events)
{
	CHECK(d == netd && events == MGMT_EVENT_CAPTURE);
	signals++;
}

int domain_copy_in(struct domain *d, void *dst, const void *user, size_t len)
{
	memcpy(dst, user, len);
	return 0;
}

int domain_copy_out(struct domain *d, void *user, const void *src, size_t len)
{
	memcpy(user, src, len);
	return 0;
}

struct net_switch *net_switch_get(unsigned int n)
{
	return n || no_switch ? NULL : (struct net_switch *)&wire;
}

struct net_port *net_switch_port(struct net_switch *sw, enum net_port_id id)
{
	return id == NET_GUEST ? NULL : &wire;
}

bool frame_copy(const struct frame *f, uint32_t offset, void *dst,
		uint32_t len)
{
	uint8_t *out = dst;

	CHECK(offset == 0 && len <= f->len);
	for (unsigned int i = 0; i < f->n_segments && len; i++) {
		uint32_t n = MIN(len, f->segment[i].len);

		memcpy(out, f->segment[i].virt, n);
		out += n;
		len -= n;
	}
	return len == 0;
}

/* ---- requests ---- */

static int ask(int what, void *data, size_t len)
{
	struct message m = {
		.sender = netd, .type = MSG_BUF, .value = what, .n_bufs = 1,
		.buf = { { data, (uint32_t)len, 1 } },
	};

	return capture_message(&m);
}

static int starts(struct mgmt_capture_filter c)
{
	return ask(MGMT_CAPTURE_START, &c, sizeof(c));
}

static struct mgmt_capture_state asked(void)
{
	struct mgmt_capture_state s;

	CHECK(ask(MGMT_CAPTURE_STATE, &s, sizeof(s)) == 0);
	return s;
}

/* ---- frames ---- */

static uint8_t bytes[2 * 1514];

/* In two segments, cut at a place of its own. */
static struct frame frame_of(const uint8_t *data, uint32_t len)
{
	uint32_t first = len / 3;

	return (struct frame){
		.n_segments = 2, .len = len, .segment = {
			{ .virt = (void *)data, .len = first },
			{ .virt = (void *)(data + first), .len = len - first },
		},
	};
}

static void passes(const uint8_t *data, uint32_t len, uint8_t targets,
		   bool accepted)
{
	struct frame f = frame_of(data, len), *list[1] = { &f };
	unsigned int done[NET_PORTS] = { accepted, accepted, accepted };

	net_capture_frames(&wire, list, &targets, 1, done);
}

static void a_capture_takes_what_passes_and_says_where(void)
{
	static uint8_t out[4096] __attribute__((aligned(8)));
	struct mgmt_capture_record *r = (void *)out;

	CHECK(starts((struct mgmt_capture_filter){ .snap = 21 }) == 0);
	CHECK(net_capture_on && asked().running && asked().ports == 5);
	now = 77;
	passes(bytes, 60, BIT(NET_GUEST) | BIT(NET_STACK), true);
	CHECK(signals == 1 && asked().seen == 3);
	CHECK(ask(MGMT_CAPTURE_READ, out, 39) == 0);	/* not even one */
	CHECK(ask(MGMT_CAPTURE_READ, out, 80) == 80);
	CHECK(r->time_us == 77 && r->len == 60 && r->kept == 21);
	CHECK(r->port == NET_WIRE && r->direction == MGMT_CAPTURE_IN);
	CHECK(!memcmp(r + 1, bytes, 21) && out[16 + 21] == 0);
	r = (void *)(out + 40);
	CHECK(r->port == NET_GUEST && r->direction == MGMT_CAPTURE_OUT);
	CHECK(ask(MGMT_CAPTURE_READ, out, sizeof(out)) == 40);
	r = (void *)out;
	CHECK(r->port == NET_STACK);
	CHECK(ask(MGMT_CAPTURE_READ, out, sizeof(out)) == 0);
	/* what a port did not take has not left by it */
	passes(bytes, 60, BIT(NET_STACK), false);
	CHECK(ask(MGMT_CAPTURE_READ, out, sizeof(out)) == 40);
	CHECK(r->direction == MGMT_CAPTURE_IN);
	CHECK(ask(MGMT_CAPTURE_STOP, out, 8) == 0 && !net_capture_on);
	passes(bytes, 60, 0, true);
	CHECK(pages == 0 && ask(MGMT_CAPTURE_READ, out, 80) == -ENOENT);
	CHECK(ask(MGMT_CAPTURE_STOP, out, 8) == -ENOENT);
}

static void frames_come_out_as_they_went_in_and_what_is_lost_is_counted(void)
{
	static uint8_t out[65536] __attribute__((aligned(8)));
	unsigned int in = 0, got = 0, lost;

	srand(1);
	CHECK(starts((struct mgmt_capture_filter){
		.direction = MGMT_CAPTURE_IN }) == 0);
	while (in < 20000) {
		int n;

		for (unsigned int i = rand() % 300; i; i--, in++) {
			now = in;
			passes(bytes + in % 1000, 14 + in % 1500, 0, true);
		}
		do {
			n = ask(MGMT_CAPTURE_READ, out,
				2100 + (unsigned int)rand() % 60000);
			for (int at = 0; at < n;) {
				struct mgmt_capture_record r;

				memcpy(&r, out + at, sizeof(r));
				CHECK(r.len == 14 + r.time_us % 1500 &&
				      r.kept == r.len);
				CHECK(!memcmp(out + at + 16,
					      bytes + r.time_us % 1000, r.kept));
				at += 16 + (r.kept + 7) / 8 * 8;
				got++;
			}
		} while (n > 0 && rand() % 4);
	}
	lost = (unsigned int)asked().dropped;
	CHECK(asked().seen == in && lost > 0 && got + lost <= in);
	net_capture_owner_ended(NULL);
	CHECK(ring);
	net_capture_owner_ended(netd);
	CHECK(!ring && pages == 0);
}

static void wrong_requests_are_refused(void)
{
	struct mgmt_capture_filter c = { 0 };

	tandem_conf.number[CONF_MGMT_CAPTURE] = 0;
	CHECK(starts(c) == -EPERM && !asked().allowed);
	tandem_conf.number[CONF_MGMT_CAPTURE] = 1;
	CHECK(ask(MGMT_CAPTURE_START, &c, sizeof(c) - 1) == -EINVAL);
	c.snap = MGMT_CAPTURE_SNAP_MAX + 1;
	CHECK(starts(c) == -EINVAL);
	c = (struct mgmt_capture_filter){ .ports = 8 };
	CHECK(starts(c) == -EINVAL);
	c = (struct mgmt_capture_filter){ .direction = 4 };
	CHECK(starts(c) == -EINVAL);
	c = (struct mgmt_capture_filter){ .address_len = 5 };
	CHECK(starts(c) == -EINVAL);
	c.address_len = 0;
	no_switch = true;
	CHECK(starts(c) == -ENODEV);
	no_switch = false;
	CHECK(ask(MGMT_CAPTURE_STOP + 1, &c, sizeof(c)) == -EINVAL);
	CHECK(ask(-1, &c, sizeof(c)) == -EINVAL && pages == 0);
	CHECK(starts(c) == 0 && starts(c) == -EBUSY);
	CHECK(ask(MGMT_CAPTURE_STOP, &c, sizeof(c)) == 0);
}

static void the_log_is_not_filled(void)
{
	now += 2 * TELL_US;
	lines = 0;
	for (unsigned int i = 0; i < 100; i++) {
		CHECK(starts((struct mgmt_capture_filter){ 0 }) == 0);
		CHECK(ask(MGMT_CAPTURE_STOP, NULL, 0) == 0);
	}
	CHECK(lines == 2);
	now += TELL_US;
	CHECK(starts((struct mgmt_capture_filter){ 0 }) == 0 && lines == 3);
	CHECK(ask(MGMT_CAPTURE_STOP, NULL, 0) == 0 && lines == 4);
}

/* ---- the filter ---- */

#define MACS	"\1\2\3\4\5\6\7\10\11\12\13\14"
#define TCP4	"\x08\0" "\x45\0\0\x28\0\0\x40\0\x40\6\0\0" "\x0a\0\2\2" \
		"\x0a\0\2\x32" "\xc0\x01\x01\xbb"
#define LATER	"\x08\0" "\x45\0\0\x28\0\0\x00\5\x40\x11\0\0" "\x0a\0\2\2" \
		"\x0a\0\2\x32" "\x00\x35\x00\x35"
#define OPTIONS	"\x08\0" "\x46\0\0\x28\0\0\x40\0\x40\x11\0\0" "\x0a\0\2\2" \
		"\x0a\0\2\x32" "\1\1\1\0" "\x00\x35\xc0\x02"
#define TCP6	"\x86\xdd" "\x60\0\0\0\0\x14\6\x40" "\xfe\x80\0\0\0\0\0\0" \
		"\0\0\0\0\0\0\0\1" "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\2" \
		"\x01\xbb\xc0\x01"
#define WANTS(c, text) \
	wants((struct mgmt_capture_filter)c, text, sizeof(text) - 1)
#define FILTER(...)	{ __VA_ARGS__ }

/* Exactly as many bytes as there are: the sanitizer sees the rest. */
static bool wants(struct mgmt_capture_filter c, const char *text, size_t len)
{
	uint8_t *copy = malloc(len + !len);
	bool result;

	memcpy(copy, text, len);
	result = net_capture_wants(&c, copy, (uint32_t)len);
	free(copy);
	return result;
}

static void the_filter_takes_what_it_says(void)
{
	CHECK(WANTS(FILTER(0), "") && WANTS(FILTER(0), MACS TCP4));
	CHECK(WANTS(FILTER(.protocol = 6), MACS TCP4));
	CHECK(!WANTS(FILTER(.protocol = 17), MACS TCP4));
	CHECK(WANTS(FILTER(.port = 443), MACS TCP4));
	CHECK(WANTS(FILTER(.port = 0xc001), MACS TCP4));
	CHECK(!WANTS(FILTER(.port = 444), MACS TCP4));
	CHECK(WANTS(FILTER(.port = 443), MACS "\x81\0\0\7" TCP4));
	CHECK(WANTS(FILTER(.port = 443), MACS "\x88\xa8\0\7\x81\0\0\7" TCP4));
	CHECK(!WANTS(FILTER(.port = 443),
		     MACS "\x81\0\0\7\x81\0\0\7\x81\0\0\7" TCP4));
	CHECK(WANTS(FILTER(.port = 53, .protocol = 17), MACS OPTIONS));
	CHECK(!WANTS(FILTER(.port = 53), MACS LATER));
	CHECK(WANTS(FILTER(.protocol = 17), MACS LATER));
	CHECK(WANTS(FILTER(.address_len = 4, .address = { 10, 0, 2, 50 }),
		    MACS TCP4));
	CHECK(WANTS(FILTER(.address_len = 4, .address = { 10, 0, 2, 2 }),
		    MACS TCP4));
	CHECK(!WANTS(FILTER(.address_len = 4, .address = { 10, 0, 2, 3 }),
		     MACS TCP4));
	CHECK(!WANTS(FILTER(.address_len = 4, .address = { 0xfe, 0x80 }),
		     MACS TCP6));
	CHECK(WANTS(FILTER(.address_len = 16, .port = 443,
			   .address = { 0xfe, 0x80, [15] = 2 }), MACS TCP6));
	CHECK(!WANTS(FILTER(.without_tcp = 443), MACS TCP4));
	CHECK(!WANTS(FILTER(.without_tcp = 443), MACS TCP6));
	CHECK(WANTS(FILTER(.without_tcp = 53), MACS OPTIONS));
}

/* The guest's connections to the same port elsewhere are not the service's. */
static void only_the_stacks_own_connections_are_left_out(void)
{
	static const uint8_t frame[] = MACS TCP4;

	CHECK(starts((struct mgmt_capture_filter){
		.without_tcp = 443, .direction = MGMT_CAPTURE_IN }) == 0);
	passes(frame, sizeof(frame), BIT(NET_STACK), true);
	passes(frame, sizeof(frame), BIT(NET_STACK) | BIT(NET_GUEST), true);
	CHECK(asked().seen == 0);
	passes(frame, sizeof(frame), BIT(NET_GUEST), true);
	CHECK(asked().seen == 1);
	wire.id = NET_STACK;
	passes(frame, sizeof(frame), BIT(NET_WIRE), true);
	CHECK(asked().seen == 1);
	wire.id = NET_GUEST;
	passes(frame, sizeof(frame), BIT(NET_WIRE), true);
	CHECK(asked().seen == 2);
	wire.id = NET_WIRE;
	CHECK(ask(MGMT_CAPTURE_STOP, NULL, 0) == 0);
}

/* Cut at each byte it is looked at without reading beyond. */
static void frames_that_are_cut_are_not_read_beyond(void)
{
	static const char *const all[] = {
		MACS TCP4, MACS LATER, MACS OPTIONS, MACS TCP6,
		MACS "\x88\xa8\0\7\x81\0\0\7" TCP6,
	};
	static const size_t lens[] = {
		sizeof(MACS TCP4), sizeof(MACS LATER), sizeof(MACS OPTIONS),
		sizeof(MACS TCP6), sizeof(MACS "\x88\xa8\0\7\x81\0\0\7" TCP6),
	};
	struct mgmt_capture_filter c = { .port = 443 };

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t n = 0; n < lens[i] - 1; n++)
			CHECK(!wants(c, all[i], n) &&
			      wants((struct mgmt_capture_filter){ 0 }, all[i],
				    n));
	/* a header that says it is shorter, or longer than all there is */
	CHECK(!WANTS(FILTER(.port = 443), MACS "\x08\0\x44" "012345678901234567"
		     "\x01\xbb\x01\xbb"));
	CHECK(!WANTS(FILTER(.port = 443), MACS "\x08\0\x4f" "01234\0\0" "7"
		     "\6" "0123456789\x01\xbb\x01\xbb"));
}

int main(void)
{
	tandem_conf.number[CONF_MGMT_CAPTURE] = 1;
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256);
	a_capture_takes_what_passes_and_says_where();
	frames_come_out_as_they_went_in_and_what_is_lost_is_counted();
	wrong_requests_are_refused();
	the_log_is_not_filled();
	the_filter_takes_what_it_says();
	only_the_stacks_own_connections_are_left_out();
	frames_that_are_cut_are_not_read_beyond();
	printf("%u checks\n", checks);
	return 0;
}
