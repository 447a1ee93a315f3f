/* SPDX-License-Identifier: MIT */
/*
 * Is a "pci=" string understood as the design describes it, and does one that
 * is not leave a message that names the place and what was expected?
 */
#include "check.h"
#include "../../core/pci/binding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;
static struct binding_set set;
static struct binding_error error;

static const struct binding_device nic = {
	.bus = 3, .slot = 0, .function = 1, .vendor = 0x14e4, .device = 0x165a,
	.subsystem_vendor = 0x106b, .subsystem_device = 0xbc,
	.class_code = 0x020000, .revision = 0x1a, .header_type = 0,
};

static const struct binding_device disk = {
	.slot = 0x1f, .function = 2, .vendor = 0x8086, .device = 0x2922,
	.class_code = 0x010601, .revision = 2,
};

static int parse(const char *text)
{
	int status = binding_parse(text, &set, &error);

	/* what was parsed does not point into the caller's text */
	CHECK(status || !set.n_rules || set.rule[0].driver >= set.text);
	CHECK(!status == !error.what[0]);
	return status;
}

/* bnx lists the NIC, ahci the disk. */
static bool listed(const char *driver, const struct binding_device *d,
		   void *arg)
{
	CHECK(arg == &set);
	return !strcmp(driver, d == &nic ? "bnx" : "ahci");
}

static bool matches(const char *selectors, const struct binding_device *d)
{
	char text[200];

	snprintf(text, sizeof(text), "%s, driver=x", selectors);
	if (parse(text)) {
		printf("%s: column %u: %s\n", text, error.column, error.what);
		exit(1);
	}
	return binding_match(&set.rule[0], d, listed, &set);
}

static void the_canonical_line(void)
{
	const struct binding_rule *r = &set.rule[0];

	CHECK(!parse("device=bnx, number=0, driver=bnx, net=ippass, "
		     "virtio=1"));
	CHECK(set.n_rules == 1 && r->number == 0 && r->n_selectors == 1);
	CHECK(!strcmp(r->driver, "bnx") && r->n_options == 2);
	CHECK(!strcmp(r->option[0].key, "net"));
	CHECK(!strcmp(r->option[0].value, "ippass"));
	CHECK(!strcmp(r->option[1].key, "virtio"));
	CHECK(!strcmp(r->option[1].value, "1"));
	CHECK(binding_match(r, &nic, listed, &set));
	CHECK(!binding_match(r, &disk, listed, &set));
}

static void blanks_do_not_matter(void)
{
	CHECK(!parse("  device = bnx ,\tdriver= bnx,net =pass  ,and,"
		     "driver=none "));
	CHECK(set.n_rules == 2);
	CHECK(!strcmp(set.rule[0].selector[0].value, "bnx"));
	CHECK(!strcmp(set.rule[0].option[0].key, "net"));
	CHECK(!strcmp(set.rule[0].option[0].value, "pass"));
	CHECK(!strcmp(set.rule[1].driver, "none"));
	CHECK(set.rule[1].number == -1 && set.rule[0].number == -1);
}

static void nothing_is_no_rule(void)
{
	CHECK(!parse("") && !set.n_rules);
	CHECK(!parse(" \t ") && !set.n_rules);
}

static void every_selector(void)
{
	CHECK(matches("slot=03:00.1", &nic) && !matches("slot=03:00.0", &nic));
	CHECK(matches("class=0200", &nic) && !matches("class=0200", &disk));
	CHECK(matches("id=14e4:165a", &nic) && matches("id=14E4:165A", &nic));
	CHECK(!matches("id=14e4:1659", &nic));
	CHECK(matches("subsystem=106b:00bc", &nic));
	CHECK(matches("revision=1a", &nic) && matches("rev=1a", &nic));
	CHECK(matches("programming_interface=01", &disk));
	CHECK(matches("if=01", &disk) && !matches("if=01", &nic));
	CHECK(matches("class_code=020000", &nic));
	CHECK(matches("header_type=00", &nic));
	CHECK(matches("device=bnx", &nic) && matches("device=ahci", &disk));
	CHECK(!matches("device=ahci", &nic));
}

static void wildcards_and_alternatives(void)
{
	CHECK(matches("slot=*", &nic) && matches("class_code=*", &disk));
	CHECK(matches("id=14e4:*", &nic) && !matches("id=14e4:*", &disk));
	CHECK(matches("id=*:165a", &nic) && matches("id=1*4:1*a", &nic));
	CHECK(matches("id=*e4*", &nic) && !matches("id=*e5*", &nic));
	CHECK(matches("id=**14e4:165a**", &nic));
	CHECK(!matches("id=14e4:165", &nic) && !matches("id=4e4:165a", &nic));
	CHECK(matches("class=01*|02*", &nic) && matches("class=01*|02*", &disk));
	CHECK(!matches("class=03*|0c*", &nic));
	CHECK(matches("device=ahci|bnx", &nic) && matches("device=e1000|ahci",
							  &disk));
	CHECK(!matches("device=|bn|bnxx|", &nic));
	CHECK(!matches("device=a-name-that-is-longer-than-a-driver-has|bn",
		       &nic));
	/* all selectors have to fit */
	CHECK(matches("id=14e4:*, rev=1a", &nic));
	CHECK(!matches("id=14e4:*, rev=1b", &nic));
}

static void without_selectors_the_drivers_list_decides(void)
{
	CHECK(!parse("driver=bnx, net=pass"));
	CHECK(binding_match(&set.rule[0], &nic, listed, &set));
	CHECK(!binding_match(&set.rule[0], &disk, listed, &set));
	/* number= selects among these and forces nothing */
	CHECK(!parse("number=1, driver=bnx"));
	CHECK(set.rule[0].number == 1);
	CHECK(!binding_match(&set.rule[0], &disk, listed, &set));
	/* class_code and id force the driver on what they name */
	CHECK(matches("class_code=010601", &disk));
}

static void refused(const char *text, unsigned int column, const char *says)
{
	int status = parse(text);

	if (status < 0 && error.column == column && strstr(error.what, says)) {
		checks++;
		return;
	}
	printf("\"%s\": status %d, column %u: %s\n", text, status,
	       error.column, error.what);
	exit(1);
}

static void errors_name_the_place(void)
{
	refused("device=bnx, number=0 driver", 13, "decimal number");
	refused("device=bnx", 11, "without driver=");
	refused("device=bnx, and, driver=none", 13, "without driver=");
	refused("driver=none, and", 17, "without driver=");
	refused("driver=none, and,", 18, "nothing between");
	refused("driver=bnx,, net=pass", 12, "nothing between");
	refused(",driver=bnx", 1, "nothing between");
	refused("bnx", 1, "name=value");
	refused("driver=bnx, ippass", 13, "name=value");
	refused("=bnx", 1, "name is missing");
	refused("device=, driver=bnx", 1, "value is missing");
	refused("colour=red, driver=bnx", 1, "unknown selector");
	refused("driver=bnx, driver=bnx", 13, "second driver=");
	refused("driver=bnx, slot=00:01.0", 13, "selectors come first");
	refused("driver=bnx, number=0", 13, "selectors come first");
	refused("number=1, number=1, driver=bnx", 11, "second number=");
	refused("number=-1, driver=bnx", 1, "decimal number");
	refused("number=2560, driver=bnx", 1, "decimal number");
	refused("number=99999999999999999999, driver=bnx", 1, "decimal");
	refused("device=a, device=b, driver=bnx", 11, "twice");
	refused("driver=bnx, net=pass, net=ip", 23, "twice");
	refused("driver=b\nnx", 9, "printable");
	refused("driver=bn\xc3\xa4", 10, "printable");
	CHECK(!parse("number=2559, driver=bnx") && set.rule[0].number == 2559);
}

static void bounds(void)
{
	char text[1024];
	size_t n = 0;

	/* eight rules, not nine */
	for (unsigned int i = 0; i < BINDING_RULES; i++)
		n += (size_t)sprintf(text + n, "%sdriver=none",
				     i ? ",and," : "");
	CHECK(!parse(text) && set.n_rules == BINDING_RULES);
	strcpy(text + n, ",and,driver=none");
	refused(text, (unsigned int)n + 2, "too many rules");

	/* eight options, not nine */
	n = (size_t)sprintf(text, "driver=x");
	for (unsigned int i = 0; i < BINDING_PAIRS; i++)
		n += (size_t)sprintf(text + n, ",o%u=1", i);
	CHECK(!parse(text) && set.rule[0].n_options == BINDING_PAIRS);
	strcpy(text + n, ",o9=1");
	refused(text, (unsigned int)n + 2, "too many items");

	/* 511 characters, not 512 */
	strcpy(text, "driver=");
	memset(text + 7, 'x', sizeof(text) - 7);
	text[BINDING_TEXT_MAX - 1] = '\0';
	CHECK(!parse(text) && strlen(set.rule[0].driver) == 511 - 7);
	text[BINDING_TEXT_MAX - 1] = 'x';
	text[BINDING_TEXT_MAX] = '\0';
	CHECK(parse(text) == -E2BIG);
}

/* A pattern of stars must not take for ever. */
static void patterns_end(void)
{
	char selector[120] = "id=";

	memset(selector + 3, '*', 100);
	strcpy(selector + 103, "z");
	CHECK(!matches(selector, &nic));
	CHECK(!matches("id=*1*1*1*1*1*1*1*1*1*1*1*1*1*1*", &nic));
}

int main(void)
{
	the_canonical_line();
	blanks_do_not_matter();
	nothing_is_no_rule();
	every_selector();
	wildcards_and_alternatives();
	without_selectors_the_drivers_list_decides();
	errors_name_the_place();
	bounds();
	patterns_end();
	printf("%u checks\n", checks);
	return 0;
}
