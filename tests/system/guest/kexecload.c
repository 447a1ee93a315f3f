/* SPDX-License-Identifier: MIT */
/*
 * kexecload KERNEL INITRD COMMAND-LINE: has the running kernel jump into
 * another one, by kexec_file_load(2), without firmware in between.
 *
 * kexec-tools would do the same, but its package changes how the machine it
 * is installed on reboots.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kernel, initrd;

	if (argc != 4) {
		fprintf(stderr, "usage: kexecload KERNEL INITRD "
				"COMMAND-LINE\n");
		return 2;
	}
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0) {
		perror("kexecload: open");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1,
		    argv[3], 0ul)) {
		perror("kexecload: load");
		return 1;
	}
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("kexecload: start");
	return 1;
}
