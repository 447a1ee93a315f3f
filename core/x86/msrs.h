/* SPDX-License-Identifier: MIT */
/*
 * MSRs that the VMM itself does not use, but has a policy for (AMD64 APM volume
 * 2, appendix A, and the BIOS and kernel developer's guides of families 10h to
 * 19h). Those it uses are in regs.h.
 */
#ifndef CORE_X86_MSRS_H
#define CORE_X86_MSRS_H

#define MSR_SPEC_CTRL		0x48
#define MSR_PRED_CMD		0x49
#define MSR_PATCH_LEVEL		0x8b
#define MSR_MPERF		0xe7
#define MSR_APERF		0xe8
#define MSR_MTRR_CAP		0xfe
#define MSR_SYSENTER_CS		0x174
#define MSR_MCG_CAP		0x179
#define MSR_MCG_CTL		0x17b
#define MSR_DEBUGCTL		0x1d9
#define  DEBUGCTL_LBR		BIT(0)
#define MSR_LAST_BRANCH		0x1db
#define MSR_MTRR_VARIABLE	0x200
#define MSR_MTRR_FIXED_64K	0x250
#define MSR_MTRR_FIXED_16K	0x258
#define MSR_MTRR_FIXED_4K	0x268
#define MSR_MTRR_DEFAULT	0x2ff
#define MSR_MC_BANKS		0x400
#define MSR_CET			0x6a0
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC		0x800
#define MSR_X2APIC_UPPER	0x831
#define MSR_XSS			0xda0
#define MSR_STAR		0xc0000081
#define MSR_FS_BASE		0xc0000100
#define MSR_TSC_AUX		0xc0000103
#define MSR_TSC_RATIO		0xc0000104
#define MSR_LWP			0xc0000105
#define MSR_LBR_SELECT		0xc000010e
#define MSR_PERF_GLOBAL		0xc0000300
#define MSR_MC_MISC		0xc0000408
#define MSR_SMCA		0xc0002000
#define MSR_PERF_LEGACY		0xc0010000
#define MSR_HWCR		0xc0010015
#define  HWCR_SMM_LOCK		BIT(0)
#define  HWCR_MC_STATUS_WRITE	BIT(18)
#define  HWCR_BOOST_OFF		BIT(25)
#define  HWCR_IRPERF		BIT(30)
#define MSR_NB_CFG		0xc001001f
#define MSR_SMI_ON_IO		0xc0010050
#define MSR_MMCONFIG_BASE	0xc0010058
#define MSR_PSTATE		0xc0010061
#define MSR_PSTATE_DEF		0xc0010064
#define MSR_COFVID		0xc0010070
#define MSR_CSTATE_PORT		0xc0010073
#define MSR_SMM_KEY		0xc0010119
#define MSR_DOORBELL		0xc001011b
#define MSR_VM_PAGE_FLUSH	0xc001011e
#define MSR_VIRT_SPEC_CTRL	0xc001011f
#define MSR_SEV			0xc0010130
#define MSR_OSVW		0xc0010140
#define MSR_PERF		0xc0010200
#define MSR_PERF_NORTHBRIDGE	0xc0010240
#define MSR_POWER		0xc0010290
#define MSR_LBR_STACK		0xc0010300
#define MSR_CPUID_OVERRIDE	0xc0011002
#define MSR_CORE_CFG		0xc0011020
#define MSR_IBS			0xc0011030

#endif
