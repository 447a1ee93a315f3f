/* SPDX-License-Identifier: MIT */
/* What the fuzzing guest does, and how often. The order numbers the kinds. */
#include "fuzz.h"

const struct operation operations[] = {
	{ "rdmsr", op_rdmsr, 6, false },
	{ "wrmsr", op_wrmsr, 6, true },
	{ "cpuid", op_cpuid, 2, false },
	{ "control", op_control, 6, true },
	{ "debug", op_debug, 3, true },
	{ "cache", op_cache, 2, false },
	{ "halt", op_halt, 1, false },
	{ "in", op_in, 6, false },
	{ "out", op_out, 6, false },
	{ "string-io", op_string_io, 4, false },
	{ "config-ports", op_config_ports, 6, false },
	{ "config-ecam", op_config_ecam, 6, false },
	{ "mmio", op_mmio, 10, true },
	{ "ram", op_ram, 2, false },
	{ "insn-memory", op_insn_memory, 10, true },
	{ "insn-random", op_insn_random, 6, true },
	{ "insn-special", op_insn_special, 8, true },
	{ "insn-there", op_insn_there, 3, true },
	{ "vmmcall", op_vmmcall, 6, false },
	{ "svm", op_svm, 3, true },
	{ "lapic", op_lapic, 3, true },
	{ "ipi", op_ipi, 3, true },
	{ "tables", op_tables, 4, true },
	{ "event", op_event, 6, true },
	{ "virtio-config", op_virtio_config, 8, false },
	{ "virtio-queue", op_virtio_queue, 8, false },
};
const unsigned int n_operations = ARRAY_SIZE(operations);
