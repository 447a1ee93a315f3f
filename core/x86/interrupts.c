/* SPDX-License-Identifier: MIT */
/*
 * Interrupts in root mode, see interrupts.h and tandem/irq.h. The guest owns
 * the interrupt controllers and may have them deliver any vector; what comes
 * in where interrupts are let in is therefore the guest's, whatever its number.
 * While it runs it takes them without an exit. The VMM's own events come as
 * NMIs, those of devices and the deadline to the first CPU: Linux and others
 * set the task priority so that no vector below 0x20 passes, and use all above
 * it.
 */
#include "interrupts.h"
#include "cpus.h"
#include "lapic.h"
#include "msr_safe.h"

#include <errno.h>
#define LOG_PREFIX "irq: "
#include <tandem/irq.h>
#include <tandem/log.h>
#include <tandem/timer.h>
#include "../timer.h"
#include "../panic.h"

#define VECTOR_NMI		2
#define VECTOR_GP		13
#define VECTOR_MC		18
#define SX_INIT			1	/* #SX's error code: an INIT */
#define CPUID_MCA		BIT(14)
#define FIRST_LEGAL		16	/* of a local APIC */

/* how often to look at a device that cannot interrupt by NMI */
#define LOOK_US			10000

#define MSI_ADDRESS_BASE	0xfee00000ull
#define MSI_ADDRESS_LOGICAL	BIT(2)
#define MSI_TO_ALL		0xffull
#define MSI_DATA_DELIVERY(d)	((d) >> 8 & 7)
#define DELIVERY_FIXED		0
#define DELIVERY_LOWEST		1
#define MSI_DATA_NMI		(4u << 8)

static struct nmi_source *nmi_sources;
static unsigned int look_users;
static uint64_t msi_refused;

extern const uint8_t cpu_wait_start[], cpu_wait_end[];
extern const uint8_t cpu_window_end[];
extern const uint8_t user_enter_start[], user_enter_end[];

/* The vector of #MC may also be an interrupt's; the hardware knows. */
static bool is_machine_check(uint64_t vector)
{
	return vector == VECTOR_MC && (cpuid(1, 0).edx & CPUID_MCA) &&
	       (rdmsr(MSR_MCG_STATUS) & MCG_STATUS_MCIP);
}

void interrupts_note_nmi(struct cpu *cpu)
{
	cpu->nmi_taken++;
	cpu->nmi_taken_at = time_us();
}

bool interrupts_is_init(const struct trap_frame *f)
{
	return f->vector == VECTOR_SX && f->error == SX_INIT;
}

/* What has come must not be slept through, nor wait for a domain. */
static void wake(struct trap_frame *f)
{
	if (f->rip >= (uintptr_t)cpu_wait_start &&
	    f->rip < (uintptr_t)cpu_wait_end)
		f->rip = (uintptr_t)cpu_wait_end;
	if (f->rip >= (uintptr_t)user_enter_start &&
	    f->rip < (uintptr_t)user_enter_end)
		f->rip = (uintptr_t)user_enter_end;
}

/* Interrupts are not let in there, so it is the exception. */
static bool is_msr_fault(const struct trap_frame *f)
{
	return f->vector == VECTOR_GP && (f->rip == (uintptr_t)msr_read_at ||
					  f->rip == (uintptr_t)msr_write_at);
}

/* Called by traps.S for a trap from ring 0. */
void trap_in_root(struct trap_frame *f);
void trap_in_root(struct trap_frame *f)
{
	struct cpu *cpu = this_cpu();

	if (f->vector == VECTOR_NMI) {
		while (cpus_stopping())
			__asm__ volatile("cli; hlt");
		interrupts_note_nmi(cpu);
		wake(f);
		return;
	}
	if (interrupts_is_init(f)) {
		cpu_request(cpu, CPU_REQUEST_INIT);
		wake(f);
		return;
	}
	if (f->rip >= (uintptr_t)cpu_wait_start &&
	    f->rip <= (uintptr_t)cpu_window_end &&
	    !is_machine_check(f->vector)) {
		cpu->vector_taken = (int)f->vector;
		f->rflags &= ~RFLAGS_IF;
		return;
	}
	if (is_msr_fault(f)) {
		f->rip = (uintptr_t)msr_faulted;
		return;
	}
	panic_trap(f);
}

void nmi_source_add(struct nmi_source *s)
{
	s->next = nmi_sources;
	__atomic_store_n(&nmi_sources, s, __ATOMIC_RELEASE);
}

void exit_poll_periodic(bool on)
{
	__atomic_fetch_add(&look_users, on ? 1 : -1, __ATOMIC_RELAXED);
}

uint64_t interrupts_look_us(void)
{
	return look_users ? LOOK_US : 0;
}

void vmm_nmi_message(uint64_t *address, uint32_t *data)
{
	/* to whom it may be: the guest of a single CPU can change its ID */
	uint64_t to = n_cpus == 1 ? MSI_TO_ALL : cpus[0].apic_id;

	*address = MSI_ADDRESS_BASE | to << 12;
	*data = MSI_DATA_NMI;
}

int guest_msi(uint64_t address, uint32_t data)
{
	uint8_t vector = (uint8_t)data;
	unsigned int delivery = MSI_DATA_DELIVERY(data);

	if (address >> 20 != MSI_ADDRESS_BASE >> 20 || vector < FIRST_LEGAL ||
	    (delivery != DELIVERY_FIXED && delivery != DELIVERY_LOWEST)) {
		if (!msi_refused++)
			log_warn("MSI %#lx/%#x of the guest refused", address,
				 data);
		return -EINVAL;
	}
	lapic_send(address >> 12 & 0xff, address & MSI_ADDRESS_LOGICAL, vector);
	return 0;
}

bool guest_interruptible(const struct cpu *cpu)
{
	return cpu->pending_vector < 0 && (cpu->vcpu.rflags & RFLAGS_IF) &&
	       !vcpu_interrupt_shadow(&cpu->vcpu) &&
	       !vcpu_event_pending(&cpu->vcpu);
}

void interrupts_deliver(struct cpu *cpu, unsigned int vector)
{
	if (is_machine_check(vector))
		panic("machine check in ring 3");
	cpu->pending_vector = (int)vector;
	cpu->halted = false;
}

void interrupts_taken(struct cpu *cpu)
{
	if (cpu->vector_taken < 0)
		return;
	interrupts_deliver(cpu, (unsigned int)cpu->vector_taken);
	cpu->vector_taken = -1;
}

/* How many of taken NMIs the deadline and devices account for. */
static uint32_t claim(uint32_t taken)
{
	bool deadline = deadline_passed();
	uint32_t claims = deadline;

	for (struct nmi_source *s = nmi_sources; s; s = s->next)
		claims += s->fn(s->arg, claims >= taken);
	if (deadline && claims > taken)
		deadline_late();
	return claims;
}

void interrupts_handle_nmi(struct cpu *cpu)
{
	uint32_t taken = __atomic_exchange_n(&cpu->nmi_taken, 0,
					     __ATOMIC_RELAXED);
	uint32_t claims = 0;

	/* one taken may stand for several that came while it was pending */
	if (!taken)
		return;
	if (cpu_is_first(cpu))
		claims = claim(taken);
	if (claims < taken)
		claims += cpu_kicks_claim(cpu, taken - claims);
	if (!claims)
		cpu->pending_nmi = true;
}
