# SPDX-License-Identifier: MIT
domains-$(CONFIG_NETD) += netd
netd-y += domains/netd/main.c domains/netd/error.c
netd-libs := lwip mbedtls $(if $(CONFIG_MGMT),http-parser)
include net/stack/lwip/build.mk
