// SPDX-License-Identifier: MIT
/*
 * sendipi: a module for the guest's Linux that sends INIT, SIPI, NMI and SMI
 * by CPU 0's interrupt command register in every way that may get a CPU out of
 * a VMM: by each kind of destination and each instruction, by halves of the
 * register, and by the addresses of devices' messages.
 *
 *	echo 0 >/sys/devices/system/cpu/cpu1/online
 *	taskset 1 insmod sendipi.ko vmm=0x3d600000
 *
 * The target is CPU 1, which Linux must not use meanwhile and may take back
 * after it. It runs a trampoline of ours that counts. Says "sendipi: NAME ok"
 * or "sendipi: NAME WRONG", and what CPU 1 has found out: "sendipi: cpuid X
 * vm_cr X vmm X", the word at vmm, which should be the VMM's memory.
 * self=1: sends INIT to the own CPU instead. It stays loaded and does no more.
 * smi=1: sends SMIs to the own CPU instead, by the register and by the chipset
 * (ICH9, port 0xb2), and says how many ran code of ours: "sendipi: smi icr 3
 * port 3". Any CPU, and without a VMM as well.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/smp.h>
#include <asm/apicdef.h>
#include <asm/nmi.h>

#define PLACE		0x20000		/* of the trampoline, below 1 MiB */
#define VECTOR		(PLACE >> 12)
#define SMM_CODE	0x38000		/* where an SMI begins after reset */
#define SMM_SAVED	0x3f000		/* this page has the CPU's state then */
#define SELF_SMIS	3		/* of each kind */
#define LPC		PCI_DEVFN(0x1f, 0)
#define LPC_PMBASE	0x40
#define PM_SMI_EN	0x30
#define  SMI_EN_GBL	BIT(0)
#define  SMI_EN_APMC	BIT(5)
#define APM_CONTROL	0xb2
#define TARGET		1		/* its APIC ID */
#define TARGET_LOGICAL	2		/* the trampoline sets its LDR so */
#define SOON		100000		/* of the local APIC's timer */
#define MSI_TARGET	0x1000		/* from CPU 0's page on */

#define ASSERT		APIC_INT_ASSERT
#define LEVEL		APIC_INT_LEVELTRIG
#define INIT		(APIC_DM_INIT | ASSERT)
#define SIPI		(APIC_DM_STARTUP | ASSERT | VECTOR)
#define NMI		(APIC_DM_NMI | ASSERT)
#define SMI		(APIC_DM_SMI | ASSERT)

static ulong vmm;
module_param(vmm, ulong, 0);
MODULE_PARM_DESC(vmm, "physical address of the VMM block");

static bool self;
module_param(self, bool, 0);
MODULE_PARM_DESC(self, "INIT to the own CPU, and nothing else");

static bool smi;
module_param(smi, bool, 0);
MODULE_PARM_DESC(smi, "SMIs to the own CPU, and nothing else");

/* In 16-bit mode from PLACE on, then in flat 32-bit mode. */
asm("	.pushsection .rodata\n"
    "	.balign 16\n"
    "	.code16\n"
    "trampoline:\n"
    "	cli\n"
    "	movw	%cs, %ax\n"
    "	movw	%ax, %ds\n"
    "	movl	$0x80000001, %eax\n"
    "	cpuid\n"
    "	movl	%ecx, trampoline_cpuid - trampoline\n"
    "	movl	$0xc0010114, %ecx\n"
    "	rdmsr\n"
    "	movl	%eax, trampoline_vm_cr - trampoline\n"
    "	lgdtl	trampoline_gdtr - trampoline\n"
    "	movl	%cr0, %eax\n"
    "	orb	$1, %al\n"
    "	movl	%eax, %cr0\n"
    "	.byte	0x66, 0xea\n"
    "	.long	trampoline_32 - trampoline + 0x20000\n"
    "	.word	8\n"
    "	.code32\n"
    "trampoline_32:\n"
    "	movw	$16, %ax\n"
    "	movw	%ax, %ds\n"
    "	movl	$0x20000, %ebp\n"
    "	movl	$0x02000000, 0xfee000d0\n"	/* the LDR */
    "	movl	trampoline_vmm - trampoline(%ebp), %eax\n"
    "	movl	(%eax), %eax\n"
    "	movl	%eax, trampoline_word - trampoline(%ebp)\n"
    "	incl	trampoline_starts - trampoline(%ebp)\n"
    "1:	incl	trampoline_beats - trampoline(%ebp)\n"
    "	pause\n"
    "	jmp	1b\n"
    "	.balign 8\n"
    "trampoline_gdt:\n"
    "	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff\n"
    "trampoline_gdtr:\n"
    "	.word	23\n"
    "	.long	trampoline_gdt - trampoline + 0x20000\n"
    "	.balign 8\n"
    "trampoline_cpuid:	.long 0\n"
    "trampoline_vm_cr:	.long 0\n"
    "trampoline_vmm:	.long 0\n"
    "trampoline_word:	.long 0\n"
    "trampoline_starts:	.long 0\n"
    "trampoline_beats:	.long 0\n"
    "trampoline_end:\n"
    "	.code16\n"
    "smm_code:\n"
    "	incl	%cs:0x8100\n"
    "	rsm\n"
    "smm_code_end:\n"
    "	.code64\n"
    "	.popsection\n");

extern const u8 trampoline[], trampoline_end[], trampoline_cpuid[];
extern const u8 smm_code[], smm_code_end[];

/* What lies at trampoline_cpuid. */
struct found {
	u32 cpuid, vm_cr, vmm, word, starts, beats;
};

static u8 __iomem *apic, *messages;
static u8 *low, *smm;
static volatile struct found *found;
static volatile u32 *smis;
static u8 saved_low[PAGE_SIZE], saved_smm[PAGE_SIZE];
static atomic_t nmis;

static void say(const char *name, bool ok)
{
	pr_alert("sendipi: %s %s\n", name, ok ? "ok" : "WRONG");
}

/* ---- the register ---- */

static void icr(u32 to, u32 command)
{
	unsigned long flags;

	local_irq_save(flags);
	writel(to << 24, apic + APIC_ICR2);
	writel(command, apic + APIC_ICR);
	local_irq_restore(flags);
}

static void to_target(u32 command)
{
	icr(TARGET, command);
}

static void icr_by_xchg(u32 command)
{
	unsigned long flags;

	local_irq_save(flags);
	writel(TARGET << 24, apic + APIC_ICR2);
	asm volatile("xchg %0, %1"
		     : "+r" (command), "+m" (*(u32 __force *)(apic + APIC_ICR))
		     : : "memory");
	local_irq_restore(flags);
}

/* All of the register's 16 bytes: only the first four are it. */
static void icr_by_rep_stos(u32 command)
{
	unsigned long flags, count = 4;
	void *to = (void __force *)apic + APIC_ICR;

	local_irq_save(flags);
	writel(TARGET << 24, apic + APIC_ICR2);
	asm volatile("rep stosl" : "+D" (to), "+c" (count) : "a" (command)
		     : "memory");
	local_irq_restore(flags);
}

static void icr_by_movs(u32 command)
{
	unsigned long flags;
	void *to = (void __force *)apic + APIC_ICR;
	u32 *from = &command;

	local_irq_save(flags);
	writel(TARGET << 24, apic + APIC_ICR2);
	asm volatile("movsl" : "+D" (to), "+S" (from) : : "memory");
	local_irq_restore(flags);
}

static void icr_by_or(u32 command)
{
	unsigned long flags;

	local_irq_save(flags);
	writel(TARGET << 24, apic + APIC_ICR2);
	asm volatile("orl %1, %0" : "+m" (*(u32 __force *)(apic + APIC_ICR))
		     : "r" (command) : "memory");
	local_irq_restore(flags);
}

/* ---- what the target does ---- */

static bool runs(void)
{
	u32 before = found->beats;
	int i;

	for (i = 0; i < 300; i++) {
		msleep(10);
		if (found->beats != before)
			return true;
	}
	return false;
}

static bool stops(void)
{
	u32 before;
	int i;

	for (i = 0; i < 20; i++) {
		before = found->beats;
		msleep(150);
		if (found->beats == before)
			return true;
	}
	return false;
}

static bool starts(void)
{
	u32 before = found->starts;
	int i;

	to_target(SIPI);
	for (i = 0; i < 300; i++) {
		msleep(10);
		if (found->starts == before + 1)
			return runs();
	}
	return false;
}

/* A SIPI does nothing to a CPU that does not wait for one. */
static bool ran_on(void)
{
	u32 before = found->starts;

	msleep(50);
	to_target(SIPI);
	msleep(50);
	return runs() && found->starts == before;
}

/* ---- the trials ---- */

static void must_init(const char *name, void (*send)(u32 command), u32 command)
{
	send(command);
	say(name, stops() && starts());
}

static void to_logical(u32 command)
{
	icr(TARGET_LOGICAL, command | APIC_DEST_LOGICAL);
}

static void to_others(u32 command)
{
	icr(0, command | APIC_DEST_ALLBUT);
}

static void every_way_of_init(void)
{
	must_init("init", to_target, INIT);
	must_init("init-level", to_target, INIT | LEVEL);
	must_init("init-logical", to_logical, INIT);
	must_init("init-others", to_others, INIT);
	must_init("init-xchg", icr_by_xchg, INIT);
	must_init("init-rep-stos", icr_by_rep_stos, INIT);
	must_init("init-movs", icr_by_movs, INIT);
	/* what is there becomes an INIT, and was one to nobody */
	icr(0x77, ASSERT | APIC_DM_LOWEST);
	icr_by_or(APIC_DM_INIT);
	say("init-or", stops() && starts());
}

static void absent_destinations(void)
{
	static const u32 nobody[] = { 2, 0x77, 0xfe };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nobody); i++) {
		icr(nobody[i], INIT);
		icr(nobody[i], SIPI);
		icr(nobody[i], NMI);
		icr(nobody[i], SMI);
	}
	icr(0, INIT | APIC_DEST_LOGICAL);
	icr(0xf0, INIT | APIC_DEST_LOGICAL);
	say("absent", ran_on());
}

static void odd_writes(void)
{
	to_target(INIT | LEVEL);
	say("level", stops() && starts());
	to_target(APIC_DM_INIT | LEVEL);
	say("de-assert", ran_on());

	writel(TARGET << 24, apic + APIC_ICR2);
	writeb(INIT >> 8, apic + APIC_ICR + 1);
	writew(INIT, apic + APIC_ICR);
	writew(INIT, apic + APIC_ICR + 1);
	writel(INIT << 8, apic + APIC_ICR - 1);
	writel(INIT << 16, apic + APIC_ICR - 2);
	writel(INIT, apic + APIC_ICR + 4);
	writeq((u64)INIT << 32, apic + APIC_ICR - 4);
	writeq((u64)TARGET << 56 | INIT, apic + APIC_ICR + 8);
	say("odd-writes", ran_on());
}

/* A processor's write is not to become a message. */
static void messages_by_hand(void)
{
	static const u32 modes[] = { APIC_DM_INIT, APIC_DM_NMI, APIC_DM_SMI };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		writel(modes[i] | ASSERT, messages);
		writel(modes[i] | ASSERT | LEVEL, messages + 8);
		writew(modes[i], messages);
		writeq(modes[i] | ASSERT, messages);
	}
	say("msi-window", ran_on());
}

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	atomic_inc(&nmis);
	return NMI_HANDLED;
}

static void expect_nmis(const char *name, int n)
{
	int i;

	for (i = 0; i < 100 && atomic_read(&nmis) < n; i++)
		msleep(10);
	msleep(100);
	say(name, atomic_xchg(&nmis, 0) == n);
}

/* CPU 1 waits for a SIPI, and takes none. */
static void every_way_of_nmi(void)
{
	to_target(INIT);
	say("nmi-before", stops());
	atomic_set(&nmis, 0);
	icr(0, NMI);
	expect_nmis("nmi-self-directed", 1);
	icr(0, NMI | APIC_DEST_SELF);
	expect_nmis("nmi-self", 1);
	icr(0, NMI | APIC_DEST_ALLINC);
	expect_nmis("nmi-all", 1);
	icr(0xff, NMI);
	expect_nmis("nmi-broadcast", 1);
	icr(0, NMI | APIC_DEST_ALLBUT);
	to_target(NMI);
	icr(TARGET_LOGICAL, NMI | APIC_DEST_LOGICAL);
	expect_nmis("nmi-others", 0);
	say("nmi-not-a-start", stops() && starts());
}

/* Memory that every SMI handler of the guest's own would begin in. */
static void every_way_of_smi(void)
{
	*smis = 0;
	to_target(SMI);
	icr(0, SMI);
	icr(0, SMI | APIC_DEST_SELF);
	icr(0, SMI | APIC_DEST_ALLINC);
	icr(0, SMI | APIC_DEST_ALLBUT);
	icr(TARGET_LOGICAL, SMI | APIC_DEST_LOGICAL);
	say("smi", ran_on() && *smis == 0);
}

/*
 * Linux's timer may have come while its vector was not there, and Linux would
 * wait for it for ever: it gets one.
 */
static void local_vectors(void)
{
	static const u32 lvt[] = { APIC_LVTT, APIC_LVTTHMR, APIC_LVTPC,
				   APIC_LVT0, APIC_LVT1, APIC_LVTERR };
	static const u32 modes[] = { APIC_DM_SMI, APIC_DM_INIT };
	unsigned int i, j;
	unsigned long flags;
	bool kept = false;
	u32 old;

	for (i = 0; i < ARRAY_SIZE(lvt); i++) {
		for (j = 0; j < ARRAY_SIZE(modes); j++) {
			local_irq_save(flags);
			old = readl(apic + lvt[i]);
			writel(modes[j], apic + lvt[i]);
			kept |= (readl(apic + lvt[i]) &
				 (APIC_MODE_MASK | APIC_LVT_MASKED)) ==
				modes[j];
			writel(old, apic + lvt[i]);
			if (lvt[i] == APIC_LVTT)
				writel(SOON, apic + APIC_TMICT);
			local_irq_restore(flags);
		}
	}
	say("local-vectors", !kept);
}

/* ---- SMIs to oneself ---- */

static void smi_by_icr(u16 pm)
{
	icr(readl(apic + APIC_ID) >> 24, SMI);
}

static void smi_by_port(u16 pm)
{
	u32 enabled = inl(pm + PM_SMI_EN);

	outl(enabled | SMI_EN_APMC | SMI_EN_GBL, pm + PM_SMI_EN);
	outb(0, APM_CONTROL);
	outl(enabled, pm + PM_SMI_EN);
}

/* How many ran our code. */
static u32 self_smis(void (*send)(u16 pm), u16 pm)
{
	unsigned long flags;
	int i;

	*smis = 0;
	for (i = 0; i < SELF_SMIS; i++) {
		local_irq_save(flags);
		send(pm);
		udelay(100);
		local_irq_restore(flags);
	}
	return *smis;
}

static void smi_trials(void)
{
	struct pci_dev *lpc = pci_get_domain_bus_and_slot(0, 0, LPC);
	void *state = memremap(SMM_SAVED, PAGE_SIZE, MEMREMAP_WB);
	u32 pm = 0, by_icr, by_port;

	if (lpc)
		pci_read_config_dword(lpc, LPC_PMBASE, &pm);
	pci_dev_put(lpc);
	if (!state || !(pm & 0xff80))
		return;
	memcpy(saved_low, state, PAGE_SIZE);
	by_icr = self_smis(smi_by_icr, 0);
	by_port = self_smis(smi_by_port, pm & 0xff80);
	memcpy(state, saved_low, PAGE_SIZE);
	memunmap(state);
	pr_alert("sendipi: smi icr %u port %u\n", by_icr, by_port);
}

static void trials(void)
{
	say("start", (to_target(INIT), stops()) && starts());
	say("sipi-again", ran_on());
	every_way_of_init();
	absent_destinations();
	odd_writes();
	messages_by_hand();
	every_way_of_nmi();
	every_way_of_smi();
	local_vectors();
	pr_alert("sendipi: cpuid %08x vm_cr %08x vmm %08x\n", found->cpuid,
		 found->vm_cr, found->word);
	to_target(INIT);
	say("end", stops());
}

static int __init sendipi_init(void)
{
	apic = ioremap(APIC_DEFAULT_PHYS_BASE, PAGE_SIZE);
	messages = ioremap(APIC_DEFAULT_PHYS_BASE + MSI_TARGET, PAGE_SIZE);
	low = memremap(PLACE, PAGE_SIZE, MEMREMAP_WB);
	smm = memremap(SMM_CODE, PAGE_SIZE, MEMREMAP_WB);
	if (!apic || !messages || !low || !smm ||
	    (raw_smp_processor_id() && !smi) ||
	    register_nmi_handler(NMI_LOCAL, on_nmi, 0, "sendipi"))
		return -EIO;
	if (self) {
		pr_alert("sendipi: INIT to myself\n");
		icr(0, INIT | APIC_DEST_SELF);
		icr(0, INIT);
		goto out;
	}
	memcpy(saved_smm, smm, PAGE_SIZE);
	memcpy(smm, smm_code, smm_code_end - smm_code);
	smis = (void *)(smm + 0x100);
	if (smi) {
		smi_trials();
	} else {
		memcpy(saved_low, low, PAGE_SIZE);
		memcpy(low, trampoline, trampoline_end - trampoline);
		found = (void *)(low + (trampoline_cpuid - trampoline));
		found->vmm = (u32)vmm;
		trials();
		memcpy(low, saved_low, PAGE_SIZE);
	}
	memcpy(smm, saved_smm, PAGE_SIZE);
out:
	unregister_nmi_handler(NMI_LOCAL, "sendipi");
	iounmap(messages);
	iounmap(apic);
	return 0;
}
module_init(sendipi_init);

static void __exit sendipi_exit(void)
{
}
module_exit(sendipi_exit);

MODULE_DESCRIPTION("Sends what would take a CPU out of a VMM");
MODULE_LICENSE("Dual MIT/GPL");
