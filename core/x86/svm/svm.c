/* SPDX-License-Identifier: MIT */
/*
 * AMD SVM (APM volume 2, chapter 15): enabling it, the first state of the
 * guest, and the accessors of vcpu.h. Nested paging is required; other
 * SVM features are used where they are.
 */
#include "svm.h"
#include "../../mem/mem.h"
#include "../boot_state.h"
#include "../cpus.h"
#include "../debug.h"
#include "../lost.h"
#include "../msrs.h"
#include "../npt.h"

#include <errno.h>
#include <string.h>
#include <tandem/boot.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define CPUID_SVM	BIT(2)		/* 8000_0001 ecx */
#define GUEST_ASID	1

#define CR0_ET		BIT(4)
#define CR0_CACHE	(BIT(29) | BIT(30))	/* NW, CD */
#define DR6_INIT	0xffff0ff0
#define DR7_INIT	0x400

struct boot_state boot_state[CONFIG_MAX_CPUS];

/* What SVM wants of each CPU, by the page. */
static struct {
	struct vmcb guest __aligned(4096);
	struct vmcb host __aligned(4096);
	uint8_t host_save[4096] __aligned(4096);
} svm_areas[CONFIG_MAX_CPUS];
static struct svm_vcpu svm_vcpus[CONFIG_MAX_CPUS];

uint32_t svm_features;

int svm_check(void)
{
	if (cpuid(0x80000000, 0).eax < 0x8000000a ||
	    !(cpuid(0x80000001, 0).ecx & CPUID_SVM) ||
	    !(cpuid(0x8000000a, 0).edx & SVM_NP))
		return TANDEM_BOOT_NO_SVM;
	if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
		return TANDEM_BOOT_DISABLED;
	return TANDEM_BOOT_OK;
}

static uint64_t image_to_phys(const void *p, uint64_t image_phys)
{
	return (uintptr_t)p - TANDEM_VMM_BASE + image_phys;
}

/* The hidden part of a segment register, from the firmware's GDT. */
static struct vmcb_segment gdt_segment(uint16_t selector)
{
	struct table_register gdtr = read_gdtr();
	uint64_t d = 0;

	if ((selector & ~7u) && (selector | 7u) <= gdtr.limit)
		d = *(const uint64_t *)(gdtr.base + (selector & ~7u));
	return (struct vmcb_segment){
		.selector = selector,
		.attr = (d >> 40 & 0xff) | (d >> 44 & 0xf00),
		.limit = d & BIT(55) ?
			 ((d & 0xffff) | (d >> 32 & 0xf0000)) << 12 | 0xfff :
			 (d & 0xffff) | (d >> 32 & 0xf0000),
		.base = (d >> 16 & 0xffffff) | (d >> 32 & 0xff000000),
	};
}

static void capture_segments(struct vmcb *v)
{
	struct table_register gdtr = read_gdtr(), idtr = read_idtr();

	v->es = gdt_segment(read_es());
	v->cs = gdt_segment(read_cs());
	v->ss = gdt_segment(read_ss());
	v->ds = gdt_segment(read_ds());
	v->gdtr = (struct vmcb_segment){ .limit = gdtr.limit,
					 .base = gdtr.base };
	v->idtr = (struct vmcb_segment){ .limit = idtr.limit,
					 .base = idtr.base };
}

void svm_capture(struct cpu *cpu, uint64_t image_phys)
{
	const struct boot_state *state = &boot_state[cpu->index];
	struct svm_vcpu *s = &svm_vcpus[cpu->index];
	struct vmcb *v = &svm_areas[cpu->index].guest;
	uint64_t *gpr = cpu->vcpu.gpr;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	s->vmcb = v;
	s->vmcb_phys = image_to_phys(v, image_phys);
	s->host_vmcb_phys = image_to_phys(&svm_areas[cpu->index].host, image_phys);
	cpu->vcpu.svm = s;

	__asm__ volatile("vmsave" : : "a"(s->vmcb_phys) : "memory");
	capture_segments(v);
	v->efer = rdmsr(MSR_EFER);
	v->cr0 = read_cr0();
	v->cr2 = read_cr2();
	v->cr3 = state->cr3;
	v->cr4 = read_cr4();
	v->dr6 = DR6_INIT;
	v->dr7 = DR7_INIT;
	v->g_pat = rdmsr(MSR_PAT);

	gpr[GPR_RBX] = state->rbx;
	gpr[GPR_RBP] = state->rbp;
	gpr[GPR_R12] = state->r12;
	gpr[GPR_R13] = state->r13;
	gpr[GPR_R14] = state->r14;
	gpr[GPR_R15] = state->r15;
	gpr[GPR_RAX] = TANDEM_BOOT_OK;
	gpr[GPR_RSP] = state->rsp + 8;
	cpu->vcpu.rip = *(const uint64_t *)state->rsp;
	cpu->vcpu.rflags = 2;
}

void svm_reset(struct cpu *cpu)
{
	static const struct vmcb_segment data = { 0, 0x093, 0xffff, 0 };
	struct vcpu *v = &cpu->vcpu;
	struct vmcb *b = v->svm->vmcb;

	memset(v->gpr, 0, sizeof(v->gpr));
	v->debug_hits = 0;
	v->gpr[GPR_RDX] = cpuid(1, 0).eax;
	v->rip = 0xfff0;
	v->rflags = 2;
	b->cs = (struct vmcb_segment){ 0xf000, 0x09b, 0xffff, 0xffff0000 };
	b->es = b->ss = b->ds = b->fs = b->gs = data;
	b->gdtr = b->idtr = (struct vmcb_segment){ .limit = 0xffff };
	b->ldtr = (struct vmcb_segment){ 0, 0x082, 0xffff, 0 };
	b->tr = (struct vmcb_segment){ 0, 0x08b, 0xffff, 0 };
	b->cpl = 0;
	/* whether it caches does not change */
	b->cr0 = (b->cr0 & CR0_CACHE) | CR0_ET;
	b->cr2 = b->cr3 = b->cr4 = 0;
	b->efer = EFER_SVME;
	b->dr6 = DR6_INIT;
	b->dr7 = DR7_INIT;
	/* the guest's own: root mode uses no breakpoints */
	__asm__ volatile("mov %0, %%dr0; mov %0, %%dr1\n"
			 "mov %0, %%dr2; mov %0, %%dr3" : : "r"(0ul));
	b->event_inject = 0;
	b->exitintinfo = 0;
	b->interrupt_shadow = 0;
	b->intercept[3] &= ~INTERCEPT_IRET;
	svm_flush_tlb(b);
}

void svm_start(struct cpu *cpu, uint8_t sipi_vector)
{
	struct vmcb *b = cpu->vcpu.svm->vmcb;

	b->cs.selector = (uint16_t)(sipi_vector << 8);
	b->cs.base = (uint64_t)sipi_vector << 12;
	cpu->vcpu.rip = 0;
}

/*
 * An INIT that is not an IPI (a device's message, the chipset) shall be an
 * exception, #SX, lest it take the CPU out of the VMM (15.28).
 */
static void redirect_init(const struct cpu *cpu)
{
	uint64_t vm_cr = rdmsr(MSR_VM_CR);

	wrmsr(MSR_VM_CR, vm_cr | VM_CR_R_INIT);
	if (!cpu_is_first(cpu))
		return;
	if (rdmsr(MSR_VM_CR) & VM_CR_R_INIT)
		lost_never();
	else
		log_info("INIT cannot be redirected: CPUs that a device sends "
			 "it are taken back");
}

bool vcpu_left_by_init(const struct cpu *c)
{
	const struct vmcb *b = c->vcpu.svm->vmcb;

	return __atomic_load_n(&b->exitcode, __ATOMIC_ACQUIRE) == EXIT_INIT;
}

/*
 * The exit's own vmsave has not happened: MSRs that it saves are as they were
 * when this guest was entered.
 */
void vcpu_resume(struct cpu *cpu)
{
	struct svm_vcpu *s = cpu->vcpu.svm;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, virt_to_phys(svm_areas[cpu->index].host_save));
	__asm__ volatile("vmload" : : "a"(s->host_vmcb_phys) : "memory");
	stgi();
	if (vcpu_left_by_init(cpu))
		exits_note(&cpu->exits, (struct exit_record){
			.code = EXIT_INIT
		});
	s->vmcb->exitcode = EXIT_NONE;
}

static void set_intercepts(struct vmcb *v)
{
	/* #DB and #AC: a guest can raise them without end */
	v->intercept[2] = BIT(1) | BIT(17) | BIT(VECTOR_SX);
	/* not INTR: the guest takes its interrupts without us */
	v->intercept[3] = INTERCEPT_NMI | INTERCEPT_SMI |
		INTERCEPT_INIT | INTERCEPT_CPUID | INTERCEPT_INVD |
		INTERCEPT_HLT | INTERCEPT_INVLPGA | INTERCEPT_IOIO |
		INTERCEPT_MSR | INTERCEPT_SHUTDOWN;
	v->intercept[4] = INTERCEPT_VMRUN | INTERCEPT_VMMCALL |
		INTERCEPT_VMLOAD | INTERCEPT_VMSAVE | INTERCEPT_STGI |
		INTERCEPT_CLGI | INTERCEPT_SKINIT | INTERCEPT_MONITOR |
		INTERCEPT_MWAIT | INTERCEPT_MWAIT_ARMED;
}

void svm_init(struct cpu *cpu)
{
	struct vmcb *v = cpu->vcpu.svm->vmcb;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, virt_to_phys(svm_areas[cpu->index].host_save));
	__asm__ volatile("vmsave" : : "a"(cpu->vcpu.svm->host_vmcb_phys)
			 : "memory");
	wrmsr(MSR_DEBUGCTL, 0);
	set_intercepts(v);
	redirect_init(cpu);
	svm_bitmaps_use(v);
	v->asid = GUEST_ASID;
	v->nested_ctl = 1;
	v->nested_cr3 = npt_root();
	svm_features = cpuid(0x8000000a, 0).edx;
	v->tlb_control = TLB_FLUSH_ALL;
}

uint64_t vcpu_cr(const struct vcpu *v, unsigned int n)
{
	const struct vmcb *b = v->svm->vmcb;

	switch (n) {
	case 0:
		return b->cr0;
	case 2:
		return b->cr2;
	case 3:
		return b->cr3;
	default:
		return b->cr4;
	}
}

void vcpu_set_cr2(struct vcpu *v, uint64_t value)
{
	v->svm->vmcb->cr2 = value;
}

/* VMRUN leaves these as they are, and the VMM uses none. */
#define READ_DR(n) ({ \
	uint64_t value_; \
	__asm__ volatile("mov %%dr" #n ", %0" : "=r"(value_)); \
	value_; \
})

uint64_t vcpu_dr(const struct vcpu *v, unsigned int n)
{
	switch (n) {
	case 0:
		return READ_DR(0);
	case 1:
		return READ_DR(1);
	case 2:
		return READ_DR(2);
	case 3:
		return READ_DR(3);
	default:
		return v->svm->vmcb->dr7;
	}
}

uint64_t vcpu_efer(const struct vcpu *v)
{
	return v->svm->vmcb->efer & ~EFER_SVME;
}

unsigned int vcpu_cpl(const struct vcpu *v)
{
	return v->svm->vmcb->cpl & 3;
}

void vcpu_segment(const struct vcpu *v, enum vcpu_segreg s,
		  struct vcpu_segment *out)
{
	/* ES, CS, SS, DS, FS, GS lie in this order in the VMCB */
	const struct vmcb_segment *g = &v->svm->vmcb->es + s;

	*out = (struct vcpu_segment){ g->selector, g->attr, g->limit, g->base };
}

void vcpu_inject_exception(struct vcpu *v, unsigned int vector,
			   bool has_error, uint32_t error)
{
	struct vmcb *b = v->svm->vmcb;

	v->debug_hits = 0;
	/* real mode has no error codes */
	has_error &= !!(b->cr0 & CR0_PE);
	b->event_inject = vector | EVENT_TYPE_EXCEPTION | EVENT_VALID |
			  (has_error ? EVENT_ERROR_VALID : 0);
	b->event_error = error;
}

bool vcpu_step(struct vcpu *v)
{
	struct vmcb *b = v->svm->vmcb;
	uint32_t dr6 = debug_due(v);

	if (!dr6)
		return false;
	b->dr6 |= dr6;
	b->dr7 &= ~DR7_GD;
	vcpu_inject_exception(v, VECTOR_DB, false, 0);
	return true;
}

void svm_complete(struct vcpu *v)
{
	v->svm->vmcb->interrupt_shadow &= ~(uint64_t)INTERRUPT_SHADOW;
	v->rflags &= ~RFLAGS_RF;
	if (v->debug_hits || (v->rflags & RFLAGS_TF))
		vcpu_step(v);
}

void vcpu_skip(struct vcpu *v, unsigned int len)
{
	struct vcpu_segment cs;

	vcpu_segment(v, SEG_CS, &cs);
	v->rip += len;
	if (!(cs.attr & SEGMENT_ATTR_L) || !(vcpu_efer(v) & EFER_LMA))
		v->rip &= 0xffffffff;
	svm_complete(v);
}
