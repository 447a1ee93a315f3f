# SPDX-License-Identifier: MIT
# The configuration that is read at boot. The parser is also the loader's, and
# that of programs on the host.
conf-sources := core/conf/keys.c core/conf/value.c core/conf/parse.c
conf-host-sources := $(conf-sources) core/pci/binding.c lib/hostname.c
vmm-y += $(conf-sources) core/conf/boot.c core/conf/show.c
vmm-$(CONFIG_MGMT) += core/conf/mgmt.c
