/* SPDX-License-Identifier: MIT */
/*
 * The end of the VMM: reason, registers, backtrace by frame pointers with the
 * names of functions, the guest's last exits; device DMA stopped, then halt or
 * reset as configured. What it writes is kept for the next boot (kept_log.h).
 * Something that breaks in here is told in one line and not looked into.
 */
#include "panic.h"
#include "exits.h"
#include "log.h"
#include "mem/mem.h"
#include "reset.h"
#include "symbols.h"
#include "x86/cpus.h"

#include <stdarg.h>
#include <stdio.h>
#define LOG_PREFIX "panic: "
#include <tandem/conf.h>
#include <tandem/init.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>

#define BACKTRACE_MAX	24

extern const struct quiesce_hook table_quiesce_start[], table_quiesce_end[];

/* A variable, so that a debugger can choose otherwise before the end. */
static volatile uint8_t panic_reboots = IS_ENABLED(CONFIG_PANIC_REBOOT);

/* the CPU that panics */
static struct cpu *teller;
/* 1: its panic is being told; 2: that failed, too */
static unsigned int depth;

struct trap_frame panic_registers;	/* filled in by panic.S */

void panic_formatted(const char *fmt, ...) __printf(1, 2) __noreturn;

static int panic_init(void)
{
	panic_reboots = tandem_conf.number[CONF_PANIC_REBOOT] != 0;
	return 0;
}
INITCALL(INIT_CORE, panic_init);

void quiesce(void)
{
	for (const struct quiesce_hook *h = table_quiesce_start;
	     h < table_quiesce_end; h++)
		h->fn();
	/* the log in memory must not be lost in the cache */
	wbinvd();
}

static bool is_code(uint64_t address)
{
	return address >= (uintptr_t)image_start &&
	       address < (uintptr_t)text_end;
}

/* "function+0x12" of an address, into text. */
static const char *name(char *text, size_t size, uint64_t address,
			uint64_t inside)
{
	uint64_t into;
	const char *found = symbol_find(&symbol_table, inside, &into);

	if (!found)
		return "?";
	snprintf(text, size, "%s+%#lx", found, into + (address - inside));
	return text;
}

/* A call may be a function's last instruction: its name is that of the call. */
static void tell_caller(uint64_t address)
{
	char text[80];

	log_error("  called from %#lx %s", address,
		  name(text, sizeof(text), address, address - 1));
}

static void backtrace(uint64_t f)
{
	for (unsigned int i = 0; i < BACKTRACE_MAX; i++) {
		const uint64_t *frame = (const uint64_t *)f;

		if (f & 7 || !cpu_stack_holds(f, 16) || !is_code(frame[1]))
			return;
		tell_caller(frame[1]);
		if (frame[0] <= f)
			return;
		f = frame[0];
	}
}

static void tell_registers(const struct trap_frame *f)
{
	log_error("rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx,
		  f->rcx, f->rdx);
	log_error("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi,
		  f->rbp, f->rsp);
	log_error("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9,
		  f->r10, f->r11);
	log_error("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13,
		  f->r14, f->r15);
	log_error("cr0 %016lx cr2 %016lx cr3 %016lx cr4 %016lx", read_cr0(),
		  read_cr2(), read_cr3(), read_cr4());
}

static void __noreturn stop(void)
{
	if (panic_reboots)
		machine_reset_now();
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Goes on in the first panic of the first CPU that panics only. */
static void begin(uint64_t rip)
{
	struct cpu *none = NULL;

	if (__atomic_compare_exchange_n(&teller, &none, this_cpu(), false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		cpus_stop_others();
	else if (none != this_cpu())
		for (;;)
			__asm__ volatile("cli; hlt");
	if (++depth <= 2)
		log_panic();
	if (depth == 1)
		return;
	if (depth == 2)
		log_error("again, at %#lx, while telling of the first", rip);
	stop();
}

static void __noreturn end(void)
{
	exits_tell(&this_cpu()->exits);
	quiesce();
	log_error("%s", panic_reboots ? "the machine is reset" : "halted");
	stop();
}

void panic_formatted(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	begin(panic_registers.rip);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s", text);
	tell_registers(&panic_registers);
	tell_caller(panic_registers.rip);
	backtrace(panic_registers.rbp);
	end();
}

void panic_trap(const struct trap_frame *f)
{
	char text[80];

	begin(f->rip);
	log_error("trap %lu error %#lx in the VMM at %#lx %s, cr2 %#lx",
		  f->vector, f->error, f->rip,
		  name(text, sizeof(text), f->rip, f->rip), read_cr2());
	tell_registers(f);
	/* a jump to nowhere: the caller's address is still on top */
	if (!is_code(f->rip) && !(f->rsp & 7) && cpu_stack_holds(f->rsp, 8) &&
	    is_code(*(const uint64_t *)f->rsp))
		tell_caller(*(const uint64_t *)f->rsp);
	backtrace(f->rbp);
	end();
}
