# SPDX-License-Identifier: MIT
# Programs for the host that judge a configuration by the VMM's own code.
host-progs-y += tandem-conf pci-bindings
tandem-conf-y := tools/tandem-conf/main.c $(conf-host-sources)
pci-bindings-y := tools/pci-bindings/main.c boot/uefi/elf.c core/pci/binding.c
