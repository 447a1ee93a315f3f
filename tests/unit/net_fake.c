// SPDX-License-Identifier: MIT
/* The core as net_fake.h describes it. */
#include "net_fake.h"

#include <errno.h>
#include <stdarg.h>
#include <tandem/conf.h>
#include <tandem/guest_mem.h>
#include <tandem/irq.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/pci.h>
#include <tandem/timer.h>

/* tests with settings of their own have their own */
struct conf tandem_conf __attribute__((weak));

unsigned int checks, log_lines, n_messages;
uint64_t fake_time = 10000000, message_address;
uint32_t message_data;
void (*guest_ram_hook)(void);
void (*message_hook)(uint64_t address, uint32_t data);
char last_log[256];

static uint8_t *ram1, *ram2;

/* On the heap, so that the sanitizer sees every step beside it. */
static void ram_make(void)
{
	if (ram1)
		return;
	ram1 = calloc(1, RAM_SIZE);
	ram2 = calloc(1, RAM2_SIZE);
}

void *guest_ram(guest_phys addr, uint64_t len)
{
	ram_make();
	if (guest_ram_hook)
		guest_ram_hook();
	if (!len)
		return NULL;
	if (addr >= RAM_BASE && addr - RAM_BASE < RAM_SIZE)
		return len <= RAM_SIZE - (addr - RAM_BASE) ?
			ram1 + (addr - RAM_BASE) : NULL;
	if (addr >= RAM2_BASE && addr - RAM2_BASE < RAM2_SIZE)
		return len <= RAM2_SIZE - (addr - RAM2_BASE) ?
			ram2 + (addr - RAM2_BASE) : NULL;
	return NULL;
}

uint8_t *ram(guest_phys addr)
{
	uint8_t *p = guest_ram(addr, 1);

	if (!p)
		abort();
	return p;
}

uint64_t time_us(void)
{
	return fake_time;
}

void timer_arm(struct timer *t, uint64_t deadline)
{
	t->deadline = deadline;
	t->armed = true;
}

void timer_cancel(struct timer *t)
{
	t->armed = false;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_log, sizeof(last_log), fmt, ap);
	va_end(ap);
	log_lines++;
}

void panic(const char *fmt, ...)
{
	printf("panic: %s\n", fmt);
	abort();
}

void *pages_alloc(size_t n)
{
	void *p = aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);

	memset(p, 0, n * PAGE_SIZE);
	return p;
}

void pages_free(void *p, size_t n)
{
	free(p);
}

void *mem_alloc(size_t size)
{
	return calloc(1, size);
}

void mem_free(void *p)
{
	free(p);
}

host_phys virt_to_phys(const void *p)
{
	return (host_phys)(uintptr_t)p;
}

int guest_msi(uint64_t address, uint32_t data)
{
	if (message_hook) {
		message_hook(address, data);
		return 0;
	}
	n_messages++;
	message_address = address;
	message_data = data;
	return address >> 20 == 0xfee ? 0 : -EINVAL;
}

/* ---- PCI ---- */

uint32_t pci_config_read(struct pci_device *d, unsigned int offset,
			 unsigned int size)
{
	switch (offset) {
	case PCI_COMMAND:
		return PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	case PCI_INTERRUPT_LINE:
		return 11;
	case PCI_INTERRUPT_PIN:
		return 1;
	}
	return 0;
}

unsigned int pci_find_capability(struct pci_device *d, uint8_t id)
{
	return id == PCI_CAP_ID_EXP ? 0xd0 : 0;
}

int pci_present(struct pci_device *d, struct pci_function *f)
{
	d->guest_view = f;
	return 0;
}

int pci_conceal(struct pci_device *d)
{
	return 0;
}

const char *pci_option_get(const struct pci_binding *b, const char *key,
			   const char *fallback)
{
	for (unsigned int i = 0; i < b->n_options; i++)
		if (!strcmp(b->option[i].key, key))
			return b->option[i].value;
	return fallback;
}

/* ---- traps ---- */

static struct mmio_trap *traps;

int mmio_trap_add(struct mmio_trap *t)
{
	if ((t->base | t->size) & PAGE_MASK)
		return -EINVAL;
	for (struct mmio_trap *o = traps; o; o = o->next)
		if (t->base < o->base + o->size && o->base < t->base + t->size)
			return -EEXIST;
	t->next = traps;
	traps = t;
	return 0;
}

void mmio_trap_remove(struct mmio_trap *t)
{
	struct mmio_trap **p = &traps;

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
}

unsigned int n_traps(void)
{
	unsigned int n = 0;

	for (struct mmio_trap *t = traps; t; t = t->next)
		n++;
	return n;
}

bool guest_access(uint64_t addr, unsigned int size, bool write,
		  uint64_t *value)
{
	for (struct mmio_trap *t = traps; t; t = t->next) {
		if (addr < t->base || addr - t->base >= t->size)
			continue;
		if (write)
			t->write(t->ctx, addr - t->base, size, *value);
		else
			*value = t->read(t->ctx, addr - t->base, size);
		return true;
	}
	return false;
}

/* xorshift: the same numbers at each run */
uint32_t random32(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

/* ---- a capture that notes the last batch ---- */

bool net_capture_on;
struct fake_capture fake_capture;

void net_capture_frames(const struct net_port *from,
			struct frame *const *f __unused,
			const uint8_t *targets __unused, unsigned int n,
			const unsigned int done[NET_PORTS])
{
	fake_capture.from = from->id;
	fake_capture.n = n;
	memcpy(fake_capture.done, done, sizeof(fake_capture.done));
}

void net_capture_owner_ended(const struct domain *d __unused)
{
}
