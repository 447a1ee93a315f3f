/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the core's side of netd's rings, below a netd that writes anything
 * anywhere in them, says any addresses, and ends at any time. The core stays in
 * its memory, and each slot is in one place.
 */
#define main netring_test_main
int netring_test_main(void);
#include "../unit/netring_test.c"
#undef main

#include "fuzz.h"

static void one_step(struct fuzz_input *in)
{
	struct netring *rings = &area->rx_ready;
	uint8_t what = fuzz_byte(in);
	uint32_t at;

	switch (what & 15) {
	case 0:
		at = fuzz_word(in) % (sizeof(*rings) / 4);
		((uint32_t *)&rings[what >> 4 & 3])[at] = fuzz_long(in);
		break;
	case 1:
		put_tx(fuzz_byte(in), what >> 4, fuzz_byte(in) * 8u);
		break;
	case 2:
		put_tx(fuzz_word(in), fuzz_word(in), fuzz_word(in));
		break;
	case 3:
		give_rx(what & 0x80 ? fuzz_word(in) : fuzz_byte(in));
		break;
	case 4:
		send(14 + fuzz_byte(in) * 6u, what & 0x10 ? FRAME_CSUM_VALID :
		     what & 0x20 ? FRAME_CSUM_PARTIAL : 0);
		break;
	case 5:
		memset(bytes, 0, 64);
		bytes[12] = what & 0x10 ? 0x86 : 8;
		bytes[13] = what & 0x10 ? 0xdd : 0;
		fuzz_bytes(in, bytes + 14, 40);
		send(54 + fuzz_word(in) % 8000, FRAME_CSUM_PARTIAL |
		     (what & 0x10 ? FRAME_TSO6 : FRAME_TSO4));
		break;
	case 6:
		input_room = MIN(what >> 4, 64 - n_input);
		ring();
		break;
	case 7:
		all_sent();
		break;
	case 8:
		at = fuzz_byte(in) % (sizeof(area->addresses) / 4);
		((uint32_t *)&area->addresses)[at] = fuzz_long(in);
		break;
	case 9:
		input_room = 64 - n_input;
		port.ops->resume(&port);
		break;
	case 10:
		netd_starts_anew();
		break;
	case 11:
		meanwhile = netd_starts_anew;
		break;
	case 12:
		port.link = what >> 4 & 1;
		port.ops->link_changed(&port, port.link);
		break;
	default:
		input_room = 64 - n_input;
		ring();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	if (!service) {
		memcpy(port.mac, "\x52\x54\0\7\7\7", ETH_ALEN);
		CHECK(netring_create(&port) == 0 && service);
		stack = container_of(service, struct stack_port, service);
		area = service->shared;
	}
	port.link = true;
	settings.dhcp = fuzz_byte(&in) & 1;
	input_room = 64;
	start();
	for (unsigned int i = 0; i < 400 && in.left; i++)
		one_step(&in);
	meanwhile = NULL;
	service->ended(service, netd);
	all_sent();
	for (unsigned int i = 0; i < STACK_TX_SLOTS; i++)
		CHECK(!stack->in_flight[i]);
	/* the next one finds all of them */
	start();
	for (unsigned int i = 0; i < STACK_TX_SLOTS; i++)
		CHECK(take_tx() >= 0);
	CHECK(take_tx() < 0);
	service->ended(service, netd);
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0\1\1\10\1\2\10\x0f\7\1\3\xff\x0f\4\10\3\0\4\x20"),
	FUZZ_SEED("\1\x08\1\1\0\0\0\x08\2\1\0\0\0\x08\0\2\0\0\0\x0f\x0a\x0b"
		  "\1\5\10\x0f\7"),
	FUZZ_SEED("\0\5\x45\0\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		  "\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0\0\0\x10"),
	FUZZ_SEED("\0\0\0\0\xe8\3\0\0\x0f\x30\0\0\0\0\0\xf0\4\1"),
	{ NULL, 0 },
};
