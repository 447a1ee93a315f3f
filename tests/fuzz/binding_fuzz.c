/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: any "pci=" string is either refused with a place inside it and
 * a reason, or parsed into rules that can be matched.
 */
#include "../../core/pci/binding.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool listed(const char *driver, const struct binding_device *d,
		   void *arg)
{
	return driver[0] == 'b' && d->vendor == 0x14e4;
}

static void must(bool good)
{
	if (!good)
		abort();
}

static void check_rule(const struct binding_set *set,
		       const struct binding_rule *r)
{
	const char *end = set->text + sizeof(set->text);

	must(r->driver >= set->text && r->driver < end && r->driver[0]);
	must(r->number >= -1 && r->number < 2560);
	must(r->n_selectors <= BINDING_PAIRS && r->n_options <= BINDING_PAIRS);
	for (unsigned int i = 0; i < r->n_options; i++)
		must(r->option[i].key >= set->text &&
		     r->option[i].value < end && r->option[i].key[0] &&
		     r->option[i].value[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct binding_device d = {
		.bus = 2, .vendor = 0x14e4, .device = 0x165a,
		.class_code = 0x020000,
	};
	static struct binding_set set;
	struct binding_error error;
	unsigned int seen[BINDING_RULES] = { 0 };
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (binding_parse(text, &set, &error) < 0) {
		must(error.column >= 1 && error.column <= strlen(text) + 1);
		must(error.what[0] && memchr(error.what, 0, sizeof(error.what)));
	} else {
		must(set.n_rules <= BINDING_RULES);
		for (unsigned int i = 0; i < set.n_rules; i++)
			check_rule(&set, &set.rule[i]);
		binding_decide(&set, &d, seen, listed, NULL);
	}
	free(text);
	return 0;
}
