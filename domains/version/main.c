/* SPDX-License-Identifier: MIT */
/* `version`: release and build of the VMM, as the core knows them. */
#include <abi/version.h>
#include <domain/args.h>
#include <domain/command.h>
#include <domain/json.h>
#include <domain/tty.h>
#include <errno.h>

static const struct args_option options[] = {
	{ "json", 0, 0, 'j' }, { 0 },
};

static void show_json(const struct version_info *v)
{
	struct json j = { .out = tty_write };

	json_open(&j, NULL, '{');
	json_text(&j, "release", v->release);
	json_text(&j, "compiler", v->compiler);
	json_text(&j, "config", v->config);
	json_close(&j);
}

int command(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	struct version_info v;
	bool json = false;
	int error, option;

	while ((option = args_next(&a, options))) {
		if (option != 'j')
			return command_expected("--json, or nothing; not "
						"\"%s\"", a.text);
		json = true;
	}
	error = command_ask("version", 0, &v, sizeof(v));
	if (error != sizeof(v))
		return command_failed("the core's answer",
				      error < 0 ? error : -EPROTO);
	if (json)
		show_json(&v);
	else
		printf("Tandem %s\ncompiler %s\nconfiguration %s\n",
		       v.release, v.compiler, v.config);
	return 0;
}
