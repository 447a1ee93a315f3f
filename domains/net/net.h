/* SPDX-License-Identifier: MIT */
/*
 * The two sides of `net`: core.c asks the core about the card and the switch,
 * stack.c asks netd. j: where JSON goes, NULL: text is shown. All return an
 * exit status.
 */
#ifndef NET_H
#define NET_H

#include <domain/json.h>

/* ---- core.c ---- */

/* Every switch: "ports" with their counters, or only "link". */
int net_ports(struct json *j);
int net_link(struct json *j);

/* ---- stack.c ---- */

int net_address(struct json *j);
int net_counters(struct json *j);
/* Nothing while the log goes nowhere. */
int net_syslog(struct json *j);
/* Nothing while no server is asked. */
int net_time(struct json *j);
int net_mdns(struct json *j);
int net_netbios(struct json *j);
int net_neighbours(struct json *j);
int net_connections(struct json *j);

/* ---- main.c ---- */

void net_mac(const uint8_t mac[6], char text[18]);

#endif
