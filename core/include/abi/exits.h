/* SPDX-License-Identifier: MIT */
/*
 * The answer of the core's handler "exits": VM exits by reason. The message's
 * value chooses: 0 is all CPUs together, n the n-th CPU, from 1; -ENOENT past
 * the last.
 */
#ifndef ABI_EXITS_H
#define ABI_EXITS_H

#include <stdint.h>

#define EXITS_REASONS	64	/* most of them in an answer */

struct exits_entry {
	uint64_t count;		/* since the VMM started, never 0 */
	uint32_t code;		/* SVM's EXITCODE; 0x400 and above as 0x400 */
	char name[20];		/* as the AMD manual names it, ended by 0 */
};

#endif
