/* SPDX-License-Identifier: MIT */
/*
 * What runs here: /api/v1/status (VMM and CPUs), /api/v1/exits, /api/v1/domains;
 * from the core's handlers that `version`, `exits` and `ps` ask, too.
 */
#include "api.h"
#include "sources.h"

#include <string.h>

/* ---- what is asked for ---- */

int source_cpus(struct cpus_entry *to, unsigned int first)
{
	int len = api_ask("cpu_list", (int)first, to,
			  SOURCE_CPUS * sizeof(*to));

	return len < 0 ? len : len / (int)sizeof(*to);
}

int source_exits(unsigned int cpu, const struct exits_entry **e)
{
	int len = api_ask("exits", (int)cpu, api_room,
			  EXITS_REASONS * sizeof(**e));

	*e = (const void *)api_room;
	return len < 0 ? len : len / (int)sizeof(**e);
}

int source_domains(const struct ps_entry **e)
{
	int len = api_ask("domain_list", 0, api_room,
			  SOURCE_DOMAINS * sizeof(**e));

	*e = (const void *)api_room;
	return len < 0 ? len : len / (int)sizeof(**e);
}

int source_status(struct tandem_status *s)
{
	int len;

	memset(s, 0, sizeof(*s));
	len = api_ask("status", 0, s, sizeof(*s));
	s->release[sizeof(s->release) - 1] = '\0';
	return len < 0 ? len : 0;
}

int source_version(struct version_info *v)
{
	int len = api_ask("version", 0, v, sizeof(*v));

	return len < 0 ? len : 0;
}

const char *source_cpu_state(uint32_t state)
{
	static const char *const names[CPUS_STATES] = {
		[CPUS_RUNS] = "runs", [CPUS_HALTED] = "halted",
		[CPUS_NOT_STARTED] = "not started",
		[CPUS_STOPPED] = "stopped", [CPUS_LOST] = "lost",
	};

	return state < CPUS_STATES ? names[state] : "unknown";
}

/* ---- status ---- */

static const char *guest_state(const struct cpus_entry *cpus, int n)
{
	bool halted = false;

	for (int i = 0; i < n; i++) {
		if (cpus[i].state == CPUS_LOST)
			return "lost";
		if (cpus[i].state == CPUS_RUNS)
			return "runs";
		halted |= cpus[i].state == CPUS_HALTED;
	}
	return halted ? "idle" : "stopped";
}

static void show_cpus(struct json *j, const struct cpus_entry *c, int n)
{
	json_open(j, "cpus", '[');
	for (; n > 0; n--, c++) {
		json_open(j, NULL, '{');
		json_number(j, "cpu", c->index);
		json_number(j, "apic_id", c->apic_id);
		json_text(j, "guest", source_cpu_state(c->state));
		json_number(j, "exits", c->exits);
		json_number(j, "vmm_calls", c->calls);
		json_close(j);
	}
	json_close(j);
}

static void show_status(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct cpus_entry cpus[SOURCE_CPUS];
	struct tandem_status s;
	struct version_info v;
	struct json j;
	int n = source_cpus(cpus, 0), error;

	(void)r;
	error = n < 0 ? n : source_status(&s);
	if (!error)
		error = source_version(&v);
	if (error < 0) {
		api_no_answer(a, "the core", error);
		return;
	}
	api_answer(&j, a);
	json_open(&j, "vmm", '{');
	json_text(&j, "release", v.release);
	json_text(&j, "compiler", v.compiler);
	json_text(&j, "configuration", v.config);
	json_number(&j, "uptime_us", s.uptime_us);
	json_number(&j, "wall_time_s", mgmt_wall_time());
	json_number(&j, "memory_bytes", s.memory_total);
	json_number(&j, "memory_free_bytes", s.memory_free);
	json_number(&j, "exits", s.exits);
	json_number(&j, "vmm_calls", s.calls);
	json_number(&j, "vmm_calls_delayed", s.calls_delayed);
	json_number(&j, "log_bytes", s.log_bytes);
	json_close(&j);
	json_open(&j, "guest", '{');
	json_text(&j, "state", guest_state(cpus, n));
	show_cpus(&j, cpus, n);
	json_close(&j);
	json_close(&j);
}

static const struct mgmt_route status_route = {
	.path = "/api/v1/status", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_status,
};
MGMT_ROUTE(status_route);

/* ---- exits ---- */

static void show_reasons(struct json *j, const struct exits_entry *e, int n)
{
	json_open(j, "reasons", '[');
	for (; n > 0; n--, e++) {
		json_open(j, NULL, '{');
		json_text(j, "name", e->name);
		json_number(j, "code", e->code);
		json_number(j, "count", e->count);
		json_close(j);
	}
	json_close(j);
}

static void show_exits(const struct mgmt_request *r, struct mgmt_answer *a)
{
	const struct exits_entry *e;
	struct tandem_status s;
	struct json j;
	int n = source_exits(0, &e), error = source_status(&s);

	(void)r;
	if (n < 0 || error) {
		api_no_answer(a, "the core", n < 0 ? n : error);
		return;
	}
	api_answer(&j, a);
	json_number(&j, "uptime_us", s.uptime_us);
	json_number(&j, "total", s.exits);
	show_reasons(&j, e, n);
	json_open(&j, "cpus", '[');
	for (unsigned int cpu = 1; cpu <= SOURCE_CPUS; cpu++) {
		n = source_exits(cpu, &e);
		if (n < 0)
			break;
		json_open(&j, NULL, '{');
		json_number(&j, "cpu", cpu - 1);
		show_reasons(&j, e, n);
		json_close(&j);
	}
	json_close(&j);
	json_close(&j);
}

static const struct mgmt_route exits_route = {
	.path = "/api/v1/exits", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_exits,
};
MGMT_ROUTE(exits_route);

/* ---- domains ---- */

static const char *domain_state(uint32_t state)
{
	static const char *const names[PS_STATES] = {
		[PS_NEW] = "new", [PS_READY] = "ready", [PS_WAITS] = "waits",
		[PS_CALLS] = "calls", [PS_QUEUED] = "queued",
	};

	return state < PS_STATES ? names[state] : "unknown";
}

static void show_domains(const struct mgmt_request *r, struct mgmt_answer *a)
{
	const struct ps_entry *e;
	int n = source_domains(&e);
	struct json j;

	(void)r;
	if (n < 0) {
		api_no_answer(a, "the core", n);
		return;
	}
	api_answer(&j, a);
	json_open(&j, "domains", '[');
	for (; n > 0; n--, e++) {
		json_open(&j, NULL, '{');
		json_number(&j, "id", e->id);
		json_text(&j, "program", e->name);
		json_text(&j, "state", domain_state(e->state));
		json_number(&j, "cpu_us", e->cpu_us);
		json_number(&j, "memory_kib", e->memory_kib);
		json_number(&j, "descriptors", e->descriptors);
		json_number(&j, "starter", e->starter);
		json_close(&j);
	}
	json_close(&j);
	json_close(&j);
}

static const struct mgmt_route domains_route = {
	.path = "/api/v1/domains", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_domains,
};
MGMT_ROUTE(domains_route);
