/* SPDX-License-Identifier: MIT */
/* The grammar of echoctl's commands, without input or output. */
#include "echoctl.h"

#include <domain/args.h>
#include <stdbool.h>
#include <string.h>
#include <tandem/hostname.h>

static struct echoctl_command wrong(const char *expected)
{
	return (struct echoctl_command){
		.action = ECHOCTL_WRONG, .expected = expected,
	};
}

static int is_word(int argc, char *const *argv, int i, const char *word)
{
	return i < argc && strcmp(argv[i], word) == 0;
}

/* --tcp, --udp or, with tls, --tls as word *i, which is passed then. */
static void parse_protocol(int argc, char *const *argv, int *i, bool tls,
			   enum echo_protocol *protocol)
{
	if (is_word(argc, argv, *i, "--tcp"))
		*protocol = ECHO_TCP;
	else if (is_word(argc, argv, *i, "--udp"))
		*protocol = ECHO_UDP;
	else if (tls && is_word(argc, argv, *i, "--tls"))
		*protocol = ECHO_TLS;
	else
		return;
	++*i;
}

static struct echoctl_command parse_server(int argc, char *const *argv)
{
	struct echoctl_command c = { .action = ECHOCTL_SERVER_START };
	uint64_t port;
	int i = 2;

	if (is_word(argc, argv, 1, "stop")) {
		c.action = ECHOCTL_SERVER_STOP;
		c.protocol = ECHO_ALL;
		parse_protocol(argc, argv, &i, true, &c.protocol);
		return i == argc ? c :
			wrong("server stop [--tcp|--udp|--tls]");
	}
	if (!is_word(argc, argv, 1, "start"))
		return wrong("server start [--udp|--tls] <port>, or server "
			     "stop [--tcp|--udp|--tls]");
	parse_protocol(argc, argv, &i, true, &c.protocol);
	if (argc != i + 1 || args_number(argv[i], 1, 65535, &port))
		return wrong("server start [--udp|--tls] <port>, with a port "
			     "from 1 to 65535");
	c.port = (uint16_t)port;
	return c;
}

static struct echoctl_command parse_send(int argc, char *const *argv)
{
	struct echoctl_command c = {
		.action = ECHOCTL_CLIENT_SEND_BYTES,
		.bytes = ECHOCTL_DEFAULT_BYTES,
	};

	if (argc == 2)
		return c;
	if (argc == 3 && argv[2][0] >= '0' && argv[2][0] <= '9') {
		if (args_number(argv[2], 1, ECHOCTL_BYTES_MAX, &c.bytes))
			return wrong("client send <bytes>, with a number from "
				     "1 to 1099511627776, or client send "
				     "<text>");
		return c;
	}
	c.action = ECHOCTL_CLIENT_SEND_TEXT;
	c.text = 2;
	return c;
}

static struct echoctl_command parse_connect(int argc, char *const *argv)
{
	struct echoctl_command c = { .action = ECHOCTL_CLIENT_CONNECT };
	uint64_t port, size = ECHO_DATAGRAM;
	int i = 2;

	parse_protocol(argc, argv, &i, false, &c.protocol);
	if (c.protocol == ECHO_UDP && is_word(argc, argv, i, "--size")) {
		if (i + 1 >= argc || args_number(argv[i + 1], 1,
						 ECHO_DATAGRAM_MAX, &size))
			return wrong("client connect --udp --size <bytes> "
				     "<host> <port>, with 1 to 32768 bytes");
		i += 2;
	}
	if (argc != i + 2)
		return wrong("client connect [--udp [--size <bytes>]] "
			     "<host> <port>");
	if (hostname_valid(argv[i], strlen(argv[i])))
		c.name = argv[i];
	else if (args_ipv4(argv[i], &c.address))
		return wrong("client connect [--udp] <host> <port>, with a "
			     "name or an IPv4 address such as 192.168.0.1");
	if (args_number(argv[i + 1], 1, 65535, &port))
		return wrong("client connect [--udp] <host> <port>, with a "
			     "port from 1 to 65535");
	c.port = (uint16_t)port;
	c.datagram = (uint32_t)size;
	return c;
}

static struct echoctl_command parse_client(int argc, char *const *argv)
{
	if (is_word(argc, argv, 1, "send"))
		return parse_send(argc, argv);
	if (is_word(argc, argv, 1, "close") && argc == 2)
		return (struct echoctl_command){
			.action = ECHOCTL_CLIENT_CLOSE,
		};
	if (is_word(argc, argv, 1, "connect"))
		return parse_connect(argc, argv);
	return wrong("client connect [--udp] <host> <port>, client send "
		     "[bytes|text], or client close");
}

struct echoctl_command echoctl_parse(int argc, char *const *argv)
{
	static const struct {
		const char *word;
		enum echoctl_action action;
	} single[] = {
		{ "status", ECHOCTL_STATUS }, { "help", ECHOCTL_HELP },
		{ "-h", ECHOCTL_HELP }, { "--help", ECHOCTL_HELP },
		{ "exit", ECHOCTL_EXIT }, { "quit", ECHOCTL_EXIT },
	};
	unsigned int i;

	if (argc == 0)
		return (struct echoctl_command){ .action = ECHOCTL_NOTHING };
	if (is_word(argc, argv, 0, "server"))
		return parse_server(argc, argv);
	if (is_word(argc, argv, 0, "client"))
		return parse_client(argc, argv);
	if (argc == 2 && is_word(argc, argv, 0, "status") &&
	    is_word(argc, argv, 1, "--json"))
		return (struct echoctl_command){
			.action = ECHOCTL_STATUS_JSON,
		};
	for (i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (argc == 1 && strcmp(argv[0], single[i].word) == 0)
			return (struct echoctl_command){
				.action = single[i].action,
			};
	return wrong("server, client, status, help or exit");
}
