# SPDX-License-Identifier: MIT
# The echo service's own arithmetic; lwIP's structs, without lwIP.
unit-tests-$(CONFIG_ECHO) += echo_windows
echo_windows-y += tests/unit/echo_windows_test.c
echo_windows-cflags = -Itests/unit/mgmt_fake -Iservices/include \
	-isystem $(TANDEM_CACHE)/src/lwip/src/include -Inet/stack/include \
	-isystem $(TANDEM_CACHE)/src/mbedtls/include -idirafter domains/include
