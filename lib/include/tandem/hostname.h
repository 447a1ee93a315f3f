/* SPDX-License-Identifier: MIT */
/* Names of hosts, as configuration, commands and netd take them. */
#ifndef TANDEM_HOSTNAME_H
#define TANDEM_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

#define HOSTNAME_MAX	128	/* characters of a name, with the end */

/*
 * Are the n bytes at text, which need no end, the name of a host? Labels of
 * letters, digits and hyphens (RFC 1123, 2.1), at most 63 characters each; the
 * last one begins with a letter, so that no address in any of its forms is a
 * name. Any context.
 */
bool hostname_valid(const char *text, size_t n);

#endif
