/* SPDX-License-Identifier: MIT */
/*
 * What the management service in netd asks the core for. Four handlers that
 * only the service netd may open, so no program that somebody else starts, of
 * that name or not: msgopen() is -ENOENT there. All are MSG_BUF with one of the
 * operations as the value, and none of them ever waits. A result below 0 is a
 * negative errno; -EINVAL: buffers that do not fit the operation.
 */
#ifndef ABI_MGMT_H
#define ABI_MGMT_H

#include <stdint.h>

/* Event bits of SYS_WAIT, beside those of netring.h. */
#define MGMT_EVENT_SHELL	0x8u	/* output, or the end of a session */
#define MGMT_EVENT_CAPTURE	0x10u	/* frames where there were none, or
					 * half of the ring is full */

/* ---- identity: by what others know this machine, and what time it is ---- */

#define MGMT_IDENTITY_HANDLER	"identity"

enum mgmt_identity_operation {
	/* bufs[0] writable struct mgmt_identity. 0. */
	MGMT_IDENTITY,
	/*
	 * bufs[0] writable, room for the file as it was found, PEM or DER. Its
	 * length; -ENOENT: there is none; -ENOSPC: longer than the buffer.
	 */
	MGMT_IDENTITY_CERTIFICATE,	/* tandem.crt */
	MGMT_IDENTITY_KEY,		/* tandem.key */
	MGMT_IDENTITY_CLIENT_CA,	/* tandem.ca */
};

#define MGMT_FILE_MAX		8192	/* bytes of each file */
#define MGMT_SEED_SIZE		32

enum mgmt_seed {
	MGMT_SEED_NONE,		/* all 0: nothing to make a key of */
	/*
	 * From a generator of the CPU or the firmware at this boot: secret, but
	 * another one at the next.
	 */
	MGMT_SEED_OF_BOOT,
	/*
	 * The same at each boot, but made where there was no generator: of
	 * time alone. Whoever knows when that was may guess it.
	 */
	MGMT_SEED_KEPT_WEAK,
	/* The same at each boot, from a generator. */
	MGMT_SEED_KEPT,
};

struct mgmt_identity {
	uint8_t seed[MGMT_SEED_SIZE];	/* make keys of it, do not use it as one */
	uint32_t seed_kind;		/* enum mgmt_seed */
	uint32_t certificate, key, client_ca;	/* bytes of each file; 0: none */
	/* seconds since 1970-01-01 00:00 UTC, now; 0: the machine has no clock */
	uint64_t utc;
};

/* ---- session: the VMM's shell ---- */

#define MGMT_SHELL_HANDLER	"session"

enum mgmt_shell_operation {
	/*
	 * bufs[0] writable struct mgmt_shell: role in, id out. 0; -EBUSY: all
	 * are in use; -ENOMEM; -ENOENT: this build has no shell.
	 */
	MGMT_SHELL_OPEN,
	/*
	 * bufs[0] writable struct mgmt_shell with id; bufs[1] bytes that were
	 * typed (0x03 ends what runs, as ^C does). How many were taken: fewer,
	 * or none, if nobody reads them. -ENOENT: there is no such session (any
	 * more); -EPIPE: its shell has ended.
	 */
	MGMT_SHELL_WRITE,
	/*
	 * bufs[0] writable struct mgmt_shell with id; state out; bufs[1]
	 * writable. The number of bytes of output, 0: none now. -ENOENT; -EPIPE:
	 * the shell has ended and there is no more: close it.
	 */
	MGMT_SHELL_READ,
	/* bufs[0] writable struct mgmt_shell with id. 0; -ENOENT. */
	MGMT_SHELL_CLOSE,
};

enum mgmt_shell_role {
	MGMT_SHELL_OPERATE,	/* what dbgsh in the guest may, but debug */
	MGMT_SHELL_LOOK,	/* what changes and ends nothing */
};

/* mgmt_shell.state */
#define MGMT_SHELL_READS	1u	/* a program waits for input */

/*
 * A session that nobody writes to or reads from ends after
 * CONFIG_DBGSH_TIMEOUT_S, and all end when netd does.
 */
struct mgmt_shell {
	uint32_t id;		/* never 0, not used again soon */
	uint32_t role;		/* enum mgmt_shell_role */
	uint32_t state;
	uint32_t pad;
};

/* ---- power: the machine, and so the guest ---- */

#define MGMT_POWER_HANDLER	"power"

/*
 * bufs[0]: who asks, for the log, as text without 0, up to MGMT_WHO_MAX bytes.
 * 0: it happens MGMT_POWER_DELAY_MS later, so that an answer can still leave;
 * -ENOTSUP: this machine cannot; -EBUSY: something was asked for already;
 * -EPERM: the service is off, or nobody can log in to it to operate.
 */
enum mgmt_power_operation {
	/* Resets the machine; the VMM comes back by its boot path. */
	MGMT_POWER_RESET,
	/* Switches the machine off (ACPI S5); the guest is not asked. */
	MGMT_POWER_OFF,
	/* An NMI for the guest's first CPU: dumps, where it is set up to. */
	MGMT_POWER_NMI,
};

#define MGMT_WHO_MAX		64
#define MGMT_POWER_DELAY_MS	500

/* ---- capture: frames at the switch ---- */

#define MGMT_CAPTURE_HANDLER	"capture"

enum mgmt_capture_operation {
	/*
	 * bufs[0] struct mgmt_capture_filter. 0; -EPERM: not switched on
	 * (mgmt.capture); -EBUSY: one runs; -ENOMEM; -EINVAL; -ENODEV: there is
	 * no shared card.
	 */
	MGMT_CAPTURE_START,
	/*
	 * bufs[0] writable, 8-aligned: as many whole records as fit; their
	 * bytes, 0: none now. -ENOENT: no capture.
	 */
	MGMT_CAPTURE_READ,
	/* bufs[0] writable struct mgmt_capture_state. 0, capture or not. */
	MGMT_CAPTURE_STATE,
	/* Ends it and forgets what was not read. 0; -ENOENT. */
	MGMT_CAPTURE_STOP,
};

/* A frame is taken where it comes into the switch, and where it leaves it. */
#define MGMT_CAPTURE_IN		1u	/* from a port into the switch */
#define MGMT_CAPTURE_OUT	2u	/* from the switch to a port */

#define MGMT_CAPTURE_SNAP_MAX	2048

/*
 * What is captured. A field of 0 leaves nothing out. Addresses, ports and
 * protocol are looked for in IPv4 and IPv6 without extension headers, behind up
 * to two VLAN tags; a later fragment has no ports.
 */
struct mgmt_capture_filter {
	uint32_t snap;		/* bytes kept of each; 0: MGMT_CAPTURE_SNAP_MAX */
	uint8_t ports;		/* mask of 1 << enum net_port_id: wire, guest,
				 * stack */
	uint8_t direction;	/* mask of MGMT_CAPTURE_IN, _OUT */
	uint8_t protocol;	/* of IP: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6 */
	uint8_t address_len;	/* 4, 16; 0: any */
	uint16_t port;		/* TCP or UDP, either end */
	/*
	 * TCP of the VMM's stack with this port at either end is left out: the
	 * connection that the capture goes away by would fill it with itself.
	 */
	uint16_t without_tcp;
	uint8_t address[16];	/* either end, as in a packet */
};

/* In front of each frame, which is filled up to a multiple of 8 bytes. */
struct mgmt_capture_record {
	uint64_t time_us;	/* VMM time, as SYS_TIME */
	uint32_t len;		/* of the frame */
	uint16_t kept;		/* of it: as many bytes follow */
	uint8_t port;		/* 0 wire, 1 guest, 2 stack */
	uint8_t direction;	/* MGMT_CAPTURE_IN or _OUT */
};

struct mgmt_capture_state {
	uint8_t allowed;	/* switched on */
	uint8_t running;
	uint8_t ports;		/* that there are, as in the filter */
	uint8_t pad;
	uint32_t ring;		/* bytes of the ring; 0: none */
	uint64_t seen;		/* frames the filter let through */
	uint64_t dropped;	/* of these, for want of room */
};

_Static_assert(sizeof(struct mgmt_identity) == 56, "layout");
_Static_assert(sizeof(struct mgmt_shell) == 16, "layout");
_Static_assert(sizeof(struct mgmt_capture_filter) == 28, "layout");
_Static_assert(sizeof(struct mgmt_capture_record) == 16, "layout");
_Static_assert(sizeof(struct mgmt_capture_state) == 24, "layout");

#endif
