# SPDX-License-Identifier: MIT
# Driver for Broadcom BCM57xx.
vmm-$(CONFIG_NET_BNX) += net/bnx/probe.c net/bnx/reset.c net/bnx/phy.c \
	net/bnx/mac.c net/bnx/tx.c net/bnx/txoffload.c net/bnx/txsoft.c \
	net/bnx/rx.c net/bnx/poll.c net/bnx/watchdog.c
