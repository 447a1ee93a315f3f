/* SPDX-License-Identifier: MIT */
/* For the host, in the place of lwIP's: a test calls handlers when it likes. */
#ifndef LWIP_TIMEOUTS_H
#define LWIP_TIMEOUTS_H

#include <stdint.h>

typedef void (*sys_timeout_handler)(void *arg);

void sys_timeout(uint32_t ms, sys_timeout_handler handler, void *arg);

#endif
