// SPDX-License-Identifier: MIT
/*
 * The feature bits that the device offers (virtio 1.2, 5.1.3 and 6): what
 * Kconfig has left on, and the wire can do. That none is without those that it
 * needs is Kconfig's affair. VERSION_1 and MAC always are: a driver without
 * them would be one of another device.
 */
#include "virtio.h"

#include <tandem/kconfig.h>

uint64_t virtio_features(uint32_t can)
{
	const struct {
		uint64_t feature;
		bool on;
		uint32_t needs;		/* of the wire: NET_CAN_* */
	} offer[] = {
		{ VIRTIO_NET_F_CSUM, IS_ENABLED(CONFIG_VIRTIO_CSUM),
		  NET_CAN_CSUM },
		{ VIRTIO_NET_F_HOST_TSO4, IS_ENABLED(CONFIG_VIRTIO_HOST_TSO4),
		  NET_CAN_CSUM | NET_CAN_TSO4 },
		{ VIRTIO_NET_F_HOST_TSO6, IS_ENABLED(CONFIG_VIRTIO_HOST_TSO6),
		  NET_CAN_CSUM | NET_CAN_TSO6 },
		{ VIRTIO_NET_F_GUEST_CSUM,
		  IS_ENABLED(CONFIG_VIRTIO_GUEST_CSUM), 0 },
		{ VIRTIO_NET_F_GUEST_TSO4,
		  IS_ENABLED(CONFIG_VIRTIO_GUEST_TSO4), 0 },
		{ VIRTIO_NET_F_MRG_RXBUF,
		  IS_ENABLED(CONFIG_VIRTIO_MRG_RXBUF), 0 },
		{ VIRTIO_NET_F_CTRL_VQ, IS_ENABLED(CONFIG_VIRTIO_CTRL_VQ), 0 },
		{ VIRTIO_NET_F_CTRL_RX, IS_ENABLED(CONFIG_VIRTIO_CTRL_RX), 0 },
		{ VIRTIO_NET_F_CTRL_MAC_ADDR,
		  IS_ENABLED(CONFIG_VIRTIO_CTRL_MAC_ADDR), 0 },
		{ VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
		  IS_ENABLED(CONFIG_VIRTIO_CTRL_GUEST_OFFLOADS), 0 },
		{ VIRTIO_NET_F_STATUS, IS_ENABLED(CONFIG_VIRTIO_STATUS), 0 },
		{ VIRTIO_NET_F_MTU, IS_ENABLED(CONFIG_VIRTIO_MTU), 0 },
		{ VIRTIO_F_EVENT_IDX, IS_ENABLED(CONFIG_VIRTIO_EVENT_IDX), 0 },
		{ VIRTIO_F_INDIRECT_DESC,
		  IS_ENABLED(CONFIG_VIRTIO_INDIRECT_DESC), 0 },
		{ VIRTIO_F_RING_RESET,
		  IS_ENABLED(CONFIG_VIRTIO_RING_RESET), 0 },
	};
	uint64_t features = VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC;

	for (unsigned int i = 0; i < ARRAY_SIZE(offer); i++)
		if (offer[i].on && !(offer[i].needs & ~can))
			features |= offer[i].feature;
	return features;
}
