/* SPDX-License-Identifier: MIT */
/*
 * What the configuration says to the management service in netd: the core's
 * handler "mgmt_settings", which netd alone may open, answers a MSG_BUF with a
 * writable buffer for this struct, by its length.
 */
#ifndef ABI_MGMT_SETTINGS_H
#define ABI_MGMT_SETTINGS_H

#include <stdint.h>

#define MGMT_SETTINGS_HANDLER	"mgmt_settings"

#define MGMT_PASSWORD_MAX	192	/* characters of a hash, with the end */

struct mgmt_core_settings {
	uint8_t on;			/* mgmt */
	uint8_t capture;		/* mgmt.capture */
	uint16_t port;			/* mgmt.port */
	uint16_t sessions, handshakes;	/* mgmt.sessions, mgmt.handshakes */
	char password[MGMT_PASSWORD_MAX];	/* "": none */
	char password_read[MGMT_PASSWORD_MAX];
};

#endif
