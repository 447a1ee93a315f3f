/* SPDX-License-Identifier: MIT */
/*
 * Guest accesses that the VMM answers: pages of MMIO and I/O ports. What is
 * not trapped goes to the hardware. Handlers run in exit context on the CPU
 * of the guest's access, several at once on different CPUs; size is 1, 2, 4 or 8 (ports: 1, 2, 4); values are
 * zero-extended. Offsets are inside the region, but an access may not cross
 * its end: the emulator splits accesses at page borders.
 */
#ifndef TANDEM_TRAP_H
#define TANDEM_TRAP_H

#include <tandem/types.h>

struct mmio_trap {
	const char *name;
	guest_phys base;		/* multiple of 4096 */
	uint64_t size;			/* multiple of 4096 */
	uint64_t (*read)(void *ctx, uint64_t offset, unsigned int size);
	void (*write)(void *ctx, uint64_t offset, unsigned int size,
		      uint64_t value);
	void *ctx;
	/* Reads go to the hardware; read is for those in emulated writes. */
	bool reads_pass;
	struct mmio_trap *next;
};

/*
 * Add and remove a trapped range. The struct belongs to the caller and
 * stays in use until mmio_trap_remove returns. -EINVAL: not page aligned;
 * -EEXIST: overlaps another one. mmio_trap_remove gives the range back to
 * the hardware; a handler that another CPU has entered may still run.
 */
int mmio_trap_add(struct mmio_trap *t);
void mmio_trap_remove(struct mmio_trap *t);

/* What registers that are hidden do: as if nothing were there. */
static inline uint64_t mmio_absent_read(void *ctx __unused,
					uint64_t offset __unused,
					unsigned int size)
{
	return size == 8 ? ~0ull : BIT(size * 8) - 1;
}

static inline void mmio_absent_write(void *ctx __unused,
				     uint64_t offset __unused,
				     unsigned int size __unused,
				     uint64_t value __unused)
{
}

struct port_trap {
	const char *name;
	uint16_t first, last;
	uint32_t (*read)(void *ctx, uint16_t port, unsigned int size);
	void (*write)(void *ctx, uint16_t port, unsigned int size,
		      uint32_t value);
	void *ctx;
	struct port_trap *next;
};

int port_trap_add(struct port_trap *t);

#endif
