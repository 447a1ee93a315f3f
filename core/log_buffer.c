/* SPDX-License-Identifier: MIT */
/*
 * VMM call log_set_buf: the log copied into a buffer of the guest's kernel
 * (docs/vmmcall.md). The first 32 bits count the bytes not yet collected; we
 * add, the guest subtracts; the rest is a ring. The guest may write anything
 * there: we keep our own position and trust the count only as far as it fits.
 */
#include "log.h"

#include <tandem/guest_mem.h>
#include <tandem/spinlock.h>
#include <tandem/vmmcall.h>

#define COUNT_SIZE	4
#define BUFFER_MAX	MIB(1)

static struct spinlock lock;	/* of callers; copy_line runs under log.c's */
static uint32_t *count;
static char *ring;
static uint32_t size, position;

static void copy_line(const char *text, size_t len)
{
	uint32_t waiting = __atomic_load_n(count, __ATOMIC_ACQUIRE);

	if (waiting > size || len > size - waiting)
		return;		/* full: the guest is behind */
	for (size_t i = 0; i < len; i++)
		ring[(position + i) % size] = text[i];
	position = (position + len) % size;
	__atomic_fetch_add(count, (uint32_t)len, __ATOMIC_RELEASE);
}

static uint64_t log_set_buf(const struct vmmcall_args *a)
{
	uint64_t bytes = a->rcx;
	uint8_t *p = NULL;

	if (bytes > COUNT_SIZE && bytes <= BUFFER_MAX && !(a->rbx % COUNT_SIZE))
		p = guest_ram(a->rbx, bytes);
	spin_lock(&lock);
	log_set_listener(NULL);
	if (p) {
		count = (uint32_t *)p;
		ring = (char *)p + COUNT_SIZE;
		size = (uint32_t)bytes - COUNT_SIZE;
		position = 0;
		log_set_listener(copy_line);
	}
	spin_unlock(&lock);
	return 0;
}
VMMCALL("log_set_buf", VMMCALL_CPL0, log_set_buf);
