/* SPDX-License-Identifier: MIT */
/*
 * Reads a configuration as the loader and the VMM do, by their own code, and
 * says what they would say; scripts/tandem-conf runs it. What is built in is
 * as in the build that this program comes from.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/conf.h>

static const char usage[] =
	"usage: tandem-conf check [--section FILE] [--option TEXT] [--secure] "
	"[--values] [FILE]\n"
	"  FILE       tandem.conf\n"
	"  --section  what .tandemcf of the loader would hold\n"
	"  --option   what the boot option would say\n"
	"  --secure   as under Secure Boot, FILE and TEXT not being signed\n"
	"  --values   show all values and where each comes from\n";

static struct conf conf;
static bool secure;

static void tell(const char *line, void *arg)
{
	printf("%s\n", line);
	++*(unsigned int *)arg;
}

/* Whatever is in the file, up to a byte more than a text may have. */
static void read_file(enum conf_source source, const char *name,
		      const struct conf_teller *teller)
{
	static char text[CONF_TEXT_MAX + 1];
	FILE *f = fopen(name, "rb");
	size_t n;

	if (!f) {
		fprintf(stderr, "tandem-conf: %s: %s\n", name, strerror(errno));
		exit(2);
	}
	n = fread(text, 1, sizeof(text), f);
	if (ferror(f)) {
		fprintf(stderr, "tandem-conf: %s cannot be read\n", name);
		exit(2);
	}
	fclose(f);
	/* a section ends where its zeros begin */
	if (source == CONF_SECTION && n <= CONF_TEXT_MAX)
		n = strnlen(text, n);
	conf_read(&conf, source, text, n, CONF_FINE,
		  secure && source != CONF_SECTION, teller);
}

static void show_values(void)
{
	char value[CONF_PCI_MAX], origin[64];

	for (unsigned int key = 0; key < CONF_KEYS; key++) {
		if (!conf_name(key))
			continue;
		conf_value(&conf, key, value, sizeof(value));
		conf_origin(&conf, key, origin, sizeof(origin));
		printf("%-24s %-20s %s\n", conf_name(key), origin, value);
	}
}

static int wrong_usage(void)
{
	fputs(usage, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *section = NULL, *option = NULL, *file = NULL;
	unsigned int told = 0;
	const struct conf_teller teller = { tell, &told };
	bool values = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--section") && i + 1 < argc)
			section = argv[++i];
		else if (!strcmp(argv[i], "--option") && i + 1 < argc)
			option = argv[++i];
		else if (!strcmp(argv[i], "--secure"))
			secure = true;
		else if (!strcmp(argv[i], "--values"))
			values = true;
		else if (argv[i][0] == '-' || file)
			return wrong_usage();
		else
			file = argv[i];
	}
	if (!section && !option && !file && !values)
		return wrong_usage();
	conf_init(&conf);
	if (section)
		read_file(CONF_SECTION, section, &teller);
	if (file)
		read_file(CONF_FILE, file, &teller);
	if (option)
		conf_read(&conf, CONF_OPTION, option, strlen(option),
			  CONF_FINE, secure, &teller);
	conf_finish(&conf, &teller);
	if (values)
		show_values();
	return told ? 1 : 0;
}
