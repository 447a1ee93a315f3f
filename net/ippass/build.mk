# SPDX-License-Identifier: MIT
# How frames find their way between wire, guest and stack.
vmm-y += net/ippass/pass.c
vmm-$(CONFIG_NET_IPPASS) += net/ippass/ippass.c net/ippass/classify.c \
	net/ippass/conflict.c
