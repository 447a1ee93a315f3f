/* SPDX-License-Identifier: MIT */
/*
 * The I/O virtualization reporting structure (AMD I/O Virtualization
 * Technology specification, chapter 5.2): where the IOMMUs are.
 */
#ifndef CORE_IOMMU_IVRS_H
#define CORE_IOMMU_IVRS_H

#include "../acpi.h"

#include <tandem/types.h>

#define IVRS_UNITS	8

struct ivrs_unit {
	host_phys base;			/* of its registers */
	uint16_t device_id;		/* its own PCI function: bus, devfn */
};

/*
 * The units that a table tells of, each once, at most IVRS_UNITS of them, all in
 * segment 0. Returns their number, or -EINVAL if the table contradicts
 * itself; -ENOSPC if there are more.
 */
int ivrs_parse(const struct acpi_header *table, struct ivrs_unit *unit);

#endif
