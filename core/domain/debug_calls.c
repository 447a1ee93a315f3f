/* SPDX-License-Identifier: MIT */
/*
 * What the program debug asks the core for (abi/debug.h): it shows the guest's
 * memory and registers to whoever uses dbgsh. That a VMM call comes from CPL 3
 * says nothing of the user, so a key may be configured: it is judged here, not
 * in ring 3, and how often does not depend on which program asks.
 */
#include "domain.h"
#include "../mem/mem.h"
#include "../x86/cpus.h"
#include "../x86/snapshot.h"
#include "../x86/walk.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "debug: "
#include <tandem/guest_mem.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>

/* after a wrong key, and after that many in a row */
#define WRONG_US	1000000ull
#define MANY_WRONG	5
#define MANY_WRONG_US	60000000ull

#ifndef CONFIG_DEBUG_KEY
#define CONFIG_DEBUG_KEY	""	/* not configured, not compared */
#endif

static unsigned int wrong_keys;		/* in a row, by anybody */
static uint64_t not_before;		/* time_us() of the next look at a key */

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Takes as long for a wrong key as for the right one. */
static bool digest_is_right(const uint8_t digest[DEBUG_DIGEST_SIZE])
{
	/* 64 digits: scripts/kconfig.py puts the digest in the key's place */
	static const char want[] = CONFIG_DEBUG_KEY;
	uint8_t differs = 0;

	if (sizeof(want) != 2 * DEBUG_DIGEST_SIZE + 1)
		return false;
	for (unsigned int i = 0; i < DEBUG_DIGEST_SIZE; i++)
		differs |= digest[i] ^ (uint8_t)(hex_digit(want[2 * i]) << 4 |
						 hex_digit(want[2 * i + 1]));
	return !differs;
}

static void open_for_now(struct domain *d)
{
	d->debug_until = time_us() + DEBUG_OPEN_SECONDS * 1000000ull;
}

static int judge(struct domain *d, const uint8_t digest[DEBUG_DIGEST_SIZE])
{
	uint64_t now = time_us();

	if (now < not_before)
		return -EAGAIN;
	if (digest_is_right(digest)) {
		if (wrong_keys)
			log_warn("right key after %u wrong ones", wrong_keys);
		else
			log_info("right key");
		wrong_keys = 0;
		open_for_now(d);
		return 0;
	}
	wrong_keys++;
	not_before = now + (wrong_keys < MANY_WRONG ? WRONG_US :
						      MANY_WRONG_US);
	log_warn("wrong key, %u in a row; none is looked at for %lu s",
		 wrong_keys, (not_before - now) / 1000000);
	return -EACCES;
}

static int unlock(struct message *m)
{
	struct debug_unlock u;
	uint64_t now;
	int result;

	if (m->buf[0].len != sizeof(u))
		return -EINVAL;
	if (domain_copy_in(m->sender, &u, m->buf[0].base, sizeof(u)))
		return -EFAULT;
	result = judge(m->sender, u.digest);
	now = time_us();
	u.wait = now < not_before ? (not_before - now + 999999) / 1000000 : 0;
	if (domain_copy_out(m->sender, m->buf[0].base, &u, sizeof(u)))
		return -EFAULT;
	return result;
}

static int caller(struct message *m)
{
	struct guest_paging p;
	struct debug_paging out;

	if (m->buf[0].len != sizeof(out))
		return -EINVAL;
	if (!dbgsh_paging(m->sender, &p))
		return -EPIPE;
	out = (struct debug_paging){ p.cr0, p.cr3, p.cr4, p.efer };
	return domain_copy_out(m->sender, m->buf[0].base, &out, sizeof(out));
}

/*
 * To where an address leads. The tables are the guest's and may say
 * anything; so may the registers that the program sends.
 */
static enum debug_state translate(struct debug_read *r)
{
	/* as a supervisor that SMAP does not keep out */
	struct guest_paging p = {
		.cr0 = r->paging.cr0, .cr3 = r->paging.cr3,
		.cr4 = r->paging.cr4, .efer = r->paging.efer,
		.rflags = RFLAGS_AC,
	};
	uint32_t error;

	r->physical = r->address;
	if (!r->is_physical &&
	    guest_walk_in(&p, r->address, 0, &r->physical, &error)) {
		r->physical = 0;
		return error == ~0u ? DEBUG_NOT_CANONICAL : DEBUG_NOT_MAPPED;
	}
	return DEBUG_BYTES;
}

static bool is_vmm(guest_phys a)
{
	return (a >= boot_info.block_base &&
		a - boot_info.block_base < boot_info.block_size) ||
	       (a >= boot_info.low_page && a - boot_info.low_page < PAGE_SIZE);
}

static int read(struct message *m)
{
	struct debug_read r;
	const void *from = NULL;
	uint32_t n;

	if (m->n_bufs != 2 || !m->buf[1].writable || m->buf[0].len != sizeof(r))
		return -EINVAL;
	if (domain_copy_in(m->sender, &r, m->buf[0].base, sizeof(r)))
		return -EFAULT;
	if (!r.length || r.length > PAGE_SIZE || r.length > m->buf[1].len)
		return -EINVAL;
	n = (uint32_t)MIN(r.length, PAGE_SIZE - (r.address & PAGE_MASK));
	r.state = translate(&r);
	if (r.state == DEBUG_BYTES) {
		from = guest_ram(r.physical, n);
		if (!from)
			r.state = is_vmm(r.physical) ? DEBUG_VMM :
						       DEBUG_NOT_RAM;
	}
	if (from && domain_copy_out(m->sender, m->buf[1].base, from, n))
		return -EFAULT;
	if (domain_copy_out(m->sender, m->buf[0].base, &r, sizeof(r)))
		return -EFAULT;
	return (int)n;
}

static int cpu_state(struct message *m)
{
	static struct debug_cpu c;	/* large; on the first CPU alone */
	int e = 0;

	if (m->buf[0].len != sizeof(c))
		return -EINVAL;
	if (domain_copy_in(m->sender, &c, m->buf[0].base, sizeof(c)))
		return -EFAULT;
	c.n_cpus = n_cpus;
	e = c.index < n_cpus ? snapshot_take(c.index, &c) : -ENOENT;
	if (domain_copy_out(m->sender, m->buf[0].base, &c, sizeof(c)))
		return -EFAULT;
	return e;
}

static int debug_message(struct message *m)
{
	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable)
		return -EINVAL;
	if (m->value == DEBUG_UNLOCK)
		return IS_ENABLED(CONFIG_DEBUG_ROOT_KEY) ? unlock(m) : -EINVAL;
	if (IS_ENABLED(CONFIG_DEBUG_ROOT_KEY)) {
		if (time_us() >= m->sender->debug_until)
			return -EACCES;
		open_for_now(m->sender);
	}
	switch (m->value) {
	case DEBUG_CALLER:
		return caller(m);
	case DEBUG_READ:
		return read(m);
	case DEBUG_CPU:
		return cpu_state(m);
	}
	return -ENOSYS;
}

static const struct message_handler debug_handler = {
	.name = "debug", .fn = debug_message, .program = "debug",
};
MESSAGE_HANDLER(debug_handler);
