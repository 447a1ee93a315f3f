/* SPDX-License-Identifier: MIT */
/* The loader's GDT (entry.S). Shared by C and assembly. */
#ifndef BOOT_BIOS_SELECTORS_H
#define BOOT_BIOS_SELECTORS_H

#define SEL_CODE64	0x08	/* as in core/x86/real_mode.S */
#define SEL_DATA	0x10
#define SEL_CODE16	0x18	/* its base is where resident.S was copied to */
#define SEL_DATA16	0x20

#endif
