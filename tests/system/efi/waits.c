/* SPDX-License-Identifier: MIT */
/*
 * A boot loader that waits, without a word to the firmware's watchdog: does that
 * end it, and when? The minutes that it tells are counted by the firmware's own
 * timer, by which the watchdog goes: on a loaded host both are late.
 */
#include <efi.h>
#include <efilib.h>

#define MINUTE		600000000ull	/* in units of 100 ns */
#define MINUTES		6		/* the watchdog has five */

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_EVENT timer;
	UINTN which;

	InitializeLib(image, table);
	if (EFI_ERROR(table->BootServices->CreateEvent(EVT_TIMER, 0, NULL,
						       NULL, &timer)) ||
	    EFI_ERROR(table->BootServices->SetTimer(timer, TimerPeriodic,
						    MINUTE)))
		return EFI_ABORTED;
	Print(L"waits: from now on\n");
	for (int i = 1; i <= MINUTES; i++) {
		table->BootServices->WaitForEvent(1, &timer, &which);
		Print(L"waits: minute %d\n", i);
	}
	table->BootServices->CloseEvent(timer);
	return EFI_ABORTED;
}
