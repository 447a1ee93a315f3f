# SPDX-License-Identifier: MIT
# The virtio-net function that the guest sees.
vmm-$(CONFIG_NET_VIRTIO) += net/virtio/device.c net/virtio/features.c \
	net/virtio/pci.c net/virtio/bar.c net/virtio/common.c net/virtio/interrupt.c \
	net/virtio/queue.c net/virtio/rx.c net/virtio/large.c \
	net/virtio/tx.c net/virtio/hold.c net/virtio/ctrl.c
