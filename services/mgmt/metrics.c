/* SPDX-License-Identifier: MIT */
/*
 * /metrics: counters in the OpenMetrics text format 1.0, for Prometheus. Names,
 * units and suffixes follow its conventions: base units, _total for what only
 * grows. What grows with the number of CPUs is left to the API, so that the
 * answer stays small.
 */
#include "api.h"
#include "auth.h"
#include "sources.h"

#include <stdio.h>
#include <string.h>

static struct mgmt_answer *to;

static void family(const char *name, const char *type, const char *help)
{
	mgmt_answer_printf(to, "# TYPE %s %s\n# HELP %s %s\n", name, type, name,
			   help);
}

static void counter(const char *name, const char *help, uint64_t value)
{
	family(name, "counter", help);
	mgmt_answer_printf(to, "%s_total %llu\n", name,
			   (unsigned long long)value);
}

static void gauge(const char *name, const char *help, uint64_t value)
{
	family(name, "gauge", help);
	mgmt_answer_printf(to, "%s %llu\n", name, (unsigned long long)value);
}

/* A family's unit, behind its type. */
static void unit(const char *name, const char *what)
{
	mgmt_answer_printf(to, "# UNIT %s %s\n", name, what);
}

/* Quotes, backslashes and newlines are escaped; cut at 63 bytes. */
static const char *label(const char *text, char out[128])
{
	size_t n = 0;

	for (; *text && n < 124; text++) {
		if (*text == '"' || *text == '\\')
			out[n++] = '\\';
		else if (*text == '\n')
			continue;
		/* the format is UTF-8, and other bytes are nobody's */
		out[n++] = (unsigned char)*text < 0x80 ? *text : '?';
	}
	out[n] = '\0';
	return out;
}

/* ---- VMM ---- */

static void write_build(const struct version_info *v)
{
	char release[128], compiler[128], config[128];

	family("tandem_build", "info", "What is running.");
	mgmt_answer_printf(to, "tandem_build_info{version=\"%s\","
			   "compiler=\"%s\",configuration=\"%s\"} 1\n",
			   label(v->release, release),
			   label(v->compiler, compiler),
			   label(v->config, config));
}

static void write_vmm(const struct tandem_status *s)
{
	uint64_t now = mgmt_wall_time();

	family("tandem_uptime_seconds", "gauge",
	       "Time since the VMM started, without sleep.");
	unit("tandem_uptime_seconds", "seconds");
	mgmt_answer_printf(to, "tandem_uptime_seconds %llu.%06u\n",
			   (unsigned long long)(s->uptime_us / 1000000),
			   (unsigned int)(s->uptime_us % 1000000));
	if (now)
		gauge("tandem_clock_seconds",
		      "The machine's clock, since 1970.", now);
	gauge("tandem_memory_size_bytes", "The VMM's block of memory.",
	      s->memory_total);
	gauge("tandem_memory_free_bytes", "Of it, free.", s->memory_free);
	counter("tandem_vmmcalls", "VMM calls of the guest.", s->calls);
	counter("tandem_vmmcalls_delayed",
		"VMM calls that had to wait for the limit.", s->calls_delayed);
	counter("tandem_log_bytes", "Bytes of log ever written.",
		s->log_bytes);
}

static void write_cpus(void)
{
	struct cpus_entry cpus[SOURCE_CPUS];
	int n = source_cpus(cpus, 0);

	family("tandem_cpu_exits", "counter", "Exits of a CPU to the VMM.");
	for (int i = 0; i < n; i++)
		mgmt_answer_printf(to, "tandem_cpu_exits_total{cpu=\"%u\"} "
				   "%llu\n", cpus[i].index,
				   (unsigned long long)cpus[i].exits);
	family("tandem_cpu_state", "stateset", "What a CPU's guest does.");
	for (int i = 0; i < n; i++)
		for (uint32_t state = 0; state < CPUS_STATES; state++)
			mgmt_answer_printf(
				to, "tandem_cpu_state{cpu=\"%u\","
				"tandem_cpu_state=\"%s\"} %u\n", cpus[i].index,
				source_cpu_state(state),
				cpus[i].state == state);
}

static void write_exits(void)
{
	const struct exits_entry *e;
	int n = source_exits(0, &e);
	char text[128];

	family("tandem_exits", "counter", "Exits of all CPUs, by reason.");
	for (; n > 0; n--, e++)
		mgmt_answer_printf(to, "tandem_exits_total{reason=\"%s\","
				   "code=\"0x%x\"} %llu\n",
				   label(e->name, text), e->code,
				   (unsigned long long)e->count);
}

/* What a family says of each domain. */
static uint64_t domain_cpu(const struct ps_entry *e)
{
	return e->cpu_us;
}

static uint64_t domain_memory(const struct ps_entry *e)
{
	return (uint64_t)e->memory_kib * 1024;
}

static void write_domains(void)
{
	const struct ps_entry *e;
	int n = source_domains(&e);
	char text[128];

	family("tandem_domain_cpu_seconds", "counter",
	       "Processor time of a program in a domain.");
	unit("tandem_domain_cpu_seconds", "seconds");
	for (int i = 0; i < n; i++)
		mgmt_answer_printf(
			to, "tandem_domain_cpu_seconds_total{program=\"%s\","
			"id=\"%llu\"} %llu.%06u\n", label(e[i].name, text),
			(unsigned long long)e[i].id,
			(unsigned long long)(domain_cpu(&e[i]) / 1000000),
			(unsigned int)(domain_cpu(&e[i]) % 1000000));
	family("tandem_domain_memory_bytes", "gauge",
	       "Memory of a program in a domain.");
	unit("tandem_domain_memory_bytes", "bytes");
	for (int i = 0; i < n; i++)
		mgmt_answer_printf(
			to, "tandem_domain_memory_bytes{program=\"%s\","
			"id=\"%llu\"} %llu\n", label(e[i].name, text),
			(unsigned long long)e[i].id,
			(unsigned long long)domain_memory(&e[i]));
}

/* ---- network ---- */

enum port_value { RX_FRAMES, RX_BYTES, TX_FRAMES, TX_BYTES, LINK, SPEED };

static const struct {
	const char *name, *type, *help;
} port_families[] = {
	[RX_FRAMES] = { "tandem_network_receive_packets", "counter",
			"Frames from a port into the switch." },
	[RX_BYTES] = { "tandem_network_receive_bytes", "counter",
		       "Bytes of these." },
	[TX_FRAMES] = { "tandem_network_transmit_packets", "counter",
			"Frames from the switch to a port." },
	[TX_BYTES] = { "tandem_network_transmit_bytes", "counter",
		       "Bytes of these." },
	[LINK] = { "tandem_network_up", "gauge", "1: the port has a link." },
	[SPEED] = { "tandem_network_speed_bytes", "gauge",
		    "Bytes a second of a port's link." },
};

static uint64_t port_value(const struct net_status_port *p, enum port_value v)
{
	switch (v) {
	case RX_FRAMES:	return p->rx_frames;
	case RX_BYTES:	return p->rx_bytes;
	case TX_FRAMES:	return p->tx_frames;
	case TX_BYTES:	return p->tx_bytes;
	case LINK:	return p->link;
	default:	return (uint64_t)p->speed * 125000;
	}
}

static void write_port_family(enum port_value v)
{
	const struct net_status *s;
	bool counts = !strcmp(port_families[v].type, "counter");
	char text[128];

	family(port_families[v].name, port_families[v].type,
	       port_families[v].help);
	for (int n = 0; source_switch(n, &s) == 0; n++) {
		for (unsigned int i = 0; i < NET_STATUS_PORTS; i++) {
			if (!s->port[i].name[0] || (v == SPEED && i > 0))
				continue;
			mgmt_answer_printf(
				to, "%s%s{card=\"%d\",port=\"%s\"} %llu\n",
				port_families[v].name, counts ? "_total" : "",
				n, label(s->port[i].name, text),
				(unsigned long long)port_value(&s->port[i],
							       v));
		}
	}
}

/* drops: of the counters those that tell of lost frames, or the others. */
static void write_port_counters(const char *name, const char *help,
				const char *what, bool drops)
{
	const struct net_status *s;
	char port[128], text[128];

	family(name, "counter", help);
	for (int n = 0; source_switch(n, &s) == 0; n++) {
		for (uint32_t i = 0; i < s->entries; i++) {
			const struct net_status_entry *e = &s->entry[i];

			if (e->is_text || e->port >= NET_STATUS_PORTS ||
			    source_is_drop(e->name) != drops)
				continue;
			mgmt_answer_printf(
				to, "%s_total{card=\"%d\",port=\"%s\","
				"%s=\"%s\"} %llu\n", name, n,
				label(s->port[e->port].name, port), what,
				label(e->name, text),
				(unsigned long long)e->value);
		}
	}
}

static void write_network(void)
{
	for (unsigned int v = RX_FRAMES; v <= SPEED; v++)
		write_port_family(v);
	write_port_counters("tandem_network_drop", "Frames that went nowhere.",
			    "reason", true);
	write_port_counters("tandem_network_event",
			    "What else a port has counted.", "event", false);
}

static void write_stack(void)
{
	const struct netd_counter *c = (const void *)api_room;
	int len = netd_answer(NETD_COUNTERS, api_room, sizeof(api_room));
	char text[128];

	family("tandem_stack_event", "counter",
	       "What the VMM's own TCP/IP stack has counted.");
	for (; len >= (int)sizeof(*c); len -= (int)sizeof(*c), c++)
		mgmt_answer_printf(to, "tandem_stack_event_total{event=\"%s\"} "
				   "%llu\n", label(c->name, text),
				   (unsigned long long)c->value);
}

/* ---- services ---- */

static void write_services(void)
{
	struct echo_servers s;

	if (!source_echo(&s)) {
		family("tandem_echo_up", "gauge", "1: the server runs.");
		mgmt_answer_printf(to, "tandem_echo_up{protocol=\"tcp\"} %u\n"
				   "tandem_echo_up{protocol=\"udp\"} %u\n",
				   s.tcp.port != 0, s.udp.port != 0);
		family("tandem_echo_bytes", "counter", "Bytes sent back.");
		mgmt_answer_printf(to, "tandem_echo_bytes_total{"
				   "protocol=\"tcp\"} %llu\n"
				   "tandem_echo_bytes_total{"
				   "protocol=\"udp\"} %llu\n",
				   (unsigned long long)s.tcp.bytes,
				   (unsigned long long)s.udp.bytes);
	}
	gauge("tandem_mgmt_sessions", "Users that are logged in.",
	      auth_session_count());
	family("tandem_mgmt_logins", "counter", "Logins, by how they ended.");
	mgmt_answer_printf(to, "tandem_mgmt_logins_total{result=\"opened\"} "
			   "%llu\ntandem_mgmt_logins_total{result=\"wrong\"} "
			   "%llu\ntandem_mgmt_logins_total{result=\"delayed\"} "
			   "%llu\n", (unsigned long long)auth_counts.opened,
			   (unsigned long long)auth_counts.wrong,
			   (unsigned long long)auth_counts.delayed);
	counter("tandem_mgmt_forged",
		"Requests refused for their origin or token.",
		auth_counts.refused);
}

/* ---- the route ---- */

static void show_metrics(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct tandem_status s;
	struct version_info v;
	int error = source_version(&v);

	(void)r;
	if (!error)
		error = source_status(&s);
	if (error) {
		api_no_answer(a, "the core", error);
		return;
	}
	to = a;
	mgmt_answer_begin(a, 200, "application/openmetrics-text; "
			  "version=1.0.0; charset=utf-8");
	write_build(&v);
	write_vmm(&s);
	write_cpus();
	write_exits();
	write_domains();
	write_network();
	write_stack();
	write_services();
	mgmt_answer_printf(a, "# EOF\n");
}

static const struct mgmt_route metrics_route = {
	.path = "/metrics", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_metrics,
};
MGMT_ROUTE(metrics_route);
