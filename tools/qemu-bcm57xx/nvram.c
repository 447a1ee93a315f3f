// SPDX-License-Identifier: MIT
/*
 * The serial flash (ST M45PE10, 128 KiB) behind the NVRAM interface and behind
 * the older serial EEPROM registers, and the image that it holds: header,
 * manufacturing block and VPD with valid checksums, no boot code.
 */
#include "bcm57xx.h"

#define AGENTS		0xfu	/* four requesters */

static uint32_t crc32_of(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

/* Appends a VPD keyword with its text; returns the new end. */
static size_t vpd_field(uint8_t *vpd, size_t at, const char *key,
			const char *text, size_t len)
{
	memcpy(vpd + at, key, 2);
	vpd[at + 2] = len;
	memcpy(vpd + at + 3, text, MIN(len, strlen(text)));
	return at + 3 + len;
}

static void make_vpd(uint8_t *vpd)
{
	static const char name[] = "Tandem bench BCM5722";
	size_t at = 3 + sizeof(name) - 1, start, sum_at;
	uint8_t sum = 0;

	vpd[0] = 0x82;			/* identifier string */
	stw_le_p(vpd + 1, sizeof(name) - 1);
	memcpy(vpd + 3, name, sizeof(name) - 1);

	vpd[at] = 0x90;			/* read-only fields */
	start = at + 3;
	at = vpd_field(vpd, start, "PN", "BCM95722", 8);
	at = vpd_field(vpd, at, "EC", "0", 1);
	at = vpd_field(vpd, at, "SN", "0123456789", 10);
	at = vpd_field(vpd, at, "MN", "14e4", 4);
	sum_at = at + 3;
	at = vpd_field(vpd, at, "RV", "", 1);
	stw_le_p(vpd + start - 2, at - start);
	for (size_t i = 0; i < sum_at; i++)
		sum += vpd[i];
	vpd[sum_at] = -sum;
	vpd[at] = 0x78;			/* end */
}

/* Fills the flash at realize; it keeps what is written until QEMU ends. */
void bcm_nvram_init(BcmNic *nic)
{
	uint8_t *image = nic->nvram;

	memset(image, 0xff, NVRAM_SIZE);
	memset(image, 0, 0x200);
	stl_be_p(image, 0x669955aa);
	stl_be_p(image + 4, 0x08003800);	/* boot code's load address */
	stl_be_p(image + 8, 0);			/* ... its words: none */
	stl_be_p(image + 0xc, 0x200);
	stl_le_p(image + 0x10, crc32_of(image, 0x10));

	memcpy(image + 0x7e, nic->conf.macaddr.a, 6);
	memcpy(image + 0x84, "BCM95722", 8);
	stl_be_p(image + 0x94, 0x00000100);	/* firmware version 1.0 */
	stw_le_p(image + 0xf2, NVRAM_SIZE / 1024);
	stl_le_p(image + 0xfc, crc32_of(image + 0x74, 0x88));

	make_vpd(image + 0x100);
	memset(image + 0x200, 0, 0x100);
}

static bool granted(BcmNic *nic)
{
	return bcm_reg(nic, NVM_SW_ARBITRATION) & AGENTS << 8;
}

static void command(BcmNic *nic, uint32_t value)
{
	uint32_t addr = bcm_reg(nic, NVM_ADDRESS) & (NVRAM_SIZE - 4);
	bool writable = bcm_reg(nic, NVM_ACCESS) & NVM_ACCESS_WRITE &&
		bcm_reg(nic, MODE_CTRL) & MODE_NVRAM_WRITE;

	value &= ~BLOCK_RESET;
	if (value & NVM_DONE)
		value &= ~NVM_DONE;
	if (value & NVM_GO) {
		if (!granted(nic) ||
		    !(bcm_reg(nic, NVM_ACCESS) & NVM_ACCESS_ENABLE))
			bcm_violation(nic, RULE_NVRAM_LOCK, "NVRAM command "
				      "without lock or access enable");
		if (value & NVM_ERASE && writable)
			memset(nic->nvram + (addr & ~0xffu), 0xff, 256);
		else if (value & NVM_WRITE && writable)
			stl_be_p(nic->nvram + addr,
				 bcm_reg(nic, NVM_WRITE_DATA));
		else if (!(value & (NVM_WRITE | NVM_ERASE)))
			bcm_set(nic, NVM_READ_DATA, ldl_be_p(nic->nvram + addr));
		value &= ~NVM_GO;
		value |= NVM_DONE;
	}
	bcm_set(nic, NVM_COMMAND, value);
}

/* Bits 3:0 request, 7:4 give up, 11:8 say who has it, 15:12 who wants it. */
static void arbitrate(BcmNic *nic, uint32_t value)
{
	uint32_t old = bcm_reg(nic, NVM_SW_ARBITRATION);
	uint32_t wanted = old >> 12 & AGENTS, grant = old >> 8 & AGENTS;

	wanted |= value & AGENTS;
	wanted &= ~(value >> 4 & AGENTS);
	grant &= wanted;
	if (!grant)
		grant = wanted & -wanted;
	bcm_set(nic, NVM_SW_ARBITRATION, wanted << 12 | grant << 8);
}

uint32_t bcm_nvram_read_reg(BcmNic *nic, uint32_t offset)
{
	return bcm_reg(nic, offset);
}

/* @offset: NVM_FIRST..NVM_LAST. */
void bcm_nvram_write_reg(BcmNic *nic, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case NVM_COMMAND:
		command(nic, value);
		break;
	case NVM_SW_ARBITRATION:
		arbitrate(nic, value);
		break;
	case NVM_READ_DATA:
		break;
	default:
		bcm_set(nic, offset, value);
		break;
	}
}

/* The older interface; its data register has the bytes the other way round. */
void bcm_eeprom_command(BcmNic *nic, uint32_t value)
{
	if (value & EEPROM_START) {
		bcm_set(nic, EEPROM_DATA,
			ldl_le_p(nic->nvram + (value & 0xfffc)));
		value &= ~EEPROM_START;
		value |= EEPROM_COMPLETE;
	}
	bcm_set(nic, EEPROM_ADDR, value & ~EEPROM_RESET);
}
