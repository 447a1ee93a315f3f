/* SPDX-License-Identifier: MIT */
/*
 * The physical local APIC of this CPU, which the guest owns and the VMM uses
 * beside it for IPIs (APM volume 2, chapter 16).
 */
#ifndef CORE_X86_LAPIC_H
#define CORE_X86_LAPIC_H

#include <tandem/types.h>

/* registers, as offsets in the page; their MSRs in x2APIC mode */
#define APIC_TPR		0x080
#define APIC_EOI		0x0b0
#define APIC_ID			0x020
#define APIC_LDR		0x0d0
#define APIC_DFR		0x0e0
#define APIC_SVR		0x0f0
#define APIC_ISR		0x100
#define APIC_ICR_LOW		0x300
#define APIC_ICR_HIGH		0x310
#define APIC_LVT_TIMER		0x320
#define APIC_LVT_THERMAL	0x330
#define APIC_LVT_PERF		0x340
#define APIC_LVT_LINT0		0x350
#define APIC_LVT_LINT1		0x360
#define APIC_LVT_ERROR		0x370
#define  LVT_MASKED		BIT(16)
#define APIC_TIMER_INITIAL	0x380
#define APIC_TIMER_DIVIDE	0x3e0
#define X2APIC_MSR(reg)		(0x800 + ((reg) >> 4))

#define ICR_VECTOR(icr)		((icr) & 0xff)
#define ICR_DELIVERY(d)		((uint32_t)(d) << 8)
#define ICR_DELIVERY_OF(icr)	((icr) >> 8 & 7)
#define  ICR_SMI		2
#define  ICR_NMI		4
#define  ICR_INIT		5
#define  ICR_SIPI		6
#define ICR_LOGICAL		BIT(11)
#define ICR_BUSY		BIT(12)	/* read-only */
#define ICR_ASSERT		BIT(14)
#define ICR_LEVEL		BIT(15)
#define ICR_SHORTHAND(icr)	((icr) >> 18 & 3)
#define  ICR_TO_SELF		1
#define  ICR_TO_ALL		2
#define  ICR_TO_OTHERS		3

/* Map the page. -ENOMEM. */
int lapic_init(void);

/* Note what was set on this CPU before the VMM had it. */
void lapic_adopt(void);

/* Where the guest finds its registers in xAPIC mode. */
guest_phys lapic_page(void);

bool lapic_is_x2apic(void);
uint32_t lapic_read(unsigned int reg);
void lapic_write(unsigned int reg, uint32_t value);

/* Send a fixed IPI; destination and mode as in an MSI address. */
void lapic_send(uint32_t destination, bool logical, uint8_t vector);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_smi(uint32_t apic_id);
void lapic_send_init(uint32_t apic_id);
void lapic_send_sipi(uint32_t apic_id, uint8_t page);

/*
 * The state after INIT (APM volume 2, 16.3.2), on this CPU. What was in
 * service or waited is dropped.
 */
void lapic_reset(void);

/*
 * The guest writes MSR_APIC_BASE: follow its mode, but for "off", which it
 * only sees. False (raise #GP) if it would move the page or make an illegal
 * transition.
 */
bool lapic_set_base(uint64_t value);

#endif
