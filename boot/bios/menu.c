/* SPDX-License-Identifier: MIT */
/*
 * Keys at the firmware's keyboard (INT 16h), and at COM1, for a person who sits
 * there sees the loader's lines, too. Neither tells what is held down, but a key
 * that is comes again and again.
 */
#include "menu.h"

#include <stdint.h>

#include "bios.h"
#include "console.h"

#define STEP_MS		10
#define HELD_MS		150	/* longer than between two repetitions */
#define MENU_MS		3000

#define GET_KEY		0x0000
#define IS_KEY		0x0100

/* The next character; 0 if there is none. */
static char read_key(void)
{
	struct bios_registers r = { .eax = IS_KEY };

	bios_call(0x16, &r);
	if (r.flags & BIOS_ZERO)
		return serial_key();
	r.eax = GET_KEY;
	bios_call(0x16, &r);
	return (char)r.eax;
}

bool menu_key_held(void)
{
	bool held = false;

	for (unsigned int ms = 0; ms < HELD_MS; ms += STEP_MS) {
		char key = read_key();

		held |= key == 's' || key == 'S';
		wait_us(STEP_MS * 1000);
	}
	return held;
}

bool menu_ask(void)
{
	say("Tandem: 1 start it, 2 boot without it; 1 in 3 seconds");
	for (unsigned int ms = 0; ms < MENU_MS; ms += STEP_MS) {
		switch (read_key()) {
		case '1':
		case '\r':
			return true;
		case '2':
			return false;
		}
		wait_us(STEP_MS * 1000);
	}
	return true;
}
