/* SPDX-License-Identifier: MIT */
/*
 * The VMM's status for programs in the guest (VMM calls get_status and
 * get_status_struct): parts of the VMM fill in what they know.
 */
#ifndef TANDEM_STATUS_H
#define TANDEM_STATUS_H

#include <abi/status.h>
#include <tandem/types.h>

/* Exit context, any CPU; figures may change while they are read. */
struct status_part {
	void (*fill)(struct tandem_status *s);
};

#define STATUS_PART(func) \
	static const struct status_part TABLE_ENTRY(status, status_##func) = \
		{ func }

#endif
