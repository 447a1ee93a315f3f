/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: core/x86/decode.c sees in any bytes the instruction that Zydis
 * sees. The first byte chooses the mode.
 */
#include "decode_reference.h"

#include "../../core/x86/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int bits[4] = { 64, 32, 16, 64 };
	static bool open;
	uint8_t bytes[INSN_MAX] = { 0 };

	if (!open)
		reference_open();
	open = true;
	if (size < 2)
		return 0;
	memcpy(bytes, data + 1, size - 1 < INSN_MAX ? size - 1 : INSN_MAX);
	if (reference_compare(bytes, INSN_MAX, bits[data[0] & 3]) < 0)
		abort();
	return 0;
}
