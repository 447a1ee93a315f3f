/* SPDX-License-Identifier: MIT */
/*
 * `net`: the shared network card as the core sees it, and the VMM's own TCP/IP
 * stack as netd sees it.
 */
#include "net.h"

#include <domain/args.h>
#include <domain/command.h>
#include <domain/tty.h>
#include <stdio.h>
#include <string.h>
#include <tandem/kconfig.h>

static const struct args_option options[] = {
	{ "json", 0, 0, 'j' }, { 0 },
};

static const struct part {
	const char *name;
	int (*show)(struct json *j);
	bool of_netd;
	bool usual;			/* shown without a word */
} parts[] = {
	{ "ports", net_ports, false, true },
	{ "link", net_link, false, false },
	{ "address", net_address, true, true },
	{ "counters", net_counters, true, true },
	{ "syslog", net_syslog, true, true },
	{ "time", net_time, true, true },
	{ "mdns", net_mdns, true, true },
	{ "netbios", net_netbios, true, true },
	{ "neighbours", net_neighbours, true, false },
	{ "connections", net_connections, true, false },
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

void net_mac(const uint8_t mac[6], char text[18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
}

static const struct part *find(const char *name)
{
	for (size_t i = 0; i < N_PARTS; i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}

/* The symbol without which there is no such part; NULL: it is built. */
static const char *lacks(const struct part *p)
{
	if (p->of_netd && !IS_ENABLED(CONFIG_NETD))
		return "NETD";
	if (p->show == net_syslog && !IS_ENABLED(CONFIG_SYSLOG))
		return "SYSLOG";
	if (p->show == net_time && !IS_ENABLED(CONFIG_SNTP))
		return "SNTP";
	if (p->show == net_mdns && !IS_ENABLED(CONFIG_MDNS))
		return "MDNS";
	if (p->show == net_netbios && !IS_ENABLED(CONFIG_NETBIOS_NAME))
		return "NETBIOS_NAME";
	return NULL;
}

static int show_usual(struct json *j)
{
	int status = 0, s;

	for (size_t i = 0; i < N_PARTS; i++) {
		if (!parts[i].usual || lacks(&parts[i]))
			continue;
		s = parts[i].show(j);
		/* one line about a netd that does not answer is enough */
		if (s && status == 0)
			status = s;
		if (s && parts[i].of_netd)
			break;
	}
	return status;
}

int command(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	struct json j = { .out = tty_write };
	const struct part *only = NULL;
	bool json = false;
	int option, status;

	while ((option = args_next(&a, options))) {
		if (option == ARGS_OPERAND && !only && (only = find(a.text)))
			continue;
		if (option != 'j')
			return command_expected("ports, link, address, "
						"counters, syslog, time, mdns, "
						"netbios, neighbours or "
						"connections, not \"%s\"",
						a.text);
		json = true;
	}
	if (only && lacks(only)) {
		printf("net: %s: not built into this VMM (%s)\n", only->name,
		       lacks(only));
		return COMMAND_FAILED;
	}
	if (json)
		json_open(&j, NULL, '{');
	status = only ? only->show(json ? &j : NULL)
		      : show_usual(json ? &j : NULL);
	if (json)
		json_close(&j);
	return status;
}
