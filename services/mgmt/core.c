/* SPDX-License-Identifier: MIT */
/* One question to the core, see core.h. */
#include "core.h"

int core_ask(const char *handler, int operation, struct msg_buf *bufs,
	     size_t n)
{
	int desc = msgopen(handler);
	int result;

	if (desc < 0)
		return desc;
	result = msgsendbuf(desc, operation, bufs, n);
	msgclose(desc);
	return result;
}
