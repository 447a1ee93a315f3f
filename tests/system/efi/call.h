/* SPDX-License-Identifier: MIT */
/* VMM calls from the firmware, with AMD's instruction. */
#ifndef TEST_EFI_CALL_H
#define TEST_EFI_CALL_H

#include <stdbool.h>

/*
 * Type text to the VMM's debug shell, a line ending in \r each, the last of
 * which must be "exit\r". Returns whether the session ended by itself before
 * the VMM had asked a million times. Undefined instruction without a VMM.
 */
bool call_dbgsh(const char *text);

#endif
