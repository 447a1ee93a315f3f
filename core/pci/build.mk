# SPDX-License-Identifier: MIT
# PCI: enumeration, configuration space, bindings.
vmm-y += core/pci/config.c core/pci/enumerate.c core/pci/bridge.c \
	core/pci/binding.c core/pci/bind.c core/pci/power.c
