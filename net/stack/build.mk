# SPDX-License-Identifier: MIT
# The core's side of the rings shared with netd.
vmm-$(CONFIG_NETD) += net/stack/port.c net/stack/service.c
