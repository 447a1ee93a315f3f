/* SPDX-License-Identifier: MIT */
/*
 * A machine with PCI devices behind the ports 0xCF8-0xCFF, for core/pci on
 * the host. It ends the test if the VMM does what hardware forbids: accesses
 * across a dword, sizing a BAR that decodes.
 */
#ifndef TESTS_UNIT_PCI_FAKE_H
#define TESTS_UNIT_PCI_FAKE_H

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/pci.h>

#define ECAM_BASE	0xb0000000ull

struct hardware {
	uint8_t bus, slot, function;
	uint8_t config[256];
	uint8_t writable[256];		/* bits */
	unsigned int reads, writes;
};

extern unsigned int checks;
extern char log_text[4096];		/* all lines, each with \n */
extern struct hardware machine[16];
extern unsigned int n_hardware;
extern uint16_t other_ports[64];	/* accessed besides 0xcf8, 0xcfc-f */
extern unsigned int n_other_ports;

/* Adds a function; class is 24 bits. */
struct hardware *add_hardware(unsigned int bus, unsigned int slot,
			      unsigned int function, uint32_t id,
			      uint32_t class, uint8_t header_type);
void set(struct hardware *h, unsigned int offset, unsigned int size,
	 uint32_t value);
uint32_t get(const struct hardware *h, unsigned int offset, unsigned int size);

/* Run what INITCALL registered at that level. */
void run_level(unsigned int level);

/* The guest's accesses, as the traps stand. */
uint32_t guest_in(uint16_t port, unsigned int size);
void guest_out(uint16_t port, unsigned int size, uint32_t value);
uint64_t guest_ecam_read(struct hardware *h, unsigned int offset,
			 unsigned int size);
void guest_ecam_write(struct hardware *h, unsigned int offset,
		      unsigned int size, uint64_t value);
bool ecam_is_trapped(struct hardware *h);

#endif
