/* SPDX-License-Identifier: MIT */
/* C11 7.2; a broken assertion ends the domain. */
#ifndef DOMAIN_ASSERT_H
#define DOMAIN_ASSERT_H

#include <stdlib.h>

#define static_assert _Static_assert

#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) ((expression) ? (void)0 : abort())
#endif

#endif
