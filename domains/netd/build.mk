# SPDX-License-Identifier: MIT
domains-$(CONFIG_NETD) += netd
netd-y += domains/netd/main.c domains/netd/error.c
netd-libs := lwip mbedtls
include net/stack/lwip/build.mk
