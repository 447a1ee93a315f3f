/* SPDX-License-Identifier: MIT */
/*
 * The virtual machine control block (AMD64 APM volume 2, appendix B) and the
 * exit codes (appendix C).
 */
#ifndef CORE_X86_SVM_VMCB_H
#define CORE_X86_SVM_VMCB_H

#include <stddef.h>
#include <stdint.h>

/* intercept[3], offset 0x00c */
#define INTERCEPT_NMI		(1u << 1)
#define INTERCEPT_SMI		(1u << 2)
#define INTERCEPT_INIT		(1u << 3)
#define INTERCEPT_CPUID		(1u << 18)
#define INTERCEPT_IRET		(1u << 20)
#define INTERCEPT_INVD		(1u << 22)
#define INTERCEPT_HLT		(1u << 24)
#define INTERCEPT_INVLPGA	(1u << 26)
#define INTERCEPT_IOIO		(1u << 27)
#define INTERCEPT_MSR		(1u << 28)
#define INTERCEPT_SHUTDOWN	(1u << 31)
/* intercept[4], offset 0x010 */
#define INTERCEPT_VMRUN		(1u << 0)
#define INTERCEPT_VMMCALL	(1u << 1)
#define INTERCEPT_VMLOAD	(1u << 2)
#define INTERCEPT_VMSAVE	(1u << 3)
#define INTERCEPT_STGI		(1u << 4)
#define INTERCEPT_CLGI		(1u << 5)
#define INTERCEPT_SKINIT	(1u << 6)
#define INTERCEPT_MONITOR	(1u << 10)
#define INTERCEPT_MWAIT		(1u << 11)
#define INTERCEPT_MWAIT_ARMED	(1u << 12)

#define TLB_FLUSH_ALL		1
#define TLB_FLUSH_GUEST		3

/* v_intr */
#define V_IRQ			(1ull << 8)
#define V_IGN_TPR		(1ull << 20)
#define V_INTR_VECTOR(v)	((uint64_t)(v) << 32)

#define INTERRUPT_SHADOW	1u

/* event injection and EXITINTINFO */
#define EVENT_VECTOR		0xffu
#define EVENT_TYPE		(7u << 8)
#define EVENT_TYPE_INTR		(0u << 8)
#define EVENT_TYPE_NMI		(2u << 8)
#define EVENT_TYPE_EXCEPTION	(3u << 8)
#define EVENT_TYPE_SOFT		(4u << 8)
#define EVENT_ERROR_VALID	(1u << 11)
#define EVENT_VALID		(1u << 31)

#define EXIT_EXCEPTION		0x040
#define EXIT_NMI		0x061
#define EXIT_SMI		0x062
#define EXIT_INIT		0x063
#define EXIT_CPUID		0x072
#define EXIT_IRET		0x074
#define EXIT_INVD		0x076
#define EXIT_HLT		0x078
#define EXIT_INVLPGA		0x07a
#define EXIT_IOIO		0x07b
#define EXIT_MSR		0x07c
#define EXIT_SHUTDOWN		0x07f
#define EXIT_VMRUN		0x080
#define EXIT_VMMCALL		0x081
#define EXIT_VMLOAD		0x082
#define EXIT_VMSAVE		0x083
#define EXIT_STGI		0x084
#define EXIT_CLGI		0x085
#define EXIT_SKINIT		0x086
#define EXIT_MONITOR		0x08a
#define EXIT_MWAIT		0x08b
#define EXIT_MWAIT_ARMED	0x08c
#define EXIT_NPF		0x400
#define EXIT_INVALID		(~0ull)
#define EXIT_NONE		(~0xffull)	/* no exit has that: ours */

/* EXITINFO1 of IOIO */
#define IOIO_IN			(1u << 0)
#define IOIO_STRING		(1u << 2)
#define IOIO_SIZE(info)		((info) >> 4 & 7)
#define IOIO_PORT(info)		((info) >> 16 & 0xffff)

/* EXITINFO1 of NPF, as a page-fault error code */
#define NPF_WRITE		(1u << 1)

struct vmcb_segment {
	uint16_t selector, attr;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	uint32_t intercept[6];
	uint8_t reserved0[0x40 - 0x18];
	uint64_t iopm_base, msrpm_base, tsc_offset;
	uint32_t asid;
	uint8_t tlb_control, reserved1[3];
	uint64_t v_intr;
	uint64_t interrupt_shadow;
	uint64_t exitcode, exitinfo1, exitinfo2, exitintinfo;
	uint64_t nested_ctl;
	uint8_t reserved2[0xa8 - 0x98];
	uint32_t event_inject, event_error;
	uint64_t nested_cr3;
	uint64_t lbr_ctl;
	uint32_t clean, reserved3;
	uint64_t next_rip;
	uint8_t n_bytes, bytes[15];
	uint8_t reserved4[0x400 - 0xe0];

	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved5[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved6;
	uint64_t efer;
	uint8_t reserved7[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved8[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t reserved9[0x5f8 - 0x5e0];
	uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t reserved10[0x668 - 0x648];
	uint64_t g_pat;
	uint8_t reserved11[0x1000 - 0x670];
};

_Static_assert(offsetof(struct vmcb, v_intr) == 0x60, "VMCB");
_Static_assert(offsetof(struct vmcb, exitcode) == 0x70, "VMCB");
_Static_assert(offsetof(struct vmcb, event_inject) == 0xa8, "VMCB");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "VMCB");
_Static_assert(offsetof(struct vmcb, tr) == 0x490, "VMCB");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "VMCB");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "VMCB");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "VMCB");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "VMCB");
_Static_assert(sizeof(struct vmcb) == 4096, "VMCB");

#endif
