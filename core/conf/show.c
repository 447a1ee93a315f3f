/* SPDX-License-Identifier: MIT */
/* The configuration in force, for the shell's `config`; abi/config.h. */
#include <abi/config.h>
#include <errno.h>
#include <string.h>
#include <tandem/conf.h>
#include <tandem/domain.h>
#include <tandem/types.h>

_Static_assert((int)CONFIG_SOURCE_SECTION - CONFIG_SOURCE_BUILD ==
	       CONF_SECTION &&
	       (int)CONFIG_SOURCE_OPTION - CONFIG_SOURCE_BUILD == CONF_OPTION,
	       "sources have one order");

static void describe_key(enum conf_key key, struct config_entry *e)
{
	const struct conf *c = &tandem_conf;

	strlcpy(e->name, conf_name(key), sizeof(e->name));
	conf_value(c, key, e->value, sizeof(e->value));
	e->line = c->origin[key].line;
	if (e->line == CONF_UNDONE)
		e->source = CONFIG_SOURCE_UNDONE;
	else if (c->origin[key].source != CONF_BUILT_IN)
		e->source = CONFIG_SOURCE_BUILD + c->origin[key].source;
	else
		e->source = conf_chosen(key) ? CONFIG_SOURCE_BUILD :
			    CONFIG_SOURCE_DEFAULT;
}

/* The n-th entry, from 0; false behind the last. */
static bool describe(unsigned int n, struct config_entry *e)
{
	struct conf_fixed fixed;

	memset(e, 0, sizeof(*e));
	for (unsigned int key = 0; key < CONF_KEYS; key++) {
		if (!conf_name(key) || n-- > 0)
			continue;
		describe_key(key, e);
		return true;
	}
	if (!conf_fixed(n, &fixed))
		return false;
	e->source = fixed.chosen ? CONFIG_SOURCE_BUILD : CONFIG_SOURCE_DEFAULT;
	strlcpy(e->name, fixed.name, sizeof(e->name));
	strlcpy(e->value, fixed.value, sizeof(e->value));
	return true;
}

static int refused(void)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < CONF_SOURCES; i++)
		sum += tandem_conf.refused[i];
	return (int)sum;
}

/* buf 0: struct config_entry, as many as fit; their length */
static int config_message(struct message *m)
{
	struct config_entry e;
	unsigned int n = 0;

	if (m->value == -1)
		return refused();
	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable ||
	    m->value < 0)
		return -EINVAL;
	while (n < m->buf[0].len / sizeof(e) &&
	       describe((unsigned int)m->value + n, &e)) {
		if (domain_copy_out(m->sender, (struct config_entry *)
				    m->buf[0].base + n, &e, sizeof(e)))
			return -EFAULT;
		n++;
	}
	return (int)(n * sizeof(e));
}

static const struct message_handler config_handler = {
	.name = "config", .fn = config_message,
};
MESSAGE_HANDLER(config_handler);
