// SPDX-License-Identifier: MIT
/*
 * The virtio-net device used by several CPUs at once: what may happen on one
 * while another is in the middle of something. Where a hook can stand in for the
 * other CPU, the order is a certain one; the rest are threads that run against
 * each other for a while, as driver, wire and interrupt, and that signals stop
 * for moments anywhere on their way. Built twice, for the thread sanitizer, too.
 */
#include "virtio_driver.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#define SENT		30000u
#define OUTSTANDING	24u
#define WIRE_ROOM	6u
#define STALL_S		20

/* ---- one CPU's turn at a certain point of another's ---- */

static unsigned int looks;

/* The features change when one frame has filled as many buffers as it may. */
static void features_change(void)
{
	device->features = ++looks < 64 ? ~0ull :
		~(uint64_t)VIRTIO_NET_F_MRG_RXBUF;
}

/* Does a driver that changes its mind amid a frame get past the end? */
static void features_are_asked_once_a_frame(void)
{
	driver_start(ALL_FEATURES, 256);
	put_desc(QUEUE_RX, 0, BUFFER_AREA, HDR, VRING_DESC_F_WRITE, 0);
	for (uint16_t i = 1; i < 200; i++)
		put_desc(QUEUE_RX, i, BUFFER_AREA + i * 16u, 1,
			 VRING_DESC_F_WRITE, 0);
	for (uint16_t i = 0; i < 200; i++)
		offer(QUEUE_RX, i);
	looks = 0;
	guest_ram_hook = features_change;
	CHECK(receive(190, 0) == 0);
	guest_ram_hook = NULL;
	CHECK(status() & VIRTIO_STATUS_NEEDS_RESET);
}

/* The wire takes one frame, has no room, and has sent it before we are back. */
static unsigned int full_and_empty_again(struct frame **f, unsigned int n)
{
	input_instead = NULL;
	CHECK(n == 2);
	frame_get(f[0]);
	frame_put(f[0]);
	port.ops->resume(&port);
	return 1;
}

static void room_that_comes_before_the_wait_is_seen(void)
{
	driver_start(ALL_FEATURES, 256);
	for (uint16_t i = 0; i < 2; i++) {
		put_frame(i, 60, NULL);
		offer(QUEUE_TX, i);
	}
	input_instead = full_and_empty_again;
	kick(QUEUE_TX);
	for (unsigned int i = 0; i < 4; i++)
		virtio_tx_exit(device);
	CHECK(n_input == 1);
	all_back();
	CHECK(queue[QUEUE_TX].used->idx == 2);
}

/* ---- threads ---- */

static bool over;

static bool is_over(void)
{
	return __atomic_load_n(&over, __ATOMIC_ACQUIRE);
}

static void stand_still(int number)
{
	static unsigned int turn;
	unsigned int spins = 100u << (__atomic_fetch_add(&turn, 1,
				      __ATOMIC_RELAXED) % 8);

	for (unsigned int i = 0; i < spins; i++)
		__builtin_ia32_pause();
}

static pthread_t disturbed[2];

static void *disturb(void *arg)
{
	const struct timespec pause = { 0, 20000 };

	for (unsigned int i = 0; !is_over(); i++) {
		pthread_kill(disturbed[i % 2], SIGUSR1);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void run_beside(void *(*fn)(void *), void (*other)(void))
{
	pthread_t disturber;

	over = false;
	signal(SIGUSR1, stand_still);
	disturbed[0] = pthread_self();
	CHECK(!pthread_create(&disturbed[1], NULL, fn, NULL));
	CHECK(!pthread_create(&disturber, NULL, disturb, NULL));
	other();
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	CHECK(!pthread_join(disturber, NULL));
	CHECK(!pthread_join(disturbed[1], NULL));
}

/* The wire: frames that it has, and whether it pushed any back. */
static struct spinlock wire_lock;
static struct frame *on_wire[WIRE_ROOM];
static unsigned int n_on_wire;
static bool pushed_back;

static unsigned int onto_wire(struct frame **f, unsigned int n)
{
	unsigned int i;

	spin_lock(&wire_lock);
	for (i = 0; i < n && n_on_wire < WIRE_ROOM; i++) {
		frame_get(f[i]);
		on_wire[n_on_wire++] = f[i];
	}
	pushed_back |= i < n;
	spin_unlock(&wire_lock);
	return i;
}

/* One exit, with completions: the only ones that there are beside kicks. */
static void wire_exit(void)
{
	struct frame *sent[WIRE_ROOM];
	unsigned int n;
	bool room;

	spin_lock(&wire_lock);
	n = n_on_wire;
	memcpy(sent, on_wire, sizeof(sent));
	n_on_wire = 0;
	room = pushed_back;
	pushed_back = false;
	spin_unlock(&wire_lock);
	for (unsigned int i = 0; i < n; i++)
		frame_put(sent[i]);
	if (room)
		port.ops->resume(&port);
	if (n || room)
		virtio_tx_exit(device);
	else
		sched_yield();
}

static void *wire_works(void *arg)
{
	struct timer *t = &device->hold.timer;

	while (!is_over()) {
		wire_exit();
		if (__atomic_exchange_n(&t->armed, false, __ATOMIC_SEQ_CST))
			t->fn(t);
	}
	return NULL;
}

static uint16_t completed(void)
{
	return __atomic_load_n(&queue[QUEUE_TX].used->idx, __ATOMIC_ACQUIRE);
}

static void wait_completed(uint16_t sent, uint16_t left)
{
	time_t end = time(NULL) + STALL_S;

	while ((uint16_t)(sent - completed()) > left) {
		CHECK(time(NULL) < end);	/* nobody will look any more */
		sched_yield();
	}
}

static void send_one(uint16_t n)
{
	struct driver_queue *q = &queue[QUEUE_TX];
	volatile uint16_t *event = (volatile uint16_t *)&q->used->ring[q->size];

	put_frame(n % 32, 60, NULL);
	q->avail->ring[n % q->size] = n % 32;
	__atomic_store_n(&q->avail->idx, (uint16_t)(n + 1), __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(event, __ATOMIC_RELAXED) == n)
		kick(QUEUE_TX);
}

static void driver_sends(void)
{
	for (uint16_t n = 0; n < SENT; n++) {
		uint32_t r = random32();

		send_one(n);
		/* now and then as one who asks and waits */
		wait_completed((uint16_t)(n + 1), r % 4 ? OUTSTANDING : 0);
	}
	wait_completed((uint16_t)SENT, 0);
}

/* Every frame is sent, though the driver kicks only when it is asked to. */
static void no_frame_is_left_behind(void)
{
	driver_start(ALL_FEATURES, 256);
	input_instead = onto_wire;
	run_beside(wire_works, driver_sends);
	input_instead = NULL;
	CHECK(status() == 0xf && device->in_flight == 0);
}

/* ---- */

static unsigned int halves, messages;

static void whole_message(uint64_t address, uint32_t data)
{
	halves += (address == 0xfee01000) != (data == 0x41);
	__atomic_add_fetch(&messages, 1, __ATOMIC_RELAXED);
}

static void *interrupts(void *arg)
{
	while (!is_over())
		virtio_interrupt_queue(device, &device->queue[QUEUE_RX]);
	return NULL;
}

/* As Linux moves an interrupt to another CPU. */
static void affinity_changes(void)
{
	uint64_t entry = BAR_MSIX_TABLE + 16;

	for (unsigned int i = 0; i < 40000; i++) {
		bar_write(entry + 12, 4, MSIX_MASKED);
		bar_write(entry, 4, i & 1 ? 0xfee01000 : 0xfee02000);
		bar_write(entry + 8, 4, i & 1 ? 0x41 : 0x61);
		bar_write(entry + 12, 4, 0);
	}
}

static void moved_interrupts_are_whole_and_none_is_lost(void)
{
	unsigned int before;

	driver_start(ALL_FEATURES, 256);
	pci_write(find_cap(PCI_CAP_ID_MSIX, -1) + 2, 2, 0x8000);
	bar_write(BAR_MSIX_TABLE + 16, 4, 0xfee02000);
	bar_write(BAR_MSIX_TABLE + 16 + 8, 4, 0x61);
	bar_write(BAR_MSIX_TABLE + 16 + 12, 4, 0);
	message_hook = whole_message;
	run_beside(interrupts, affinity_changes);
	before = messages;
	virtio_interrupt_queue(device, &device->queue[QUEUE_RX]);
	CHECK(messages == before + 1 && halves == 0);
	CHECK(bar_read(BAR_MSIX_PBA, 8) == 0);
	message_hook = NULL;
}

int main(void)
{
	device_create();
	features_are_asked_once_a_frame();
	room_that_comes_before_the_wait_is_seen();
	no_frame_is_left_behind();
	moved_interrupts_are_whole_and_none_is_lost();
	printf("%u checks\n", checks);
	return 0;
}
