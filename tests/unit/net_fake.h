/* SPDX-License-Identifier: MIT */
/*
 * What the parts of net/ find below them when they run on the host: guest RAM
 * as an array, memory, time, PCI configuration space, trapped ranges, messages.
 * Everything that the code under test does to it can be looked at.
 */
#ifndef NET_FAKE_H
#define NET_FAKE_H

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <net/capture.h>
#include <tandem/trap.h>
#include <tandem/types.h>

extern unsigned int checks;

/* Guest RAM: two ranges with a hole between. */
#define RAM_BASE	0x100000ull
#define RAM_SIZE	0x200000ull
#define RAM2_BASE	0x400000ull
#define RAM2_SIZE	0x10000ull

uint8_t *ram(guest_phys addr);		/* for the test itself; checked */

extern uint64_t fake_time;
extern unsigned int log_lines;
extern char last_log[256];

/* called by each guest_ram(), if set */
extern void (*guest_ram_hook)(void);

/* messages to the guest; a function that takes them instead, if set */
extern void (*message_hook)(uint64_t address, uint32_t data);
extern unsigned int n_messages;
extern uint64_t message_address;
extern uint32_t message_data;

/* memory accesses of the guest, as the traps stand */
bool guest_access(uint64_t addr, unsigned int size, bool write,
		  uint64_t *value);
unsigned int n_traps(void);

uint32_t random32(void);

/* What the tap at the switch was given last. */
struct fake_capture {
	enum net_port_id from;
	unsigned int n, done[NET_PORTS];
};

extern struct fake_capture fake_capture;

#endif
