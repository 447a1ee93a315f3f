# SPDX-License-Identifier: MIT
# The configuration that is read at boot; what is expected has all keys.
unit-tests-$(CONFIG_ECHO) += conf
conf-y += tests/unit/conf_test.c core/pci/binding.c $(conf-sources)
