/* SPDX-License-Identifier: MIT */
/*
 * The system's serial number from SMBIOS (DMTF DSP0134, 3.6): type 1, offset 7.
 * Many boards have a text there that says that nobody has set it; such a one is
 * none. Tables are the firmware's, but wrong often enough to be read as if
 * they were hostile.
 */
#include "smbios.h"

#include <string.h>
#define LOG_PREFIX "smbios: "
#include <tandem/guest_mem.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define TABLES_MAX	KIB(64)
#define STRUCTURES_MAX	512u
#define HEADER		4u
#define TYPE_SYSTEM	1u
#define TYPE_END	127u
#define SERIAL_AT	7u	/* the number of a string, from 1 */

struct entry_32 {		/* "_SM_", 5.2.1 */
	char anchor[4];
	uint8_t skip[18];
	uint16_t length;	/* offset 22 */
	uint32_t address;
} __packed;

struct entry_64 {		/* "_SM3_", 5.2.2 */
	char anchor[5];
	uint8_t skip[7];
	uint32_t length;	/* offset 12, at most so many */
	uint64_t address;
} __packed;

static char serial[SMBIOS_SERIAL_MAX];

/* ---- what stands there instead of a serial number ---- */

static const char *const placeholders[] = {
	"none", "not-specified", "not-applicable", "not-available", "n-a",
	"default-string", "default", "to-be-filled-by-o-e-m", "o-e-m", "oem",
	"system-serial-number", "serial-number", "serial", "unknown",
	"invalid", "empty", "chassis-serial-number", "123456789",
	"0123456789", "1234567890", "12345678",
};

static bool says_nothing(const char *text)
{
	size_t same = 0;

	while (text[same] && (text[same] == text[0] || text[same] == '-'))
		same++;
	if (!text[same])
		return true;		/* also "" and "0000" */
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]);
	     i++)
		if (!strcmp(text, placeholders[i]))
			return true;
	return false;
}

/* ---- the text ---- */

static char host_character(uint8_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return (char)c;
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : '-';
}

static void make_name(const uint8_t *text, size_t len, char *to)
{
	char all[65];
	size_t n = 0, from = 0;

	for (size_t i = 0; i < len && n < sizeof(all) - 1; i++) {
		char c = host_character(text[i]);

		if (c != '-' || (n && all[n - 1] != '-'))
			all[n++] = c;
	}
	if (n && all[n - 1] == '-')
		n--;
	all[n] = '\0';
	if (says_nothing(all))
		n = 0;
	/* the end of a long one tells machines apart */
	if (n >= SMBIOS_SERIAL_MAX)
		from = n - (SMBIOS_SERIAL_MAX - 1);
	from += all[from] == '-';
	memcpy(to, all + from, n - from);
	to[n - from] = '\0';
}

/* ---- the tables ---- */

/* String number of those from at on, which end with two zeros. */
static const uint8_t *string(const uint8_t *at, const uint8_t *end,
			     unsigned int number, size_t *len)
{
	const uint8_t *stop;

	for (; at < end && *at; at = stop + 1) {
		stop = memchr(at, '\0', (size_t)(end - at));
		if (!stop)
			return NULL;
		if (--number == 0) {
			*len = (size_t)(stop - at);
			return at;
		}
	}
	return NULL;
}

/* Behind the structure's strings; NULL: they do not end. */
static const uint8_t *next(const uint8_t *at, const uint8_t *end)
{
	for (; end - at >= 2; at++)
		if (!at[0] && !at[1])
			return at + 2;
	return NULL;
}

void smbios_serial_of(const uint8_t *tables, size_t len,
		      char to[SMBIOS_SERIAL_MAX])
{
	const uint8_t *at = tables, *end = tables + len, *text;
	size_t n;

	to[0] = '\0';
	for (unsigned int i = 0; at && i < STRUCTURES_MAX; i++) {
		if ((size_t)(end - at) < HEADER || at[0] == TYPE_END ||
		    at[1] < HEADER || at[1] > end - at)
			return;
		if (at[0] == TYPE_SYSTEM && at[1] > SERIAL_AT) {
			text = at[SERIAL_AT] ?
			       string(at + at[1], end, at[SERIAL_AT], &n) :
			       NULL;
			if (text)
				make_name(text, n, to);
			return;
		}
		at = next(at + at[1], end);
	}
}

static const void *map(host_phys a, size_t len)
{
	const void *p = guest_ram(a, len);

	return p ? p : (const void *)mmio_map(a, len);
}

void smbios_init(host_phys entry)
{
	const struct entry_32 *e32 = entry ? map(entry, sizeof(*e32)) : NULL;
	const struct entry_64 *e64 = entry ? map(entry, sizeof(*e64)) : NULL;
	const void *tables;
	uint64_t address;
	size_t len;

	if (e64 && !memcmp(e64->anchor, "_SM3_", 5)) {
		address = e64->address;
		len = e64->length;
	} else if (e32 && !memcmp(e32->anchor, "_SM_", 4)) {
		address = e32->address;
		len = e32->length;
	} else {
		return;
	}
	/* "at most", which may be more than there is memory behind it */
	if (len > TABLES_MAX)
		len = TABLES_MAX;
	tables = address && len ? map(address, len) : NULL;
	if (!tables) {
		log_warn("the tables are not where the entry point says");
		return;
	}
	smbios_serial_of(tables, len, serial);
}

const char *smbios_serial(void)
{
	return serial;
}
