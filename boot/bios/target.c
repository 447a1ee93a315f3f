/* SPDX-License-Identifier: MIT */
/*
 * Starts a boot sector as the firmware does (INT 13h; BIOS boot specification
 * 1.01, 6.5): in real mode at 0:7C00h, the disk's number in DL; that of a
 * partition as a master boot record does, with its entry at DS:SI. Logical
 * partitions are numbered as Linux and GRUB do: from 5 on, as they are chained.
 */
#include "target.h"

#include <stdint.h>
#include <string.h>

#include "bios.h"
#include "console.h"

#define MBR		0x600
#define SECTOR		512
#define ENTRIES		446
#define N_ENTRIES	4
#define LOGICAL		5
#define SIGNATURE	0xaa55

#define READ_LBA	0x4200
#define READ_ONE	0x0201		/* AH: read, AL: one sector */

/* Disk address packet of READ_LBA. */
struct packet {
	uint8_t size, reserved;
	uint16_t count, offset, segment;
	uint64_t lba;
} __attribute__((packed));

struct partition {
	uint8_t active, first[3], type, last[3];
	uint32_t lba, sectors;
} __attribute__((packed));

static bool read_first(int drive, uint32_t to)
{
	struct bios_registers r = {
		.eax = READ_ONE, .ebx = to, .ecx = 1, .edx = (uint32_t)drive,
	};

	bios_call(0x13, &r);
	return !(r.flags & BIOS_CARRY);
}

static bool read_lba(int drive, uint64_t lba, uint32_t to)
{
	struct packet *packet = low_memory(BIOS_BUFFER);
	struct bios_registers r = {
		.eax = READ_LBA, .edx = (uint32_t)drive, .esi = BIOS_BUFFER,
	};

	*packet = (struct packet){
		.size = sizeof(*packet), .count = 1, .offset = (uint16_t)to,
		.lba = lba,
	};
	bios_call(0x13, &r);
	return !(r.flags & BIOS_CARRY);
}

static bool is_boot_sector(uint32_t at)
{
	uint16_t signature;

	memcpy(&signature, low_memory(at + SECTOR - 2),
	       sizeof(signature));
	return signature == SIGNATURE;
}

static bool is_extended(const struct partition *p)
{
	return p->type == 0x05 || p->type == 0x0f || p->type == 0x85;
}

/*
 * The n-th logical partition (from 0), of a chain of tables that begins at LBA
 * extended: an entry for a partition, as seen from its table, and one for the
 * next table, as seen from the first. Fills in *p, its place counted from the
 * disk's start.
 */
static bool find_logical(int drive, uint32_t extended, unsigned int n,
			 struct partition *p)
{
	struct partition table[2];
	uint32_t at = extended;

	for (;; n--) {
		if (!read_lba(drive, at, BOOT_SECTOR) ||
		    !is_boot_sector(BOOT_SECTOR))
			return false;
		memcpy(table, low_memory(BOOT_SECTOR + ENTRIES), sizeof(table));
		if (!n)
			break;
		if (!is_extended(&table[1]))
			return false;
		at = extended + table[1].lba;
	}
	*p = table[0];
	p->lba += at;
	return true;
}

/* Partition number of the disk whose MBR has been read. */
static bool find_partition(int drive, unsigned int number, struct partition *p)
{
	struct partition table[N_ENTRIES];

	memcpy(table, low_memory(MBR + ENTRIES), sizeof(table));
	if (number < LOGICAL) {
		*p = table[number - 1];
		return true;
	}
	for (unsigned int i = 0; i < N_ENTRIES; i++)
		if (is_extended(&table[i]))
			return find_logical(drive, table[i].lba,
					    number - LOGICAL, p);
	return false;
}

static bool read_target(const struct target *t, struct bios_registers *r)
{
	struct partition p;
	uint32_t at;

	r->edx = (uint32_t)t->drive;
	if (!t->partition)
		return read_first(t->drive, BOOT_SECTOR) &&
		       is_boot_sector(BOOT_SECTOR);
	if (!read_first(t->drive, MBR) || !is_boot_sector(MBR) ||
	    !find_partition(t->drive, t->partition, &p))
		return false;
	/* a logical one's entry is none of the MBR's: in place of the first */
	at = MBR + ENTRIES + (t->partition < LOGICAL ? t->partition - 1 : 0) *
	     (uint32_t)sizeof(p);
	memcpy(low_memory(at), &p, sizeof(p));
	r->esi = at;
	return p.type && read_lba(t->drive, p.lba, BOOT_SECTOR) &&
	       is_boot_sector(BOOT_SECTOR);
}

/* Returns if there is nothing to boot. */
static void boot(const struct target *t)
{
	struct bios_registers r = { 0 };

	if (read_target(t, &r))
		bios_boot(&r);
	say("Tandem: disk %#x has nothing to boot", (unsigned int)t->drive);
}

void target_boot(const struct target *t)
{
	struct bios_registers r = { 0 };

	if (!t->next) {
		boot(t);
		if (t->drive != FIRST_DISK || t->partition)
			boot(&(struct target){ .drive = FIRST_DISK });
	}
	/* the firmware's own way out of a boot that failed */
	bios_call(0x18, &r);
	for (;;)
		__asm__ volatile("cli; hlt");
}
