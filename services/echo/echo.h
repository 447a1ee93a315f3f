/* SPDX-License-Identifier: MIT */
/*
 * The parts of the echo service: server.c and client.c over TCP, udp.c and
 * udp_client.c over UDP, tls.c over TLS, and messages in echo.c.
 */
#ifndef ECHO_ECHO_H
#define ECHO_ECHO_H

#include <services/echo.h>
#include <stddef.h>

/* As ECHO_SERVER_START and ECHO_SERVER_STOP tell. */
int echo_server_start(uint16_t port);
int echo_server_stop(void);
int echo_udp_start(uint16_t port);
int echo_udp_stop(void);
int echo_tls_start(uint16_t port);
int echo_tls_stop(void);

/* As the ECHO_CLIENT_* operations tell. */
int echo_client_connect(uint32_t address, uint16_t port);
int echo_client_send(uint64_t total, const void *pattern, size_t len);
int echo_client_close(void);
void echo_client_state(struct echo_client_state *state);
int echo_udp_client_connect(uint32_t address, uint16_t port, uint32_t size);
int echo_udp_client_send(uint64_t total, const void *pattern, size_t len);
int echo_udp_client_close(void);
void echo_udp_client_state(struct echo_client_state *state);

/* What the server does; s is all zero before. */
void echo_server_state(struct echo_server_state *s);
void echo_udp_state(struct echo_server_state *s);
void echo_tls_state(struct echo_server_state *s);

#endif
