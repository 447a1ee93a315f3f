/* SPDX-License-Identifier: MIT */
/*
 * Where API and metrics have their figures from: the core's handlers and netd
 * itself. Results below 0 are a negative errno. What is returned by a pointer is
 * in api_room, until the next question.
 */
#ifndef MGMT_SOURCES_H
#define MGMT_SOURCES_H

#include <abi/cpus.h>
#include <abi/exits.h>
#include <abi/net.h>
#include <abi/ps.h>
#include <abi/status.h>
#include <abi/version.h>
#include <services/echo.h>
#include <services/netd.h>
#include <stdbool.h>

#define SOURCE_CPUS	32u
#define SOURCE_DOMAINS	64u

/* ---- api_status.c ---- */

/* How many, from CPU number first on; at most SOURCE_CPUS. */
int source_cpus(struct cpus_entry *to, unsigned int first);
const char *source_cpu_state(uint32_t state);

/* How many reasons, of CPU number cpu - 1, or with 0 of all. */
int source_exits(unsigned int cpu, const struct exits_entry **e);

/* How many domains. */
int source_domains(const struct ps_entry **e);

/* 0 */
int source_status(struct tandem_status *s);
int source_version(struct version_info *v);

/* ---- api_network.c ---- */

/* The n-th switch, from 0; -ENOENT past the last. */
int source_switch(int n, const struct net_status **s);

/* Does a counter of that name tell of frames that went nowhere? */
bool source_is_drop(const char *name);

/* ---- api_services.c ---- */

/* 0; -ENOENT: this build has none. */
int source_echo(struct echo_servers *s);

#endif
