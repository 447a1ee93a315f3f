/* SPDX-License-Identifier: MIT */
/*
 * A guest that does what an OS does not: other CPU modes, task switches, odd
 * accesses to device registers, traps and events just where the VMM steps in.
 * A UEFI application: it leaves the boot services, takes the machine over and
 * runs its cases, the same ones with and without a VMM below; what it says on
 * COM1 is judged by test_payload.py.
 *
 * Prints "case NAME: ok", "case NAME: skipped: WHY", or lines of what was
 * wrong and "case NAME: FAILED". Then it obeys bytes on COM1: t triple
 * fault, h hlt with interrupts off, s a loop.
 */
#include "payload.h"

#include <efi.h>
#include <efilib.h>

#define ARENA_PAGES	512

struct trap traps[MAX_TRAPS];
unsigned int n_traps;
void (*trap_hook)(struct frame *f);
uint64_t trap_resume;
bool above_vmm;
uint64_t vmm_number;

static uint8_t *arena, *arena_end;
static const char *case_name, *skipped;
static unsigned int failures;
static void *after_case[5];

extern const uint8_t low_start[], low_end[];

static const struct payload_case *const tables[] = {
	access_cases, port_cases, mode_cases, debug_cases, event_cases,
	delivery_cases, call_cases,
};

/* ---- judging ---- */

void expect(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	failures++;
	print("case %s: %s: got %x, want %x\n", case_name, what, got, want);
}

void skip(const char *why)
{
	skipped = why;
}

static void run(const struct payload_case *c)
{
	/* not in a register when a trap comes back here */
	static const struct payload_case *volatile running;

	running = c;
	case_name = c->name;
	failures = 0;
	skipped = NULL;
	traps_reset();
	print("case %s: starts\n", c->name);
	if (!__builtin_setjmp(after_case))
		c->run();
	if (failures)
		print("case %s: FAILED\n", running->name);
	else if (skipped)
		print("case %s: skipped: %s\n", running->name, skipped);
	else
		print("case %s: ok\n", running->name);
}

/* ---- traps ---- */

void traps_reset(void)
{
	n_traps = 0;
	trap_hook = NULL;
	trap_resume = 0;
	__builtin_memset(traps, 0, sizeof(traps));
	write_reg(dr7, 0x400);
	write_reg(dr6, 0xffff0ff0);
}

void trap_goto(struct frame *f)
{
	f->rip = trap_resume;
	f->rflags &= ~0x100ull;
}

/* The case has failed; the next one starts. */
static void __attribute__((noreturn)) lost(struct frame *f)
{
	print("case %s: trap %x error %x at %x, cr2 %x, unexpected\n",
	      case_name, f->vector, f->error, f->rip, read_reg(cr2));
	failures++;
	machine_tables();
	__builtin_longjmp(after_case, 1);
}

/* Called by traps.S. */
void trap(struct frame *f);
void trap(struct frame *f)
{
	if (n_traps < MAX_TRAPS)
		traps[n_traps] = (struct trap){
			f->vector, f->error, f->rip, f->rflags, read_reg(cr2),
			read_reg(dr6), (uintptr_t)f, f->rcx
		};
	n_traps++;
	if (f->vector == 2)
		pit_quiet();
	write_reg(dr6, 0xffff0ff0);
	if (!trap_hook || n_traps > 1000)
		lost(f);
	trap_hook(f);
}

/* ---- start and end ---- */

void *pages(unsigned int n)
{
	uint8_t *p = arena;

	if (n * 4096ul > (size_t)(arena_end - arena)) {
		print("payload: out of memory\n");
		for (;;)
			__asm__ volatile("cli; hlt");
	}
	arena += n * 4096ul;
	__builtin_memset(p, 0, n * 4096ul);
	return p;
}

/* VMMCALL without a VMM is undefined; VMM call 0 asks for a name's number. */
static void look_for_vmm(void)
{
	uint64_t rax = 0;

	trap_hook = trap_goto;
	__asm__ volatile("lea	1f(%%rip), %%rcx\n\t"
			 "mov	%%rcx, %1\n\t"
			 "vmmcall\n"
			 "1:"
			 : "+a"(rax), "=m"(trap_resume)
			 : "b"("dbgsh") : "rcx", "memory");
	above_vmm = n_traps == 0;
	vmm_number = rax;
}

static void __attribute__((noreturn)) triple_fault(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none;

	__asm__ volatile("lidt	%0\n\tud2" : : "m"(none));
	__builtin_unreachable();
}

static void __attribute__((noreturn)) obey(void)
{
	for (;;) {
		switch (serial_get()) {
		case 't':
			print("payload: triple fault\n");
			triple_fault();
		case 'h':
			print("payload: cli; hlt\n");
			for (;;)
				__asm__ volatile("cli; hlt");
		case 's':
			print("payload: cli; jmp .\n");
			for (;;)
				__asm__ volatile("cli");
		}
	}
}

static void __attribute__((noreturn)) payload(void)
{
	uint8_t *to = (uint8_t *)LOW;

	for (const uint8_t *p = low_start; p < low_end; p++)
		*to++ = *p;
	machine_init();
	traps_reset();
	look_for_vmm();
	print("payload: runs, %s VMM\n", above_vmm ? "above a" : "without");
	for (unsigned int i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct payload_case *c = tables[i]; c->name; c++)
			run(c);
	traps_reset();
	print("payload: done\n");
	obey();
}

static EFI_STATUS leave_firmware(EFI_HANDLE image)
{
	UINTN entries, key, size, i;
	UINT32 version;
	EFI_STATUS status = EFI_ABORTED;

	for (i = 0; EFI_ERROR(status) && i < 4; i++) {
		if (!LibMemoryMap(&entries, &key, &size, &version))
			return EFI_OUT_OF_RESOURCES;
		status = uefi_call_wrapper(BS->ExitBootServices, 2, image, key);
	}
	return status;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_PHYSICAL_ADDRESS low_memory = LOW, memory = 0x7fffffff;
	EFI_STATUS status;

	InitializeLib(image, table);
	status = uefi_call_wrapper(BS->AllocatePages, 4, AllocateAddress,
				   EfiLoaderData, LOW_PAGES, &low_memory);
	if (!EFI_ERROR(status))
		status = uefi_call_wrapper(BS->AllocatePages, 4,
					   AllocateMaxAddress, EfiLoaderData,
					   ARENA_PAGES, &memory);
	if (EFI_ERROR(status)) {
		Print(L"payload: no memory: %r\n", status);
		return status;
	}
	arena = (uint8_t *)memory;
	arena_end = arena + ARENA_PAGES * 4096ul;
	status = leave_firmware(image);
	if (EFI_ERROR(status))
		return status;
	__asm__ volatile("cli");
	payload();
}
