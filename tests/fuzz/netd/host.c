/* SPDX-License-Identifier: MIT */
/*
 * The core below a netd that is fuzzed (host.h). Each input begins with netd's
 * variables as the linker set them: netd.lds puts them between two symbols, and a
 * copy is kept. What netd allocates is listed, so that it can be taken back.
 */
#include "host.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <services/mgmt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/types.h>

#define HANDLERS	16
#define HEAP_MAX	(3u << 20)	/* as netd's */
#define LOG_DESC	100

extern char netd_data_start[], netd_data_end[];
extern char netd_bss_start[], netd_bss_end[];

struct block {
	struct block *next, **link;
	size_t size;
	size_t pad;
};

static struct {
	const char *name;
	void (*entry)(void);
} handler[HANDLERS];
static unsigned int handlers;

struct host_message host_message;
struct netring_area *host_area;
uint64_t host_time;
int host_malloc_left;
bool host_rings_wrong, host_tx_held;

static struct domain_start start_block;
const struct domain_start *domain_start = &start_block;

static char *first_data;
static struct block *blocks;
static size_t heap_used;
static jmp_buf ended;
static uint64_t random_state;
static bool (*next_step)(uint64_t deadline);
static void (*frame_sent)(const uint8_t *frame, size_t len);

/* this side's ends of the rings, and who has which slot */
static uint32_t rx_ready_head, rx_free_tail, tx_ready_tail, tx_free_head;
static uint32_t rx_free_seen;
static bool rx_with_netd[HOST_RX_SLOTS], tx_with_netd[HOST_TX_SLOTS];
static uint16_t held[HOST_TX_SLOTS];
static unsigned int n_held;

_Noreturn void host_wrong(const char *what)
{
	fprintf(stderr, "wrong: %s\n", what);
	abort();
}

/* ---- memory ---- */

void *host_malloc(size_t size);
void *host_calloc(size_t n, size_t size);
void host_free(void *p);
void malloc_usage(size_t *used, size_t *total);
size_t strlcpy(char *dst, const char *src, size_t size);

void *host_malloc(size_t size)
{
	struct block *b;

	if (host_malloc_left >= 0 && host_malloc_left-- == 0)
		return NULL;
	if (size > HEAP_MAX - heap_used)
		return NULL;
	b = malloc(sizeof(*b) + size);
	MUST(b);
	*b = (struct block){ .next = blocks, .link = &blocks, .size = size };
	if (blocks)
		blocks->link = &b->next;
	blocks = b;
	heap_used += size;
	return b + 1;
}

void *host_calloc(size_t n, size_t size)
{
	void *p;

	if (size && n > HEAP_MAX / size)
		return NULL;
	p = host_malloc(n * size);
	return p ? memset(p, 0, n * size) : NULL;
}

void host_free(void *p)
{
	struct block *b = (struct block *)p - 1;

	if (!p)
		return;
	*b->link = b->next;
	if (b->next)
		b->next->link = b->link;
	heap_used -= b->size;
	free(b);
}

void malloc_usage(size_t *used, size_t *total)
{
	*used = heap_used;
	*total = HEAP_MAX;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

/* By instructions: between variables there is what the sanitizer watches. */
static void copy_quietly(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)
			 : : "memory");
}

static void clear_quietly(void *to, size_t n)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(0) : "memory");
}

static void variables_anew(void)
{
	size_t n = (size_t)(netd_data_end - netd_data_start);

	if (!first_data) {
		first_data = malloc(n);
		MUST(first_data);
		copy_quietly(first_data, netd_data_start, n);
	}
	copy_quietly(netd_data_start, first_data, n);
	clear_quietly(netd_bss_start, (size_t)(netd_bss_end - netd_bss_start));
}

/* ---- random numbers: the same for each input ---- */

int stack_random_init(const uint64_t *seed, size_t n);
unsigned int stack_random(void);
void stack_random_bytes(void *to, size_t len);
int stack_random_add(const void *secret, size_t len);
bool stack_random_of_cpu(void);
uint32_t stack_tcp_isn(const void *local, uint16_t local_port,
		       const void *remote, uint16_t remote_port);

int stack_random_init(const uint64_t *seed, size_t n)
{
	random_state = seed[n - 1] + n;
	return 0;
}

unsigned int stack_random(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(random_state >> 33);
}

void stack_random_bytes(void *to, size_t len)
{
	uint8_t *byte = to;

	while (len-- > 0)
		*byte++ = (uint8_t)stack_random();
}

/* The echo server over TLS is left out. */
int echo_tls_start(uint16_t port __unused)
{
	return -ENOSYS;
}

int echo_tls_stop(void)
{
	return -ENOENT;
}

void echo_tls_state(void *state __unused)
{
}

int stack_random_add(const void *secret __unused, size_t len __unused)
{
	return 0;
}

bool stack_random_of_cpu(void)
{
	return true;
}

uint32_t stack_tcp_isn(const void *local __unused, uint16_t local_port __unused,
		       const void *remote __unused, uint16_t remote_port)
{
	return 0xfffffff0u + remote_port;
}

/* ---- system calls ---- */

void domain_log(int level __unused, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	/* for the sanitizer, which looks at the arguments */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (getenv("FUZZ_LOG"))
		fprintf(stderr, "netd: %s\n", text);
}

_Noreturn void exitprocess(int status __unused)
{
	MUST(host_rings_wrong);
	longjmp(ended, 1);
}

/* The management service, which is left out, does not run. */
struct mgmt_status mgmt_status;

/* By TLS: left out here (rules.mk), and never asked for. */
int stream_start(void)
{
	return -ENOENT;
}

bool stream_turn(void)
{
	return false;
}

bool stream_send(void)
{
	return false;
}

int msgopen(const char *name)
{
	return strcmp(name, "log_read") ? -ENOENT : LOG_DESC;
}

int msgclose(int desc __unused)
{
	return 0;
}

int msgregister(const char *name, void (*entry)(void))
{
	MUST(handlers < HANDLERS);
	handler[handlers].name = name;
	handler[handlers++].entry = entry;
	return 0;
}

/* A log of which the first part has been overwritten, with a line a second. */
int msgsendbuf(int to, int value __unused, struct msg_buf *bufs, size_t n)
{
	static const char line[] = "[    1.234567] warning: a line of the log\n";
	uint64_t first = 100, last = 100 + host_time / 1000000 * 42, *from;
	char *text = bufs[0].base;
	size_t i;

	MUST(to == LOG_DESC && n == 2 && bufs[1].len == sizeof(*from));
	from = bufs[1].base;
	if (*from > last || *from < first)
		*from = first;
	for (i = 0; i < bufs[0].len && *from < last; i++, ++*from)
		text[i] = line[(*from - first) % (sizeof(line) - 1)];
	return (int)i;
}

uint64_t sys_time(void)
{
	return host_time;
}

uint32_t sys_wait(uint64_t deadline)
{
	if (!next_step(deadline))
		longjmp(ended, 1);
	return 0;
}

/* ---- rings ---- */

static uint8_t *slot(uint32_t offset, unsigned int n)
{
	return (uint8_t *)host_area + offset + n * NETRING_SLOT_SIZE;
}

void host_give_tx(unsigned int n)
{
	for (; n && n_held; n--) {
		tx_with_netd[held[0]] = true;
		netring_write(&host_area->tx_free, tx_free_head++,
			      (struct netring_entry){ .slot = held[0] });
		memmove(held, held + 1, --n_held * sizeof(held[0]));
	}
	netring_publish(&host_area->tx_free, tx_free_head);
}

/* As the card does: from the pseudo header's sum on, which is in the field. */
static bool finish_checksum(uint8_t *frame, const struct netring_entry *e)
{
	uint32_t start = e->flags >> NETRING_TCP_SHIFT, sum = 0;
	uint8_t *field = frame + start + NETRING_TCP_CSUM;

	if (!(e->flags & NETRING_CSUM_TCP))
		return true;
	if (start < 14 || start + NETRING_TCP_CSUM + 2 > e->len)
		return false;
	for (uint32_t i = start; i < e->len; i++)
		sum += (i - start) & 1 ? frame[i] : (uint32_t)frame[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	field[0] = (uint8_t)(~sum >> 8);
	field[1] = (uint8_t)~sum;
	return true;
}

static void take_sent(void)
{
	bool broken = false;
	uint8_t *frame;
	uint32_t n = netring_count(&host_area->tx_ready, tx_ready_tail,
				   &broken);

	MUST(!broken || host_rings_wrong);
	while (n--) {
		struct netring_entry e = netring_read(&host_area->tx_ready,
						      tx_ready_tail++);

		if (e.slot >= HOST_TX_SLOTS || !tx_with_netd[e.slot] ||
		    e.offset > NETRING_SLOT_SIZE || e.len < 14 ||
		    e.len > NETRING_SLOT_SIZE - e.offset) {
			MUST(host_rings_wrong);
			continue;
		}
		tx_with_netd[e.slot] = false;
		held[n_held++] = e.slot;
		frame = slot(host_area->tx_offset, e.slot) + e.offset;
		MUST(finish_checksum(frame, &e) || host_rings_wrong);
		frame_sent(frame, e.len);
	}
	netring_taken(&host_area->tx_ready, tx_ready_tail);
}

void sys_notify(void)
{
	take_sent();
	if (!host_tx_held)
		host_give_tx(HOST_TX_SLOTS);
}

/* netd gives slots back that it has, each once. */
static void see_free_slots(void)
{
	uint32_t n = netring_count(&host_area->rx_free, rx_free_seen, NULL);

	while (n--) {
		struct netring_entry e = netring_read(&host_area->rx_free,
						      rx_free_seen++);

		if (e.slot >= HOST_RX_SLOTS || !rx_with_netd[e.slot])
			MUST(host_rings_wrong);
		else
			rx_with_netd[e.slot] = false;
	}
}

bool host_deliver(const uint8_t *frame, size_t len, uint16_t flags)
{
	struct netring_entry e;

	see_free_slots();
	if (!netring_count(&host_area->rx_free, rx_free_tail, NULL))
		return false;
	e = netring_read(&host_area->rx_free, rx_free_tail++);
	netring_taken(&host_area->rx_free, rx_free_tail);
	if (e.slot >= HOST_RX_SLOTS || rx_with_netd[e.slot])
		return false;
	rx_with_netd[e.slot] = true;
	e.offset = NETRING_RX_OFFSET;
	e.len = (uint16_t)len;
	e.flags = flags;
	memcpy(slot(host_area->rx_offset, e.slot) + e.offset, frame, len);
	netring_write(&host_area->rx_ready, rx_ready_head++, e);
	netring_publish(&host_area->rx_ready, rx_ready_head);
	return true;
}

void host_configure(void (*change)(struct netring_config *c))
{
	host_area->config.generation++;
	change(&host_area->config);
	host_area->config.generation++;
}

int host_send(const char *name, int value, void *buf0, uint32_t len0,
	      void *buf1, uint32_t len1)
{
	struct msg_buf bufs[2] = {
		{ .base = buf0, .len = len0, .writable = 1 },
		{ .base = buf1, .len = len1, .writable = 1 },
	};

	for (unsigned int i = 0; i < handlers; i++) {
		if (strcmp(handler[i].name, name))
			continue;
		host_message = (struct host_message){
			MSG_BUF, value, 0, bufs, buf1 ? 2 : buf0 ? 1 : 0 };
		handler[i].entry();
		return host_message.result;
	}
	return -ENOENT;
}

/* ---- one input ---- */

void host_prepare(void)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	size_t head = (sizeof(*host_area) + 4095) & ~4095ul;
	size_t size = head + (HOST_RX_SLOTS + HOST_TX_SLOTS) *
			     NETRING_SLOT_SIZE;
	struct netring_area *a;

	if (!host_area)
		host_area = aligned_alloc(4096, size);
	a = host_area;
	memset(a, 0, head);
	a->magic = NETRING_MAGIC;
	a->version = NETRING_VERSION;
	a->rx_slots = HOST_RX_SLOTS;
	a->tx_slots = HOST_TX_SLOTS;
	a->rx_offset = (uint32_t)head;
	a->tx_offset = a->rx_offset + HOST_RX_SLOTS * NETRING_SLOT_SIZE;
	a->size = (uint32_t)size;
	a->config = (struct netring_config){
		.generation = 2, .link = 1, .mtu = 1500, .speed = 1000,
		.ip_address = 0x3202000a, .ip_netmask = 0x00ffffff,
		.ip_gateway = 0x0202000a, .ipv6 = 1, .echo_port = 7,
		.hostname = "tandem-525400123456",
	};
	memcpy(a->config.mac, mac, sizeof(mac));
	start_block.shared_base = (uintptr_t)a;
	start_block.shared_size = size;
	rx_ready_head = rx_free_tail = tx_ready_tail = tx_free_head = 0;
	for (uint16_t i = 0; i < HOST_RX_SLOTS; i++) {
		rx_with_netd[i] = false;
		netring_write(&a->rx_free, i,
			      (struct netring_entry){ .slot = i });
	}
	netring_publish(&a->rx_free, HOST_RX_SLOTS);
	rx_free_seen = HOST_RX_SLOTS;
	for (uint16_t i = 0; i < HOST_TX_SLOTS; i++)
		held[i] = i;
	n_held = HOST_TX_SLOTS;
	host_give_tx(HOST_TX_SLOTS);
	host_time = 5000000;
	host_malloc_left = -1;
	host_rings_wrong = host_tx_held = false;
}

void host_run(bool (*step_)(uint64_t deadline),
	      void (*sent)(const uint8_t *frame, size_t len))
{
	next_step = step_;
	frame_sent = sent;
	handlers = 0;
	variables_anew();
	if (!setjmp(ended))
		domain_main(MSG_INT, 0, NULL, 0);
	while (blocks)
		host_free(blocks + 1);
}
