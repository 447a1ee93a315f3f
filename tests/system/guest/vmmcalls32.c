/* SPDX-License-Identifier: MIT */
/*
 * vmmcalls32: VMM calls from a 32-bit program above a 64-bit kernel, that is,
 * from compatibility mode; for test_vmmcalls.py. Without a C library: system
 * calls by int $0x80. One line each, "vmmcalls32: NAME RESULT" in decimal.
 */
#define SYS_EXIT	1
#define SYS_WRITE	4
#define SYS_MODIFY_LDT	123

#define LDT_0		7		/* selector: entry 0, CPL 3 */
#define LDT_DATA	0
#define LDT_DOWN	1
#define LDT_CODE	2

/* As Linux has it (asm/ldt.h). */
struct user_desc {
	unsigned int entry, base, limit;
	unsigned int seg_32bit:1, contents:2, read_exec_only:1,
		     limit_in_pages:1, seg_not_present:1, useable:1;
};

static int system_call(int number, int a, const void *b, int c)
{
	int result;

	__asm__ volatile("int	$0x80" : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

/* With DS as told, and back as it was. */
static unsigned int call(unsigned int number, unsigned int ebx,
			 unsigned int ecx, unsigned int ds)
{
	__asm__ volatile("push	%%ds\n\t"
			 "mov	%w3, %%ds\n\t"
			 "vmmcall\n\t"
			 "pop	%%ds"
			 : "+a"(number) : "b"(ebx), "c"(ecx), "d"(ds)
			 : "memory");
	return number;
}

static unsigned int own_ds(void)
{
	unsigned int ds;

	__asm__("mov	%%ds, %0" : "=r"(ds));
	return ds;
}

static unsigned int length(const char *text)
{
	unsigned int n = 0;

	while (text[n])
		n++;
	return n;
}

static void put(const char *text)
{
	system_call(SYS_WRITE, 1, text, (int)length(text));
}

static void say(const char *what, unsigned int value)
{
	char digits[12], *p = digits + 11;

	*p = 0;
	do
		*--p = (char)('0' + value % 10);
	while (value /= 10);
	put("vmmcalls32: ");
	put(what);
	put(" ");
	put(p);
	put("\n");
}

static unsigned int descriptor(unsigned int base, unsigned int limit,
			       unsigned int contents, unsigned int fixed)
{
	struct user_desc d = {
		.base = base, .limit = limit, .seg_32bit = 1,
		.contents = contents, .read_exec_only = fixed, .useable = 1,
	};

	if (system_call(SYS_MODIFY_LDT, 1, &d, sizeof(d)) < 0)
		say("no-ldt", 1);
	return LDT_0;
}

static char name[] = "dbgsh", status_name[] = "get_status", buffer[64];

static unsigned int status(unsigned int ebx, unsigned int ds)
{
	unsigned int number = call(0, (unsigned int)status_name, 0, own_ds());

	buffer[0] = 0;
	call(number, ebx, sizeof(buffer), ds);
	return buffer[0] == 'r';		/* "release: " */
}

void _start(void);
void _start(void)
{
	unsigned int flat = own_ds(), at = (unsigned int)name;
	unsigned int to = (unsigned int)buffer;

	say("dbgsh", call(0, at, 0, flat));
	say("unknown", call(0, at + 1, 0, flat));
	say("null", call(0, 0, 0, flat));
	say("high", call(0, 0xfffffff0, 0, flat));
	say("number", call(0xffffffff, at, 0, flat));
	say("base", call(0, 0, 0, descriptor(at, 5, LDT_DATA, 0)));
	say("base-1", call(0, 1, 0, descriptor(at - 1, 6, LDT_DATA, 0)));
	say("base-flat", call(0, at, 0, descriptor(at, 5, LDT_DATA, 0)));
	say("limit", call(0, 0, 0, descriptor(at, 4, LDT_DATA, 0)));
	say("no-ds", call(0, at, 0, 0));
	say("status", status(to, flat));
	say("status-base", status(0, descriptor(to, 63, LDT_DATA, 0)));
	say("status-limit", status(0, descriptor(to, 62, LDT_DATA, 0)));
	say("status-fixed", status(0, descriptor(to, 63, LDT_DATA, 1)));
	say("status-down", status(64, descriptor(to - 64, 63, LDT_DOWN,
						 0)));
	say("status-below", status(63, descriptor(to - 63, 63, LDT_DOWN,
						  0)));
	put("vmmcalls32: done\n");
	system_call(SYS_EXIT, 0, 0, 0);
	__builtin_unreachable();
}
