/* SPDX-License-Identifier: MIT */
/*
 * Captured frames as a pcapng file (draft-ietf-opsawg-pcapng): its head with a
 * section and an interface for each port of the switch, then a block for each
 * frame. No dependency on the rest: tested on the host.
 */
#ifndef MGMT_PCAPNG_H
#define MGMT_PCAPNG_H

#include <abi/mgmt.h>
#include <stddef.h>
#include <stdint.h>

#define PCAPNG_HEAD_MAX		256u
/* a block with the longest frame */
#define PCAPNG_BLOCK_MAX	(MGMT_CAPTURE_SNAP_MAX + 64u)

/* The file's head, for frames cut to snap bytes. Its length. */
size_t pcapng_head(uint8_t to[PCAPNG_HEAD_MAX], uint32_t snap);

/*
 * The block of a frame, which r->kept bytes of it follow; us: since 1970. Its
 * length; 0 if r is none.
 */
size_t pcapng_frame(uint8_t to[PCAPNG_BLOCK_MAX],
		    const struct mgmt_capture_record *r, uint64_t us);

#endif
