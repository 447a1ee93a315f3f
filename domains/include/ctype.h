/* SPDX-License-Identifier: MIT */
/* C11 7.4: http-parser includes it, and uses nothing of it. */
#ifndef DOMAIN_CTYPE_H
#define DOMAIN_CTYPE_H
#endif
