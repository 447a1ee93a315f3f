/* SPDX-License-Identifier: MIT */
/*
 * The end of the VMM: reason, registers, backtrace by frame pointers, device
 * DMA stopped, then halt or reboot as configured. Addresses are looked up in
 * the link map (docs/debugging.md).
 */
#include "panic.h"
#include "mem/mem.h"
#include "reset.h"

#include <stdarg.h>
#include <stdio.h>
#define LOG_PREFIX "panic: "
#include <tandem/init.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>

#define BACKTRACE_MAX	24

extern const struct quiesce_hook table_quiesce_start[], table_quiesce_end[];

static bool panicking;

void quiesce(void)
{
	for (const struct quiesce_hook *h = table_quiesce_start;
	     h < table_quiesce_end; h++)
		h->fn();
}

static void backtrace(const uint64_t *frame)
{
	uintptr_t stack = (uintptr_t)frame & ~(uintptr_t)(CPU_STACK_SIZE - 1);

	for (unsigned int i = 0; i < BACKTRACE_MAX; i++) {
		uintptr_t f = (uintptr_t)frame;

		if (f <= stack || f + 16 > stack + CPU_STACK_SIZE || f & 7 ||
		    frame[1] < (uintptr_t)image_start ||
		    frame[1] >= (uintptr_t)text_end)
			return;
		log_error("  called from %#lx", frame[1]);
		if (frame[0] <= f)
			return;
		frame = (const uint64_t *)frame[0];
	}
}

static void __noreturn end(void)
{
	quiesce();
	if (IS_ENABLED(CONFIG_PANIC_REBOOT))
		machine_reset();
	log_error("halted");
	for (;;)
		__asm__ volatile("cli; hlt");
}

void panic(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	if (panicking)
		for (;;)
			__asm__ volatile("cli; hlt");
	panicking = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s", text);
	backtrace(__builtin_frame_address(0));
	end();
}

void panic_trap(const struct trap_frame *f)
{
	if (panicking)
		for (;;)
			__asm__ volatile("cli; hlt");
	panicking = true;
	log_error("trap %lu error %#lx in the VMM at %#lx, cr2 %#lx", f->vector,
		  f->error, f->rip, read_cr2());
	log_error("rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx,
		  f->rcx, f->rdx);
	log_error("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi,
		  f->rbp, f->rsp);
	log_error("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9,
		  f->r10, f->r11);
	log_error("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13,
		  f->r14, f->r15);
	backtrace((const uint64_t *)f->rbp);
	end();
}
