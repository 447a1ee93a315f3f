/* SPDX-License-Identifier: MIT */
/*
 * Does the VMM believe a loader that says anything of where its texts are? What
 * lies outside of RAM, or has an impossible size, is not looked at.
 */
#include "check.h"
#include "../../core/conf/boot.h"

#include <stdarg.h>
#include <string.h>
#include <tandem/conf.h>
#include <tandem/log.h>

static unsigned int checks;
static char logged[65536];
static unsigned int lines;

/* the machine's RAM; the texts lie here, with a byte after them that is none */
static char ram[8192] __attribute__((aligned(4096)));
static struct boot_info info;

void log_msg(enum log_level level, const char *fmt, ...)
{
	size_t n = strlen(logged);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(logged + n, sizeof(logged) - n, fmt, ap);
	va_end(ap);
	strcat(logged, "\n");
	lines++;
}

static void start(const char *text)
{
	memset(&info, 0, sizeof(info));
	memset(ram, 0, sizeof(ram));
	info.n_ranges = 2;
	info.range[0] = (struct boot_range){ (uintptr_t)ram, 4096, BOOT_RAM, 0 };
	info.range[1] = (struct boot_range){ (uintptr_t)ram + 4096, 4096,
					     BOOT_RESERVED, 0 };
	memcpy(ram, text, strlen(text));
	logged[0] = '\0';
	lines = 0;
}

static void place(unsigned int which, uint64_t address, uint32_t size)
{
	info.text[which] = (struct boot_text){ address, size, CONF_FINE };
}

static void read_texts(void)
{
	conf_start(&info);
	CHECK(!lines);		/* there is no log yet */
	conf_tell(&info);
}

static void texts_are_read(void)
{
	const char *text = "dbgsh = n\nlog.level = 0\n";

	start(text);
	place(BOOT_TEXT_FILE, (uintptr_t)ram, (uint32_t)strlen(text));
	read_texts();
	CHECK(tandem_conf.number[CONF_LOG_LEVEL] == 0);
	CHECK(!strcmp(logged, "config: 2 values set by tandem.conf\n"));
	/* up to the last byte of RAM */
	start("");
	memcpy(ram + 4096 - 9, "dbgsh = n", 9);
	place(BOOT_TEXT_OPTION, (uintptr_t)ram + 4096 - 7, 7);
	memcpy(ram + 4096 - 7, "dbgsh=n", 7);
	read_texts();
	CHECK(tandem_conf.number[CONF_DBGSH] == 0 && lines == 1);
	/* none at all */
	start("");
	read_texts();
	CHECK(!lines && !tandem_conf.set[CONF_FILE]);
}

static void not_read(unsigned int which, uint64_t address, uint32_t size,
		     const char *says)
{
	struct conf built_in;

	start("log.level = 0");
	place(which, address, size);
	read_texts();
	conf_init(&built_in);
	CHECK(!memcmp(built_in.number, tandem_conf.number,
		      sizeof(built_in.number)));
	CHECK(lines == 1 && strstr(logged, says));
}

static void nothing_is_read_outside_of_ram(void)
{
	const uint64_t at = (uintptr_t)ram;

	not_read(BOOT_TEXT_FILE, at + 4096, 13, "tandem.conf: cannot be read");
	not_read(BOOT_TEXT_FILE, at + 4090, 7, "cannot be read");
	not_read(BOOT_TEXT_FILE, at - 1, 13, "cannot be read");
	not_read(BOOT_TEXT_FILE, 0, 13, "cannot be read");
	not_read(BOOT_TEXT_SECTION, ~0ull - 4, 13, ".tandemcf: cannot be read");
	not_read(BOOT_TEXT_OPTION, ~0ull, 1, "boot option: cannot be read");
	not_read(BOOT_TEXT_FILE, at, CONF_TEXT_MAX + 1, "longer than 16384");
	not_read(BOOT_TEXT_FILE, 0, ~0u, "longer than 16384");
	/* RAM it is, but not that much of it */
	not_read(BOOT_TEXT_FILE, at, 4097, "cannot be read");
}

static void odd_problems(void)
{
	start("log.level = 0");
	place(BOOT_TEXT_FILE, (uintptr_t)ram, 13);
	info.text[BOOT_TEXT_FILE].problem = 0xffffffff;
	info.text[BOOT_TEXT_OPTION].problem = CONF_NOT_TEXT;
	read_texts();
	CHECK(lines == 2 && !tandem_conf.set[CONF_FILE]);
	CHECK(strstr(logged, "tandem.conf: cannot be read"));
	CHECK(strstr(logged, "boot option: is no text"));
}

static void the_vmm_itself_keeps_to_what_is_signed(void)
{
	start("log.level = 0");
	place(BOOT_TEXT_FILE, (uintptr_t)ram, 13);
	info.flags = BOOT_SECURE;
	read_texts();
	CHECK(strstr(logged, "under Secure Boot only what is signed"));
	CHECK(tandem_conf.number[CONF_LOG_LEVEL] == CONFIG_LOG_LEVEL);
	start("log.level = 0");
	place(BOOT_TEXT_SECTION, (uintptr_t)ram, 13);
	info.flags = BOOT_SECURE;
	read_texts();
	CHECK(tandem_conf.number[CONF_LOG_LEVEL] == 0);
}

static void the_log_is_not_filled(void)
{
	start("");
	for (unsigned int i = 0; i < 4096; i += 2)
		memcpy(ram + i, "x\n", 2);
	place(BOOT_TEXT_FILE, (uintptr_t)ram, 4096);
	read_texts();
	CHECK(lines == 101 && tandem_conf.refused[CONF_FILE] == 2048);
	CHECK(strstr(logged, "config: 1948 more lines like these\n"));
}

int main(void)
{
	texts_are_read();
	nothing_is_read_outside_of_ram();
	odd_problems();
	the_vmm_itself_keeps_to_what_is_signed();
	the_log_is_not_filled();
	printf("%u checks\n", checks);
	return 0;
}
