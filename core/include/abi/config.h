/* SPDX-License-Identifier: MIT */
/*
 * The answer of the core's handler "config": the configuration in force, what
 * can be set at boot first, then what is decided when Tandem is built. The
 * message's value is how many entries to leave out; -1: no entries, but how
 * many lines of the texts read at boot were refused.
 */
#ifndef ABI_CONFIG_H
#define ABI_CONFIG_H

#include <stdint.h>

enum config_source {
	CONFIG_SOURCE_DEFAULT,	/* Kconfig's default */
	CONFIG_SOURCE_BUILD,	/* chosen for this build (.config) */
	CONFIG_SOURCE_SECTION,	/* .tandemcf of the loader */
	CONFIG_SOURCE_FILE,	/* tandem.conf */
	CONFIG_SOURCE_OPTION,	/* the boot option */
	CONFIG_SOURCE_UNDONE,	/* did not fit other values */
	CONFIG_SOURCES
};

#define CONFIG_NAME_MAX		40
#define CONFIG_VALUE_MAX	512

/* Text is ended by 0; what is longer is cut. */
struct config_entry {
	uint32_t source;	/* enum config_source */
	uint32_t line;		/* of SECTION and FILE; word of OPTION */
	char name[CONFIG_NAME_MAX];
	char value[CONFIG_VALUE_MAX];	/* y, n, a number, or text */
};

#endif
