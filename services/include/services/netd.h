/* SPDX-License-Identifier: MIT */
/*
 * What a service in netd builds on: it registers itself by NETD_SERVICE() and
 * then works through lwIP's raw API and message handlers, all in one thread.
 */
#ifndef SERVICES_NETD_H
#define SERVICES_NETD_H

#include <stdint.h>

struct netd_service {
	const char *name;
	/* After the stack is up. Below 0: logged, the others still start. */
	int (*start)(void);
};

#define NETD_SERVICE(service) \
	static const struct netd_service *const netd_service_##service \
		__attribute__((section("netd_services"), used)) = &(service)

/* Words that outlive netd, by owner; at most NETRING_KEPT of them. */
enum netd_kept {
	NETD_KEPT_ECHO,		/* echo.c */
};

/*
 * A word that the next netd finds as this one left it, 0 at first. An earlier
 * life may have ended while it ran wild: what is read must be checked. From
 * start() on.
 */
uint32_t *netd_kept(enum netd_kept which);

/*
 * What lwIP's error (err_t) is as a negative errno; 0 for ERR_OK.
 */
int netd_error(int lwip_error);

#endif
