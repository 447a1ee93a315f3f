# SPDX-License-Identifier: MIT
#
# Builds Tandem: the VMM (tandem.elf) with its domains inside, the UEFI loader,
# the guest's programs and the unit tests. One make for the whole tree: each
# folder's build.mk, if it has one, adds its sources to the lists below, and
# docs/build.md says which lists there are. Everything made goes below $(O).

MAKEFLAGS += -rR --no-print-directory
SHELL := /bin/sh
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

O ?= build
V ?= 0
W ?= 0
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
LD := ld
AR := ar
OBJCOPY := objcopy
NM := nm
PYTHON := /usr/bin/python3

TANDEM_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tandem
export O V W TANDEM_CACHE

ifeq ($(V),1)
Q :=
say :=
else
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))';
endif

# ---- configuration -------------------------------------------------------

config_dir := $(O)/include/config
config_front := menuconfig guiconfig oldconfig olddefconfig listnewconfig
config_goals := $(filter $(config_front) savedefconfig %_defconfig, \
	$(MAKECMDGOALS))
no_config_goals := $(config_goals) help clean distclean check setup

kconfig := KCONFIG_CONFIG=$(O)/.config $(PYTHON) scripts/kconfig.py
kconfig_files := $(wildcard Kconfig */Kconfig */*/Kconfig)

.PHONY: default all
default: all

.PHONY: $(config_front) savedefconfig
$(config_front): | $(O)/.config
	$(Q)$(kconfig) $@

%_defconfig:
	$(Q)$(kconfig) defconfig $@

savedefconfig: | $(O)/.config
	$(Q)$(kconfig) savedefconfig $(O)/defconfig

$(O)/.config:
	$(Q)$(kconfig) defconfig qemu_defconfig

# auto.conf is newer than what it was made from even if its content, and
# autoconf.h's, did not change: the stamp carries the date.
$(config_dir)/stamp: $(O)/.config $(kconfig_files) scripts/kconfig.py
	$(Q)$(kconfig) generate $(config_dir)
	$(Q)touch $@

$(config_dir)/auto.conf $(config_dir)/autoconf.h: $(config_dir)/stamp ;

goals := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out $(no_config_goals),$(goals)),)
ifneq ($(config_goals),)
# `make x_defconfig all`: one after the other.
mixed := y
else
include $(config_dir)/auto.conf
endif
endif

ifeq ($(mixed),y)
.PHONY: $(filter-out $(config_goals),$(goals)) one-by-one
$(filter-out $(config_goals),$(goals)): one-by-one ;
one-by-one: $(config_goals)
	$(Q)set -e; for goal in $(filter-out $(config_goals),$(goals)); do \
		$(MAKE) $$goal; done
else

# ---- what the folders add ------------------------------------------------

vmm-y :=
loader-y :=
lib-y :=
domain-lib-y :=
domains-y :=
guest-progs-y :=
guest-modules-y :=
efi-progs-y :=
unit-tests-y :=
clean-y :=

include $(wildcard lib/build.mk core/build.mk net/build.mk boot/build.mk \
	services/build.mk domains/build.mk guest/build.mk tools/build.mk \
	tests/build.mk)

twice := $(filter $(domains-y) $(guest-progs-y) $(efi-progs-y),$(unit-tests-y)) \
	$(filter $(domains-y) $(efi-progs-y),$(guest-progs-y)) \
	$(filter $(domains-y),$(efi-progs-y))
ifneq ($(strip $(twice)),)
$(error programs of two kinds have the same name: $(twice))
endif

# $(call objects,KIND,SOURCES)
objects = $(patsubst %.c,$(O)/obj/$(1)/%.o,$(filter %.c,$(2))) \
	$(patsubst %.S,$(O)/obj/$(1)/%.o,$(filter %.S,$(2)))

# ---- flags ---------------------------------------------------------------

warnings := -Wall -Wextra -Wno-unused-parameter -Wvla \
	-Werror=implicit-function-declaration -Werror=implicit-int \
	-Werror=incompatible-pointer-types -Werror=int-conversion \
	-Werror=return-type
ifeq ($(W),1)
warnings += -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings
endif

gcc_include := $(shell $(CC) -print-file-name=include)
auto_header := -include $(config_dir)/autoconf.h
tandem_include := -Ilib/include -Icore/include -Inet/include -I$(O)/include
depend = -MMD -MP -MF $(@:.o=.d)

bare := -std=gnu11 -O2 -g -m64 -ffreestanding -nostdinc \
	-isystem $(gcc_include) -fno-pic -fno-pie -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-fno-strict-aliasing -fno-common -fno-delete-null-pointer-checks \
	-fcf-protection=none -ffile-prefix-map=$(CURDIR)/= $(auto_header)

vmm_flags := $(bare) -mcmodel=kernel $(tandem_include) -DTANDEM_VMM
domain_bare := $(bare) -mcmodel=small -ffunction-sections -fdata-sections \
	-DTANDEM_DOMAIN
domain_flags := $(domain_bare) $(tandem_include) \
	-Idomains/include -Iservices/include

efi_arch := x86_64
efi_dir := /usr/lib
loader_flags := -std=gnu11 -O2 -g -m64 -ffreestanding -fpic -fshort-wchar \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common \
	-fcf-protection=none -maccumulate-outgoing-args \
	-DEFI_FUNCTION_WRAPPER -DGNU_EFI_USE_MS_ABI -DTANDEM_LOADER \
	-ffile-prefix-map=$(CURDIR)/= $(auto_header) \
	-isystem /usr/include/efi -isystem /usr/include/efi/$(efi_arch) \
	$(tandem_include)

guest_flags := -std=gnu11 -O2 -g -Wall -Wextra -Iguest/include -Iguest/common \
	-fno-pie -ffile-prefix-map=$(CURDIR)/=

# The host's own C library comes first; <tandem/...> is found after it.
unit_flags := -std=gnu11 -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	$(auto_header) -DTANDEM_UNIT_TEST -Itests/unit -Icore/include \
	-Inet/include -I$(O)/include -idirafter lib/include

# ---- objects -------------------------------------------------------------

made := $(config_dir)/autoconf.h Makefile

# $(call rules,KIND,FLAGS): how sources become $(O)/obj/KIND/*.o
define rules
$(O)/obj/$(1)/%.o: %.c $(made) | $(config_dir)/release.h
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)$$(CC) $(2) $$(warnings) $$(depend) -c -o $$@ $$<
$(O)/obj/$(1)/%.o: %.S $(made)
	@mkdir -p $$(@D)
	$$(call say,AS,$$<)$$(CC) $(2) -D__ASSEMBLY__ $$(depend) -c -o $$@ $$<
endef

$(eval $(call rules,vmm,$$(vmm_flags)))
$(eval $(call rules,domains,$$(domain_flags)))
$(eval $(call rules,loader,$$(loader_flags)))

# ---- release -------------------------------------------------------------

# <config/release.h> defines TANDEM_RELEASE, as git describes the tree.
release := $(shell git describe --always --dirty --tags 2>/dev/null || \
	echo unknown)
.PHONY: FORCE
$(config_dir)/release.h: FORCE
	@mkdir -p $(@D)
	@echo '#define TANDEM_RELEASE "$(release)"' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---- third-party libraries, for domains ------------------------------------

third_party := $(TANDEM_CACHE)/src
lwip_dir := $(third_party)/lwip
mbedtls_dir := $(third_party)/mbedtls

third_flags := $(domain_bare) -w -Inet/stack/include -Ilib/include \
	-Idomains/include

lwip_cflags := -isystem $(lwip_dir)/src/include -Inet/stack/include
lwip_sources := $(wildcard $(lwip_dir)/src/core/*.c \
	$(lwip_dir)/src/core/ipv4/*.c $(lwip_dir)/src/core/ipv6/*.c) \
	$(lwip_dir)/src/netif/ethernet.c

mbedtls_cflags := -isystem $(mbedtls_dir)/include -Inet/stack/include \
	-DMBEDTLS_CONFIG_FILE='<tandem_mbedtls_config.h>'
mbedtls_sources := $(wildcard $(mbedtls_dir)/library/*.c)

# $(call library,NAME): $(O)/lib/libNAME.a from the cached sources
define library
$(1)_objects := $$(patsubst $$($(1)_dir)/%.c,$(O)/obj/$(1)/%.o,$$($(1)_sources))
$(O)/obj/$(1)/%.o: $$($(1)_dir)/%.c $(made)
	@mkdir -p $$(@D)
	$$(call say,CC,$(1)/$$*.c)$$(CC) $$(third_flags) $$($(1)_cflags) $$(depend) -c -o $$@ $$<
$$($(1)_dir)/%.c:
	@echo "the sources of $(1) are missing: run scripts/setup" >&2; exit 1
$(O)/lib/lib$(1).a: $$($(1)_objects)
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)rm -f $$@ && $$(AR) rcsD $$@ $$($(1)_objects)
endef
$(eval $(call library,lwip))
$(eval $(call library,mbedtls))

# ---- domains -------------------------------------------------------------

domain_common := $(call objects,domains,$(domain-lib-y) $(lib-y))
domain_elfs := $(domains-y:%=$(O)/domains/%.elf)

# A domain's sources may need its own flags, so each has its own objects.
define domain
$(eval $(call rules,domains/$(1),$$(domain_flags) $$($(1)-cflags) \
	$(foreach l,$($(1)-libs),$$($(l)_cflags))))
$(1)_objects := $(call objects,domains/$(1),$($(1)-y))
$(O)/domains/$(1).elf: $$($(1)_objects) $(domain_common) \
		$($(1)-libs:%=$(O)/lib/lib%.a) domains/lib/domain.lds
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$$(LD) -m elf_x86_64 -nostdlib -static \
		-z noexecstack -z max-page-size=4096 --build-id=none \
		--gc-sections -T domains/lib/domain.lds -o $$@ \
		$$($(1)_objects) $(domain_common) --start-group \
		$($(1)-libs:%=$(O)/lib/lib%.a) --end-group
endef
$(foreach d,$(domains-y),$(eval $(call domain,$(d))))

$(O)/domains/%.image: $(O)/domains/%.elf
	$(call say,STRIP,$@)$(OBJCOPY) --strip-all $< $@

# The table of programs that the VMM holds: name, start and end of the image.
$(O)/domains/table.S: FORCE
	@mkdir -p $(@D)
	@{ for d in $(domains-y); do printf '%s\n' \
		"	.section .rodata.domain_images, \"a\"" \
		"	.balign 16" \
		"1:	.incbin \"$(O)/domains/$$d.image\"" \
		"2:	.section .rodata.domain_names, \"a\"" \
		"3:	.asciz \"$$d\"" \
		"	.section .rodata.domain_table, \"a\"" \
		"	.balign 8" \
		"	.quad 3b, 1b, 2b"; \
	done; printf '\t.section .note.GNU-stack, "", @progbits\n'; } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(O)/obj/vmm/domain_table.o: $(O)/domains/table.S $(domains-y:%=$(O)/domains/%.image)
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) -m64 -c -o $@ $<

# ---- the VMM and its loader ------------------------------------------------

vmm_objects := $(call objects,vmm,$(vmm-y) $(lib-y)) $(O)/obj/vmm/domain_table.o

vmm_link := $(LD) -m elf_x86_64 -nostdlib -static -z noexecstack \
	-z max-page-size=4096 --build-id=none -T core/tandem.lds
vmm_symbols := $(O)/obj/vmm/symbols

# Linked twice: the table of functions' names is made from the first image,
# and must be right for the second.
$(vmm_symbols)_none.S: scripts/symbols
	@mkdir -p $(@D)
	$(call say,SYMBOLS,$@)scripts/symbols </dev/null >$@

$(vmm_symbols).S: $(vmm_objects) $(vmm_symbols)_none.o core/tandem.lds \
		scripts/symbols
	$(call say,SYMBOLS,$@)$(vmm_link) -o $(@:.S=.first) $(vmm_objects) \
		$(vmm_symbols)_none.o && \
		$(NM) $(@:.S=.first) | scripts/symbols >$@

$(vmm_symbols)_none.o $(vmm_symbols).o: %.o: %.S
	$(call say,AS,$<)$(CC) -m64 -c -o $@ $<

$(O)/tandem.debug: $(vmm_objects) $(vmm_symbols).o core/tandem.lds
	$(call say,LD,$@)$(vmm_link) -Map=$(O)/tandem.map -o $@ \
		$(vmm_objects) $(vmm_symbols).o && \
		$(NM) $@ | scripts/symbols | cmp - $(vmm_symbols).S

# What the firmware reads: no symbols, and a seal by which the loader knows
# that the file is whole.
$(O)/tandem.elf: $(O)/tandem.debug boot/seal.py
	$(call say,SEAL,$@)$(OBJCOPY) --strip-all $< $@ && \
		$(PYTHON) boot/seal.py $@

# $(call efi_program,FILE,OBJECTS): a UEFI application without .efi
efi_sections := .text .sdata .data .rodata .dynamic .dynsym .rel .rela \
	'.rel.*' '.rela.*' .reloc
define efi_program
$(O)/obj/loader/$(notdir $(1)).so: $(2)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$$(LD) -m elf_x86_64 -nostdlib -shared -Bsymbolic \
		-znocombreloc -z noexecstack --build-id=none --no-undefined \
		-T $$(efi_dir)/elf_x86_64_efi.lds \
		-o $$@ $$(efi_dir)/crt0-efi-x86_64.o $(2) \
		-L$$(efi_dir) -lefi -lgnuefi

$(1).efi: $(O)/obj/loader/$(notdir $(1)).so
	@mkdir -p $$(@D)
	$$(call say,EFI,$$@)$$(OBJCOPY) $$(efi_sections:%=-j %) \
		--target efi-app-x86_64 --subsystem=10 $$< $$@
endef
$(eval $(call efi_program,$(O)/loadvmm,$(call objects,loader,$(loader-y) $(lib-y))))

# Programs that run in the firmware, as the guest.
efi_programs := $(efi-progs-y:%=$(O)/efi/%.efi)
$(foreach p,$(efi-progs-y),$(eval $(call efi_program,$(O)/efi/$(p),$(call objects,loader,$($(p)-y)))))

# ---- programs for the guest and the host -----------------------------------

guest_programs := $(guest-progs-y:%=$(O)/guest/%)
unit_programs := $(unit-tests-y:%=$(O)/tests/unit/%)

define guest_program
$(eval $(call rules,guest/$(1),$$(guest_flags) $$($(1)-cflags)))
$(O)/guest/$(1): $(call objects,guest/$(1),$($(1)-y))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(CC) -static -no-pie -o $$@ $$^
endef
$(foreach p,$(guest-progs-y),$(eval $(call guest_program,$(p))))

# Modules for the guest's kernel, built by Debian's headers of it.
guest_modules := $(guest-modules-y:%=$(O)/modules/%.ko)
kernel_headers := $(TANDEM_CACHE)/kernel/headers

define guest_module
$(O)/modules/$(1).ko: $(wildcard $($(1)-dir)/*.c) $(TANDEM_CACHE)/kernel/release
	$$(call say,MODULE,$$@)rm -rf $(O)/obj/modules/$(1) && \
		mkdir -p $(O)/obj/modules/$(1) $$(@D) && \
		cp $($(1)-dir)/*.c $(O)/obj/modules/$(1)/ && \
		echo 'obj-m := $(1).o' >$(O)/obj/modules/$(1)/Makefile && \
		env -u O -u V -u W -u MAKEFLAGS -u MAKELEVEL $$(MAKE) -s \
			-C $(kernel_headers) modules \
			M=$(abspath $(O)/obj/modules/$(1)) && \
		cp $(O)/obj/modules/$(1)/$(1).ko $$@
endef
$(foreach m,$(guest-modules-y),$(eval $(call guest_module,$(m))))

define unit_test
$(eval $(call rules,unit/$(1),$$(unit_flags) $$($(1)-cflags)))
$(O)/tests/unit/$(1): $(call objects,unit/$(1),$($(1)-y))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(CC) -fsanitize=address,undefined -o $$@ $$^ $$($(1)-ldflags)
endef
$(foreach t,$(unit-tests-y),$(eval $(call unit_test,$(t))))

# ---- the bench NIC, a plugin for QEMU ---------------------------------------

bench_nic := $(O)/tools/qemu-bcm57xx/bcm57xx.so
$(bench_nic): $(wildcard tools/qemu-bcm57xx/*.[ch] tools/qemu-bcm57xx/build.sh)
	$(call say,BUILD,$@)tools/qemu-bcm57xx/build.sh $(@D)

# Count from outside, for make bench and test_cost.py: VM exits, and what they cost.
exit_plugins := $(foreach p,exitcount exitcost,$(O)/tools/$(p)/$(p).so)
$(exit_plugins): $(O)/tools/%.so: tools/%.c | $(bench_nic)
	@mkdir -p $(@D)
	$(call say,BUILD,$@)$(CC) -std=gnu11 -O2 -Wall -Wextra -fPIC -shared \
		-fvisibility=hidden -o $@ $< -isystem \
		$$(ls -d $(third_party)/qemu-headers-*/include/qemu | tail -n 1)

# ---- targets ---------------------------------------------------------------

.PHONY: vmm domains loader guest guest-modules unit-programs bench-nic
vmm: $(O)/tandem.elf
domains: $(domain_elfs)
loader: $(O)/loadvmm.efi
guest: $(guest_programs) $(efi_programs)
guest-modules: $(guest_modules)
unit-programs: $(unit_programs)
bench-nic: $(bench_nic) $(exit_plugins)

all: vmm loader guest

.PHONY: unit test test-core bench run
unit: $(unit_programs)
	$(Q)scripts/run-unit-tests $(unit_programs)

run: all bench-nic
	$(Q)scripts/demo $(RUN_ARGS)

test: all bench-nic $(unit_programs) $(guest_modules)
	$(Q)scripts/test-stages

# The stages that are about the core: CPUs, lifecycles, isolation, fuzzing.
core_stages := unit smp guest_kinds payload reboot restart sleep hang panic \
	hostile policy iommu cost fuzz
test-core: all bench-nic $(unit_programs) $(guest_modules)
	$(Q)scripts/test-stages $(core_stages)

bench: all bench-nic
	$(Q)tests/bench/bench

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

endif # mixed

.PHONY: check clean distclean help setup
check:
	$(Q)scripts/check

setup:
	$(Q)scripts/setup

clean:
	$(Q)rm -rf $(O)/obj $(O)/lib $(O)/domains $(O)/guest $(O)/efi $(O)/tests \
		$(O)/modules \
		$(O)/tandem.elf $(O)/tandem.debug \
		$(O)/tandem.map $(O)/loadvmm.efi

distclean:
	$(Q)rm -rf $(O)

help:
	@echo 'Build'
	@echo '  all            VMM, domains, loader, guest programs (default)'
	@echo '  vmm domains loader guest bench-nic   one part'
	@echo '  clean          remove what was built, keep the configuration'
	@echo '  distclean      remove everything below $(O)'
	@echo
	@echo 'Use'
	@echo '  run            boot it all and show the main job'
	@echo '  test           all tests'
	@echo '  test-core      ... of the core: CPUs, lifecycles, isolation, fuzzing'
	@echo '  unit           unit tests on the host'
	@echo '  fuzz-guest     a guest that does anything, SECONDS=1800 SEED=1'
	@echo '  fuzz-decode    the decoder against others, SECONDS=60 SEED=1'
	@echo '  bench          measure, with Tandem and without it'
	@echo '  check          layout and licence lines of the sources'
	@echo '  setup          install what is missing (scripts/setup)'
	@echo
	@echo 'Configuration ($(O)/.config)'
	@cd configs && for c in *_defconfig; do printf '  %-22s %s\n' $$c \
		"$$(sed -n '2s/^# //p' $$c)"; done
	@echo '  menuconfig guiconfig   edit it'
	@echo '  oldconfig      ask about new symbols'
	@echo '  olddefconfig   new symbols get their defaults'
	@echo '  listnewconfig  symbols the configuration does not know'
	@echo '  savedefconfig  write $(O)/defconfig: what differs from the defaults'
	@echo
	@echo 'Variables: O=dir (now $(O)), V=1 full commands, W=1 warnings are errors'
