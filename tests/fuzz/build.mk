# SPDX-License-Identifier: MIT
# Fuzz targets, with clang's libFuzzer: make fuzz-NAME [SECONDS=n]. Inputs that
# were worth keeping stay in $(O)/tests/fuzz/NAME.corpus.
# What reads the bytes of others, for make fuzz-net.
fuzz-net-y := binding classify conflict txoffload segment virtio bios boot_elf \
	domain_elf
fuzz-net-$(CONFIG_NETD) += netring
fuzz-net-$(CONFIG_ECHO) += conf conf_boot rings netd
fuzz-net-$(CONFIG_MGMT) += mgmt_reader mgmt_input mgmt_auth \
	mgmt_tls mgmt_records

fuzz-net-$(CONFIG_MDNS) += mdns_guard

fuzz-targets-y := decode-bytes $(fuzz-net-y)

decode-bytes-fuzz-y := tests/fuzz/decode_fuzz.c tests/unit/decode_reference.c \
	core/x86/decode.c
decode-bytes-fuzz-ldflags := -lZydis
binding-fuzz-y := tests/fuzz/binding_fuzz.c core/pci/binding.c
conf-fuzz-y := tests/fuzz/conf_fuzz.c $(conf-host-sources)
conf_boot-fuzz-y := tests/fuzz/conf_boot_fuzz.c tests/fuzz/seeds.c \
	core/conf/boot.c $(conf-host-sources)
bios-fuzz-y := tests/fuzz/bios_fuzz.c tests/fuzz/seeds.c boot/bios/multiboot.c \
	boot/bios/option.c
bios-fuzz-cflags := -Iboot/bios
boot_elf-fuzz-y := tests/fuzz/boot_elf_fuzz.c tests/fuzz/seeds.c \
	boot/uefi/elf.c
boot_elf-fuzz-cflags := -Iboot/uefi
domain_elf-fuzz-y := tests/fuzz/domain_elf_fuzz.c tests/fuzz/seeds.c \
	core/domain/elf.c
conflict-fuzz-y := tests/fuzz/conflict_fuzz.c tests/fuzz/seeds.c \
	tests/unit/net_fake.c net/ippass/classify.c net/ippass/conflict.c
segment-fuzz-y = tests/fuzz/segment_fuzz.c tests/fuzz/seeds.c \
	$(filter-out tests/unit/net_segment_test.c,$(net_segment-y))
segment-fuzz-ldflags = $(net_segment-ldflags)
virtio-fuzz-y = tests/fuzz/virtio_fuzz.c tests/fuzz/seeds.c $(virtio-device)
virtio-fuzz-cflags = $(virtio-all)
netring-fuzz-y = tests/fuzz/netring_fuzz.c tests/fuzz/seeds.c \
	$(filter-out tests/unit/netring_test.c,$(netring-y))
classify-fuzz-y := tests/fuzz/classify_fuzz.c net/ippass/classify.c
txoffload-fuzz-y := tests/fuzz/txoffload_fuzz.c tests/unit/bnx_model.c \
	net/bnx/txoffload.c net/bnx/txsoft.c
mdns_guard-fuzz-y := tests/fuzz/mdns_guard_fuzz.c tests/fuzz/seeds.c \
	services/mdns/guard.c
mdns_guard-fuzz-cflags := -Iservices/mdns
mgmt_reader-fuzz-y = tests/fuzz/mgmt_reader_fuzz.c tests/fuzz/seeds.c \
	$(filter-out %_test.c,$(mgmt_reader-y))
mgmt_reader-fuzz-cflags = $(mgmt_reader-cflags)
mgmt_input-fuzz-y := tests/fuzz/mgmt_input_fuzz.c tests/fuzz/seeds.c \
	services/mgmt/input.c
mgmt_input-fuzz-cflags = $(mgmt_input-cflags)
mgmt_auth-fuzz-y = tests/fuzz/mgmt_auth_fuzz.c tests/fuzz/seeds.c \
	$(filter-out %_test.c,$(mgmt_auth-y))
mgmt_auth-fuzz-cflags = $(mgmt_auth-cflags) -D_GNU_SOURCE
# tls.c is part of the targets, and gate.c of the second; what they call of
# lwIP's TCP is never reached.
mgmt_tls_host := tests/fuzz/mgmt_host.c tests/fuzz/seeds.c \
	services/mgmt/certificate.c services/mgmt/settle.c services/mgmt/clock.c \
	services/mgmt/budget.c
mgmt_tls_cflags = -Iservices/mgmt -Iservices/include \
	-Itests/fuzz/netd/include $(lwip_cflags) -D_GNU_SOURCE \
	-idirafter domains/include
mgmt_tls_ldflags := -no-pie -Wl,--wrap=mbedtls_ecp_mul_restartable \
	-Wl,--unresolved-symbols=ignore-in-object-files
mgmt_tls-fuzz-y := tests/fuzz/mgmt_tls_fuzz.c $(mgmt_tls_host)
mgmt_tls-fuzz-needs := services/mgmt/tls.c
mgmt_tls-fuzz-cflags = $(mgmt_tls_cflags)
mgmt_tls-fuzz-ldflags := $(mgmt_tls_ldflags)
mgmt_records-fuzz-y = tests/fuzz/mgmt_records_fuzz.c tests/fuzz/tls_client.c \
	tests/fuzz/wire_fake.c $(mgmt_tls_host) services/mgmt/reader.c \
	services/mgmt/places.c services/mgmt/peer.c \
	$(http-parser_sources)
mgmt_records-fuzz-needs := services/mgmt/tls.c services/mgmt/gate.c
mgmt_records-fuzz-cflags = $(mgmt_tls_cflags) $(http-parser_cflags)
mgmt_records-fuzz-ldflags := $(mgmt_tls_ldflags)

# The fuzzing guest, run by scripts/fuzz-guest.
fuzz_guest_seconds := $(or $(SECONDS),1800)
efi-progs-y += fuzz
fuzz-y := $(addprefix tests/fuzz/guest/,main.c operations.c random.c console.c \
	cpu.c entry.S registers.c ports.c memory.c calls.c interrupts.c \
	virtio.c cases.c)

.PHONY: fuzz-guest
fuzz-guest: all bench-nic
	$(Q)scripts/fuzz-guest --seconds $(fuzz_guest_seconds) --seed $(SEED)
