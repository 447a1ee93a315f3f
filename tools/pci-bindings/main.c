/* SPDX-License-Identifier: MIT */
/*
 * What a "pci=" string would bind on a machine whose devices `lspci -nn` tells
 * of, by the code of the loader and with the drivers' device lists of a
 * tandem.elf; scripts/pci-bindings runs it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/pci/binding.h"
#include "elf.h"

#define MAX_FUNCTIONS	1024
#define MAX_VMM_FILE	(64u << 20)

struct function {
	struct binding_device is;
	char what[160];		/* lspci's words */
};

static struct function function[MAX_FUNCTIONS];
static unsigned int n_functions;
static struct elf_image image;
static struct binding_set rules;
static bool verbose;		/* there were lines of lspci -v */
static unsigned int wrong;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "pci-bindings: %s: %s\n", what, why);
	exit(2);
}

/* ---- lspci ---- */

/* n digits at text, no more: their value, or -1. */
static long hex(const char *text, size_t n)
{
	long value = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return -1;
		value = value * 16 + (isdigit((unsigned char)text[i]) ?
			text[i] - '0' : tolower((unsigned char)text[i]) -
			'a' + 10);
	}
	return isxdigit((unsigned char)text[n]) ? -1 : value;
}

/* The last "[14e4:165a]" of a line. */
static bool find_ids(const char *line, uint16_t *vendor, uint16_t *device)
{
	bool found = false;

	for (const char *p = strchr(line, '['); p; p = strchr(p + 1, '[')) {
		long high = hex(p + 1, 4), low;

		if (high < 0 || p[5] != ':' || (low = hex(p + 6, 4)) < 0 ||
		    p[10] != ']')
			continue;
		*vendor = (uint16_t)high;
		*device = (uint16_t)low;
		found = true;
	}
	return found;
}

/* "(rev 12)" and such: two digits behind a word, or -1. */
static long find_number(const char *line, const char *word)
{
	const char *p = strstr(line, word);

	return p ? hex(p + strlen(word), 2) : -1;
}

/* "03:00.1 " or "0000:03:00.1 "; where what follows begins, or NULL. */
static const char *read_slot(const char *line, struct binding_device *d)
{
	long bus, slot;

	if (hex(line, 4) == 0 && line[4] == ':')
		line += 5;
	bus = hex(line, 2);
	if (bus < 0 || line[2] != ':')
		return NULL;
	slot = hex(line + 3, 2);
	if (slot < 0 || slot > 31 || line[5] != '.' || line[6] < '0' ||
	    line[6] > '7' || line[7] != ' ')
		return NULL;
	d->bus = (uint8_t)bus;
	d->slot = (uint8_t)slot;
	d->function = (uint8_t)(line[6] - '0');
	return line + 8;
}

/* A device's first line; false if it is none. */
static bool read_function(const char *line, struct function *f)
{
	const char *what = read_slot(line, &f->is), *p;
	long class = -1, number;

	if (!what)
		return false;
	for (p = strchr(what, '['); p && class < 0; p = strchr(p + 1, '['))
		if (hex(p + 1, 4) >= 0 && p[5] == ']' && p[6] == ':')
			class = hex(p + 1, 4);
	if (class < 0 || !find_ids(what, &f->is.vendor, &f->is.device))
		fail(line, "expected a line of lspci -nn, with numbers");
	f->is.class_code = (uint32_t)class << 8;
	f->is.header_type = class == 0x0604 ? 1 : 0;
	number = find_number(what, "(rev ");
	f->is.revision = number < 0 ? 0 : (uint8_t)number;
	number = find_number(what, "(prog-if ");
	f->is.class_code |= number < 0 ? 0 : (uint32_t)number;
	snprintf(f->what, sizeof(f->what), "%s", what);
	return true;
}

static int in_bus_order(const void *a, const void *b)
{
	const struct binding_device *d[2] = {
		&((const struct function *)a)->is,
		&((const struct function *)b)->is,
	};
	int place[2];

	for (unsigned int i = 0; i < 2; i++)
		place[i] = d[i]->bus << 8 | d[i]->slot << 3 | d[i]->function;
	return place[0] - place[1];
}

static void read_lspci(FILE *from)
{
	char line[1024];

	while (fgets(line, sizeof(line), from)) {
		struct function f = { 0 }, *last;

		line[strcspn(line, "\r\n")] = '\0';
		if (read_function(line, &f)) {
			if (n_functions == MAX_FUNCTIONS)
				fail("lspci", "too many devices");
			function[n_functions++] = f;
		} else if (n_functions && isspace((unsigned char)line[0])) {
			verbose = true;
			last = &function[n_functions - 1];
			if (strstr(line, "Subsystem:"))
				find_ids(line, &last->is.subsystem_vendor,
					 &last->is.subsystem_device);
		}
	}
	if (!n_functions)
		fail("lspci", "expected the output of lspci -nn");
	qsort(function, n_functions, sizeof(function[0]), in_bus_order);
}

/* ---- what would happen ---- */

static bool listed(const char *driver, const struct binding_device *d,
		   void *arg)
{
	return elf_lists(arg, driver, d->vendor, d->device);
}

static void complain(const char *fmt, unsigned int rule, const char *name)
{
	printf(fmt, rule + 1, name);
	wrong++;
}

/* Rules that cannot be followed, or not be judged by what lspci told. */
static void check_rules(void)
{
	for (unsigned int i = 0; i < rules.n_rules; i++) {
		const struct binding_rule *r = &rules.rule[i];

		if (strcmp(r->driver, "none") &&
		    !elf_has_driver(&image, r->driver))
			complain("rule %u: this VMM has no driver \"%s\"; the "
				 "devices stay as they are\n", i, r->driver);
		for (unsigned int j = 0; j < r->n_selectors; j++) {
			const char *key = r->selector[j].key;

			if (!verbose &&
			    (!strcmp(key, "subsystem") ||
			     !strcmp(key, "class_code") || !strcmp(key, "if") ||
			     !strcmp(key, "programming_interface")))
				complain("rule %u: %s= needs more than this "
					 "output has: take lspci -nnv\n", i,
					 key);
		}
	}
}

static void show(const struct function *f, const struct binding_rule *r)
{
	char options[BINDING_TEXT_MAX] = "";
	size_t n = 0;

	for (unsigned int i = 0; r && i < r->n_options; i++)
		n += (size_t)snprintf(options + n, sizeof(options) - n,
				      "%s%s=%s", i ? ", " : " ",
				      r->option[i].key, r->option[i].value);
	printf("%02x:%02x.%u  ", f->is.bus, f->is.slot, f->is.function);
	if (!r || (strcmp(r->driver, "conceal") &&
		   !elf_has_driver(&image, r->driver)))
		printf("the guest's%s", r ? ", by rule " : "");
	else
		printf("%s%s, by rule ", r->driver, options);
	if (r)
		printf("%u", (unsigned int)(r - rules.rule) + 1);
	printf(": %s\n", f->what);
}

static void show_all(void)
{
	unsigned int seen[BINDING_RULES] = { 0 };

	for (unsigned int i = 0; i < n_functions; i++)
		show(&function[i], binding_decide(&rules, &function[i].is, seen,
						  listed, &image));
	for (unsigned int i = 0; i < rules.n_rules; i++) {
		int number = rules.rule[i].number;

		if (!seen[i] || (number >= 0 && seen[i] <= (unsigned int)number))
			complain("rule %u (driver %s): no such device\n", i,
				 rules.rule[i].driver);
	}
}

static void read_vmm(const char *name)
{
	FILE *f = fopen(name, "rb");
	char *data = malloc(MAX_VMM_FILE);
	const char *problem;
	size_t n;

	if (!f || !data)
		fail(name, strerror(errno));
	n = fread(data, 1, MAX_VMM_FILE, f);
	fclose(f);
	problem = elf_check(data, n, &image);
	if (problem)
		fail(name, problem);
}

int main(int argc, char **argv)
{
	struct binding_error error;
	const char *text;

	if (argc < 2 || argc > 3) {
		fputs("usage: pci-bindings tandem.elf [STRING] < lspci -nn\n",
		      stderr);
		return 2;
	}
	read_vmm(argv[1]);
	text = argc == 3 ? argv[2] : image.info.pci_bindings;
	if (binding_parse(text, &rules, &error) < 0) {
		printf("column %u: %s; no device is bound\n", error.column,
		       error.what);
		return 1;
	}
	read_lspci(stdin);
	check_rules();
	show_all();
	return wrong ? 1 : 0;
}
