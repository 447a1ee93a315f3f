/* SPDX-License-Identifier: MIT */
/* Random numbers of the core, for addresses, keys and seeds of domains. */
#ifndef TANDEM_RANDOM_H
#define TANDEM_RANDOM_H

#include <tandem/types.h>

/*
 * 64 bits that nobody who has seen those before can tell, as far as the CPU
 * has RDSEED or RDRAND. Without them all there is to guess is the exact time
 * of each call so far (TSC): docs/domains.md. First CPU, exit context.
 */
uint64_t random64(void);

/* Whether the CPU has a generator that works, so that they are good. */
bool random_is_good(void);

/* A number below n, n > 0; as even as 64 bits can be over n. */
uint64_t random_below(uint64_t n);

#endif
