/* SPDX-License-Identifier: MIT */
/* `iperf [PORT]`: has netd answer iperf 2 on that port, until netd ends. */
#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <services/iperf.h>

int command(int argc, char **argv)
{
	uint64_t port = IPERF_PORT;
	int desc, error;

	if (argc > 1 || (argc && args_number(argv[0], 1, 65535, &port)))
		return command_expected("a port from 1 to 65535, or nothing");
	desc = msgopen(IPERF_HANDLER);
	if (desc < 0)
		return command_failed("netd", desc);
	error = msgsendint(desc, (int)port);
	msgclose(desc);
	if (error == -EEXIST) {
		printf("iperf: it listens already, until netd ends\n");
		return COMMAND_FAILED;
	}
	if (error < 0)
		return command_failed("netd", error);
	printf("iperf server listens on port %lu\n", port);
	return 0;
}
