/* SPDX-License-Identifier: MIT */
/* `mgmtctl`: how the management service in netd is doing. */
#include <domain/args.h>
#include <domain/command.h>
#include <domain/json.h>
#include <domain/tty.h>
#include <errno.h>
#include <services/mgmt.h>
#include <stdio.h>
#include <string.h>

static const struct args_option options[] = {
	{ "json", 0, 0, 'j' }, { 0 },
};

static struct mgmt_status status;

/* In the order in which they are shown. */
static const struct {
	const char *name, *text;
	const uint64_t *value;
} counters[] = {
	{ "accepted", "connections accepted", &status.accepted },
	{ "established", "handshakes done", &status.established },
	{ "resumed", "sessions resumed", &status.resumed },
	{ "requests", "requests", &status.requests },
	{ "refused_connections", "refused: too many connections",
	  &status.refused_connections },
	{ "refused_handshakes", "refused: too many handshakes",
	  &status.refused_handshakes },
	{ "refused_share", "refused: too many of one peer",
	  &status.refused_share },
	{ "refused_memory", "refused: too little memory",
	  &status.refused_memory },
	{ "failed_handshakes", "handshakes failed", &status.failed_handshakes },
	{ "late_handshakes", "handshakes too slow", &status.late_handshakes },
	{ "bad_records", "TLS records that were wrong", &status.bad_records },
	{ "delayed_handshakes", "handshakes put off",
	  &status.delayed_handshakes },
	{ "late_requests", "requests too slow", &status.late_requests },
	{ "bad_requests", "requests malformed", &status.bad_requests },
	{ "idle", "closed, idle", &status.idle },
	{ "stuck", "broken, stuck", &status.stuck },
	{ "handshake_us", "handshakes computed, us", &status.handshake_us },
	{ "handshake_max_us", "longest step of one, us",
	  &status.handshake_max_us },
};

#define COUNTERS	(sizeof(counters) / sizeof(counters[0]))

static const char *state(void)
{
	static const char *const texts[] = {
		[MGMT_OFF] = "off: neither password nor client CA",
		[MGMT_NO_RANDOM] = "off: no random number generator",
		[MGMT_FAILED] = "off: failed, see log",
		[MGMT_RUNS] = "runs",
	};

	return status.state <= MGMT_RUNS ? texts[status.state] : "?";
}

static const char *key(void)
{
	static const char *const texts[] = {
		[MGMT_CERTIFICATE_OF_BOOT] = "its own, until netd starts anew",
		[MGMT_CERTIFICATE_KEPT] = "its own, the same at each boot",
		[MGMT_CERTIFICATE_FILE] = "tandem.key",
	};

	return status.certificate <= MGMT_CERTIFICATE_FILE ?
	       texts[status.certificate] : "?";
}

static void url(char *text, size_t size)
{
	bool brackets = strchr(status.address, ':');

	text[0] = '\0';
	if (!status.address[0])
		return;
	snprintf(text, size, "https://%s%s%s", brackets ? "[" : "",
		 status.address, brackets ? "]" : "");
	if (status.port != 443)
		snprintf(text + strlen(text), size - strlen(text), ":%u",
			 status.port);
	snprintf(text + strlen(text), size - strlen(text), "/");
}

static void fingerprint(char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < MGMT_FINGERPRINT && 3 * i < size; i++)
		snprintf(text + 3 * i, size - 3 * i, "%02X%s",
			 status.fingerprint[i],
			 i + 1 < MGMT_FINGERPRINT ? ":" : "");
}

static void show(void)
{
	char text[3 * MGMT_FINGERPRINT + 1];

	printf("mgmt: %s\n", state());
	if (status.state != MGMT_RUNS)
		return;
	url(text, sizeof(text));
	printf("mgmt: %s\n", text);
	fingerprint(text, sizeof(text));
	printf("mgmt: certificate SHA-256 %s\n", text);
	printf("mgmt: key %s\n", key());
	printf("mgmt: client certificates %s\n",
	       status.client_ca ? "of tandem.ca" : "not used");
	printf("mgmt: %u of %u connections, %u of %u handshakes\n",
	       status.connections, status.connections_max, status.handshakes,
	       status.handshakes_max);
	for (size_t i = 0; i < COUNTERS; i++)
		if (*counters[i].value)
			printf("mgmt: %-30s %10lu\n", counters[i].text,
			       *counters[i].value);
}

static void show_json(void)
{
	struct json j = { .out = tty_write };
	char text[3 * MGMT_FINGERPRINT + 1];

	json_open(&j, NULL, '{');
	json_text(&j, "state", state());
	json_bool(&j, "runs", status.state == MGMT_RUNS);
	url(text, sizeof(text));
	json_text(&j, "url", text);
	fingerprint(text, sizeof(text));
	json_text(&j, "fingerprint", text);
	json_text(&j, "key", key());
	json_bool(&j, "client_ca", status.client_ca);
	json_number(&j, "connections", status.connections);
	json_number(&j, "connections_max", status.connections_max);
	json_number(&j, "handshakes", status.handshakes);
	json_number(&j, "handshakes_max", status.handshakes_max);
	for (size_t i = 0; i < COUNTERS; i++)
		json_number(&j, counters[i].name, *counters[i].value);
	json_close(&j);
}

int command(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	bool json = false, asked = false;
	int option, len;

	while ((option = args_next(&a, options))) {
		if (option == 'j')
			json = true;
		else if (option == ARGS_OPERAND && !asked &&
			 !strcmp(a.text, "status"))
			asked = true;
		else
			return command_expected("status, not \"%s\"", a.text);
	}
	if (!asked)
		return command_expected("status");
	len = command_ask(MGMT_HANDLER, 0, &status, sizeof(status));
	if (len != sizeof(status))
		return command_failed("netd's answer", len < 0 ? len : -EPROTO);
	if (json)
		show_json();
	else
		show();
	return 0;
}
