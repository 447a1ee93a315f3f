/* SPDX-License-Identifier: MIT */
/* Who a request comes from, and what that one may do; auth.c, login.c. */
#ifndef MGMT_AUTH_H
#define MGMT_AUTH_H

#include "http.h"
#include "sessions.h"

#define AUTH_COOKIE	"__Host-tandem"

/* What came of logins since netd started. */
struct auth_counts {
	uint64_t opened, wrong, delayed, refused;
};

extern struct auth_counts auth_counts;

/* The session that a request belongs to, or NULL. */
struct session *auth_session(const struct mgmt_request *r);

unsigned int auth_session_count(void);

/* "none", "read", "operate" */
const char *auth_role_name(int role);

/*
 * A request that changes something: does it come from a page of this service, or
 * from no page at all? By Origin (RFC 6454), which a browser cannot be kept
 * from sending.
 */
bool auth_same_origin(const struct mgmt_request *r);

/*
 * A line in the log about somebody outside, at most one in five seconds; what
 * was left out is counted.
 */
void auth_log(const char *what, const char *peer);

#endif
