# SPDX-License-Identifier: MIT
# How fuzz targets (build.mk) are made and run. Included late: it needs to know
# where the third-party libraries are.
CLANG ?= clang
SECONDS ?= 60
SEED ?= 1
fuzz_flags := -std=gnu11 -O1 -g -w -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all $(auto_header) -DTANDEM_UNIT_TEST \
	-Itests/unit -Icore/include -Inet/include -I$(O)/include \
	-idirafter lib/include

# ---- netd on the host ----

# netd's sources and lwIP's, with clang; only these are in $(O)/obj/fuzz/netd,
# which is how netd.lds knows whose variables are whose.
# The management service, the echo server and syslog by TLS are left out: behind
# TLS nobody's bytes arrive as they are; what reads them then has targets of its
# own.
fuzz_netd_port := $(filter-out net/stack/lwip/random.c services/mgmt/% \
	services/echo/tls.c services/syslog/stream.c services/syslog/trust.c, \
	$(netd-y))
fuzz_netd_lwip := $(filter-out $(lwip_dir)/src/apps/altcp_tls/% \
	$(lwip_dir)/src/apps/http/%,$(lwip_sources))
fuzz_netd_sources := $(fuzz_netd_port) lib/hostname.c domains/lib/log_level.c \
	domains/lib/utc.c
fuzz_flags_common := -std=gnu11 -O1 -g -w -fno-strict-aliasing \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=alignment,null \
	-fno-sanitize-recover=all $(auto_header) -Itests/fuzz/netd/include \
	-Icore/include -Inet/include -Iservices/include -I$(O)/include
# lwIP reads a timestamp's bytes as int
fuzz_netd_flags := $(fuzz_flags_common) -fno-sanitize=shift-base $(lwip_cflags) $(mbedtls_cflags) \
	$(netd-cflags) \
	-idirafter domains/include -idirafter lib/include
fuzz_netd_objects := $(fuzz_netd_sources:%.c=$(O)/obj/fuzz/netd/%.o) \
	$(fuzz_netd_lwip:$(lwip_dir)/%.c=$(O)/obj/fuzz/netd/lwip/%.o) \
	$(addprefix $(O)/obj/fuzz/netd/mbedtls/library/,sha256.o platform_util.o)
fuzz_netd_made := $(call recorded,fuzz-netd,$(fuzz_netd_flags)) $(made)
$(O)/obj/fuzz/netd/%.o: %.c $(fuzz_netd_made)
	@mkdir -p $(@D)
	$(call say,CLANG,$<)$(CLANG) $(fuzz_netd_flags) -include netd_libc.h \
		-MMD -MP -c -o $@ $<
define fuzz_netd_library
$(O)/obj/fuzz/netd/$(1)/%.o: $($(1)_dir)/%.c $(fuzz_netd_made)
	@mkdir -p $$(@D)
	$$(call say,CLANG,$(1)/$$*.c)$(CLANG) $(fuzz_netd_flags) \
		-include netd_libc.h -MMD -MP -c -o $$@ $$<
endef
$(foreach l,$(netd-libs),$(eval $(call fuzz_netd_library,$(l))))

fuzz_netd = tests/fuzz/netd/$(1)_fuzz.c tests/fuzz/netd/host.c tests/fuzz/seeds.c
netd-fuzz-y := $(call fuzz_netd,netd) tests/fuzz/netd/peer.c
rings-fuzz-y := $(call fuzz_netd,rings)
$(foreach t,netd rings,\
	$(eval $(t)-fuzz-objects := $(fuzz_netd_objects)) \
	$(eval $(t)-fuzz-needs := $(wildcard tests/fuzz/netd/*.[ch] \
		tests/fuzz/netd/*.lds)) \
	$(eval $(t)-fuzz-cflags := -Itests/fuzz/netd/include \
		-Inet/stack/include -Iservices/include \
		-idirafter domains/include) \
	$(eval $(t)-fuzz-ldflags := -Wl,-T,tests/fuzz/netd/netd.lds))

# ---- mbedTLS as netd has it ----

# It compares no bytes with NULL, which C forbids and no machine minds.
fuzz_mbedtls_flags := $(fuzz_flags_common) -O2 \
	-fno-sanitize=nonnull-attribute $(mbedtls_cflags)
fuzz_mbedtls_made := $(call recorded,fuzz-mbedtls,$(fuzz_mbedtls_flags)) $(made)
$(O)/obj/fuzz/mbedtls/%.o: $(mbedtls_dir)/library/%.c $(fuzz_mbedtls_made)
	@mkdir -p $(@D)
	$(call say,CLANG,mbedtls/$*.c)$(CLANG) $(fuzz_mbedtls_flags) \
		-MMD -MP -c -o $@ $<
mgmt_tls-fuzz-objects := $(patsubst $(mbedtls_dir)/library/%.c,\
	$(O)/obj/fuzz/mbedtls/%.o,$(mbedtls_sources))

# ... and what of lwIP is between it and the management service.
fuzz_altcp_flags := $(fuzz_flags_common) $(lwip_cflags) \
	-idirafter domains/include -idirafter lib/include -include stdio.h
fuzz_altcp_made := $(call recorded,fuzz-altcp,$(fuzz_altcp_flags)) $(made)
$(O)/obj/fuzz/altcp/%.o: $(lwip_dir)/src/%.c $(fuzz_altcp_made)
	@mkdir -p $(@D)
	$(call say,CLANG,altcp/$*.c)$(CLANG) $(fuzz_altcp_flags) \
		-MMD -MP -c -o $@ $<
mgmt_records-fuzz-objects := $(mgmt_tls-fuzz-objects) \
	$(patsubst %,$(O)/obj/fuzz/altcp/%.o,core/altcp core/def core/mem \
	core/memp core/pbuf core/stats apps/altcp_tls/altcp_tls_mbedtls \
	apps/altcp_tls/altcp_tls_mbedtls_mem)

define fuzz_target
$(O)/tests/fuzz/$(1): $($(1)-fuzz-y) $$($(1)-fuzz-objects) $$($(1)-fuzz-needs) \
		$(made)
	@mkdir -p $$@.corpus
	@command -v $(CLANG) >/dev/null || { echo "fuzzing needs clang" \
		"(Debian packages clang, libclang-rt-dev)" >&2; exit 1; }
	$$(call say,CLANG,$$@)$(CLANG) $(fuzz_flags) $$($(1)-fuzz-cflags) -o $$@ \
		$($(1)-fuzz-y) $$($(1)-fuzz-objects) $($(1)-fuzz-ldflags)
	$$(if $$(filter %seeds.c,$($(1)-fuzz-y)),$$@ --seeds $$@.corpus)

.PHONY: fuzz-$(1)
fuzz-$(1): $(O)/tests/fuzz/$(1)
	$(O)/tests/fuzz/$(1) -max_total_time=$(SECONDS) -seed=$(SEED) \
		-print_final_stats=1 -timeout=10 \
		-artifact_prefix=$(O)/tests/fuzz/$(1)- $(O)/tests/fuzz/$(1).corpus
endef
$(foreach t,$(fuzz-targets-y),$(eval $(call fuzz_target,$(t))))

# All that reads the bytes of others, each for SECONDS, or only TARGETS.
.PHONY: fuzz-net fuzz-net-programs
TARGETS ?= $(fuzz-net-y)
fuzz-net-programs: $(fuzz-net-y:%=$(O)/tests/fuzz/%)
fuzz-net: $(TARGETS:%=$(O)/tests/fuzz/%)
	$(Q)scripts/fuzz-net $(SECONDS) $(SEED) $^

# The decoder against Zydis and the emulator against the host's CPU, half of the
# time each; where there is clang, its fuzzer looks for bytes, too.
.PHONY: fuzz-decode
fuzz-decode: $(O)/tests/unit/decode $(O)/tests/unit/emulate_random
	$(Q)half=$$(($(SECONDS) / 2 + 1)); \
	$(O)/tests/unit/decode $$half $(SEED) && \
	$(O)/tests/unit/emulate_random $${half}s $(SEED)
	$(Q)if command -v $(CLANG) >/dev/null; then \
		$(MAKE) fuzz-decode-bytes SECONDS=$(SECONDS); fi
