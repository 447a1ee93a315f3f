# SPDX-License-Identifier: MIT
# Ring 0 of the VMM.
vmm-y += core/x86/entry.S core/x86/traps.S core/main.c core/log.c \
	core/serial.c core/panic.c core/reset.c core/timer.c core/exits.c \
	core/vmmcall.c core/vmmcall_memory.c core/status.c core/log_buffer.c \
	core/acpi.c core/kept_log.c core/symbols.c core/random.c \
	core/x86/panic.S core/sleep.c core/facs.c
vmm-y += core/mem/pages.c core/mem/heap.c core/mem/guest_mem.c
vmm-y += core/x86/cpu.c core/x86/paging.c core/x86/npt.c core/x86/lapic.c \
	core/x86/interrupts.c core/x86/trap.c core/x86/walk.c \
	core/x86/cpus.c core/x86/ap.c core/x86/ipi.c core/x86/lost.c \
	core/x86/lost_entry.S \
	core/x86/real_mode.S core/x86/trampoline.c core/x86/wake_save.S \
	core/x86/wake.c core/x86/smm.c core/x86/smm_code.S \
	core/x86/decode.c core/x86/emulate.c core/x86/hpet.c core/x86/loop.c
vmm-y += core/x86/debug.c core/x86/string_io.c core/x86/mtrr.c \
	core/x86/msr_safe.S
vmm-y += core/x86/svm/enter.S core/x86/svm/svm.c core/x86/svm/exit.c \
	core/x86/svm/bitmaps.c core/x86/svm/msr.c core/x86/svm/cpuid.c \
	core/x86/svm/exit_name.c core/x86/svm/reset.c \
	core/x86/svm/msr_policy.c core/x86/svm/legal.c \
	core/x86/svm/insn.c
vmm-y += core/domain/domain.c core/domain/space.c core/domain/elf.c \
	core/domain/message.c core/domain/syscall.c core/domain/schedule.c \
	core/domain/service.c core/domain/dbgsh.c core/domain/handlers.c \
	core/domain/fault.c core/domain/ps.c core/version.c \
	core/domain/tty_session.c core/cpu_list.c
# What the management service in netd alone may ask for.
vmm-$(CONFIG_MGMT) += core/domain/mgmt_session.c core/power.c core/identity.c
# What netd knows the date and the machine's name by.
vmm-$(CONFIG_NETD) += core/clock.c core/smbios.c
# What the program debug looks with.
vmm-$(CONFIG_DEBUG_PROGRAM) += core/domain/debug_calls.c core/x86/snapshot.c \
	core/x86/svm/state.c

include core/conf/build.mk core/pci/build.mk core/iommu/build.mk
