// SPDX-License-Identifier: MIT
/* The serial number of SMBIOS: what is one, and tables that are cut or wrong. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/guest_mem.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#include "../../core/smbios.h"

static unsigned int checks;

#define BASE	0xf0000u

static uint8_t *memory;		/* so many bytes: ASan sees the rest */
static size_t size;

void *guest_ram(guest_phys a, uint64_t len)
{
	if (a < BASE || a - BASE >= size || len > size - (a - BASE))
		return NULL;
	return memory + (a - BASE);
}

volatile void *mmio_map(host_phys a, size_t len)
{
	(void)a, (void)len;
	return NULL;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	(void)level, (void)fmt;
}

/* Type 0 with strings, then type 1 with this as its fourth string. */
static size_t tables(uint8_t *to, const char *text)
{
	static const uint8_t bios[] = {
		0, 6, 0, 0, 1, 2, 'a', 0, 'b', 0, 0,
	};
	uint8_t system[27] = { 1, sizeof(system), 1, 0, 1, 2, 3, 4 };
	size_t n = 0;

	memcpy(to, bios, sizeof(bios));
	n += sizeof(bios);
	memcpy(to + n, system, sizeof(system));
	n += sizeof(system);
	memcpy(to + n, "Maker\0Thing\0rev", 16);
	n += 16;
	memcpy(to + n, text, strlen(text) + 1);
	n += strlen(text) + 1;
	to[n++] = 0;
	memcpy(to + n, "\x7f\x04\0\0\0\0", 6);
	return n + 6;
}

static bool is(const char *text, const char *want)
{
	uint8_t bytes[256];
	char serial[SMBIOS_SERIAL_MAX];

	smbios_serial_of(bytes, tables(bytes, text), serial);
	return !strcmp(serial, want);
}

static void texts(void)
{
	CHECK(is("C02ABC123", "c02abc123"));
	CHECK(is(" 12 34_5--6. ", "12-34-5-6"));
	CHECK(is("VMware-56 4d 1f aa bb cc dd ee-01 23", "1f-aa-bb-cc-dd-ee-01-23"));
	CHECK(is("\xc3\xa9\x01", ""));
	CHECK(is("0", "") && is("00000000", "") && is("XXXX", ""));
	CHECK(is("0000-0000", "") && is("...", ""));
	CHECK(is("Not Specified", "") && is("None", ""));
	CHECK(is("To be filled by O.E.M.", ""));
	CHECK(is("System Serial Number", "") && is("Default string", ""));
	CHECK(is("0123456789", "") && is("01234567891", "01234567891"));
}

/* Each length and each changed byte, in memory of exactly that size. */
static void broken(void)
{
	uint8_t whole[256], *cut;
	char serial[SMBIOS_SERIAL_MAX];
	size_t len = tables(whole, "ABC123");

	for (size_t n = 0; n <= len; n++) {
		cut = malloc(n ? n : 1);
		memcpy(cut, whole, n);
		smbios_serial_of(cut, n, serial);
		CHECK(!serial[0] || !strcmp(serial, "abc123"));
		for (size_t i = 0; i < n; i++) {
			cut[i] ^= 0xff;
			smbios_serial_of(cut, n, serial);
			CHECK(strlen(serial) < SMBIOS_SERIAL_MAX);
			cut[i] ^= 0xff;
		}
		free(cut);
	}
}

static void entry_points(void)
{
	uint8_t t[256];
	size_t len = tables(t, "ABC123");
	uint32_t address = BASE + 32;

	size = 32 + len;
	memory = calloc(1, size);
	memcpy(memory + 32, t, len);
	smbios_init(0);
	CHECK(!smbios_serial()[0]);
	smbios_init(BASE);
	CHECK(!smbios_serial()[0]);
	memcpy(memory, "_SM3_", 5);
	memory[12] = 0xff;		/* more than there is */
	memcpy(memory + 16, &address, 4);
	smbios_init(BASE);
	CHECK(!smbios_serial()[0]);
	memory[12] = (uint8_t)len;
	smbios_init(BASE);
	CHECK(!strcmp(smbios_serial(), "abc123"));
	memory[32 + 11 + 27 + 16] = 'Z';
	memset(memory, 0, 32);
	memcpy(memory, "_SM_", 4);
	memory[22] = (uint8_t)len;
	memcpy(memory + 24, &address, 4);
	smbios_init(BASE);
	CHECK(!strcmp(smbios_serial(), "zbc123"));
	smbios_init(BASE + size - 4);
	CHECK(!strcmp(smbios_serial(), "zbc123"));
	free(memory);
}

int main(void)
{
	texts();
	broken();
	entry_points();
	printf("%u checks\n", checks);
	return 0;
}
