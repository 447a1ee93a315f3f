/* SPDX-License-Identifier: MIT */
/* How a service of netd's answers who asks for its status by a message. */
#ifndef SERVICES_STATUS_H
#define SERVICES_STATUS_H

#include <domain/syscall.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/*
 * From a message handler, with what it was called with: copies size bytes of
 * status to the first buffer. size, or -EINVAL: there is no room for it.
 */
static inline int status_answer(int type, struct msg_buf *bufs, size_t n,
				const void *status, size_t size)
{
	if (type != MSG_BUF || n < 1 || !bufs[0].writable ||
	    bufs[0].len < size)
		return -EINVAL;
	memcpy(bufs[0].base, status, size);
	return (int)size;
}

#endif
