/* SPDX-License-Identifier: MIT */
/*
 * Keys at the firmware's console (UEFI 2.10, 12.3). It tells of characters
 * only: a key that is held comes again and again.
 */
#include "menu.h"
#include "console.h"

#include <stddef.h>

#define STEP_MS		10
#define HELD_MS		100	/* longer than between two repetitions */
#define MENU_MS		3000

/* The next character; 0 if there is none. */
static CHAR16 read_key(EFI_SYSTEM_TABLE *st)
{
	SIMPLE_INPUT_INTERFACE *in = st->ConIn;
	EFI_INPUT_KEY key;

	if (!in || EFI_ERROR(in->ReadKeyStroke(in, &key)))
		return 0;
	return key.UnicodeChar ? key.UnicodeChar : 0xffff;
}

bool menu_key_held(EFI_SYSTEM_TABLE *st)
{
	bool held = false;

	for (unsigned int ms = 0; ms < HELD_MS; ms += STEP_MS) {
		CHAR16 key;

		while ((key = read_key(st)) != 0)
			held |= key == 's' || key == 'S';
		st->BootServices->Stall(STEP_MS * 1000);
	}
	return held;
}

enum menu_choice menu_ask(EFI_SYSTEM_TABLE *st)
{
	say("Tandem: 1 start it, 2 boot without it, 3 start it and then the "
	    "shell; 1 in 3 seconds");
	for (unsigned int ms = 0; ms < MENU_MS; ms += STEP_MS) {
		switch (read_key(st)) {
		case '1':
		case '\r':
			return MENU_START;
		case '2':
			return MENU_WITHOUT;
		case '3':
			return MENU_SHELL;
		}
		st->BootServices->Stall(STEP_MS * 1000);
	}
	return MENU_START;
}
