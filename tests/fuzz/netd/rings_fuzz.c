/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: netd on rings that a core with a fault fills: any word in any ring,
 * in the configuration and in the area's head. It may end netd, and lead it
 * nowhere outside of the area and of its own memory.
 */
#include "host.h"

#include "../fuzz.h"

#define STEPS_MAX	300u

static struct fuzz_input in;
static unsigned int steps;

static void entry(struct netring *r)
{
	struct netring_entry e = {
		.slot = fuzz_byte(&in), .offset = fuzz_byte(&in),
		.len = fuzz_byte(&in), .flags = fuzz_byte(&in),
	};

	if (e.slot & 0x80)
		e.slot = fuzz_word(&in);
	if (e.offset & 0x80)
		e.offset = fuzz_word(&in);
	if (e.len & 0x80)
		e.len = fuzz_word(&in);
	netring_write(r, r->head, e);
	netring_publish(r, r->head + 1);
}

static void word(void *base, size_t size)
{
	size_t at = fuzz_word(&in) % (size / 4);

	((uint32_t *)base)[at] = fuzz_long(&in);
}

/* Frames worth a look: ARP, IPv4, IPv6, from what the input has. */
static void fill(void)
{
	static const uint8_t head[14] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0,
	};
	uint8_t frame[300];
	size_t n;

	memcpy(frame, head, sizeof(head));
	n = fuzz_bytes(&in, frame + 12, fuzz_byte(&in));
	host_deliver(frame, 14 + n, NETRING_CSUM_VALID);
}

static bool step(uint64_t deadline __attribute__((unused)))
{
	struct netring *rings = &host_area->rx_ready;
	uint8_t what = fuzz_byte(&in);

	if (!in.left || steps++ == STEPS_MAX)
		return false;
	switch (what & 7) {
	case 0:
	case 1:
		entry(&rings[what >> 3 & 3]);
		break;
	case 2:
		word(&rings[what >> 3 & 3], sizeof(*rings));
		break;
	case 3:
		word(&host_area->config, sizeof(host_area->config));
		host_area->config.generation += what >> 3 & 3;
		break;
	case 4:
		rings[what >> 3 & 3].head += what >> 5;
		break;
	case 5:
		host_time += 1000u << (what >> 3);
		break;
	case 6:
		host_tx_held = what & 8;
		host_give_tx(what >> 4);
		break;
	default:
		fill();
	}
	return true;
}

static void sent(const uint8_t *frame __attribute__((unused)),
		 size_t len __attribute__((unused)))
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how;

	in = (struct fuzz_input){ data, size };
	steps = 0;
	host_prepare();
	host_rings_wrong = true;
	host_area->config.echo_autostart = 1;
	how = fuzz_byte(&in);
	host_area->config.dhcp = how & 1;
	/* the area's head, which is read once */
	if (how & 2)
		word(host_area, sizeof(*host_area));
	/* what an earlier life of netd left */
	if (how & 4)
		fuzz_bytes(&in, host_area->kept, sizeof(host_area->kept));
	host_run(step, sent);
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0\0\1\2\x40\0\0\2\2\x40\1\x08\5\0\0\0\4\6"),
	FUZZ_SEED("\1\7\x2e\x08\6\0\1\x08\0\6\4\0\1\2\0\0\0\0\1\x0a\0\2\2\2\0\0"
		  "\0\0\1\x0a\0\2\x32\x6d\x6d\x85"),
	FUZZ_SEED("\4\0\0\0\0\0\0\0\0\7\0\xf8\xff\0\0\0\0\0\0\0\0\0\0\0\0\0"
		  "\3\0\0\1\2\3\4\x0b\1\0\5\6\7\x08\2\0\0\xff\xff\xff\xff"),
	FUZZ_SEED("\2\4\0\1\0\0\0\0\0\0\0"),
	{ NULL, 0 },
};
