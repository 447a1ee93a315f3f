/* SPDX-License-Identifier: MIT */
/*
 * The grammar of debug's commands, without input or output. Numbers are
 * hexadecimal, those of CPUs decimal.
 */
#include "debug.h"

#include <domain/args.h>
#include <string.h>

#define DUMP_SYNTAX \
	"d or D [width=1|2|4|8] [cr3=X|cpu=N] [address [length]], in hex, " \
	"with a length up to 10000"

static struct debug_command wrong(const char *expected)
{
	return (struct debug_command){
		.action = DEBUG_DO_WRONG, .expected = expected,
	};
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* All of text is a number of 64 bits. */
static bool hex(const char *text, uint64_t *value)
{
	uint64_t sum = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (digit(*text) < 0 || sum >> 60)
			return false;
		sum = sum << 4 | (uint64_t)digit(*text);
	}
	*value = sum;
	return true;
}

static bool cpu_number(const char *text, uint32_t *cpu)
{
	uint64_t value;

	if (args_number(text, 0, UINT32_MAX, &value))
		return false;
	*cpu = (uint32_t)value;
	return true;
}

/* An option of d: false if it is none, or a wrong one. */
static bool dump_option(const char *word, struct debug_command *c)
{
	if (strncmp(word, "width=", 6) == 0) {
		const char *w = word + 6;

		if (strlen(w) != 1 || !strchr("1248", *w))
			return false;
		c->width = (unsigned int)digit(*w);
		return true;
	}
	if (c->has_space)
		return false;
	c->has_space = true;
	if (strncmp(word, "cr3=", 4) == 0) {
		c->space = DEBUG_SPACE_CR3;
		return hex(word + 4, &c->cr3);
	}
	c->space = DEBUG_SPACE_CPU;
	return strncmp(word, "cpu=", 4) == 0 && cpu_number(word + 4, &c->cpu);
}

static struct debug_command parse_dump(int argc, char *const *argv,
				       bool physical)
{
	struct debug_command c = {
		.action = DEBUG_DO_DUMP, .length = DEBUG_DUMP_DEFAULT,
		.space = physical ? DEBUG_SPACE_PHYSICAL : DEBUG_SPACE_CALLER,
		.has_space = physical,
	};
	int i = 1;

	for (; i < argc && strchr(argv[i], '='); i++)
		if (!dump_option(argv[i], &c))
			return wrong(DUMP_SYNTAX);
	if (argc - i > 2)
		return wrong(DUMP_SYNTAX);
	if (i < argc) {
		c.has_address = true;
		if (!hex(argv[i], &c.address))
			return wrong(DUMP_SYNTAX);
	}
	if (i + 1 < argc &&
	    (!hex(argv[i + 1], &c.length) || c.length == 0 ||
	     c.length > DEBUG_DUMP_MAX))
		return wrong(DUMP_SYNTAX);
	if (c.width && (c.address % c.width || c.length % c.width))
		return wrong("an address and a length that are multiples of "
			     "the width");
	if (i + 1 < argc && c.length - 1 > UINT64_MAX - c.address)
		return wrong("a range that ends at ffffffffffffffff or "
			     "before");
	if (c.length - 1 > UINT64_MAX - c.address)
		c.length = UINT64_MAX - c.address + 1;
	return c;
}

static struct debug_command parse_help(int argc, char *const *argv)
{
	struct debug_command c = { .action = DEBUG_DO_HELP };

	if (argc == 1)
		return c;
	c.action = DEBUG_DO_CALCULATE;
	if (argc != 3 || !hex(argv[1], &c.a) || !hex(argv[2], &c.b))
		return wrong("h, or h A B with two numbers in hex");
	return c;
}

static struct debug_command parse_cpu(int argc, char *const *argv,
				      enum debug_action action)
{
	struct debug_command c = { .action = action };

	if (argc > 2 || (argc == 2 && !cpu_number(argv[1], &c.cpu)))
		return wrong("r or n [cpu], with its number in decimal");
	return c;
}

static struct debug_command parse_run(int argc, char *const *argv)
{
	struct debug_command c = { .action = DEBUG_DO_RUN };

	if (argv[0][0] == '!' && argv[0][1] != '\0') {
		c.name = argv[0] + 1;
	} else if (argc > 1) {
		c.program = 1;
		c.name = argv[1];
	} else {
		return wrong("! program [arguments]");
	}
	return c;
}

static bool is(const char *word, const char *letter, const char *name)
{
	return strcmp(word, letter) == 0 || strcmp(word, name) == 0;
}

struct debug_command debug_parse(int argc, char *const *argv)
{
	const char *word = argc ? argv[0] : "";

	if (argc == 0)
		return (struct debug_command){ .action = DEBUG_DO_NOTHING };
	if (is(word, "h", "help"))
		return parse_help(argc, argv);
	if (is(word, "d", "dump"))
		return parse_dump(argc, argv, false);
	if (is(word, "D", "physical"))
		return parse_dump(argc, argv, true);
	if (is(word, "r", "registers"))
		return parse_cpu(argc, argv, DEBUG_DO_REGISTERS);
	if (is(word, "n", "next"))
		return parse_cpu(argc, argv, DEBUG_DO_NEXT);
	if (word[0] == '!' || strcmp(word, "run") == 0)
		return parse_run(argc, argv);
	if (argc == 1 && (is(word, "q", "quit") || strcmp(word, "exit") == 0))
		return (struct debug_command){ .action = DEBUG_DO_QUIT };
	return wrong("h, d, D, r, n, ! or q; \"h\" tells what they do");
}
