/* SPDX-License-Identifier: MIT */
/*
 * netd as it is (its main loop, port, lwIP, services) in a program on the host,
 * started anew for each input. What it asks of the core is answered here;
 * time, frames and all else that happens to it comes from a fuzz target.
 */
#ifndef FUZZ_NETD_HOST_H
#define FUZZ_NETD_HOST_H

#include <netring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_RX_SLOTS	128u
#define HOST_TX_SLOTS	64u

/* The core's side of the shared memory. */
extern struct netring_area *host_area;

extern uint64_t host_time;		/* VMM time, in microseconds */
/* allocations still to come until one fails; -1: none does */
extern int host_malloc_left;
/* netd's half of the rings may be wrong, since the target has changed it */
extern bool host_rings_wrong;
/* slots of sent frames do not come back by themselves */
extern bool host_tx_held;

/*
 * Prepare an input: fresh rings and a configuration with a static address,
 * which the target may change before it runs netd.
 */
void host_prepare(void);

/*
 * Run netd until step() is false; it is called whenever netd would wait, with
 * the deadline. sent() gets each frame that netd sends.
 */
void host_run(bool (*step)(uint64_t deadline),
	      void (*sent)(const uint8_t *frame, size_t len));

/* A frame for netd; false: no slot is free. flags: NETRING_CSUM_VALID. */
bool host_deliver(const uint8_t *frame, size_t len, uint16_t flags);
/* Give n slots of sent frames back. */
void host_give_tx(unsigned int n);
/* Change the configuration, as the core does. */
void host_configure(void (*change)(struct netring_config *c));
/* A message to a handler of netd; -ENOENT if there is none of that name. */
int host_send(const char *handler, int value, void *buf0, uint32_t len0,
	      void *buf1, uint32_t len1);

/* The end of the program, with what is wrong. */
_Noreturn void host_wrong(const char *what);

#define MUST(condition) \
	do { \
		if (!(condition)) \
			host_wrong(#condition); \
	} while (0)

#endif
