/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/config: the configuration in force and where each value comes from, as
 * `config` shows it. A password's hash is not shown: it would be something to
 * try guesses on.
 */
#include "api.h"

#include <abi/config.h>
#include <string.h>

static const char *source_name(uint32_t source)
{
	static const char *const names[CONFIG_SOURCES] = {
		[CONFIG_SOURCE_DEFAULT] = "default",
		[CONFIG_SOURCE_BUILD] = "build",
		[CONFIG_SOURCE_SECTION] = ".tandemcf",
		[CONFIG_SOURCE_FILE] = "tandem.conf",
		[CONFIG_SOURCE_OPTION] = "boot option",
		[CONFIG_SOURCE_UNDONE] = "undone",
	};

	return source < CONFIG_SOURCES ? names[source] : "unknown";
}

/* A key of tandem.conf, or the symbol that is its default. */
static bool is_secret(const char *name)
{
	return !strncmp(name, "mgmt.password", 13) ||
	       strstr(name, "MGMT_PASSWORD") || strstr(name, "ROOT_KEY");
}

static void show_entry(struct json *j, const struct config_entry *e)
{
	json_open(j, NULL, '{');
	json_text(j, "name", e->name);
	json_text(j, "value", !is_secret(e->name) ? e->value :
		  e->value[0] ? "(set)" : "");
	json_text(j, "source", source_name(e->source));
	json_number(j, "line", e->line);
	json_close(j);
}

static void show_config(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct config_entry *e = (void *)api_room;
	size_t room = API_ROOM / sizeof(*e) * sizeof(*e);
	struct json j;
	int len, at = 0;
	int refused = api_ask("config", -1, api_room, sizeof(*e));

	(void)r;
	if (refused < 0) {
		api_no_answer(a, "the core", refused);
		return;
	}
	api_answer(&j, a);
	json_number(&j, "lines_refused", (uint64_t)refused);
	json_open(&j, "entries", '[');
	while ((len = api_ask("config", at, api_room, room)) > 0) {
		int n = len / (int)sizeof(*e);

		for (int i = 0; i < n; i++) {
			e[i].name[sizeof(e->name) - 1] = '\0';
			e[i].value[sizeof(e->value) - 1] = '\0';
			show_entry(&j, &e[i]);
		}
		at += n;
	}
	json_close(&j);
	json_close(&j);
}

static const struct mgmt_route config_route = {
	.path = "/api/v1/config", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_config,
};
MGMT_ROUTE(config_route);
