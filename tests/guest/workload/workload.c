/* SPDX-License-Identifier: MIT */
/*
 * workload: fixed amounts of work in the guest, for test_cost.py and make bench.
 *
 *	workload NAME [COUNT]
 *
 * A marker that tools/exitcost sees, and that costs nothing without it, comes
 * before the work and behind it. Prints "workload: NAME COUNT SECONDS". Without
 * a VMM the works that make it exit do no harm, but vmmcall, which ends the
 * program. port and msr want root; msr the module of that name; mmio and touch
 * a kernel with iomem=relaxed; mmio the function's BAR in WORKLOAD_BAR.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096
#define PIECE		(8 << 20)	/* memory mapped at once */
#define PCI_ADDRESS	0xcf8
#define MSR_EFER	0xc0000080
#define ABSENT		(512ull << 30)	/* nothing is there */
#define TOUCH_STEP	(2ull << 20)	/* what one fault maps */
#define BAR_SIZE	PAGE

static const char *self;

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void mark_begin(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80\n.long 0x54640001"
			 : : : "memory");
}

static void mark_end(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80\n.long 0x54640002"
			 : : : "memory");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- what programs do ---- */

/* Integer arithmetic and a table that fits a cache: no system call, no fault. */
static void compute(unsigned long count)
{
	static volatile uint32_t table[1024];
	uint32_t x = 1;

	for (unsigned long i = 0; i < count; i++) {
		x = x * 1664525 + 1013904223;
		table[x >> 22] += x ^ (uint32_t)i;
	}
}

/* Each page of fresh memory is a fault; giving it back makes it fresh. */
static void memory(unsigned long count)
{
	while (count) {
		unsigned long n = count < PIECE / PAGE ? count : PIECE / PAGE;
		volatile char *p = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			fail("mmap");
		for (unsigned long i = 0; i < n; i++)
			p[i * PAGE] = 1;
		if (munmap((void *)p, PIECE))
			fail("munmap");
		count -= n;
	}
}

static void process(unsigned long count)
{
	int status;

	while (count--) {
		pid_t child = fork();

		if (!child) {
			execl(self, self, "nothing", (char *)NULL);
			_exit(1);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0 || status)
			fail("child");
	}
}

static void system_call(unsigned long count)
{
	while (count--)
		syscall(SYS_getpid);
}

/* ---- what makes a VMM exit ---- */

static void do_cpuid(unsigned long count)
{
	unsigned int a, b, c, d;

	while (count--)
		__cpuid(0x80000001, a, b, c, d);
}

static void port_out(unsigned long count)
{
	if (iopl(3))
		fail("iopl");
	while (count--)
		outl(0, PCI_ADDRESS);
}

static void port_in(unsigned long count)
{
	if (iopl(3))
		fail("iopl");
	while (count--)
		inl(PCI_ADDRESS);
}

static void msr(unsigned long count)
{
	uint64_t value;
	int fd = open("/dev/cpu/0/msr", O_RDONLY);

	if (fd < 0)
		fail("/dev/cpu/0/msr");
	while (count--)
		if (pread(fd, &value, sizeof(value), MSR_EFER) < 0)
			fail("MSR");
	close(fd);
}

static volatile uint32_t *map(const char *path, uint64_t offset, uint64_t size)
{
	int fd = open(path, O_RDWR | O_SYNC);
	void *p;

	if (fd < 0)
		fail(path);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 (off_t)offset);
	if (p == MAP_FAILED)
		fail(path);
	close(fd);
	return p;
}

static volatile uint32_t *bar(void)
{
	const char *path = getenv("WORKLOAD_BAR");

	return map(path ? path : "WORKLOAD_BAR", 0, BAR_SIZE);
}

static void mmio_read(unsigned long count)
{
	volatile uint32_t *p = bar();

	while (count--)
		(void)*p;
}

/* The first register of virtio's common structure: which features to show. */
static void mmio_write(unsigned long count)
{
	volatile uint32_t *p = bar();

	while (count--)
		*p = 0;
}

static void touch(unsigned long count)
{
	volatile uint32_t *p = map("/dev/mem", ABSENT, count * TOUCH_STEP);

	for (unsigned long i = 0; i < count; i++)
		(void)p[i * (TOUCH_STEP / sizeof(*p))];
}

static void vmmcall(unsigned long count)
{
	while (count--) {
		uint64_t rax = 0;

		__asm__ volatile("vmmcall" : "+a"(rax) : "b"("dbgsh")
				 : "memory");
	}
}

/* The CPU halts until its timer interrupts. */
static void halt(unsigned long count)
{
	while (count--)
		usleep(2000);
}

/* Runs without any exit of its own: what comes is the VMM's deadlines. */
static void deadline(unsigned long count)
{
	double end = now() + (double)count / 1000;

	while (now() < end)
		compute(10000);
}

static void nothing(unsigned long count)
{
	(void)count;
}

static const struct {
	const char *name;
	void (*run)(unsigned long count);
	unsigned long count;
} works[] = {
	{ "compute", compute, 20000000 },
	{ "memory", memory, 20480 },
	{ "process", process, 100 },
	{ "syscall", system_call, 200000 },
	{ "cpuid", do_cpuid, 2000 },
	{ "port-out", port_out, 2000 },
	{ "port-in", port_in, 2000 },
	{ "msr", msr, 2000 },
	{ "mmio-read", mmio_read, 2000 },
	{ "mmio-write", mmio_write, 2000 },
	{ "touch", touch, 200 },
	{ "vmmcall", vmmcall, 2000 },
	{ "halt", halt, 300 },
	{ "deadline", deadline, 5000 },
	{ "nothing", nothing, 0 },
};

static int run(unsigned int i, unsigned long count)
{
	double start = now();

	mark_begin();
	works[i].run(count);
	mark_end();
	printf("workload: %s %lu %.6f\n", works[i].name, count, now() - start);
	return 0;
}

int main(int argc, char **argv)
{
	self = "/proc/self/exe";
	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	for (unsigned int i = 0; argc > 1 && i < sizeof(works) / sizeof(*works);
	     i++)
		if (!strcmp(argv[1], works[i].name))
			return run(i, argc > 2 ? strtoul(argv[2], NULL, 0)
					       : works[i].count);
	fprintf(stderr, "usage: workload NAME [COUNT]\n");
	return 2;
}
