/* SPDX-License-Identifier: MIT */
/*
 * Registration through linker sections, so that adding a driver, a hook or a
 * call touches no list. Within a level, order is link order; nothing may
 * rely on it.
 */
#ifndef TANDEM_INIT_H
#define TANDEM_INIT_H

#include <tandem/types.h>

enum init_level {
	INIT_CORE,		/* after memory, log, time, traps work */
	INIT_BUS,		/* PCI enumeration */
	INIT_DRIVER,		/* bindings are applied: drivers probe */
	INIT_SERVICE,		/* domains may start */
};

struct initcall {
	enum init_level level;
	const char *name;
	int (*fn)(void);	/* < 0: logged, the boot goes on */
};

#define INITCALL(lvl, func) \
	static const struct initcall TABLE_ENTRY(initcall, initcall_##func) = \
		{ lvl, #func, func }

/*
 * Work at every exit, before the guest runs again ("cheaply": a look at
 * memory, no MMIO, unless there is something to do).
 */
struct exit_poll {
	void (*fn)(void);
};

#define EXIT_POLL(func) \
	static const struct exit_poll TABLE_ENTRY(exit_poll, poll_##func) = \
		{ func }

/*
 * Called once, in exit context, before the machine resets, powers off or
 * sleeps, and at panic: stop DMA. Must not wait longer than 10 ms.
 */
struct quiesce_hook {
	void (*fn)(void);
};

#define QUIESCE_HOOK(func) \
	static const struct quiesce_hook TABLE_ENTRY(quiesce, quiesce_##func) = \
		{ func }

/*
 * What loses its state when the machine sleeps (ACPI S3). sleep (NULL: none)
 * keeps what wake will need; it runs in exit context, before the quiesce hooks.
 * wake runs in order of level, before the guest does; lost: there was a sleep,
 * else the machine did not take the order, but the quiesce hooks have run.
 */
struct power_hook {
	enum init_level level;
	void (*sleep)(void);
	void (*wake)(bool lost);
};

#define POWER_HOOK(lvl, sleep_func, wake_func) \
	static const struct power_hook TABLE_ENTRY(power, power_##wake_func) = \
		{ lvl, sleep_func, wake_func }

#endif
