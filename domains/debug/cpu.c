/* SPDX-License-Identifier: MIT */
/* `r` and `n`: a CPU of the guest, its registers and what it does next. */
#include "debug.h"
#include "../../core/x86/decode.h"

#include <domain/command.h>
#include <domain/tty.h>
#include <errno.h>

#define EFER_LMA	(1ull << 10)
#define ATTR_L		(1u << 9)
#define ATTR_D		(1u << 10)
#define RFLAGS_IF	(1ull << 9)

int debug_cpu_state(uint32_t cpu, struct debug_cpu *state)
{
	int error;

	state->index = cpu;
	error = debug_ask(DEBUG_CPU, state, sizeof(*state), NULL, 0);
	if (error == -ENOENT) {
		printf("there is no CPU %u: expected 0 to %u\n", cpu,
		       state->n_cpus - 1);
		return COMMAND_FAILED;
	}
	return error < 0 ? debug_failed("CPU", error) : 0;
}

static void show_general(const struct debug_cpu *c)
{
	static const char *const names[] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};
	unsigned int i;

	for (i = 0; i < 16; i++)
		printf("%-6s %016lx%s", names[i], c->gpr[i],
		       i % 3 == 2 ? "\n" : "  ");
	printf("rip    %016lx  rflags %016lx\n", c->rip, c->rflags);
}

static void show_segments(const struct debug_cpu *c)
{
	static const char *const names[] = {
		"es", "cs", "ss", "ds", "fs", "gs", "gdtr", "ldtr", "idtr",
		"tr",
	};
	const struct debug_segment *s = c->segment;
	unsigned int i;

	for (i = 0; i < DEBUG_SEGMENTS; i++) {
		printf("%-6s base %016lx limit %08x", names[i], s[i].base,
		       s[i].limit);
		if (i == DEBUG_GDTR || i == DEBUG_IDTR)
			printf("\n");
		else
			printf(" selector %04x attributes %03x\n",
			       s[i].selector, s[i].attr);
	}
}

int debug_registers(uint32_t cpu)
{
	static struct debug_cpu c;
	int status = debug_cpu_state(cpu, &c);

	if (status)
		return status;
	printf("CPU %u of %u, privilege level %u\n", cpu, c.n_cpus, c.cpl);
	show_general(&c);
	printf("cr0    %016lx  cr2    %016lx  cr3    %016lx\n", c.paging.cr0,
	       c.cr2, c.paging.cr3);
	printf("cr4    %016lx  efer   %016lx\n", c.paging.cr4, c.paging.efer);
	show_segments(&c);
	printf("dr0    %016lx  dr1    %016lx  dr2    %016lx\n", c.dr[0],
	       c.dr[1], c.dr[2]);
	printf("dr3    %016lx  dr6    %016lx  dr7    %016lx\n", c.dr[3], c.dr6,
	       c.dr7);
	printf("star   %016lx  lstar  %016lx  cstar  %016lx\n", c.star,
	       c.lstar, c.cstar);
	printf("sfmask %016lx  kernel_gs_base %016lx\n", c.sfmask,
	       c.kernel_gs_base);
	printf("sysenter cs %lx esp %016lx eip %016lx\n", c.sysenter_cs,
	       c.sysenter_esp, c.sysenter_eip);
	return 0;
}

/* ---- what comes next ---- */

static void show_event(const struct debug_cpu *c)
{
	static const char *const types[] = {
		"interrupt", "event of type 1", "NMI", "exception",
		"software interrupt", "event of type 5", "event of type 6",
		"event of type 7",
	};

	if (c->event & DEBUG_EVENT_VALID) {
		printf("first: %s, vector %u", types[DEBUG_EVENT_TYPE(c->event)],
		       c->event & DEBUG_EVENT_VECTOR);
		if (c->event & DEBUG_EVENT_HAS_ERROR)
			printf(", error code %x", c->event_error);
		printf("\n");
	}
	if (c->interrupt >= 0)
		printf("pending: interrupt, vector %u\n",
		       (unsigned int)c->interrupt);
	if (c->flags & DEBUG_NMI_PENDING)
		printf("pending: NMI\n");
	if (!(c->event & DEBUG_EVENT_VALID) && c->interrupt < 0 &&
	    !(c->flags & DEBUG_NMI_PENDING))
		printf("pending: nothing\n");
}

static unsigned int code_bits(const struct debug_cpu *c)
{
	uint16_t attr = c->segment[DEBUG_CS].attr;

	if ((c->paging.efer & EFER_LMA) && (attr & ATTR_L))
		return 64;
	return attr & ATTR_D ? 32 : 16;
}

/* The bytes at rip, up to 15, over the end of a page too: how many. */
static int fetch(const struct debug_cpu *c, uint64_t at, uint8_t *bytes)
{
	struct debug_read r = { .paging = c->paging };
	int have = 0;

	while (have < INSN_MAX) {
		int n;

		r.address = at + (uint64_t)have;
		r.length = (uint32_t)(INSN_MAX - have);
		n = debug_ask(DEBUG_READ, &r, sizeof(r), bytes + have,
			      r.length);
		if (n < 0)
			return n;
		if (n == 0 || r.state != DEBUG_BYTES)
			break;
		have += n;
	}
	return have;
}

static int show_instruction(const struct debug_cpu *c)
{
	unsigned int bits = code_bits(c);
	uint64_t base = bits == 64 ? 0 : c->segment[DEBUG_CS].base;
	uint8_t bytes[INSN_MAX];
	struct insn insn;
	int n = fetch(c, base + c->rip, bytes), i;

	if (n < 0)
		return debug_failed("next", n);
	printf("at %016lx, %u-bit code:", base + c->rip, bits);
	for (i = 0; i < n; i++)
		printf(" %02x", bytes[i]);
	if (n == 0)
		printf(" not mapped, or not RAM");
	else if (insn_decode(bytes, (size_t)n, bits, &insn) == 0)
		printf(" (the first %u are one instruction)", insn.length);
	printf("\n");
	return 0;
}

static const char *activity(const struct debug_cpu *c)
{
	if (c->flags & DEBUG_WAIT_SIPI)
		return "waits for a SIPI";
	return c->flags & DEBUG_HALTED ? "halted" : "runs";
}

int debug_next(uint32_t cpu)
{
	static struct debug_cpu c;
	int status = debug_cpu_state(cpu, &c);

	if (status)
		return status;
	printf("CPU %u %s, privilege level %u\n", cpu, activity(&c), c.cpl);
	printf("interrupts %s%s%s\n", c.rflags & RFLAGS_IF ? "on" : "off",
	       c.flags & DEBUG_SHADOW ?
	       ", not before the next instruction is done" : "",
	       c.flags & DEBUG_NMI_BLOCKED ? ", NMIs not before IRET" : "");
	show_event(&c);
	status = show_instruction(&c);
	printf("last exit: %s (%x) at %016lx, info %lx %lx, number %lu\n",
	       c.exit_name, c.exit_code, c.exit_rip, c.exit_info[0],
	       c.exit_info[1], c.exits);
	return status;
}
