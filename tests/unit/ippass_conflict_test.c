// SPDX-License-Identifier: MIT
/*
 * Conflicts of addresses as the log and the `net` command show them: one line
 * for a station that keeps at it, few for many stations, and the newest ones in
 * the table.
 */
#include "../../net/ippass/classify.h"
#include "net_fake.h"

#include <stdarg.h>

#define SECOND	1000000ull

static char text[4096], last_name[32];
static uint64_t reported;

void net_report_text(struct net_report *r __unused, const char *name,
		     const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list ap;
	int n;

	CHECK(!strncmp(name, "conflict ", 9) && strcmp(name, last_name));
	snprintf(last_name, sizeof(last_name), "%s", name);
	va_start(ap, fmt);
	n = vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	CHECK(n >= 0 && n < 128);
	strcat(text, "\n");
}

void net_report_count(struct net_report *r __unused, const char *name,
		      uint64_t value)
{
	CHECK(!strcmp(name, "address conflicts"));
	reported = value;
}

static const char *described(void)
{
	text[0] = last_name[0] = '\0';
	ippass_conflicts_describe(NULL);
	return text;
}

static void claim(uint8_t station, enum net_port_id from)
{
	static const uint8_t ip[4] = { 10, 0, 2, 50 };
	struct ippass_headers h = {
		.kind = IPPASS_ARP, .sender_mac = { 2, 0, 0, 0, 0, station },
	};

	ippass_conflict(&h, IPPASS_USES, from, ip);
}

static void a_station_that_keeps_at_it_takes_one_line(void)
{
	CHECK(!strcmp(described(), ""));
	for (unsigned int i = 0; i < 1000; i++) {
		claim(1, NET_WIRE);
		fake_time += SECOND;
	}
	CHECK(log_lines == 1);
	CHECK(strstr(last_log, "10.0.2.50 is the VMM's, but "
		     "02:00:00:00:00:01 on the wire uses it"));
	CHECK(strstr(described(), "on the wire uses it, 1000 times, last 1 s ago"));
	CHECK(reported == 1000);
	/* the same MAC address in the guest is somebody else */
	claim(1, NET_GUEST);
	CHECK(log_lines == 2 && strstr(last_log, "in the guest"));
	/* after ten quiet minutes it is news again */
	fake_time += 601 * SECOND;
	claim(1, NET_WIRE);
	CHECK(log_lines == 3);
}

static void what_had_no_room_in_the_log_is_not_forgotten(void)
{
	fake_time += 10 * SECOND;
	log_lines = 0;
	claim(2, NET_WIRE);
	claim(3, NET_WIRE);
	CHECK(log_lines == 1);
	fake_time += 10 * SECOND;
	claim(3, NET_WIRE);
	CHECK(log_lines == 2 && strstr(last_log, "00:03 on the wire"));
	claim(3, NET_WIRE);
	CHECK(log_lines == 2);
}

static void many_stations_do_not_fill_the_log(void)
{
	unsigned int lines = 0;

	log_lines = 0;
	for (unsigned int i = 0; i < 10000; i++) {
		claim((uint8_t)(10 + i % 200), NET_WIRE);
		fake_time += SECOND / 100;
	}
	CHECK(log_lines >= 19 && log_lines <= 21);
	for (const char *at = described(); (at = strstr(at, " times"));
	     at++)
		lines++;
	CHECK(lines == 8);
	claim(250, NET_WIRE);
	CHECK(strstr(described(), "02:00:00:00:00:fa"));
}

static void ip6_addresses_are_told_whole(void)
{
	struct ippass_headers h = {
		.kind = IPPASS_IP6, .sender_mac = { 2, 0, 0, 0, 1, 1 },
	};
	static const uint8_t ip[16] = { 0xfe, 0x80, [8] = 0x12, 0x34, [15] = 1 };

	fake_time += 10 * SECOND;
	ippass_conflict(&h, IPPASS_PROBES, NET_GUEST, ip);
	CHECK(strstr(last_log, "fe80:0000:0000:0000:1234:0000:0000:0001 is the "
		     "VMM's, but 02:00:00:00:01:01 in the guest asks for it"));
}

int main(void)
{
	a_station_that_keeps_at_it_takes_one_line();
	what_had_no_room_in_the_log_is_not_forgotten();
	many_stations_do_not_fill_the_log();
	ip6_addresses_are_told_whole();
	printf("%u checks\n", checks);
	return 0;
}
