/* SPDX-License-Identifier: MIT */
/*
 * tandem-status: what the VMM beneath this system does, by the VMM calls
 * get_status (text for a person) and get_status_struct (docs/vmmcall.md).
 */
#include <abi/status.h>
#include <call_vmm.h>
#include <config/release.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Exit status, as dbgsh's; tandem-status.1. */
enum {
	STATUS_WRONG_OPTIONS = 64,
	STATUS_NO_CALL = 69,
	STATUS_NO_OUTPUT = 74,
	STATUS_NO_SENSE = 76,
};

#define TEXT_MAX	16384

static const char help[] =
	"Usage: tandem-status [--json]\n"
	"Show what the VMM beneath this system does.\n"
	"\n"
	"  -j, --json     as JSON\n"
	"  -h, --help     this text\n"
	"  -V, --version  the release of this program\n";

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* 0, or an exit status after saying what is missing. */
static int check_function(const call_vmm_function_t *f)
{
	if (call_vmm_function_callable(f))
		return 0;
	fputs(call_vmm_function_no_vmm(f) ?
	      "tandem-status: there is no VMM beneath this system\n" :
	      "tandem-status: the VMM beneath this system does not tell its "
	      "status\n", stderr);
	return STATUS_NO_CALL;
}

/*
 * Have the VMM write to size bytes at buffer: how many it has to say, 0 if it
 * refuses. It writes only where the program could without a page fault.
 */
static size_t ask(const call_vmm_function_t *f, void *buffer, size_t size)
{
	call_vmm_arg_t arg = {
		.rbx = (intptr_t)buffer, .rcx = (intptr_t)size,
	};
	call_vmm_ret_t ret;

	memset(buffer, 0, size);
	call_vmm_call_function(f, &arg, &ret);
	return (uint32_t)ret.rax;
}

static int no_sense(void)
{
	fputs("tandem-status: the VMM's answer makes no sense to this "
	      "program\n", stderr);
	return STATUS_NO_SENSE;
}

static int show_text(void)
{
	static char text[TEXT_MAX];
	call_vmm_function_t f;
	int status;

	CALL_VMM_GET_FUNCTION("get_status", &f);
	status = check_function(&f);
	if (status)
		return status;
	if (!ask(&f, text, sizeof(text)))
		return no_sense();
	text[sizeof(text) - 1] = '\0';
	fputs(text, stdout);
	return 0;
}

/* ---- JSON ---- */

/* Text of the VMM, at most size bytes: no escapes are needed in it. */
static void put_string(const char *name, const char *text, size_t size)
{
	size_t i;

	printf("\"%s\": \"", name);
	for (i = 0; i < size && text[i]; i++)
		putchar(text[i] >= ' ' && text[i] < 0x7f && text[i] != '"' &&
			text[i] != '\\' ? text[i] : '?');
	putchar('"');
}

static void put_number(const char *name, uint64_t value)
{
	printf(", \"%s\": %llu", name, (unsigned long long)value);
}

static void put_port(const struct tandem_status_port *p)
{
	putchar('{');
	put_string("name", p->name, sizeof(p->name));
	printf(", \"link\": %s", p->link ? "true" : "false");
	put_number("speed_mbps", p->speed);
	put_number("rx_frames", p->rx_frames);
	put_number("rx_bytes", p->rx_bytes);
	put_number("tx_frames", p->tx_frames);
	put_number("tx_bytes", p->tx_bytes);
	put_number("dropped", p->dropped);
	putchar('}');
}

static void put_ports(const struct tandem_status *s)
{
	const char *separator = "";
	unsigned int i;

	printf(", \"ports\": [");
	for (i = 0; i < TANDEM_STATUS_PORTS; i++) {
		if (!s->port[i].name[0])
			continue;
		fputs(separator, stdout);
		put_port(&s->port[i]);
		separator = ", ";
	}
	putchar(']');
}

static int show_json(void)
{
	static struct tandem_status s;
	call_vmm_function_t f;
	int status;

	CALL_VMM_GET_FUNCTION("get_status_struct", &f);
	status = check_function(&f);
	if (status)
		return status;
	/* A VMM of another release may know more, but not less, than version 1. */
	if (ask(&f, &s, sizeof(s)) < sizeof(s) ||
	    s.magic != TANDEM_STATUS_MAGIC)
		return no_sense();
	putchar('{');
	put_string("release", s.release, sizeof(s.release));
	put_number("version", s.version);
	put_number("cpus", s.cpus);
	put_number("uptime_us", s.uptime_us);
	put_number("memory_total", s.memory_total);
	put_number("memory_free", s.memory_free);
	put_number("exits", s.exits);
	put_number("calls", s.calls);
	put_number("calls_delayed", s.calls_delayed);
	put_number("log_bytes", s.log_bytes);
	put_ports(&s);
	puts("}");
	return 0;
}

int main(int argc, char **argv)
{
	bool json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "jhV", long_options,
				     NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("tandem-status " TANDEM_RELEASE);
			return 0;
		default:
			fputs(help, stderr);
			return STATUS_WRONG_OPTIONS;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "tandem-status: %s: expected options only\n",
			argv[optind]);
		return STATUS_WRONG_OPTIONS;
	}
	status = json ? show_json() : show_text();
	if (status)
		return status;
	if (fflush(stdout) || ferror(stdout)) {
		fputs("tandem-status: standard output cannot be written\n",
		      stderr);
		return STATUS_NO_OUTPUT;
	}
	return 0;
}
