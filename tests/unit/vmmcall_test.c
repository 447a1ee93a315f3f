/* SPDX-License-Identifier: MIT */
/*
 * VMM calls on the host: does the table know its names and access classes, does
 * a caller get at memory only as far as it could itself, in every mode, and
 * does the limit let through what it should and no more, whatever the clock
 * does?
 */
#include "core_fake.h"

#include "../../core/vmmcall.h"
#include "../../core/x86/interrupts.h"

#include <errno.h>
#include <tandem/timer.h>

#define CODE	0x4000			/* linear, mapped by fake_map */
#define DATA	(RAM_BASE + 0x10000)	/* physical */
#define PRESENT	BIT(7)
#define CODE_SEGMENT	BIT(3)
#define DOWN	BIT(2)
#define ALLOWS	BIT(1)

static uint64_t now = 5000000;
static struct cpu cpu;
static bool shadow, interruptible, interrupt_waits;
static struct vmmcall_args seen;

/* ---- what the core has ---- */

uint64_t time_us(void)
{
	return now;
}

bool vcpu_interrupt_shadow(const struct vcpu *v __unused)
{
	return shadow;
}

bool guest_interruptible(const struct cpu *c __unused)
{
	return interruptible;
}

void cpu_window(void)
{
	cpu.vector_taken = interrupt_waits ? 0x40 : -1;
}

void interrupts_taken(struct cpu *c)
{
	if (c->vector_taken >= 0)
		c->pending_vector = c->vector_taken;
	c->vector_taken = -1;
}

/* ---- calls ---- */

static uint64_t any(const struct vmmcall_args *a)
{
	seen = *a;
	return 0x1122334455667788;
}
VMMCALL("any", VMMCALL_ANY, any);

static uint64_t kernel(const struct vmmcall_args *a)
{
	seen = *a;
	return 7;
}
VMMCALL("kernel", VMMCALL_CPL0, kernel);

static uint64_t off(const struct vmmcall_args *a __unused)
{
	CHECK(!"an off call was made");
	return 9;
}
VMMCALL("off", VMMCALL_OFF, off);

static uint64_t call(uint64_t number, uint64_t rbx)
{
	vcpu.gpr[GPR_RAX] = number;
	vcpu.gpr[GPR_RBX] = rbx;
	vmmcall_handle(&vcpu);
	CHECK(vcpu.gpr[GPR_RBX] == rbx);
	return vcpu.gpr[GPR_RAX];
}

static void put(uint64_t phys, const char *text, size_t n)
{
	memcpy(ram + (phys - RAM_BASE), text, n);
}

static uint64_t number_of(const char *name)
{
	put(DATA, name, strlen(name) + 1);
	return call(0, CODE);
}

/* 64-bit mode with a page of data, and none behind it. */
static void long_mode(void)
{
	fake_reset();
	fake_paging();
	fake_map(CODE, DATA, MAP_WRITE | MAP_USER);
}

/* 32-bit code without paging: linear is physical. */
static void protected_mode(uint32_t base, uint32_t limit, unsigned int attr)
{
	fake_reset();
	state.efer = 0;
	state.segment[SEG_CS].attr = PRESENT | SEGMENT_ATTR_D;
	state.segment[SEG_DS] = (struct vcpu_segment){ 0x10, (uint16_t)attr,
						       limit, base };
}

static void names_and_classes(void)
{
	uint64_t n_any, n_kernel;

	long_mode();
	n_any = number_of("any");
	n_kernel = number_of("kernel");
	CHECK(n_any && n_kernel && n_any != n_kernel);
	CHECK(!number_of("off") && !number_of("") && !number_of("an") &&
	      !number_of("anyone") && !number_of("ANY"));
	CHECK(call(n_any, 5) == 0x1122334455667788 && seen.rbx == 5);
	CHECK(call(n_kernel, 6) == 7 && seen.rbx == 6);
	for (unsigned int cpl = 1; cpl < 4; cpl++) {
		state.cpl = cpl;
		seen.rbx = 0;
		CHECK(call(n_kernel, 6) == 0 && !seen.rbx);
		CHECK(call(n_any, 6) == 0x1122334455667788);
		CHECK(seen.cpl == cpl);
	}
	/* the number of what is off, and numbers beyond */
	state.cpl = 0;
	CHECK(6 - n_any - n_kernel < 4 && call(6 - n_any - n_kernel, 0) == 0);
	CHECK(!call(4, 0) && !call(~0ull, 0) && !call(1ull << 32, 0));
	CHECK(!call(n_any | 1ull << 32, 0));
}

static void names_at_odd_places(void)
{
	char text[PAGE_SIZE];

	long_mode();
	put(DATA + PAGE_SIZE - 4, "any", 4);
	CHECK(call(0, CODE + PAGE_SIZE - 4));
	put(DATA + PAGE_SIZE - 3, "any", 3);
	CHECK(!call(0, CODE + PAGE_SIZE - 3));
	/* the second page, elsewhere */
	fake_map(CODE + PAGE_SIZE, DATA + 8 * PAGE_SIZE, 0);
	put(DATA + 8 * PAGE_SIZE, "", 1);
	CHECK(call(0, CODE + PAGE_SIZE - 3));
	state.cpl = 3;
	CHECK(!call(0, CODE + PAGE_SIZE - 3));	/* the kernel's */
	state.cpl = 0;
	/* mapped, but no RAM */
	fake_map(CODE + PAGE_SIZE, DEVICE_BASE, MAP_USER);
	CHECK(!call(0, CODE + PAGE_SIZE - 3) && !call(0, CODE + PAGE_SIZE));
	CHECK(!n_accesses);
	memset(text, 'a', sizeof(text));
	put(DATA, text, sizeof(text));
	CHECK(!call(0, CODE));
	CHECK(!call(0, 1ull << 47) && !call(0, 1ull << 63) && !call(0, ~0ull));
	CHECK(!call(0, CODE | 1ull << 48));
}

static void callers_of_32_bits(void)
{
	uint64_t n;

	protected_mode(0, ~0u, PRESENT | ALLOWS);
	put(DATA, "any", 4);
	n = call(0xdead00000000, 0xffffffff00000000 | DATA);
	CHECK(n && call(n | 0xabcdull << 32, 0x9900000005) == 0x55667788);
	CHECK(seen.rbx == 5);
	/* compatibility mode is 32-bit, too */
	fake_reset();
	fake_paging();
	fake_map(CODE, DATA, MAP_USER);
	state.segment[SEG_CS].attr = PRESENT | SEGMENT_ATTR_D;
	state.segment[SEG_DS].attr = PRESENT | ALLOWS;
	put(DATA, "any", 4);
	CHECK(call(0xdead00000000, 0xffffffff00000000 | CODE) == n);
	/* the base counts, and wraps at 4 GiB */
	state.segment[SEG_DS].base = 0xfffff000;
	CHECK(call(0, CODE + 0x1000) == n && !call(0, CODE));
	/* the L bit means nothing without long mode */
	protected_mode(DATA, ~0u, PRESENT | ALLOWS);
	state.segment[SEG_CS].attr |= SEGMENT_ATTR_L;
	put(DATA, "any", 4);
	CHECK(call(0, 0) == n);
	CHECK(call(n, ~0ull) == 0x55667788 && seen.rbx == ~0u);
}

static void segments_count(void)
{
	struct vmmcall_args a = { .vcpu = &vcpu };
	uint32_t word = 0x11223344;
	char big[VMMCALL_WRITE_MAX];

	memset(big, 'x', sizeof(big));
	protected_mode(DATA, 10, PRESENT | ALLOWS);
	CHECK(!vmmcall_write(&a, 7, &word, 4));
	CHECK(vmmcall_write(&a, 8, &word, 4) == -EFAULT);
	CHECK(vmmcall_write(&a, 11, &word, 1) == -EFAULT);
	CHECK(vmmcall_write(&a, ~0u, &word, 2) == -EFAULT);
	/* the segment ends in the last of as many pages as there may be */
	protected_mode(DATA, 2 * PAGE_SIZE + 10, PRESENT | ALLOWS);
	CHECK(vmmcall_write(&a, 100, big, sizeof(big)) == -EFAULT);
	CHECK(!ram[DATA - RAM_BASE + 100]);
	CHECK(!vmmcall_write(&a, 11, big, sizeof(big)));
	CHECK(ram[DATA - RAM_BASE + 11] == 'x');
	/* a name that ends with its segment, and one that does not */
	protected_mode(DATA, 10, PRESENT | ALLOWS);
	put(DATA + 7, "any", 4);
	CHECK(call(0, 7));
	state.segment[SEG_DS].limit = 9;
	CHECK(!call(0, 7));
	/* read-only, not present, code that cannot be read, that can */
	protected_mode(DATA, ~0u, PRESENT);
	CHECK(!vmmcall_read(&a, 0, &word, 4));
	CHECK(vmmcall_write(&a, 0, &word, 4) == -EFAULT);
	state.segment[SEG_DS].attr = ALLOWS;
	CHECK(vmmcall_read(&a, 0, &word, 4) == -EFAULT);
	state.segment[SEG_DS].attr = PRESENT | CODE_SEGMENT;
	CHECK(vmmcall_read(&a, 0, &word, 4) == -EFAULT);
	state.segment[SEG_DS].attr = PRESENT | CODE_SEGMENT | ALLOWS;
	CHECK(!vmmcall_read(&a, 0, &word, 4));
	CHECK(vmmcall_write(&a, 0, &word, 4) == -EFAULT);
	/* expanding downwards, to 64 KiB or 4 GiB */
	protected_mode(DATA, 0xff, PRESENT | DOWN | ALLOWS);
	CHECK(vmmcall_read(&a, 0xff, &word, 1) == -EFAULT);
	CHECK(!vmmcall_read(&a, 0x100, &word, 4));
	CHECK(vmmcall_read(&a, 0xfffe, &word, 4) == -EFAULT);
	state.segment[SEG_DS].attr |= SEGMENT_ATTR_D;
	CHECK(!vmmcall_read(&a, 0xfffe, &word, 4));
	/* real and virtual 8086 mode: the limit alone */
	for (unsigned int v86 = 0; v86 < 2; v86++) {
		protected_mode(DATA, 0xffff, 0);
		state.cr[0] = v86 ? CR0_PE : 0;
		vcpu.rflags |= v86 ? RFLAGS_VM : 0;
		CHECK(!vmmcall_write(&a, 0xfffc, &word, 4));
		CHECK(vmmcall_write(&a, 0xfffd, &word, 4) == -EFAULT);
	}
}

static void writes_are_the_callers(void)
{
	struct vmmcall_args a = { .vcpu = &vcpu, .cpl = 3 };
	char text[3 * PAGE_SIZE];
	uint64_t *second;

	long_mode();
	memset(text, 'x', sizeof(text));
	fake_map(CODE + PAGE_SIZE, DATA + 4 * PAGE_SIZE, MAP_USER | MAP_WRITE);
	second = fake_entry(CODE + PAGE_SIZE);
	CHECK(!vmmcall_write(&a, CODE + PAGE_SIZE - 8, text, 16));
	CHECK(ram[DATA - RAM_BASE + PAGE_SIZE - 8] == 'x' &&
	      ram[DATA - RAM_BASE + 4 * PAGE_SIZE + 7] == 'x' &&
	      !ram[DATA - RAM_BASE + 4 * PAGE_SIZE + 8]);
	CHECK(*second & BIT(6));		/* dirty */
	/* nothing of what goes wrong on the second page is on the first */
	*second &= ~(uint64_t)MAP_WRITE;
	CHECK(vmmcall_write(&a, CODE + PAGE_SIZE - 16, text, 24) == -EFAULT);
	CHECK(!ram[DATA - RAM_BASE + PAGE_SIZE - 16]);
	/* CPL 0 may, unless CR0.WP */
	a.cpl = 0;
	CHECK(vmmcall_write(&a, CODE + PAGE_SIZE, text, 8) == -EFAULT);
	state.cr[0] &= ~CR0_WP;
	CHECK(!vmmcall_write(&a, CODE + PAGE_SIZE, text, 8));
	/* SMAP keeps CPL 0 out of user pages, but for EFLAGS.AC */
	state.cr[4] |= CR4_SMAP;
	CHECK(vmmcall_write(&a, CODE, text, 8) == -EFAULT);
	CHECK(vmmcall_read(&a, CODE, text, 8) == -EFAULT);
	vcpu.rflags |= RFLAGS_AC;
	CHECK(!vmmcall_write(&a, CODE, text, 8));
	/* no RAM, too much, no page */
	fake_map(CODE, DEVICE_BASE, MAP_USER | MAP_WRITE);
	CHECK(vmmcall_write(&a, CODE, text, 8) == -EFAULT && !n_accesses);
	CHECK(vmmcall_write(&a, CODE, text, VMMCALL_WRITE_MAX + 1) == -EFAULT);
	CHECK(vmmcall_write(&a, 0x700000, text, 1) == -EFAULT);
	CHECK(vmmcall_write(&a, 1ull << 47, text, 1) == -EFAULT);
	CHECK(vmmcall_write(&a, ~0ull, text, 2) == -EFAULT);
}

/* As many as can be made within us, by somebody who never pauses. */
static uint64_t calls_within(struct call_rate *r, uint64_t start, uint64_t us,
			     uint32_t interval)
{
	uint64_t n = 0;

	for (uint64_t t = start; t < start + us;) {
		uint64_t until = call_rate_take(r, t, interval);

		CHECK(!until || until > t);
		n += !until;
		if (until)
			t = until;
	}
	return n;
}

static void limit_holds(void)
{
	static const uint32_t rates[] = { 100, 1000, 7777, 100000, 1000000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(rates); i++) {
		uint32_t interval = 1000000000 / rates[i];
		uint64_t burst = CALL_RATE_BURST_NS / interval + 1, n;
		struct call_rate r = { 0 };

		n = calls_within(&r, 5000000, 2000000, interval);
		CHECK(n >= rates[i] * 2ull && n <= rates[i] * 2ull + burst + 1);
		CHECK(r.calls == n && r.delayed);
		/* after a pause, a burst and no more */
		n = 0;
		while (!call_rate_take(&r, 9000000, interval))
			n++;
		CHECK(n == burst);
	}
}

static void limit_lets_the_slow_pass(void)
{
	struct call_rate r = { 0 };

	for (uint64_t t = 1; t < 1000000; t += 20)
		CHECK(!call_rate_take(&r, t, 10000));
	CHECK(!r.delayed);
}

static void a_clock_that_jumps_holds_nobody(void)
{
	struct call_rate r = { 0 };

	calls_within(&r, 1ull << 40, 100000, 10000);
	CHECK(!call_rate_take(&r, 5, 10000));
	CHECK(!call_rate_take(&r, 1ull << 41, 10000));
	calls_within(&r, 1ull << 41, 100000, 10000);
	CHECK(!call_rate_take(&r, 0, 10000));
}

/* At the end of its burst. */
static void exhaust(void)
{
	cpu = (struct cpu){ .pending_vector = -1, .vector_taken = -1 };
	cpu.vcpu.rflags = RFLAGS_IF;
	shadow = interrupt_waits = false;
	interruptible = true;
	now += 1000000;
	while (vmmcall_due(&cpu))
		;
	CHECK(cpu.calls.hold_until > now);
}

static void who_waits_is_held_until_its_time(void)
{
	uint64_t until;

	exhaust();
	until = cpu.calls.hold_until;
	CHECK(vmmcall_hold(&cpu) && vmmcall_hold(&cpu));
	now = until - 1;
	CHECK(vmmcall_hold(&cpu));
	now = until;
	CHECK(!vmmcall_hold(&cpu) && !cpu.calls.hold_until);
	CHECK(vmmcall_due(&cpu) && !cpu.calls.hold_until);
}

static void interrupts_are_not_held(void)
{
	exhaust();
	interrupt_waits = true;
	CHECK(!vmmcall_hold(&cpu) && cpu.pending_vector == 0x40);
	CHECK(!vmmcall_due(&cpu));	/* behind the handler: still too early */

	exhaust();
	cpu.pending_nmi = true;
	CHECK(!vmmcall_hold(&cpu));
	/* those that it cannot take do not end it */
	exhaust();
	cpu.pending_nmi = cpu.nmi_blocked = true;
	CHECK(vmmcall_hold(&cpu));
	exhaust();
	interruptible = false;
	cpu.pending_vector = 0x40;
	cpu.vcpu.rflags = 0;
	CHECK(vmmcall_hold(&cpu));
	cpu.vcpu.rflags = RFLAGS_IF;
	shadow = true;
	CHECK(vmmcall_hold(&cpu));
	shadow = false;
	CHECK(!vmmcall_hold(&cpu));
}

int main(void)
{
	names_and_classes();
	names_at_odd_places();
	callers_of_32_bits();
	segments_count();
	writes_are_the_callers();
	limit_holds();
	limit_lets_the_slow_pass();
	a_clock_that_jumps_holds_nobody();
	who_waits_is_held_until_its_time();
	interrupts_are_not_held();
	printf("vmmcall: %u checks\n", checks);
	return 0;
}
