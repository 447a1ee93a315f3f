/* SPDX-License-Identifier: MIT */
/*
 * The VMM's name for those who ask by NetBIOS (RFC 1002, 4.2.12): lwIP's responder.
 * It is compiled in here, since it reads names to their end wherever that is:
 * only queries whose name is whole reach it, and only those from the link, or
 * it would send more than it got to whoever somebody says.
 */
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/netif.h>
#include <lwip/udp.h>
#include <services/netbios.h>
#include <services/netd.h>
#include <services/status.h>
#include <stdbool.h>
#include <string.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include): all of it is wanted here */
#include <apps/netbiosns/netbiosns.c>

#define ENCODED		(2 * NETBIOS_NAME_LEN)

static struct netbios_status status;

/* One name, of its fixed length, in letters from A to P (RFC 1001, 14.1). */
static bool is_query(const struct pbuf *p)
{
	struct {
		struct netbios_hdr header;
		struct netbios_question_hdr question;
	} PACK_STRUCT_STRUCT q;

	if (pbuf_copy_partial(p, &q, sizeof(q), 0) != sizeof(q) ||
	    q.question.nametype != ENCODED || q.question.encname[ENCODED])
		return false;
	for (unsigned int i = 0; i < ENCODED; i++)
		if (q.question.encname[i] < 'A' || q.question.encname[i] > 'P')
			return false;
	return true;
}

static void receive(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *from, u16_t port)
{
	const struct netif *n = netif_default;

	if (IP_IS_V6(from) ||
	    !ip4_addr_netcmp(ip_2_ip4(from), netif_ip4_addr(n),
			     netif_ip4_netmask(n))) {
		status.ignored++;
		pbuf_free(p);
		return;
	}
	if (!is_query(p)) {
		status.malformed++;
		pbuf_free(p);
		return;
	}
	status.messages++;
	netbiosns_recv(arg, pcb, p, from, port);
}

MSG_HANDLER(netbios_message);

int netbios_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	(void)value;
	return status_answer(type, bufs, n, &status, sizeof(status));
}

static int start(void)
{
	int error = msgregister(NETBIOS_HANDLER, netbios_message_entry);
	char name[sizeof(status.name)];

	if (error < 0 || !netd_netbios(name, sizeof(name)))
		return error;
	netbiosns_set_name(name);
	strlcpy(status.name, netbiosns_local_name, sizeof(status.name));
	netbiosns_init();
	if (!netbiosns_pcb)
		return -ENOMEM;
	udp_recv(netbiosns_pcb, receive, netbiosns_pcb);
	return 0;
}

static const struct netd_service netbios_service = {
	.name = "netbios", .start = start,
};

NETD_SERVICE(netbios_service);
