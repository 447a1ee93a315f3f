/* SPDX-License-Identifier: MIT */
/* `kill PROGRAM|ID`: end a program from outside, for tests. */
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>

int command(int argc, char **argv)
{
	struct msg_buf buf;
	int desc, error;

	if (argc != 1)
		return command_expected("one program's name or number, as "
					"\"ps\" lists them");
	desc = msgopen("domain_kill");
	if (desc < 0)
		return command_failed("the core", desc);
	buf = (struct msg_buf){
		.base = argv[0], .len = (uint32_t)strlen(argv[0]) + 1,
	};
	error = msgsendbuf(desc, 0, &buf, 1);
	if (error == -ENOENT || (error == -EINVAL && buf.len >= MSG_NAME_MAX)) {
		printf("kill: %s: no such program; \"ps\" lists them\n",
		       argv[0]);
		return COMMAND_FAILED;
	}
	if (error == -EINVAL) {
		printf("kill: %s: that is this command itself\n", argv[0]);
		return COMMAND_FAILED;
	}
	if (error < 0)
		return command_failed(argv[0], error);
	printf("%s ended\n", argv[0]);
	return 0;
}
