// SPDX-License-Identifier: MIT
/*
 * policy: a module for the guest's Linux that does what only its kernel may,
 * one question at a time, and tells what came of it.
 *
 *	insmod policy.ko
 *	cd /sys/module/policy/parameters
 *	echo "rdmsr c0000080" >ask; cat ask
 *
 * All numbers are hexadecimal; an answer of "fault" is an exception. Questions:
 *
 *	cpuid LEAF SUBLEAF	eax, ebx, ecx, edx
 *	rdmsr MSR		its value
 *	wrmsr MSR VALUE
 *	keep MSR VALUE		writes, reads back, writes what was there before
 *	xsetbv VALUE		likewise, of XCR0
 *	in SIZE PORT, out SIZE PORT VALUE
 *	config ADDRESS SIZE	of configuration space, by 0xcf8 and 0xcfc
 *	readl PHYS, writel PHYS VALUE
 *	page PHYS		"ones", "zeros" or "mixed"
 *	run NAME		a privileged instruction of the table below
 *	counter			does performance counter 0 count?
 *	tsc			is it monotonic?
 *	rate			ticks of the TSC in 2^18 of the ACPI PM timer
 *	shift TICKS		the TSC's MSR is moved by that and back: how far
 *				did RDTSC move, and what remained
 *	apicoff			the last one: switches the local APIC off, tells
 *				by the console what APIC_BASE and CPUID say, and
 *				loops with interrupts off until a byte comes at
 *				COM1; then it resets the machine by port 0x92
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/serial_reg.h>
#include <asm/asm.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#define ANSWER		128
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define COM1		0x3f8
#define SYSTEM_CONTROL	0x92
#define LOOPS		1000000		/* from one look at COM1 to the next */
#define PM_TIMER	0x608		/* q35's */
#define PM_TICKS	(1u << 18)
#define PM_MASK		0xffffffu
#define TSC_ROUNDS	200000
#define COUNT_CYCLES	((1ull << 22) | (1ull << 16) | 0x76)
#define MSR_TSC		0x10
#define MSR_PERFCTL	0xc0010000
#define MSR_PERFCTR	0xc0010004
#define APIC_ON		(1ull << 11)

static char answer[ANSWER];

static __printf(1, 2) void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(answer, sizeof(answer), format, args);
	va_end(args);
}

/* ---- processor registers ---- */

static void ask_cpuid(u64 leaf, u64 subleaf)
{
	u32 a = leaf, b, c = subleaf, d;

	asm volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	say("%08x %08x %08x %08x", a, b, c, d);
}

static void ask_rdmsr(u64 msr, u64 unused)
{
	u64 value;

	if (rdmsrl_safe(msr, &value))
		say("fault");
	else
		say("%llx", value);
}

static void ask_wrmsr(u64 msr, u64 value)
{
	say(wrmsrl_safe(msr, value) ? "fault" : "done");
}

static void ask_keep(u64 msr, u64 value)
{
	u64 before, after;

	if (rdmsrl_safe(msr, &before) || wrmsrl_safe(msr, value)) {
		say("fault");
		return;
	}
	rdmsrl_safe(msr, &after);
	if (wrmsrl_safe(msr, before))
		say("%llx, and what was before is refused", after);
	else
		say("%llx", after);
}

static u64 xgetbv(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
	return (u64)high << 32 | low;
}

static bool xsetbv(u64 value)
{
	u32 faulted = 1;

	asm volatile("1:	xsetbv\n"
		     "		xor %0, %0\n"
		     "2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+r" (faulted)
		     : "a" ((u32)value), "d" ((u32)(value >> 32)), "c" (0)
		     : "memory");
	return !faulted;
}

static void ask_xsetbv(u64 value, u64 unused)
{
	u64 before = xgetbv(), after;

	if (!xsetbv(value)) {
		say("fault");
		return;
	}
	after = xgetbv();
	xsetbv(before);
	say("%llx", after);
}

/* ---- instructions ---- */

#define INSTRUCTION(name, bytes) \
	static bool run_##name(void) \
	{ \
		u32 faulted = 1; \
		asm volatile("1:	.byte " bytes "\n" \
			     "		xor %0, %0\n" \
			     "2:\n" _ASM_EXTABLE(1b, 2b) \
			     : "+b" (faulted) \
			     : "a" (answer), "c" (0), "d" (0) : "memory"); \
		return !faulted; \
	}
INSTRUCTION(vmrun, "0x0f, 0x01, 0xd8")
INSTRUCTION(vmload, "0x0f, 0x01, 0xda")
INSTRUCTION(vmsave, "0x0f, 0x01, 0xdb")
INSTRUCTION(stgi, "0x0f, 0x01, 0xdc")
INSTRUCTION(clgi, "0x0f, 0x01, 0xdd")
INSTRUCTION(skinit, "0x0f, 0x01, 0xde")
INSTRUCTION(invlpga, "0x0f, 0x01, 0xdf")
INSTRUCTION(monitor, "0x0f, 0x01, 0xc8")
INSTRUCTION(mwait, "0x0f, 0x01, 0xc9")
INSTRUCTION(monitorx, "0x0f, 0x01, 0xfa")
INSTRUCTION(mwaitx, "0x0f, 0x01, 0xfb")
INSTRUCTION(invd, "0x0f, 0x08")
INSTRUCTION(wbinvd, "0x0f, 0x09")

static const struct {
	const char *name;
	bool (*run)(void);
} instructions[] = {
	{ "vmrun", run_vmrun }, { "vmload", run_vmload },
	{ "vmsave", run_vmsave }, { "stgi", run_stgi }, { "clgi", run_clgi },
	{ "skinit", run_skinit }, { "invlpga", run_invlpga },
	{ "monitor", run_monitor }, { "mwait", run_mwait },
	{ "monitorx", run_monitorx }, { "mwaitx", run_mwaitx },
	{ "invd", run_invd }, { "wbinvd", run_wbinvd },
};

static void run(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (strcmp(instructions[i].name, name))
			continue;
		say(instructions[i].run() ? "done" : "fault");
		return;
	}
	say("no such instruction");
}

/* ---- ports and memory ---- */

static void ask_in(u64 size, u64 port)
{
	say("%x", size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port));
}

static void out(u64 size, u64 port, u64 value)
{
	if (size == 1)
		outb(value, port);
	else if (size == 2)
		outw(value, port);
	else
		outl(value, port);
	say("done");
}

static void ask_config(u64 address, u64 size)
{
	u32 before = inl(CONFIG_ADDRESS);

	outl(address & ~3, CONFIG_ADDRESS);
	ask_in(size, CONFIG_DATA + (address & 3));
	outl(before, CONFIG_ADDRESS);
}

static void __iomem *map(u64 address)
{
	void __iomem *page = ioremap(address & PAGE_MASK, PAGE_SIZE);

	return page ? page + (address & ~PAGE_MASK) : NULL;
}

static void unmap(void __iomem *p)
{
	iounmap((void __iomem *)((ulong)p & PAGE_MASK));
}

static void ask_readl(u64 address, u64 unused)
{
	void __iomem *p = map(address);

	if (!p)
		return;
	say("%x", readl(p));
	unmap(p);
}

static void ask_writel(u64 address, u64 value)
{
	void __iomem *p = map(address);

	if (!p)
		return;
	writel(value, p);
	say("done");
	unmap(p);
}

static void ask_page(u64 address, u64 unused)
{
	void __iomem *p = map(address);
	u32 all = ~0u, any = 0, v, i;

	if (!p)
		return;
	for (i = 0; i < PAGE_SIZE; i += 4) {
		v = readl(p + i);
		all &= v;
		any |= v;
	}
	say(all == ~0u ? "ones" : any ? "mixed" : "zeros");
	unmap(p);
}

/* ---- time ---- */

static void ask_tsc(u64 unused, u64 unused2)
{
	u64 last = rdtsc_ordered(), now, back = 0, i;

	for (i = 0; i < TSC_ROUNDS; i++, last = now) {
		now = rdtsc_ordered();
		back += now < last;
	}
	say("%llu times back", back);
}

static void ask_rate(u64 unused, u64 unused2)
{
	u32 first = inl(PM_TIMER), ticks = 0;
	u64 from = rdtsc_ordered(), to = from;

	while (ticks < PM_TICKS) {
		ticks = (inl(PM_TIMER) - first) & PM_MASK;
		to = rdtsc_ordered();
	}
	say("%llu", div_u64((to - from) * PM_TICKS, ticks));
}

static void ask_shift(u64 ticks, u64 unused)
{
	u64 start, moved, end;
	bool ok;

	start = rdtsc_ordered();
	ok = !wrmsrl_safe(MSR_TSC, start + ticks);
	moved = rdtsc_ordered();
	ok &= !wrmsrl_safe(MSR_TSC, rdtsc_ordered() - ticks);
	end = rdtsc_ordered();
	if (!ok)
		say("fault");
	else
		say("%lld %lld", moved - start, end - start);
}

/* Cycles not halted; on the bench there is none, and it reads 0. */
static void ask_counter(u64 unused, u64 unused2)
{
	u64 before, after;
	int i;

	if (wrmsrl_safe(MSR_PERFCTL, COUNT_CYCLES) ||
	    rdmsrl_safe(MSR_PERFCTR, &before)) {
		say("fault");
		return;
	}
	for (i = 0; i < 1000; i++)
		cpu_relax();
	rdmsrl_safe(MSR_PERFCTR, &after);
	wrmsrl_safe(MSR_PERFCTL, 0);
	say(after > before ? "counts" : "stands");
}

static void ask_apicoff(u64 unused, u64 unused2)
{
	u64 base, seen = 0;
	u32 a = 1, b, c = 0, d, i;
	int failed;

	rdmsrl_safe(MSR_IA32_APICBASE, &base);
	failed = wrmsrl_safe(MSR_IA32_APICBASE, base & ~APIC_ON);
	rdmsrl_safe(MSR_IA32_APICBASE, &seen);
	asm volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	pr_alert("policy: apicoff: %s, base %s, cpuid %s\n",
		 failed ? "fault" : "done", seen & APIC_ON ? "on" : "off",
		 d & (1 << 9) ? "on" : "off");
	while (!(inb(COM1 + UART_LSR) & UART_LSR_DR))
		for (i = 0; i < LOOPS; i++)
			cpu_relax();
	outb(inb(SYSTEM_CONTROL) & ~1, SYSTEM_CONTROL);
	outb(inb(SYSTEM_CONTROL) | 1, SYSTEM_CONTROL);
	for (;;)
		cpu_relax();
}

/* ---- the questions ---- */

static const struct {
	const char *name;
	void (*ask)(u64 first, u64 second);
} questions[] = {
	{ "cpuid", ask_cpuid }, { "rdmsr", ask_rdmsr }, { "wrmsr", ask_wrmsr },
	{ "keep", ask_keep }, { "xsetbv", ask_xsetbv }, { "in", ask_in },
	{ "config", ask_config }, { "readl", ask_readl },
	{ "writel", ask_writel }, { "page", ask_page }, { "tsc", ask_tsc },
	{ "rate", ask_rate }, { "shift", ask_shift },
	{ "counter", ask_counter }, { "apicoff", ask_apicoff },
};

/* What maps memory may sleep, the others are not to be interrupted. */
static bool maps(const char *name)
{
	return !strcmp(name, "readl") || !strcmp(name, "writel") ||
	       !strcmp(name, "page");
}

static int set_ask(const char *text, const struct kernel_param *unused)
{
	char name[16], what[16] = "";
	u64 first = 0, second = 0, third = 0;
	unsigned long flags = 0;
	unsigned int i;

	if (sscanf(text, "%15s %llx %llx %llx", name, &first, &second,
		   &third) < 1)
		return -EINVAL;
	say("no such question");
	if (!strcmp(name, "run") && sscanf(text, "%*s %15s", what) == 1) {
		local_irq_save(flags);
		run(what);
		local_irq_restore(flags);
		return 0;
	}
	if (!strcmp(name, "out")) {
		out(first, second, third);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(questions); i++)
		if (!strcmp(questions[i].name, name))
			break;
	if (i == ARRAY_SIZE(questions))
		return 0;
	if (!maps(name))
		local_irq_save(flags);
	questions[i].ask(first, second);
	if (!maps(name))
		local_irq_restore(flags);
	return 0;
}

static int get_ask(char *buffer, const struct kernel_param *unused)
{
	return sysfs_emit(buffer, "%s\n", answer);
}

static const struct kernel_param_ops ask_ops = {
	.set = set_ask, .get = get_ask
};
module_param_cb(ask, &ask_ops, NULL, 0600);
MODULE_PARM_DESC(ask, "a question; read: its answer");

MODULE_DESCRIPTION("Asks what a kernel may do on this machine");
MODULE_LICENSE("Dual MIT/GPL");
