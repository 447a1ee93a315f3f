/* SPDX-License-Identifier: MIT */
/*
 * What others know this machine by (abi/mgmt.h): the certificate, its key and
 * the client CA that the loader found, and a seed to make a key of where there
 * are none. They stay in the block, which the guest does not see, and go to netd
 * alone; the log is told where they came from, never what they are. They are
 * parsed in ring 3.
 */
#include "identity.h"
#include "clock.h"
#include "conf/boot.h"

#include <abi/mgmt.h>
#include <errno.h>
#include <string.h>
#define LOG_PREFIX "identity: "
#include <tandem/conf.h>
#include <tandem/domain.h>
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/random.h>

_Static_assert(MGMT_FILE_MAX == BOOT_FILE_MAX, "files of one size");
_Static_assert(MGMT_SEED_SIZE == BOOT_SEED_SIZE, "seeds of one size");
_Static_assert(MGMT_SEED_NONE == (int)BOOT_SEED_NONE &&
	       MGMT_SEED_OF_BOOT == (int)BOOT_SEED_OF_BOOT &&
	       MGMT_SEED_KEPT_WEAK == (int)BOOT_SEED_KEPT_WEAK &&
	       MGMT_SEED_KEPT == (int)BOOT_SEED_KEPT, "seeds of one kind");
_Static_assert(MGMT_IDENTITY_KEY - MGMT_IDENTITY_CERTIFICATE ==
	       BOOT_FILE_KEY - BOOT_FILE_CERTIFICATE &&
	       MGMT_IDENTITY_CLIENT_CA - MGMT_IDENTITY_CERTIFICATE ==
	       BOOT_FILE_CLIENT_CA - BOOT_FILE_CERTIFICATE, "files in one order");

static struct {
	uint32_t size;
	uint8_t data[MGMT_FILE_MAX];
} file[BOOT_FILES];
static uint8_t seed[MGMT_SEED_SIZE];
static uint32_t seed_kind;

static void take_file(const struct boot_info *b, unsigned int i)
{
	static const char *const what[BOOT_FILES] = {
		[BOOT_FILE_CERTIFICATE] = "certificate",
		[BOOT_FILE_KEY] = "private key",
		[BOOT_FILE_CLIENT_CA] = "client CA",
	};
	const struct boot_file *f = &b->file[i];

	if (!f->size)
		return;
	if (f->size > MGMT_FILE_MAX ||
	    !boot_is_in_ram(b, f->address, f->size)) {
		log_error("%s: the loader's place of it makes no sense",
			  what[i]);
		return;
	}
	memcpy(file[i].data, (const void *)f->address, f->size);
	file[i].size = f->size;
	log_info("%s from %s, %u bytes", what[i],
		 f->source == BOOT_FROM_FILE ? "a file beside the loader" :
					       "the loader's section", f->size);
}

void identity_take(struct boot_info *b)
{
	for (unsigned int i = 0; i < BOOT_FILES; i++)
		take_file(b, i);
	memcpy(seed, b->seed, sizeof(seed));
	memset(b->seed, 0, sizeof(b->seed));
	seed_kind = b->seed_kind <= BOOT_SEED_KEPT ? b->seed_kind :
						     BOOT_SEED_NONE;
	if (seed_kind == BOOT_SEED_NONE)
		memset(seed, 0, sizeof(seed));
}

/* A loader without one: the CPU's own generator, for this boot. */
static int identity_init(void)
{
	if (seed_kind != BOOT_SEED_NONE || !random_is_good())
		return 0;
	for (unsigned int i = 0; i < sizeof(seed); i += sizeof(uint64_t)) {
		uint64_t v = random64();

		memcpy(seed + i, &v, sizeof(v));
	}
	seed_kind = BOOT_SEED_OF_BOOT;
	return 0;
}
INITCALL(INIT_CORE, identity_init);

bool identity_may_operate(void)
{
	return tandem_conf.number[CONF_MGMT] &&
	       (tandem_conf.password[0] || file[BOOT_FILE_CLIENT_CA].size);
}

static int tell(struct message *m)
{
	struct mgmt_identity id = {
		.seed_kind = seed_kind,
		.certificate = file[BOOT_FILE_CERTIFICATE].size,
		.key = file[BOOT_FILE_KEY].size,
		.client_ca = file[BOOT_FILE_CLIENT_CA].size,
		.utc = clock_utc(),
	};
	int e;

	if (m->buf[0].len != sizeof(id))
		return -EINVAL;
	memcpy(id.seed, seed, sizeof(seed));
	e = domain_copy_out(m->sender, m->buf[0].base, &id, sizeof(id));
	memset(id.seed, 0, sizeof(id.seed));
	return e;
}

static int identity_message(struct message *m)
{
	unsigned int i = (unsigned int)m->value - MGMT_IDENTITY_CERTIFICATE;

	if (m->type != MSG_BUF || m->n_bufs != 1 || !m->buf[0].writable)
		return -EINVAL;
	if (m->value == MGMT_IDENTITY)
		return tell(m);
	if (i >= BOOT_FILES)
		return -EINVAL;
	if (!file[i].size)
		return -ENOENT;
	if (m->buf[0].len < file[i].size)
		return -ENOSPC;
	if (domain_copy_out(m->sender, m->buf[0].base, file[i].data,
			    file[i].size))
		return -EFAULT;
	return (int)file[i].size;
}

static const struct message_handler identity_handler = {
	.name = MGMT_IDENTITY_HANDLER, .fn = identity_message,
	.service = "netd",
};
MESSAGE_HANDLER(identity_handler);
