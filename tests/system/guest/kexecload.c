/* SPDX-License-Identifier: MIT */
/*
 * kexecload KERNEL INITRD COMMAND-LINE [panic]: has the running kernel jump into
 * another one, by kexec_file_load(2), without firmware in between; at once, or
 * when it panics (the memory for it comes by crashkernel=).
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

#define FILE_ON_CRASH	2ul		/* KEXEC_FILE_ON_CRASH of linux/kexec.h */

int main(int argc, char **argv)
{
	int kernel, initrd;
	int on_panic = argc == 5 && !strcmp(argv[4], "panic");

	if (argc != 4 && !on_panic) {
		fprintf(stderr, "usage: kexecload KERNEL INITRD "
				"COMMAND-LINE [panic]\n");
		return 2;
	}
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0) {
		perror("kexecload: open");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1,
		    argv[3], on_panic ? FILE_ON_CRASH : 0ul)) {
		perror("kexecload: load");
		return 1;
	}
	if (on_panic)
		return 0;
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("kexecload: start");
	return 1;
}
