/* SPDX-License-Identifier: MIT */
/* For the host, in the place of the domains' header: a test says what time it is. */
#ifndef DOMAIN_SYSCALL_H
#define DOMAIN_SYSCALL_H

#include <abi/domain.h>
#include <stdint.h>

uint64_t sys_time(void);

#endif
