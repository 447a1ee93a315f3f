# SPDX-License-Identifier: MIT
# The configuration that is read at boot; what is expected has all keys.
unit-tests-$(CONFIG_ECHO) += conf
conf-y += tests/unit/conf_test.c $(conf-host-sources)
unit-tests-$(CONFIG_ECHO) += conf_boot
conf_boot-y += tests/unit/conf_boot_test.c core/conf/boot.c \
	$(conf-host-sources)
