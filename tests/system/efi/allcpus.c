/* SPDX-License-Identifier: MIT */
/*
 * A guest, in the firmware, that has all CPUs work by the firmware's MP
 * services (PI 1.8, volume 2, 13.3), all at once and one by one: they serve it
 * as before, and none of them sees SVM.
 *
 * Prints "allcpus: N CPUs, K together, K one by one, S with SVM".
 */
#include <efi.h>
#include <efilib.h>

#define MAX_CPUS	64
#define LIMIT_US	10000000
#define CPUID_SVM	4

struct mp_services {
	EFI_STATUS (EFIAPI *get_number_of_processors)(struct mp_services *this,
						      UINTN *all,
						      UINTN *enabled);
	void *get_processor_info;
	EFI_STATUS (EFIAPI *startup_all_aps)(struct mp_services *this,
					     void (EFIAPI *procedure)(void *),
					     BOOLEAN single_thread,
					     EFI_EVENT finished,
					     UINTN microseconds, void *argument,
					     UINTN **failed);
	EFI_STATUS (EFIAPI *startup_this_ap)(struct mp_services *this,
					     void (EFIAPI *procedure)(void *),
					     UINTN number, EFI_EVENT finished,
					     UINTN microseconds, void *argument,
					     BOOLEAN *done);
};

static EFI_GUID mp_services_guid = { 0x3fdda605, 0xa76e, 0x4f46,
	{ 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 } };

static UINT32 calls[MAX_CPUS];		/* by APIC ID */
static UINT32 with_svm;

static UINT32 cpuid(UINT32 leaf, UINT32 *ebx)
{
	UINT32 eax = leaf, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(*ebx), "+c"(ecx),
			 "=d"(edx));
	return ecx;
}

static void EFIAPI look(void *unused __attribute__((unused)))
{
	UINT32 ebx, svm = cpuid(0x80000001, &ebx) & CPUID_SVM;

	cpuid(1, &ebx);
	__atomic_add_fetch(&calls[(ebx >> 24) % MAX_CPUS], 1, __ATOMIC_SEQ_CST);
	if (svm)
		__atomic_add_fetch(&with_svm, 1, __ATOMIC_SEQ_CST);
}

/* How many CPUs have looked exactly n times. */
static UINTN looked(UINT32 n)
{
	UINTN i, found = 0;

	for (i = 0; i < MAX_CPUS; i++)
		found += calls[i] == n;
	return found;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	struct mp_services *mp;
	UINTN all = 0, enabled = 0, together, one_by_one, i;

	InitializeLib(image, table);
	if (EFI_ERROR(BS->LocateProtocol(&mp_services_guid, NULL,
					 (void **)&mp)) ||
	    EFI_ERROR(mp->get_number_of_processors(mp, &all, &enabled))) {
		Print(L"allcpus: no MP services\n");
		return EFI_ABORTED;
	}
	mp->startup_all_aps(mp, look, FALSE, NULL, LIMIT_US, NULL, NULL);
	together = looked(1);
	for (i = 0; i < all; i++)
		mp->startup_this_ap(mp, look, i, NULL, LIMIT_US, NULL, NULL);
	one_by_one = looked(2);
	Print(L"allcpus: %d CPUs, %d together, %d one by one, %d with SVM\n",
	      enabled, together, one_by_one, with_svm);
	return EFI_ABORTED;
}
