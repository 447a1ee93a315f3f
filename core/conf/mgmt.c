/* SPDX-License-Identifier: MIT */
/* What the configuration says to the management service; abi/mgmt_settings.h. */
#include <abi/mgmt_settings.h>
#include <errno.h>
#include <string.h>
#include <tandem/conf.h>
#include <tandem/domain.h>
#include <tandem/types.h>

_Static_assert(MGMT_PASSWORD_MAX == CONF_HASH_MAX, "a hash fits");

static int settings_message(struct message *m)
{
	const struct conf *c = &tandem_conf;
	struct mgmt_core_settings s = {
		.on = c->number[CONF_MGMT] != 0,
		.capture = c->number[CONF_MGMT_CAPTURE] != 0,
		.port = (uint16_t)c->number[CONF_MGMT_PORT],
		.sessions = (uint16_t)c->number[CONF_MGMT_SESSIONS],
		.handshakes = (uint16_t)c->number[CONF_MGMT_HANDSHAKES],
	};

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable ||
	    m->buf[0].len < sizeof(s))
		return -EINVAL;
	memcpy(s.password, c->password, sizeof(s.password));
	memcpy(s.password_read, c->password_read, sizeof(s.password_read));
	if (domain_copy_out(m->sender, m->buf[0].base, &s, sizeof(s)))
		return -EFAULT;
	return sizeof(s);
}

static const struct message_handler settings_handler = {
	.name = MGMT_SETTINGS_HANDLER, .fn = settings_message,
	.service = "netd",
};
MESSAGE_HANDLER(settings_handler);
