/* SPDX-License-Identifier: MIT */
/* The host as lwIP sees it: an assertion that does not hold ends the test. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LWIP_PLATFORM_DIAG(x)	do { printf x; } while (0)
#define LWIP_PLATFORM_ASSERT(x)	do { printf("%s\n", x); exit(1); } while (0)
#define LWIP_RAND()		((u32_t)rand())

typedef uint64_t u64_t;

#endif
