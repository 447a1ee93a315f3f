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
CROSS_COMPILE ?=
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS_COMPILE)gcc
endif
HOSTCC ?= $(if $(CROSS_COMPILE),gcc,$(CC))
LD := $(CROSS_COMPILE)ld
AR := $(CROSS_COMPILE)ar
OBJCOPY := $(CROSS_COMPILE)objcopy
NM := $(CROSS_COMPILE)nm
PYTHON := /usr/bin/python3

# Compilers differ: the flag if this one knows it.
cc_option = $(shell $(CC) -Werror $(1) -c -x c -o /dev/null /dev/null \
	2>/dev/null && echo '$(1)')

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
config_front := menuconfig nconfig guiconfig oldconfig olddefconfig \
	listnewconfig
config_new := allnoconfig allyesconfig alldefconfig randconfig
config_goals := $(filter $(config_front) $(config_new) savedefconfig \
	%_defconfig,$(MAKECMDGOALS))
no_config_goals := $(config_goals) help clean distclean check docs setup dist \
	uninstall

kconfig := KCONFIG_CONFIG=$(O)/.config $(PYTHON) scripts/kconfig.py
kconfig_files := $(wildcard Kconfig */Kconfig */*/Kconfig)

.PHONY: default all
default: all

.PHONY: $(config_front) savedefconfig
$(config_front): | $(O)/.config
	$(Q)$(kconfig) $@

.PHONY: $(config_new)
$(config_new):
	$(Q)$(kconfig) $@ $(SEED)

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

$(config_dir)/auto.conf $(config_dir)/autoconf.h $(config_dir)/symbols.h: \
	$(config_dir)/stamp ;

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
bios-y :=
lib-y :=
domain-lib-y :=
domains-y :=
guest-progs-y :=
guest-ports-y :=
guest-modules-y :=
efi-progs-y :=
host-progs-y :=
unit-tests-y :=

include $(wildcard lib/build.mk core/build.mk net/build.mk boot/build.mk \
	services/build.mk domains/build.mk guest/build.mk tools/build.mk \
	tests/build.mk)

twice := $(filter $(domains-y) $(guest-progs-y) $(efi-progs-y) $(host-progs-y),$(unit-tests-y)) \
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
# What is made does not say where it was made.
prefix_maps := -ffile-prefix-map=$(O)/=build/ -ffile-prefix-map=$(CURDIR)=. \
	-ffile-prefix-map=$(TANDEM_CACHE)/= \
	$(patsubst %,-ffile-prefix-map=%/=,$(realpath $(TANDEM_CACHE)))
tandem_include := -Ilib/include -Icore/include -Inet/include -I$(O)/include
# Compiles, and writes down what the object depends on. Not -MMD: lwIP's headers
# count as system headers, and so would what they include of ours.
compile = $(CC) $(1) -MD -MF $(@:.o=.dep) -c -o $@ $< && \
	awk -v config=$(config_dir) -f scripts/depend.awk $(@:.o=.dep) \
		>$(@:.o=.d) && rm $(@:.o=.dep)

bare := -std=gnu11 -O2 -g -m64 -ffreestanding -nostdinc \
	-isystem $(gcc_include) -fno-pic -fno-pie -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-fno-strict-aliasing -fno-common -fno-delete-null-pointer-checks \
	-fcf-protection=none $(prefix_maps) $(auto_header)

vmm_flags := $(bare) -mcmodel=kernel $(tandem_include) -DTANDEM_VMM
domain_bare := $(bare) -mcmodel=small -fpie -fvisibility=hidden \
	-ffunction-sections -fdata-sections -DTANDEM_DOMAIN
domain_flags := $(domain_bare) $(tandem_include) \
	-Idomains/include -Iservices/include

efi_arch := x86_64
efi_dir := /usr/lib
loader_flags := -std=gnu11 -O2 -g -m64 -ffreestanding -fpic -fshort-wchar \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common \
	-fcf-protection=none $(call cc_option,-maccumulate-outgoing-args) \
	-DEFI_FUNCTION_WRAPPER -DGNU_EFI_USE_MS_ABI -DTANDEM_LOADER \
	$(prefix_maps) $(auto_header) \
	-isystem /usr/include/efi -isystem /usr/include/efi/$(efi_arch) \
	$(tandem_include)

guest_flags := -std=gnu11 -O2 -g -Wall -Wextra -Iguest/include -Iguest/common \
	-fno-pie $(prefix_maps)

bios_flags := $(bare) -mcmodel=small $(tandem_include) -DTANDEM_LOADER \
	-fshort-wchar -DGNU_EFI_USE_MS_ABI \
	-isystem /usr/include/efi -isystem /usr/include/efi/$(efi_arch)

# The host's own C library comes first; <tandem/...> is found after it.
unit_flags := -std=gnu11 -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	$(auto_header) -DTANDEM_UNIT_TEST -Itests/unit -Icore/include \
	-Inet/include -I$(O)/include -idirafter lib/include

# Programs for the host, from sources of the VMM and the loader.
host_flags := -std=gnu11 -O2 -g $(auto_header) -Icore/include -Iboot/uefi \
	-I$(O)/include -idirafter lib/include

# ---- objects -------------------------------------------------------------

# $(call recorded,NAME,TEXT): a file that is newer than what was made of it once
# TEXT is another, as a list of objects or flags may be. It is read as a
# makefile: what $(file <) of make 4.3 reads may end too early. (Not by
# $(wildcard): what is in the folder then would be so for the whole run.)
-include $(shell mkdir -p $(O)/obj/recorded && \
	find $(O)/obj/recorded -type f)
recorded = $(O)/obj/recorded/$(1)$(call record,$(1),$(strip $(2)))
record = $(if $(call same,$(was_$(1)),$(2)),,$(file \
	>$(O)/obj/recorded/$(1),was_$(1) := $(2)))
same = $(and $(findstring =$(1)=,=$(2)=),$(findstring =$(2)=,=$(1)=))

made := Makefile $(call recorded,flags,$(shell $(CC) --version | head -n 1) \
	$(warnings)) | $(config_dir)/autoconf.h

# clang's own assembler does not know all of real mode.
gnu_as := $(call cc_option,-fno-integrated-as)

# $(call rules,KIND,FLAGS): how sources become $(O)/obj/KIND/*.o
define rules
$(O)/obj/$(1)/%.o: %.c $(made) $(config_dir)/release.h
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)$$(call compile,$(2) $$(warnings))
$(O)/obj/$(1)/%.o: %.S $(made)
	@mkdir -p $$(@D)
	$$(call say,AS,$$<)$$(call compile,$(2) $$(gnu_as) -D__ASSEMBLY__)
# clang-tidy's word on a source, asked again when its object is out of date
$(O)/obj/$(1)/%.tidy: %.c $(O)/obj/$(1)/%.o .clang-tidy
	$$(call say,TIDY,$$<)clang-tidy --quiet $$< -- $$(filter-out \
		-maccumulate-outgoing-args,$(2)) -Wno-everything \
		>$$@ 2>$$@.stderr || { cat $$@ >&2; rm -f $$@; exit 1; }
endef

$(eval $(call rules,vmm,$$(vmm_flags)))
$(eval $(call rules,domains,$$(domain_flags)))
$(eval $(call rules,loader,$$(loader_flags)))
$(eval $(call rules,bios,$$(bios_flags)))

# ---- release -------------------------------------------------------------

# <config/release.h> defines TANDEM_RELEASE, as git describes the tree.
# A tree that did not come by git has it in a file (make dist).
RELEASE ?= $(shell git describe --always --dirty --tags 2>/dev/null || \
	cat RELEASE 2>/dev/null || echo unknown)
release := $(RELEASE)
.PHONY: FORCE
$(config_dir)/release.h: FORCE
	@mkdir -p $(@D)
	@echo '#define TANDEM_RELEASE "$(release)"' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---- third-party libraries, for domains ------------------------------------

third_party := $(TANDEM_CACHE)/src
lwip_dir := $(third_party)/lwip
mbedtls_dir := $(third_party)/mbedtls
http-parser_dir := $(third_party)/http-parser

third_flags := $(domain_bare) -w -Inet/stack/include -Ilib/include \
	-Idomains/include

lwip_cflags := -isystem $(lwip_dir)/src/include -Inet/stack/include
lwip_cflags += $(if $(CONFIG_MGMT),-isystem $(mbedtls_dir)/include \
	-DMBEDTLS_CONFIG_FILE='<tandem_mbedtls_config.h>')
lwip_sources := $(wildcard $(lwip_dir)/src/core/*.c \
	$(lwip_dir)/src/core/ipv4/*.c $(lwip_dir)/src/core/ipv6/*.c) \
	$(lwip_dir)/src/netif/ethernet.c
lwip_apps-$(CONFIG_MGMT) += altcp_tls/altcp_tls_mbedtls.c \
	altcp_tls/altcp_tls_mbedtls_mem.c http/httpd.c http/fs.c
lwip_apps-$(CONFIG_SNTP) += sntp/sntp.c
lwip_sources += $(lwip_apps-y:%=$(lwip_dir)/src/apps/%)

mbedtls_cflags := -isystem $(mbedtls_dir)/include -Inet/stack/include \
	-DMBEDTLS_CONFIG_FILE='<tandem_mbedtls_config.h>'
mbedtls_sources := $(wildcard $(mbedtls_dir)/library/*.c)

http-parser_cflags := -isystem $(http-parser_dir) -DHTTP_PARSER_STRICT=1 \
	-DHTTP_MAX_HEADER_SIZE=4096
http-parser_sources := $(http-parser_dir)/http_parser.c

# $(call library,NAME): $(O)/lib/libNAME.a from the cached sources
define library
$(1)_objects := $$(patsubst $$($(1)_dir)/%.c,$(O)/obj/$(1)/%.o,$$($(1)_sources))
$(O)/obj/$(1)/%.o: $$($(1)_dir)/%.c $(made)
	@mkdir -p $$(@D)
	$$(call say,CC,$(1)/$$*.c)$$(call compile,$$(third_flags) $$($(1)_cflags))
$$($(1)_dir)/%.c:
	@echo "the sources of $(1) are missing: run scripts/setup" >&2; exit 1
$(O)/lib/lib$(1).a: $$($(1)_objects) $$(call recorded,lib$(1),$$($(1)_objects))
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)rm -f $$@ && $$(AR) rcsD $$@ $$($(1)_objects)
endef
$(eval $(call library,lwip))
$(eval $(call library,mbedtls))
$(eval $(call library,http-parser))

# ---- domains -------------------------------------------------------------

domain_common := $(call objects,domains,$(domain-lib-y) $(lib-y))
domain_elfs := $(domains-y:%=$(O)/domains/%.elf)

# A domain's sources may need its own flags, so each has its own objects.
define domain
$(eval $(call rules,domains/$(1),$$(domain_flags) $$($(1)-cflags) \
	$(foreach l,$($(1)-libs),$$($(l)_cflags))))
$(1)_objects := $(call objects,domains/$(1),$($(1)-y))
$$($(1)_objects): $$(call recorded,domain-$(1)-flags,flags $$($(1)-cflags))
$(O)/domains/$(1).elf: $$($(1)_objects) $(domain_common) \
		$($(1)-libs:%=$(O)/lib/lib%.a) domains/lib/domain.lds \
		$$(call recorded,domain-$(1),$$($(1)_objects) $(domain_common))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$$(LD) -m elf_x86_64 -nostdlib -pie \
		--no-dynamic-linker -z pack-relative-relocs -z text \
		-z norelro \
		-z noexecstack -z max-page-size=4096 --build-id=none \
		--gc-sections -T domains/lib/domain.lds -o $$@ \
		$$($(1)_objects) $(domain_common) --start-group \
		$($(1)-libs:%=$(O)/lib/lib%.a) --end-group
endef
$(foreach d,$(domains-y),$(eval $(call domain,$(d))))

$(O)/domains/%.image: $(O)/domains/%.elf
	$(call say,STRIP,$@)$(OBJCOPY) --strip-all $< $@

# Names of its functions, for the report of a fault.
$(O)/domains/%.symbols.S: $(O)/domains/%.elf scripts/symbols
	$(call say,SYMBOLS,$@)$(NM) $< | scripts/symbols $* >$@

$(O)/obj/domains/%.symbols.o: $(O)/domains/%.symbols.S
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) -m64 -c -o $@ $<

# The table of programs that the VMM holds: name, start and end of the image,
# symbols.
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
		"	.quad 3b, 1b, 2b, symbols_$$d"; \
	done; printf '\t.section .note.GNU-stack, "", @progbits\n'; } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(O)/obj/vmm/domain_table.o: $(O)/domains/table.S \
		$(domains-y:%=$(O)/domains/%.image)
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) -m64 -c -o $@ $<

# ---- the VMM and its loader ------------------------------------------------

vmm_objects := $(call objects,vmm,$(vmm-y) $(lib-y)) $(O)/obj/vmm/domain_table.o \
	$(domains-y:%=$(O)/obj/domains/%.symbols.o)

vmm_link := $(LD) -m elf_x86_64 -nostdlib -static -z noexecstack \
	-z max-page-size=4096 --build-id=none -T core/tandem.lds
vmm_symbols := $(O)/obj/vmm/symbols

# Linked twice: the table of functions' names is made from the first image,
# and must be right for the second.
$(vmm_symbols)_none.S: scripts/symbols
	@mkdir -p $(@D)
	$(call say,SYMBOLS,$@)scripts/symbols </dev/null >$@

$(vmm_symbols).S: $(vmm_objects) $(vmm_symbols)_none.o core/tandem.lds \
		scripts/symbols $(call recorded,vmm,$(vmm_objects))
	$(call say,SYMBOLS,$@)$(vmm_link) -o $(@:.S=.first) $(vmm_objects) \
		$(vmm_symbols)_none.o && \
		$(NM) $(@:.S=.first) | scripts/symbols >$@

$(vmm_symbols)_none.o $(vmm_symbols).o: %.o: %.S
	$(call say,AS,$<)$(CC) -m64 -c -o $@ $<

$(O)/tandem.debug: $(vmm_objects) $(vmm_symbols).o core/tandem.lds
	$(call say,LD,$@)$(vmm_link) -Map=$(O)/tandem.map -o $@ \
		$(vmm_objects) $(vmm_symbols).o && \
		$(NM) $@ | scripts/symbols | cmp - $(vmm_symbols).S

bios_objects := $(call objects,bios,$(bios-y) $(lib-y))
$(O)/obj/bios/loader: $(bios_objects) boot/bios/loader.lds \
		$(call recorded,bios,$(bios_objects))
	$(call say,LD,$@)$(LD) -m elf_x86_64 -nostdlib -static -z noexecstack \
		--build-id=none -T boot/bios/loader.lds -o $@ $(bios_objects)

# What boot loaders read: no symbols, the loader for BIOS machines, and a seal by
# which loaders know that the file is whole.
$(O)/tandem.elf: $(O)/tandem.debug $(O)/obj/bios/loader boot/seal.py \
		boot/bios/attach.py
	$(call say,SEAL,$@)$(OBJCOPY) --strip-all $< $@ && \
		$(OBJCOPY) -O binary $(O)/obj/bios/loader $(O)/obj/bios/loader.bin && \
		$(PYTHON) boot/bios/attach.py $@ $(O)/obj/bios/loader.bin $@ && \
		$(PYTHON) boot/seal.py $@

# $(call efi_program,FILE,OBJECTS): a UEFI application without .efi
efi_sections := .text .sdata .data .rodata .dynamic .dynsym .rel .rela \
	'.rel.*' '.rela.*' .reloc .tandemcf .tandemid .sbat .tandem
define efi_program
$(O)/obj/loader/$(notdir $(1)).so: $(2) $(call recorded,efi-$(notdir $(1)),$(2))
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
loader_objects := $(call objects,loader,$(loader-y) $(lib-y))
$(eval $(call efi_program,$(O)/loadvmm,$(loader_objects) \
	$(O)/obj/loader/boot/uefi/inside.o))
$(eval $(call efi_program,$(O)/tandem,$(loader_objects) \
	$(O)/obj/loader/vmm_inside.o))

$(O)/obj/loader/vmm_inside.o: boot/uefi/inside.S $(O)/tandem.elf
	$(call say,AS,$<)$(CC) -m64 -c -DVMM_FILE='"$(O)/tandem.elf"' -o $@ $<

# Programs that run in the firmware, as the guest.
efi_programs := $(efi-progs-y:%=$(O)/efi/%.efi)
$(foreach p,$(efi-progs-y),$(eval $(call efi_program,$(O)/efi/$(p),$(call objects,loader,$($(p)-y)))))

# ---- programs for the guest and the host -----------------------------------

guest_programs := $(guest-progs-y:%=$(O)/guest/%)
host_programs := $(host-progs-y:%=$(O)/host/%)
unit_programs := $(unit-tests-y:%=$(O)/tests/unit/%)

define guest_program
$(eval $(call rules,guest/$(1),$$(guest_flags) $$($(1)-cflags) -I$(O)/include))
$(1)_objects := $(call objects,guest/$(1),$($(1)-y))
$(O)/guest/$(1): $$($(1)_objects) $$(call recorded,guest-$(1),$$($(1)_objects))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(CC) -static -o $$@ $$($(1)_objects) $$($(1)-ldflags)
endef
$(foreach p,$(guest-progs-y),$(eval $(call guest_program,$(p))))

# The same for other systems.
linux32_cc := gcc -m32
linux32_link := -static -no-pie
windows64_cc := x86_64-w64-mingw32-gcc
windows64_link := -static
windows32_cc := i686-w64-mingw32-gcc
windows32_link := -static
guest_tools := $(guest_programs) \
	$(guest-ports-y:%=$(O)/guest-tools/linux32/%)
guest_tools_windows := $(foreach s,windows64 windows32,$(guest-ports-y:%=$(O)/guest-tools/$(s)/%.exe))

# $(call guest_tool,NAME,SYSTEM,SUFFIX,SOURCES)
define guest_tool
$(O)/obj/$(2)/$(1)/%.o: CC := $($(2)_cc)
$(eval $(call rules,$(2)/$(1),$$(guest_flags) $$($(1)-cflags) -I$(O)/include))
$(O)/guest-tools/$(2)/$(1)$(3): $(call objects,$(2)/$(1),$(4))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$($(2)_cc) $($(2)_link) -o $$@ $$^
endef
$(foreach t,$(guest-ports-y), \
	$(eval $(call guest_tool,$(t),linux32,,$($(t)-y))) \
	$(foreach s,windows64 windows32, \
		$(eval $(call guest_tool,$(t),$(s),.exe,$($(t)-windows-y)))))

# The call library, for programs of others.
$(eval $(call rules,libcall_vmm,$$(guest_flags) -fPIC))
libcall_vmm := $(O)/guest-tools/libcall_vmm.a
libcall_vmm_objects := $(call objects,libcall_vmm,$(call_vmm) $(call_vmm_posix))
$(libcall_vmm): $(libcall_vmm_objects)
	@mkdir -p $(@D)
	$(call say,AR,$@)rm -f $@ && $(AR) rcsD $@ $(libcall_vmm_objects)

define host_program
$(eval $(call rules,host/$(1),$$(host_flags) $$($(1)-cflags)))
host_$(1)_objects := $(call objects,host/$(1),$($(1)-y))
$(O)/host/$(1): $$(host_$(1)_objects) \
		$$(call recorded,host-$(1),$$(host_$(1)_objects))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(HOSTCC) -o $$@ $$(host_$(1)_objects)
endef
$(foreach p,$(host-progs-y),$(eval $(call host_program,$(p))))

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
unit_$(1)_objects := $(call objects,unit/$(1),$($(1)-y))
$(O)/tests/unit/$(1): $$(unit_$(1)_objects) \
		$$(call recorded,unit-$(1),$$(unit_$(1)_objects))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$$(HOSTCC) -fsanitize=address,undefined -o $$@ \
		$$(unit_$(1)_objects) $$($(1)-ldflags)
endef
$(foreach t,$(unit-tests-y),$(eval $(call unit_test,$(t))))

include tests/fuzz/rules.mk

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

.PHONY: vmm domains loader guest host guest-tools guest-tools-windows guest-modules \
	unit-programs bench-nic
vmm: $(O)/tandem.elf
domains: $(domain_elfs)
loader: $(O)/loadvmm.efi $(O)/tandem.efi
guest: $(guest_programs) $(efi_programs)
guest-tools: $(guest_tools) $(libcall_vmm)
guest-tools-windows: $(guest_tools_windows)
host: $(host_programs)
guest-modules: $(guest_modules)
unit-programs: $(unit_programs)
bench-nic: $(bench_nic) $(exit_plugins)

all: vmm loader guest host

.PHONY: unit test test-core test-domains bench run
unit: $(unit_programs)
	$(Q)scripts/run-unit-tests $(unit_programs)

run: all bench-nic
	$(Q)scripts/demo $(RUN_ARGS)

test: all bench-nic guest-tools guest-tools-windows $(unit_programs) \
		$(guest_modules) fuzz-net-programs
	$(Q)scripts/test-stages

# ... with what takes long and finds little.
.PHONY: test-all
test-all: all bench-nic guest-tools guest-tools-windows $(unit_programs) \
		$(guest_modules) fuzz-net-programs
	$(Q)TANDEM_LONG=1 TANDEM_REBOOTS=50 TANDEM_CONFIGS=100 \
		scripts/test-stages

# The stages that are about the core: CPUs, lifecycles, isolation, fuzzing.
core_stages := unit smp init guest_kinds payload reboot restart sleep hang panic \
	hostile policy iommu cost fuzz
test-core: all bench-nic $(unit_programs) $(guest_modules) fuzz-net-programs
	$(Q)scripts/test-stages $(core_stages)

# ... about domains and VMM calls.
domain_stages := domains vmmcalls dbgsh tools debug
domain_programs := $(filter domain% dbgsh% debug% vmmcall call_vmm echoctl% \
	log_filter random symbols usage,$(unit-tests-y))
test-domains: all bench-nic guest-tools guest-tools-windows \
		$(unit_programs) $(guest_modules)
	$(Q)scripts/run-unit-tests $(domain_programs:%=$(O)/tests/unit/%)
	$(Q)scripts/test-stages $(domain_stages)

# ... about what netd offers: echo, management, time.
.PHONY: test-services
service_stages := echo mgmt identity "system time" fuzz
service_programs := $(filter mgmt% pcapng net_capture identity clock sntp% \
	syslog% echoctl% domain_json,$(unit-tests-y))
test-services: all bench-nic $(unit_programs) $(guest_modules) fuzz-net-programs
	$(Q)scripts/run-unit-tests $(service_programs:%=$(O)/tests/unit/%)
	$(Q)scripts/test-stages $(service_stages)

# As many bad configurations, each a boot.
CONFIGS ?= 100
.PHONY: test-config
test-config: all bench-nic
	$(Q)TANDEM_CONFIGS=$(CONFIGS) scripts/test-stages config

bench: all bench-nic
	$(Q)tests/bench/bench

# What clang-tidy and cppcheck have to say about what runs beneath the guest.
.PHONY: lint cppcheck
lint_objects := $(filter-out $(O)/obj/vmm/domain_table.o %.S, \
	$(call objects,vmm,$(filter %.c,$(vmm-y) $(lib-y))) \
	$(call objects,loader,$(filter %.c,$(loader-y))) \
	$(call objects,bios,$(filter boot/bios/%.c,$(bios-y))) \
	$(call objects,domains,$(filter %.c,$(domain-lib-y))) \
	$(foreach d,$(domains-y),$(call objects,domains/$(d), \
		$(filter-out domains/lib/%,$(filter %.c,$($(d)-y))))))
lint: $(lint_objects:.o=.tidy) cppcheck
cppcheck: $(config_dir)/autoconf.h
	$(call say,CPPCHECK,core net lib)cppcheck --quiet --std=c11 \
		--enable=warning,performance,portability --inline-suppr \
		--suppressions-list=scripts/cppcheck.txt --error-exitcode=1 \
		--platform=unix64 -DTANDEM_VMM $(tandem_include) \
		--include=$(config_dir)/autoconf.h core net lib

# ---- copies of what was built ------------------------------------------------

prefix ?= /usr/local
.PHONY: install install-guest uninstall dist
image_dir = $(DESTDIR)$(prefix)/lib/tandem
install: vmm loader
	$(Q)install -d $(image_dir)
	$(call say,INSTALL,$(image_dir))install -m 644 $(O)/tandem.efi \
		$(O)/loadvmm.efi $(O)/tandem.elf $(image_dir)
	$(Q)$(kconfig) publicconfig $(image_dir)/config

install-guest: guest-tools
	$(call say,INSTALL,$(DESTDIR)$(prefix))DESTDIR='$(DESTDIR)' \
		guest/install.sh '$(abspath $(O))' '$(prefix)' '$(RELEASE)'

uninstall:
	$(Q)rm -f $(addprefix $(image_dir)/,tandem.efi loadvmm.efi \
		tandem.elf config)
	$(Q)rmdir $(image_dir) 2>/dev/null || true

# The sources as they are committed, and in RELEASE what git says they are.
dist_name = tandem-$(RELEASE)
dist:
	@mkdir -p $(O)
	@echo '$(RELEASE)' >$(O)/RELEASE
	$(call say,DIST,$(O)/$(dist_name).tar.gz)git archive \
		--prefix=$(dist_name)/ --add-file=$(O)/RELEASE HEAD | \
		gzip -9n >$(O)/$(dist_name).tar.gz

# ---- ways to a machine -------------------------------------------------------

.PHONY: usb-image serve test-boot
usb-image: loader
	$(Q)scripts/usb-image $(O)/tandem-usb.img

serve: vmm loader
	$(Q)scripts/serve $(SERVE_ARGS)

# All ways from the build directory to a running machine.
boot_stages := loader one_file boot_network boot_next boot_installed boot_serve \
	boot_stick secure_boot ipxe firmware_net bios
test-boot: all bench-nic $(guest_modules)
	$(Q)scripts/test-stages $(boot_stages)

# ---- other configurations ------------------------------------------------------

# Built with warnings as errors, none kept: the ends of the space, each service
# alone, and N random ones.
N ?= 10
.PHONY: randconfig-build test-reproducible
randconfig-build:
	$(Q)scripts/build-configs --random $(N) $(if $(SEED),--seed $(SEED))

# Two builds in different places are the same, byte by byte.
test-reproducible: all
	$(Q)scripts/test-stages build

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

endif # mixed

.PHONY: check clean distclean docs help setup
docs:
	$(Q)$(PYTHON) scripts/kconfig_docs.py write
	$(Q)$(PYTHON) scripts/api_docs.py write

check:
	$(Q)scripts/check

setup:
	$(Q)scripts/setup

clean:
	$(Q)rm -rf $(O)/obj $(O)/lib $(O)/domains $(O)/guest \
		$(O)/guest-tools $(O)/host $(O)/efi $(O)/tests \
		$(O)/modules $(O)/tools $(O)/configs \
		$(O)/tandem.elf $(O)/tandem.debug \
		$(O)/tandem.map $(O)/loadvmm.efi $(O)/tandem.efi

distclean:
	$(Q)rm -rf $(O)

help:
	@echo 'Build'
	@echo '  all            VMM, domains, loader, programs of guest and host (default)'
	@echo '  vmm domains loader guest host bench-nic   one part'
	@echo '  guest-tools guest-tools-windows      what users of a guest have'
	@echo '  install-guest  ... to $$(DESTDIR)$$(prefix), /usr/src'
	@echo '  clean          remove what was built, keep the configuration'
	@echo '  distclean      remove everything below $(O)'
	@echo
	@echo 'Use'
	@echo '  run            boot it all and show the main job'
	@echo '  test           all tests'
	@echo '  test-all       ... and those that take long: an hour and more'
	@echo '  test-core      ... of the core: CPUs, lifecycles, isolation, fuzzing'
	@echo '  test-domains   ... of domains, VMM calls and the debug shell'
	@echo '  test-services  ... of echo, management and time'
	@echo '  test-config    ... with 100 bad configurations, each a boot'
	@echo '  unit           unit tests on the host'
	@echo '  fuzz-guest     a guest that does anything, SECONDS=1800 SEED=1'
	@echo '  fuzz-decode    the decoder against others, SECONDS=60 SEED=1'
	@echo '  fuzz-net       what reads the bytes of others, SECONDS=60 SEED=1'
	@echo '                 TARGETS=names'
	@echo '  usb-image      $(O)/tandem-usb.img, for scripts/flash'
	@echo '  serve          HTTP server for network boots, SERVE_ARGS=--help'
	@echo '  test-boot      all ways to boot it'
	@echo '  bench          measure, with Tandem and without it'
	@echo '  check          layout and licence lines of the sources'
	@echo '  docs           the tables in docs/configuration.md, and docs/api.md'
	@echo '  lint           clang-tidy and cppcheck'
	@echo '  install        loader and VMM to $$(DESTDIR)$$(prefix)/lib/tandem;'
	@echo '                 uninstall takes them away'
	@echo '  dist           the committed sources as a tar file in $(O)'
	@echo '  test-reproducible   is a build elsewhere the same, byte by byte?'
	@echo '  randconfig-build    many configurations, N=10 of them random'
	@echo '  setup          install what is missing (scripts/setup)'
	@echo
	@echo 'Configuration ($(O)/.config)'
	@cd configs && for c in *_defconfig; do printf '  %-22s %s\n' $$c \
		"$$(sed -n '2s/^# //p' $$c)"; done
	@echo '  menuconfig     edit it in the terminal (nconfig is the same)'
	@echo '  guiconfig      ... in a window'
	@echo '  oldconfig      ask about new symbols'
	@echo '  olddefconfig   new symbols get their defaults'
	@echo '  allnoconfig allyesconfig alldefconfig   as little, as much as'
	@echo '                 can be, the defaults; randconfig SEED=n'
	@echo '  listnewconfig  symbols the configuration does not know'
	@echo '  savedefconfig  write $(O)/defconfig: what differs from the defaults'
	@echo
	@echo 'Variables: O=dir (now $(O)), V=1 full commands, W=1 warnings are errors,'
	@echo '  CC=clang, CROSS_COMPILE=prefix- (HOSTCC for what runs here)'
