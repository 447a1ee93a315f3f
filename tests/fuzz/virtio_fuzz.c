/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a driver of the virtio-net device that writes anything into rings,
 * registers and configuration space, and sends and receives meanwhile. Afterwards
 * nothing is in flight, and after a reset the device works.
 */
#include "virtio_driver.h"

#include "fuzz.h"

static void descriptor(struct fuzz_input *in, unsigned int q, uint16_t n)
{
	uint8_t how = fuzz_byte(in);
	uint32_t addr = fuzz_word(in), len = fuzz_word(in);

	if (how & 0x80)
		addr = fuzz_long(in);
	else
		addr += BUFFER_AREA;
	if (how & 0x40)
		len = fuzz_long(in);
	put_desc(q, n, addr, len, how & 7, how & 8 ? fuzz_word(in) :
		 (uint16_t)(n + 1));
}

/* A sent chain that begins with a header of this kind. */
static void chain(struct fuzz_input *in)
{
	uint8_t *p = ram(BUFFER_AREA);
	uint32_t len = fuzz_word(in);

	fuzz_bytes(in, p, HDR + 64);
	put_desc(QUEUE_TX, 0, BUFFER_AREA, HDR + (len & 0xff), 1, 1);
	put_desc(QUEUE_TX, 1, BUFFER_AREA + HDR + (len & 0xff), len, 0, 0);
	offer(QUEUE_TX, 0);
	kick(QUEUE_TX);
}

static void command(struct fuzz_input *in)
{
	uint8_t text[2048] = { 0 };
	size_t n = fuzz_bytes(in, text, fuzz_byte(in));

	put_desc(QUEUE_CTRL, 0, BUFFER_AREA, (uint32_t)n, 1, 1);
	put_desc(QUEUE_CTRL, 1, BUFFER_AREA + 0x1000, 1, 2, 0);
	memcpy(ram(BUFFER_AREA), text, n);
	offer(QUEUE_CTRL, 0);
	kick(QUEUE_CTRL);
}

/* A TCP segment for the guest, which may be joined to the one before. */
static void segment(struct fuzz_input *in)
{
	static uint8_t bytes[1514];
	struct frame f = {
		.segment = { { 0, bytes, 0 } }, .n_segments = 1, .refs = 1,
		.flags = FRAME_CSUM_VALID,
	}, *list[1] = { &f };
	static const uint8_t head[] = "\x08\0\x45\0\0\x3c\0\0\x40\0\x40\6";

	memset(bytes, 0, 54);
	memcpy(bytes + 12, head, 12);
	fuzz_bytes(in, bytes + 14, fuzz_byte(in) % 60);
	f.len = f.segment[0].len = 14 + fuzz_word(in) % 1501;
	port.ops->transmit(&port, list, 1);
	port.ops->flush(&port);
}

static void one_step(struct fuzz_input *in)
{
	uint8_t what = fuzz_byte(in);
	unsigned int q = (what >> 4) % VIRTIO_QUEUES;
	uint16_t n = (uint16_t)(fuzz_byte(in) % queue[q].size);

	switch (what & 15) {
	default:
		descriptor(in, q, n);
		offer(q, n);
		break;
	case 0:
		descriptor(in, q, n);
		break;
	case 1:
		kick(q);
		break;
	case 2:
		receive(14 + fuzz_word(in) % 1501, 0);
		break;
	case 3:
		if (n_input && n_input <= 500)
			all_back();
		break;
	case 4:
		queue[q].avail->idx = fuzz_word(in);
		break;
	case 5:
		bar_write(fuzz_word(in) % 0x6000, 1u << (what >> 4 & 3),
			  fuzz_long(in));
		break;
	case 6:
		input_room = MIN(n, n_input > 500 ? 0 : 500 - n_input);
		port.ops->resume(&port);
		break;
	case 7:
		pci_write(fuzz_byte(in) & 0xfcu, 4, fuzz_long(in));
		break;
	case 8:
		chain(in);
		break;
	case 9:
		command(in);
		break;
	case 10:
		segment(in);
		break;
	case 11:
		give_rx_buffers();
		break;
	case 12:
		fake_time += 1000u << (what >> 4);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static bool made;
	uint8_t how;

	if (!made)
		device_create();
	made = true;
	how = fuzz_byte(&in);
	driver_start(how & 0x80 ? fuzz_long(&in) | 1ull << 32 : ALL_FEATURES,
		     (uint16_t)(4u << (how & 7) % 7));
	may_miss = true;
	input_room = 400;
	for (unsigned int i = 0; i < 300 && in.left; i++)
		one_step(&in);
	may_miss = false;
	pci_write(0x10, 4, HARDWARE_BAR);
	pci_write(0x14, 4, 0);
	pci_write(find_cap(PCI_CAP_ID_PM, -1) + 4, 2, 0);
	pci_write(find_cap(PCI_CAP_ID_MSIX, -1) + 2, 2, 0);
	/* what was offered and not looked at is now */
	pci_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	all_back();
	driver_start(ALL_FEATURES, 256);
	put_frame(5, 60, NULL);
	offer(QUEUE_TX, 5);
	kick(QUEUE_TX);
	CHECK(n_input == 1 && status() == 0xf);
	all_back();
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\6\x0b\0\2\0\x10\0\2\0\x40\x0d\x10\1\0\0\x4c\0\x11\0\3\0"),
	FUZZ_SEED("\6\x08\0\x42\0\1\0\0\0\0\0\x22\0\x10\0\0\3\0"),
	FUZZ_SEED("\6\x09\0\3\0\0\1\x09\0\x08\1\0\1\0\0\0\0\0"),
	FUZZ_SEED("\6\x0b\0\x0a\0\x28\x45\0\5\xdc\0\0\0\0\x40\6\0\0\x0a\0\2\2"
		  "\x0a\0\2\x0f\0\7\4\0\0\0\0\1\0\0\0\1\x50\x10\xff\xff"
		  "\xdc\5"),
	FUZZ_SEED("\x83\xff\xff\xff\xff\5\0\x14\0\1\0\0\0\7\0\4\6\0\0\0"
		  "\4\x10\0\1"),
	{ NULL, 0 },
};
