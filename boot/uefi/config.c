/* SPDX-License-Identifier: MIT */
/*
 * Where the texts of the configuration come from: a section of the loader's
 * own file, tandem.conf beside it (with two files), and what the boot option says (UEFI 2.10,
 * 3.1.3, LoadOptions of 9.1). The VMM gets the texts and reads them by the
 * same code; here they are read to tell a person what is wrong, and to know
 * which devices to take.
 */
#include "config.h"
#include "console.h"
#include "file.h"

#include <stdbool.h>
#include <string.h>
#include <tandem/conf.h>

#define CONFIG_FILE	"tandem.conf"
#define TOLD_MAX	8		/* lines on the console */

/* EFI_SHELL_PARAMETERS_PROTOCOL, UEFI Shell 2.2, 2.3 */
static EFI_GUID shell_guid = { 0x752f3136, 0x4e16, 0x4fdc,
	{ 0xa2, 0x2a, 0xe5, 0xf4, 0x68, 0x12, 0xf4, 0xca } };
static EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL;
static EFI_GUID global_guid = EFI_GLOBAL_VARIABLE;

/* section.S */
extern const char config_section[CONF_TEXT_MAX]
	__attribute__((visibility("hidden")));

struct text {
	const char *at;
	size_t size;
	enum conf_problem problem;
};

static struct text texts[BOOT_TEXTS];
static void *file;			/* pool memory, or NULL */
static char option[CONF_TEXT_MAX];
static bool secure;
static struct conf conf;
static unsigned int told;

/* ---- the texts ----------------------------------------------------------- */

static void find_section(struct text *t)
{
	/* replaced after the compiler saw it */
	const volatile char *section = config_section;

	t->at = config_section;
	while (t->size < CONF_TEXT_MAX && section[t->size])
		t->size++;
}

static void find_file(EFI_HANDLE self, EFI_BOOT_SERVICES *bs, struct text *t)
{
	EFI_STATUS status = file_read_beside(self, bs, CONFIG_FILE,
					     CONF_TEXT_MAX, &file, &t->size);

	if (!EFI_ERROR(status)) {
		t->at = file;
		return;
	}
	file = NULL;
	if (status == EFI_BAD_BUFFER_SIZE)
		return;		/* empty, or too long as t->size tells */
	t->size = 0;
	if (status != EFI_NOT_FOUND)
		t->problem = CONF_UNREADABLE;
}

/* One UTF-16 code unit as UTF-8; half of a pair becomes what is none. */
static void append(struct text *t, CHAR16 c)
{
	char *to = option + t->size;

	if (c < 0x80) {
		to[0] = (char)c;
		t->size += 1;
	} else if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		t->size += 2;
	} else if (c >= 0xd800 && c < 0xe000) {
		to[0] = (char)0xff;
		t->size += 1;
	} else {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		t->size += 3;
	}
}

static bool ends_in_efi(const char *word, size_t n)
{
	return n >= 4 && word[n - 4] == '.' && (word[n - 3] | 0x20) == 'e' &&
	       (word[n - 2] | 0x20) == 'f' && (word[n - 1] | 0x20) == 'i';
}

/* The shell, and some boot loaders, put the program's name first. */
static void skip_name(struct text *t, bool from_shell)
{
	size_t n = 0;
	bool quoted = false;

	while (n < t->size && (quoted || t->at[n] != ' '))
		quoted ^= t->at[n++] == '"';
	if (n && !memchr(t->at, '=', n) &&
	    (from_shell || ends_in_efi(t->at, n))) {
		t->at += n;
		t->size -= n;
	}
}

static void find_option(EFI_HANDLE self, EFI_BOOT_SERVICES *bs, struct text *t)
{
	EFI_LOADED_IMAGE *loaded;
	const CHAR16 *from;
	void *shell;
	size_t n;

	if (EFI_ERROR(bs->HandleProtocol(self, &image_guid,
					 (void **)&loaded)) ||
	    !loaded->LoadOptions)
		return;
	from = loaded->LoadOptions;
	n = loaded->LoadOptionsSize / sizeof(*from);
	if (loaded->LoadOptionsSize % sizeof(*from))
		t->problem = CONF_NOT_TEXT;
	for (size_t i = 0; i < n; i++) {
		CHAR16 c;

		memcpy(&c, (const char *)from + i * sizeof(c), sizeof(c));
		if (c == 0)
			break;
		if (c < ' ' && c != '\t')
			t->problem = CONF_NOT_TEXT;
		if (t->size > sizeof(option) - 3) {
			t->size = CONF_TEXT_MAX + 1;
			return;
		}
		append(t, c);
	}
	t->at = option;
	if (t->problem == CONF_FINE)
		skip_name(t, !EFI_ERROR(bs->HandleProtocol(self, &shell_guid,
							   &shell)));
}

/* Does the firmware start only what is signed (UEFI 2.10, 32.3)? */
static bool is_secure(EFI_RUNTIME_SERVICES *rs)
{
	static CHAR16 name[] = L"SecureBoot";
	UINT8 value = 0;
	UINTN size = sizeof(value);

	return !EFI_ERROR(rs->GetVariable(name, &global_guid, NULL, &size,
					  &value)) && value == 1;
}

/* ---- for the others ------------------------------------------------------ */

static void tell(const char *line, void *arg __attribute__((unused)))
{
	if (told++ < TOLD_MAX)
		say("Tandem: %s", line);
}

void config_read(EFI_HANDLE self, EFI_SYSTEM_TABLE *st, bool has_file)
{
	const struct conf_teller teller = { tell, NULL };

	memset(texts, 0, sizeof(texts));
	find_section(&texts[BOOT_TEXT_SECTION]);
	if (has_file)
		find_file(self, st->BootServices, &texts[BOOT_TEXT_FILE]);
	find_option(self, st->BootServices, &texts[BOOT_TEXT_OPTION]);
	secure = is_secure(st->RuntimeServices);
	conf_init(&conf);
	for (unsigned int i = 0; i < BOOT_TEXTS; i++) {
		const struct text *t = &texts[i];

		if (t->size || t->problem != CONF_FINE)
			conf_read(&conf, CONF_SECTION + i, t->at, t->size,
				  t->problem, secure && i != BOOT_TEXT_SECTION,
				  &teller);
	}
	conf_finish(&conf, &teller);
	if (told > TOLD_MAX)
		say("Tandem: %u more lines of the configuration are wrong; the "
		    "log has them", told - TOLD_MAX);
}

const char *config_bindings(const struct elf_image *image)
{
	return conf.origin[CONF_PCI].source == CONF_BUILT_IN ?
	       image->info.pci_bindings : conf.pci;
}

const char *config_next(void)
{
	return conf.next;
}

bool config_menu(void)
{
	return conf.number[CONF_BOOT_MENU] != 0;
}

bool config_secure(void)
{
	return secure;
}

void config_hand_over(struct boot_info *info)
{
	for (unsigned int i = 0; i < BOOT_TEXTS; i++) {
		info->text[i].address = (uintptr_t)texts[i].at;
		info->text[i].size = texts[i].size > UINT32_MAX ? UINT32_MAX :
				     (uint32_t)texts[i].size;
		info->text[i].problem = texts[i].problem;
	}
	if (secure)
		info->flags |= BOOT_SECURE;
}

void config_free(EFI_BOOT_SERVICES *bs)
{
	if (file)
		bs->FreePool(file);
	file = NULL;
}
