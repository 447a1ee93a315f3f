/* SPDX-License-Identifier: MIT */
/* What `debug` is for. */
#include <domain/usage.h>

const struct usage usage_debug = {
	.name = "debug",
	.what = "memory and registers of the guest: see \"debug -h\"",
	.next = { { "", "dump physical registers next help run quit" } },
};
