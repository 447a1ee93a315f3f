/* SPDX-License-Identifier: MIT */
/* Exit codes by the names of the AMD64 manual (volume 2, appendix C). */
#include "vmcb.h"
#include "../../exits.h"

static const struct {
	uint32_t code;
	const char *name;
} names[] = {
	{ 0x060, "INTR" },
	{ EXIT_NMI, "NMI" },
	{ EXIT_SMI, "SMI" },
	{ EXIT_INIT, "INIT" },
	{ 0x064, "VINTR" },
	{ EXIT_CPUID, "CPUID" },
	{ EXIT_IRET, "IRET" },
	{ EXIT_INVD, "INVD" },
	{ EXIT_HLT, "HLT" },
	{ EXIT_INVLPGA, "INVLPGA" },
	{ EXIT_IOIO, "IOIO" },
	{ EXIT_MSR, "MSR" },
	{ EXIT_SHUTDOWN, "SHUTDOWN" },
	{ EXIT_VMRUN, "VMRUN" },
	{ EXIT_VMMCALL, "VMMCALL" },
	{ EXIT_VMLOAD, "VMLOAD" },
	{ EXIT_VMSAVE, "VMSAVE" },
	{ EXIT_STGI, "STGI" },
	{ EXIT_CLGI, "CLGI" },
	{ EXIT_SKINIT, "SKINIT" },
	{ EXIT_MONITOR, "MONITOR" },
	{ EXIT_MWAIT, "MWAIT" },
	{ EXIT_MWAIT_ARMED, "MWAIT armed" },
	{ EXIT_NPF, "nested page fault" },
};

const char *exit_name(uint32_t code)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return code >= EXIT_EXCEPTION && code < EXIT_EXCEPTION + 32 ?
		"exception" : "other";
}
