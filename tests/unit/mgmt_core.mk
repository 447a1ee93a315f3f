# SPDX-License-Identifier: MIT
# What the core does for the management service.
unit-tests-y += clock identity power
clock-y += tests/unit/clock_test.c
identity-y += tests/unit/identity_test.c
power-y += tests/unit/power_test.c
unit-tests-$(CONFIG_MGMT) += net_capture
net_capture-y += tests/unit/net_capture_test.c
unit-tests-$(CONFIG_MGMT) += pcapng
pcapng-y += tests/unit/pcapng_test.c services/mgmt/pcapng.c
pcapng-cflags := -Iservices/mgmt
