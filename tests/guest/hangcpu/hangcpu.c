// SPDX-License-Identifier: MIT
/*
 * hangcpu: a module for the guest's Linux that hangs its CPU, or all CPUs, in
 * one of the ways in which an operating system may. Do the VMM's services live
 * on?
 *
 *	insmod hangcpu.ko
 *	echo nmi >/sys/module/hangcpu/parameters/way
 *	echo 1 >/sys/module/hangcpu/parameters/all	(from then on, all CPUs)
 *
 *	cli		a loop with interrupts off
 *	hlt		halted with interrupts off
 *	tpr		a loop, interrupts on, task priority 15
 *	interrupt	in the handler of the highest vector, before its EOI,
 *			interrupts on
 *	lapic		a loop, interrupts on, local APIC switched off by software
 *	nmi		in an NMI's handler
 *
 * Says "hangcpu: WAY: hangs", and hangs until a byte comes at COM1, which it
 * takes (hlt: a byte and then an NMI). Then it puts everything back and says
 * "hangcpu: WAY: over". One byte is for all CPUs that hang.
 *
 * The handlers are entered through an interrupt descriptor table of our own,
 * a copy of Linux's: nothing of Linux runs between the CPU and the hang.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/serial_reg.h>
#include <linux/string.h>
#include <asm/apic.h>
#include <asm/desc.h>

#define COM1		0x3f8
#define VECTOR		0xf8		/* of the highest class */
#define VECTOR_NMI	2
#define TPR_ALL		0xf0
#define LOOPS		1000000		/* from one look at COM1 to the next */
#define SOON		100000		/* of the local APIC's timer */

static bool all;
module_param(all, bool, 0600);
MODULE_PARM_DESC(all, "hang all CPUs");

static atomic_t bytes;		/* that have come */
static int bytes_before;	/* the present hang */

static bool released(void)
{
	if (atomic_read(&bytes) != bytes_before)
		return true;
	if (!(inb(COM1 + UART_LSR) & UART_LSR_DR))
		return false;
	inb(COM1 + UART_RX);
	atomic_inc(&bytes);
	return true;
}

static void loop(void)
{
	unsigned long n;

	do {
		n = LOOPS;
		asm volatile("1:	dec %0\n"
			     "		jnz 1b" : "+r" (n) : : "cc");
	} while (!released());
}

/* Until IF=1 has let in all that had waited, interrupts are as before. */
static void loop_with_interrupts(void)
{
	asm volatile("sti" : : : "memory");
	loop();
	asm volatile("cli" : : : "memory");
}

/* ---- without a handler ---- */

static void hang_cli(void)
{
	loop();
}

static void hang_hlt(void)
{
	do
		asm volatile("hlt" : : : "memory");
	while (!released());
}

static void hang_tpr(void)
{
	u32 tpr = apic_read(APIC_TASKPRI);

	apic_write(APIC_TASKPRI, TPR_ALL);
	loop_with_interrupts();
	apic_write(APIC_TASKPRI, tpr);
}

/*
 * Switching off masks the local vector table. The timer's interrupt may have
 * been lost meanwhile, so that Linux would wait for it for ever: it gets one.
 */
static void hang_lapic(void)
{
	static const u32 table[] = { APIC_LVTT, APIC_LVTPC, APIC_LVT0,
				     APIC_LVT1, APIC_LVTERR };
	u32 spurious = apic_read(APIC_SPIV), saved[ARRAY_SIZE(table)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		saved[i] = apic_read(table[i]);
	apic_write(APIC_SPIV, spurious & ~APIC_SPIV_APIC_ENABLED);
	loop_with_interrupts();
	apic_write(APIC_SPIV, spurious);
	for (i = 0; i < ARRAY_SIZE(table); i++)
		apic_write(table[i], saved[i]);
	apic_write(APIC_TMICT, SOON);
}

/* ---- in a handler ---- */

void hangcpu_gate(void);
void hangcpu_handler(void);

asm("	.text\n"
    "	.type hangcpu_gate, @function\n"
    "hangcpu_gate:\n"
    "	push %rax\n"
    "	push %rcx\n"
    "	push %rdx\n"
    "	push %rsi\n"
    "	push %rdi\n"
    "	push %r8\n"
    "	push %r9\n"
    "	push %r10\n"
    "	push %r11\n"
    "	cld\n"
    "	call hangcpu_handler\n"
    "	pop %r11\n"
    "	pop %r10\n"
    "	pop %r9\n"
    "	pop %r8\n"
    "	pop %rdi\n"
    "	pop %rsi\n"
    "	pop %rdx\n"
    "	pop %rcx\n"
    "	pop %rax\n"
    "	iretq\n"
    "	.size hangcpu_gate, . - hangcpu_gate\n");
STACK_FRAME_NON_STANDARD(hangcpu_gate);

static volatile bool in_nmi, handled[NR_CPUS];

void hangcpu_handler(void)
{
	if (in_nmi) {
		loop();
	} else {
		loop_with_interrupts();
		apic_write(APIC_EOI, 0);
	}
	handled[raw_smp_processor_id()] = true;
}

/* Sends the own CPU an interrupt and waits until its handler has run. */
static void hang_in_handler(bool nmi)
{
	unsigned int vector = nmi ? VECTOR_NMI : VECTOR;
	gate_desc *table = (gate_desc *)__get_free_page(GFP_ATOMIC);
	struct desc_ptr theirs, ours;

	if (!table)
		return;
	asm volatile("sidt %0" : "=m" (theirs));
	memcpy(table, (void *)theirs.address, theirs.size + 1);
	pack_gate(&table[vector], GATE_INTERRUPT, (unsigned long)hangcpu_gate,
		  0, 0, __KERNEL_CS);
	ours.address = (unsigned long)table;
	ours.size = theirs.size;
	in_nmi = nmi;
	handled[raw_smp_processor_id()] = false;
	asm volatile("lidt %0" : : "m" (ours));
	apic_icr_write(nmi ? APIC_DM_NMI : APIC_DM_FIXED | vector,
		       read_apic_id());
	if (!nmi)
		asm volatile("sti" : : : "memory");
	while (!handled[raw_smp_processor_id()])
		cpu_relax();
	asm volatile("cli" : : : "memory");
	asm volatile("lidt %0" : : "m" (theirs));
	free_page((unsigned long)table);
}

static void hang_interrupt(void)
{
	hang_in_handler(false);
}

static void hang_nmi(void)
{
	hang_in_handler(true);
}

/* ---- which ---- */

static const struct {
	const char *name;
	void (*hang)(void);
} ways[] = {
	{ "cli", hang_cli },
	{ "hlt", hang_hlt },
	{ "tpr", hang_tpr },
	{ "interrupt", hang_interrupt },
	{ "lapic", hang_lapic },
	{ "nmi", hang_nmi },
};

/* Interrupts are off. */
static void hang_here(void *hang)
{
	((void (*)(void))hang)();
}

static int set_way(const char *text, const struct kernel_param *unused)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (sysfs_streq(text, ways[i].name))
			break;
	if (i == ARRAY_SIZE(ways))
		return -EINVAL;
	pr_alert("hangcpu: %s: hangs\n", ways[i].name);
	bytes_before = atomic_read(&bytes);
	if (all) {
		on_each_cpu(hang_here, ways[i].hang, true);
	} else {
		local_irq_save(flags);
		hang_here(ways[i].hang);
		local_irq_restore(flags);
	}
	pr_alert("hangcpu: %s: over\n", ways[i].name);
	return 0;
}

static const struct kernel_param_ops way_ops = { .set = set_way };
module_param_cb(way, &way_ops, NULL, 0200);
MODULE_PARM_DESC(way, "cli, hlt, tpr, interrupt, lapic or nmi");

MODULE_DESCRIPTION("Hangs the CPU until a byte comes at COM1");
MODULE_LICENSE("Dual MIT/GPL");
