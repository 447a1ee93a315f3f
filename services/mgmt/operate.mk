# SPDX-License-Identifier: MIT
# What the management service does beside showing: shell, power, captures.
netd-$(CONFIG_MGMT) += services/mgmt/core.c services/mgmt/api_shell.c \
	services/mgmt/api_power.c services/mgmt/api_capture.c \
	services/mgmt/pcapng.c
