/* SPDX-License-Identifier: MIT */
/*
 * The waking vector, see facs.h: where the firmware jumps after sleep. It lies
 * in memory that the guest writes at any time, so it is the VMM's only from the
 * guest's order to sleep until the machine is awake.
 */
#include "facs.h"
#include "acpi.h"

#include <stddef.h>

struct facs {
	char signature[4];
	uint32_t length, hardware_signature;
	uint32_t vector;
	uint32_t global_lock, flags;
	uint64_t x_vector;
	uint8_t version, reserved[3];
	uint32_t os_flags;
	uint8_t reserved2[24];
} __packed;

_Static_assert(offsetof(struct facs, x_vector) == 24, "FACS");
_Static_assert(sizeof(struct facs) == ACPI_FACS_SIZE, "FACS");

#define FLAGS_64BIT_WAKE	BIT(1)
#define REAL_MODE_END		0x100000u

/* what the guest has written there */
static struct {
	uint32_t vector;
	uint64_t x_vector;
} guest[ACPI_FACS_MAX];

static volatile struct facs *facs_at(unsigned int n)
{
	return acpi_facs(n);
}

static bool has_x_vector(const volatile struct facs *f)
{
	return f->length >= offsetof(struct facs, version);
}

void facs_init(void)
{
	volatile struct facs *f;

	for (unsigned int i = 0; (f = facs_at(i)); i++)
		f->flags &= ~(uint32_t)FLAGS_64BIT_WAKE;
}

/* The first that is not 0; a firmware knows the other field from version 1. */
static struct wake_vector decide(unsigned int n, uint8_t version)
{
	uint64_t x = version ? guest[n].x_vector : 0;
	uint32_t v = guest[n].vector;

	if (x)
		return (struct wake_vector){
			x >> 32 ? WAKE_NOWHERE : WAKE_PROTECTED, (uint32_t)x
		};
	return (struct wake_vector){
		v && v < REAL_MODE_END ? WAKE_REAL : WAKE_NOWHERE, v
	};
}

struct wake_vector facs_take(uint32_t address)
{
	struct wake_vector w = { WAKE_NOWHERE, 0 };
	volatile struct facs *f;

	for (unsigned int i = 0; (f = facs_at(i)); i++) {
		bool x = has_x_vector(f);

		guest[i].vector = f->vector;
		guest[i].x_vector = x ? f->x_vector : 0;
		if (w.mode == WAKE_NOWHERE)
			w = decide(i, x ? f->version : 0);
		f->vector = address;
		if (x)
			f->x_vector = 0;
	}
	return w;
}

void facs_give_back(void)
{
	volatile struct facs *f;

	for (unsigned int i = 0; (f = facs_at(i)); i++) {
		f->vector = guest[i].vector;
		if (has_x_vector(f))
			f->x_vector = guest[i].x_vector;
	}
}
