/* SPDX-License-Identifier: MIT */
/* The other CPUs, see cpus.h. They run while this one enters the VMM. */
#include "cpus.h"
#include "console.h"

/* in units of 100 ns */
#define WAIT_TIME	(10 * 10000000ull)

/* EFI_MP_SERVICES_PROTOCOL, as far as it is used. */
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
};

static EFI_GUID mp_services_guid = { 0x3fdda605, 0xa76e, 0x4f46,
	{ 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 } };

/* What the others call. They come back, as guests, while start() waits. */
static struct {
	uint64_t entry;
	struct boot_info *info;
	EFI_EVENT finished;	/* NULL: there are no others */
} call;

static EFI_STATUS find(EFI_BOOT_SERVICES *bs, struct mp_services **mp)
{
	return bs->LocateProtocol(&mp_services_guid, NULL, (void **)mp);
}

EFI_STATUS cpus_count(EFI_BOOT_SERVICES *bs, uint32_t *n)
{
	struct mp_services *mp;
	UINTN all, enabled;

	if (EFI_ERROR(find(bs, &mp)) ||
	    EFI_ERROR(mp->get_number_of_processors(mp, &all, &enabled)))
		return refuse(EFI_UNSUPPORTED,
			      "the firmware does not tell how many CPUs run");
	*n = (uint32_t)enabled;
	return EFI_SUCCESS;
}

static void EFIAPI on_other_cpu(void *argument __attribute__((unused)))
{
	enter_vmm(call.entry, call.info);
}

EFI_STATUS cpus_call(EFI_BOOT_SERVICES *bs, uint64_t entry,
		     struct boot_info *info)
{
	struct mp_services *mp;
	EFI_STATUS status;

	call.entry = entry;
	call.info = info;
	call.finished = NULL;
	if (info->n_cpus == 1)
		return EFI_SUCCESS;
	status = find(bs, &mp);
	if (!EFI_ERROR(status))
		status = bs->CreateEvent(0, 0, NULL, NULL, &call.finished);
	if (EFI_ERROR(status))
		return refuse(status, "the firmware's CPU services fail");
	status = mp->startup_all_aps(mp, on_other_cpu, FALSE, call.finished, 0,
				     NULL, NULL);
	if (EFI_ERROR(status)) {
		bs->CloseEvent(call.finished);
		call.finished = NULL;
		return refuse(status, "the firmware does not start the other "
			      "CPUs");
	}
	return EFI_SUCCESS;
}

bool cpus_wait(EFI_BOOT_SERVICES *bs)
{
	EFI_EVENT either[2] = { call.finished, NULL };
	EFI_STATUS status;
	UINTN index;

	if (!call.finished)
		return true;
	status = bs->CreateEvent(EVT_TIMER, 0, NULL, NULL, &either[1]);
	if (!EFI_ERROR(status))
		status = bs->SetTimer(either[1], TimerRelative, WAIT_TIME);
	if (!EFI_ERROR(status))
		status = bs->WaitForEvent(2, either, &index);
	if (either[1])
		bs->CloseEvent(either[1]);
	/* the event stays: the firmware signals it when they do come */
	if (EFI_ERROR(status) || index != 0)
		return false;
	bs->CloseEvent(call.finished);
	call.finished = NULL;
	return true;
}
