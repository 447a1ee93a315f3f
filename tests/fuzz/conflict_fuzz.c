/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: frames from wire and guest, of any number of stations, through the
 * switch's look for conflicts: the log gets a line in five seconds at most, and
 * what `net` shows of them are lines.
 */
#include "../../net/ippass/classify.h"
#include "net_fake.h"

#include "fuzz.h"

#include <stdarg.h>

void net_report_text(struct net_report *r __unused, const char *name,
		     const char *fmt, ...)
{
	char text[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	CHECK(n > 0 && n < (int)sizeof(text) && strlen(name) < 16);
}

void net_report_count(struct net_report *r __unused, const char *name __unused,
		      uint64_t value __unused)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ip[4] = { 10, 0, 2, 50 };
	struct ippass_view v = {
		.guest_mac = { 0x52, 0x54, 0, 1, 2, 3 },
		.stack_mac = { 0x52, 0x54, 0, 1, 2, 3 },
		.vmm = { .n_ip4 = 1, .n_ip6 = 1 },
	};
	struct fuzz_input in = { data, size };
	uint64_t begin = fake_time;

	memcpy(&v.vmm.ip4[0], ip, sizeof(ip));
	v.vmm.ip6[0][0] = 0xfe;
	log_lines = 0;
	while (in.left) {
		uint8_t frame[IPPASS_HEADER_BYTES], how = fuzz_byte(&in);
		struct ippass_headers h;
		enum ippass_claim claim;
		const uint8_t *address;
		size_t n = fuzz_bytes(&in, frame, how >> 1 & 63);

		fake_time += 1u << (how & 15);
		if (!ippass_parse(frame, n, &h))
			continue;
		claim = ippass_claim(&v, &h, how & 1, &address);
		if (claim)
			ippass_conflict(&h, claim, how & 1, address);
	}
	CHECK(log_lines <= 2 + (fake_time - begin) / 5000000);
	ippass_conflicts_describe(NULL);
	fake_time += 10000000;
	return 0;
}

#define ARP	"\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\6\0\1\x08\0\6\4\0\1"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\x54" ARP "\2\0\0\0\0\1\x0a\0\2\x32\0\0\0\0\0\0\x0a\0\2\x32"
		  "\x55" ARP "\2\0\0\0\0\2\x0a\0\2\x32\0\0\0\0\0\0\x0a\0\2\x32"
		  "\x55" ARP "\2\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\x0a\0\2\x32"),
	FUZZ_SEED("\x44\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\0"
		  "\x45\0\0\x14\0\0\0\0\x40\1\0\0\x0a\0\2\x32\x0a\0\2\2"),
	{ NULL, 0 },
};
