/* SPDX-License-Identifier: MIT */
/* What does a system call do with arguments that it should not be given? */
#include "cases.h"

#define FUZZ_CALLS	30000

/* NULL, low, beneath the end, beyond it, not canonical, the VMM's, wrapping */
static const uint64_t bad_pointers[] = {
	0, 8, 0x1000, 0x400000, 0x7ffffffff000, 0x7fffffffffff,
	0x800000000000, 0x8000000000000000, 0xffff800000000000,
	0xffff800000100000, 0xffffff0000000000, 0xffffffff80000000,
	0xffffffff80100000, ~0ull - 4095, ~0ull - 3, ~0ull,
};

#define N_POINTERS (sizeof(bad_pointers) / sizeof(bad_pointers[0]))

static const uint64_t bad_descriptors[] = {
	0, 1, CONFIG_DOMAIN_DESCRIPTORS - 1, CONFIG_DOMAIN_DESCRIPTORS, 1000,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x8000000000000000,
	~0ull - 15, ~0ull,
};

#define N_DESCRIPTORS (sizeof(bad_descriptors) / sizeof(bad_descriptors[0]))

static int64_t call(enum domain_syscall number, uint64_t a, uint64_t b,
		    uint64_t c, uint64_t d)
{
	return domain_syscall(number, a, b, c, d);
}

static int descriptors(void)
{
	struct msg_buf buf = { 0 };

	for (size_t i = 0; i < N_DESCRIPTORS; i++) {
		uint64_t fd = bad_descriptors[i];

		CHECK(call(SYS_MSGCLOSE, fd, 0, 0, 0) == -EBADF);
		CHECK(call(SYS_MSGSENDINT, fd, 0, 0, 0) == -EBADF);
		CHECK(call(SYS_MSGSENDDESC, fd, fd, 0, 0) == -EBADF);
		CHECK(call(SYS_MSGSENDBUF, fd, 0, (uintptr_t)&buf, 1) ==
		      -EBADF);
	}
	return 0;
}

static int descriptors_closed(void)
{
	int fd = msgopen("version"), process = new_role();

	CHECK(fd >= 0 && process >= 0);
	CHECK(msgsenddesc(fd, process) == -EBADF);	/* not a process */
	CHECK(msgsenddesc(process, 99) == -EBADF);
	CHECK(msgclose(fd) == 0);
	CHECK(msgclose(fd) == -EBADF);
	CHECK(msgsenddesc(process, fd) == -EBADF);
	CHECK(msgclose(process) == 0);
	CHECK(msgsendint(process, role_value(ROLE_EXIT)) == -EBADF);
	return 0;
}

static const enum domain_syscall name_calls[] = {
	SYS_NEWPROCESS, SYS_MSGOPEN, SYS_MSGREGISTER,
};

static int names(void)
{
	static const char name[64] = "no such thing as this one at all, nor";
	static const char cut[] = "a\0b";

	for (size_t k = 0; k < 3; k++) {
		enum domain_syscall n = name_calls[k];

		for (size_t i = 0; i < N_POINTERS; i++)
			CHECK(call(n, bad_pointers[i], 5, 0, 0) == -EFAULT);
		for (size_t i = 0; i < N_POINTERS; i++)
			CHECK(call(n, bad_pointers[i], 0, 0, 0) == -EINVAL);
		CHECK(call(n, (uintptr_t)name, 0, 0, 0) == -EINVAL);
		CHECK(call(n, (uintptr_t)name, 32, 0, 0) == -EINVAL);
		CHECK(call(n, (uintptr_t)name, ~0ull, 0, 0) == -EINVAL);
		CHECK(call(n, (uintptr_t)name, 0x100000005, 0, 0) == -EINVAL);
		CHECK(call(n, (uintptr_t)cut, 3, 0, 0) == -EINVAL);
	}
	CHECK(call(SYS_NEWPROCESS, (uintptr_t)name, 31, 0, 0) == -ENOENT);
	CHECK(call(SYS_MSGOPEN, (uintptr_t)name, 31, 0, 0) == -ENOENT);
	/* only handed over by the core */
	CHECK(msgopen("dbgsh_ttyin") == -ENOENT);
	CHECK(msgopen("dbgsh_ttyout") == -ENOENT);
	return 0;
}

static int names_across_the_end(void)
{
	char *end = (char *)domain_start->heap_base + domain_start->heap_size;

	memset(end - 8, 'x', 8);
	CHECK(call(SYS_MSGOPEN, (uintptr_t)end - 8, 8, 0, 0) == -ENOENT);
	CHECK(call(SYS_MSGOPEN, (uintptr_t)end - 8, 9, 0, 0) == -EFAULT);
	CHECK(call(SYS_MSGOPEN, (uintptr_t)end, 1, 0, 0) == -EFAULT);
	return 0;
}

static int buffer(int fd, uint64_t base, uint32_t len, uint32_t writable)
{
	struct msg_buf buf = {
		.base = (void *)base, .len = len, .writable = writable,
	};

	return msgsendbuf(fd, 0, &buf, 1);
}

/* To a handler of the core, and with a program's start, which maps them. */
static int buffers_to(int fd)
{
	static char data[16];
	uint64_t heap_end = domain_start->heap_base + domain_start->heap_size;

	for (size_t i = 0; i < N_POINTERS; i++) {
		uint64_t p = bad_pointers[i];

		CHECK(call(SYS_MSGSENDBUF, (uint64_t)fd, 0, p, 1) == -EFAULT);
		CHECK(buffer(fd, p, 16, 1) == -EFAULT);
		CHECK(buffer(fd, p, 65536, 1) == -EFAULT);
		CHECK(call(SYS_MSGSENDBUF, (uint64_t)fd, 0, p, 5) == -EINVAL);
	}
	CHECK(call(SYS_MSGSENDBUF, (uint64_t)fd, 0, (uintptr_t)data,
		   1ull << 60) == -EINVAL);
	CHECK(call(SYS_MSGSENDBUF, (uint64_t)fd, 0, (uintptr_t)data,
		   ~0ull) == -EINVAL);
	CHECK(buffer(fd, (uintptr_t)data, 65537, 1) == -EINVAL);
	CHECK(buffer(fd, (uintptr_t)data, ~0u, 1) == -EINVAL);
	CHECK(buffer(fd, (uintptr_t)data, 16, 2) == -EINVAL);
	CHECK(buffer(fd, (1ull << 47) - 8, 16, 1) == -EFAULT);
	CHECK(buffer(fd, ~0ull - 7, 16, 1) == -EFAULT);
	CHECK(buffer(fd, heap_end - 8, 16, 1) == -EFAULT);
	/* what the sender may not write itself */
	CHECK(buffer(fd, (uintptr_t)domain_main, 16, 1) == -EFAULT);
	CHECK(buffer(fd, (uintptr_t)bad_pointers, 16, 1) == -EFAULT);
	return 0;
}

static int buffers(void)
{
	int fd = msgopen("domain_counts"), process = new_role(), line;

	CHECK(fd >= 0 && process >= 0);
	line = buffers_to(fd);
	if (!line)
		line = buffers_to(process);
	if (line)
		return line;
	/* the program is none the worse for it */
	CHECK(msgsendint(process, role_value(ROLE_EXIT)) == 0);
	return 0;
}

static int log_text(void)
{
	for (size_t i = 0; i < N_POINTERS; i++) {
		CHECK(call(SYS_LOG, 0, bad_pointers[i], 5, 0) == -EFAULT);
		CHECK(call(SYS_LOG, 0, bad_pointers[i], ~0ull, 0) == -EFAULT);
	}
	return 0;
}

static int numbers(void)
{
	for (uint64_t n = DOMAIN_SYSCALLS; n < 300; n++)
		CHECK(call((enum domain_syscall)n, 0, 0, 0, 0) == -ENOSYS);
	CHECK(call((enum domain_syscall)-1, 0, 0, 0, 0) == -ENOSYS);
	CHECK(call((enum domain_syscall)0x80000000, 0, 0, 0, 0) == -ENOSYS);
	/* calls that are not for here */
	CHECK(call(SYS_MSGRETURN, 0, 0, 0, 0) == -EINVAL);
	CHECK(call(SYS_NOTIFY, 0, 0, 0, 0) == -ENOTSUP);
	return 0;
}

static int handlers(void)
{
	uint64_t name = (uintptr_t)"usertests_x";

	for (size_t i = 0; i < N_POINTERS; i++)
		if (bad_pointers[i] >> 47)
			CHECK(call(SYS_MSGREGISTER, name, 11, bad_pointers[i],
				   0) == -EFAULT);
	CHECK(call(SYS_MSGREGISTER, (uintptr_t)"version", 7, 0, 0) == -EEXIST);
	CHECK(call(SYS_MSGREGISTER, (uintptr_t)"dbgsh_ttyin", 11, 0, 0) ==
	      -EEXIST);
	return 0;
}

/* Registers and the red zone: what a system call must not touch. */
static int registers(void)
{
	uint64_t wrong;

	__asm__ volatile(
		"movq $0x1111, %%rbx\n movq $0x2222, %%r8\n"
		"movq $0x3333, %%r9\n movq $0x4444, %%r12\n"
		"movq $0x5555, %%r13\n movq $0x6666, %%r14\n"
		"movq $0x7777, %%r15\n movq $0x8888, %%rcx\n"
		"movq $0x9999, %%r11\n"
		"movl %[time], %%eax\n int $4\n"
		"xorq $0x1111, %%rbx\n xorq $0x2222, %%r8\n"
		"xorq $0x3333, %%r9\n xorq $0x4444, %%r12\n"
		"xorq $0x5555, %%r13\n xorq $0x6666, %%r14\n"
		"xorq $0x7777, %%r15\n xorq $0x8888, %%rcx\n"
		"xorq $0x9999, %%r11\n"
		"orq %%r8, %%rbx\n orq %%r9, %%rbx\n orq %%r12, %%rbx\n"
		"orq %%r13, %%rbx\n orq %%r14, %%rbx\n orq %%r15, %%rbx\n"
		"orq %%rcx, %%rbx\n orq %%r11, %%rbx\n movq %%rbx, %0\n"
		: "=r"(wrong) : [time] "i"(SYS_TIME)
		: "rax", "rbx", "rcx", "r8", "r9", "r11", "r12", "r13", "r14",
		  "r15", "cc", "memory");
	CHECK(wrong == 0);
	return 0;
}

MSG_HANDLER(fuzz_handler);

int fuzz_handler(int type, int value, struct msg_buf *bufs, size_t n)
{
	(void)type, (void)bufs, (void)n;
	return value;
}

static const char *const texts[] = {
	"usertests", "version", "help", "domain_list", "fuzz",
};

static uint64_t state;

static uint64_t random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Some that are right in places, so that more than the first check is met. */
static uint64_t any_argument(void)
{
	static char data[8192];
	static struct msg_buf bufs[4];

	switch (random() % 8) {
	case 0:
		return bad_pointers[random() % N_POINTERS];
	case 1:
		return bad_descriptors[random() % N_DESCRIPTORS];
	case 2:
		return (uintptr_t)data + random() % sizeof(data);
	case 3:
		for (size_t i = 0; i < 4; i++)
			bufs[i] = (struct msg_buf){
				.base = data + random() % sizeof(data),
				.len = (uint32_t)(random() % 9000),
				.writable = random() % 3,
			};
		return (uintptr_t)bufs;
	case 4:
		return (uintptr_t)texts[random() % 5];
	case 5:
		return random();
	default:
		return random() % CONFIG_DOMAIN_DESCRIPTORS;
	}
}

/*
 * Calls with any arguments. Left out is what only fills the log, ends this
 * program or has it wait; a program that it happens to start is a role, which
 * ends.
 */
static int anything(void)
{
	static const enum domain_syscall which[] = {
		SYS_NEWPROCESS, SYS_MSGOPEN, SYS_MSGREGISTER, SYS_MSGSENDDESC,
		SYS_MSGSENDINT, SYS_MSGSENDBUF, SYS_MSGCLOSE, SYS_MSGRETURN,
		SYS_NOTIFY,
	};
	uint64_t good = 0;

	state = domain_start->seed | 1;
	for (unsigned int i = 0; i < FUZZ_CALLS; i++) {
		enum domain_syscall n = which[random() % 9];
		uint64_t a = any_argument(), b = any_argument(),
			 c = any_argument(), d = random() % 6;

		if (n <= SYS_MSGREGISTER && random() % 2) {
			const char *text = texts[random() % 5];

			a = (uintptr_t)text;
			b = strlen(text);
		}
		if (n == SYS_MSGREGISTER)
			c = random() % 2 ? (uintptr_t)fuzz_handler_entry
					 : ~0ull - c;
		if (n == SYS_MSGREGISTER && !(c >> 47))
			c = (uintptr_t)fuzz_handler_entry;
		if (n == SYS_MSGSENDINT || n == SYS_MSGSENDBUF)
			b = (uint64_t)role_value(ROLE_EXIT);
		good += call(n, a, b, c, d) >= 0;
		sys_wait(0);
	}
	CHECK(good > FUZZ_CALLS / 100);
	return 0;
}

/* Positions that were never written: the oldest text, and nothing else. */
static int log_positions(void)
{
	static const uint64_t odd[] = {
		1ull << 40, 1ull << 63, ~0ull - 65536, ~0ull - 100, ~0ull,
	};
	int fd = msgopen("log_read");

	CHECK(fd >= 0);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		static char text[256];
		uint64_t position = odd[i];
		struct msg_buf bufs[2] = {
			{ .base = text, .len = sizeof(text), .writable = 1 },
			{ .base = &position, .len = sizeof(position),
			  .writable = 1 },
		};
		int n = msgsendbuf(fd, 0, bufs, 2);

		CHECK(n == sizeof(text) && position < 1ull << 40);
		CHECK(!memchr(text, 0, sizeof(text)));
	}
	return msgclose(fd);
}

static const struct test_case cases[] = {
	{ "descriptors", descriptors, RETURNS },
	{ "descriptors_closed", descriptors_closed, RETURNS },
	{ "names", names, RETURNS },
	{ "names_across_the_end", names_across_the_end, RETURNS },
	{ "buffers", buffers, RETURNS },
	{ "log_text", log_text, RETURNS },
	{ "log_positions", log_positions, RETURNS },
	{ "numbers", numbers, RETURNS },
	{ "handlers", handlers, RETURNS },
	{ "registers", registers, RETURNS },
	{ "anything", anything, RETURNS },
};

const struct test_group argument_cases = GROUP(cases);
