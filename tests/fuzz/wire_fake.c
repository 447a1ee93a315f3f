/* SPDX-License-Identifier: MIT */
/* The connection below (wire_fake.h), and what else of lwIP's TCP is looked at. */
#include "wire_fake.h"

#include "check.h"

#include <lwip/altcp_tcp.h>
#include <lwip/priv/altcp_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <string.h>

struct wire wire;

static unsigned int checks;

/* lwIP's, which has no connection here */
struct tcp_pcb *tcp_active_pcbs;
u32_t tcp_ticks;

static void wire_recved(struct altcp_pcb *conn, u16_t len)
{
	CHECK(conn == wire.conn);
	wire.pcb.rcv_wnd += len;
	CHECK(wire.pcb.rcv_wnd <= TCP_WND);
}

static struct altcp_pcb *wire_listen(struct altcp_pcb *conn, u8_t backlog,
				     err_t *error)
{
	(void)backlog;
	*error = ERR_OK;
	return conn;
}

static void wire_end(struct altcp_pcb *conn)
{
	CHECK(conn == wire.conn);
	wire.conn = NULL;
	altcp_free(conn);
}

/* As lwIP has it: the layer above is told first. */
static void wire_abort(struct altcp_pcb *conn)
{
	if (conn->err)
		conn->err(conn->arg, ERR_ABRT);
	wire_end(conn);
}

/* lwIP's never fails: what it has no memory for now, its timer does later. */
static err_t wire_close(struct altcp_pcb *conn)
{
	wire_end(conn);
	return ERR_OK;
}

static err_t wire_write(struct altcp_pcb *conn, const void *from, u16_t len,
			u8_t flags)
{
	CHECK(conn == wire.conn && flags & TCP_WRITE_FLAG_COPY);
	if (len > wire.room)
		return ERR_MEM;
	CHECK(len <= WIRE_MAX - wire.out_len);
	memcpy(wire.out + wire.out_len, from, len);
	wire.out_len += len;
	wire.room -= len;
	return ERR_OK;
}

static void wire_set_poll(struct altcp_pcb *conn, u8_t interval)
{
	(void)conn, (void)interval;
}

static err_t wire_output(struct altcp_pcb *conn)
{
	(void)conn;
	return ERR_OK;
}

static u16_t wire_sndbuf(struct altcp_pcb *conn)
{
	(void)conn;
	return wire.room;
}

static u16_t wire_sndqueuelen(struct altcp_pcb *conn)
{
	(void)conn;
	return wire.room < TCP_MSS;
}

static err_t wire_addrinfo(struct altcp_pcb *conn, int local, ip_addr_t *addr,
			   u16_t *port)
{
	(void)conn, (void)local, (void)addr, (void)port;
	return ERR_VAL;
}

static const struct altcp_functions wire_functions = {
	.set_poll = wire_set_poll,
	.recved = wire_recved,
	.listen = wire_listen,
	.abort = wire_abort,
	.close = wire_close,
	.write = wire_write,
	.output = wire_output,
	.sndbuf = wire_sndbuf,
	.sndqueuelen = wire_sndqueuelen,
	.addrinfo = wire_addrinfo,
};

struct altcp_pcb *altcp_tcp_new_ip_type(u8_t ip_type)
{
	struct altcp_pcb *conn = altcp_alloc();

	(void)ip_type;
	CHECK(conn);
	conn->fns = &wire_functions;
	conn->state = &wire.pcb;
	return conn;
}

_Noreturn void stack_assertion(const char *text, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	abort();
}

void stack_diagnostic(const char *fmt, ...)
{
	(void)fmt;
}
