/* SPDX-License-Identifier: MIT */
/* `config`: the configuration in force, and where each value comes from. */
#include <abi/config.h>
#include <domain/args.h>
#include <domain/command.h>
#include <domain/json.h>
#include <domain/tty.h>
#include <stdio.h>
#include <string.h>

static const struct args_option options[] = {
	{ "json", 0, 0, 'j' }, { 0 },
};

static const char *const sources[CONFIG_SOURCES] = {
	[CONFIG_SOURCE_DEFAULT] = "default", [CONFIG_SOURCE_BUILD] = "build",
	[CONFIG_SOURCE_SECTION] = ".tandemcf",
	[CONFIG_SOURCE_FILE] = "tandem.conf",
	[CONFIG_SOURCE_OPTION] = "boot option",
	[CONFIG_SOURCE_UNDONE] = "undone, see log",
};

static struct config_entry list[8];

static struct {
	const char *key;
	bool found;
} wanted[ARGS_MAX];
static int n_wanted;

static bool is_wanted(const struct config_entry *e)
{
	bool found = n_wanted == 0;

	for (int i = 0; i < n_wanted; i++) {
		if (strcmp(wanted[i].key, e->name))
			continue;
		found = wanted[i].found = true;
	}
	return found;
}

static void show(const struct config_entry *e)
{
	const char *source = e->source < CONFIG_SOURCES ? sources[e->source]
							: "?";
	char text[32];

	snprintf(text, sizeof(text), "%s", source);
	if (e->source >= CONFIG_SOURCE_SECTION &&
	    e->source <= CONFIG_SOURCE_OPTION)
		snprintf(text, sizeof(text), "%s %s %u", source,
			 e->source == CONFIG_SOURCE_OPTION ? "word" : "line",
			 e->line);
	printf("%-24s %-19s ", e->name, text);
	tty_write(e->value, strlen(e->value));
	printf("\n");
}

static void show_json(const struct config_entry *e, struct json *j)
{
	json_open(j, e->name, '{');
	json_text(j, "value", e->value);
	json_text(j, "source", e->source < CONFIG_SOURCES ?
		  sources[e->source] : "?");
	if (e->line)
		json_number(j, "line", e->line);
	json_close(j);
}

/* All of them, in pieces. 0 or -errno. */
static int show_all(struct json *j)
{
	int at = 0, len;

	do {
		len = command_ask("config", at, list, sizeof(list));
		for (int i = 0; i < len / (int)sizeof(list[0]); i++, at++) {
			if (!is_wanted(&list[i]))
				continue;
			if (j)
				show_json(&list[i], j);
			else
				show(&list[i]);
		}
	} while (len > 0);
	return len;
}

/* Exit status. */
static int tell_unknown(void)
{
	int status = 0;

	for (int i = 0; i < n_wanted; i++) {
		if (wanted[i].found)
			continue;
		printf("config: expected a key, not \"%s\"; \"config\" shows "
		       "all\n", wanted[i].key);
		status = COMMAND_FAILED;
	}
	return status;
}

static void show_refused(void)
{
	int refused = command_ask("config", -1, list, sizeof(list));

	if (refused > 0)
		printf("%d %s of the configuration %s refused: see log\n",
		       refused, refused == 1 ? "line" : "lines",
		       refused == 1 ? "was" : "were");
}

int command(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	struct json j = { .out = tty_write };
	bool json = false;
	int option, error;

	while ((option = args_next(&a, options))) {
		if (option == ARGS_OPERAND)
			wanted[n_wanted++].key = a.text;
		else if (option == 'j')
			json = true;
		else
			return command_expected("--json or keys, not \"%s\"",
						a.text);
	}
	if (json)
		json_open(&j, NULL, '{');
	error = show_all(json ? &j : NULL);
	if (json)
		json_close(&j);
	if (error < 0)
		return command_failed("the core's answer", error);
	if (!json && !n_wanted)
		show_refused();
	return tell_unknown();
}
