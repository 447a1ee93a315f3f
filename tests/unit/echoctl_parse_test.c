/* SPDX-License-Identifier: MIT */
/* Does echoctl take exactly its commands, and else say what it expected? */
#include "check.h"
#include "../../domains/echoctl/echoctl.h"

#include <domain/args.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

static struct echoctl_command parse(const char *text)
{
	static char line[256];
	static char *argv[ARGS_MAX];

	snprintf(line, sizeof(line), "%s", text);
	return echoctl_parse(args_split(line, argv, ARGS_MAX), argv);
}

static void commands_are_understood(void)
{
	struct echoctl_command c;

	CHECK(parse("").action == ECHOCTL_NOTHING);
	CHECK(parse("help").action == ECHOCTL_HELP);
	CHECK(parse("exit").action == ECHOCTL_EXIT);
	CHECK(parse("status").action == ECHOCTL_STATUS);
	CHECK(parse("status --json").action == ECHOCTL_STATUS_JSON);
	CHECK(parse("status --xml").action == ECHOCTL_WRONG);
	CHECK(parse("server stop").action == ECHOCTL_SERVER_STOP);
	CHECK(parse("client close").action == ECHOCTL_CLIENT_CLOSE);
	c = parse("server start 7");
	CHECK(c.action == ECHOCTL_SERVER_START && c.port == 7);
	c = parse(" client  connect 10.0.2.2 65535 ");
	CHECK(c.action == ECHOCTL_CLIENT_CONNECT && c.port == 65535 &&
	      c.address == 0x0a000202);
}

static void names_are_no_addresses(void)
{
	struct echoctl_command c = parse("client connect echo.test 7");

	CHECK(c.action == ECHOCTL_CLIENT_CONNECT && c.port == 7);
	CHECK(!strcmp(c.name, "echo.test") && !c.address);
	c = parse("client connect --udp --size 8 echo 7");
	CHECK(!strcmp(c.name, "echo") && c.protocol == ECHO_UDP);
	CHECK(!parse("client connect 10.0.2.2 7").name);
}

static void both_protocols(void)
{
	struct echoctl_command c = parse("server start --udp 7");

	CHECK(c.action == ECHOCTL_SERVER_START && c.port == 7);
	CHECK(c.protocol == ECHO_UDP);
	CHECK(parse("server start 7").protocol == ECHO_TCP);
	CHECK(parse("server start --tls 992").protocol == ECHO_TLS);
	CHECK(parse("server stop --tls").protocol == ECHO_TLS);
	CHECK(parse("client connect --tls 10.0.2.2 7").action ==
	      ECHOCTL_WRONG);
	CHECK(parse("server start --tcp 7").protocol == ECHO_TCP);
	CHECK(parse("server stop").protocol == ECHO_ALL);
	CHECK(parse("server stop --tcp").protocol == ECHO_TCP);
	CHECK(parse("server stop --udp").protocol == ECHO_UDP);
	CHECK(parse("client connect 10.0.2.2 7").protocol == ECHO_TCP);
	c = parse("client connect --udp 10.0.2.2 7");
	CHECK(c.action == ECHOCTL_CLIENT_CONNECT && c.protocol == ECHO_UDP);
	CHECK(c.port == 7 && c.datagram == ECHO_DATAGRAM);
	c = parse("client connect --udp --size 32768 10.0.2.2 7");
	CHECK(c.address == 0x0a000202 && c.datagram == 32768);
	CHECK(parse("-h").action == ECHOCTL_HELP);
	CHECK(parse("--help").action == ECHOCTL_HELP);
}

static void send_takes_a_number_or_text(void)
{
	struct echoctl_command c = parse("client send");

	CHECK(c.action == ECHOCTL_CLIENT_SEND_BYTES &&
	      c.bytes == ECHOCTL_DEFAULT_BYTES);
	c = parse("client send 1000000");
	CHECK(c.action == ECHOCTL_CLIENT_SEND_BYTES && c.bytes == 1000000);
	c = parse("client send hello");
	CHECK(c.action == ECHOCTL_CLIENT_SEND_TEXT && c.text == 2);
	c = parse("client send 3 apples");
	CHECK(c.action == ECHOCTL_CLIENT_SEND_TEXT && c.text == 2);
	CHECK(parse("client send 12x").action == ECHOCTL_WRONG);
	CHECK(parse("client send 0").action == ECHOCTL_WRONG);
	CHECK(parse("client send 99999999999999999999").action ==
	      ECHOCTL_WRONG);
}

static void check_wrong(const char *text, const char *expected)
{
	struct echoctl_command c = parse(text);

	CHECK(c.action == ECHOCTL_WRONG);
	CHECK(strstr(c.expected, expected) != NULL);
}

static void wrong_commands_are_told_what_is_right(void)
{
	check_wrong("serve", "server");
	check_wrong("help me", "help");
	check_wrong("server", "server start [--udp|--tls] <port>");
	check_wrong("server start", "port from 1 to 65535");
	check_wrong("server start 0", "port from 1 to 65535");
	check_wrong("server start 65536", "port from 1 to 65535");
	check_wrong("server start 7 8", "port from 1 to 65535");
	check_wrong("server start seven", "port from 1 to 65535");
	check_wrong("server stop now", "server stop");
	check_wrong("server start --udp", "port from 1 to 65535");
	check_wrong("server start 7 --udp", "port from 1 to 65535");
	check_wrong("server start --udp --tcp 7", "port from 1 to 65535");
	check_wrong("server start --sctp 7", "port from 1 to 65535");
	check_wrong("server stop --udp --tcp", "server stop");
	check_wrong("client connect --udp", "<host> <port>");
	check_wrong("client connect --udp --size 10.0.2.2 7", "1 to 32768");
	check_wrong("client connect --udp --size 0 10.0.2.2 7", "1 to 32768");
	check_wrong("client connect --udp --size 32769 10.0.2.2 7",
		    "1 to 32768");
	check_wrong("client connect --udp --size", "1 to 32768");
	check_wrong("client connect --size 8 10.0.2.2 7", "<host> <port>");
	check_wrong("client connect --udp 10.0.2 7", "IPv4 address");
	check_wrong("client", "client connect [--udp] <host> <port>");
	check_wrong("client connect 10.0.2.2", "<host> <port>");
	check_wrong("client connect 10.0.2 7", "IPv4 address");
	check_wrong("client connect host_ 7", "IPv4 address");
	check_wrong("client connect 10.0.2.2 0", "port from 1");
	check_wrong("client close it", "client close");
}

int main(void)
{
	both_protocols();
	names_are_no_addresses();
	commands_are_understood();
	send_takes_a_number_or_text();
	wrong_commands_are_told_what_is_right();
	printf("%u checks\n", checks);
	return 0;
}
