/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/power: the machine's reset, power-off, or an NMI for the guest. What
 * is asked for has to be said twice, so that no slip does it.
 */
#include "api.h"
#include "core.h"

#include <abi/mgmt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const actions[] = {
	[MGMT_POWER_RESET] = "reset",
	[MGMT_POWER_OFF] = "off",
	[MGMT_POWER_NMI] = "nmi",
};

#define ACTIONS	(sizeof(actions) / sizeof(actions[0]))

static void refuse(struct mgmt_answer *a, int error)
{
	switch (error) {
	case -ENOTSUP:
		api_error(a, 501, "the firmware does not say how");
		break;
	case -EBUSY:
		api_error(a, 409, "something was asked for just now");
		break;
	default:
		api_no_answer(a, MGMT_POWER_HANDLER, error);
	}
}

static void post_power(const struct mgmt_request *r, struct mgmt_answer *a)
{
	char action[8] = "", confirm[8] = "", who[MGMT_WHO_MAX + 1];
	struct input members[] = {
		{ "action", INPUT_TEXT, action, sizeof(action), 0 },
		{ "confirm", INPUT_TEXT, confirm, sizeof(confirm), 0 },
	};
	struct msg_buf buf = { .base = who };
	struct json j;
	size_t i = 0;
	int error;

	if (!api_body(r, a, members, 2, 2))
		return;
	while (i < ACTIONS && strcmp(action, actions[i]))
		i++;
	if (i == ACTIONS) {
		api_error(a, 400, "action: expected reset, off or nmi");
		return;
	}
	if (strcmp(action, confirm)) {
		api_error(a, 400, "confirm: expected the action once more");
		return;
	}
	snprintf(who, sizeof(who), "%s", r->peer);
	buf.len = (uint32_t)strlen(who);
	error = core_ask(MGMT_POWER_HANDLER, (int)i, &buf, 1);
	if (error < 0) {
		refuse(a, error);
		return;
	}
	api_begin(a, 202);
	api_object(&j, a);
	json_text(&j, "action", action);
	json_number(&j, "in_ms", MGMT_POWER_DELAY_MS);
	json_close(&j);
}

static const struct mgmt_route power_route = {
	.path = "/api/v1/power", .methods = MGMT_METHODS(MGMT_POST),
	.role = MGMT_OPERATE, .handle = post_power,
};
MGMT_ROUTE(power_route);
