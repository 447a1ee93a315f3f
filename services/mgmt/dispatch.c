/* SPDX-License-Identifier: MIT */
/* Which route a request is for, and whether it may have it. */
#include "mgmt.h"

#include <string.h>

extern const struct mgmt_route *const mgmt_routes_start[];
extern const struct mgmt_route *const mgmt_routes_end[];

static bool path_fits(const char *route, const char *path)
{
	size_t n = strlen(route);

	if (n < 2 || strcmp(route + n - 2, "/*") != 0)
		return !strcmp(route, path);
	return !strncmp(route, path, n - 1) && path[n - 1] &&
	       !strchr(path + n - 1, '/');
}

/* NULL: none; *allowed are the methods that this path knows. */
static const struct mgmt_route *find_route(const struct mgmt_request *q,
					   unsigned int *allowed)
{
	enum mgmt_method method = q->method == MGMT_HEAD ? MGMT_GET : q->method;
	const struct mgmt_route *const *r;

	*allowed = 0;
	for (r = mgmt_routes_start; r < mgmt_routes_end; r++) {
		if (!path_fits((*r)->path, q->path))
			continue;
		if ((*r)->methods & MGMT_METHODS(method))
			return *r;
		*allowed |= (*r)->methods;
	}
	return NULL;
}

static void add_allow(struct mgmt_answer *a, unsigned int allowed)
{
	static const struct {
		enum mgmt_method method;
		const char *name;
	} names[] = {
		{ MGMT_GET, "GET, HEAD" }, { MGMT_POST, "POST" },
		{ MGMT_PUT, "PUT" }, { MGMT_DELETE, "DELETE" },
	};
	char text[40] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(allowed & MGMT_METHODS(names[i].method)))
			continue;
		if (text[0])
			strlcpy(text + strlen(text), ", ",
				sizeof(text) - strlen(text));
		strlcpy(text + strlen(text), names[i].name,
			sizeof(text) - strlen(text));
	}
	mgmt_answer_header(a, "Allow", text);
}

static void not_allowed(struct mgmt_answer *a, unsigned int allowed)
{
	static const char text[] = "another method is needed\n";

	mgmt_answer_begin(a, 405, "text/plain; charset=utf-8");
	add_allow(a, allowed);
	mgmt_answer_write(a, text, sizeof(text) - 1);
}

static const char *why(int status)
{
	switch (status) {
	case 408:	return "the request took too long";
	case 411:	return "a body needs a Content-Length";
	case 413:	return "the body is too long";
	case 414:	return "the request line is too long";
	case 431:	return "the headers are too long, or too many";
	case 505:	return "HTTP/1.1 is spoken here";
	default:	return "this is no request that can be understood";
	}
}

void dispatch(struct mgmt_request *q, struct mgmt_answer *a, int refused)
{
	const struct mgmt_route *route;
	unsigned int allowed = ~0u;

	if (refused == 405) {
		not_allowed(a, allowed);
		return;
	}
	if (refused) {
		mgmt_answer_error(a, refused, why(refused));
		return;
	}
	route = find_route(q, &allowed);
	if (!route && allowed)
		not_allowed(a, allowed);
	else if (!route)
		mgmt_answer_error(a, 404, "there is no such page");
	else if (mgmt_authorise(q, route->role, a))
		route->handle(q, a);
}
