/* SPDX-License-Identifier: MIT */
/*
 * IS_ENABLED(CONFIG_X): 1 if the option is set, else 0, as an expression, so
 * that both branches are compiled and no #ifdef is needed in a function.
 * Kconfig defines an enabled bool as 1 and leaves a disabled one undefined.
 */
#ifndef TANDEM_KCONFIG_H
#define TANDEM_KCONFIG_H

#define KCONFIG_PROBE_1			0,
#define KCONFIG_SECOND(a, b, ...)	b
#define KCONFIG_TEST(...)		KCONFIG_SECOND(__VA_ARGS__ 1, 0)
#define KCONFIG_PASTE(value)		KCONFIG_TEST(KCONFIG_PROBE_##value)
#define IS_ENABLED(option)		KCONFIG_PASTE(option)

#endif
