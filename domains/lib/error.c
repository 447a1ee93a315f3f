/* SPDX-License-Identifier: MIT */
/* Error numbers in words, for the shell and its commands. */
#include <domain/command.h>
#include <errno.h>

const char *command_error(int error)
{
	switch (-error) {
	case ENOENT:	return "there is none";
	case ENOMEM:	return "not enough memory";
	case EPIPE:	return "it has ended";
	case EPERM:	return "not allowed here";
	case EBUSY:	return "it is in use";
	case EEXIST:	return "it exists already";
	case EMFILE:	return "too many descriptors";
	case ENOSYS:	return "not built into this VMM";
	case ETIMEDOUT:	return "no answer in time";
	case EINVAL:	return "not valid";
	case ENOTSUP:	return "not supported";
	case EDEADLK:	return "it waits for us";
	case EFAULT:	return "bad address";
	case ENOSPC:	return "no room";
	default:	return "failed";
	}
}
