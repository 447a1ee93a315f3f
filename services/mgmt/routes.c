/* SPDX-License-Identifier: MIT */
/*
 * What the service answers by itself: that it is there, and for those who come
 * with a certificate of the client CA what they may do.
 */
#include "http.h"

static void healthz(const struct mgmt_request *r, struct mgmt_answer *a)
{
	(void)r;
	mgmt_answer_begin(a, 200, "text/plain; charset=utf-8");
	mgmt_answer_write(a, "ok\n", 3);
}

static const struct mgmt_route healthz_route = {
	.path = "/healthz", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_OPEN, .handle = healthz,
};
MGMT_ROUTE(healthz_route);

/* Where nobody can log in by a password, a client's certificate is what counts. */
__attribute__((weak))
bool mgmt_authorise(struct mgmt_request *r, enum mgmt_role role,
		    struct mgmt_answer *a)
{
	r->role = r->client_certificate ? MGMT_OPERATE : MGMT_OPEN;
	if (role == MGMT_OPEN || (r->client_certificate &&
				  role <= MGMT_OPERATE))
		return true;
	mgmt_answer_error(a, 403, "a certificate is needed");
	return false;
}
