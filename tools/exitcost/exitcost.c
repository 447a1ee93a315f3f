/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU that counts executed instructions by who they belong to,
 * and says what each VM exit cost. A machine with one CPU:
 *
 *	-plugin file=exitcost.so,out=FILE[,net=START-END][,profile=START]
 *
 * VMRUN (AMD64 manual, volume 3: 0f 01 d8) is the border on the way in, the
 * instruction behind it that on the way out, since #VMEXIT goes on there. In
 * between all belongs to the guest; otherwise to the hypervisor: to its
 * programs below the canonical hole, to its code from START to END ("net"), or
 * to the rest of it. What runs before the first VMRUN counts as the guest's, so
 * without a hypervisor everything does. An instruction that faults or is
 * started again counts each time, a repeated one once a round.
 *
 * FILE (layout below) is shared with whoever maps or reads it. It holds running
 * totals and a ring of events: each exit, written when the guest is entered
 * again, and each execution of a marker in the guest, which costs nothing else
 * (0f 1f 80, a NOP with a displacement of 32 bits: MARK_MAGIC and a number).
 * Totals in an event are from before it, so an exit's cost is the difference
 * to the event before. With profile= it also counts how often the hypervisor
 * executed the instruction at each address from START on.
 *
 * QEMU 7.2 gives plugins neither registers nor memory. As the bench NIC does,
 * this uses functions that its binary exports.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* ---- of QEMU and GLib ---- */

struct byte_array {
	uint8_t *data;
	unsigned int len;
};

void *qemu_get_cpu(int index);
int x86_cpu_gdb_read_register(void *cpu, struct byte_array *out, int number);
void cpu_physical_memory_rw(uint64_t address, void *buf, uint64_t len,
			    bool is_write);
void tb_flush(void *cpu);
struct byte_array *g_byte_array_new(void);
struct byte_array *g_byte_array_set_size(struct byte_array *a,
					 unsigned int len);

#define GDB_RAX			0

/* ---- the file ---- */

#define EVENTS			(1u << 18)
#define PROFILE			(1u << 18)	/* bytes of code */
#define EVENT_START		(1ull << 32)	/* the first VMRUN */
#define EVENT_MARK		(2ull << 32)	/* and the marker's number */

enum who { GUEST, CORE, NET, DOMAIN, WHO };

struct event {
	uint64_t what;		/* EXITCODE, or one of EVENT_ */
	uint64_t info1, info2, rip;
	uint64_t total[WHO];
};

struct shared {
	uint64_t total[WHO];
	uint64_t n_events;	/* ever; the next goes to n_events % EVENTS */
	uint8_t reserved[4096 - (WHO + 1) * 8];
	struct event event[EVENTS];
	uint64_t at[PROFILE];
};
_Static_assert(sizeof(struct event) == 64, "the reader unpacks these");
_Static_assert(offsetof(struct shared, event) == 4096, "likewise");

/* ---- VMCB (AMD64 manual, volume 2, appendix B) ---- */

#define VMCB_EXITCODE		0x070
#define VMCB_EXITINFO1		0x078
#define VMCB_EXITINFO2		0x080
#define VMCB_RIP		0x578

/* ---- state ---- */

#define CANONICAL_LOW		(1ull << 47)
#define MARK_MAGIC		0x54640000u
#define MARK_NUMBER		0xffffu
#define MAX_VMRUNS		16

static struct shared *shared;
static struct byte_array *rax;
static uint64_t net_start, net_end, profile_start = ~0ull;
static bool in_guest = true, entered;
static struct event exited;		/* not entered again yet */

/* where guests are entered: what is behind, virtual and in host memory */
static struct {
	uint64_t address;
	const uint8_t *host;
} behind[MAX_VMRUNS];
static unsigned int n_behind;

static void tell(const struct event *e)
{
	struct event *to = &shared->event[shared->n_events % EVENTS];

	*to = *e;
	memcpy(to->total, shared->total, sizeof(to->total));
	__atomic_store_n(&shared->n_events, shared->n_events + 1,
			 __ATOMIC_RELEASE);
}

static uint64_t read_vmcb(uint64_t vmcb, unsigned int offset)
{
	uint64_t value = 0;

	cpu_physical_memory_rw(vmcb + offset, &value, sizeof(value), false);
	return value;
}

static void on_vmrun(unsigned int cpu, void *arg)
{
	(void)arg;
	if (!entered) {
		/* code of the hypervisor that has run counts as the guest's */
		tb_flush(qemu_get_cpu((int)cpu));
		exited.what = EVENT_START;
	}
	entered = true;
	tell(&exited);
	in_guest = true;
}

/* A #VMEXIT leaves the VMCB's address in RAX. */
static void on_vmexit(unsigned int cpu, void *arg)
{
	uint64_t vmcb;

	(void)arg;
	if (!in_guest || !entered)
		return;
	in_guest = false;
	g_byte_array_set_size(rax, 0);
	x86_cpu_gdb_read_register(qemu_get_cpu((int)cpu), rax, GDB_RAX);
	memcpy(&vmcb, rax->data, sizeof(vmcb));
	exited = (struct event){
		.what = read_vmcb(vmcb, VMCB_EXITCODE),
		.info1 = read_vmcb(vmcb, VMCB_EXITINFO1),
		.info2 = read_vmcb(vmcb, VMCB_EXITINFO2),
		.rip = read_vmcb(vmcb, VMCB_RIP),
	};
}

static void on_mark(unsigned int cpu, void *arg)
{
	struct event e = { .what = EVENT_MARK | (uintptr_t)arg };

	(void)cpu;
	tell(&e);
}

/* ---- translation ---- */

static bool is_vmrun(struct qemu_plugin_insn *i)
{
	static const uint8_t vmrun[] = { 0x0f, 0x01, 0xd8 };

	return qemu_plugin_insn_size(i) == sizeof(vmrun) &&
	       !memcmp(qemu_plugin_insn_data(i), vmrun, sizeof(vmrun));
}

static bool is_mark(struct qemu_plugin_insn *i, uint32_t *number)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x80 };
	const uint8_t *data = qemu_plugin_insn_data(i);
	uint32_t displacement;

	if (qemu_plugin_insn_size(i) != sizeof(nop) + sizeof(displacement) ||
	    memcmp(data, nop, sizeof(nop)))
		return false;
	memcpy(&displacement, data + sizeof(nop), sizeof(displacement));
	*number = displacement & MARK_NUMBER;
	return (displacement & ~MARK_NUMBER) == MARK_MAGIC;
}

static void add_vmrun(struct qemu_plugin_insn *i)
{
	uint64_t address = qemu_plugin_insn_vaddr(i) + 3;
	const uint8_t *host = (uint8_t *)qemu_plugin_insn_haddr(i) + 3;

	for (unsigned int n = 0; n < n_behind; n++)
		if (behind[n].address == address && behind[n].host == host)
			return;
	if (n_behind == MAX_VMRUNS) {
		fprintf(stderr, "exitcost: more than %d VMRUN\n", MAX_VMRUNS);
		exit(1);
	}
	behind[n_behind].address = address;
	behind[n_behind++].host = host;
}

static bool is_behind_vmrun(struct qemu_plugin_insn *i)
{
	for (unsigned int n = 0; n < n_behind; n++)
		if (behind[n].address == qemu_plugin_insn_vaddr(i) &&
		    behind[n].host == qemu_plugin_insn_haddr(i))
			return true;
	return false;
}

/*
 * Blocks of guest and hypervisor are never the same one (HF_GUEST), so who a
 * block belongs to can be told when it is translated, which is when it is
 * first run.
 */
static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	bool guest = in_guest;
	size_t n = qemu_plugin_tb_n_insns(block);

	(void)id;
	if (entered && n &&
	    is_behind_vmrun(qemu_plugin_tb_get_insn(block, 0))) {
		guest = false;
		qemu_plugin_register_vcpu_tb_exec_cb(
			block, on_vmexit, QEMU_PLUGIN_CB_R_REGS, NULL);
	}
	for (size_t k = 0; k < n; k++) {
		struct qemu_plugin_insn *i = qemu_plugin_tb_get_insn(block, k);
		uint64_t address = qemu_plugin_insn_vaddr(i);
		enum who who = CORE;
		uint32_t number;

		if (guest)
			who = GUEST;
		else if (address < CANONICAL_LOW)
			who = DOMAIN;
		else if (address >= net_start && address < net_end)
			who = NET;
		if (is_vmrun(i)) {
			add_vmrun(i);
			qemu_plugin_register_vcpu_insn_exec_cb(
				i, on_vmrun, QEMU_PLUGIN_CB_NO_REGS, NULL);
		}
		if (guest && is_mark(i, &number))
			qemu_plugin_register_vcpu_insn_exec_cb(
				i, on_mark, QEMU_PLUGIN_CB_NO_REGS,
				(void *)(uintptr_t)number);
		qemu_plugin_register_vcpu_insn_exec_inline(
			i, QEMU_PLUGIN_INLINE_ADD_U64, &shared->total[who], 1);
		if (!guest && address >= profile_start &&
		    address - profile_start < PROFILE)
			qemu_plugin_register_vcpu_insn_exec_inline(
				i, QEMU_PLUGIN_INLINE_ADD_U64,
				&shared->at[address - profile_start], 1);
	}
}

static bool share(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || ftruncate(fd, sizeof(*shared))) {
		perror(path);
		return false;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	close(fd);
	if (shared == MAP_FAILED)
		perror("exitcost: mmap");
	return shared != MAP_FAILED;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	const char *out = NULL;

	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4)) {
			out = argv[i] + 4;
		} else if (sscanf(argv[i], "profile=%" SCNx64,
				  &profile_start) != 1 &&
			   sscanf(argv[i], "net=%" SCNx64 "-%" SCNx64,
				  &net_start, &net_end) != 2) {
			fprintf(stderr, "exitcost: %s?\n", argv[i]);
			return -1;
		}
	}
	if (!out || info->system.max_vcpus != 1) {
		fprintf(stderr, "exitcost: out=FILE, and one CPU, are needed\n");
		return -1;
	}
	if (!share(out))
		return -1;
	rax = g_byte_array_new();
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	return 0;
}
