/* SPDX-License-Identifier: MIT */
/*
 * Operations on I/O ports and on configuration space, by the ports and by
 * memory (ECAM). What switches the machine off or resets it is left to boots
 * that may be lethal.
 */
#include "fuzz.h"

static const uint16_t known_ports[] = {
	0x20, 0x21, 0x40, 0x42, 0x43, 0x60, 0x61, 0x64, 0x70, 0x71, 0x80, 0x92,
	0xa0, 0xa1, 0xb2, 0xb3, 0xc0, 0xf0, 0x1f0, 0x1f7, 0x2e8, 0x2f8, 0x2f9,
	0x2fb, 0x2fc, 0x2fd, 0x2ff, 0x3c0, 0x3f6, 0x3f8, 0x3f9, 0x3fb, 0x3ff,
	0x402, 0x4d0, 0x4d1, 0x510, 0x511, 0x514, 0x518, 0x600, 0x602, 0x604,
	0x608, 0x620, 0x628, 0x630, 0x660, 0xcd8, 0xcf8, 0xcf9, 0xcfa, 0xcfb,
	0xcfc, 0xcfd, 0xcfe, 0xcff, 0xd00, 0xffff,
};

/* Those on which a write may end or stop the machine. */
static bool is_lethal(uint16_t port, unsigned int size)
{
	static const struct {
		uint16_t first, last;
	} lethal[] = {
		{ 0x60, 0x64 }, { 0x92, 0x92 }, { 0xb2, 0xb3 },
		{ 0x510, 0x51b }, { 0x600, 0x67f }, { 0xcd8, 0xce3 },
		{ 0xcf9, 0xcf9 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(lethal); i++)
		if (port <= lethal[i].last && port + size > lethal[i].first)
			return true;
	return false;
}

/* QEMU 7.2 ends itself at more than a byte to or from a serial port. */
static bool ends_qemu(uint16_t port, unsigned int size)
{
	return size > 1 && port <= 0x3ff && port + size > 0x3f8;
}

static uint16_t odd_port(struct fuzz_cpu *c)
{
	uint16_t port = known_ports[below(c, ARRAY_SIZE(known_ports))];

	switch (below(c, 8)) {
	case 0:
		return (uint16_t)rnd(c);
	case 1:
		return (uint16_t)(port + below(c, 9) - 4);
	default:
		return port;
	}
}

void op_in(struct fuzz_cpu *c)
{
	uint16_t port = odd_port(c);
	unsigned int size = 1u << below(c, 3);

	note(c, port, size, 0, 0);
	if (ends_qemu(port, size))
		return;
	if (size == 1)
		in8(port);
	else if (size == 2)
		in16(port);
	else
		in32(port);
}

void op_out(struct fuzz_cpu *c)
{
	uint16_t port = odd_port(c);
	unsigned int size = 1u << below(c, 3);
	uint32_t v = (uint32_t)odd_value(c);

	note(c, port, size, v, 0);
	if ((is_lethal(port, size) && !machine.lethal) ||
	    ends_qemu(port, size))
		return;
	if (size == 1)
		out8(port, (uint8_t)v);
	else if (size == 2)
		out16(port, (uint16_t)v);
	else
		out32(port, v);
}

void op_string_io(struct fuzz_cpu *c)
{
	uint16_t port = odd_port(c);
	uint64_t a = odd_mapping(c, chance(c, 2) ? odd_address(c) :
				 (uint64_t)(uintptr_t)c->scratch + PAGE);
	uint64_t n = below(c, 9);
	bool out = chance(c, 2);
	unsigned int size = below(c, 3);

	note(c, port, a, n, size | out << 8);
	if ((out && is_lethal(port, 1u << size) && !machine.lethal) ||
	    ends_qemu(port, 1u << size))
		return;
	if (!out && is_own(a, 64) &&
	    (a < (uint64_t)(uintptr_t)c->scratch ||
	     a >= (uint64_t)(uintptr_t)c->stack))
		return;
	if (chance(c, 4))
		__asm__ volatile("std");
	if (out && size == 0)
		__asm__ volatile("rep outsb" : "+S"(a), "+c"(n) : "d"(port));
	else if (out && size == 1)
		__asm__ volatile("rep outsw" : "+S"(a), "+c"(n) : "d"(port));
	else if (out)
		__asm__ volatile("outsl" : "+S"(a) : "d"(port));
	else if (size == 0)
		__asm__ volatile("rep insb" : "+D"(a), "+c"(n) : "d"(port)
				 : "memory");
	else if (size == 1)
		__asm__ volatile("insw" : "+D"(a) : "d"(port) : "memory");
	else
		__asm__ volatile("rep insl" : "+D"(a), "+c"(n) : "d"(port)
				 : "memory");
	__asm__ volatile("cld");
}

/* ---- configuration space ---- */

/* Bus, slot and function as mechanism #1 has them, in bits 8 and up. */
static uint32_t odd_function(struct fuzz_cpu *c)
{
	const struct pci_function *f =
		&machine.function[below(c, machine.n_functions)];

	if (!machine.n_functions || chance(c, 8))
		return (uint32_t)rnd(c) & 0xffff00;
	return (uint32_t)f->bus << 16 | f->slot << 11 | f->function << 8;
}

/* What the machine is made of: host bridge and ISA bridge. */
static bool is_chipset(uint32_t function)
{
	return function == 0 || (function & 0xfff800) == 31 << 11;
}

static unsigned int odd_offset(struct fuzz_cpu *c, unsigned int limit)
{
	switch (below(c, 4)) {
	case 0:
		return below(c, limit);
	case 1:			/* command, BARs, pointers */
		return below(c, 0x40);
	default:		/* capabilities */
		return 0x40 + below(c, 0xc0);
	}
}

void op_config_ports(struct fuzz_cpu *c)
{
	uint32_t function = odd_function(c), v = (uint32_t)odd_value(c);
	unsigned int offset = odd_offset(c, 256), size = 1u << below(c, 3);
	uint32_t address = 0x80000000u | function | (offset & 0xfc);
	uint16_t port = (uint16_t)(0xcfc + (offset & 3));
	bool write = chance(c, 2);

	if (chance(c, 16))
		address = (uint32_t)rnd(c);
	if (write && is_chipset(address & 0xffff00) && !machine.lethal)
		write = false;
	note(c, address, port, size | write << 8, v);
	out32(0xcf8, address);
	if (!write && size == 1)
		in8(port);
	else if (!write && size == 2)
		in16(port);
	else if (!write)
		in32(port);
	else if (size == 1)
		out8(port, (uint8_t)v);
	else if (size == 2)
		out16(port, (uint16_t)v);
	else
		out32(port, v);
}

void op_config_ecam(struct fuzz_cpu *c)
{
	uint32_t function = odd_function(c);
	unsigned int offset = odd_offset(c, 4096), size = 1u << below(c, 4);
	uint64_t a = machine.ecam + ((uint64_t)function << 4) + offset;
	uint64_t v = odd_value(c);
	bool write = chance(c, 2);

	if (!machine.ecam)
		return;
	if (write && is_chipset(function) && !machine.lethal)
		write = false;
	note(c, a, size | write << 8, v, 0);
	switch (size | write << 8) {
	case 1:
		*(volatile uint8_t *)a;
		break;
	case 2:
		*(volatile uint16_t *)a;
		break;
	case 4:
		*(volatile uint32_t *)a;
		break;
	case 8:
		*(volatile uint64_t *)a;
		break;
	case 0x101:
		*(volatile uint8_t *)a = (uint8_t)v;
		break;
	case 0x102:
		*(volatile uint16_t *)a = (uint16_t)v;
		break;
	case 0x104:
		*(volatile uint32_t *)a = (uint32_t)v;
		break;
	default:
		*(volatile uint64_t *)a = v;
	}
}
