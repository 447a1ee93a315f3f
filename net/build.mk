# SPDX-License-Identifier: MIT
# Packets: the switch and the ports joined to it (net/include/net/net.h).
vmm-y += net/net.c net/status.c net/guest_status.c
vmm-$(or $(CONFIG_NETD),$(CONFIG_NET_VIRTIO)) += net/segment.c
vmm-$(CONFIG_NETD) += net/settings.c
vmm-$(CONFIG_MGMT) += net/capture.c net/capture_filter.c
include $(wildcard net/bnx/build.mk net/ippass/build.mk net/virtio/build.mk \
	net/stack/build.mk)
