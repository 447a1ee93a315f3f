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

/*
 * 1: done; 0: refused, and what was in use stays. The guest may do what it
 * likes with the memory meanwhile, for it is its own; nothing of it can be the
 * VMM's or a device's (guest_ram). It stays in use through S3, which keeps RAM;
 * a reset of the machine ends it together with this VMM.
 */
static uint64_t log_set_buf(const struct vmmcall_args *a)
{
	uint64_t bytes = a->rcx;
	uint8_t *p = NULL;

	if (bytes) {
		if (bytes <= COUNT_SIZE || bytes > BUFFER_MAX ||
		    a->rbx % COUNT_SIZE)
			return 0;
		p = guest_ram(a->rbx, bytes);
		if (!p)
			return 0;
	}
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
	return 1;
}
VMMCALL("log_set_buf", CONFIG_VMMCALL_LOG_SET_BUF_ACCESS, log_set_buf);
