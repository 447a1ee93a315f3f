/* SPDX-License-Identifier: MIT */
/*
 * The texts of the configuration as the loader for BIOS machines reads them: to
 * tell a person what is wrong, and for what concerns itself. The VMM gets the
 * texts and reads them by the same code. A program for UEFI that comes next is
 * of no use here: boot= says what does (target.h).
 */
#include "config.h"

#include <tandem/boot.h>
#include <tandem/conf.h>

#include "console.h"

#define TOLD_MAX	8		/* lines on the screen */

static struct conf conf;
static unsigned int told;

static void tell(const char *line, void *arg __attribute__((unused)))
{
	if (told++ < TOLD_MAX)
		say("Tandem: %s", line);
}

static void read_text(enum conf_source source, const struct multiboot_text *t)
{
	const struct conf_teller teller = { tell, NULL };

	if (t->size)
		conf_read(&conf, source, t->text, t->size, CONF_FINE, false,
			  &teller);
}

void config_read(const struct multiboot *m)
{
	const struct conf_teller teller = { tell, NULL };

	conf_init(&conf);
	read_text(CONF_FILE, &m->file);
	read_text(CONF_OPTION, &m->option);
	conf_finish(&conf, &teller);
	if (conf.next[0] && conf.origin[CONF_BOOT_NEXT].source != CONF_BUILT_IN)
		tell("boot.next is for UEFI; here boot= says what is started",
		     NULL);
	if (told > TOLD_MAX)
		say("Tandem: %u more lines of the configuration are wrong; the "
		    "log has them", told - TOLD_MAX);
}

bool config_menu(void)
{
	return conf.number[CONF_BOOT_MENU] != 0;
}
