/* SPDX-License-Identifier: MIT */
/* The VMM's own configuration, from the texts that the loader found. */
#ifndef CORE_CONF_BOOT_H
#define CORE_CONF_BOOT_H

#include <stdbool.h>
#include <tandem/boot.h>

/*
 * Fills in tandem_conf. b is a copy whose ranges were checked. While the
 * firmware's mapping is in use, on one CPU.
 */
void conf_start(const struct boot_info *b);

/* Whether all of size bytes at address are in RAM, which the firmware maps. */
bool boot_is_in_ram(const struct boot_info *b, uint64_t address, uint64_t size);

/* The same once more, to tell in the log what is wrong. */
void conf_tell(const struct boot_info *b);

#endif
