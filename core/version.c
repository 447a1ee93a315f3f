/* SPDX-License-Identifier: MIT */
/* What VMM this is, for the shell's `version`. */
#include <abi/version.h>
#include <config/digest.h>
#include <config/release.h>
#include <errno.h>
#include <tandem/domain.h>

#ifdef __clang__
#define COMPILER	__VERSION__		/* names itself */
#else
#define COMPILER	"gcc " __VERSION__
#endif

/* buf 0: struct version_info */
static int version_message(struct message *m)
{
	static const struct version_info info = {
		.release = TANDEM_RELEASE,
		.compiler = COMPILER,
		.config = CONFIG_DIGEST,
	};

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable ||
	    m->buf[0].len != sizeof(info))
		return -EINVAL;
	if (domain_copy_out(m->sender, m->buf[0].base, &info, sizeof(info)))
		return -EFAULT;
	return sizeof(info);
}

static const struct message_handler version_handler = {
	.name = "version", .fn = version_message,
};
MESSAGE_HANDLER(version_handler);
