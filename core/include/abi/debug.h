/* SPDX-License-Identifier: MIT */
/*
 * The core's handler "debug", which only the program debug may open, in a
 * session of dbgsh: the guest's memory and CPUs, to be looked at. MSG_BUF with
 * one of these operations as the value; a result below 0 is a negative errno.
 */
#ifndef ABI_DEBUG_H
#define ABI_DEBUG_H

#include <stdint.h>

enum debug_operation {
	/*
	 * bufs[0] writable struct debug_unlock. With CONFIG_DEBUG_ROOT_KEY all
	 * else is -EACCES until the right digest came, and again when nothing
	 * was asked for DEBUG_OPEN_SECONDS. 0; -EACCES: wrong; -EAGAIN: not
	 * looked at, too soon after a wrong one. wait: seconds until the next
	 * is looked at.
	 */
	DEBUG_UNLOCK,
	/* bufs[0] writable struct debug_paging: that of dbgsh. 0. */
	DEBUG_CALLER,
	/*
	 * bufs[0] writable struct debug_read, bufs[1] writable, at least its
	 * length. Reads up to the end of the address's page, from RAM alone.
	 * The number of bytes that state is about.
	 */
	DEBUG_READ,
	/*
	 * bufs[0] writable struct debug_cpu, with index. The CPU is taken out
	 * of its guest for it. 0, -ENOENT, -ETIMEDOUT: it does not come.
	 */
	DEBUG_CPU,
};

#define DEBUG_OPEN_SECONDS	60

/* What is compared is not the key, but what scripts/kconfig.py makes of it. */
#define DEBUG_DIGEST_SIZE	32
#define DEBUG_KEY_MIN		12
#define DEBUG_KEY_MAX		64

struct debug_unlock {
	uint8_t digest[DEBUG_DIGEST_SIZE];
	uint32_t wait;
};

/* The registers that say how a linear address is translated. */
struct debug_paging {
	uint64_t cr0, cr3, cr4, efer;
};

enum debug_state {
	DEBUG_BYTES,		/* they are in bufs[1] */
	DEBUG_NOT_MAPPED,
	DEBUG_NOT_CANONICAL,
	DEBUG_NOT_RAM,		/* reading it could do something */
	DEBUG_VMM,		/* the VMM's own memory: never shown */
};

struct debug_read {
	uint64_t address;
	struct debug_paging paging;	/* if address is a linear one */
	uint32_t is_physical;
	uint32_t length;		/* 1 to 4096 */
	uint32_t state;			/* out: enum debug_state */
	uint32_t pad;
	uint64_t physical;		/* out, but for the first two */
};

/* attr as in the VMCB: type, S, DPL, P, AVL, L, D/B, G */
struct debug_segment {
	uint16_t selector, attr;
	uint32_t limit;
	uint64_t base;
};

enum {
	DEBUG_ES, DEBUG_CS, DEBUG_SS, DEBUG_DS, DEBUG_FS, DEBUG_GS,
	DEBUG_GDTR, DEBUG_LDTR, DEBUG_IDTR, DEBUG_TR, DEBUG_SEGMENTS
};

/* debug_cpu.flags */
#define DEBUG_HALTED		1u
#define DEBUG_WAIT_SIPI		2u
#define DEBUG_SHADOW		4u	/* behind STI or MOV SS */
#define DEBUG_NMI_PENDING	8u
#define DEBUG_NMI_BLOCKED	16u

/* debug_cpu.event, as in EVENTINJ */
#define DEBUG_EVENT_VECTOR	0xffu
#define DEBUG_EVENT_TYPE(e)	((e) >> 8 & 7)
#define DEBUG_EVENT_HAS_ERROR	(1u << 11)
#define DEBUG_EVENT_VALID	(1u << 31)

struct debug_cpu {
	uint32_t index;		/* in; from 0 */
	uint32_t n_cpus;	/* out, as all that follows; with -ENOENT too */
	uint64_t gpr[16];	/* rax rcx rdx rbx rsp rbp rsi rdi r8 ... */
	uint64_t rip, rflags;
	struct debug_paging paging;
	uint64_t cr2, dr[4], dr6, dr7;
	struct debug_segment segment[DEBUG_SEGMENTS];
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint32_t cpl, flags;
	uint32_t event, event_error;
	int32_t interrupt;	/* acknowledged, to be delivered; -1: none */
	uint32_t exit_code;	/* of the last exit */
	uint64_t exit_rip, exit_info[2];
	uint64_t exits;
	char exit_name[20];
};

#endif
