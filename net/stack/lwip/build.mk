# SPDX-License-Identifier: MIT
# The lwIP port, compiled into netd.
netd-y += net/stack/lwip/port.c net/stack/lwip/random.c net/stack/lwip/netif.c \
	net/stack/lwip/status.c net/stack/lwip/dhcp.c \
	net/stack/lwip/guest_lease.c net/stack/lwip/announce.c \
	net/stack/lwip/dns.c net/stack/lwip/vlan.c net/stack/lwip/listen.c \
	net/stack/lwip/checksum.c net/stack/lwip/storm.c
netd-$(CONFIG_IPV6) += net/stack/lwip/ip6.c
