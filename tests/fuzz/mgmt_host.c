/* SPDX-License-Identifier: MIT */
/* Below the TLS server of fuzz targets: mgmt_host.h. */
#include "mgmt_host.h"

#include "mgmt.h"
#include "names.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <mbedtls/ecp.h>
#include <stdlib.h>
#include <string.h>

struct mgmt_status mgmt_status;
uint64_t host_time = 1000000;
uint32_t host_random;
size_t host_heap_used;

static void count_work(uint64_t us)
{
	mgmt_status.handshake_us += us;
}

static void count_resumed(void)
{
	mgmt_status.resumed++;
}

static void count_delayed(void)
{
	mgmt_status.delayed_handshakes++;
}

static void count_bad_record(void)
{
	mgmt_status.bad_records++;
}

struct tls_server mgmt_host_server = {
	.certificate = &certificate, .key = &certificate_key,
	.window = TCP_WND, .worked = count_work, .resumed = count_resumed,
	.bad_record = count_bad_record, .delayed = count_delayed,
};

void mgmt_host_certify(void)
{
	if (certificate_start(true))
		abort();
	if (certificate_update(true) != 1)
		abort();
}

void netd_worked_long(void)
{
}

void netd_random(void *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		host_random = host_random * 1664525u + 1013904223u;
		((uint8_t *)to)[i] = (uint8_t)(host_random >> 24);
	}
}

int netd_random_add(const void *secret, size_t len)
{
	(void)secret, (void)len;
	return 0;
}

uint64_t netd_slept(void)
{
	return 0;
}

uint64_t netd_utc(uint64_t us)
{
	(void)us;
	return 0;
}

bool netd_random_of_cpu(void)
{
	return true;
}

uint64_t sys_time(void)
{
	return host_time;
}

void malloc_usage(size_t *used, size_t *total)
{
	*used = host_heap_used;
	*total = CONFIG_NETD_MEMORY_KIB * 1024;
}

void domain_log(int level, const char *fmt, ...)
{
	(void)level, (void)fmt;
}

/* The core has no files and no seed. */
int msgopen(const char *name)
{
	(void)name;
	return -ENOENT;
}

int msgclose(int desc)
{
	(void)desc;
	return 0;
}

int msgsendbuf(int to, int value, struct msg_buf *bufs, size_t n)
{
	(void)to, (void)value, (void)bufs, (void)n;
	return -ENOENT;
}

void names_get(struct names *to)
{
	*to = (struct names){ .n = 1, .host = "vmm" };
	to->address[0] = (struct name_address){
		.bytes = { 10, 0, 2, 50 }, .len = 4, .text = "10.0.2.50",
	};
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), part = len < size ? len : size - 1;

	memcpy(dst, src, part);
	dst[part] = '\0';
	return len;
}

/* ---- products of curve points, which take nearly all of a handshake ---- */

/*
 * Random numbers are the same for each input, and so are most products: the last
 * ones are kept. The linker puts this in the function's place (--wrap).
 */
#define PRODUCTS	64u
#define COORDINATE	32u

struct product {
	uint8_t factor[COORDINATE], point[2 * COORDINATE];
	bool used;
	uint8_t result[2 * COORDINATE];
};

static struct product products[PRODUCTS];

int __real_mbedtls_ecp_mul_restartable(mbedtls_ecp_group *, mbedtls_ecp_point *,
		const mbedtls_mpi *, const mbedtls_ecp_point *,
		int (*)(void *, unsigned char *, size_t), void *,
		mbedtls_ecp_restart_ctx *);
int __wrap_mbedtls_ecp_mul_restartable(mbedtls_ecp_group *, mbedtls_ecp_point *,
		const mbedtls_mpi *, const mbedtls_ecp_point *,
		int (*)(void *, unsigned char *, size_t), void *,
		mbedtls_ecp_restart_ctx *);

static bool write_point(const mbedtls_ecp_point *p, uint8_t *to)
{
	return !mbedtls_mpi_cmp_int(&p->Z, 1) &&
	       !mbedtls_mpi_write_binary(&p->X, to, COORDINATE) &&
	       !mbedtls_mpi_write_binary(&p->Y, to + COORDINATE, COORDINATE);
}

static bool read_point(mbedtls_ecp_point *p, const uint8_t *from)
{
	return !mbedtls_mpi_read_binary(&p->X, from, COORDINATE) &&
	       !mbedtls_mpi_read_binary(&p->Y, from + COORDINATE,
					COORDINATE) &&
	       !mbedtls_mpi_lset(&p->Z, 1);
}

int __wrap_mbedtls_ecp_mul_restartable(mbedtls_ecp_group *group,
		mbedtls_ecp_point *result, const mbedtls_mpi *factor,
		const mbedtls_ecp_point *point,
		int (*rng)(void *, unsigned char *, size_t), void *arg,
		mbedtls_ecp_restart_ctx *restart)
{
	struct product key = { .used = true }, *p = products;
	uint32_t place = 0, next = host_random + 1;
	int error;

	/* what the function itself refuses is never found among these */
	if (mbedtls_mpi_write_binary(factor, key.factor, COORDINATE) ||
	    !write_point(point, key.point))
		return __real_mbedtls_ecp_mul_restartable(group, result, factor,
				point, rng, arg, restart);
	for (size_t i = 0; i < COORDINATE; i++)
		place = place * 31 + (uint32_t)(key.factor[i] ^ key.point[i]);
	p += place % PRODUCTS;
	if (p->used && !memcmp(p, &key, offsetof(struct product, result))) {
		error = read_point(result, p->result) ? 0 :
			MBEDTLS_ERR_ECP_ALLOC_FAILED;
	} else {
		error = __real_mbedtls_ecp_mul_restartable(group, result,
				factor, point, rng, arg, restart);
		if (!error && write_point(result, key.result))
			*p = key;
	}
	/* however many random numbers it took */
	host_random = next;
	return error;
}
