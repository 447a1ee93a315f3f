/* SPDX-License-Identifier: MIT */
/* Exit counters by reason: for the status and the exits command. */
#ifndef CORE_EXITS_H
#define CORE_EXITS_H

#include <stdint.h>

void exits_count(unsigned int code);

#endif
