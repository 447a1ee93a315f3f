/* SPDX-License-Identifier: MIT */
/*
 * The core's side of the program debug: is nothing told without the key, are
 * keys not tried faster than allowed, by whoever and however often the program
 * starts, and are requests that make no sense, tables that lead into the VMM
 * and ranges across its borders refused?
 */
#include "core_fake.h"

#undef CONFIG_DEBUG_ROOT_KEY
#define CONFIG_DEBUG_ROOT_KEY	1
#undef CONFIG_DEBUG_KEY
#define CONFIG_DEBUG_KEY \
	"00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"
#include "../../core/domain/debug_calls.c"

#define BLOCK		(RAM_BASE + RAM_SIZE)
#define BLOCK_SIZE	0x200000ull
#define LOW_PAGE	0x8000ull

static struct domain program, another;
static uint64_t now = 5000000;
static unsigned int warnings, taken;
static bool in_session = true;

struct boot_info boot_info = {
	.block_base = BLOCK, .block_size = BLOCK_SIZE, .low_page = LOW_PAGE,
};
unsigned int n_cpus = 2;

/* ---- what the file calls ---- */

uint64_t time_us(void)
{
	return now;
}

int domain_copy_in(struct domain *d, void *dst, const void *user, size_t len)
{
	if (!user)
		return -EFAULT;
	memcpy(dst, user, len);
	return 0;
}

int domain_copy_out(struct domain *d, void *user, const void *src, size_t len)
{
	if (!user)
		return -EFAULT;
	memcpy(user, src, len);
	return 0;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	warnings += level == LOG_WARN;
}

bool dbgsh_paging(const struct domain *d, struct guest_paging *out)
{
	guest_paging_of(&vcpu, out);
	return in_session;
}

int snapshot_take(unsigned int index, struct debug_cpu *out)
{
	CHECK(index < n_cpus);
	taken++;
	out->rip = 0x1234;
	return index == 1 ? -ETIMEDOUT : 0;
}

/* ---- */

static int ask(struct domain *d, int what, void *request, size_t size,
	       void *data, size_t length)
{
	struct message m = {
		.sender = d, .type = MSG_BUF, .value = what,
		.n_bufs = data ? 2 : 1,
		.buf = { { request, (uint32_t)size, 1 },
			 { data, (uint32_t)length, 1 } },
	};

	return debug_message(&m);
}

static int try_key(struct domain *d, bool right, uint32_t *wait)
{
	/* CONFIG_DEBUG_KEY, above */
	struct debug_unlock u = { .wait = 99, .digest = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	} };
	int result;

	if (!right)
		u.digest[31] ^= 1;
	result = ask(d, DEBUG_UNLOCK, &u, sizeof(u), NULL, 0);
	*wait = u.wait;
	return result;
}

static int read_at(uint64_t address, bool physical, uint32_t length,
		   struct debug_read *r, uint8_t *bytes)
{
	*r = (struct debug_read){
		.address = address, .is_physical = physical, .length = length,
		.paging = { state.cr[0], state.cr[3], state.cr[4],
			    state.efer },
	};
	return ask(&program, DEBUG_READ, r, sizeof(*r), bytes, PAGE_SIZE);
}

static void nothing_without_the_key(void)
{
	struct debug_read r;
	struct debug_paging p;
	struct debug_cpu c = { 0 };
	uint8_t bytes[PAGE_SIZE];

	CHECK(read_at(RAM_BASE, true, 16, &r, bytes) == -EACCES);
	CHECK(ask(&program, DEBUG_CALLER, &p, sizeof(p), NULL, 0) == -EACCES);
	CHECK(ask(&program, DEBUG_CPU, &c, sizeof(c), NULL, 0) == -EACCES);
	CHECK(ask(&program, 99, &c, sizeof(c), NULL, 0) == -EACCES);
	CHECK(!taken);
}

static void keys_are_tried_slowly(void)
{
	uint32_t wait;

	for (unsigned int i = 1; i <= MANY_WRONG + 2; i++) {
		uint64_t pause = i < MANY_WRONG ? 1 : 60;

		warnings = 0;
		CHECK(try_key(&program, false, &wait) == -EACCES);
		CHECK(wait == pause && warnings == 1);
		/* nobody, with no key, until the time is over */
		now += pause * 1000000 - 1;
		CHECK(try_key(&program, false, &wait) == -EAGAIN && wait == 1);
		CHECK(try_key(&another, true, &wait) == -EAGAIN);
		CHECK(warnings == 1);
		nothing_without_the_key();
		now++;
	}
	CHECK(try_key(&program, true, &wait) == 0 && wait == 0);
	/* the count begins anew */
	CHECK(try_key(&program, false, &wait) == -EACCES && wait == 1);
	now += 1000000;
}

static void the_key_opens_for_one_program_for_a_while(void)
{
	struct debug_read r;
	uint8_t bytes[PAGE_SIZE];
	struct debug_paging p;
	uint32_t wait;

	CHECK(!try_key(&program, true, &wait));
	CHECK(ask(&another, DEBUG_CALLER, &p, sizeof(p), NULL, 0) == -EACCES);
	for (unsigned int i = 0; i < 3; i++) {
		now += DEBUG_OPEN_SECONDS * 1000000ull - 1;
		CHECK(read_at(RAM_BASE, true, 16, &r, bytes) == 16);
	}
	now += DEBUG_OPEN_SECONDS * 1000000ull;
	CHECK(read_at(RAM_BASE, true, 16, &r, bytes) == -EACCES);
	CHECK(!try_key(&program, true, &wait));
	in_session = false;
	CHECK(ask(&program, DEBUG_CALLER, &p, sizeof(p), NULL, 0) == -EPIPE);
	in_session = true;
}

static void requests_that_make_no_sense(void)
{
	struct debug_read r = { .length = 1, .is_physical = 1 };
	struct debug_cpu c = { .index = 2 };
	uint8_t bytes[16];
	struct message m = { .sender = &program, .type = MSG_INT };

	CHECK(debug_message(&m) == -EINVAL);
	m.type = MSG_BUF;
	CHECK(debug_message(&m) == -EINVAL);
	m = (struct message){ .sender = &program, .type = MSG_BUF,
			      .value = DEBUG_READ, .n_bufs = 1,
			      .buf = { { &r, sizeof(r), 0 } } };
	CHECK(debug_message(&m) == -EINVAL);	/* not writable */
	m.n_bufs = 2;
	m.buf[0].writable = 1;
	m.buf[1] = (struct msg_buf){ bytes, sizeof(bytes), 0 };
	CHECK(debug_message(&m) == -EINVAL);
	CHECK(ask(&program, DEBUG_READ, &r, sizeof(r), NULL, 0) == -EINVAL);
	CHECK(ask(&program, DEBUG_READ, &r, sizeof(r) - 1, bytes, 16) ==
	      -EINVAL);
	r.length = 0;
	CHECK(ask(&program, DEBUG_READ, &r, sizeof(r), bytes, 16) == -EINVAL);
	r.length = 17;
	CHECK(ask(&program, DEBUG_READ, &r, sizeof(r), bytes, 16) == -EINVAL);
	r.length = PAGE_SIZE + 1;
	CHECK(ask(&program, DEBUG_READ, &r, sizeof(r), bytes, ~0u) == -EINVAL);
	CHECK(ask(&program, DEBUG_READ, NULL, sizeof(r), bytes, 16) == -EFAULT);
	CHECK(ask(&program, DEBUG_CPU, &c, sizeof(c), NULL, 0) == -ENOENT);
	CHECK(c.n_cpus == 2 && !c.rip && !taken);
	c.index = ~0u;
	CHECK(ask(&program, DEBUG_CPU, &c, sizeof(c), NULL, 0) == -ENOENT);
	c.index = 1;
	CHECK(ask(&program, DEBUG_CPU, &c, sizeof(c), NULL, 0) == -ETIMEDOUT);
	c.index = 0;
	CHECK(!ask(&program, DEBUG_CPU, &c, sizeof(c), NULL, 0));
	CHECK(c.rip == 0x1234);
	CHECK(ask(&program, 99, &c, sizeof(c), NULL, 0) == -ENOSYS);
}

static void only_ram_is_read(void)
{
	static const struct {
		uint64_t address;
		uint32_t state;
	} physical[] = {
		{ RAM_BASE + RAM_SIZE - 8, DEBUG_BYTES },
		{ BLOCK, DEBUG_VMM }, { BLOCK + BLOCK_SIZE - 8, DEBUG_VMM },
		{ BLOCK + BLOCK_SIZE, DEBUG_NOT_RAM },
		{ LOW_PAGE, DEBUG_VMM }, { LOW_PAGE + 0xff8, DEBUG_VMM },
		{ LOW_PAGE - 8, DEBUG_NOT_RAM },
		{ LOW_PAGE + 0x1000, DEBUG_NOT_RAM },
		{ DEVICE_BASE, DEBUG_NOT_RAM }, { 0, DEBUG_NOT_RAM },
		{ ~0ull - 7, DEBUG_NOT_RAM },
	};
	uint8_t bytes[PAGE_SIZE];
	struct debug_read r;

	fake_reset();
	memset(ram, 0xa5, sizeof(ram));
	for (unsigned int i = 0; i < ARRAY_SIZE(physical); i++) {
		bool there = physical[i].state == DEBUG_BYTES;

		memset(bytes, 0, sizeof(bytes));
		/* never beyond the page */
		CHECK(read_at(physical[i].address, true, PAGE_SIZE, &r,
			      bytes) ==
		      (int)(PAGE_SIZE - (physical[i].address & PAGE_MASK)));
		CHECK(r.state == physical[i].state);
		CHECK(r.physical == physical[i].address);
		CHECK(bytes[0] == (there ? 0xa5 : 0) && !bytes[8]);
	}
	CHECK(!n_accesses);
}

static void translations_are_the_guests_and_go_where_they_go(void)
{
	uint8_t bytes[PAGE_SIZE];
	struct debug_read r;

	fake_reset();
	fake_paging();
	/* the user's pages, too, with SMAP on */
	state.cr[4] |= CR4_SMAP | CR4_SMEP;
	fake_map(0x4000, RAM_BASE + 0x3000, MAP_USER);
	fake_map(0x5000, BLOCK + 0x1000, 0);
	fake_map(0x6000, DEVICE_BASE, 0);
	memcpy(ram + 0x3ff8, "the data", 8);
	CHECK(read_at(0x4ff8, false, 100, &r, bytes) == 8);
	CHECK(r.state == DEBUG_BYTES && r.physical == RAM_BASE + 0x3ff8);
	CHECK(!memcmp(bytes, "the data", 8));
	CHECK(read_at(0x5000, false, 16, &r, bytes) == 16);
	CHECK(r.state == DEBUG_VMM && r.physical == BLOCK + 0x1000);
	CHECK(read_at(0x6000, false, 16, &r, bytes) == 16);
	CHECK(r.state == DEBUG_NOT_RAM);
	CHECK(read_at(0x7000, false, 16, &r, bytes) == 16);
	CHECK(r.state == DEBUG_NOT_MAPPED && !r.physical);
	CHECK(read_at(0x800000000000, false, 16, &r, bytes) == 16);
	CHECK(r.state == DEBUG_NOT_CANONICAL);
	/* tables in the VMM, in a device, nowhere */
	state.cr[3] = BLOCK;
	CHECK(read_at(0x4000, false, 16, &r, bytes) == 16);
	CHECK(r.state == DEBUG_NOT_MAPPED);
	state.cr[3] = DEVICE_BASE;
	CHECK(read_at(0x4000, false, 16, &r, bytes) == 16);
	state.cr[3] = ~0ull;
	CHECK(read_at(0x4000, false, 16, &r, bytes) == 16);
	CHECK(r.state == DEBUG_NOT_MAPPED && !n_accesses);
}

int main(void)
{
	fake_reset();
	nothing_without_the_key();
	keys_are_tried_slowly();
	the_key_opens_for_one_program_for_a_while();
	requests_that_make_no_sense();
	only_ram_is_read();
	translations_are_the_guests_and_go_where_they_go();
	printf("%u checks\n", checks);
	return 0;
}
