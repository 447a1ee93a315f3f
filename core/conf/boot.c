/* SPDX-License-Identifier: MIT */
/*
 * Reads the texts that the loader found. They are read twice: at first before
 * there is a log, since the log's own port is among the values, and then to
 * tell what is wrong. Each time values come from a private copy.
 */
#include "boot.h"

#include <string.h>
#define LOG_PREFIX "config: "
#include <tandem/conf.h>
#include <tandem/log.h>
#include <tandem/types.h>

/* of the lines that are told; all can be looked at by tandem-conf */
#define TOLD_MAX	100

struct conf tandem_conf;

static char copy[CONF_TEXT_MAX];

bool boot_is_in_ram(const struct boot_info *b, uint64_t address, uint64_t size)
{
	for (unsigned int i = 0; i < b->n_ranges; i++) {
		const struct boot_range *r = &b->range[i];

		if (r->type == BOOT_RAM && address >= r->base &&
		    address - r->base < r->size &&
		    size <= r->size - (address - r->base))
			return true;
	}
	return false;
}

static void read_text(const struct boot_info *b, unsigned int which,
		      const struct conf_teller *teller)
{
	const struct boot_text *t = &b->text[which];
	enum conf_problem problem = t->problem < CONF_PROBLEMS ?
		(enum conf_problem)t->problem : CONF_UNREADABLE;
	bool restricted = which != BOOT_TEXT_SECTION &&
			  b->flags & BOOT_SECURE;

	if (!t->size && problem == CONF_FINE)
		return;
	if (problem == CONF_FINE && t->size <= sizeof(copy)) {
		if (boot_is_in_ram(b, t->address, t->size))
			memcpy(copy, (const void *)t->address, t->size);
		else
			problem = CONF_UNREADABLE;
	}
	conf_read(&tandem_conf, CONF_SECTION + which, copy, t->size, problem,
		  restricted, teller);
}

static void read_all(const struct boot_info *b,
		     const struct conf_teller *teller)
{
	conf_init(&tandem_conf);
	for (unsigned int i = 0; i < BOOT_TEXTS; i++)
		read_text(b, i, teller);
	conf_finish(&tandem_conf, teller);
}

void conf_start(const struct boot_info *b)
{
	read_all(b, NULL);
}

static void tell(const char *line, void *arg)
{
	unsigned int *told = arg;

	if ((*told)++ < TOLD_MAX)
		log_error("%s", line);
}

void conf_tell(const struct boot_info *b)
{
	unsigned int told = 0;

	read_all(b, &(struct conf_teller){ tell, &told });
	if (told > TOLD_MAX)
		log_error("%u more lines like these", told - TOLD_MAX);
	for (unsigned int i = CONF_SECTION; i < CONF_SOURCES; i++)
		if (tandem_conf.set[i])
			log_info("%u %s set by %s", tandem_conf.set[i],
				 tandem_conf.set[i] == 1 ? "value" : "values",
				 conf_source_name(i));
	if (b->flags & BOOT_SECURE)
		log_info("Secure Boot: file and option set addresses and "
			 "services only");
}
