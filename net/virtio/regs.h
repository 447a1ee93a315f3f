/* SPDX-License-Identifier: MIT */
/*
 * Names and layouts of virtio 1.2: PCI transport (section 4.1), split
 * virtqueues (2.7) and the network device (5.1).
 */
#ifndef VIRTIO_REGS_H
#define VIRTIO_REGS_H

#include <tandem/types.h>

/* 4.1.2: identification */
#define VIRTIO_PCI_VENDOR	0x1af4
#define VIRTIO_PCI_DEVICE_NET	0x1041
#define VIRTIO_PCI_REVISION	1

/* 2.1: device status */
#define VIRTIO_STATUS_ACKNOWLEDGE	0x01
#define VIRTIO_STATUS_DRIVER		0x02
#define VIRTIO_STATUS_DRIVER_OK		0x04
#define VIRTIO_STATUS_FEATURES_OK	0x08
#define VIRTIO_STATUS_NEEDS_RESET	0x40
#define VIRTIO_STATUS_FAILED		0x80

/* 5.1.3 and 6: feature bits */
#define VIRTIO_NET_F_CSUM		BIT(0)
#define VIRTIO_NET_F_GUEST_CSUM		BIT(1)
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS	BIT(2)
#define VIRTIO_NET_F_MTU		BIT(3)
#define VIRTIO_NET_F_MAC		BIT(5)
#define VIRTIO_NET_F_GUEST_TSO4		BIT(7)
#define VIRTIO_NET_F_HOST_TSO4		BIT(11)
#define VIRTIO_NET_F_HOST_TSO6		BIT(12)
#define VIRTIO_NET_F_MRG_RXBUF		BIT(15)
#define VIRTIO_NET_F_STATUS		BIT(16)
#define VIRTIO_NET_F_CTRL_VQ		BIT(17)
#define VIRTIO_NET_F_CTRL_RX		BIT(18)
#define VIRTIO_NET_F_CTRL_MAC_ADDR	BIT(23)
#define VIRTIO_F_INDIRECT_DESC		BIT(28)
#define VIRTIO_F_EVENT_IDX		BIT(29)
#define VIRTIO_F_VERSION_1		BIT(32)
#define VIRTIO_F_RING_RESET		BIT(40)

/* 4.1.4: capabilities */
#define VIRTIO_PCI_CAP_COMMON_CFG	1
#define VIRTIO_PCI_CAP_NOTIFY_CFG	2
#define VIRTIO_PCI_CAP_ISR_CFG		3
#define VIRTIO_PCI_CAP_DEVICE_CFG	4
#define VIRTIO_PCI_CAP_PCI_CFG		5

/* 4.1.4.3: common configuration structure */
#define COMMON_DEVICE_FEATURE_SELECT	0x00
#define COMMON_DEVICE_FEATURE		0x04
#define COMMON_DRIVER_FEATURE_SELECT	0x08
#define COMMON_DRIVER_FEATURE		0x0c
#define COMMON_CONFIG_MSIX_VECTOR	0x10
#define COMMON_NUM_QUEUES		0x12
#define COMMON_DEVICE_STATUS		0x14
#define COMMON_CONFIG_GENERATION	0x15
#define COMMON_QUEUE_SELECT		0x16
#define COMMON_QUEUE_SIZE		0x18
#define COMMON_QUEUE_MSIX_VECTOR	0x1a
#define COMMON_QUEUE_ENABLE		0x1c
#define COMMON_QUEUE_NOTIFY_OFF		0x1e
#define COMMON_QUEUE_DESC		0x20	/* 64 bits, and the next two */
#define COMMON_QUEUE_DRIVER		0x28
#define COMMON_QUEUE_DEVICE		0x30
#define COMMON_QUEUE_NOTIFY_DATA	0x38
#define COMMON_QUEUE_RESET		0x3a
#define COMMON_SIZE			0x3c

#define VIRTIO_MSI_NO_VECTOR		0xffff

/* 4.1.4.5: ISR status */
#define VIRTIO_ISR_QUEUE		0x01
#define VIRTIO_ISR_CONFIG		0x02

/* 2.7.5: descriptor table */
struct vring_desc {
	uint64_t addr;		/* guest-physical */
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

#define VRING_DESC_F_NEXT		0x1
#define VRING_DESC_F_WRITE		0x2
#define VRING_DESC_F_INDIRECT		0x4

/* 2.7.6, 2.7.8: used_event follows ring[] of avail, avail_event of used */
struct vring_avail {
	uint16_t flags, idx, ring[];
};

#define VRING_AVAIL_F_NO_INTERRUPT	0x1

struct vring_used_elem {
	uint32_t id, len;
};

struct vring_used {
	uint16_t flags, idx;
	struct vring_used_elem ring[];
};

#define VRING_USED_F_NO_NOTIFY		0x1

_Static_assert(sizeof(struct vring_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(sizeof(struct vring_used_elem) == 8, "virtio 1.2, 2.7.8");

/* 5.1.4: device configuration layout */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status;		/* VIRTIO_NET_S_* */
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
};

#define VIRTIO_NET_S_LINK_UP		1

_Static_assert(sizeof(struct virtio_net_config) == 12, "virtio 1.2, 5.1.4");

/* 5.1.6: in front of every frame */
struct virtio_net_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

#define VIRTIO_NET_HDR_F_NEEDS_CSUM	1
#define VIRTIO_NET_HDR_F_DATA_VALID	2
#define VIRTIO_NET_HDR_GSO_NONE		0
#define VIRTIO_NET_HDR_GSO_TCPV4	1
#define VIRTIO_NET_HDR_GSO_TCPV6	4

_Static_assert(sizeof(struct virtio_net_hdr) == 12, "virtio 1.2, 5.1.6");

/* 5.1.6.5: control virtqueue */
#define VIRTIO_NET_CTRL_RX		0
#define VIRTIO_NET_CTRL_RX_PROMISC	0
#define VIRTIO_NET_CTRL_RX_ALLMULTI	1
#define VIRTIO_NET_CTRL_MAC		1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET	0
#define VIRTIO_NET_CTRL_MAC_ADDR_SET	1
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS	5
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET	0
#define VIRTIO_NET_OK			0
#define VIRTIO_NET_ERR			1

#endif
