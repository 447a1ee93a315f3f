/* SPDX-License-Identifier: MIT */
/*
 * The debug shell: reads a line, starts the program of that name in a domain
 * of its own, hands it this shell's input and output and waits for its end.
 *
 * A program rather than a person says so by ^N as the first byte of the
 * session: from then on there is no prompt and no echo, and behind each command's
 * output come the byte 0x1e, the exit status in decimal and a newline.
 */
#include <config/release.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <domain/usage.h>
#include <errno.h>

#define QUIET_BYTE	0x0e
#define STATUS_BYTE	0x1e
#define PROMPT		"> "

static bool quiet;

/* Run one line; false at "exit". */
static bool run_line(char *line, int *status)
{
	char *name, *rest;

	for (name = line; *name == ' '; name++)
		;
	if (*name == '\0')
		return true;
	rest = strchr(name, ' ');
	if (rest)
		*rest++ = '\0';
	else
		rest = name + strlen(name);
	if (strcmp(name, "exit") == 0)
		return false;
	*status = program_run(name, rest);
	return true;
}

/* A program's line; a part of it might do something else. */
static int too_long(void)
{
	printf("expected a line of at most %u bytes\n", COMMAND_LINE_MAX - 1);
	return COMMAND_USAGE;
}

/* The first byte of a session tells who is there. */
static void greet(void)
{
	int byte;

	printf("Tandem %s. \"help\" lists the commands, \"exit\" leaves.\n%s",
	       TANDEM_RELEASE, PROMPT);
	byte = tty_getc();
	if (byte == QUIET_BYTE)
		quiet = true;
	else
		tty_ungetc(byte);
	/* the prompt comes again, in the same place */
	if (!quiet)
		tty_putc('\r');
}

int domain_main(int type, int value, struct msg_buf *bufs, size_t n)
{
	static char line[COMMAND_LINE_MAX];
	bool go_on = true;
	int status, len;

	(void)type, (void)value, (void)bufs, (void)n;
	tty_set_words(usage_word);
	greet();
	while (go_on) {
		len = tty_readline(PROMPT, line, sizeof(line), !quiet);
		if (len == -EPIPE)
			break;
		if (len == -ECANCELED)
			continue;
		status = 0;
		if (len < 0)
			status = too_long();
		else
			go_on = run_line(line, &status);
		if (quiet && go_on)
			printf("%c%d\n", STATUS_BYTE, status);
	}
	return 0;
}
