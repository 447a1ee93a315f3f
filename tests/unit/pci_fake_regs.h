/* SPDX-License-Identifier: MIT */
/*
 * Put before every file of a test: port instructions become calls of
 * the fake machine (pci_fake.c, or the test's own).
 */
#ifndef TESTS_UNIT_PCI_FAKE_REGS_H
#define TESTS_UNIT_PCI_FAKE_REGS_H

#define CORE_X86_REGS_H		/* in the place of core/x86/regs.h */

#include <stdint.h>

uint8_t inb(uint16_t port);
uint16_t inw(uint16_t port);
uint32_t inl(uint16_t port);
void outb(uint16_t port, uint8_t value);
void outw(uint16_t port, uint16_t value);
void outl(uint16_t port, uint32_t value);

static inline void wbinvd(void)
{
}

static inline uint32_t port_in(uint16_t port, unsigned int size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static inline void port_out(uint16_t port, unsigned int size, uint32_t v)
{
	if (size == 1)
		outb(port, (uint8_t)v);
	else if (size == 2)
		outw(port, (uint16_t)v);
	else
		outl(port, v);
}

#endif
