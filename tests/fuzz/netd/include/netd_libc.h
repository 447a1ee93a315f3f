/* SPDX-License-Identifier: MIT */
/*
 * Included before all else in what runs as netd in a fuzz target: memory from
 * host.c, which takes all of it back at once, and what the host's C library
 * does not have.
 */
#ifndef NETD_LIBC_H
#define NETD_LIBC_H

/* services/mgmt is left out: rules.mk */
#undef CONFIG_MGMT

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *host_malloc(size_t size);
void *host_calloc(size_t n, size_t size);
void host_free(void *p);
void malloc_usage(size_t *used, size_t *total);
size_t strlcpy(char *dst, const char *src, size_t size);

#define malloc	host_malloc
#define calloc	host_calloc
#define free	host_free

#endif
