/* SPDX-License-Identifier: MIT */
/*
 * VMM calls: VMMCALL/VMCALL from the guest. Function 0 turns a name into a
 * number (docs/vmmcall.md).
 */
#ifndef TANDEM_VMMCALL_H
#define TANDEM_VMMCALL_H

#include <tandem/types.h>

struct vcpu;

/* Untrusted. A caller outside of 64-bit mode has 32 bits of each register. */
struct vmmcall_args {
	uint64_t rbx, rcx, rdx, rsi, rdi;
	uint64_t cr3;				/* the caller's */
	unsigned int cpl;
	struct vcpu *vcpu;			/* for vmmcall_read, _write */
};

/*
 * Who may call; OFF: nobody, and the name is unknown. The numbers are those of
 * the symbols CONFIG_VMMCALL_name_ACCESS.
 */
enum vmmcall_access { VMMCALL_OFF = 0, VMMCALL_CPL0 = 1, VMMCALL_ANY = 2 };

struct vmmcall {
	const char *name;
	enum vmmcall_access access;
	uint64_t (*fn)(const struct vmmcall_args *a);	/* gives rax */
};

#define VMMCALL(call_name, access_class, func) \
	static const struct vmmcall TABLE_ENTRY(vmmcall, vmmcall_##func) = \
		{ call_name, access_class, func }

/*
 * Copy from or to the caller's memory, as the caller itself could: address is
 * linear in 64-bit mode, else an offset in DS. vmmcall_read: 0, or -EFAULT if
 * any byte cannot be read. vmmcall_write: 0, or -EFAULT, and then nothing was
 * written; len is at most VMMCALL_WRITE_MAX. Sets accessed and dirty bits of
 * what is to be written. Exit context.
 */
#define VMMCALL_WRITE_MAX	8192
int vmmcall_read(const struct vmmcall_args *a, uint64_t address, void *dst,
		 size_t len);
int vmmcall_write(const struct vmmcall_args *a, uint64_t address,
		  const void *src, size_t len);

#endif
