/* SPDX-License-Identifier: MIT */
/*
 * TLS for netd's servers: lwIP's layer over mbedTLS, set up for TLS 1.2
 * with ECDHE on P-256, ECDSA and AEAD ciphers, sessions that can be resumed by
 * their identifier, and nothing else. ChaCha20-Poly1305 comes first: the other
 * cipher's tables can tell of the key by the time that they take.
 *
 * lwIP's layer believes what is below it more than it may: three functions of
 * each connection are wrapped here, that of TCP which hands over what came, and
 * mbedTLS's that send and fetch; and so is mbedTLS's that reads (lwipopts.h).
 */
#include "budget.h"
#include "mgmt.h"

#include <domain/syscall.h>
#include <lwip/altcp_tcp.h>
#include <lwip/altcp_tls.h>
#include <lwip/priv/altcp_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <mbedtls/entropy_poll.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl_internal.h>

#undef mbedtls_ssl_read		/* here it is mbedTLS's own */
int mbedtls_ssl_read(mbedtls_ssl_context *ssl, unsigned char *to, size_t len);

/*
 * Bytes of a client that TLS has not taken yet, at most: more than two records.
 * lwIP counts them with 16 bits.
 */
#define UNREAD_MAX	40000u

/*
 * Bytes of the certificates that a client may show. Nobody knows yet who it is,
 * and each of them is tried as the issuer of those before it: a signature's
 * check for each try, all in one go.
 */
#define CERTIFICATES_MAX	4096u

#define CLOSED_TICKS	120		/* of lwIP's slow timer, 0.5 s each */

static altcp_recv_fn lwip_recv;		/* lwIP's, behind those here */
static mbedtls_ssl_send_t *lwip_send;
static mbedtls_ssl_recv_t *lwip_fetch;
static int (*lwip_keep)(void *cache, const mbedtls_ssl_session *session);

static struct budget budget;

/* ---- randomness ---- */

int tls_random(void *unused, unsigned char *to, size_t len)
{
	(void)unused;
	netd_random(to, len);
	return 0;
}

/* What lwIP's own generator for TLS is seeded from. */
int mbedtls_hardware_poll(void *unused, unsigned char *to, size_t len,
			  size_t *got)
{
	*got = len;
	return tls_random(unused, to, len);
}

/* ---- connections ---- */

static bool is_over(const mbedtls_ssl_context *ssl)
{
	return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}

static size_t unread(struct altcp_pcb *tcp, size_t window)
{
	const struct tcp_pcb *pcb = tcp->state;

	return window > pcb->rcv_wnd ? window - pcb->rcv_wnd : 0;
}

/* Whose connection it is: set_up() left that with the function that verifies. */
static const struct tls_server *server_of(const mbedtls_ssl_context *ssl)
{
	return ssl->conf->p_vrfy;
}

/* In place of fetch() when the client has said its last. */
static int fetch_nothing(void *conn, unsigned char *to, size_t len)
{
	(void)conn, (void)to, (void)len;
	return MBEDTLS_ERR_NET_CONN_RESET;
}

/*
 * mbedtls_ssl_read() for lwIP's layer, which forgets its errors: a client that has
 * sent its close_notify, a fatal alert or a record that is wrong is not read on.
 */
int tls_read(mbedtls_ssl_context *ssl, unsigned char *to, size_t len)
{
	int n = mbedtls_ssl_read(ssl, to, len);

	if (n >= 0 || n == MBEDTLS_ERR_SSL_WANT_READ ||
	    n == MBEDTLS_ERR_SSL_WANT_WRITE || ssl->f_recv == fetch_nothing)
		return n;
	if (n != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY &&
	    n != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		server_of(ssl)->bad_record();
	ssl->f_recv = fetch_nothing;
	return n;
}

err_t tls_go_on(struct altcp_pcb *tls)
{
	const mbedtls_ssl_context *ssl = altcp_tls_context(tls);

	if (!ssl || ssl->f_recv != fetch_nothing || !tls->recv)
		return ERR_OK;
	return tls->recv(tls->arg, tls, NULL, ERR_OK);
}

/* A step of the handshake: how long does it take? */
static err_t shake_hands(void *arg, struct altcp_pcb *tcp, struct pbuf *p,
			 err_t error, const struct tls_server *server)
{
	const mbedtls_ssl_context *ssl;
	uint64_t took, start = sys_time();
	err_t result;

	if (p && !budget_left(&budget, start)) {
		/* TCP keeps p, and asks again in a quarter of a second */
		server->delayed();
		return ERR_MEM;
	}
	result = lwip_recv(arg, tcp, p, error);
	took = sys_time() - start;
	budget_spend(&budget, took);
	netd_worked_long();
	server->worked(took);
	/* NULL if the connection is no more */
	ssl = result == ERR_OK ? altcp_tls_context(arg) : NULL;
	if (ssl && ssl->handshake && ssl->handshake->resume &&
	    ssl->state == MBEDTLS_SSL_CLIENT_CHANGE_CIPHER_SPEC)
		server->resumed();
	return result;
}

/* Something has come for the TLS connection arg. */
static err_t receive(void *arg, struct altcp_pcb *tcp, struct pbuf *p,
		     err_t error)
{
	mbedtls_ssl_context *ssl = altcp_tls_context(arg);
	const struct tls_server *server = ssl ? server_of(ssl) : NULL;
	err_t result;

	if (p && server && unread(tcp, server->window) > UNREAD_MAX) {
		pbuf_free(p);
		altcp_abort(tcp);
		return ERR_ABRT;
	}
	if (server && !is_over(ssl))
		result = shake_hands(arg, tcp, p, error, server);
	else
		result = lwip_recv(arg, tcp, p, error);
	/* with the handshake's last message more may have come */
	return result == ERR_OK ? tls_go_on(arg) : result;
}

/*
 * While the handshake lasts all must fit the send buffer: it does, unless memory
 * is used up, and mbedTLS would go on as if it had been sent.
 */
static int send(void *conn, const unsigned char *data, size_t len)
{
	const mbedtls_ssl_context *ssl = altcp_tls_context(conn);
	int sent = lwip_send(conn, data, len);

	if (ssl && !is_over(ssl) && sent >= 0 && (size_t)sent < len)
		return MBEDTLS_ERR_NET_SEND_FAILED;
	return sent;
}

/* A record's body is asked for whole at first: that is how long it is. */
static int fetch(void *conn, unsigned char *to, size_t len)
{
	const mbedtls_ssl_context *ssl = altcp_tls_context(conn);

	if (ssl && ssl->state == MBEDTLS_SSL_CLIENT_CERTIFICATE &&
	    len > CERTIFICATES_MAX)
		return MBEDTLS_ERR_SSL_INVALID_RECORD;
	return lwip_fetch(conn, to, len);
}

void tls_begin(struct altcp_pcb *tls)
{
	mbedtls_ssl_context *ssl = altcp_tls_context(tls);

	lwip_send = ssl->f_send;
	ssl->f_send = send;
	lwip_fetch = ssl->f_recv;
	ssl->f_recv = fetch;
	lwip_recv = tls->inner_conn->recv;
	altcp_recv(tls->inner_conn, receive);
}

void tls_end(struct altcp_pcb *tls)
{
	mbedtls_ssl_context *ssl = altcp_tls_context(tls);
	size_t left;

	if (!ssl || !tls->inner_conn)
		return;
	if (is_over(ssl))
		mbedtls_ssl_close_notify(ssl);
	/* what was not read is of no use, and no reason for a reset */
	while ((left = unread(tls->inner_conn, TCP_WND)) > 0)
		altcp_recved(tls->inner_conn,
			     (u16_t)(left < 0xffff ? left : 0xffff));
}

bool tls_has_client(struct altcp_pcb *tls)
{
	mbedtls_ssl_context *ssl = altcp_tls_context(tls);

	return ssl && server_of(ssl)->client_ca &&
	       mbedtls_ssl_get_peer_cert(ssl) &&
	       mbedtls_ssl_get_verify_result(ssl) == 0;
}

/* ---- the server ---- */

static const int suites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0
};

static const mbedtls_ecp_group_id curves[] = {
	MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE
};

static const int hashes[] = { MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE };

static const mbedtls_x509_crt_profile profile = {
	.allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256),
	.allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY),
	.allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
};

/*
 * A machine whose clock is not known cannot say that a client's certificate is
 * too old: then it is not asked to.
 */
static int verify(void *unused, mbedtls_x509_crt *crt, int depth,
		  uint32_t *flags)
{
	(void)unused, (void)crt, (void)depth;
	if (!mgmt_wall_time())
		*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED |
				      MBEDTLS_X509_BADCERT_FUTURE);
	return 0;
}

/*
 * A session that a client's certificate began is not resumed: each connection
 * shows what the certificate is worth by then.
 */
static int keep(void *cache, const mbedtls_ssl_session *session)
{
	return session->peer_cert ? -1 : lwip_keep(cache, session);
}

static int set_up(mbedtls_ssl_config *c, struct tls_server *s)
{
	lwip_keep = c->f_set_cache;
	c->f_set_cache = keep;
	mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(c, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_ciphersuites(c, suites);
	mbedtls_ssl_conf_curves(c, curves);
	mbedtls_ssl_conf_sig_hashes(c, hashes);
	mbedtls_ssl_conf_cert_profile(c, &profile);
	mbedtls_ssl_conf_rng(c, tls_random, NULL);
	mbedtls_ssl_conf_authmode(c, s->client_ca ? MBEDTLS_SSL_VERIFY_OPTIONAL :
						 MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_verify(c, verify, s);
	if (s->client_ca)
		mbedtls_ssl_conf_ca_chain(c, s->client_ca, NULL);
	return mbedtls_ssl_conf_own_cert(c, s->certificate, s->key);
}

struct altcp_pcb *tls_new(struct tls_server *s, uint8_t ip_type)
{
	bool first = !s->config;
	struct altcp_pcb *tcp, *tls;
	mbedtls_ssl_context *ssl;

	if (first)
		s->config = altcp_tls_create_config_server(0);
	tcp = s->config ? altcp_tcp_new_ip_type(ip_type) : NULL;
	if (!tcp)
		return NULL;
	tls = altcp_tls_wrap(s->config, tcp);
	if (!tls) {
		altcp_close(tcp);
		return NULL;
	}
	/*
	 * lwIP does not show its configuration; that of a connection is the
	 * same, and nobody uses it yet.
	 */
	ssl = altcp_tls_context(tls);
	if (first && set_up((mbedtls_ssl_config *)(uintptr_t)ssl->conf, s)) {
		altcp_close(tls);
		altcp_tls_free_config(s->config);
		s->config = NULL;
		return NULL;
	}
	return tls;
}

/*
 * TCP keeps the last that was sent before a close for as long as the other side
 * answers, though it takes none of it: nobody knows of these any more, and each
 * has its part of the heap.
 */
unsigned int tls_end_closed(uint16_t port)
{
	struct tcp_pcb *p, *next;
	unsigned int n = 0;

	for (p = tcp_active_pcbs; p; p = next) {
		next = p->next;
		if (p->local_port != port || !(p->flags & TF_RXCLOSED) ||
		    (p->state != FIN_WAIT_1 && p->state != CLOSING) ||
		    tcp_ticks - p->tmr < CLOSED_TICKS)
			continue;
		n++;
		tcp_abort(p);
	}
	return n;
}
