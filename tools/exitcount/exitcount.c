/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU that counts VM exits from outside: each execution of VMRUN
 * (AMD64 manual, volume 3: 0f 01 d8) enters a guest, and each entry ends in one
 * exit. It needs no help from the hypervisor, so it measures any.
 *
 *	-plugin file=exitcount.so,out=FILE
 *
 * FILE is a page shared with whoever maps or reads it; its first eight bytes
 * are the count, little endian, kept up to date by the emulated code itself.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t *count;

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	static const unsigned char vmrun[] = { 0x0f, 0x01, 0xd8 };
	struct qemu_plugin_insn *insn;
	size_t i;

	(void)id;
	for (i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		insn = qemu_plugin_tb_get_insn(block, i);
		if (qemu_plugin_insn_size(insn) == sizeof(vmrun) &&
		    memcmp(qemu_plugin_insn_data(insn), vmrun,
			   sizeof(vmrun)) == 0)
			qemu_plugin_register_vcpu_insn_exec_inline(
				insn, QEMU_PLUGIN_INLINE_ADD_U64, count, 1);
	}
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	int fd;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) {
		fprintf(stderr, "exitcount: out=FILE is needed\n");
		return -1;
	}
	fd = open(argv[0] + 4, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, 4096)) {
		perror(argv[0] + 4);
		return -1;
	}
	count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (count == MAP_FAILED) {
		perror("exitcount: mmap");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	return 0;
}
