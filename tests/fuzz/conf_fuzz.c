/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: whatever a text of the configuration holds, each line told is
 * one short line of printable text, and all values are such as their keys
 * have. The first byte chooses the source and whether it is restricted.
 */
#include <tandem/conf.h>

#include <stdlib.h>
#include <string.h>

#include "../../core/pci/binding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int lines;

static void must(bool good)
{
	if (!good)
		abort();
}

static void tell(const char *line, void *arg)
{
	size_t n = strlen(line);

	must(n > 0 && n < CONF_LINE_MAX && arg == &lines);
	for (size_t i = 0; i < n; i++)
		must(line[i] >= ' ' && line[i] <= '~');
	lines++;
}

/* What is shown of a value is accepted as one, from line 1 on. */
static void check_value(const struct conf *c, enum conf_key key)
{
	char text[CONF_PCI_MAX + 64], value[CONF_PCI_MAX];
	struct conf again;

	conf_value(c, key, value, sizeof(value));
	strcat(strcat(strcpy(text, conf_name(key)), "="), value);
	if (c->origin[key].source == CONF_BUILT_IN ||
	    c->origin[key].line == CONF_UNDONE || strchr(value, '"') ||
	    strchr(value, '#'))
		return;
	conf_init(&again);
	conf_read(&again, CONF_FILE, text, strlen(text), CONF_FINE, false,
		  NULL);
	must(again.set[CONF_FILE] == 1 && !again.refused[CONF_FILE]);
	must(again.number[key] == c->number[key]);
	must(key != CONF_PCI || !strcmp(again.pci, c->pci));
	must(key != CONF_IP_DNS || !memcmp(again.dns, c->dns, sizeof(c->dns)));
	must(key != CONF_SNTP_SERVER || !strcmp(again.sntp, c->sntp));
	must(key != CONF_SYSLOG_ADDRESS || !strcmp(again.syslog, c->syslog));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_teller teller = { tell, &lines };
	static struct binding_set set;
	struct binding_error error;
	enum conf_source source;
	struct conf c;
	char *text;

	if (!size)
		return 0;
	source = CONF_SECTION + data[0] % 3;
	/* so that a read beyond its end is noticed */
	text = malloc(size - 1);
	memcpy(text, data + 1, size - 1);
	conf_init(&c);
	lines = 0;
	conf_read(&c, source, text, size - 1, CONF_FINE, data[0] & 0x80,
		  &teller);
	must(lines == c.refused[source]);
	must(!(data[0] & 0x80) || (!c.origin[CONF_PCI].source &&
				   !c.origin[CONF_DBGSH].source));
	conf_finish(&c, &teller);
	must(binding_parse(c.pci, &set, &error) == 0);
	for (unsigned int key = 0; key < CONF_KEYS; key++)
		if (conf_name(key))
			check_value(&c, key);
	free(text);
	return 0;
}
