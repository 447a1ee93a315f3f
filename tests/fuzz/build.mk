# SPDX-License-Identifier: MIT
# Fuzz targets, with clang's libFuzzer: make fuzz-NAME [SECONDS=n]. Inputs that
# were worth keeping stay in $(O)/tests/fuzz/NAME.corpus.
fuzz-targets-y := decode binding classify txoffload

decode-fuzz-y := tests/fuzz/decode_fuzz.c tests/unit/decode_reference.c \
	core/x86/decode.c
decode-fuzz-ldflags := -lZydis
binding-fuzz-y := tests/fuzz/binding_fuzz.c core/pci/binding.c
classify-fuzz-y := tests/fuzz/classify_fuzz.c net/ippass/classify.c
txoffload-fuzz-y := tests/fuzz/txoffload_fuzz.c tests/unit/bnx_model.c \
	net/bnx/txoffload.c net/bnx/txsoft.c

CLANG ?= clang
SECONDS ?= 60
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
