/* SPDX-License-Identifier: MIT */
/* lwIP's errors as the project's. */
#include <errno.h>
#include <lwip/err.h>
#include <services/netd.h>

int netd_error(int lwip_error)
{
	switch (lwip_error) {
	case ERR_OK:	return 0;
	case ERR_MEM:
	case ERR_BUF:	return -ENOMEM;
	case ERR_TIMEOUT:	return -ETIMEDOUT;
	case ERR_RTE:	return -ENETUNREACH;
	case ERR_VAL:
	case ERR_ARG:	return -EINVAL;
	case ERR_USE:
	case ERR_INPROGRESS:
	case ERR_ALREADY:	return -EBUSY;
	case ERR_ISCONN:	return -EEXIST;
	case ERR_CONN:	return -ENOTCONN;
	case ERR_ABRT:
	case ERR_CLSD:	return -ECONNABORTED;
	case ERR_RST:	return -ECONNRESET;
	default:	return -EIO;
	}
}
