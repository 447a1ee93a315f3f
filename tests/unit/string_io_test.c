/* SPDX-License-Identifier: MIT */
/*
 * INS and OUTS as the VMM carries them out: prefixes and sizes, batches,
 * faults in the middle, and the debug traps behind each iteration.
 */
#include "core_fake.h"

#include "../../core/x86/debug.h"
#include "../../core/x86/emulate.h"
#include "../../core/x86/string_io.h"
#include "../../core/x86/trap_table.h"
#include "../../core/x86/walk.h"

#include <errno.h>

#define CODE		0x400000ull
#define DATA		0x500000ull
#define CODE_PAGE	(RAM_BASE + 0x20000)
#define DATA_PAGE	(RAM_BASE + 0x30000)
#define PORT		0x3f8

static unsigned int reads, writes, last_size;
static uint32_t last_value;

uint32_t port_read(uint16_t port, unsigned int size)
{
	CHECK(port == PORT);
	last_size = size;
	return 0x44332211 + reads++;
}

void port_write(uint16_t port, unsigned int size, uint32_t value)
{
	CHECK(port == PORT && (size == 4 || !(value >> size * 8)));
	last_size = size;
	last_value = value;
	writes++;
}

static void machine(const char *code, size_t n)
{
	fake_reset();
	fake_paging();
	fake_map(CODE, CODE_PAGE, 0);
	fake_map(DATA, DATA_PAGE, MAP_WRITE);
	memcpy(ram + (CODE_PAGE - RAM_BASE), code, n);
	vcpu.rip = CODE;
	vcpu.gpr[GPR_RDX] = 0xffff0000 | PORT;
	vcpu.gpr[GPR_RSI] = vcpu.gpr[GPR_RDI] = DATA;
	reads = writes = 0;
}

#define MACHINE(code) machine(code, sizeof(code) - 1)

static uint8_t *data(void)
{
	return ram + (DATA_PAGE - RAM_BASE);
}

/* ---- */

static void sizes_are_those_of_the_code(void)
{
	static const struct {
		char code[4];
		unsigned int length, bits, size;
	} in[] = {
		{ "\x6c", 1, 64, 1 }, { "\x6d", 1, 64, 4 },
		{ "\x66\x6d", 2, 64, 2 }, { "\x48\x6d", 2, 64, 4 },
		{ "\x6d", 1, 32, 4 }, { "\x66\x6d", 2, 32, 2 },
		{ "\x6d", 1, 16, 2 }, { "\x66\x6d", 2, 16, 4 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(in); i++) {
		machine(in[i].code, in[i].length);
		state.segment[SEG_CS].attr = in[i].bits == 64 ? SEGMENT_ATTR_L :
			in[i].bits == 32 ? SEGMENT_ATTR_D : 0;
		if (in[i].bits == 16)
			state.segment[SEG_ES].base = DATA;
		if (in[i].bits == 16)
			vcpu.gpr[GPR_RDI] = 0x70000;
		CHECK(!string_io(&vcpu) && last_size == in[i].size);
		CHECK(vcpu.rip == CODE + in[i].length && reads == 1);
		CHECK((vcpu.gpr[GPR_RDI] & 0xffff) == in[i].size);
		CHECK(!memcmp(data(), "\x11\x22\x33\x44", in[i].size));
		CHECK(!data()[in[i].size]);
	}
}

static void other_code_is_left_alone(void)
{
	MACHINE("\xed");
	CHECK(string_io(&vcpu) == -ENOTSUP);
	MACHINE("\xf3\xa5");
	CHECK(string_io(&vcpu) == -ENOTSUP);
	MACHINE("\x6d");
	vcpu.rip = CODE + PAGE_SIZE;
	CHECK(string_io(&vcpu) == -ENOTSUP);
	MACHINE("ffffffffffffffff");		/* 66 without end */
	CHECK(string_io(&vcpu) == -ENOTSUP && !reads && !writes);
}

static void a_long_one_goes_on_at_the_next_exit(void)
{
	unsigned int exits = 0;

	MACHINE("\xf3\x6f");
	vcpu.gpr[GPR_RCX] = 1000;
	while (vcpu.rip == CODE) {
		uint64_t before = vcpu.gpr[GPR_RCX];

		CHECK(!string_io(&vcpu) && ++exits < 1000);
		CHECK(before - vcpu.gpr[GPR_RCX] <= 64);
		CHECK(vcpu.gpr[GPR_RSI] ==
		      DATA + 4 * (1000 - vcpu.gpr[GPR_RCX]));
	}
	CHECK(writes == 1000 && exits == 16 && !state.exceptions);
	vcpu.rip = CODE;
	CHECK(!string_io(&vcpu) && vcpu.rip == CODE + 2 && writes == 1000);
}

static void a_fault_leaves_what_came_before_it(void)
{
	MACHINE("\xf3\x6d");
	vcpu.gpr[GPR_RDI] = DATA + PAGE_SIZE - 10;
	vcpu.gpr[GPR_RCX] = 5;
	CHECK(!string_io(&vcpu) && vcpu.rip == CODE && !state.skipped);
	CHECK(reads == 2 && vcpu.gpr[GPR_RCX] == 3);
	CHECK(vcpu.gpr[GPR_RDI] == DATA + PAGE_SIZE - 2);
	CHECK(state.exceptions == 1 && state.vector == VECTOR_PF);
	CHECK(state.error == PF_WRITE && state.cr[2] == DATA + PAGE_SIZE);
	/* the source of OUTS; not canonical */
	MACHINE("\x6f");
	vcpu.gpr[GPR_RSI] = 1ull << 55;
	CHECK(!string_io(&vcpu) && !writes && state.vector == VECTOR_GP);
}

static void segments_and_addresses(void)
{
	/* FS for the source; 64-bit mode ignores ES */
	MACHINE("\x26\x64\x67\x6e");
	state.segment[SEG_FS].base = DATA - 0x10;
	state.segment[SEG_ES].base = 0x1234000;
	vcpu.gpr[GPR_RSI] = 0xabc00000020;
	data()[0x10] = 0x77;
	vcpu.rflags |= RFLAGS_DF;
	CHECK(!string_io(&vcpu) && last_value == 0x77 && last_size == 1);
	CHECK(vcpu.gpr[GPR_RSI] == 0x1f);
	/* INS goes to ES whatever the prefix; 16-bit registers wrap */
	MACHINE("\x36\xf3\x6c");
	state.segment[SEG_CS].attr = 0;
	state.segment[SEG_ES].base = DATA - 0xffff;
	vcpu.gpr[GPR_RDI] = 0x1234ffff;
	vcpu.gpr[GPR_RCX] = 0x50001;
	CHECK(!string_io(&vcpu) && data()[0] == 0x11);
	CHECK(vcpu.gpr[GPR_RDI] == 0x12340000);
	CHECK(vcpu.gpr[GPR_RCX] == 0x50000 && vcpu.rip == CODE + 3);
}

static void every_iteration_traps_in_single_step(void)
{
	MACHINE("\xf3\x6d");
	vcpu.rflags |= RFLAGS_TF;
	vcpu.gpr[GPR_RCX] = 2;
	CHECK(!string_io(&vcpu) && vcpu.rip == CODE && reads == 1);
	CHECK(state.exceptions == 1 && state.vector == VECTOR_DB);
	CHECK(!string_io(&vcpu) && vcpu.rip == CODE + 2 && reads == 2);
	CHECK(state.exceptions == 2 && state.dr[6] == DR6_BS);
}

static void breakpoints(void)
{
	/* DR1: port, 4 bytes; DR3: writes to one byte */
	MACHINE("\xf3\x6d");
	state.dr[1] = PORT;
	state.dr[3] = DATA + 5;
	state.dr[7] = 0x88 | 0xeull << 20 | 1ull << 28;
	state.cr[4] |= CR4_DE;
	vcpu.gpr[GPR_RCX] = 3;
	CHECK(!string_io(&vcpu) && vcpu.rip == CODE && reads == 1);
	CHECK(state.vector == VECTOR_DB && state.dr[6] == 2);
	CHECK(!string_io(&vcpu) && reads == 2 && state.dr[6] == 10);
	/* reading that byte is none, and without CR4.DE no port is */
	state.exceptions = 0;
	MACHINE("\x6f");
	state.dr[1] = PORT;
	state.dr[3] = DATA + 1;
	state.dr[7] = 0x88 | 0xeull << 20 | 1ull << 28;
	CHECK(!string_io(&vcpu) && writes == 1 && !state.exceptions);
	/* a breakpoint met by an instruction that faults is forgotten */
	MACHINE("\xa5");
	fake_map(0x6000, DEVICE_BASE, MAP_WRITE);
	vcpu.gpr[GPR_RSI] = 0x6000;
	vcpu.gpr[GPR_RDI] = 0x9000;
	state.dr[0] = 0x6000;
	state.dr[7] = 1 | 0xfull << 16;
	CHECK(!emulate_mmio(&vcpu, DEVICE_BASE, false));
	CHECK(state.exceptions == 1 && state.vector == VECTOR_PF);
	vcpu.gpr[GPR_RDI] = DATA;
	CHECK(!emulate_mmio(&vcpu, DEVICE_BASE, false));
	CHECK(state.exceptions == 2 && state.vector == VECTOR_DB);
	CHECK(state.dr[6] == 1 && vcpu.rip == CODE + 1 && !vcpu.debug_hits);
}

int main(void)
{
	sizes_are_those_of_the_code();
	other_code_is_left_alone();
	a_long_one_goes_on_at_the_next_exit();
	a_fault_leaves_what_came_before_it();
	segments_and_addresses();
	every_iteration_traps_in_single_step();
	breakpoints();
	printf("%u checks\n", checks);
	return 0;
}
