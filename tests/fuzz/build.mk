# SPDX-License-Identifier: MIT
# Fuzz targets, with clang's libFuzzer: make fuzz-NAME [SECONDS=n]. Inputs that
# were worth keeping stay in $(O)/tests/fuzz/NAME.corpus.
fuzz-targets-y := decode-bytes binding classify conf txoffload

decode-bytes-fuzz-y := tests/fuzz/decode_fuzz.c tests/unit/decode_reference.c \
	core/x86/decode.c
decode-bytes-fuzz-ldflags := -lZydis
binding-fuzz-y := tests/fuzz/binding_fuzz.c core/pci/binding.c
conf-fuzz-y := tests/fuzz/conf_fuzz.c $(conf-host-sources)
classify-fuzz-y := tests/fuzz/classify_fuzz.c net/ippass/classify.c
txoffload-fuzz-y := tests/fuzz/txoffload_fuzz.c tests/unit/bnx_model.c \
	net/bnx/txoffload.c net/bnx/txsoft.c

fuzz_guest_seconds := $(or $(SECONDS),1800)
CLANG ?= clang
SECONDS ?= 60
SEED ?= 1
fuzz_flags := -std=gnu11 -O1 -g -w -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all $(auto_header) -DTANDEM_UNIT_TEST \
	-Itests/unit -Icore/include -Inet/include -I$(O)/include \
	-idirafter lib/include

define fuzz_target
$(O)/tests/fuzz/$(1): $($(1)-fuzz-y) $(made)
	@mkdir -p $$@.corpus
	@command -v $(CLANG) >/dev/null || { echo "fuzzing needs clang" \
		"(Debian packages clang, libclang-rt-dev)" >&2; exit 1; }
	$$(call say,CLANG,$$@)$(CLANG) $(fuzz_flags) -o $$@ $($(1)-fuzz-y) \
		$($(1)-fuzz-ldflags)

.PHONY: fuzz-$(1)
fuzz-$(1): $(O)/tests/fuzz/$(1)
	$(O)/tests/fuzz/$(1) -max_total_time=$(SECONDS) -print_final_stats=1 \
		-artifact_prefix=$(O)/tests/fuzz/$(1)- $(O)/tests/fuzz/$(1).corpus
endef
$(foreach t,$(fuzz-targets-y),$(eval $(call fuzz_target,$(t))))

# The decoder against Zydis and the emulator against the host's CPU, half of the
# time each; where there is clang, its fuzzer looks for bytes, too.
.PHONY: fuzz-decode
fuzz-decode: $(O)/tests/unit/decode $(O)/tests/unit/emulate_random
	$(Q)half=$$(($(SECONDS) / 2 + 1)); \
	$(O)/tests/unit/decode $$half $(SEED) && \
	$(O)/tests/unit/emulate_random $${half}s $(SEED)
	$(Q)if command -v $(CLANG) >/dev/null; then \
		$(MAKE) fuzz-decode-bytes SECONDS=$(SECONDS); fi

# The fuzzing guest, run by scripts/fuzz-guest.
efi-progs-y += fuzz
fuzz-y := $(addprefix tests/fuzz/guest/,main.c operations.c random.c console.c \
	cpu.c entry.S registers.c ports.c memory.c calls.c interrupts.c \
	virtio.c cases.c)

.PHONY: fuzz-guest
fuzz-guest: all bench-nic
	$(Q)scripts/fuzz-guest --seconds $(fuzz_guest_seconds) --seed $(SEED)
