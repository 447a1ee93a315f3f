/* SPDX-License-Identifier: MIT */
/* Called by entry.S. */
#ifndef CORE_MAIN_H
#define CORE_MAIN_H

#include <tandem/boot.h>

/*
 * b: the loader's, on the firmware's mapping; image_phys: where the block
 * is. Returns TANDEM_BOOT_* only if the VMM refuses to start.
 */
int vmm_main(struct boot_info *b, uint64_t image_phys);

#endif
