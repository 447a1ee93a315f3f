/* SPDX-License-Identifier: MIT */
/*
 * What the management service may do to the machine (abi/mgmt.h): reset it,
 * switch it off, or send the guest an NMI, for a crash dump for example. It
 * happens a moment later, so that whoever asked gets an answer.
 */
#include "identity.h"
#include "reset.h"
#include "sleep.h"
#include "x86/cpus.h"

#include <abi/mgmt.h>
#include <errno.h>
#define LOG_PREFIX "power: "
#include <tandem/domain.h>
#include <tandem/log.h>
#include <tandem/timer.h>

static struct timer timer;
static int asked_for;		/* enum mgmt_power_operation, if armed */

static void act(struct timer *t __unused)
{
	switch (asked_for) {
	case MGMT_POWER_RESET:
		machine_reset();
	case MGMT_POWER_OFF:
		machine_off();
		break;
	case MGMT_POWER_NMI:
		/* this is the first CPU, between two runs of its guest */
		cpus[0].pending_nmi = true;
		break;
	}
}

/* What goes into a line of the log, whatever it is. */
static int read_who(struct message *m, char who[MGMT_WHO_MAX + 1])
{
	const struct msg_buf *b = &m->buf[0];

	if (m->type != MSG_BUF || m->n_bufs != 1 || !b->len ||
	    b->len > MGMT_WHO_MAX)
		return -EINVAL;
	if (domain_copy_in(m->sender, who, b->base, b->len))
		return -EFAULT;
	who[b->len] = '\0';
	for (char *p = who; p < who + b->len; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return 0;
}

static int power_message(struct message *m)
{
	static const char *const names[] = {
		[MGMT_POWER_RESET] = "reset of the machine",
		[MGMT_POWER_OFF] = "power-off",
		[MGMT_POWER_NMI] = "NMI for the guest",
	};
	char who[MGMT_WHO_MAX + 1];
	int e = read_who(m, who);

	if (e < 0)
		return e;
	if (m->value < 0 || (size_t)m->value >= ARRAY_SIZE(names))
		return -EINVAL;
	if (!identity_may_operate()) {
		log_few("%s refused: nobody can log in for it",
			names[m->value]);
		return -EPERM;
	}
	if (m->value == MGMT_POWER_OFF && !machine_can_off()) {
		log_few("%s asks for %s: the firmware's tables do not tell how",
			who, names[m->value]);
		return -ENOTSUP;
	}
	if (timer.armed)
		return -EBUSY;
	log_warn("%s, asked for by %s", names[m->value], who);
	asked_for = m->value;
	timer.fn = act;
	timer_arm(&timer, time_us() + MGMT_POWER_DELAY_MS * 1000ull);
	return 0;
}

static const struct message_handler power_handler = {
	.name = MGMT_POWER_HANDLER, .fn = power_message, .service = "netd",
};
MESSAGE_HANDLER(power_handler);
