/* SPDX-License-Identifier: MIT */
/*
 * Are texts of the configuration understood as docs/configuration.md describes
 * them, and is whatever is wrong in one told with its place, the value staying?
 */
#include "check.h"

#include <tandem/conf.h>

#include <stdlib.h>
#include <string.h>

static unsigned int checks;
static struct conf conf;
static char told[65536];		/* lines that were told */
static unsigned int lines;

static void tell(const char *line, void *arg)
{
	CHECK(arg == &conf);
	CHECK(strlen(line) < CONF_LINE_MAX && !strchr(line, '\n'));
	strcat(strcat(told, line), "\n");
	lines++;
}

static const struct conf_teller teller = { tell, &conf };

static void start(void)
{
	conf_init(&conf);
	told[0] = '\0';
	lines = 0;
}

/* A copy of exactly that size, so that a read beyond its end is noticed. */
static void read_n(enum conf_source source, const char *text, size_t n,
		   bool restricted)
{
	char *copy = malloc(n ? n : 1);

	memcpy(copy, text, n);
	conf_read(&conf, source, copy, n, CONF_FINE, restricted, &teller);
	free(copy);
}

static void read_file(const char *text)
{
	read_n(CONF_FILE, text, strlen(text), false);
}

static bool is(enum conf_key key, const char *value)
{
	char text[CONF_PCI_MAX];

	conf_value(&conf, key, text, sizeof(text));
	if (strcmp(text, value))
		printf("%s is %s\n", conf_name(key), text);
	return !strcmp(text, value);
}

static bool comes_from(enum conf_key key, const char *origin)
{
	char text[64];

	conf_origin(&conf, key, text, sizeof(text));
	return !strcmp(text, origin);
}

/* One text alone: exactly this line is told, and no value has changed. */
static void refused(const char *text, size_t n, const char *says)
{
	struct conf before;

	start();
	before = conf;
	read_n(CONF_FILE, text, n, false);
	if (lines != 1 || strcmp(told, says) != 0 || conf.refused[CONF_FILE] != 1) {
		printf("%s: told %u lines:\n%s", text, lines, told);
		exit(1);
	}
	CHECK(!memcmp(conf.number, before.number, sizeof(conf.number)));
	CHECK(!strcmp(conf.pci, before.pci) && !conf.set[CONF_FILE]);
	CHECK(!memcmp(conf.origin, before.origin, sizeof(conf.origin)));
}

static void refuse(const char *text, const char *says)
{
	refused(text, strlen(text), says);
}

/* The same for a value: what is told goes on with the one that stays. */
static void refuse_value(const char *text, enum conf_key key, const char *says)
{
	char value[64], line[300];

	start();
	conf_value(&conf, key, value, sizeof(value));
	snprintf(line, sizeof(line), "%s; the default %s stays\n", says, value);
	refuse(text, line);
}

static void all_keys(void)
{
	start();
	read_file("# all of them\n"
		  "pci = device=bnx, number=1, driver=bnx, net=pass\n"
		  "\n"
		  "ip.address=10.1.2.3\n"
		  "\tip.netmask =\t255.255.0.0 # of the lab\n"
		  "ip.gateway = \"10.1.0.1\"\r\n"
		  "echo.server.port = 65535\n"
		  "echo.server.autostart = y\n"
		  "log.level = 3\n"
		  "log.serial_port = 0x3F8\n"
		  "dbgsh = n\n"
		  "panic.reboot = y\n"
		  "boot.next = /EFI/a b\\x.efi\n"
		  "boot.menu = y");
	conf_finish(&conf, &teller);
	CHECK(!lines && conf.set[CONF_FILE] == 12 && !conf.refused[CONF_FILE]);
	CHECK(is(CONF_PCI, "device=bnx, number=1, driver=bnx, net=pass"));
	CHECK(is(CONF_IP_ADDRESS, "10.1.2.3") && is(CONF_IP_NETMASK, "255.255.0.0"));
	CHECK(is(CONF_IP_GATEWAY, "10.1.0.1") && is(CONF_ECHO_PORT, "65535"));
	CHECK(is(CONF_ECHO_AUTOSTART, "y") && is(CONF_LOG_LEVEL, "3"));
	CHECK(is(CONF_LOG_SERIAL_PORT, "0x3f8") && is(CONF_DBGSH, "n"));
	CHECK(is(CONF_PANIC_REBOOT, "y") && conf.number[CONF_PANIC_REBOOT] == 1);
	CHECK(is(CONF_BOOT_NEXT, "/EFI/a b\\x.efi") && is(CONF_BOOT_MENU, "y"));
	/* as in a packet */
	CHECK(!memcmp(&conf.number[CONF_IP_ADDRESS], "\x0a\1\2\3", 4));
	CHECK(comes_from(CONF_PCI, "tandem.conf line 2"));
	CHECK(comes_from(CONF_PANIC_REBOOT, "tandem.conf line 12"));
}

static void built_in_values(void)
{
	start();
	CHECK(is(CONF_PCI, CONFIG_PCI_BINDINGS));
	CHECK(is(CONF_IP_ADDRESS, CONFIG_IP_ADDRESS));
	CHECK(conf.number[CONF_LOG_LEVEL] == CONFIG_LOG_LEVEL);
	CHECK(conf.number[CONF_LOG_SERIAL_PORT] == CONFIG_LOG_SERIAL_PORT);
	CHECK(comes_from(CONF_IP_ADDRESS, "built in"));
	conf_finish(&conf, &teller);
	CHECK(!lines && is(CONF_IP_GATEWAY, CONFIG_IP_GATEWAY));
}

static void later_sources_win(void)
{
	const char section[] = "ip.address = 10.1.1.1\nlog.level = 0\n";
	const char option[] = "ip.address=10.3.3.3 pci=\"driver=none, and\"";

	start();
	read_n(CONF_SECTION, section, strlen(section), false);
	read_file("ip.address = 10.2.2.2\necho.server.port = 9\n"
		  "log.level = high\n");
	read_n(CONF_OPTION, option, strlen(option), false);
	CHECK(is(CONF_IP_ADDRESS, "10.3.3.3") && is(CONF_LOG_LEVEL, "0"));
	CHECK(comes_from(CONF_IP_ADDRESS, "boot option word 1"));
	CHECK(comes_from(CONF_ECHO_PORT, "tandem.conf line 2"));
	CHECK(comes_from(CONF_LOG_LEVEL, ".tandemcf line 2"));
	CHECK(lines == 2);
	CHECK(strstr(told, "tandem.conf line 3: log.level: expected a number "
		     "from 0 to 3, found \"high\"; 0 of .tandemcf line 2 "
		     "stays\n"));
	CHECK(strstr(told, "boot option word 2: pci: column 17: rule without "
		     "driver=NAME, found \"driver=none, and\"; the default "));
}

#define HOST	"tandem.conf line 1: ip.address: expected an IPv4 address of " \
		"a host, such as 192.168.0.50, found "

static void bad_addresses(void)
{
	static const char *const bad[] = {
		"300.1.1.1", "10.1.2", "10.1.2.3.4", "10.1.2.", ".1.2.3",
		"10..2.3", "010.1.2.3", "10.1.2.0x3", "10.1.2.3 4", "0.0.0.0",
		"127.0.0.1", "224.0.0.1", "255.255.255.255", "host", "1",
		"4294967306.1.2.3", "",
	};
	char text[64], says[200];

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "ip.address = %s", bad[i]);
		snprintf(says, sizeof(says), HOST "\"%s\"", bad[i]);
		refuse_value(text, CONF_IP_ADDRESS, says);
	}
	refuse_value("ip.address = a-name-that-is-much-longer-than.example",
		     CONF_IP_ADDRESS,
		     HOST "\"a-name-that-is-much-longer-than....\"");
	refuse_value("ip.netmask = 255.0.255.0", CONF_IP_NETMASK,
		     "tandem.conf line 1: ip.netmask: expected an IPv4 "
		     "netmask, ones then zeros, such as 255.255.255.0, found "
		     "\"255.0.255.0\"");
	refuse_value("ip.gateway = 239.0.0.1", CONF_IP_GATEWAY,
		     "tandem.conf line 1: ip.gateway: expected an IPv4 "
		     "address, such as 192.168.0.1, or 0.0.0.0 for none, found "
		     "\"239.0.0.1\"");
}

#define ECHO	"tandem.conf line 1: echo.server.port: expected a number " \
		"from 1 to 65535, found "
#define SERIAL	"tandem.conf line 1: log.serial_port: expected the I/O port " \
		"of a serial port, such as 0x2f8, or 0, found "
#define PROGRAM	"tandem.conf line 1: boot.next: expected a program's path, " \
		"such as \\EFI\\debian\\shimx64.efi, or nothing, found "
#define QUOTES	"tandem.conf line 1: dbgsh: expected one pair of quotes " \
		"around the value"

static void bad_values(void)
{
	refuse_value("\n\nlog.level = 4", CONF_LOG_LEVEL, "tandem.conf line "
		     "3: log.level: expected a number from 0 to 3, found "
		     "\"4\"");
	refuse_value("echo.server.port = 0", CONF_ECHO_PORT, ECHO "\"0\"");
	refuse_value("echo.server.port = 99999999999999999999", CONF_ECHO_PORT,
		     ECHO "\"99999999999999999999\"");
	refuse_value("panic.reboot = yes", CONF_PANIC_REBOOT, "tandem.conf "
		     "line 1: panic.reboot: expected y or n, found \"yes\"");
	refuse_value("log.serial_port = 0xcf8", CONF_LOG_SERIAL_PORT,
		     SERIAL "\"0xcf8\"");
	refuse_value("log.serial_port = 760", CONF_LOG_SERIAL_PORT,
		     SERIAL "\"760\"");
	refuse_value("boot.next = EFI\\x.efi", CONF_BOOT_NEXT, PROGRAM
		     "\"EFI\\x.efi\"");
	refuse_value("dbgsh = \"n", CONF_DBGSH, QUOTES);
	refuse_value("dbgsh = n\"\"", CONF_DBGSH, QUOTES);
}

static void bad_keys(void)
{
	refuse("ip.adress = 10.1.2.3", "tandem.conf line 1: unknown key "
	       "\"ip.adress\"; not used\n");
	refuse("IP.ADDRESS = 10.1.2.3", "tandem.conf line 1: unknown key "
	       "\"IP.ADDRESS\"; not used\n");
	refuse("= y", "tandem.conf line 1: unknown key \"\"; not used\n");
	refuse("dbgsh", "tandem.conf line 1: expected key = value, found "
	       "\"dbgsh\"; not used\n");
	refuse("net.bnx = n", "tandem.conf line 1: net.bnx is decided when "
	       "Tandem is built (CONFIG_NET_BNX=y); not used\n");
	refuse("echo.port = 9", "tandem.conf line 1: unknown key \"echo.port\","
	       " expected \"echo.server.port\"; not used\n");
}

/* A password in the place of its hash, without "=" at that, is not told. */
static void secrets(void)
{
	static const char option[] = "mgmt.password hunter2 quiet";

	refuse("mgmt.password hunter2", "tandem.conf line 1: mgmt.password: "
	       "expected a hash behind \"=\"; not used\n");
	refuse("mgmt.password_read: hunter2", "tandem.conf line 1: "
	       "mgmt.password_read: expected a hash behind \"=\"; not used\n");
	start();
	read_n(CONF_OPTION, option, strlen(option), false);
	CHECK(lines == 3 && !strstr(told, "hunter2"));
	CHECK(strstr(told, "word 2: expected key = value, found \"...\""));
	CHECK(strstr(told, "word 3: expected key = value, found \"quiet\""));
}

static void no_text(void)
{
	static char much[CONF_TEXT_MAX + 1];

	refuse("# \xc3\xa4 is fine\ndbgsh = \xff\n", "tandem.conf line 2: "
	       "expected UTF-8, found byte 0xff at 9; not used\n");
	refuse("# too short: \xe2\x82", "tandem.conf line 1: expected UTF-8, "
	       "found byte 0xe2 at 14; not used\n");
	refuse("#\xc0\x80", "tandem.conf line 1: expected UTF-8, found byte "
	       "0xc0 at 2; not used\n");
	refuse("#\xed\xa0\x80", "tandem.conf line 1: expected UTF-8, found "
	       "byte 0xed at 2; not used\n");
	refuse("#\xf4\x90\x80\x80", "tandem.conf line 1: expected UTF-8, found "
	       "byte 0xf4 at 2; not used\n");
	refuse("dbgsh = \033[1mn", "tandem.conf line 1: a control character "
	       "(0x1b) at 9; not used\n");
	refused("dbgsh = n\0", 10, "tandem.conf line 1: a control character "
		"(0x00) at 10; not used\n");
	refuse("dbgsh = \rn", "tandem.conf line 1: a control character (0x0d) "
	       "at 9; not used\n");
	refused("\xff\xfe" "d\0b\0g\0", 8, "tandem.conf: expected UTF-8, found "
		"UTF-16; nothing of it is used\n");
	memset(much, '\n', sizeof(much));
	memcpy(much, "dbgsh = n", 9);
	refused(much, sizeof(much), "tandem.conf: longer than 16384 bytes; "
		"nothing of it is used\n");
	start();
	read_n(CONF_FILE, much, sizeof(much) - 1, false);
	CHECK(!lines && is(CONF_DBGSH, "n"));
	start();
	read_file("\xef\xbb\xbf" "dbgsh = n\r\n# \xf0\x9f\x99\x82\r\n");
	CHECK(!lines && is(CONF_DBGSH, "n"));
	start();
	read_file("");
	CHECK(!lines);
	conf_read(&conf, CONF_OPTION, NULL, 0, CONF_NOT_TEXT, false, &teller);
	conf_read(&conf, CONF_FILE, NULL, 0, CONF_UNREADABLE, false, &teller);
	CHECK(!strcmp(told, "boot option: is no text; nothing of it is used\n"
		      "tandem.conf: cannot be read; nothing of it is used\n"));
}

static void the_others_count(void)
{
	start();
	read_file("ip.address = 10.1.2.3\nnonsense\nlog.level = 9\n"
		  "ip.address = 10.9.9.9\nlog.level = 1\n");
	CHECK(lines == 3 && conf.refused[CONF_FILE] == 3);
	CHECK(is(CONF_IP_ADDRESS, "10.1.2.3") && is(CONF_LOG_LEVEL, "1"));
	CHECK(strstr(told, "line 4: ip.address: set twice; 10.1.2.3 of "
		     "tandem.conf line 1 stays\n"));
}

static void words(void)
{
	const char option[] = "  dbgsh=n\tpci=\"driver=none, slot=1\" quiet "
			      "ip.address=10.1.2.3 \"x y\" =1 log.level=\"2";

	start();
	read_n(CONF_OPTION, option, strlen(option), false);
	CHECK(is(CONF_DBGSH, "n") && is(CONF_IP_ADDRESS, "10.1.2.3"));
	CHECK(lines == 5);
	CHECK(strstr(told, "boot option word 2: pci: column 14: a selector"));
	CHECK(strstr(told, "word 3: expected key = value, found \"quiet\""));
	CHECK(strstr(told, "word 5: expected key = value, found \"\"x y\"\""));
	CHECK(strstr(told, "word 6: unknown key \"\""));
	CHECK(strstr(told, "word 7: log.level: expected one pair of quotes"));
	CHECK(comes_from(CONF_IP_ADDRESS, "boot option word 4"));
}

static void what_nobody_signed(void)
{
	static const char text[] =
		"pci = driver=none, and\nip.address = 10.1.2.3\n"
		"ip.netmask = 255.0.0.0\nip.gateway = 0.0.0.0\n"
		"echo.server.port = 9\necho.server.autostart = y\n"
		"log.level = 3\nlog.serial_port = 0\ndbgsh = n\n"
		"panic.reboot = y\n";
	static const enum conf_key closed[] = {
		CONF_PCI, CONF_LOG_LEVEL, CONF_LOG_SERIAL_PORT, CONF_DBGSH,
		CONF_PANIC_REBOOT,
	};

	start();
	read_n(CONF_FILE, text, strlen(text), true);
	CHECK(lines == 5 && conf.set[CONF_FILE] == 5);
	for (unsigned int i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		CHECK(comes_from(closed[i], "built in"));
	CHECK(comes_from(CONF_ECHO_AUTOSTART, "tandem.conf line 6"));
	CHECK(strstr(told, "line 9: dbgsh: under Secure Boot only what is "
		     "signed may set it; the default "));
}

static void values_that_do_not_fit_together(void)
{
	start();
	read_file("ip.address = 10.9.9.9\n");
	conf_finish(&conf, &teller);
	CHECK(lines == 1 && is(CONF_IP_ADDRESS, "10.9.9.9"));
	CHECK(is(CONF_IP_GATEWAY, "0.0.0.0"));
	CHECK(comes_from(CONF_IP_GATEWAY, "undone, see the log"));
	CHECK(conf.set[CONF_FILE] == 1);	/* the gateway was built in */
	CHECK(!strcmp(told, "ip.gateway: " CONFIG_IP_GATEWAY " is not in the "
		      "network of ip.address 10.9.9.9; there is no gateway\n"));
	for (unsigned int i = 0; i < 2; i++) {
		start();
		read_file(i ? "ip.address = 10.9.9.255" : "ip.address = 10.9.9.0");
		conf_finish(&conf, &teller);
		CHECK(lines == 1 && is(CONF_IP_ADDRESS, CONFIG_IP_ADDRESS));
		CHECK(strstr(told, i ? "is the broadcast address of its network"
			     : "is the first address of its network"));
		CHECK(comes_from(CONF_IP_ADDRESS, "built in"));
		CHECK(!conf.set[CONF_FILE] && !conf.set[CONF_BUILT_IN]);
	}
	start();
	read_file("log.level = 1\nip.gateway = 10.9.9.9\n");
	conf_finish(&conf, &teller);
	CHECK(lines == 1 && conf.set[CONF_FILE] == 1);
	CHECK(comes_from(CONF_IP_GATEWAY, "undone, see the log"));
	start();
	read_file("ip.address = 10.9.9.8\nip.netmask = 255.255.255.254\n"
		  "ip.gateway = 10.9.9.9");
	conf_finish(&conf, &teller);
	CHECK(!lines && is(CONF_IP_GATEWAY, "10.9.9.9"));
}

/* Whatever Kconfig knows is a key or is refused by name. */
static void nothing_is_left_out(void)
{
	struct conf_fixed fixed;
	char text[300];
	unsigned int n = 0;

	for (; conf_fixed(n, &fixed); n++) {
		start();
		snprintf(text, sizeof(text), "%s = 1", fixed.name);
		read_file(text);
		CHECK(lines == 1 && strstr(told, "is decided when Tandem"));
	}
	CHECK(n >= 10);
}

static void choices_and_mac_addresses(void)
{
	static const char *const wrong[] = {
		"ip.mac = 01:00:00:00:00:01", "ip.mac = 00:00:00:00:00:00",
		"ip.mac = 02:00:00:00:00", "ip.mac = 02-00-00-00-00-01",
		"ip.mac = 02:00:00:00:00:0g", "ip.mac = Shared",
		"ip.mac = 02:00:00:00:00:01:", "ip.mode = DHCP", "ip.mode = ",
		"ip.mtu = 575", "ip.mtu = 1501", "ipv6 = yes",
		"ip.vlan = 4095", "ip.vlan = -1", "ip.vlan = 0x5", "ip.vlan =",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		start();
		read_file(wrong[i]);
		CHECK(lines == 1 && strstr(told, " line 1: ip"));
		CHECK(is(CONF_IP_MAC, "shared") && is(CONF_IP_MODE, "static"));
	}
	start();
	read_file("ip.mode = dhcp\nip.mac = 02:AB:cd:00:09:ff\nip.mtu = 576\n"
		  "ipv6 = n\nip.vlan = 4094\n");
	CHECK(!lines && is(CONF_IP_MAC, "02:ab:cd:00:09:ff"));
	CHECK(is(CONF_IP_MODE, "dhcp") && is(CONF_IP_MTU, "576"));
	CHECK(is(CONF_IP_VLAN, "4094"));
	CHECK(is(CONF_IPV6, "n") && conf.mac[1] == 0xab);
	read_n(CONF_OPTION, "ip.mac=own", 10, true);
	CHECK(is(CONF_IP_MAC, "own"));
}

static void name_servers(void)
{
	static const char *const wrong[] = {
		"10.0.2", "10.0.2.3,", ",10.0.2.3", "10.0.2.3 10.0.2.4",
		"10.0.2.3,10.0.2.4,10.0.2.5", "10.0.2.3,0.0.0.0", "::1",
		"224.0.0.251", "10.0.2.3,,10.0.2.4", ",", "dns.test",
	};
	char text[64];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "ip.dns = %s", wrong[i]);
		start();
		read_file(text);
		CHECK(lines == 1 && strstr(told, "one or two IPv4 addresses"));
		CHECK(is(CONF_IP_DNS, "0.0.0.0"));
	}
	start();
	read_n(CONF_FILE, "ip.dns = 10.0.2.3 , 10.0.2.4", 28, true);
	CHECK(!lines && is(CONF_IP_DNS, "10.0.2.3,10.0.2.4"));
	CHECK(!memcmp(conf.dns, "\xa\0\2\3\xa\0\2\4", 8));
	read_n(CONF_OPTION, "ip.dns=10.0.2.9", 15, true);
	CHECK(is(CONF_IP_DNS, "10.0.2.9") && !conf.dns[1]);
	start();
	read_file("ip.dns = 0.0.0.0");
	read_n(CONF_OPTION, "ip.dns=\"\"", 9, false);
	CHECK(!lines && is(CONF_IP_DNS, "0.0.0.0") && !conf.dns[0]);
}

#define LABEL_63 "123456789-123456789-123456789-123456789-123456789-123456789-x23"

/* The log is no place for a password, nor for its hash. */
static void passwords_are_not_told(void)
{
	static const char *const wrong[] = {
		"mgmt.password=hunter22", "mgmt.password_read = \"hunter22\"",
		"mgmt.password=$hunter22 x", "mgmt.password=\"hunter22\" x",
		"mgmt.password=$hunter22\nmgmt.password=hunter22",
	};

	if (!conf_name(CONF_MGMT_PASSWORD))
		return;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		start();
		read_file(wrong[i]);
		CHECK(lines == 1 && !strstr(told, "hunter"));
	}
	CHECK(is(CONF_MGMT_PASSWORD, "...") && is(CONF_MGMT_PASSWORD_READ, ""));
}

static void receivers_of_the_log(void)
{
	static const char *const wrong[] = {
		"300.1.1.1", "10.1", "10.0.0.010", "0x7f000001", "127.0.0.1",
		"255.255.255.255", "a..b", ".a", "a.", "-a", "a-", "a b",
		"a_b.test", "log.test:514", "[fe80::1]", "::", "1::2::3",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::1", "1:", ":1",
		"ff02::1", "::ffff:10.0.0.1", "fe80::1%eth0", "g::1",
		"x" LABEL_63 ".test", "1:2:3:4:5:6:7::8",
		LABEL_63 "." LABEL_63 ".b",
	};
	static const char *const right[] = {
		"10.0.2.2", "log", "Log-1.example.net", "3com.example.net",
		LABEL_63 ".test", "fe80::1", "::1", "2001:db8::",
		"1:2:3:4:5:6:7:8", "ff::1", "xn--bcher-kva.example",
	};
	char text[200];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "syslog.address = %s", wrong[i]);
		start();
		read_file(text);
		CHECK(lines == 1 && strstr(told, "syslog.address: expected "));
		CHECK(!conf.syslog[0]);
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		snprintf(text, sizeof(text), "syslog.address = %s\n"
			 "syslog.port = 65535\n", right[i]);
		start();
		read_n(CONF_FILE, text, strlen(text), true);
		CHECK(!lines && is(CONF_SYSLOG_ADDRESS, right[i]));
		CHECK(is(CONF_SYSLOG_PORT, "65535"));
	}
	read_n(CONF_OPTION, "syslog.address=0.0.0.0", 22, false);
	CHECK(!lines && !conf.syslog[0] && is(CONF_SYSLOG_ADDRESS, "0.0.0.0"));
	/* two keys of one type */
	if (conf_name(CONF_SNTP_SERVER)) {
		start();
		read_file("sntp.server=time.test\nsyslog.address=log.test");
		CHECK(!lines && is(CONF_SNTP_SERVER, "time.test"));
		CHECK(is(CONF_SYSLOG_ADDRESS, "log.test"));
	}
	/* shorter than the first group of others, and nothing behind it */
	start();
	read_file("syslog.address=::1");
	CHECK(!lines && is(CONF_SYSLOG_ADDRESS, "::1"));
}

#define DIGEST	"00112233445566778899aabbccddeeff" \
		"00112233445566778899aabbccddeeff"

/* Whom the log goes to by TLS, and at which port. */
static void syslog_by_tls(void)
{
	static const char *const wrong[] = {
		"00", DIGEST "00", "0" DIGEST, "sha256", "00:" DIGEST,
		"g0112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff",
	};
	char text[200];

	start();
	CHECK(is(CONF_SYSLOG_FINGERPRINT, "") && is(CONF_SYSLOG_TLS, "n"));
	read_file("syslog.fingerprint = " DIGEST);
	CHECK(!lines && is(CONF_SYSLOG_FINGERPRINT, DIGEST));
	CHECK(conf.syslog_fingerprint[1] == 0x11);
	start();
	read_file("syslog.fingerprint =");
	CHECK(!lines && is(CONF_SYSLOG_FINGERPRINT, ""));
	start();
	read_file("syslog.fingerprint = 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:"
		  "DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
	CHECK(!lines && is(CONF_SYSLOG_FINGERPRINT, DIGEST));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "syslog.fingerprint = %s",
			 wrong[i]);
		start();
		read_file(text);
		CHECK(lines == 1 &&
		      strstr(told, "syslog.fingerprint: expected "));
		CHECK(is(CONF_SYSLOG_FINGERPRINT, ""));
	}
	start();
	read_file("syslog.tls = y");
	conf_finish(&conf, NULL);
	CHECK(is(CONF_SYSLOG_PORT, "6514"));
	start();
	read_file("syslog.tls = y\nsyslog.port = 514");
	conf_finish(&conf, NULL);
	CHECK(is(CONF_SYSLOG_PORT, "514"));
}

int main(void)
{
	name_servers();
	if (conf_name(CONF_SYSLOG_TLS))
		syslog_by_tls();
	if (conf_name(CONF_SYSLOG_ADDRESS))
		passwords_are_not_told();
	receivers_of_the_log();
	choices_and_mac_addresses();
	built_in_values();
	all_keys();
	later_sources_win();
	bad_addresses();
	bad_values();
	bad_keys();
	secrets();
	no_text();
	the_others_count();
	words();
	what_nobody_signed();
	values_that_do_not_fit_together();
	nothing_is_left_out();
	printf("%u checks\n", checks);
	return 0;
}
