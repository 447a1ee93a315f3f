/* SPDX-License-Identifier: MIT */
/*
 * What only the VMM sees of an instruction that it carries out: faults, modes,
 * how device registers are accessed. That registers, flags and memory come out
 * right is the subject of emulate_random_test.c.
 */
#include "core_fake.h"

#include "../../core/x86/emulate.h"
#include "../../core/x86/walk.h"

#include <errno.h>

#define CODE		0x400000ull	/* linear addresses */
#define DATA		0x10000000ull	/* two pages trapped, two of RAM */
#define DATA_RAM	(DATA + 0x2000)
#define RAM_PAGES	(RAM_BASE + 0x10000)
#define CODE_PAGES	(RAM_BASE + 0x20000)

/* 64-bit guest with code, trapped and ordinary pages. */
static void machine(void)
{
	fake_reset();
	fake_paging();
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t o = i * PAGE_SIZE;

		fake_map(CODE + o, CODE_PAGES + o, 0);
		fake_map(DATA + o, DEVICE_BASE + o, MAP_WRITE | MAP_USER);
		fake_map(DATA_RAM + o, RAM_PAGES + o, MAP_WRITE | MAP_USER);
	}
	vcpu.rip = CODE;
}

static uint8_t *data_ram(void)
{
	return ram + (RAM_PAGES - RAM_BASE);
}

static void code(const void *bytes, size_t n)
{
	memcpy(ram + (CODE_PAGES - RAM_BASE) + (vcpu.rip - CODE), bytes, n);
}

static int emulate(void)
{
	return emulate_mmio(&vcpu, DEVICE_BASE, false);
}

#define CODE_BYTES(...) do { \
	static const uint8_t bytes_[] = { __VA_ARGS__ }; \
	code(bytes_, sizeof(bytes_)); \
} while (0)

/* ---- how device registers are accessed ---- */

static void one_access_of_the_size_asked_for(void)
{
	machine();
	vcpu.gpr[GPR_RDI] = DATA + 0x10;
	vcpu.gpr[GPR_RAX] = 0x1122334455667788;
	CODE_BYTES(0x48, 0x89, 0x07);
	CHECK(!emulate() && n_accesses == 1);
	CHECK(accesses[0].write && accesses[0].size == 8);
	CHECK(accesses[0].offset == 0x10);
	CHECK(accesses[0].value == 0x1122334455667788);
	/* read, modify, write: one of each */
	n_accesses = 0;
	CODE_BYTES(0x83, 0x0f, 0x01);
	CHECK(!emulate() && n_accesses == 2);
	CHECK(!accesses[0].write && accesses[0].size == 4);
	CHECK(accesses[1].write && accesses[1].value == 0x55667789);
	/* TEST and CMP do not write */
	n_accesses = 0;
	CODE_BYTES(0x39, 0x07);
	CHECK(!emulate() && n_accesses == 1 && !accesses[0].write);
}

static void bytes_that_the_cpu_has_saved_are_not_read_again(void)
{
	static const uint8_t saved[15] = { 0x48, 0x89, 0x07 };

	machine();
	vcpu.gpr[GPR_RDI] = DATA + 0x10;
	vcpu.gpr[GPR_RAX] = 0x55;
	CODE_BYTES(0x0f, 0x0b);		/* another CPU changed them since */
	memcpy(state.fetched, saved, sizeof(saved));
	state.n_fetched = sizeof(saved);
	CHECK(!emulate() && n_accesses == 1 && accesses[0].write);
	CHECK(accesses[0].value == 0x55 && vcpu.rip == CODE + 3);
}

static void accesses_are_split_at_pages(void)
{
	machine();
	vcpu.gpr[GPR_RDI] = DATA + 0xffe;
	vcpu.gpr[GPR_RAX] = 0x11223344;
	CODE_BYTES(0x89, 0x07);
	CHECK(!emulate() && n_accesses == 2);
	CHECK(accesses[0].offset == 0xffe && accesses[0].value == 0x3344);
	CHECK(accesses[1].offset == 0x1000 && accesses[1].value == 0x1122);
	/* from the device into RAM: three bytes and one */
	n_accesses = 0;
	vcpu.gpr[GPR_RDI] = DATA + 0x1ffd;
	CODE_BYTES(0x89, 0x07);
	CHECK(!emulate() && n_accesses == 3);
	CHECK(device[0x1fff] == 0x22 && data_ram()[0] == 0x11);
}

static void nobody_answers_where_nothing_is(void)
{
	machine();
	fake_map(0x5000, 0xd0000000, MAP_WRITE);
	vcpu.gpr[GPR_RDI] = 0x5000;
	CODE_BYTES(0x8b, 0x07);
	CHECK(!emulate() && vcpu.gpr[GPR_RAX] == 0xffffffff);
	CODE_BYTES(0x89, 0x07);
	CHECK(!emulate() && !n_accesses && !state.exceptions);
}

/* ---- faults ---- */

static void expect_fault(unsigned int vector, uint32_t error, uint64_t cr2)
{
	struct vcpu before = vcpu;

	state.exceptions = 0;
	state.skipped = 0;
	n_accesses = 0;
	CHECK(!emulate());
	CHECK(state.exceptions == 1 && state.vector == vector);
	CHECK(state.has_error && state.error == error);
	CHECK(vector != VECTOR_PF || state.cr[2] == cr2);
	CHECK(!memcmp(&before, &vcpu, sizeof(vcpu)) && !state.skipped);
}

static void a_fault_leaves_everything_as_it_was(void)
{
	machine();
	fake_map(0x6000, RAM_PAGES, MAP_USER);		/* read only */
	/* movsl from the device to a read-only page */
	vcpu.gpr[GPR_RSI] = DATA;
	vcpu.gpr[GPR_RDI] = 0x6000;
	CODE_BYTES(0xa5);
	expect_fault(VECTOR_PF, PF_PRESENT | PF_WRITE, 0x6000);
	/* rep: the count too */
	vcpu.gpr[GPR_RCX] = 3;
	CODE_BYTES(0xf3, 0xa5);
	expect_fault(VECTOR_PF, PF_PRESENT | PF_WRITE, 0x6000);
	/* push from the device to no stack */
	vcpu.gpr[GPR_RSP] = 0x9004;
	vcpu.gpr[GPR_RDI] = DATA;
	CODE_BYTES(0xff, 0x37);
	expect_fault(VECTOR_PF, PF_WRITE, 0x8ffc);
	/* pop from no stack to the device: it is not touched */
	vcpu.gpr[GPR_RSP] = 0x9000;
	CODE_BYTES(0x8f, 0x07);
	expect_fault(VECTOR_PF, 0, 0x9000);
	CHECK(!n_accesses);
	/* addl $1 to a read-only page: flags as before */
	vcpu.gpr[GPR_RDI] = 0x6000;
	CODE_BYTES(0x83, 0x07, 0x01);
	vcpu.rflags |= RFLAGS_CF | RFLAGS_ZF;
	expect_fault(VECTOR_PF, PF_PRESENT | PF_WRITE, 0x6000);
	/* user mode */
	state.cpl = 3;
	fake_map(CODE, CODE_PAGES, MAP_USER);
	fake_map(0xa000, DEVICE_BASE, MAP_WRITE);
	vcpu.gpr[GPR_RDI] = 0xa010;
	CODE_BYTES(0x8b, 0x07);
	expect_fault(VECTOR_PF, PF_PRESENT | PF_USER, 0xa010);
}

static void both_pages_are_checked_before_one_is_touched(void)
{
	machine();
	fake_map(0x5000, DEVICE_BASE, MAP_WRITE);
	vcpu.gpr[GPR_RDI] = 0x5ffe;
	CODE_BYTES(0x89, 0x07);
	expect_fault(VECTOR_PF, PF_WRITE, 0x6000);
	CHECK(!n_accesses);
	vcpu.gpr[GPR_RDI] = 0x7fffffffffff;
	fake_map(0x7ffffffff000, DEVICE_BASE, MAP_WRITE);
	expect_fault(VECTOR_GP, 0, 0);
	CHECK(!n_accesses);
}

static void smap_holds_for_the_vmm_too(void)
{
	machine();
	vcpu.gpr[GPR_RSI] = DATA;
	vcpu.gpr[GPR_RDI] = DATA_RAM;
	fake_map(DATA, DEVICE_BASE, MAP_WRITE);
	state.cr[4] |= CR4_SMAP;
	CODE_BYTES(0xa5);
	expect_fault(VECTOR_PF, PF_PRESENT | PF_WRITE, DATA_RAM);
	vcpu.rflags |= RFLAGS_AC;
	CHECK(!emulate() && state.exceptions == 1);
}

static void a_written_page_is_dirty(void)
{
	machine();
	vcpu.gpr[GPR_RSI] = DATA;
	vcpu.gpr[GPR_RDI] = DATA_RAM;
	CODE_BYTES(0xa5);
	CHECK(!emulate());
	CHECK(*fake_entry(DATA_RAM) & BIT(6));
	CHECK((*fake_entry(DATA) & (BIT(5) | BIT(6))) == BIT(5));
}

/* ---- code ---- */

static void what_it_does_not_know_it_does_not_do(void)
{
	struct vcpu before;

	machine();
	vcpu.gpr[GPR_RDI] = DATA;
	CODE_BYTES(0xff, 0x07);			/* incl (%rdi) */
	before = vcpu;
	CHECK(emulate() == -ENOTSUP);
	CHECK(!memcmp(&before, &vcpu, sizeof(vcpu)));
	CHECK(!state.exceptions && !n_accesses);
	/* code in the device, or nowhere */
	vcpu.rip = DATA;
	CHECK(emulate() == -ENOTSUP && !n_accesses);
}

static void code_may_cross_pages(void)
{
	static const uint8_t mov[] = { 0xc7, 0x47, 0x08, 1, 2, 3, 4 };

	machine();
	vcpu.gpr[GPR_RDI] = DATA;
	vcpu.rip = CODE + 0xffc;
	code(mov, sizeof(mov));
	CHECK(!emulate() && vcpu.rip == CODE + 0x1003);
	CHECK(!memcmp(device + 8, mov + 3, 4));
	/* the second page goes away */
	vcpu.rip = CODE + 0xffc;
	*fake_entry(CODE + 0x1000) = 0;
	expect_fault(VECTOR_PF, PF_FETCH, CODE + 0x1000);
	/* ... which does not matter to an instruction before it */
	vcpu.rip = CODE + 0xff9;
	code(mov, sizeof(mov));
	state.exceptions = 0;
	CHECK(!emulate() && !state.exceptions && vcpu.rip == CODE + 0x1000);
}

static void rep_goes_one_step_at_a_time(void)
{
	machine();
	vcpu.gpr[GPR_RDI] = DATA;
	vcpu.gpr[GPR_RAX] = 0x5a;
	vcpu.gpr[GPR_RCX] = 2;
	CODE_BYTES(0xf3, 0xaa);
	CHECK(!emulate() && vcpu.rip == CODE && vcpu.gpr[GPR_RCX] == 1);
	CHECK(!emulate() && vcpu.rip == CODE + 2 && vcpu.gpr[GPR_RCX] == 0);
	CHECK(n_accesses == 2);
	vcpu.rip = CODE;
	CHECK(!emulate() && vcpu.rip == CODE + 2 && n_accesses == 2);
}

/* ---- other modes; no paging: RAM and the device at their addresses ---- */

static void legacy(unsigned int bits)
{
	fake_reset();
	state.efer = 0;
	state.cr[0] = bits == 16 ? 0 : CR0_PE;
	state.segment[SEG_CS].attr = bits == 32 ? SEGMENT_ATTR_D : 0;
	state.segment[SEG_SS].attr = bits == 32 ? SEGMENT_ATTR_D : 0;
	state.segment[SEG_CS].base = CODE_PAGES - 0x100;
	vcpu.rip = 0x100;
}

static void legacy_code(const char *bytes, size_t n)
{
	memcpy(ram + (CODE_PAGES - RAM_BASE) + vcpu.rip - 0x100, bytes, n);
}

static void sixteen_bit_code(void)
{
	legacy(16);
	state.segment[SEG_ES].base = DEVICE_BASE;
	state.segment[SEG_SS].base = RAM_PAGES;
	vcpu.gpr[GPR_RBX] = 0xabcd00f0;
	vcpu.gpr[GPR_RSI] = 0xffff0020;
	vcpu.gpr[GPR_RAX] = 0x7777;
	/* mov %ax, %es:-4(%bx,%si): the sum wraps at 64 KiB */
	legacy_code("\x26\x89\x40\xfc", 4);
	CHECK(!emulate() && n_accesses == 1);
	CHECK(accesses[0].offset == 0x10c && accesses[0].value == 0x7777);
	CHECK(accesses[0].size == 2);
	vcpu.gpr[GPR_RBX] = 0xfff0;
	vcpu.rip = 0x100;
	CHECK(!emulate() && accesses[1].offset == 0xc);
	/* push %es:(%bx): SP is 16 bits wide and wraps */
	vcpu.gpr[GPR_RBX] = 8;
	vcpu.gpr[GPR_RSP] = 0x12340000;
	device[8] = 0x34;
	device[9] = 0x12;
	vcpu.rip = 0x100;
	legacy_code("\x26\xff\x37", 3);
	CHECK(!emulate() && vcpu.gpr[GPR_RSP] == 0x1234fffe);
	CHECK(data_ram()[0xfffe] == 0x34 && data_ram()[0xffff] == 0x12);
	/* rep stosw with CX, DI */
	vcpu.gpr[GPR_RCX] = 0x50001;
	vcpu.gpr[GPR_RDI] = 0x60ffe;
	vcpu.rip = 0x100;
	legacy_code("\xf3\xab", 2);
	CHECK(!emulate() && vcpu.rip == 0x102);
	CHECK(vcpu.gpr[GPR_RCX] == 0x50000 && vcpu.gpr[GPR_RDI] == 0x61000);
}

static void thirty_two_bit_code(void)
{
	legacy(32);
	state.segment[SEG_DS].base = DEVICE_BASE + 0x1000;
	vcpu.gpr[GPR_RDI] = 0xfffffff0;		/* below the base: wraps */
	vcpu.gpr[GPR_RAX] = 0x99;
	legacy_code("\x89\x07", 2);
	CHECK(!emulate() && accesses[0].offset == 0xff0);
	/* compatibility mode is 32-bit code, too */
	state.efer = EFER_LME | EFER_LMA;
	vcpu.rip = 0x100;
	CHECK(!emulate() && n_accesses == 2 && accesses[1].offset == 0xff0);
	/* FS and GS have a base in 64-bit code */
	machine();
	state.segment[SEG_DS].base = 0x1234;
	state.segment[SEG_GS].base = DATA - 0x10;
	vcpu.gpr[GPR_RDI] = 0x30;
	CODE_BYTES(0x65, 0x8b, 0x07);
	CHECK(!emulate() && accesses[0].offset == 0x20);
	/* relative to the next instruction, its immediate included */
	n_accesses = 0;
	fake_map(CODE + 0x2000, DEVICE_BASE, MAP_WRITE);
	vcpu.rip = CODE;
	CODE_BYTES(0xc6, 0x05, 0xf9, 0x1f, 0, 0, 0x42);
	CHECK(!emulate() && n_accesses == 1);
	CHECK(accesses[0].offset == 0 && accesses[0].value == 0x42);
}

int main(void)
{
	one_access_of_the_size_asked_for();
	bytes_that_the_cpu_has_saved_are_not_read_again();
	accesses_are_split_at_pages();
	nobody_answers_where_nothing_is();
	a_fault_leaves_everything_as_it_was();
	both_pages_are_checked_before_one_is_touched();
	smap_holds_for_the_vmm_too();
	a_written_page_is_dirty();
	what_it_does_not_know_it_does_not_do();
	code_may_cross_pages();
	rep_goes_one_step_at_a_time();
	sixteen_bit_code();
	thirty_two_bit_code();
	printf("%u checks\n", checks);
	return 0;
}
