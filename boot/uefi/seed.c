/* SPDX-License-Identifier: MIT */
/*
 * A seed that is the same at each boot, so that what is made of it is, too: a
 * non-volatile variable with boot-services access alone (UEFI 2.10, 8.2), which
 * an OS can neither read nor replace. Whatever runs before the OS can. It is made
 * at the first start from all that this machine has: EFI_RNG_PROTOCOL (37.5),
 * RDSEED or RDRAND, and how long things take.
 */
#include "identity.h"
#include "console.h"

#include <string.h>

#define TRIES		10
#define JITTER_ROUNDS	512
#define KEPT		(EFI_VARIABLE_NON_VOLATILE | \
			 EFI_VARIABLE_BOOTSERVICE_ACCESS)

static EFI_GUID tandem_guid = { 0x0d3ae1a4, 0x6f5c, 0x4b0e,
	{ 0x9b, 0x8a, 0x74, 0x61, 0x6e, 0x64, 0x65, 0x6d } };
static EFI_GUID rng_guid = { 0x3152bca5, 0xeade, 0x433d,
	{ 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 } };
static CHAR16 name[] = L"TandemSeed";

struct rng_protocol {
	void *get_info;
	EFI_STATUS (EFIAPI *get)(struct rng_protocol *self, EFI_GUID *algorithm,
				 UINTN size, UINT8 *value);
};

/* The variable's content. */
struct kept_seed {
	uint32_t kind;			/* BOOT_SEED_KEPT or _KEPT_WEAK */
	uint8_t seed[BOOT_SEED_SIZE];
};

static void mix(uint8_t seed[BOOT_SEED_SIZE], const void *more)
{
	for (unsigned int i = 0; i < BOOT_SEED_SIZE; i++)
		seed[i] ^= ((const uint8_t *)more)[i];
}

static bool by_firmware(EFI_BOOT_SERVICES *bs, uint8_t seed[BOOT_SEED_SIZE])
{
	struct rng_protocol *rng;
	uint8_t more[BOOT_SEED_SIZE] = { 0 };

	if (EFI_ERROR(bs->LocateProtocol(&rng_guid, NULL, (void **)&rng)) ||
	    EFI_ERROR(rng->get(rng, NULL, sizeof(more), more)))
		return false;
	mix(seed, more);
	identity_wipe(more, sizeof(more));
	return true;
}

static void cpuid(uint32_t leaf, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]),
			 "=d"(r[3]) : "a"(leaf), "c"(0));
}

/* Some CPUs answer all ones for ever after a sleep, and say that it worked. */
static bool draw(bool has_seed, bool has_rand, uint64_t *v)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		uint8_t ok = 0;

		if (has_seed)
			__asm__ volatile("rdseed %0; setc %1" : "=r"(*v),
					 "=qm"(ok));
		if (!ok && has_rand)
			__asm__ volatile("rdrand %0; setc %1" : "=r"(*v),
					 "=qm"(ok));
		if (ok && *v && *v != ~0ull)
			return true;
	}
	return false;
}

static bool by_cpu(uint8_t seed[BOOT_SEED_SIZE])
{
	uint64_t more[BOOT_SEED_SIZE / 8];
	uint32_t most[4], one[4], seven[4] = { 0 };

	cpuid(0, most);
	cpuid(1, one);
	if (most[0] >= 7)
		cpuid(7, seven);
	for (unsigned int i = 0; i < BOOT_SEED_SIZE / 8; i++)
		if (!draw(seven[1] & 1u << 18, one[2] & 1u << 30, &more[i]))
			return false;
	mix(seed, more);
	identity_wipe(more, sizeof(more));
	return true;
}

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/*
 * The time of day, the time-stamp counter, and how it goes on: a few bits a
 * round, multiplied by an odd number with many ones to spread them.
 */
static void by_time(EFI_SYSTEM_TABLE *st, uint8_t seed[BOOT_SEED_SIZE])
{
	uint64_t word[BOOT_SEED_SIZE / 8] = { 0 };
	uint32_t r[4];
	EFI_TIME now = { 0 };

	st->RuntimeServices->GetTime(&now, NULL);
	memcpy(word, &now, sizeof(now));
	for (unsigned int i = 0; i < JITTER_ROUNDS; i++) {
		unsigned int at = i % (BOOT_SEED_SIZE / 8);

		cpuid(0, r);
		if (i % 64 == 0)
			st->BootServices->Stall(1);
		word[at] = (word[at] ^ tsc()) * 0x9e3779b97f4a7c15ull;
		word[(at + 1) % (BOOT_SEED_SIZE / 8)] ^= word[at] >> 29;
	}
	mix(seed, word);
	identity_wipe(word, sizeof(word));
}

static uint32_t make(EFI_SYSTEM_TABLE *st, struct kept_seed *kept)
{
	bool good;

	memset(kept->seed, 0, BOOT_SEED_SIZE);
	by_time(st, kept->seed);
	good = by_firmware(st->BootServices, kept->seed);
	good |= by_cpu(kept->seed);
	kept->kind = good ? BOOT_SEED_KEPT : BOOT_SEED_KEPT_WEAK;
	if (!EFI_ERROR(st->RuntimeServices->SetVariable(name, &tandem_guid,
							KEPT, sizeof(*kept),
							kept)))
		return kept->kind;
	say("Tandem: the firmware keeps no variable: keys made of it hold for this boot alone");
	return good ? BOOT_SEED_OF_BOOT : BOOT_SEED_NONE;
}

uint32_t seed_read(EFI_SYSTEM_TABLE *st, uint8_t seed[BOOT_SEED_SIZE])
{
	EFI_RUNTIME_SERVICES *rs = st->RuntimeServices;
	struct kept_seed kept;
	UINTN size = sizeof(kept);
	UINT32 attributes = 0;
	uint32_t kind;
	EFI_STATUS status = rs->GetVariable(name, &tandem_guid, &attributes,
					    &size, &kept);

	if (!EFI_ERROR(status) && size == sizeof(kept) && attributes == KEPT &&
	    (kept.kind == BOOT_SEED_KEPT || kept.kind == BOOT_SEED_KEPT_WEAK)) {
		kind = kept.kind;
	} else {
		/* one that an OS has put there is no secret: away with it */
		if (status != EFI_NOT_FOUND)
			rs->SetVariable(name, &tandem_guid, attributes, 0,
					NULL);
		kind = make(st, &kept);
	}
	memcpy(seed, kept.seed, BOOT_SEED_SIZE);
	identity_wipe(&kept, sizeof(kept));
	return kind;
}
