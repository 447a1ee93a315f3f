/* SPDX-License-Identifier: MIT */
/* Does Tab in the shell offer what may follow, and nothing else? */
#include "check.h"

#include <domain/usage.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

const struct usage usage_help = { .name = "help" };
const struct usage usage_echo = {
	.name = "echo",
	.next = { { "", "server client" }, { "server", "start stop" },
		  { "client send", "text  bytes" } },
};

/* The words for what is typed, each followed by a comma. */
static void offers(const char *text, const char *wanted)
{
	char words[200] = "";
	const char *w;

	for (unsigned int n = 0; (w = usage_word(text, strlen(text), n)); n++) {
		strcat(words, w);
		strcat(words, ",");
	}
	if (strcmp(words, wanted))
		printf("\"%s\": %s\n", text, words);
	CHECK(strcmp(words, wanted) == 0);
}

int main(void)
{
	static char many[600];

	offers("", "echo,help,");
	offers("  ", "echo,help,");
	offers("echo ", "server,client,");
	offers("echo  server ", "start,stop,");
	offers("echo serve ", "server,client,");
	offers("echo servers ", "server,client,");
	offers("echo server start ", "start,stop,");
	offers("echo client ", "server,client,");
	offers("echo client send ", "text,bytes,");
	offers("help ", "echo,help,");
	offers("none ", "");
	offers("ech ", "");
	memset(many, 'x', sizeof(many) - 2);
	many[sizeof(many) - 2] = ' ';
	offers(many, "");
	CHECK(!usage_find("ech") && usage_find("echo") == &usage_echo);
	CHECK(usage_get(0) == &usage_echo && !usage_get(2));
	printf("%u checks\n", checks);
	return 0;
}
