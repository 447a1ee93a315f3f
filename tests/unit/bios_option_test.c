/* SPDX-License-Identifier: MIT */
/* Does the loader take its own words out of a command line, and no other? */
#include "check.h"
#include "target.h"

#include <string.h>

static unsigned int checks;

static const char *wrong;

/* What is left of a line; the target is t. */
static const char *left_of(const char *line, struct target *t)
{
	static char copy[256];
	size_t size = strlen(line);

	memset(copy, '#', sizeof(copy));
	memcpy(copy, line, size);
	*t = (struct target){ .drive = FIRST_DISK };
	wrong = target_read(copy, &size, t);
	CHECK(size == strlen(line) && copy[size] == '#');
	copy[size] = 0;
	return copy;
}

static void other_words_stay(void)
{
	struct target t;

	CHECK(!strcmp(left_of("", &t), ""));
	CHECK(!strcmp(left_of("a=1 b=\"x boot=0x81\" c", &t),
		      "a=1 b=\"x boot=0x81\" c"));
	CHECK(t.drive == FIRST_DISK && !t.partition && !t.next && !wrong);
	CHECK(!strcmp(left_of("reboot=0x81", &t), "reboot=0x81"));
	CHECK(t.drive == FIRST_DISK);
	/* an unfinished quote */
	CHECK(!strcmp(left_of("a=\"x boot=0x81", &t), "a=\"x boot=0x81"));
}

static void a_name_in_front_goes(void)
{
	struct target t;

	CHECK(!strcmp(left_of("/tandem.elf a=1", &t), "            a=1"));
	CHECK(!strcmp(left_of("tandem.elf", &t), "          "));
	/* only the first word is a name */
	CHECK(!strcmp(left_of("a=1 name", &t), "a=1 name"));
}

static void a_disk_is_chosen(void)
{
	struct target t;

	CHECK(!strcmp(left_of("a=1 boot=0x81\tb=2", &t), "a=1          \tb=2"));
	CHECK(t.drive == 0x81 && !t.partition && !wrong);
	left_of("boot=129,3", &t);
	CHECK(t.drive == 0x81 && t.partition == 3);
	left_of("boot=0x80,60", &t);
	CHECK(t.drive == 0x80 && t.partition == 60 && !wrong);
	left_of("boot=0", &t);
	CHECK(t.drive == 0 && !wrong);
	left_of("boot=0x81 boot=0XfF,4", &t);
	CHECK(t.drive == 0xff && t.partition == 4);
	left_of("boot=next", &t);
	CHECK(t.next && !wrong);
}

static void what_is_wrong_is_told_and_changes_nothing(void)
{
	static const char *const lines[] = {
		"boot=", "boot=0x", "boot=0x100", "boot=256", "boot=8f",
		"boot=0x8g", "boot=,1", "boot=0x80,", "boot=0x80,0",
		"boot=0x80,61", "boot=0x80,1,1", "boot=0x80,x", "boot=nex",
		"boot=0x80,`", "boot=0x8@",
		"boot=next,1", "boot=-1", "boot=4294967424",
	};

	for (unsigned int i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct target t;
		const char *left = left_of(lines[i], &t);

		CHECK(strspn(left, " ") == strlen(lines[i]));
		CHECK(wrong && t.drive == FIRST_DISK && !t.partition &&
		      !t.next);
	}
}

int main(void)
{
	other_words_stay();
	a_name_in_front_goes();
	a_disk_is_chosen();
	what_is_wrong_is_told_and_changes_nothing();
	printf("bios_option: %u checks\n", checks);
	return 0;
}
