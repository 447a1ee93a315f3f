/* SPDX-License-Identifier: MIT */
/*
 * VMM calls: VMMCALL/VMCALL from the guest, any CPL unless said otherwise.
 * Function 0 turns a name into a number (docs/vmmcall.md).
 */
#ifndef TANDEM_VMMCALL_H
#define TANDEM_VMMCALL_H

#include <tandem/types.h>

struct vmmcall_args {
	uint64_t rbx, rcx, rdx, rsi, rdi;	/* untrusted */
	uint64_t cr3;				/* the caller's */
	unsigned int cpl;
};

enum vmmcall_access { VMMCALL_ANY, VMMCALL_CPL0 };

struct vmmcall {
	const char *name;
	enum vmmcall_access access;
	uint64_t (*fn)(const struct vmmcall_args *a);	/* gives rax */
};

#define VMMCALL(call_name, access_class, func) \
	static const struct vmmcall TABLE_ENTRY(vmmcall, vmmcall_##func) = \
		{ call_name, access_class, func }

#endif
