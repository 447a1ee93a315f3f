/* SPDX-License-Identifier: MIT */
/*
 * Does netd get just what the loader found, is nothing taken from where no file
 * can be, and is the seed wiped where it passed?
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../core/identity.c"

struct conf tandem_conf;

static unsigned int checks;
static bool good = true;
static char ram[2][MGMT_FILE_MAX + 1];
static char log[4096];

bool boot_is_in_ram(const struct boot_info *b __unused, uint64_t address,
		    uint64_t size)
{
	return address >= (uintptr_t)ram && size <= sizeof(ram) &&
	       address - (uintptr_t)ram <= sizeof(ram) - size;
}

uint64_t clock_utc(void)
{
	return 1763780400;
}

bool random_is_good(void)
{
	return good;
}

uint64_t random64(void)
{
	return 0x1122334455667788;
}

void log_msg(enum log_level level __unused, const char *fmt, ...)
{
	size_t n = strlen(log);
	va_list args;

	va_start(args, fmt);
	vsnprintf(log + n, sizeof(log) - n, fmt, args);
	va_end(args);
}

int domain_copy_out(struct domain *d __unused, void *user, const void *src,
		    size_t len)
{
	if (!user)
		return -EFAULT;
	memcpy(user, src, len);
	return 0;
}

static int ask(int what, void *buffer, uint32_t len)
{
	struct message m = {
		.type = MSG_BUF, .value = what, .n_bufs = 1,
		.buf = { { buffer, len, 1 } },
	};

	return identity_message(&m);
}

static struct mgmt_identity asked(void)
{
	struct mgmt_identity id;

	CHECK(ask(MGMT_IDENTITY, &id, sizeof(id)) == 0);
	return id;
}

static void nothing_was_found(void)
{
	struct boot_info b = { 0 };
	char buffer[16];

	good = false;
	identity_take(&b);
	identity_init();
	CHECK(asked().seed_kind == MGMT_SEED_NONE && asked().key == 0);
	CHECK(ask(MGMT_IDENTITY_KEY, buffer, 16) == -ENOENT);
	good = true;
	identity_init();
	CHECK(asked().seed_kind == MGMT_SEED_OF_BOOT);
	CHECK(asked().seed[0] == 0x88 && asked().seed[31] == 0x11);
}

static void what_was_found_arrives(void)
{
	static const uint8_t none[BOOT_SEED_SIZE];
	struct boot_info b = { .seed_kind = BOOT_SEED_KEPT };
	static char buffer[MGMT_FILE_MAX];
	struct mgmt_identity id;

	memset(b.seed, 0x5a, sizeof(b.seed));
	memset(ram[0], 'k', sizeof(ram[0]));
	memcpy(ram[1], "secret", 6);
	b.file[BOOT_FILE_CERTIFICATE] = (struct boot_file){
		(uintptr_t)ram[0], MGMT_FILE_MAX, BOOT_FROM_SECTION };
	b.file[BOOT_FILE_KEY] = (struct boot_file){
		(uintptr_t)ram[1], 6, BOOT_FROM_FILE };
	b.file[BOOT_FILE_CLIENT_CA] = (struct boot_file){
		(uintptr_t)ram[0], MGMT_FILE_MAX + 1, 0 };
	identity_take(&b);
	CHECK(!memcmp(b.seed, none, sizeof(none)));
	identity_init();
	id = asked();
	CHECK(id.seed_kind == MGMT_SEED_KEPT && id.seed[31] == 0x5a);
	CHECK(id.certificate == MGMT_FILE_MAX && id.key == 6);
	CHECK(id.client_ca == 0 && id.utc == 1763780400);
	CHECK(ask(MGMT_IDENTITY_CERTIFICATE, buffer, sizeof(buffer)) ==
	      MGMT_FILE_MAX && buffer[MGMT_FILE_MAX - 1] == 'k');
	CHECK(ask(MGMT_IDENTITY_KEY, buffer, 6) == 6);
	CHECK(!memcmp(buffer, "secret", 6));
	CHECK(ask(MGMT_IDENTITY_KEY, buffer, 5) == -ENOSPC);
	CHECK(ask(MGMT_IDENTITY_KEY, NULL, 6) == -EFAULT);
	CHECK(ask(MGMT_IDENTITY_CLIENT_CA, buffer, 9) == -ENOENT);
	CHECK(ask(MGMT_IDENTITY_CLIENT_CA + 1, buffer, 9) == -EINVAL);
	CHECK(ask(-1, buffer, 9) == -EINVAL);
	CHECK(ask(MGMT_IDENTITY, &id, sizeof(id) - 1) == -EINVAL);
	/* the log says where from, never what */
	CHECK(strstr(log, "private key from a file") && !strstr(log, "secret"));
	CHECK(strstr(log, "client CA: the loader's place of it makes no sense"));
}

static void a_place_that_is_none_is_not_read(void)
{
	struct boot_info b = { .seed_kind = 77 };
	char buffer[16];

	memset(file, 0, sizeof(file));
	memset(b.seed, 1, sizeof(b.seed));
	b.file[BOOT_FILE_KEY] = (struct boot_file){ 16, 6, 0 };
	b.file[BOOT_FILE_CERTIFICATE] = (struct boot_file){
		(uintptr_t)ram + sizeof(ram) - 5, 6, 0 };
	identity_take(&b);
	CHECK(ask(MGMT_IDENTITY_KEY, buffer, 16) == -ENOENT);
	CHECK(ask(MGMT_IDENTITY_CERTIFICATE, buffer, 16) == -ENOENT);
	CHECK(asked().seed_kind == MGMT_SEED_NONE && asked().seed[0] == 0);
}

/* By a password or a certificate, and only if the service is on. */
static void who_may_operate(void)
{
	struct boot_info b = { 0 };

	memset(file, 0, sizeof(file));
	tandem_conf.number[CONF_MGMT] = 1;
	strcpy(tandem_conf.password_read, "a$hash");
	CHECK(!identity_may_operate());
	strcpy(tandem_conf.password, "a$hash");
	CHECK(identity_may_operate());
	tandem_conf.number[CONF_MGMT] = 0;
	CHECK(!identity_may_operate());
	tandem_conf.number[CONF_MGMT] = 1;
	tandem_conf.password[0] = '\0';
	b.file[BOOT_FILE_CERTIFICATE] = b.file[BOOT_FILE_KEY] =
		(struct boot_file){ (uintptr_t)ram[1], 6, BOOT_FROM_FILE };
	identity_take(&b);
	CHECK(!identity_may_operate());
	b.file[BOOT_FILE_CLIENT_CA] = b.file[BOOT_FILE_KEY];
	identity_take(&b);
	CHECK(identity_may_operate());
}

int main(void)
{
	nothing_was_found();
	what_was_found_arrives();
	a_place_that_is_none_is_not_read();
	who_may_operate();
	printf("%u checks\n", checks);
	return 0;
}
