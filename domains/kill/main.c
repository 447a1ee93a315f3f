/* SPDX-License-Identifier: MIT */
/* `kill NAME`: end the program of that name from outside, for tests. */
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>

int command(int argc, char **argv)
{
	struct msg_buf buf;
	int desc, error;

	if (argc != 1) {
		printf("kill: expected: kill <program>; \"ps\" lists them\n");
		return COMMAND_USAGE;
	}
	desc = msgopen("domain_kill");
	if (desc < 0) {
		printf("kill: %s\n", command_error(desc));
		return COMMAND_FAILED;
	}
	buf = (struct msg_buf){
		.base = argv[0], .len = (uint32_t)strlen(argv[0]) + 1,
	};
	error = msgsendbuf(desc, 0, &buf, 1);
	if (error < 0) {
		printf("kill: %s: %s\n", argv[0], command_error(error));
		return COMMAND_FAILED;
	}
	printf("%s ended\n", argv[0]);
	return 0;
}
