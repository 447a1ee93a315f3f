/* SPDX-License-Identifier: MIT */
/*
 * Does the loader accept only a tandem.elf that is whole, and does one that
 * was made to harm it ever lead it outside of the file or the block? A small
 * right file is built here, then changed; the seal is made right again after
 * a change, so that the checks behind it are reached.
 */
#include "check.h"
#include "elf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/elf.h>

static unsigned int checks;

/* The file: headers, code, constants (with .tandem_info), data, sections. */
struct sample {
	struct elf_header eh;
	struct elf_program_header ph[3];
	uint8_t text[64];
	struct pci_id ids[2];
	struct tandem_info info;
	uint8_t data[32];
	char names[32];
	struct elf_section_header sh[3];
	struct tandem_seal seal;
};

#define AT(where)	(TANDEM_VMM_BASE + (where))
#define TEXT_AT		0x0
#define RODATA_AT	0x1000
#define DATA_AT		0x2000

static void seal(struct sample *s)
{
	s->seal.magic = TANDEM_SEAL_MAGIC;
	s->seal.size = offsetof(struct sample, seal);
	s->seal.crc = elf_crc32(s, s->seal.size);
}

static struct sample right(void)
{
	struct sample s;

	memset(&s, 0, sizeof(s));
	memcpy(s.eh.ident, "\177ELF\2\1\1", 7);
	s.eh.type = 2;
	s.eh.machine = 62;
	s.eh.version = 1;
	s.eh.entry = AT(TEXT_AT + 8);
	s.eh.phoff = offsetof(struct sample, ph);
	s.eh.shoff = offsetof(struct sample, sh);
	s.eh.ehsize = sizeof(s.eh);
	s.eh.phentsize = sizeof(struct elf_program_header);
	s.eh.phnum = 3;
	s.eh.shentsize = sizeof(struct elf_section_header);
	s.eh.shnum = 3;
	s.eh.shstrndx = 1;
	s.ph[0] = (struct elf_program_header){ 1, 5, offsetof(struct sample, text),
		AT(TEXT_AT), 0, sizeof(s.text), sizeof(s.text), 4096 };
	s.ph[1] = (struct elf_program_header){ 1, 4, offsetof(struct sample, ids),
		AT(RODATA_AT), 0, sizeof(s.ids) + sizeof(s.info),
		sizeof(s.ids) + sizeof(s.info), 4096 };
	s.ph[2] = (struct elf_program_header){ 1, 6, offsetof(struct sample, data),
		AT(DATA_AT), 0, sizeof(s.data), 0x3000, 4096 };
	memset(s.text, 0x90, sizeof(s.text));
	memset(s.data, 0xda, sizeof(s.data));
	s.ids[0] = (struct pci_id){ "bnx", 0x14e4, 0x165a };
	s.ids[1] = (struct pci_id){ "bnx", 0x14e4, 0x1659 };
	s.info.magic = TANDEM_INFO_MAGIC;
	s.info.version = TANDEM_BOOT_VERSION;
	s.info.block_mib = 2;
	s.info.ap_entry = AT(TEXT_AT) + 4;
	strcpy(s.info.release, "v1");
	strcpy(s.info.pci_bindings, "device=bnx, driver=bnx");
	s.info.ids_start = AT(RODATA_AT);
	s.info.ids_end = AT(RODATA_AT) + sizeof(s.ids);
	memcpy(s.names, "\0.shstrtab\0.tandem_info", 24);
	s.sh[1] = (struct elf_section_header){ .name = 1, .type = 3,
		.offset = offsetof(struct sample, names),
		.size = sizeof(s.names) };
	s.sh[2] = (struct elf_section_header){ .name = 11, .type = 1,
		.offset = offsetof(struct sample, info),
		.size = sizeof(s.info) };
	seal(&s);
	return s;
}

/* From the heap, so that a read past the end is seen. */
static const char *check(const void *file, size_t size, struct elf_image *image)
{
	void *copy = malloc(size ? size : 1);
	const char *wrong;
	struct elf_image own;

	memcpy(copy, file, size);
	wrong = elf_check(copy, size, image ? image : &own);
	if (image && !wrong)
		image->file = file;
	free(copy);
	return wrong;
}

static void refused(struct sample *s, const char *because)
{
	const char *wrong;

	seal(s);
	wrong = check(s, sizeof(*s), NULL);
	if (!wrong || !strstr(wrong, because)) {
		printf("wanted \"%s\", got \"%s\"\n", because,
		       wrong ? wrong : "accepted");
		exit(1);
	}
	checks++;
}

static void crc_is_the_standard_one(void)
{
	CHECK(elf_crc32("123456789", 9) == 0xcbf43926);
	CHECK(elf_crc32("", 0) == 0);
}

static void right_file_is_loaded_where_it_belongs(void)
{
	struct sample s = right();
	struct elf_image image;
	uint8_t *block = calloc(1, 2 << 20);

	CHECK(elf_check(&s, sizeof(s), &image) == NULL);
	CHECK(image.entry == TEXT_AT + 8);
	CHECK(image.info.block_mib == 2);
	CHECK(!strcmp(image.info.release, "v1"));
	CHECK(image.n_ids == 2);
	CHECK(elf_pci_id(&image, 1).device == 0x1659);
	elf_load(&image, block);
	CHECK(!memcmp(block + TEXT_AT, s.text, sizeof(s.text)));
	CHECK(!memcmp(block + RODATA_AT + sizeof(s.ids), &s.info,
		      sizeof(s.info)));
	CHECK(!memcmp(block + DATA_AT, s.data, sizeof(s.data)));
	CHECK(block[DATA_AT + sizeof(s.data)] == 0);
	free(block);
}

static void every_altered_byte_is_noticed(void)
{
	const struct sample s = right();
	struct sample t;

	for (size_t i = 0; i < sizeof(s); i++) {
		t = s;
		((uint8_t *)&t)[i] ^= 1 << i % 8;
		CHECK(check(&t, sizeof(t), NULL) != NULL);
	}
}

static void every_truncation_is_noticed(void)
{
	const struct sample s = right();

	for (size_t n = 0; n < sizeof(s); n++)
		CHECK(check(&s, n, NULL) != NULL);
}

static void a_tail_behind_the_seal_is_noticed(void)
{
	struct { struct sample s; char more[16]; } t = { right(), "" };

	CHECK(check(&t, sizeof(t), NULL) != NULL);
}

static void foreign_files_are_refused(void)
{
	struct sample s = right();

	s.eh.ident[4] = 1;
	refused(&s, "not an x86-64 ELF");
	s = right();
	s.eh.machine = 3;
	refused(&s, "not an x86-64 ELF");
	s = right();
	s.eh.type = 3;
	refused(&s, "not an x86-64 ELF");
	CHECK(check("x", 1, NULL) != NULL);
}

static void bad_segments_are_refused(void)
{
	struct sample s = right();

	s.eh.phentsize = 32;
	refused(&s, "unknown size");
	s = right();
	s.eh.phoff = ~0ull - 8;
	refused(&s, "program headers beyond");
	s = right();
	s.eh.phnum = 0xffff;
	refused(&s, "");
	s = right();
	s.ph[0].offset = ~0ull - 32;
	refused(&s, "segment beyond its end");
	s = right();
	s.ph[0].filesz = s.ph[0].memsz = sizeof(s);
	refused(&s, "segment beyond its end");
	s = right();
	s.ph[2].memsz = 8;
	refused(&s, "smaller in memory");
	s = right();
	s.ph[0].vaddr = 0x100000;
	refused(&s, "outside of the VMM's addresses");
	s = right();
	s.ph[2].memsz = ~0ull;
	refused(&s, "outside of the VMM's addresses");
	s = right();
	s.ph[2].vaddr = AT(RODATA_AT + 8);
	refused(&s, "overlap");
	s = right();
	s.ph[2].memsz = 4 << 20;
	refused(&s, "larger than the memory");
}

static void bad_entries_are_refused(void)
{
	struct sample s = right();

	s.eh.entry = AT(DATA_AT);
	refused(&s, "entry outside");
	s = right();
	s.eh.entry = AT(TEXT_AT) + sizeof(s.text);
	refused(&s, "entry outside");
	s = right();
	s.eh.entry = 0x1000;
	refused(&s, "entry outside");
}

static void bad_information_is_refused(void)
{
	struct sample s = right();

	s.names[12] = 'x';
	refused(&s, "no .tandem_info");
	s = right();
	s.eh.shstrndx = 3;
	refused(&s, "no section names");
	s = right();
	s.eh.shoff = ~0ull;
	refused(&s, "no section names");
	s = right();
	s.sh[1].offset = ~0ull;
	refused(&s, "no section names");
	s = right();
	s.sh[2].size = 8;
	refused(&s, "too small");
	s = right();
	s.sh[2].type = 8;
	refused(&s, "too small");
	s = right();
	s.sh[2].offset = sizeof(s);
	refused(&s, "too small");
	s = right();
	s.info.magic++;
	refused(&s, "no valid .tandem_info");
	s = right();
	s.info.version++;
	refused(&s, "another version");
	s = right();
	s.info.block_mib = 0;
	refused(&s, "impossible");
	s = right();
	s.info.block_mib = 1u << 31;
	refused(&s, "impossible");
	s = right();
	s.info.kept_bytes = 4096 * 3;
	seal(&s);
	CHECK(!check(&s, sizeof(s), NULL));
	s.info.kept_bytes = 1;
	refused(&s, "impossible");
	s.info.kept_bytes = (2 << 20) + 4096;
	refused(&s, "impossible");
	s.info.kept_bytes = ~4095ull;
	refused(&s, "impossible");
	s.info.kept_bytes = 2 << 20;
	refused(&s, "larger than the memory");
	s = right();
	memset(s.info.release, 'r', sizeof(s.info.release));
	refused(&s, "no valid .tandem_info");
	s = right();
	memset(s.info.pci_bindings, 'b', sizeof(s.info.pci_bindings));
	refused(&s, "no valid .tandem_info");
}

static void bad_device_lists_are_refused(void)
{
	struct sample s = right();

	s.info.ids_end++;
	refused(&s, "list of devices");
	s = right();
	s.info.ids_end = s.info.ids_start - sizeof(s.ids);
	refused(&s, "list of devices");
	s = right();
	s.info.ids_start = 0;
	s.info.ids_end = sizeof(s.ids);
	refused(&s, "list of devices");
	s = right();
	s.info.ids_start = AT(DATA_AT + 0x1000);	/* not in the file */
	s.info.ids_end = s.info.ids_start + sizeof(s.ids);
	refused(&s, "list of devices");
	s = right();
	s.info.ids_start = 0;
	refused(&s, "list of devices");

	s = right();
	s.info.ids_start = s.info.ids_end;
	seal(&s);
	CHECK(check(&s, sizeof(s), NULL) == NULL);
}

/* Whatever is accepted stays inside of file and block. */
static void nothing_accepted_leads_outside(void)
{
	static const uint64_t odd[] = { 0, 1, 0x7f, 0xffff, 0x7fffffff,
		0xffffffff, 1ull << 63, ~0ull, TANDEM_VMM_BASE,
		TANDEM_VMM_BASE - 1, sizeof(struct sample) };
	unsigned int accepted = 0;

	srand(20);
	for (unsigned int round = 0; round < 60000; round++) {
		struct sample s = right();
		struct elf_image image;

		for (int n = rand() % 3; n >= 0; n--) {
			size_t at = rand() % (sizeof(s) - sizeof(s.seal) - 8);
			uint64_t v = odd[rand() % (sizeof(odd) / 8)];

			if (rand() & 1)		/* a header, whole fields */
				at = rand() % (offsetof(struct sample, text) /
					       8) * 8;
			if (rand() & 1)
				v = rand();
			memcpy((char *)&s + at, &v, 1 << rand() % 4);
		}
		seal(&s);
		if (check(&s, sizeof(s), &image))
			continue;
		accepted++;
		for (unsigned int i = 0; i < image.n_segments; i++) {
			const struct elf_segment *g = &image.segment[i];

			if (g->file_size > sizeof(s) ||
			    g->offset > sizeof(s) - g->file_size ||
			    g->memory_size < g->file_size ||
			    g->where + g->memory_size >
			    (uint64_t)image.info.block_mib << 20 ||
			    g->where + g->memory_size < g->where)
				CHECK(!"segment outside");
		}
		if (image.entry >= (uint64_t)image.info.block_mib << 20)
			CHECK(!"entry outside");
	}
	CHECK(accepted > 1000);
}

int main(void)
{
	crc_is_the_standard_one();
	right_file_is_loaded_where_it_belongs();
	every_altered_byte_is_noticed();
	every_truncation_is_noticed();
	a_tail_behind_the_seal_is_noticed();
	foreign_files_are_refused();
	bad_segments_are_refused();
	bad_entries_are_refused();
	bad_information_is_refused();
	bad_device_lists_are_refused();
	nothing_accepted_leads_outside();
	printf("%u checks\n", checks);
	return 0;
}
