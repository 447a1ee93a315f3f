/* SPDX-License-Identifier: MIT */
/* `ps`: the programs that run in protection domains. */
#include <abi/ps.h>
#include <domain/args.h>
#include <domain/command.h>
#include <domain/json.h>
#include <domain/tty.h>
#include <stdio.h>

static const struct args_option options[] = {
	{ "json", 0, 0, 'j' }, { 0 },
};

static const char *const states[PS_STATES] = {
	[PS_NEW] = "new", [PS_READY] = "ready", [PS_WAITS] = "waits",
	[PS_CALLS] = "calls", [PS_QUEUED] = "queued",
};

static struct ps_entry list[64];

static const char *state(const struct ps_entry *e)
{
	return e->state < PS_STATES ? states[e->state] : "?";
}

/* Who started e, by name and number. */
static const char *starter(const struct ps_entry *e, int n)
{
	static char text[64];

	if (e->starter == 0)
		return e->state == PS_NEW ? "" : "core";
	for (int i = 0; i < n; i++) {
		if (list[i].id != e->starter)
			continue;
		snprintf(text, sizeof(text), "%s %lu", list[i].name,
			 list[i].id);
		return text;
	}
	snprintf(text, sizeof(text), "%lu", e->starter);
	return text;
}

static void show(int n)
{
	printf("%5s  %-12s %-7s %10s %8s %5s  %s\n", "id", "program", "state",
	       "cpu ms", "KiB", "desc", "started by");
	for (const struct ps_entry *e = list; e < list + n; e++)
		printf("%5lu  %-12s %-7s %10lu %8u %5u  %s\n", e->id, e->name,
		       state(e), e->cpu_us / 1000, e->memory_kib,
		       e->descriptors, starter(e, n));
}

static void show_json(int n)
{
	struct json j = { .out = tty_write };

	json_open(&j, NULL, '[');
	for (const struct ps_entry *e = list; e < list + n; e++) {
		json_open(&j, NULL, '{');
		json_number(&j, "id", e->id);
		json_text(&j, "program", e->name);
		json_text(&j, "state", state(e));
		json_number(&j, "cpu_us", e->cpu_us);
		json_number(&j, "memory_kib", e->memory_kib);
		json_number(&j, "descriptors", e->descriptors);
		json_number(&j, "starter", e->starter);
		json_close(&j);
	}
	json_close(&j);
}

int command(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	bool json = false;
	int len, option;

	while ((option = args_next(&a, options))) {
		if (option != 'j')
			return command_expected("--json, or nothing; not "
						"\"%s\"", a.text);
		json = true;
	}
	len = command_ask("domain_list", 0, list, sizeof(list));
	if (len < 0)
		return command_failed("the core's answer", len);
	if (json)
		show_json(len / (int)sizeof(list[0]));
	else
		show(len / (int)sizeof(list[0]));
	return 0;
}
