/* SPDX-License-Identifier: MIT */
/*
 * A guest that hangs for good with interrupts off, in the firmware, after it
 * has had the VMM start its echo server. Do the VMM's services live on?
 */
#include "call.h"

#include <efi.h>
#include <efilib.h>

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	bool started;

	InitializeLib(image, table);
	started = call_dbgsh("echoctl server start 7\rexit\r");
	Print(L"hang: echo server %a; cli; jmp .\n",
	      started ? "started" : "not started");
	__asm__ volatile("cli\n1:	jmp 1b");
	return EFI_ABORTED;
}
