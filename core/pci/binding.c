/* SPDX-License-Identifier: MIT */
/*
 * Parser and matcher of the "pci=" string, see binding.h. Text is copied once
 * and cut into pieces in place; an error names the column in the original.
 */
#include "binding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const selectors[] = {
	"slot", "class", "id", "subsystem", "revision", "rev",
	"programming_interface", "if", "class_code", "header_type", "device",
};
#define N_SELECTORS	(sizeof(selectors) / sizeof(selectors[0]))

static int fail(struct binding_error *e, unsigned int column, const char *what)
{
	e->column = column;
	snprintf(e->what, sizeof(e->what), "%s", what);
	return -EINVAL;
}

static bool is_selector(const char *key)
{
	for (unsigned int i = 0; i < N_SELECTORS; i++)
		if (!strcmp(selectors[i], key))
			return true;
	return false;
}

static char *skip_blanks(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static void cut_blanks(char *start)
{
	size_t n = strlen(start);

	while (n && (start[n - 1] == ' ' || start[n - 1] == '\t'))
		start[--n] = '\0';
}

static int parse_number(const char *value, int *number)
{
	int n = 0;

	if (!*value)
		return -EINVAL;
	for (; *value; value++) {
		if (*value < '0' || *value > '9' || n > 255)
			return -EINVAL;
		n = n * 10 + (*value - '0');
	}
	*number = n;
	return 0;
}

/* How many characters are printable ASCII or tabs. */
static size_t printable(const char *s)
{
	size_t n = 0;

	while ((s[n] >= ' ' && s[n] <= '~') || s[n] == '\t')
		n++;
	return n;
}

static bool has_key(const struct binding_pair *p, unsigned int n,
		    const char *key)
{
	while (n--)
		if (!strcmp(p[n].key, key))
			return true;
	return false;
}

static int add_number(struct binding_rule *r, const char *value,
		      unsigned int column, struct binding_error *e)
{
	if (r->number >= 0)
		return fail(e, column, "a second number= in one rule");
	return parse_number(value, &r->number) ?
		fail(e, column, "number= takes a decimal number from 0 to "
		     "2559") : 0;
}

/* One key=value of rule r. */
static int add_pair(struct binding_rule *r, char *key, char *value,
		    unsigned int column, struct binding_error *e)
{
	struct binding_pair p = { key, value, column };

	if (!*key)
		return fail(e, column, "a name is missing before '='");
	if (!*value)
		return fail(e, column, "a value is missing after '='");
	if (!strcmp(key, "driver")) {
		if (r->driver)
			return fail(e, column, "a second driver= in one rule; "
				    "rules are separated by 'and'");
		r->driver = value;
		r->driver_column = column;
		return 0;
	}
	if ((is_selector(key) || !strcmp(key, "number")) && r->driver)
		return fail(e, column, "a selector after driver=; selectors "
			    "come first");
	if (!strcmp(key, "number"))
		return add_number(r, value, column, e);
	if (has_key(r->selector, r->n_selectors, key) ||
	    has_key(r->option, r->n_options, key))
		return fail(e, column, "the same name twice in one rule; "
			    "alternatives are separated by '|'");
	if (!is_selector(key) && !r->driver)
		return fail(e, column, "unknown selector; expected slot, "
			    "class, id, subsystem, class_code, device ...");
	if (is_selector(key) && r->n_selectors < BINDING_PAIRS)
		r->selector[r->n_selectors++] = p;
	else if (!is_selector(key) && r->n_options < BINDING_PAIRS)
		r->option[r->n_options++] = p;
	else
		return fail(e, column, "too many items in one rule");
	return 0;
}

static int end_rule(struct binding_set *set, unsigned int column,
		    struct binding_error *e)
{
	if (!set->rule[set->n_rules].driver)
		return fail(e, column, "rule without driver=NAME");
	set->n_rules++;
	return 0;
}

static int start_rule(struct binding_set *set, unsigned int column,
		      struct binding_error *e)
{
	if (set->n_rules == BINDING_RULES)
		return fail(e, column, "too many rules");
	memset(&set->rule[set->n_rules], 0, sizeof(set->rule[0]));
	set->rule[set->n_rules].number = -1;
	return 0;
}

/* One item between commas. */
static int parse_item(struct binding_set *set, char *item, unsigned int column,
		      struct binding_error *e)
{
	char *equals;
	int err;

	cut_blanks(item);
	if (!strcmp(item, "and")) {
		err = end_rule(set, column, e);
		return err ? err : start_rule(set, column, e);
	}
	equals = strchr(item, '=');
	if (!equals)
		return fail(e, column, "expected name=value or 'and'");
	*equals = '\0';
	cut_blanks(item);
	return add_pair(&set->rule[set->n_rules], item, skip_blanks(equals + 1),
			column, e);
}

int binding_parse(const char *text, struct binding_set *set,
		  struct binding_error *e)
{
	char *item = set->text;
	int err;

	memset(set, 0, sizeof(*set));
	memset(e, 0, sizeof(*e));
	if (strnlen(text, BINDING_TEXT_MAX) == BINDING_TEXT_MAX) {
		fail(e, BINDING_TEXT_MAX, "longer than 511 characters");
		return -E2BIG;
	}
	memcpy(set->text, text, strlen(text) + 1);
	if (set->text[printable(text)])
		return fail(e, (unsigned int)printable(text) + 1,
			    "holds characters that are not printable "
			    "ASCII");
	if (!*skip_blanks(item))
		return 0;
	err = start_rule(set, 1, e);
	while (!err && item) {
		char *comma = strchr(item, ',');
		unsigned int column;

		if (comma)
			*comma = '\0';
		item = skip_blanks(item);
		column = (unsigned int)(item - set->text) + 1;
		err = *item ? parse_item(set, item, column, e) :
			fail(e, column, "nothing between two commas");
		item = comma ? comma + 1 : NULL;
	}
	return err ? err : end_rule(set, (unsigned int)strlen(text) + 1, e);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* text against pattern[0..n): '*' stands for any characters. */
static bool glob(const char *pattern, size_t n, const char *text)
{
	const char *star = NULL, *from = NULL, *end = pattern + n;

	for (;;) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (pattern < end && *text &&
			   lower(*pattern) == *text) {
			pattern++;
			text++;
		} else if (pattern == end && !*text) {
			return true;
		} else if (star && *from) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
}

/* One of the alternatives "a|b|c" matches. */
static bool alternatives(const char *pattern, const char *text)
{
	for (;;) {
		const char *bar = strchr(pattern, '|');
		size_t n = bar ? (size_t)(bar - pattern) : strlen(pattern);

		if (glob(pattern, n, text))
			return true;
		if (!bar)
			return false;
		pattern = bar + 1;
	}
}

/* The property that a selector looks at, as text; false: no such. */
static bool property(const char *key, const struct binding_device *d,
		     char text[16])
{
	if (!strcmp(key, "slot"))
		snprintf(text, 16, "%02x:%02x.%x", d->bus, d->slot,
			 d->function);
	else if (!strcmp(key, "class"))
		snprintf(text, 16, "%04x", d->class_code >> 8);
	else if (!strcmp(key, "class_code"))
		snprintf(text, 16, "%06x", d->class_code);
	else if (!strcmp(key, "id"))
		snprintf(text, 16, "%04x:%04x", d->vendor, d->device);
	else if (!strcmp(key, "subsystem"))
		snprintf(text, 16, "%04x:%04x", d->subsystem_vendor,
			 d->subsystem_device);
	else if (!strcmp(key, "revision") || !strcmp(key, "rev"))
		snprintf(text, 16, "%02x", d->revision);
	else if (!strcmp(key, "programming_interface") || !strcmp(key, "if"))
		snprintf(text, 16, "%02x", d->class_code & 0xff);
	else if (!strcmp(key, "header_type"))
		snprintf(text, 16, "%02x", d->header_type);
	else
		return false;
	return true;
}

/* device=a|b: the list of one of these drivers has the device. */
static bool in_lists(const char *names, const struct binding_device *d,
		     bool (*listed)(const char *driver,
				    const struct binding_device *d, void *arg),
		     void *arg)
{
	for (;;) {
		const char *bar = strchr(names, '|');
		size_t n = bar ? (size_t)(bar - names) : strlen(names);
		char name[BINDING_NAME_MAX + 1];

		if (n <= BINDING_NAME_MAX) {
			memcpy(name, names, n);
			name[n] = '\0';
			if (listed(name, d, arg))
				return true;
		}
		if (!bar)
			return false;
		names = bar + 1;
	}
}

bool binding_match(const struct binding_rule *r, const struct binding_device *d,
		   bool (*listed)(const char *driver,
				  const struct binding_device *d, void *arg),
		   void *arg)
{
	char text[16];

	if (!r->n_selectors)
		return listed(r->driver, d, arg);
	for (unsigned int i = 0; i < r->n_selectors; i++) {
		const struct binding_pair *s = &r->selector[i];

		if (!strcmp(s->key, "device")) {
			if (!in_lists(s->value, d, listed, arg))
				return false;
		} else if (!property(s->key, d, text) ||
			   !alternatives(s->value, text)) {
			return false;
		}
	}
	return true;
}

const struct binding_rule *binding_decide(
	const struct binding_set *set, const struct binding_device *d,
	unsigned int seen[BINDING_RULES],
	bool (*listed)(const char *driver, const struct binding_device *d,
		       void *arg),
	void *arg)
{
	const struct binding_rule *found = NULL;

	for (unsigned int i = 0; i < set->n_rules; i++) {
		const struct binding_rule *r = &set->rule[i];
		unsigned int n;

		if (!binding_match(r, d, listed, arg))
			continue;
		n = seen[i]++;
		if (!found && (r->number < 0 || n == (unsigned int)r->number))
			found = r;
	}
	return found;
}
