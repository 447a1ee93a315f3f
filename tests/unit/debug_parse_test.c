/* SPDX-License-Identifier: MIT */
/* Does debug take exactly its commands, and are ranges kept in bounds? */
#include "check.h"
#include "../../domains/debug/debug.h"

#include <domain/args.h>
#include <stdio.h>
#include <string.h>

static unsigned int checks;

static struct debug_command parse(const char *text)
{
	static char line[256];
	static char *argv[ARGS_MAX];

	snprintf(line, sizeof(line), "%s", text);
	return debug_parse(args_split(line, argv, ARGS_MAX), argv);
}

static void letters_and_names(void)
{
	static const struct {
		const char *letter, *name;
		enum debug_action action;
	} same[] = {
		{ "h", "help", DEBUG_DO_HELP }, { "d 1", "dump 1", DEBUG_DO_DUMP },
		{ "D 1", "physical 1", DEBUG_DO_DUMP },
		{ "r", "registers", DEBUG_DO_REGISTERS },
		{ "n 3", "next 3", DEBUG_DO_NEXT },
		{ "! log", "run log", DEBUG_DO_RUN }, { "q", "quit", DEBUG_DO_QUIT },
		{ "", "  ", DEBUG_DO_NOTHING }, { "exit", "q", DEBUG_DO_QUIT },
		{ "h 1 2", "help 0x1 0X2", DEBUG_DO_CALCULATE },
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		CHECK(parse(same[i].letter).action == same[i].action);
		CHECK(parse(same[i].name).action == same[i].action);
	}
	CHECK(parse("D 1").space == DEBUG_SPACE_PHYSICAL);
	CHECK(parse("d 1").space == DEBUG_SPACE_CALLER);
	CHECK(parse("n 31").cpu == 31 && parse("r").cpu == 0);
}

static void numbers(void)
{
	struct debug_command c = parse("h 0xFFFFffff00000000 abcdef");

	CHECK(c.a == 0xffffffff00000000 && c.b == 0xabcdef);
	c = parse("d cr3=12345000 width=4 ffffffff81000000 40");
	CHECK(c.action == DEBUG_DO_DUMP && c.space == DEBUG_SPACE_CR3);
	CHECK(c.cr3 == 0x12345000 && c.width == 4 && c.length == 0x40);
	CHECK(c.has_address && c.address == 0xffffffff81000000);
	c = parse("d cpu=2 0");
	CHECK(c.space == DEBUG_SPACE_CPU && c.cpu == 2 && !c.address);
	c = parse("D");
	CHECK(!c.has_address && c.length == DEBUG_DUMP_DEFAULT);
}

static void ranges_end_with_the_address_space(void)
{
	struct debug_command c = parse("d ffffffffffffffff");

	CHECK(c.action == DEBUG_DO_DUMP && c.length == 1);
	c = parse("d ffffffffffffff00 100");
	CHECK(c.action == DEBUG_DO_DUMP && c.length == 0x100);
	CHECK(parse("d ffffffffffffff00 101").action == DEBUG_DO_WRONG);
	c = parse("d 0 10000");
	CHECK(c.action == DEBUG_DO_DUMP && c.length == DEBUG_DUMP_MAX);
}

static void programs(void)
{
	struct debug_command c = parse("!log 20");

	CHECK(c.action == DEBUG_DO_RUN && c.program == 0);
	CHECK(!strcmp(c.name, "log"));
	c = parse("! log 20");
	CHECK(c.action == DEBUG_DO_RUN && c.program == 1);
	CHECK(!strcmp(c.name, "log"));
}

static void what_is_wrong_is_told(void)
{
	static const char *const wrong[] = {
		"x", "dd", "q q", "h 1", "h 1 2 3", "h g 1", "h 1 -1",
		"d 0 0", "d 0 10001", "d 0x", "d 0 1 2", "d 1g", "d -1",
		"d 11111222223333344", "d width=3 0", "d width= 0",
		"d width=16 0", "d width=2 1", "d width=8 0 4", "d cr3= 0",
		"d cr3=x 0", "d cpu= 0", "d cpu=a 0", "d cpu=4294967296 0",
		"d cr3=0 cpu=0 0", "d cr3=0 cr3=0 0", "d what=1 0",
		"D cr3=0 0", "D cpu=0 0", "r x", "r 0x1", "r -1", "n 0 1", "!",
		"run", "exit now",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct debug_command c = parse(wrong[i]);

		if (c.action != DEBUG_DO_WRONG)
			printf("taken: %s\n", wrong[i]);
		CHECK(c.action == DEBUG_DO_WRONG && c.expected);
	}
}

int main(void)
{
	letters_and_names();
	numbers();
	ranges_end_with_the_address_space();
	programs();
	what_is_wrong_is_told();
	printf("%u checks\n", checks);
	return 0;
}
