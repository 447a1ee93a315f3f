/* SPDX-License-Identifier: MIT */
/*
 * Random numbers. A 256-bit key takes in what the CPU has to offer at each
 * call: RDSEED, else RDRAND, and always the time-stamp counter. The ChaCha20
 * block function (RFC 8439, section 2.3) turns it into output and the next
 * key, so that neither the key nor a number tells those before.
 */
#include "x86/regs.h"

#include <string.h>
#define LOG_PREFIX "random: "
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/random.h>

#define TRIES		10
#define JITTER_ROUNDS	256
#define KEY_WORDS	8

static uint32_t key[KEY_WORDS];

static inline uint32_t rotate(uint32_t v, unsigned int by)
{
	return v << by | v >> (32 - by);
}

static void quarter(uint32_t *x, unsigned int a, unsigned int b,
		    unsigned int c, unsigned int d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

/* tail: block counter and nonce. */
static void chacha20_block(uint32_t out[16], const uint32_t k[KEY_WORDS],
			   const uint32_t tail[4])
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(in + 4, k, KEY_WORDS * sizeof(*k));
	memcpy(in + 12, tail, 4 * sizeof(*tail));
	memcpy(out, in, sizeof(in));
	for (unsigned int i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (unsigned int i = 0; i < 16; i++)
		out[i] += in[i];
}

static bool rdseed(uint64_t *v)
{
	uint8_t ok;

	__asm__ volatile("rdseed %0; setc %1" : "=r"(*v), "=qm"(ok));
	return ok;
}

static bool rdrand(uint64_t *v)
{
	uint8_t ok;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*v), "=qm"(ok));
	return ok;
}

/*
 * From the CPU's generator. Some AMD CPUs answer all ones for ever after a
 * sleep, and say that it worked.
 */
static bool hardware(uint64_t *v)
{
	bool seed = cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx & BIT(18));
	bool rand = cpuid(1, 0).ecx & BIT(30);

	for (unsigned int i = 0; i < TRIES; i++) {
		bool ok = (seed && rdseed(v)) || (rand && rdrand(v));

		if (ok && *v && *v != ~0ull)
			return true;
	}
	return false;
}

static void mix(unsigned int word, uint64_t v)
{
	key[word] ^= (uint32_t)v;
	key[word + 1] ^= (uint32_t)(v >> 32);
}

uint64_t random64(void)
{
	uint32_t out[16], none[4] = { 0 };
	uint64_t v = 0;

	if (hardware(&v))
		mix(0, v);
	mix(2, rdtsc());
	chacha20_block(out, key, none);
	memcpy(key, out, sizeof(key));
	return (uint64_t)out[KEY_WORDS] << 32 | out[KEY_WORDS + 1];
}

bool random_is_good(void)
{
	uint64_t v;

	return hardware(&v);
}

uint64_t random_below(uint64_t n)
{
	return (uint64_t)(((unsigned __int128)random64() * n) >> 64);
}

/* How long CPUID takes, again and again: a few bits, where there are no more. */
static int random_init(void)
{
	for (unsigned int i = 0; i < JITTER_ROUNDS; i++) {
		(void)cpuid(0, 0);
		random64();
	}
	if (!random_is_good())
		log_warn("no RDRAND: addresses and seeds of domains can be "
			 "guessed from the time");
	return 0;
}
INITCALL(INIT_CORE, random_init);
