/* SPDX-License-Identifier: MIT */
/*
 * What the VMM call get_status_struct writes into the guest's memory
 * (docs/vmmcall.md): little-endian, no padding. Shared with programs of the
 * guest, so it needs nothing but <stdint.h>. Fields are appended, never changed
 * or taken away; each addition makes the version one higher. So a reader that
 * knows an older version finds what it knows in a newer one, and a reader that
 * knows a newer one sees by size what an older VMM did not write.
 */
#ifndef ABI_STATUS_H
#define ABI_STATUS_H

#include <stdint.h>

#define TANDEM_STATUS_MAGIC	0x53444e54u	/* "TNDS" */
#define TANDEM_STATUS_VERSION	1

#define TANDEM_STATUS_PORTS	3		/* wire, guest, stack */
#define TANDEM_STATUS_HEADER	16		/* magic to cpus: always there */

/* A side of the switch; all 0 where there is none. */
struct tandem_status_port {
	char name[8];			/* NUL-terminated */
	uint32_t link;			/* 1: up */
	uint32_t speed;			/* Mbit/s; wire only */
	uint64_t rx_frames, rx_bytes;	/* from it into the switch */
	uint64_t tx_frames, tx_bytes;	/* from the switch to it */
	uint64_t dropped;		/* errors, no buffer, malformed, down */
};

struct tandem_status {
	uint32_t magic;			/* TANDEM_STATUS_MAGIC */
	uint32_t version;		/* of the VMM's struct */
	uint32_t size;			/* of the VMM's struct, bytes */
	uint32_t cpus;
	char release[48];		/* NUL-terminated */
	uint64_t uptime_us;		/* without the time asleep (S3) */
	uint64_t memory_total;		/* the VMM block, bytes */
	uint64_t memory_free;		/* of it */
	uint64_t exits;			/* of all CPUs, ever */
	uint64_t calls;			/* VMM calls made, this one included */
	uint64_t calls_delayed;		/* times one had to wait: the limit */
	uint64_t log_bytes;		/* of log text ever: grows by each line */
	struct tandem_status_port port[TANDEM_STATUS_PORTS];
};

_Static_assert(sizeof(struct tandem_status_port) == 56, "layout");
_Static_assert(sizeof(struct tandem_status) == 288, "layout");

#endif
