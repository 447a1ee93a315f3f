/* SPDX-License-Identifier: MIT */
/*
 * What each #VMEXIT asks for (APM volume 2, appendix C): one flat switch, one
 * counter a reason. Handlers change the vCPU; what they cannot do becomes an
 * exception in the guest, never a failure of the VMM.
 */
#include "svm.h"
#include "../cpus.h"
#include "../debug.h"
#include "../emulate.h"
#include "../interrupts.h"
#include "../lost.h"
#include "../loop.h"
#include "../npt.h"
#include "../string_io.h"
#include "../trap_table.h"
#include "../walk.h"
#include "../../exits.h"
#include "../../panic.h"
#include "../../reset.h"
#include "../../vmmcall.h"

#define LOG_PREFIX "exit: "
#include <tandem/log.h>
#include <tandem/timer.h>
#include <tandem/trap.h>

#define VECTOR_DF	8
#define VECTOR_AC	17
#define HLT_OPCODE	0xf4
#define EXCEPTIONS	0x703f7dfbu	/* vectors that are exceptions */
#define HALTED_US	100000

bool vcpu_event_pending(const struct vcpu *v)
{
	return v->svm->vmcb->event_inject & EVENT_VALID;
}

bool vcpu_interrupt_shadow(const struct vcpu *v)
{
	return v->svm->vmcb->interrupt_shadow & INTERRUPT_SHADOW;
}

/*
 * Whether EXITINTINFO is about an interrupt. QEMU calls those exceptions, but
 * no exception has such a vector; injected as one, VMRUN would refuse it.
 */
static bool is_interrupt(uint32_t info)
{
	unsigned int vector = info & EVENT_VECTOR;

	return (info & EVENT_TYPE) == EVENT_TYPE_INTR ||
	       ((info & EVENT_TYPE) == EVENT_TYPE_EXCEPTION &&
		(vector >= 32 || !(EXCEPTIONS >> vector & 1)));
}

/*
 * An exit interrupted the delivery of an event: deliver it again. Software
 * interrupts and the exceptions of INT3 and INTO are raised anew by the
 * instruction itself.
 */
static void reinject(struct cpu *cpu)
{
	struct vmcb *b = cpu->vcpu.svm->vmcb;
	uint32_t info = (uint32_t)b->exitintinfo;

	b->event_inject = 0;
	if (cpu->pending_vector >= 0 && !(b->v_intr & V_IRQ))
		cpu->pending_vector = -1;
	if (!(info & EVENT_VALID) || (info & EVENT_TYPE) == EVENT_TYPE_SOFT)
		return;
	if (is_interrupt(info)) {
		if (cpu->pending_vector < 0)
			cpu->pending_vector = info & EVENT_VECTOR;
		else if (cpu->pending_vector != (int)(info & EVENT_VECTOR))
			b->event_inject = (info & EVENT_VECTOR) |
					  EVENT_TYPE_INTR | EVENT_VALID;
		return;
	}
	if ((info & EVENT_TYPE) == EVENT_TYPE_EXCEPTION &&
	    ((info & EVENT_VECTOR) == 3 || (info & EVENT_VECTOR) == 4))
		return;
	b->event_inject = info;
	b->event_error = (uint32_t)(b->exitintinfo >> 32);
}

static void refuse(struct vcpu *v, unsigned int vector)
{
	vcpu_inject_exception(v, vector, vector == VECTOR_GP, 0);
}

static void exit_exception(struct vcpu *v, unsigned int vector)
{
	vcpu_inject_exception(v, vector, vector == VECTOR_AC, 0);
}

static void exit_ioio(struct vcpu *v)
{
	struct vmcb *b = v->svm->vmcb;
	uint32_t info = (uint32_t)b->exitinfo1;
	unsigned int size = IOIO_SIZE(info);
	uint16_t port = IOIO_PORT(info);
	uint64_t mask = size == 4 ? 0xffffffff : BIT(size * 8) - 1;
	uint64_t *rax = &v->gpr[GPR_RAX];

	if (info & IOIO_STRING) {
		if (!string_io(v))
			return;
		log_few("string access to trapped port %#x refused", port);
		refuse(v, VECTOR_GP);
		return;
	}
	/* first: a write that puts the machine to sleep goes on elsewhere */
	v->rip = b->exitinfo2;
	if (!(info & IOIO_IN))
		port_write(port, size, (uint32_t)(*rax & mask));
	else if (size == 4)
		*rax = port_read(port, size);
	else
		*rax = (*rax & ~mask) | (port_read(port, size) & mask);
	if (b->dr7 & DR7_ENABLE_ANY)
		debug_port(v, port, size);
	svm_complete(v);
}

static bool is_double_fault(uint32_t info)
{
	return (info & (EVENT_TYPE | EVENT_VECTOR)) ==
	       (EVENT_TYPE_EXCEPTION | VECTOR_DF);
}

static void __noreturn exit_shutdown(void)
{
	log_info("guest: triple fault at %#lx, machine reset",
		 this_cpu()->vcpu.rip);
	machine_reset();
}

static void exit_npf(struct vcpu *v)
{
	struct vmcb *b = v->svm->vmcb;
	guest_phys a = b->exitinfo2;
	struct mmio_trap t;

	if (!mmio_trap_find(a, &t) ||
	    (t.reads_pass && !(b->exitinfo1 & NPF_WRITE))) {
		npt_map_missing(a);
		return;
	}
	/* the guest's IDT, GDT or stack lies there: no instruction did this */
	if (b->exitintinfo & EVENT_VALID) {
		if (is_double_fault((uint32_t)b->exitintinfo))
			exit_shutdown();
		vcpu_inject_exception(v, VECTOR_DF, true, 0);
		return;
	}
	if (emulate_mmio(v, a, b->exitinfo1 & NPF_WRITE) < 0 &&
	    string_io(v) < 0) {
		log_few("instruction at %#lx (mode %s) on trapped address %#lx "
			 "refused", v->rip,
			 vcpu_efer(v) & EFER_LMA ? "64" : "32/16", a);
		refuse(v, VECTOR_GP);
	}
}

static uint64_t halted_at;	/* where all CPUs seemed to be */

/* A CPU that others wake by NMI is idle, off line or at a barrier. */
static void look_halted(struct timer *t __unused)
{
	if (cpus_others_rest(NULL))
		log_few("guest: halted with interrupts off at %#lx: only an "
			"NMI or a reset wakes it", halted_at);
}

static struct timer halted_timer = { .fn = look_halted };

static void halt(struct cpu *cpu, unsigned int len)
{
	bool off = !(cpu->vcpu.rflags & RFLAGS_IF);
	uint64_t at = cpu->vcpu.rip;

	vcpu_skip(&cpu->vcpu, len);
	/* a debug trap behind it wakes it */
	cpu->halted = !vcpu_event_pending(&cpu->vcpu) &&
		      (cpu->pending_vector < 0 || off);
	if (!cpu->halted || !off)
		return;
	/* when all halt together, one of them has to see that */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* one may have been woken and not know it yet: look again */
	if (cpus_others_rest(cpu)) {
		halted_at = at;
		timer_arm(&halted_timer, time_us() + HALTED_US);
	}
}

/*
 * "sti; hlt" with the exit in between: no interrupt may come before the HLT, or
 * an idle loop sleeps on what the interrupt has brought. Hardware takes the
 * shadow from the VMCB at the next entry; QEMU does not, so halt here.
 */
static void halt_in_shadow(struct cpu *cpu)
{
	struct vcpu *v = &cpu->vcpu;
	struct vcpu_segment cs;
	uint8_t opcode;

	if (!vcpu_interrupt_shadow(v) || vcpu_cpl(v))
		return;
	vcpu_segment(v, SEG_CS, &cs);
	if (cs.attr & SEGMENT_ATTR_L)
		cs.base = 0;
	if (!guest_virt_read(v, cs.base + v->rip, &opcode, 1) &&
	    opcode == HLT_OPCODE)
		halt(cpu, 1);
}

static void exit_vmmcall(struct cpu *cpu, unsigned int len)
{
	/* first: a call that waits or resets goes on behind it */
	vcpu_skip(&cpu->vcpu, len);
	vmmcall_handle(&cpu->vcpu);
}

static void exit_invd(struct cpu *cpu, unsigned int len)
{
	wbinvd();
	vcpu_skip(&cpu->vcpu, len);
}

/* An instruction whose opcode has so many bytes. */
static void exit_insn(struct cpu *cpu, unsigned int opcode,
		      void (*fn)(struct cpu *cpu, unsigned int len))
{
	unsigned int len = svm_insn_length(&cpu->vcpu, opcode);

	if (len)
		fn(cpu, len);
	else
		refuse(&cpu->vcpu, VECTOR_UD);
}

/*
 * The CPU refused the guest's state. What a guest can make is legal before it
 * is entered, and the rest of it must not make the VMM fail: the guest ends.
 */
static void exit_invalid(struct cpu *cpu)
{
	struct vcpu *v = &cpu->vcpu;
	const struct vmcb *b = v->svm->vmcb;

	if (svm_at_mov_to_cr(v)) {
		refuse(v, VECTOR_GP);
		return;
	}
	log_error("guest: the CPU refuses its state at %#lx, machine reset "
		  "(efer %#lx cr0 %#lx cr3 %#lx cr4 %#lx dr6 %#lx dr7 %#lx "
		  "cs %#x event %#x)", b->rip, b->efer, b->cr0, b->cr3,
		  b->cr4, b->dr6, b->dr7, b->cs.attr, b->event_inject);
	machine_reset();
}

static void __noreturn exit_unknown(const struct vmcb *b)
{
	panic("exit %#lx info %#lx %#lx at guest %#lx (efer %#lx cr0 %#lx "
	      "cr4 %#lx)", b->exitcode, b->exitinfo1, b->exitinfo2, b->rip,
	      b->efer, b->cr0, b->cr4);
}

void svm_handle_exit(struct cpu *cpu)
{
	struct vcpu *v = &cpu->vcpu;
	struct vmcb *b = v->svm->vmcb;

	exits_note(&cpu->exits, (struct exit_record){
		b->exitcode, v->rip, b->exitinfo1, b->exitinfo2
	});
	reinject(cpu);
	if ((uint32_t)b->exitcode == (uint32_t)EXIT_INVALID) {
		exit_invalid(cpu);
		return;
	}
	switch (b->exitcode) {
	case EXIT_NMI:
		halt_in_shadow(cpu);
		break;
	case EXIT_SMI:
		break;		/* taken in root mode once GIF was set */
	case EXIT_INIT:
		b->exitcode = EXIT_NONE;	/* came back: #SX */
		break;
	case EXIT_EXCEPTION + VECTOR_DB:
		exit_exception(v, VECTOR_DB);
		break;
	case EXIT_EXCEPTION + VECTOR_AC:
		exit_exception(v, VECTOR_AC);
		break;
	case EXIT_EXCEPTION + VECTOR_SX:
		cpu_request(cpu, CPU_REQUEST_INIT);
		break;
	case EXIT_CPUID:
		exit_insn(cpu, 2, svm_cpuid);
		break;
	case EXIT_INVD:
		exit_insn(cpu, 2, exit_invd);
		break;
	case EXIT_HLT:
		exit_insn(cpu, 1, halt);
		break;
	case EXIT_IRET:
		cpu->nmi_blocked = false;
		b->intercept[3] &= ~INTERCEPT_IRET;
		break;
	case EXIT_IOIO:
		exit_ioio(v);
		break;
	case EXIT_MSR:
		exit_insn(cpu, 2, svm_msr);
		break;
	case EXIT_VMMCALL:
		/* else it stays where it is, and comes again */
		if (vmmcall_due(cpu))
			exit_insn(cpu, 3, exit_vmmcall);
		break;
	case EXIT_VMRUN:
	case EXIT_VMLOAD:
	case EXIT_VMSAVE:
	case EXIT_STGI:
	case EXIT_CLGI:
	case EXIT_SKINIT:
	case EXIT_INVLPGA:
	case EXIT_MONITOR:
	case EXIT_MWAIT:
	case EXIT_MWAIT_ARMED:
		refuse(v, VECTOR_UD);
		break;
	case EXIT_NPF:
		exit_npf(v);
		break;
	case EXIT_SHUTDOWN:
		exit_shutdown();
	default:
		exit_unknown(b);
	}
}

/* The guest's NMI, if it can take one. */
static void prepare_nmi(struct cpu *cpu)
{
	struct vmcb *b = cpu->vcpu.svm->vmcb;

	if (!cpu->pending_nmi || cpu->nmi_blocked ||
	    (b->event_inject & EVENT_VALID) ||
	    (b->interrupt_shadow & INTERRUPT_SHADOW))
		return;
	cpu->pending_nmi = false;
	cpu->nmi_blocked = true;
	cpu->halted = false;
	b->intercept[3] |= INTERCEPT_IRET;
	b->event_inject = 2 | EVENT_TYPE_NMI | EVENT_VALID;
}

/*
 * An interrupt that was acknowledged in root mode goes as a virtual interrupt,
 * which the hardware delivers as soon as the guest's IF lets it, behind an NMI
 * or exception of the same entry. (As an injected event QEMU may deliver it
 * twice: it keeps the vector as a pending exception until the next exit.)
 */
static void prepare_interrupt(struct cpu *cpu)
{
	struct vmcb *b = cpu->vcpu.svm->vmcb;

	b->v_intr = 0;
	if (cpu->pending_vector >= 0)
		b->v_intr = V_IRQ | V_IGN_TPR |
			    V_INTR_VECTOR(cpu->pending_vector);
}

void vcpu_prepare(struct cpu *cpu)
{
	svm_make_legal(cpu->vcpu.svm->vmcb);
	prepare_nmi(cpu);
	prepare_interrupt(cpu);
}

void vcpu_run_once(struct cpu *cpu)
{
	struct vcpu *v = &cpu->vcpu;
	struct vmcb *b = v->svm->vmcb;
	bool flush = false;

	npt_enter(cpu, &flush);
	/* told once: it also holds for a run that is put off below */
	if (flush)
		svm_flush_tlb(b);
	/* what was requested before in_guest was set may have had no NMI */
	if (__atomic_load_n(&cpu->requests, __ATOMIC_SEQ_CST)) {
		npt_leave(cpu);
		stgi();
		return;
	}
	b->rax = v->gpr[GPR_RAX];
	b->rsp = v->gpr[GPR_RSP];
	b->rip = v->rip;
	b->rflags = v->rflags;
	svm_enter(v->gpr, v->svm->vmcb_phys, v->svm->host_vmcb_phys);
	npt_leave(cpu);
	v->gpr[GPR_RAX] = b->rax;
	v->gpr[GPR_RSP] = b->rsp;
	v->rip = b->rip;
	v->rflags = b->rflags;
	b->tlb_control = 0;
	svm_handle_exit(cpu);
}
