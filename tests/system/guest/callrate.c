/* SPDX-License-Identifier: MIT */
/*
 * callrate SECONDS CPUS: on each of the first CPUs a process that makes VMM
 * calls as fast as it can, and is interrupted by a timer of its own every
 * 10 ms. A line each: "callrate: cpu N calls C ticks T ms M".
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_US		10000
#define UNKNOWN		0x7fffffff

static volatile unsigned long ticks;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void tick(int signal)
{
	(void)signal;
	ticks++;
}

static void call(void)
{
	uint64_t rax = UNKNOWN;

	__asm__ volatile("vmmcall" : "+a"(rax) : : "memory");
}

static void loop(int cpu, uint64_t us)
{
	static const struct itimerval timer = {
		{ 0, TICK_US }, { 0, TICK_US }
	};
	uint64_t start, calls = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("callrate");
		_exit(1);
	}
	signal(SIGALRM, tick);
	start = now_us();
	setitimer(ITIMER_REAL, &timer, NULL);
	while (now_us() - start < us) {
		call();
		calls++;
	}
	printf("callrate: cpu %d calls %lu ticks %lu ms %lu\n", cpu,
	       (unsigned long)calls, ticks,
	       (unsigned long)(now_us() - start) / 1000);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "callrate: expected: callrate SECONDS CPUS\n");
		return 2;
	}
	for (int cpu = 0; cpu < atoi(argv[2]); cpu++)
		if (fork() == 0)
			loop(cpu, (uint64_t)atoi(argv[1]) * 1000000);
	while (wait(NULL) > 0)
		;
	return 0;
}
