/* SPDX-License-Identifier: MIT */
/* VMM calls from the firmware: docs on VMM calls, functions 0 and dbgsh. */
#include "call.h"

#include <stdint.h>

#define GET_NUMBER	0
#define NO_BYTE		0xffffffffu
#define WANTS_BYTE	0
#define SESSION_OVER	0x10a
#define MAX_CALLS	1000000

static uint64_t vmm_call(uint64_t number, uint64_t rbx)
{
	__asm__ volatile("vmmcall" : "+a"(number) : "b"(rbx) : "memory");
	return number;
}

bool call_dbgsh(const char *text)
{
	uint64_t number = vmm_call(GET_NUMBER, (uint64_t)(uintptr_t)"dbgsh");
	uint32_t in = NO_BYTE, out;
	int calls;

	if (number == 0)
		return false;
	for (calls = 0; calls < MAX_CALLS; calls++) {
		out = (uint32_t)vmm_call(number, in);
		in = NO_BYTE;
		if (out == SESSION_OVER)
			return true;
		if (out == WANTS_BYTE && *text)
			in = (uint8_t)*text++;
	}
	return false;
}
