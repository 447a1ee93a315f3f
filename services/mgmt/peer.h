/* SPDX-License-Identifier: MIT */
/*
 * Who counts as one, where somebody outside is limited by address: one of IPv4,
 * or all of a network of IPv6 with 64 bits of prefix, which any host in it has at
 * its disposal (RFC 4291, 2.5.4). Tested on the host.
 */
#ifndef MGMT_PEER_H
#define MGMT_PEER_H

#include <services/netd.h>

/* The peer that an address (as text, as lwIP writes it) belongs to, as text. */
void peer_of_address(const char *address, char peer[NETD_IP_MAX]);

#endif
