/* SPDX-License-Identifier: MIT */
/*
 * The contract between the parts of net/: frames, ports, and how a switch, a
 * NIC driver, a guest device and the stack port find one another. Nothing
 * below net/ includes another part's private headers.
 *
 *	wire (bnx) ──┐             ┌── guest (virtio)
 *	             ├── switch ───┤
 *	             │ (ippass)    └── stack (netd's rings)
 *
 * Frames move in batches. A port hands a batch that it received to
 * net_input(); the switch looks at each frame once and calls transmit() of
 * the ports it is for, then flush() once per port: one doorbell a batch.
 *
 * Ownership. A frame belongs to the port it came from. transmit() that
 * accepts a frame takes a reference (frame_get) and drops it (frame_put)
 * when the hardware or the copy is done; the last put calls release(), where
 * the owner may use the frame and its memory again. A port that copies does
 * so inside transmit() and takes no reference.
 *
 * Backpressure. transmit() accepts as many as fit, in order, and returns the
 * number. net_input() returns how many frames of the batch were consumed; the
 * source keeps the rest and tries again when its resume() is called. Frames
 * that came from the wire cannot wait: what their target has no room for is
 * dropped and counted (rx_no_buffer of the target).
 *
 * Context. All of this runs in exit context (ring 0, between two runs of the
 * guest), on any CPU; each port locks its own rings. Calls may nest one level:
 * net_input() → transmit() → (loop back) never calls net_input() again;
 * resume() is called from the switch after the batch, not from transmit().
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <tandem/pci.h>
#include <tandem/types.h>

#define ETH_ALEN		6
#define ETH_HEADER_LEN		14
#define NET_MTU			1500
/* header, one VLAN tag, payload; without FCS */
#define NET_FRAME_MAX		1518
#define NET_FRAME_SEGMENTS	20

enum net_port_id { NET_WIRE, NET_GUEST, NET_STACK, NET_PORTS };

struct frame;

struct frame_segment {
	host_phys phys;		/* may be DMAed by the NIC */
	void *virt;		/* the same bytes; guest memory may change
				 * under us and is read-only to us */
	uint32_t len;
};

/* offload flags of a frame */
#define FRAME_CSUM_PARTIAL	BIT(0)	/* to be completed: start, offset */
#define FRAME_CSUM_VALID	BIT(1)	/* received and found good */
#define FRAME_TSO4		BIT(2)
#define FRAME_TSO6		BIT(3)
#define FRAME_VLAN		BIT(4)	/* vlan holds a TCI, not in the bytes */

struct frame {
	struct frame_segment segment[NET_FRAME_SEGMENTS];
	uint16_t n_segments;
	uint8_t origin;			/* enum net_port_id */
	uint8_t flags;			/* FRAME_* */
	uint32_t len;			/* sum of the segments, from dst MAC */
	uint16_t csum_start;		/* offset of the first byte summed */
	uint16_t csum_offset;		/* of the field, from csum_start */
	uint16_t header_len;		/* TSO: bytes of all headers */
	uint16_t mss;			/* TSO: payload bytes a segment */
	uint16_t vlan;			/* TCI */
	uint16_t refs;
	void (*release)(struct frame *f);
	void *owner;			/* for release() */
	uint32_t cookie;		/* for release() */
};

static inline void frame_get(struct frame *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}

static inline void frame_put(struct frame *f)
{
	if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) == 0)
		f->release(f);
}

/*
 * Copy len bytes at offset of the frame to dst (for headers: look at the
 * private copy only). Returns false if the frame is shorter.
 */
bool frame_copy(const struct frame *f, uint32_t offset, void *dst,
		uint32_t len);

/*
 * Every reason for which a frame ends early has its counter. The switch
 * (net/net.c) counts those marked S, the port itself the others.
 */
struct net_counters {
	uint64_t rx_frames, rx_bytes;	/* S: from the port into the switch */
	uint64_t tx_frames, tx_bytes;	/* S: from the switch into the port */
	uint64_t rx_errors;		/* hardware said so (CRC, length) */
	uint64_t rx_no_buffer;		/* S: this port had no buffer: dropped */
	uint64_t tx_busy;		/* S: ring full: pushed back, not lost */
	uint64_t tx_link_down;		/* completed without being sent */
	uint64_t tx_malformed;		/* refused: what the source asked for
					 * cannot be a frame */
	uint64_t linearized;		/* copied to suit the hardware */
	uint64_t filtered;		/* S: not for anybody here */
};

/* Several CPUs count at once. */
static inline void net_count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

struct net_port;
struct net_switch;

/* Status of a port as it is put together (net/status.c). */
struct net_report;

/* How something is, in a few words. */
void net_report_text(struct net_report *r, const char *name, const char *fmt,
		     ...) __printf(3, 4);
/* A counter, unless it is 0. */
void net_report_count(struct net_report *r, const char *name, uint64_t value);

struct net_port_ops {
	unsigned int (*transmit)(struct net_port *p, struct frame *const *f,
				 unsigned int n);
	/* ring the doorbell for what transmit() accepted since the last */
	void (*flush)(struct net_port *p);
	/* there is room again: look at your source ring */
	void (*resume)(struct net_port *p);
	/* the wire's link changed; not called on the wire port itself */
	void (*link_changed)(struct net_port *p, bool up);
	/* more for the status, with net_report_*; may be NULL */
	void (*describe)(struct net_port *p, struct net_report *r);

	/* wire port only */
	/*
	 * Which frames to accept besides broadcast and the port's own MAC:
	 * mac/n_mac further unicast and multicast addresses (the array is
	 * copied), or all. Any context but NMI.
	 */
	void (*set_filter)(struct net_port *p, bool promiscuous,
			   bool all_multicast, const uint8_t (*mac)[ETH_ALEN],
			   unsigned int n_mac);
	/*
	 * The guest uses a pin interrupt: enable switches the device from MSI
	 * to its INTx line (the VMM then relies on the exits that the line
	 * causes); level asserts or clears it.
	 */
	void (*guest_intx_enable)(struct net_port *p, bool on);
	void (*guest_intx_level)(struct net_port *p, bool asserted);
};

/* what a port can do with a frame given to transmit() */
#define NET_CAN_CSUM		BIT(0)
#define NET_CAN_TSO4		BIT(1)
#define NET_CAN_TSO6		BIT(2)
#define NET_CAN_VLAN		BIT(3)

struct net_port {
	enum net_port_id id;
	const struct net_port_ops *ops;
	struct net_switch *sw;
	void *priv;
	uint32_t can;			/* NET_CAN_* */
	uint8_t mac[ETH_ALEN];
	bool link;
	uint16_t speed;			/* Mbit/s; wire */
	bool full_duplex;
	struct net_counters count;
};

/* ---- the switch, seen from a port ---- */

/*
 * A batch received by p, refs 1 each (the source's own reference). Returns
 * how many were consumed, in order; the caller drops its reference of those
 * and keeps the rest (only when p is not the wire).
 */
unsigned int net_input(struct net_port *p, struct frame **f, unsigned int n);

/* p's transmit side has room again after it pushed back. */
void net_room(struct net_port *p);

/* The wire port's link changed (p->link, speed set before). */
void net_link_changed(struct net_port *p);

/*
 * The guest's receive filter (virtio CTRL_RX) or the stack's multicast list
 * changed; the switch merges them and calls the wire's set_filter().
 */
void net_filter_changed(struct net_port *p, bool promiscuous,
			bool all_multicast, const uint8_t (*mac)[ETH_ALEN],
			unsigned int n_mac);

/*
 * The addresses by which the VMM's own stack is known. The stack port sets
 * them; they are copied. IPv4 addresses in network byte order, as in a packet.
 */
#define NET_IP4_MAX		4
#define NET_IP6_MAX		6
#define NET_MULTICAST_MAX	8

struct net_addresses {
	unsigned int n_ip4, n_ip6, n_multicast;
	uint32_t ip4[NET_IP4_MAX];
	uint8_t ip6[NET_IP6_MAX][16];
	uint8_t multicast[NET_MULTICAST_MAX][ETH_ALEN];
};

void net_addresses_changed(struct net_port *p, const struct net_addresses *a);

/* A port of the switch, NULL if it has none. */
struct net_port *net_switch_port(struct net_switch *sw, enum net_port_id id);
const char *net_switch_mode(struct net_switch *sw);
/* What the mode has to say, under the stack's port. */
void net_switch_describe(struct net_switch *sw, struct net_report *r);

/* What the ports are called where they are shown (net/status.c). */
extern const char *const net_port_names[NET_PORTS];

/* The n-th switch of the machine (n from 0), NULL past the last: for status. */
struct net_switch *net_switch_get(unsigned int n);

/* ---- putting it together ---- */

/* A kind of switch, chosen by the binding's option net=NAME. */
struct net_mode {
	const char *name;
	/*
	 * Decide where each of n frames (at most NET_BATCH) goes and call
	 * net_forward(); returns what that returned.
	 */
	unsigned int (*input)(struct net_switch *sw, struct net_port *from,
			      struct frame **f, unsigned int n);
	bool guest_port, stack_port;	/* which sides exist */
	/* more for the status, with net_report_*; may be NULL */
	void (*describe)(struct net_report *r);
};

#define NET_BATCH		64

/*
 * For modes: hand f[i] to the ports in targets[i], a mask of BIT(port id).
 * The wire comes first, and what it has no room for is left to the source.
 * Ports that copy get the frames that are consumed, and what they cannot take
 * is dropped and counted. Returns how many frames were consumed.
 */
unsigned int net_forward(struct net_switch *sw, struct net_port *from,
			 struct frame **f, const uint8_t *targets,
			 unsigned int n);

/* For modes: a copy of the stack's addresses. */
void net_switch_addresses(struct net_switch *sw, struct net_addresses *a);

#define NET_MODE(mode) \
	static const struct net_mode *const \
		TABLE_ENTRY(net_mode, net_mode_##mode) = &(mode)

/* A kind of guest device (virtio=1 → "virtio") and the stack port. */
struct net_backend {
	const char *name;
	enum net_port_id id;
	/*
	 * Fill port (ops, priv, can); port->mac is set. at is the physical
	 * device whose place a guest device takes; NULL for the stack.
	 */
	int (*create)(struct net_port *port, struct pci_device *at);
};

#define NET_BACKEND(backend) \
	static const struct net_backend *const \
		TABLE_ENTRY(net_backend, net_backend_##backend) = &(backend)

/*
 * Called by a NIC driver's probe when its wire port is ready but before it
 * is enabled: build the switch that the binding asks for (net=, virtio=) and
 * its other ports. 0; -EINVAL: unknown option value (logged with what would
 * be known); -ENOMEM.
 */
int net_attach(struct net_port *wire, struct pci_device *d,
	       const struct pci_binding *b);

#endif
