/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for the TCP/IP stack: mbedTLS's CTR_DRBG (NIST SP 800-90A),
 * seeded from the core's seed, RDSEED and RDRAND; and TCP's initial sequence
 * numbers (RFC 6528, section 3): a clock of 4 microseconds plus a function of
 * the connection's addresses under a secret key.
 */
#include "lwip_hooks.h"
#include "stack.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <mbedtls/aes.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#define CPUID_1_ECX_RDRAND	(1u << 30)
#define CPUID_7_EBX_RDSEED	(1u << 18)
#define CPU_TRIES		32	/* RDSEED may be out of numbers */
#define SEED_MAX		8

static mbedtls_ctr_drbg_context drbg;
static mbedtls_aes_context isn_key;
static bool have_rdrand, have_rdseed;

/* What every block of entropy is a hash of. */
static struct {
	uint64_t seed[SEED_MAX];
	uint64_t cpu[8];
	uint64_t tsc, counter;
} material;

static void cpuid(uint32_t leaf, uint32_t *ebx, uint32_t *ecx)
{
	uint32_t eax = leaf, edx;

	*ecx = 0;
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(*ebx), "+c"(*ecx),
			 "=d"(edx));
}

static void find_instructions(void)
{
	uint32_t ebx, ecx, max = 0;

	__asm__ volatile("cpuid" : "+a"(max) : : "ebx", "ecx", "edx");
	cpuid(1, &ebx, &ecx);
	have_rdrand = ecx & CPUID_1_ECX_RDRAND;
	if (max >= 7) {
		cpuid(7, &ebx, &ecx);
		have_rdseed = ebx & CPUID_7_EBX_RDSEED;
	}
}

/* Some AMD CPUs answer all ones for ever after a sleep: that it worked, too. */
static bool is_number(uint64_t value, uint8_t ok)
{
	return ok && value && value != ~0ull;
}

/* A number from the CPU, 0 if it has none. */
static uint64_t cpu_number(void)
{
	uint64_t value = 0;
	uint8_t ok = 0;
	int i;

	for (i = 0; i < CPU_TRIES && have_rdseed; i++) {
		__asm__ volatile("rdseed %0; setc %1" : "=r"(value), "=qm"(ok)
				 : : "cc");
		if (is_number(value, ok))
			return value;
	}
	for (i = 0; i < CPU_TRIES && have_rdrand; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok)
				 : : "cc");
		if (is_number(value, ok))
			return value;
	}
	return 0;
}

static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* mbedTLS asks for len bytes of entropy, at the start and when it reseeds. */
static int entropy(void *unused, unsigned char *out, size_t len)
{
	unsigned char block[32];
	size_t part, i;

	(void)unused;
	for (; len > 0; out += part, len -= part) {
		for (i = 0; i < 8; i++)
			material.cpu[i] = cpu_number();
		material.tsc = read_tsc();
		material.counter++;
		if (mbedtls_sha256_ret((const unsigned char *)&material,
				       sizeof(material), block, 0))
			return MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
		part = len < sizeof(block) ? len : sizeof(block);
		memcpy(out, block, part);
	}
	return 0;
}

int stack_random_init(const uint64_t *seed, size_t n)
{
	unsigned char key[16];

	find_instructions();
	memcpy(material.seed, seed,
	       (n < SEED_MAX ? n : SEED_MAX) * sizeof(*seed));
	mbedtls_ctr_drbg_init(&drbg);
	mbedtls_aes_init(&isn_key);
	if (mbedtls_ctr_drbg_seed(&drbg, entropy, NULL,
				  (const unsigned char *)"netd", 4) ||
	    mbedtls_ctr_drbg_random(&drbg, key, sizeof(key)) ||
	    mbedtls_aes_setkey_enc(&isn_key, key, 128))
		return -EIO;
	if (!stack_random_of_cpu())
		domain_log(LOG_WARN, "random numbers rely on the core's "
			   "seed alone: the CPU's RDRAND is missing or "
			   "broken");
	return 0;
}

bool stack_random_of_cpu(void)
{
	return cpu_number() != 0;
}

int stack_random_add(const void *secret, size_t len)
{
	return mbedtls_ctr_drbg_reseed(&drbg, secret, len) ? -EIO : 0;
}

void stack_random_bytes(void *to, size_t len)
{
	uint8_t *at = to;
	size_t part;

	for (; len; at += part, len -= part) {
		part = len < MBEDTLS_CTR_DRBG_MAX_REQUEST ? len :
		       MBEDTLS_CTR_DRBG_MAX_REQUEST;
		if (mbedtls_ctr_drbg_random(&drbg, at, part)) {
			domain_log(LOG_ERROR,
				   "the random number generator failed");
			abort();
		}
	}
}

unsigned int stack_random(void)
{
	unsigned int value;

	stack_random_bytes(&value, sizeof(value));
	return value;
}

/*
 * The function is AES-CBC-MAC, a pseudorandom function of inputs of one length:
 * the 37 bytes that name a connection, and zeros.
 */
u32_t stack_tcp_isn(const ip_addr_t *local, u16_t local_port,
		    const ip_addr_t *remote, u16_t remote_port)
{
	struct {
		uint8_t local[16], remote[16];
		u16_t local_port, remote_port;
		uint8_t version, zero[11];
	} input = {
		.local_port = local_port, .remote_port = remote_port,
		.version = IP_IS_V6(local) ? 6 : 4,
	};
	const uint8_t *bytes = (const uint8_t *)&input;
	unsigned char mac[16] = { 0 };
	size_t len = IP_IS_V6(local) ? 16 : 4;
	u32_t result;

	_Static_assert(sizeof(input) == 3 * sizeof(mac), "whole blocks");
	memcpy(input.local, local, len);
	memcpy(input.remote, remote, len);
	for (size_t i = 0; i < sizeof(input); i++) {
		mac[i % sizeof(mac)] ^= bytes[i];
		if (i % sizeof(mac) == sizeof(mac) - 1)
			mbedtls_aes_crypt_ecb(&isn_key, MBEDTLS_AES_ENCRYPT,
					      mac, mac);
	}
	memcpy(&result, mac, sizeof(result));
	return result + (u32_t)(sys_time() / 4);
}
