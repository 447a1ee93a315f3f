/* SPDX-License-Identifier: MIT */
/*
 * The waking vector: does the firmware find the VMM's, the VMM the guest's, and
 * the guest its own again, in each kind of FACS?
 */
#include "check.h"
#include "../../core/acpi.h"
#include "../../core/facs.h"

#include <stdio.h>
#include <string.h>

#define OURS		0x9f000u
#define VECTOR		12
#define FLAGS		20
#define X_VECTOR	24
#define VERSION		32

static unsigned int checks;
static uint8_t facs[ACPI_FACS_MAX][ACPI_FACS_SIZE];
static unsigned int n_facs;

volatile void *acpi_facs(unsigned int n)
{
	return n < n_facs ? facs[n] : NULL;
}

static void put(unsigned int n, unsigned int at, unsigned int size, uint64_t v)
{
	memcpy(facs[n] + at, &v, size);
}

static uint64_t get(unsigned int n, unsigned int at, unsigned int size)
{
	uint64_t v = 0;

	memcpy(&v, facs[n] + at, size);
	return v;
}

static void machine(unsigned int n, uint32_t vector, uint64_t x, uint8_t version)
{
	n_facs = n;
	memset(facs, 0, sizeof(facs));
	for (unsigned int i = 0; i < n; i++) {
		memcpy(facs[i], "FACS", 4);
		put(i, 4, 4, ACPI_FACS_SIZE);
		put(i, FLAGS, 4, 3);
	}
	put(0, VECTOR, 4, vector);
	put(0, X_VECTOR, 8, x);
	put(0, VERSION, 1, version);
}

static bool wakes_at(enum wake_mode mode, uint32_t address)
{
	struct wake_vector w = facs_take(OURS);

	for (unsigned int i = 0; i < n_facs; i++) {
		CHECK(get(i, VECTOR, 4) == OURS);
		CHECK(get(i, 4, 4) < VERSION || get(i, X_VECTOR, 8) == 0);
	}
	return w.mode == mode &&
	       (mode == WAKE_NOWHERE || w.address == address);
}

static void real_mode(void)
{
	machine(1, 0x991f4, 0, 0);
	CHECK(wakes_at(WAKE_REAL, 0x991f4));
	facs_give_back();
	CHECK(get(0, VECTOR, 4) == 0x991f4 && get(0, X_VECTOR, 8) == 0);
	/* a FACS of version 0 has no such field for the firmware */
	machine(1, 0x991f4, 0x123456, 0);
	CHECK(wakes_at(WAKE_REAL, 0x991f4));
	facs_give_back();
	CHECK(get(0, X_VECTOR, 8) == 0x123456);
}

static void protected_mode(void)
{
	machine(1, 0x991f4, 0x1234567, 1);
	CHECK(wakes_at(WAKE_PROTECTED, 0x1234567));
	facs_give_back();
	CHECK(get(0, VECTOR, 4) == 0x991f4 && get(0, X_VECTOR, 8) == 0x1234567);
	/* one of 32 bytes ends before the field */
	machine(1, 0x991f4, 0x1234567, 1);
	put(0, 4, 4, 24);
	CHECK(wakes_at(WAKE_REAL, 0x991f4));
	CHECK(get(0, X_VECTOR, 8) == 0x1234567);
}

static void bad_vectors(void)
{
	machine(1, 0, 0, 1);
	CHECK(wakes_at(WAKE_NOWHERE, 0));
	machine(1, 0x100000, 0, 1);
	CHECK(wakes_at(WAKE_NOWHERE, 0));
	machine(1, 0xffffffff, 0, 1);
	CHECK(wakes_at(WAKE_NOWHERE, 0));
	machine(1, 0x991f4, 0x100000000, 1);
	CHECK(wakes_at(WAKE_NOWHERE, 0));
	machine(0, 0, 0, 0);
	CHECK(wakes_at(WAKE_NOWHERE, 0));
	facs_give_back();
}

/* The guest may have used either. */
static void two_of_them(void)
{
	machine(2, 0, 0, 0);
	put(1, VECTOR, 4, 0x8000);
	CHECK(wakes_at(WAKE_REAL, 0x8000));
	facs_give_back();
	CHECK(get(0, VECTOR, 4) == 0 && get(1, VECTOR, 4) == 0x8000);
}

static void no_wake_in_64_bit_mode_is_offered(void)
{
	machine(2, 0, 0, 2);
	facs_init();
	CHECK(get(0, FLAGS, 4) == 1 && get(1, FLAGS, 4) == 1);
}

int main(void)
{
	real_mode();
	protected_mode();
	bad_vectors();
	two_of_them();
	no_wake_in_64_bit_mode_is_offered();
	printf("%u checks\n", checks);
	return 0;
}
