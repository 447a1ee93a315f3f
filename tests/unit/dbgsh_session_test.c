/* SPDX-License-Identifier: MIT */
/*
 * Does dbgsh keep to the protocol of the VMM call with shells that behave,
 * and come to an end with those that do not? A small shell answers here.
 */
#include "check.h"
#include "session.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static unsigned int checks;

/* The shell: what it says, and what it was told. */
static struct {
	char out[1024];
	size_t out_at;
	char in[4096];
	size_t in_len;
	const char *greeting;
	const char *after_line[8];	/* said after each line */
	unsigned int lines;
	const char *next_greeting;	/* of the session after this one */
	bool ended, deaf, busy;		/* busy: never asks after a line */
	bool half_typed;		/* ^D is nothing until ^C */
	bool flood;			/* when busy, it talks */
	int keyboard;			/* the other end of its terminal, or 0 */
	const char *typed_while_busy, *typed_after_interrupt;
	unsigned int calls;
} vmm;

static void say(const char *text)
{
	snprintf(vmm.out, sizeof(vmm.out), "%s", text);
	vmm.out_at = 0;
}

/* The user has pressed these keys. */
static void press(const char **keys)
{
	const char *text = *keys;

	*keys = NULL;
	if (text)
		CHECK(write(vmm.keyboard, text, strlen(text)) ==
		      (ssize_t)strlen(text));
}

static void take(int byte)
{
	const char *text;

	CHECK(byte >= 0 && byte <= 255);
	if (vmm.in_len < sizeof(vmm.in) - 1)
		vmm.in[vmm.in_len++] = (char)byte;
	if (byte == 3)
		vmm.half_typed = false;
	if (byte == 4 && vmm.half_typed)
		return;
	if ((byte == 3 || byte == 'q') && vmm.keyboard) {
		vmm.busy = false;
		press(&vmm.typed_after_interrupt);
	}
	if (byte != '\n' && byte != '\r' && byte != 4)
		return;
	if (vmm.deaf)
		return;
	text = vmm.after_line[vmm.lines++];
	if (text)
		say(text);
	else
		vmm.ended = true;
}

static int shell(int byte)
{
	CHECK(vmm.calls++ < 100000);
	if (byte >= 0)
		take(byte);
	if (vmm.out[vmm.out_at])
		return (unsigned char)vmm.out[vmm.out_at++];
	if (vmm.ended && vmm.next_greeting) {
		say(vmm.next_greeting);
		vmm.next_greeting = NULL;
		vmm.ended = false;
		vmm.in_len = 0;
		memset(vmm.in, 0, sizeof(vmm.in));
		return SESSION_OVER;
	}
	if (vmm.ended)
		return SESSION_OVER;
	if (vmm.busy && vmm.lines) {
		press(&vmm.typed_while_busy);
		return vmm.flood ? 'x' : SESSION_NOTHING;
	}
	return vmm.calls % 3 ? SESSION_WANTS_INPUT : SESSION_NOTHING;
}

static void start(const char *greeting)
{
	memset(&vmm, 0, sizeof(vmm));
	say(greeting);
}

/* Run with standard output in a file; its text. */
static const char *output_of(int (*run)(void), int *status)
{
	static char text[4096];
	FILE *file = tmpfile();
	int before = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO);
	int nowhere = open("/dev/null", O_WRONLY);
	size_t len;

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	dup2(nowhere, STDERR_FILENO);
	*status = run();
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	close(before);
	close(errors);
	close(nowhere);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static int run_script(struct script script)
{
	return session_script(shell, &script);
}

static const char *const one_command[] = { "log 20" };
static const char *const three_commands[] = { "one", "two", "three" };

static int run_command(void)
{
	return run_script((struct script){
		.commands = one_command, .n_commands = 1 });
}

static int run_three(void)
{
	return run_script((struct script){
		.commands = three_commands, .n_commands = 3 });
}

static int run_three_json(void)
{
	return run_script((struct script){
		.commands = three_commands, .n_commands = 3, .json = true });
}

static int run_three_strictly(void)
{
	return run_script((struct script){
		.commands = three_commands, .n_commands = 3,
		.stop_at_failure = true });
}

static int run_for_a_second(void)
{
	return run_script((struct script){
		.commands = one_command, .n_commands = 1, .timeout_s = 1 });
}

static int run_input(void)
{
	return run_script((struct script){ 0 });
}

static int run_input_strictly(void)
{
	return run_script((struct script){ .stop_at_failure = true });
}

static int run_interactive(void)
{
	return session_interactive(shell);
}

static void a_command_gives_its_output_and_status(void)
{
	const char *text;
	int status;

	start("greeting\n> ");
	vmm.after_line[0] = "line one\nline two\n\x1e" "3\n";
	text = output_of(run_command, &status);
	CHECK(strcmp(text, "line one\nline two\n") == 0);
	CHECK(status == 3);
	CHECK(strcmp(vmm.in, "\x0elog 20\nexit\n") == 0);
}

static void several_commands_share_a_session(void)
{
	const char *text;
	int status;

	start("> ");
	vmm.after_line[0] = "1\n\x1e" "0\n";
	vmm.after_line[1] = "2\n\x1e" "4\n";
	vmm.after_line[2] = "3\n\x1e" "0\n";
	text = output_of(run_three, &status);
	CHECK(strcmp(text, "1\n2\n3\n") == 0 && status == 0);
	CHECK(strcmp(vmm.in, "\x0eone\ntwo\nthree\nexit\n") == 0);
}

static void a_failure_ends_it_if_so_told(void)
{
	const char *text;
	int status;

	start("> ");
	vmm.after_line[0] = "\x1e" "0\n";
	vmm.after_line[1] = "\x1e" "4\n";
	text = output_of(run_three_strictly, &status);
	CHECK(*text == '\0' && status == 4);
	CHECK(strcmp(vmm.in, "\x0eone\ntwo\nexit\n") == 0);
}

static void each_command_is_asked_for_json(void)
{
	int status;

	start("> ");
	vmm.after_line[0] = "\x1e" "0\n";
	vmm.after_line[1] = "\x1e" "0\n";
	vmm.after_line[2] = "\x1e" "0\n";
	output_of(run_three_json, &status);
	CHECK(strcmp(vmm.in, "\x0eone --json\ntwo --json\nthree --json\n"
		     "exit\n") == 0);
}

static void a_status_byte_that_heads_no_status_is_output(void)
{
	const char *text;
	int status;

	start("> ");
	vmm.after_line[0] = "a\x1e" "b\x1e" "12x\x1e\n\x1e" "-1\n";
	text = output_of(run_command, &status);
	CHECK(strcmp(text, "a\x1e" "b\x1e" "12x\x1e\n") == 0);
	CHECK(status == 255);
}

static void a_command_that_asks_for_input_is_ended(void)
{
	const char *text;
	int status;

	start("> ");
	vmm.after_line[0] = "echoctl> ";	/* a program with a prompt */
	vmm.after_line[1] = "echoctl> ";	/* that does not know ^D */
	vmm.after_line[2] = "\x1e" "0\n";	/* took "exit" */
	text = output_of(run_command, &status);
	CHECK(strcmp(text, "echoctl> echoctl> ") == 0 && status == 0);
	CHECK(strcmp(vmm.in, "\x0elog 20\n\x04" "exit\nexit\n") == 0);
}

static void a_session_that_ends_too_early_is_an_error(void)
{
	int status;

	start("dbgsh is switched off\n");
	vmm.ended = true;
	output_of(run_command, &status);
	CHECK(status == STATUS_NO_SHELL);

	start("> ");			/* over instead of an answer */
	output_of(run_command, &status);
	CHECK(status == STATUS_LOST);
}

static void a_shell_that_never_ends_is_left(void)
{
	int status;

	start("> ");
	vmm.deaf = true;
	output_of(run_command, &status);
	CHECK(status == STATUS_LOST);
}

/* What it says is dropped after the time is over, and it is told to end. */
static void a_timeout_interrupts_and_leaves(void)
{
	const char *text;
	int status;

	start("> ");
	vmm.after_line[0] = "before\n";
	vmm.busy = true;
	text = output_of(run_for_a_second, &status);
	CHECK(strcmp(text, "before\n") == 0 && status == STATUS_TIMEOUT);
	CHECK(strcmp(vmm.in, "\x0elog 20\n\x03") == 0);
}

/* Standard input from here on: text, then its end. */
static void type(const char *text)
{
	int ends[2];

	CHECK(pipe(ends) == 0);
	CHECK(write(ends[1], text, strlen(text)) == (ssize_t)strlen(text));
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
}

static void what_is_typed_goes_to_the_vmm_and_back(void)
{
	const char *text;
	int status;

	type("help\rexit\r");
	start("> ");
	vmm.after_line[0] = "commands\n> ";
	text = output_of(run_interactive, &status);
	CHECK(strcmp(text, "> commands\n> ") == 0 && status == 0);
	CHECK(strcmp(vmm.in, "help\rexit\r") == 0);
}

static void the_end_of_input_is_told(void)
{
	int status;

	type("");
	start("> ");
	output_of(run_interactive, &status);
	CHECK(status == 0 && strcmp(vmm.in, "\x04") == 0);

	type("");
	start("> ");
	vmm.deaf = true;		/* it does not end by it */
	output_of(run_interactive, &status);
	CHECK(status == 0);
}

static void lines_of_input_are_commands(void)
{
	const char *text;
	int status;

	type("# a comment\n\n one\r\ntwo\nfor two\nlast");
	start("> ");
	vmm.after_line[0] = "1\n\x1e" "0\n";
	vmm.after_line[1] = "two> ";		/* asks, too */
	vmm.after_line[2] = "\x1e" "0\n";
	vmm.after_line[3] = "\x1e" "7\n";
	text = output_of(run_input, &status);
	CHECK(strcmp(text, "1\ntwo> ") == 0 && status == 7);
	CHECK(strcmp(vmm.in, "\x0e one\ntwo\nfor two\nlast\nexit\n") == 0);

	type("one\nexit\nthree\n");
	start("> ");
	vmm.after_line[0] = "\x1e" "3\n";
	output_of(run_input, &status);
	CHECK(status == 3 && strcmp(vmm.in, "\x0eone\nexit\n") == 0);

	type("one\ntwo\n");
	start("> ");
	vmm.after_line[0] = "\x1e" "3\n";
	output_of(run_input_strictly, &status);
	CHECK(status == 3 && strcmp(vmm.in, "\x0eone\nexit\n") == 0);

	type("");
	start("> ");
	output_of(run_input, &status);
	CHECK(status == 0 && strcmp(vmm.in, "\x0e" "exit\n") == 0);
}

/* None is cut and run. */
static void a_line_of_any_length_is_refused(void)
{
	static char line[6000];
	int status;

	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\n';
	type(line);
	start("> ");
	output_of(run_input, &status);
	CHECK(status == STATUS_WRONG_OPTIONS);
	CHECK(strcmp(vmm.in, "\x0e" "exit\n") == 0);
}

/* Standard input from here on: a terminal where text has been typed. */
static void sit_down(const char *text)
{
	int keyboard = posix_openpt(O_RDWR | O_NOCTTY), terminal;
	struct termios mode;

	CHECK(keyboard >= 0 && grantpt(keyboard) == 0 &&
	      unlockpt(keyboard) == 0);
	terminal = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
	CHECK(terminal >= 0 && tcgetattr(terminal, &mode) == 0);
	cfmakeraw(&mode);
	CHECK(tcsetattr(terminal, TCSANOW, &mode) == 0);
	dup2(terminal, STDIN_FILENO);
	close(terminal);
	vmm.keyboard = keyboard;
	press(&text);
}

/* Typed while "run" is busy; the VMM gets that, and then what leaves. */
static void type_while_busy(const char *keys, bool flood, const char *told)
{
	int status;

	start("> ");
	vmm.busy = true;
	vmm.flood = flood;
	vmm.after_line[0] = "runs\n";
	vmm.typed_while_busy = keys;
	vmm.typed_after_interrupt = "exit\r";
	sit_down("run\r");
	output_of(run_interactive, &status);
	CHECK(status == 0 && strcmp(vmm.in, told) == 0);
	close(vmm.keyboard);
}

static void ctrl_c_is_told_while_a_command_runs(void)
{
	type_while_busy("void\x03", false, "run\r\x03" "exit\r");
	type_while_busy("void\x03", true, "run\r\x03" "exit\r");
}

static void keys_are_told_to_who_does_not_ask(void)
{
	type_while_busy("1234567890q", false, "run\r1234567890qexit\r");
}

static void one_key_leaves_whatever_runs(void)
{
	int status;

	for (int flood = 0; flood < 2; flood++) {
		start("> ");
		vmm.busy = true;
		vmm.flood = flood;
		vmm.after_line[0] = "runs\n";
		vmm.typed_while_busy = "\x1d";
		sit_down("run\r");
		output_of(run_interactive, &status);
		CHECK(status == 0 && strcmp(vmm.in, "run\r") == 0);
		close(vmm.keyboard);
	}
}

/* It asks at once: the program that it belonged to was killed. */
static void an_old_session_is_ended_first(void)
{
	const char *text;
	int status;

	type("help\rexit\r");
	start("");
	vmm.after_line[0] = "old> ";	/* ^D ends a program, then the shell */
	vmm.next_greeting = "new> ";
	vmm.after_line[2] = "commands\nnew> ";
	text = output_of(run_interactive, &status);
	CHECK(strcmp(text, "new> commands\nnew> ") == 0 && status == 0);
	CHECK(strcmp(vmm.in, "help\rexit\r") == 0);

	type("exit\r");
	start("");
	vmm.half_typed = true;
	vmm.next_greeting = "new> ";
	text = output_of(run_interactive, &status);
	CHECK(strcmp(text, "new> ") == 0 && status == 0);
	CHECK(strcmp(vmm.in, "exit\r") == 0);

	start("");
	vmm.deaf = true;		/* it cannot be ended */
	output_of(run_command, &status);
	CHECK(status == STATUS_LOST);
}

int main(void)
{
	a_command_gives_its_output_and_status();
	several_commands_share_a_session();
	a_failure_ends_it_if_so_told();
	each_command_is_asked_for_json();
	a_status_byte_that_heads_no_status_is_output();
	a_command_that_asks_for_input_is_ended();
	a_session_that_ends_too_early_is_an_error();
	a_shell_that_never_ends_is_left();
	a_timeout_interrupts_and_leaves();
	lines_of_input_are_commands();
	a_line_of_any_length_is_refused();
	what_is_typed_goes_to_the_vmm_and_back();
	the_end_of_input_is_told();
	ctrl_c_is_told_while_a_command_runs();
	keys_are_told_to_who_does_not_ask();
	one_key_leaves_whatever_runs();
	an_old_session_is_ended_first();
	printf("%u checks\n", checks);
	return 0;
}
