/* SPDX-License-Identifier: MIT */
/* Error numbers, with the values that Linux gives them. */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#define EPERM		1
#define ENOENT		2
#define EINTR		4
#define EIO		5
#define ENXIO		6
#define E2BIG		7
#define EBADF		9
#define EAGAIN		11
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define ENODEV		19
#define EINVAL		22
#define EMFILE		24
#define ENOSPC		28
#define EPIPE		32
#define ERANGE		34
#define EDEADLK		35
#define ENOSYS		38
#define EPROTO		71
#define EOVERFLOW	75
#define EMSGSIZE	90
#define ENOTSUP		95
#define ENETUNREACH	101
#define ECONNABORTED	103
#define ECONNRESET	104
#define ENOTCONN	107
#define ETIMEDOUT	110
#define ECONNREFUSED	111
#define ECANCELED	125

#endif
