/* SPDX-License-Identifier: MIT */
/*
 * Whose code does an SMI run once the VMM has started? On CPUs with the MSR
 * SMM_BASE, which the bench does not have, locked and open, and without it;
 * with firmware that uses SMM and with firmware that does not. What lies at the
 * default place must be as before, and firmware must keep its SMM.
 */
#include "check.h"

#include <string.h>

#include "../../core/x86/smm.c"

#define N		3
#define AREA_PHYS	0x3d680000u
#define TSEG		0x7f000000u
#define LOW_SIZE	0x40000
#define LAYOUT		(0xfefc)
#define AMD64		0x64

static unsigned int checks;

struct cpu cpus[CONFIG_MAX_CPUS];
unsigned int n_cpus = N;

/* ---- the machine ---- */

static uint8_t low[LOW_SIZE] __aligned(4096), low_before[LOW_SIZE];
static uint32_t smbase[N];
static uint8_t layout;
static bool has_msr, locked, low_is_ram;
static const struct cpu *me;
static unsigned int smis, guest_ran, firmware_ran, warnings;

static void run_move_code(uint32_t *base)
{
	uint8_t *code = low + DEFAULT_SMBASE + ENTRY;
	size_t words_at = (size_t)(smm_move_words - smm_move);
	struct move_words *w = (void *)(code + words_at);

	memset(low + DEFAULT_SMBASE + SAVE, 0xee, SAVE_SIZE);
	low[DEFAULT_SMBASE + LAYOUT] = layout;
	if (memcmp(code, smm_move, words_at)) {
		guest_ran++;
		return;
	}
	if (layout == AMD64) {
		*base = w->smbase;
		w->moved++;
	}
	w->ran++;
}

static void run_handler(uint32_t at)
{
	size_t count_at = (size_t)(smm_handler_count - smm_handler);

	CHECK(at <= sizeof(smm_area) - (SAVE - ENTRY) - SAVE_SIZE);
	memset(smm_area + at + (SAVE - ENTRY), 0xee, SAVE_SIZE);
	CHECK(!memcmp(smm_area + at, smm_handler, count_at));
	++*(uint32_t *)(smm_area + at + count_at);
}

void lapic_send_smi(uint32_t apic_id)
{
	CHECK(apic_id == me->apic_id);
	smis++;
	if (smbase[apic_id] == DEFAULT_SMBASE)
		run_move_code(&smbase[apic_id]);
	else if (smbase[apic_id] == TSEG)
		firmware_ran++;
	else
		run_handler(smbase[apic_id] + ENTRY - AREA_PHYS);
}

bool msr_read_safe(uint32_t msr, uint64_t *value)
{
	if (msr == MSR_HWCR)
		*value = locked ? HWCR_SMM_LOCK : 0;
	else
		*value = smbase[me->apic_id];
	return has_msr || msr == MSR_HWCR;
}

bool msr_write_safe(uint32_t msr, uint64_t value)
{
	CHECK(msr == MSR_SMM_BASE && !locked);
	if (has_msr)
		smbase[me->apic_id] = (uint32_t)value;
	return has_msr;
}

void *guest_ram(guest_phys addr, uint64_t len)
{
	return low_is_ram && addr + len <= LOW_SIZE ? low + addr : NULL;
}

volatile void *mmio_map(host_phys base, size_t size)
{
	CHECK(base + size <= LOW_SIZE);
	return low + base;
}

host_phys virt_to_phys(const void *p)
{
	return AREA_PHYS + (host_phys)((const uint8_t *)p - smm_area);
}

uint64_t time_us(void)
{
	static uint64_t us;

	return us += 100;
}

void log_msg(enum log_level level, const char *fmt __unused, ...)
{
	warnings += level <= LOG_WARN;
}

void panic(const char *fmt __unused, ...)
{
	abort();
}

/* ---- what may be found ---- */

static void start(bool with_msr, bool with_lock, uint32_t base)
{
	has_msr = with_msr;
	locked = with_lock;
	low_is_ram = true;
	layout = AMD64;
	smis = guest_ran = firmware_ran = warnings = 0;
	first_owner = GUEST;
	default_entry = default_save = NULL;
	memset(smm_area, 0, sizeof(smm_area));
	for (size_t i = 0; i < sizeof(low); i++)
		low[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(low_before, low, sizeof(low));
	for (unsigned int i = 0; i < N; i++) {
		cpus[i].index = cpus[i].apic_id = i;
		smbase[i] = base;
	}
}

static void take_all(void)
{
	for (unsigned int i = 0; i < N; i++) {
		me = &cpus[i];
		smm_take(me);
	}
	CHECK(!memcmp(low, low_before, sizeof(low)));
	CHECK(!guest_ran);
}

static void all_are_the_vmms(void)
{
	CHECK(!warnings);
	for (unsigned int i = 0; i < N; i++) {
		CHECK(smbase[i] == AREA_PHYS - ENTRY + i * SLOT);
		me = &cpus[i];
		lapic_send_smi(i);
	}
	CHECK(!guest_ran && !firmware_ran);
	/* once to see that it works, once here: nobody's state over a count */
	for (unsigned int i = 0; i < N; i++)
		CHECK(smm_area[i * SLOT + (size_t)(smm_handler_count -
						  smm_handler)] == 2);
}

static void test_open_msr(void)
{
	start(true, false, DEFAULT_SMBASE);
	take_all();
	CHECK(smis == N);
	all_are_the_vmms();
}

static void test_locked_msr(void)
{
	start(true, true, DEFAULT_SMBASE);
	take_all();
	CHECK(smis == 2 * N);
	all_are_the_vmms();
}

static void test_no_msr(void)
{
	start(false, false, DEFAULT_SMBASE);
	take_all();
	all_are_the_vmms();
	start(false, false, DEFAULT_SMBASE);
	low_is_ram = false;
	take_all();
	all_are_the_vmms();
}

static void test_firmware_keeps_its_own(void)
{
	for (unsigned int lock_it = 0; lock_it < 2; lock_it++) {
		start(true, lock_it, TSEG);
		take_all();
		CHECK(!smis && !warnings);
		CHECK(smbase[0] == TSEG && smbase[N - 1] == TSEG);
	}
	start(false, false, TSEG);
	take_all();
	CHECK(firmware_ran == 1 && smis == 1 && !warnings);
	CHECK(smbase[0] == TSEG && smbase[N - 1] == TSEG);
}

static void test_unknown_layout_is_told(void)
{
	start(false, false, DEFAULT_SMBASE);
	layout = 0;
	take_all();
	CHECK(warnings == N && smis == N);
}

int main(void)
{
	test_open_msr();
	test_locked_msr();
	test_no_msr();
	test_firmware_keeps_its_own();
	test_unknown_layout_is_told();
	printf("%u checks\n", checks);
	return 0;
}
