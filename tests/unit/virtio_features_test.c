// SPDX-License-Identifier: MIT
/*
 * Do the bits that are offered follow Kconfig's symbols, each by itself and in
 * any mixture, and what the wire can do?
 */
#include "../../net/virtio/virtio.h"
#include "net_fake.h"

#include <tandem/kconfig.h>

static bool is_on(const char *symbol);

#undef IS_ENABLED
#define IS_ENABLED(symbol)	is_on(#symbol)
#include "../../net/virtio/features.c"

#define ALWAYS	(VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC)
#define CAN_ALL	(NET_CAN_CSUM | NET_CAN_TSO4 | NET_CAN_TSO6)

static uint32_t on;			/* a bit for each of these */
static const struct {
	const char *symbol;
	uint64_t feature;
} symbols[] = {
	{ "CONFIG_VIRTIO_CSUM", BIT(0) },
	{ "CONFIG_VIRTIO_GUEST_CSUM", BIT(1) },
	{ "CONFIG_VIRTIO_CTRL_GUEST_OFFLOADS", BIT(2) },
	{ "CONFIG_VIRTIO_MTU", BIT(3) },
	{ "CONFIG_VIRTIO_GUEST_TSO4", BIT(7) },
	{ "CONFIG_VIRTIO_HOST_TSO4", BIT(11) },
	{ "CONFIG_VIRTIO_HOST_TSO6", BIT(12) },
	{ "CONFIG_VIRTIO_MRG_RXBUF", BIT(15) },
	{ "CONFIG_VIRTIO_STATUS", BIT(16) },
	{ "CONFIG_VIRTIO_CTRL_VQ", BIT(17) },
	{ "CONFIG_VIRTIO_CTRL_RX", BIT(18) },
	{ "CONFIG_VIRTIO_CTRL_MAC_ADDR", BIT(23) },
	{ "CONFIG_VIRTIO_INDIRECT_DESC", BIT(28) },
	{ "CONFIG_VIRTIO_EVENT_IDX", BIT(29) },
	{ "CONFIG_VIRTIO_RING_RESET", BIT(40) },
};

static bool is_on(const char *symbol)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(symbols); i++)
		if (!strcmp(symbols[i].symbol, symbol))
			return on & BIT(i);
	printf("%s: no such symbol\n", symbol);
	exit(1);
}

/* The bits that are to be offered to those who can use them all. */
static uint64_t expected(void)
{
	uint64_t features = ALWAYS;

	for (unsigned int i = 0; i < ARRAY_SIZE(symbols); i++)
		if (on & BIT(i))
			features |= symbols[i].feature;
	return features;
}

int main(void)
{
	uint64_t all;

	for (on = 0; on < BIT(ARRAY_SIZE(symbols)); on++)
		CHECK(virtio_features(CAN_ALL) == expected());
	/* all on: a wire that can do less is offered as one */
	on--;
	all = virtio_features(CAN_ALL);
	CHECK(virtio_features(CAN_ALL & ~(uint32_t)NET_CAN_TSO4) ==
	      (all & ~(uint64_t)VIRTIO_NET_F_HOST_TSO4));
	CHECK(virtio_features(CAN_ALL & ~(uint32_t)NET_CAN_TSO6) ==
	      (all & ~(uint64_t)VIRTIO_NET_F_HOST_TSO6));
	CHECK(virtio_features(NET_CAN_TSO4 | NET_CAN_TSO6) ==
	      (all & ~(uint64_t)(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 |
				 VIRTIO_NET_F_HOST_TSO6)));
	printf("%u checks\n", checks);
	return 0;
}
