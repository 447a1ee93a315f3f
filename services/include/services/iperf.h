/* SPDX-License-Identifier: MIT */
/*
 * netd's handler "iperf", by which the command of that name has it listen for
 * iperf 2: MSG_INT, the port. 0; -EEXIST: it does already, until netd ends,
 * -EBUSY: the port is taken, or there is no memory, -EINVAL.
 */
#ifndef SERVICES_IPERF_H
#define SERVICES_IPERF_H

#define IPERF_HANDLER		"iperf"
#define IPERF_PORT		5001	/* iperf's own default */

#endif
