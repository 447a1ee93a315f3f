/* SPDX-License-Identifier: MIT */
/* Words and numbers of a command line; see domain/args.h. */
#include <domain/args.h>
#include <errno.h>
#include <string.h>

static int is_space(char c)
{
	return c == ' ' || c == '\t';
}

int args_split(char *line, char **argv, int max)
{
	int n = 0;

	for (;;) {
		while (is_space(*line))
			*line++ = '\0';
		if (*line == '\0')
			return n;
		if (n == max)
			return -E2BIG;
		argv[n++] = line;
		while (*line != '\0' && !is_space(*line))
			line++;
	}
}

/* Digits from *text on, at most max; *text moves behind them. */
static int number(const char **text, uint64_t max, uint64_t *value)
{
	const char *p = *text;
	uint64_t sum = 0, digit;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		digit = (uint64_t)(*p - '0');
		if (sum > max / 10 || digit > max - sum * 10)
			return -ERANGE;
		sum = sum * 10 + digit;
	}
	*text = p;
	*value = sum;
	return 0;
}

int args_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	const char *p;
	int error;

	for (p = text; *p != '\0'; p++)
		if (*p < '0' || *p > '9')
			return -EINVAL;
	error = number(&text, max, value);
	if (error)
		return error;
	return *value < min ? -ERANGE : 0;
}

int args_ipv4(const char *text, uint32_t *address)
{
	uint32_t sum = 0;
	uint64_t part;
	int i;

	for (i = 0; i < 4; i++) {
		/* "010" would be octal to some readers: refused */
		if (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
			return -EINVAL;
		if (number(&text, 255, &part))
			return -EINVAL;
		sum = sum << 8 | (uint32_t)part;
		if (*text != (i < 3 ? '.' : '\0'))
			return -EINVAL;
		if (i < 3)
			text++;
	}
	*address = sum;
	return 0;
}

static int long_option(struct args *a, const struct args_option *o)
{
	const char *name = a->text + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);

	for (; o->name; o++) {
		if (strlen(o->name) != len || strncmp(o->name, name, len))
			continue;
		if (!o->value)
			return equals ? ARGS_VALUE : o->result;
		if (!equals && a->at == a->argc)
			return ARGS_NO_VALUE;
		a->text = equals ? equals + 1 : a->argv[a->at++];
		return o->result;
	}
	return ARGS_UNKNOWN;
}

static int short_option(struct args *a, const struct args_option *o)
{
	char letter = *a->letters++;

	for (; o->name; o++) {
		if (o->letter != letter)
			continue;
		if (!o->value)
			return o->result;
		if (*a->letters == '\0' && a->at == a->argc)
			return ARGS_NO_VALUE;
		a->text = *a->letters ? a->letters : a->argv[a->at++];
		a->letters = NULL;
		return o->result;
	}
	return ARGS_UNKNOWN;
}

int args_next(struct args *a, const struct args_option *options)
{
	if (a->letters && *a->letters)
		return short_option(a, options);
	if (a->at == a->argc)
		return ARGS_END;
	a->text = a->argv[a->at++];
	if (a->only_operands || a->text[0] != '-' || a->text[1] == '\0')
		return ARGS_OPERAND;
	if (a->text[1] != '-') {
		a->letters = a->text + 1;
		return short_option(a, options);
	}
	if (a->text[2] != '\0')
		return long_option(a, options);
	a->only_operands = 1;
	return args_next(a, options);
}
