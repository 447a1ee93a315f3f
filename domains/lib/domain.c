/* SPDX-License-Identifier: MIT */
/* From the assembly entry to domain_main(), and out again. */
#include <domain/syscall.h>
#include <domain/tty.h>

const struct domain_start *domain_start;

_Noreturn void domain_start_c(int type, int value, struct msg_buf *bufs,
			      size_t n, const struct domain_start *start);

_Noreturn void domain_start_c(int type, int value, struct msg_buf *bufs,
			      size_t n, const struct domain_start *start)
{
	int status;

	domain_start = start;
	status = domain_main(type, value, bufs, n);
	tty_flush();
	exitprocess(status);
}
