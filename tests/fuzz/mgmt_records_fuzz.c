/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: what a client does once its handshake is over. lwIP's layer over
 * mbedTLS, tls.c, the gate and the reader of requests are the service's; below
 * them is a TCP connection that does as the input says, above them stands what
 * makes the gate's calls in httpd's place. Each input begins with a handshake that
 * resumes a session, so a client that knows the keys (tls_client.h) seals what
 * the input says: requests, alerts, handshake messages, and records that are
 * wrong in one way.
 *
 * What must hold: only what was sealed right arrives, in order, and all of it as
 * long as nothing was wrong; after a record that is wrong nothing more does, and
 * the connection ends; what the server sends opens with its key and is
 * what was written; nothing is left of a connection that has ended.
 */
#include "check.h"
#include "fuzz.h"
#include "mgmt_host.h"
#include "tls_client.h"
#include "wire_fake.h"

#include <tls.c>
#undef LOG_PREFIX
#undef SECOND
#include <gate.c>

#include <lwip/stats.h>

static unsigned int checks;

#define STEPS_MAX	64u
#define START_US	1000000u
#define SENT_MAX	WIRE_MAX	/* of an input, either way */
#define PIECE_MAX	(TLS_HEAD + TLS_MORE + 0x5100u)

static struct altcp_pcb *listening;

static const struct mgmt_settings settings = { .port = 443 };

const struct mgmt_settings *mgmt_settings(void)
{
	return &settings;
}

/* ---- what is above the gate ---- */

struct mgmt_answer {
	struct gate *gate;
	unsigned int number;
	bool keep_alive;
};

static struct {
	struct altcp_pcb *conn;		/* NULL: none, or it is closed */
	struct mgmt_answer *answer;	/* made, and for this connection */
	bool asked;
	size_t to_write;
	struct mgmt_answer *made[STEPS_MAX * 256];
	unsigned int n_made;
	/* all plaintext that came, and what must have come */
	uint8_t got[SENT_MAX], want[SENT_MAX], written[SENT_MAX];
	size_t got_len, want_len, written_len, opened_len;
	bool ended;			/* the last of want has been sealed */
	bool odd;			/* not all of want has to arrive */
	bool wrong;			/* ... by one that ends the connection */
	bool blocked;			/* not all has been sent */
} top;

struct mgmt_answer *answer_new(struct gate *g, const struct mgmt_reader *r,
			       int status)
{
	struct mgmt_answer *a;

	CHECK(!status || (status >= 400 && !r->keep_alive));
	CHECK(status || r->request.path[0] == '/');
	CHECK(top.n_made < STEPS_MAX * 256);
	a = calloc(1, sizeof(*a));
	a->gate = g;
	a->keep_alive = r->keep_alive;
	a->number = top.n_made;
	top.made[top.n_made++] = a;
	return a;
}

unsigned int answer_number(const struct mgmt_answer *a)
{
	return a->number;
}

void answer_orphan(struct mgmt_answer *a)
{
	a->gate = NULL;
}

bool answer_is_broken(const struct mgmt_answer *a)
{
	(void)a;
	return false;
}

bool answer_is_for_stranger(const struct mgmt_answer *a)
{
	(void)a;
	return true;
}

/* As httpd does it, which forgets the connection. */
static void top_close(void)
{
	struct altcp_pcb *conn = top.conn;

	top.conn = NULL;
	altcp_arg(conn, NULL);
	altcp_recv(conn, NULL);
	altcp_err(conn, NULL);
	altcp_sent(conn, NULL);
	altcp_close(conn);
}

/* As much of the answer as there is room for. */
static void top_write(void)
{
	while (top.conn && top.asked && top.to_write) {
		uint8_t bytes[MBEDTLS_SSL_OUT_CONTENT_LEN];
		size_t n = altcp_sndbuf(top.conn);

		if (n > top.to_write)
			n = top.to_write;
		if (n > sizeof(bytes))
			n = sizeof(bytes);
		if (!n || n > SENT_MAX / 2 - top.written_len)
			return;
		memset(bytes, 'a' + (int)(n % 26), n);
		if (altcp_write(top.conn, bytes, (u16_t)n,
				TCP_WRITE_FLAG_COPY) != ERR_OK)
			return;
		memcpy(top.written + top.written_len, bytes, n);
		top.written_len += n;
		top.to_write -= n;
	}
}

/* The answer has gone. */
static void top_answered(bool keep_alive)
{
	struct mgmt_answer *a = top.answer;

	top.asked = false;
	top.answer = NULL;
	if (a->gate)
		gate_answered(a->gate, keep_alive && a->keep_alive);
	if (!keep_alive || !a->keep_alive)
		top_close();
}

static err_t top_recv(void *arg, struct altcp_pcb *conn, struct pbuf *p,
		      err_t error)
{
	char text[64] = "";
	unsigned int number;

	CHECK(arg == &top && conn == top.conn && error == ERR_OK);
	if (!p) {
		top_close();
		return ERR_OK;
	}
	CHECK(!top.asked);
	pbuf_copy_partial(p, text, sizeof(text) - 1, 0);
	CHECK(sscanf(text, "GET /%u HTTP/1.1\r\n", &number) == 1 &&
	      number < top.n_made);
	altcp_recved(conn, p->tot_len);
	pbuf_free(p);
	top.answer = top.made[number];
	top.asked = true;
	return ERR_OK;
}

static void top_err(void *arg, err_t error)
{
	(void)error;
	CHECK(arg == &top);
	top.conn = NULL;
}

static err_t top_sent(void *arg, struct altcp_pcb *conn, u16_t len)
{
	(void)arg, (void)conn, (void)len;
	top_write();
	return ERR_OK;
}

/* What TLS gives the gate. */
static err_t tap(void *arg, struct altcp_pcb *tls, struct pbuf *p, err_t error)
{
	if (p) {
		CHECK(p->tot_len <= SENT_MAX - top.got_len);
		pbuf_copy_partial(p, top.got + top.got_len, p->tot_len, 0);
		top.got_len += p->tot_len;
		CHECK(top.got_len <= top.want_len &&
		      !memcmp(top.got, top.want, top.got_len));
	}
	return from_tls(arg, tls, p, error);
}

static err_t top_accept(void *arg, struct altcp_pcb *conn, err_t error)
{
	(void)arg;
	CHECK(error == ERR_OK);
	top.conn = conn;
	altcp_arg(conn, &top);
	altcp_recv(conn, top_recv);
	altcp_err(conn, top_err);
	altcp_sent(conn, top_sent);
	altcp_recv(conn->inner_conn, tap);
	return ERR_OK;
}

/* ---- the client ---- */

static struct tls_client client;
static size_t piece;
static uint8_t held[SENT_MAX];
static size_t held_len;

/* Bytes on their way: no more than the server's window has room for. */
static void deliver(const uint8_t *bytes, size_t n)
{
	while (n && wire.conn) {
		size_t part = n < piece ? n : piece;
		struct pbuf *p;
		err_t error;

		if (part > wire.pcb.rcv_wnd) {
			top.odd = top.blocked = true;
			return;
		}
		p = pbuf_alloc(PBUF_RAW, (u16_t)part, PBUF_RAM);
		pbuf_take(p, bytes, (u16_t)part);
		bytes += part;
		n -= part;
		if (!wire.conn->recv) {
			pbuf_free(p);
			continue;
		}
		wire.pcb.rcv_wnd -= (tcpwnd_size_t)part;
		error = wire.conn->recv(wire.conn->arg, wire.conn, p, ERR_OK);
		CHECK(error == ERR_OK || (error == ERR_ABRT && !wire.conn));
	}
}

static void flush(void)
{
	deliver(held, held_len);
	held_len = 0;
}

static void send_bytes(const uint8_t *bytes, size_t n, bool later)
{
	if (n > SENT_MAX - held_len) {
		top.odd = top.blocked = true;
		return;
	}
	memcpy(held + held_len, bytes, n);
	held_len += n;
	if (!later)
		flush();
}

/* What the server has sent so far: it opens, and is what was written. */
static void look(void)
{
	static uint8_t plain[PIECE_MAX];
	uint8_t type;

	for (;;) {
		size_t left = wire.out_len - wire.opened;
		size_t n = tls_record_len(wire.out + wire.opened, left);
		int len;

		if (!n || n > left)
			return;
		len = tls_client_open(&client, wire.out + wire.opened, n, plain,
				      &type);
		wire.opened += n;
		CHECK(len >= 0 && (type == TLS_DATA || type == TLS_ALERT));
		if (type == TLS_ALERT) {
			CHECK(len == 2);
			continue;
		}
		CHECK(!memcmp(top.written + top.opened_len, plain,
			      (size_t)len));
		top.opened_len += (size_t)len;
		CHECK(top.opened_len <= top.written_len);
	}
}

/* ---- one input ---- */

static void start(void)
{
	static const int both[] = {
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	};
	err_t error;

	if (listening)
		return;
	memp_init();
	mgmt_host_certify();
	gate_server(&mgmt_host_server);
	listening = altcp_tls_new(NULL, 0);
	CHECK(listening);
	for (unsigned int i = 0; i < 2; i++)
		tls_client_known(((mbedtls_ssl_context *)altcp_tls_context(
			listening->inner_conn))->conf, both[i]);
	listening = altcp_listen_with_backlog_and_err(listening, 1, &error);
	CHECK(listening && error == ERR_OK);
	altcp_accept(listening, top_accept);
	places_limits(2, 2);
}

static void connect(int suite)
{
	struct altcp_pcb *door_at = listening->inner_conn->inner_conn;
	uint8_t bytes[256];
	size_t n;

	memset(&wire, 0, offsetof(typeof(wire), out));
	wire.out_len = wire.opened = 0;
	wire.room = TCP_SND_BUF;
	wire.pcb.flags = TF_WND_SCALE;
	wire.pcb.rcv_wnd = TCP_WND;
	wire.conn = altcp_tcp_new_ip_type(0);
	memset(&top, 0, offsetof(typeof(top), made));
	top.n_made = 0;
	top.got_len = top.want_len = top.written_len = top.opened_len = 0;
	top.ended = top.odd = top.wrong = top.blocked = false;
	held_len = 0;
	piece = SENT_MAX;
	CHECK(door_at->accept(door_at->arg, wire.conn, ERR_OK) == ERR_OK);
	n = tls_client_hello(&client, suite, bytes);
	deliver(bytes, n);
	n = tls_client_finish(&client, wire.out, wire.out_len, bytes);
	wire.opened = wire.out_len;
	deliver(bytes, n);
	CHECK(wire.conn && mgmt_status.connections == 1);
}

/* n bytes of the input, and what it does not have as 'A'. */
static void take_text(struct fuzz_input *in, uint8_t *to, size_t n)
{
	size_t got = fuzz_bytes(in, to, n);

	memset(to + got, 'A', n - got);
}

static size_t take_len(struct fuzz_input *in, uint8_t op)
{
	size_t n = fuzz_byte(in);

	return op & 0x08 ? n * 80 + fuzz_byte(in) : n;
}

static void expect(const uint8_t *text, size_t n)
{
	static unsigned int empty;

	if (!top.want_len)
		empty = 0;
	empty = n ? 0 : empty + 1;
	/* more than three empty ones in a row are a reason to end */
	if (empty > 3)
		top.odd = true;
	if (top.ended || n > SENT_MAX - top.want_len)
		return;
	if (n > MBEDTLS_SSL_IN_CONTENT_LEN) {
		top.ended = top.wrong = true;
		return;
	}
	memcpy(top.want + top.want_len, text, n);
	top.want_len += n;
}

/* A record sealed right, of any type. */
static void send_sealed(struct fuzz_input *in, uint8_t op, uint8_t type)
{
	static uint8_t text[PIECE_MAX], record[PIECE_MAX];
	size_t n = take_len(in, op);

	take_text(in, text, n);
	if (type == TLS_DATA)
		expect(text, n);
	else
		top.odd = true;
	if (type == TLS_ALERT && n == 2 && (text[0] == 2 || (text[0] == 1 &&
	    !text[1])))
		top.ended = true;
	send_bytes(record, tls_client_seal(&client, type, text, n, record),
		   op & 0x40);
}

/* One that is wrong in one way. */
static void send_wrong(struct fuzz_input *in, uint8_t op)
{
	static uint8_t text[PIECE_MAX], record[PIECE_MAX];
	uint8_t how = fuzz_byte(in), what = fuzz_byte(in);
	size_t n = take_len(in, op), len, at;

	take_text(in, text, n);
	if (how % 4 == 1)
		client.to_server.sequence += what;
	len = tls_client_seal(&client, TLS_DATA, text, n, record);
	at = TLS_HEAD + fuzz_word(in) % (len - TLS_HEAD);
	top.odd = true;
	switch (how % 4) {
	case 0:				/* altered */
		if (!what)
			what = 1;
		record[at] ^= what;
		top.wrong = !top.ended;
		break;
	case 1:				/* out of its turn */
		if (!what) {
			expect(text, n);
			send_bytes(record, len, op & 0x40);
			return;
		}
		top.wrong = !top.ended && n <= MBEDTLS_SSL_IN_CONTENT_LEN;
		break;
	case 2:				/* another type, version or length */
		record[what % TLS_HEAD] ^= (uint8_t)(1 + how / 4);
		break;
	default:			/* its end is missing */
		len = at;
	}
	top.ended = true;
	send_bytes(record, len, op & 0x40);
}

static void pass_time(uint64_t us)
{
	host_time += us;
	gate_tick();
	if (wire.conn && wire.conn->poll)
		wire.conn->poll(wire.conn->arg, wire.conn);
}

static void step(struct fuzz_input *in)
{
	static uint8_t text[256];
	uint8_t op = fuzz_byte(in);
	size_t n;

	if (op & 0x20)
		piece = 1 + fuzz_byte(in);
	if (op & 0x80)
		wire.room = (u16_t)(fuzz_byte(in) * 16);
	switch (op & 7) {
	case 0:
		send_sealed(in, op, TLS_DATA);
		break;
	case 1:
		send_sealed(in, op, fuzz_byte(in));
		break;
	case 2:
		send_wrong(in, op);
		break;
	case 3:
		n = fuzz_byte(in);
		take_text(in, text, n);
		top.odd = top.odd || n;
		top.ended = top.ended || n;
		send_bytes(text, n, op & 0x40);
		break;
	case 4:
		flush();
		top.odd = true;
		pass_time(fuzz_byte(in) * 500000u);
		break;
	case 5:
		flush();
		wire.room = TCP_SND_BUF;
		if (wire.conn && wire.conn->sent)
			wire.conn->sent(wire.conn->arg, wire.conn, 1);
		break;
	case 6:
		flush();
		if (!top.asked || !top.conn)
			break;
		top.to_write = take_len(in, op);
		top_write();
		if (!top.to_write && top.asked)
			top_answered(!(op & 0x10));
		break;
	default:
		flush();
		top.odd = true;
		if (wire.conn && wire.conn->recv)
			wire.conn->recv(wire.conn->arg, wire.conn, NULL,
					ERR_OK);
	}
	look();
}

/* Nothing of the connection is left. */
static void end(void)
{
	if (wire.conn && wire.conn->recv)
		wire.conn->recv(wire.conn->arg, wire.conn, NULL, ERR_OK);
	/* an answer's limit is the longest */
	for (unsigned int i = 0; wire.conn && i < 4; i++)
		pass_time(WAIT_US + SECOND);
	if (getenv("FUZZ_LOG"))
		fprintf(stderr, "connection %d, above %d, gate %d, phase %d\n",
			!!wire.conn, !!top.conn, !!places,
			places ? (int)places->phase : -1);
	CHECK(!wire.conn && !top.conn && !places);
	CHECK(!mgmt_status.connections && !mgmt_status.handshakes);
	CHECK(!lwip_stats.memp[MEMP_PBUF_POOL]->used);
	CHECK(lwip_stats.memp[MEMP_ALTCP_PCB]->used == 3);
	for (unsigned int i = 0; i < top.n_made; i++)
		free(top.made[i]);
}

/* The cipher suite; then steps. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	start();
	host_random = 1;
	host_time = START_US;
	connect(fuzz_byte(&in) & 1 ?
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 :
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
	for (unsigned int i = 0; in.left && i < STEPS_MAX; i++)
		step(&in);
	flush();
	look();
	if (getenv("FUZZ_LOG"))
		fprintf(stderr, "%zu of %zu came, odd %d, wrong %d\n",
			top.got_len, top.want_len, top.odd, top.wrong);
	if (!top.odd && top.conn)
		CHECK(top.got_len == top.want_len);
	if (top.wrong && !top.blocked)
		CHECK(!wire.conn);
	end();
	return 0;
}

#define GET	"GET / HTTP/1.1\r\nHost: 10.0.2.50\r\n\r\n"
#define LEN	"\x23"

_Static_assert(sizeof(GET) - 1 == 0x23, "GET's length");

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0\0" LEN GET "\6\x40\0" LEN GET "\x16\xff"),
	FUZZ_SEED("\1\x20\7" LEN GET "\x0e\xff\xff\5\5\5"),
	FUZZ_SEED("\0\x40" LEN GET "\x40" LEN GET "\0" LEN GET),
	/* warnings, the end, a fatal alert */
	FUZZ_SEED("\0\1\2\x15\1\x5a\1\2\x15\1\0\0" LEN GET),
	FUZZ_SEED("\1\1\2\x15\2\x28\0" LEN GET),
	/* renegotiation, the cipher once more, records without anything */
	FUZZ_SEED("\0\1\4\x16\0\0\0\0\0" LEN GET),
	FUZZ_SEED("\0\1\5\x16\1\0\0\1\3\0" LEN GET),
	FUZZ_SEED("\0\1\1\x14\1\0\0\0\0\0\0\0" LEN GET),
	FUZZ_SEED("\0\0\0\0\0\0\0\0\0\0" LEN GET),
	/* altered, out of its turn, another length, cut */
	FUZZ_SEED("\0\2\0\1" LEN GET "\2\0\0" LEN GET),
	FUZZ_SEED("\1\2\1\1" LEN GET "\0\0\0" LEN GET),
	FUZZ_SEED("\0\2\2\4" LEN GET "\0\0\0" LEN GET),
	FUZZ_SEED("\1\2\3\0" LEN GET "\7\0\4\xff"),
	/* no record; too long a one; time, and what is taken slowly */
	FUZZ_SEED("\0\3\x10POST / HTTP/1.0\r\n"),
	FUZZ_SEED("\1\x08\xd0\0\4\xff"),
	FUZZ_SEED("\0\0" LEN GET "\x8e\1\x10\0\x8d\1\4\xff\5"),
	FUZZ_SEED("\0\0\4GET \4\x20\0\4/ HT\4\x20\4\1"),
	{ NULL, 0 },
};
