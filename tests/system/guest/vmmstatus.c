/* SPDX-License-Identifier: MIT */
/*
 * vmmstatus: VMM calls get_status and get_status_struct from user mode, with
 * good and with odd buffers; for test_vmmcalls.py. Lines "vmmstatus: NAME
 * RESULT", then the text.
 */
#include <abi/status.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE		4096
#define KERNEL_TEXT	0xffffffff81000000u	/* without KASLR */
#define FILL		0x5a

static uint64_t text_number, struct_number;

static uint64_t call(uint64_t number, uint64_t rbx, uint64_t rcx)
{
	__asm__ volatile("vmmcall" : "+a"(number) : "b"(rbx), "c"(rcx)
			 : "memory");
	return number;
}

static uint64_t text(void *to, uint64_t size)
{
	return call(text_number, (uint64_t)(uintptr_t)to, size);
}

static uint64_t status(void *to, uint64_t size)
{
	return call(struct_number, (uint64_t)(uintptr_t)to, size);
}

static void say(const char *what, uint64_t result)
{
	printf("vmmstatus: %s %lu\n", what, (unsigned long)result);
}

/* How many bytes from there on are not FILL any more. */
static unsigned int changed(const unsigned char *p, unsigned int n)
{
	while (n && p[n - 1] == FILL)
		n--;
	return n;
}

static void show(const struct tandem_status *s)
{
	say("magic", s->magic);
	say("version", s->version);
	say("size", s->size);
	say("cpus", s->cpus);
	printf("vmmstatus: release %.48s\n", s->release);
	say("uptime", s->uptime_us);
	say("memory-total", s->memory_total);
	say("memory-free", s->memory_free);
	say("exits", s->exits);
	say("calls", s->calls);
	say("delayed", s->calls_delayed);
	say("log", s->log_bytes);
	for (unsigned int i = 0; i < TANDEM_STATUS_PORTS; i++)
		printf("vmmstatus: port%u %.8s %u %lu %lu %lu %lu\n", i,
		       s->port[i].name, s->port[i].link,
		       (unsigned long)s->port[i].rx_frames,
		       (unsigned long)s->port[i].rx_bytes,
		       (unsigned long)s->port[i].tx_frames,
		       (unsigned long)s->port[i].tx_bytes);
}

/* Three pages: writable, writable, read-only; nothing behind them. */
static void odd_buffers(unsigned char *p)
{
	struct tandem_status s;

	memset(p, FILL, 2 * PAGE);
	say("null", text(NULL, 100) + status(NULL, sizeof(s)));
	say("kernel", text((void *)KERNEL_TEXT, 100) +
		      status((void *)KERNEL_TEXT, sizeof(s)));
	say("not-canonical", status((void *)(1ull << 47), sizeof(s)));
	say("wraps", status((void *)(~0ull - 20), sizeof(s)));
	say("read-only", status(p + 2 * PAGE, sizeof(s)));
	say("half-read-only", status(p + 2 * PAGE - 40, sizeof(s)));
	say("half-read-only-text", text(p + 2 * PAGE - 40, 100));
	say("untouched", changed(p, 2 * PAGE));
	say("small", status(p, TANDEM_STATUS_HEADER - 1));
	say("nothing", status(p, 0));
	say("still-untouched", changed(p, 2 * PAGE));
	say("across", status(p + PAGE - 40, sizeof(s)) ==
		      ((struct tandem_status *)(p + PAGE - 40))->size);
	say("across-magic",
	    ((struct tandem_status *)(p + PAGE - 40))->magic ==
	    TANDEM_STATUS_MAGIC);
	memset(p, FILL, 2 * PAGE);
	say("header", status(p, TANDEM_STATUS_HEADER));
	say("header-bytes", changed(p, 2 * PAGE));
	memset(p, FILL, 2 * PAGE);
	say("larger", status(p, ~0ull));
	say("larger-bytes", changed(p, 2 * PAGE));
	memset(p, FILL, 2 * PAGE);
	say("cut", text(p, 10));
	say("cut-bytes", changed(p, 2 * PAGE));
	say("cut-end", p[9]);
	say("length", text(NULL, 0));
}

int main(void)
{
	unsigned char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct tandem_status s = { 0 };
	static char all[PAGE];

	if (p == MAP_FAILED)
		return 1;
	memset(p, 0, 4 * PAGE);
	if (munmap(p + 3 * PAGE, PAGE) ||
	    mprotect(p + 2 * PAGE, PAGE, PROT_READ))
		return 1;
	text_number = call(0, (uint64_t)(uintptr_t)"get_status", 0);
	struct_number = call(0, (uint64_t)(uintptr_t)"get_status_struct", 0);
	say("text-number", text_number);
	say("struct-number", struct_number);
	say("struct", status(&s, sizeof(s)));
	show(&s);
	odd_buffers(p);
	memset(all, FILL, sizeof(all));
	say("text", text(all, sizeof(all)));
	printf("%s", all);
	printf("vmmstatus: done\n");
	return 0;
}
