/* SPDX-License-Identifier: MIT */
/*
 * The lists of trapped MMIO pages and I/O ports, see tandem/trap.h. Looked up
 * at most exits and changed almost never, hence read without the lock: whoever
 * reads while a change is under way reads again. What is taken out stays
 * memory of the same kind, so that a reader on its way through is not lost.
 */
#include "trap_table.h"
#include "npt.h"
#include "regs.h"

#include <errno.h>
#include <tandem/spinlock.h>

static struct mmio_trap *mmio_traps;
static struct port_trap *port_traps;
static struct spinlock lock;
static uint32_t mmio_version;		/* odd: it is being changed */

static void mmio_change(void)
{
	__atomic_add_fetch(&mmio_version, 1, __ATOMIC_SEQ_CST);
}

int mmio_trap_add(struct mmio_trap *t)
{
	int e;

	if ((t->base | t->size) & PAGE_MASK || !t->size ||
	    t->size > ~0ull - t->base)
		return -EINVAL;
	spin_lock(&lock);
	for (struct mmio_trap *o = mmio_traps; o; o = o->next) {
		if (t->base < o->base + o->size &&
		    o->base < t->base + t->size) {
			spin_unlock(&lock);
			return -EEXIST;
		}
	}
	mmio_change();
	t->next = mmio_traps;
	mmio_traps = t;
	mmio_change();
	spin_unlock(&lock);
	e = npt_trap(t->base, t->size, t->reads_pass);
	if (e < 0)
		mmio_trap_remove(t);
	return e;
}

void mmio_trap_remove(struct mmio_trap *t)
{
	struct mmio_trap **p = &mmio_traps;

	spin_lock(&lock);
	mmio_change();
	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	mmio_change();
	spin_unlock(&lock);
	npt_untrap(t->base, t->size);
}

bool mmio_trap_find(guest_phys a, struct mmio_trap *found)
{
	uint32_t version;
	struct mmio_trap *t;

	do {
		version = __atomic_load_n(&mmio_version, __ATOMIC_ACQUIRE);
		t = __atomic_load_n(&mmio_traps, __ATOMIC_RELAXED);
		while (t && (a < t->base || a - t->base >= t->size))
			t = __atomic_load_n(&t->next, __ATOMIC_RELAXED);
		if (t)
			*found = *t;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((version & 1) || version !=
		 __atomic_load_n(&mmio_version, __ATOMIC_RELAXED));
	return t != NULL;
}

int port_trap_add(struct port_trap *t)
{
	if (t->last < t->first)
		return -EINVAL;
	spin_lock(&lock);
	t->next = port_traps;
	__atomic_store_n(&port_traps, t, __ATOMIC_RELEASE);
	spin_unlock(&lock);
	port_intercept(t->first, t->last);
	return 0;
}

void port_trap_each(void (*fn)(uint16_t first, uint16_t last))
{
	for (struct port_trap *t = port_traps; t; t = t->next)
		fn(t->first, t->last);
}

/*
 * The trap whose range holds the whole access; of several (0xcf9 inside the
 * configuration ports) the narrowest.
 */
static struct port_trap *port_find(uint16_t port, unsigned int size)
{
	struct port_trap *best = NULL;

	for (struct port_trap *t = port_traps; t; t = t->next) {
		if (port < t->first || port + size - 1 > t->last)
			continue;
		if (!best || t->last - t->first < best->last - best->first)
			best = t;
	}
	return best;
}

/*
 * An access that starts or ends outside a trap it touches must not reach the
 * hardware behind it: it is taken apart.
 */
static bool port_straddles(uint16_t port, unsigned int size)
{
	for (struct port_trap *t = port_traps; t; t = t->next)
		if (port <= t->last && port + size - 1 >= t->first)
			return true;
	return false;
}

uint32_t port_read(uint16_t port, unsigned int size)
{
	struct port_trap *t = port_find(port, size);
	uint32_t v = 0;

	if (t)
		return t->read(t->ctx, port, size);
	if (!port_straddles(port, size))
		return port_in(port, size);
	for (unsigned int i = 0; i < size; i++)
		v |= port_read((uint16_t)(port + i), 1) << 8 * i;
	return v;
}

void port_write(uint16_t port, unsigned int size, uint32_t value)
{
	struct port_trap *t = port_find(port, size);

	if (t)
		t->write(t->ctx, port, size, value);
	else if (port_straddles(port, size))
		for (unsigned int i = 0; i < size; i++)
			port_write((uint16_t)(port + i), 1,
				   value >> 8 * i & 0xff);
	else
		port_out(port, size, value);
}
