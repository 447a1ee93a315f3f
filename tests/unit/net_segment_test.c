// SPDX-License-Identifier: MIT
/*
 * Are the frames that software cuts the ones TCP would have sent, each with
 * right lengths, numbers and checksums, and does a request that does not fit its
 * bytes get refused instead of followed?
 */
#include "net_fake.h"

#include <errno.h>
#include <net/segment.h>

static uint8_t payload[70000];

/* A second, plain way to sum (RFC 1071, 4.1). */
static uint16_t plain_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

struct packet {
	uint8_t bytes[70000];
	struct frame f;
	uint32_t l4, header;
};

/* TCP with 12 bytes of options over IPv4 or IPv6, as Linux hands it over. */
static void make(struct packet *p, bool v6, uint32_t len, uint16_t mss)
{
	uint32_t l4 = v6 ? 54 : 34, header = l4 + 32;
	uint8_t *b = p->bytes;

	memset(b, 0, header);
	b[12] = v6 ? 0x86 : 8;
	b[13] = v6 ? 0xdd : 0;
	if (v6) {
		b[14] = 0x60;
		b[20] = 6;
		for (int i = 0; i < 32; i++)
			b[22 + i] = (uint8_t)(i * 7);
	} else {
		b[14] = 0x45;
		b[18] = 0xff;
		b[19] = 0xfe;		/* the id wraps */
		b[22] = 64;
		b[23] = 6;
		memcpy(b + 26, "\xa\0\2\xf\xa\0\2\2", 8);
	}
	memcpy(b + l4 + 4, "\xff\xff\xff\xf0", 4);	/* so does the number */
	b[l4 + 12] = 0x80;
	b[l4 + 13] = 0x80 | 0x10 | 0x08 | 0x01;		/* CWR ACK PSH FIN */
	memcpy(b + header, payload, len);
	p->l4 = l4;
	p->header = header;
	p->f = (struct frame){
		.segment = { { 0, b, 10 }, { 0, b + 10, 50 },
			     { 0, b + 60, header + len - 60 } },
		.n_segments = 3, .len = header + len,
		.flags = FRAME_CSUM_PARTIAL | (v6 ? FRAME_TSO6 : FRAME_TSO4),
		.csum_start = (uint16_t)l4, .csum_offset = 16, .mss = mss,
	};
}

static void check_segment(const struct packet *p, const uint8_t *b,
			  uint32_t len, unsigned int i, unsigned int n)
{
	bool v6 = p->l4 == 54;
	uint32_t tcp_len = len - p->l4;
	uint32_t at = i * p->f.mss;
	uint8_t flags = b[p->l4 + 13];

	CHECK(!memcmp(b + p->header, payload + at, len - p->header));
	CHECK(get32(b + p->l4 + 4) == 0xfffffff0u + at);
	CHECK(!(flags & 0x80) == (i > 0));
	CHECK(!(flags & 0x09) == (i + 1 < n));
	CHECK(flags & 0x10);
	if (v6) {
		CHECK(get16(b + 18) == len - 54);
		CHECK(plain_sum(b + p->l4, tcp_len,
				plain_sum(b + 22, 32, tcp_len + 6)) == 0xffff);
	} else {
		CHECK(get16(b + 16) == len - 14);
		CHECK(get16(b + 18) == ((0xfffe + i) & 0xffff));
		CHECK(plain_sum(b + 14, 20, 0) == 0xffff);
		CHECK(plain_sum(b + p->l4, tcp_len,
				plain_sum(b + 26, 8, tcp_len + 6)) == 0xffff);
	}
}

static void cut(bool v6, uint32_t len, uint16_t mss)
{
	static struct packet p;
	struct net_segmenter s;
	uint32_t total = 0;
	int n;

	make(&p, v6, len, mss);
	n = net_segment_start(&s, &p.f);
	CHECK(n == (int)(len ? (len + mss - 1) / mss : 1));
	for (int i = 0; i < n; i++) {
		uint8_t *out = malloc(p.header + mss);
		int got = net_segment_write(&s, (unsigned int)i, out,
					    p.header + mss);

		CHECK(got > (int)p.header || !len);
		check_segment(&p, out, (uint32_t)got, (unsigned int)i,
			      (unsigned int)n);
		total += (uint32_t)got - p.header;
		free(out);
	}
	CHECK(total == len);
	CHECK(net_segment_write(&s, (unsigned int)n, p.bytes, 2000) ==
	      -EINVAL);
}

static void checksums_are_completed(void)
{
	static struct packet p;
	struct net_segmenter s;
	uint8_t out[2000];
	uint32_t pseudo;

	for (uint32_t len = 0; len < 300; len += 7) {
		make(&p, false, len, 0);
		p.f.flags = FRAME_CSUM_PARTIAL;
		pseudo = plain_sum(p.bytes + 26, 8, len + 32 + 6);
		p.bytes[p.l4 + 16] = (uint8_t)(pseudo >> 8);
		p.bytes[p.l4 + 17] = (uint8_t)pseudo;
		CHECK(net_segment_start(&s, &p.f) == 1);
		CHECK(net_segment_write(&s, 0, out, sizeof(out)) ==
		      (int)p.f.len);
		CHECK(plain_sum(out + p.l4, len + 32, pseudo) == 0xffff);
	}
	p.f.flags = 0;
	CHECK(net_segment_start(&s, &p.f) == 1);
	CHECK(net_segment_write(&s, 0, out, sizeof(out)) == (int)p.f.len);
	CHECK(!memcmp(out, p.bytes, p.f.len));
	CHECK(net_segment_write(&s, 0, out, p.f.len - 1) == -EMSGSIZE);
}

static void nonsense_is_refused(void)
{
	static struct packet p;
	struct net_segmenter s;
	uint8_t out[2048];

	make(&p, false, 5000, 0);
	CHECK(net_segment_start(&s, &p.f) == -EINVAL);		/* mss 0 */
	make(&p, false, 5000, 1460);
	p.f.flags = FRAME_CSUM_PARTIAL | FRAME_TSO6;
	CHECK(net_segment_start(&s, &p.f) == -EINVAL);
	make(&p, false, 5000, 1460);
	p.bytes[14] = 0x4f;		/* longer than csum_start says */
	CHECK(net_segment_start(&s, &p.f) == -EINVAL);
	make(&p, false, 5000, 1460);
	p.bytes[p.l4 + 12] = 0x10;	/* TCP header of 4 bytes */
	CHECK(net_segment_start(&s, &p.f) == -EINVAL);
	make(&p, false, 5000, 1460);
	p.f.csum_start = 0xfff0;
	CHECK(net_segment_start(&s, &p.f) == -EINVAL);
	p.f.flags = FRAME_CSUM_PARTIAL;
	CHECK(net_segment_start(&s, &p.f) == -EINVAL);
	for (unsigned int i = 0; i < 20000; i++) {
		int n;

		make(&p, i & 1, random32() % 3000, (uint16_t)random32());
		for (unsigned int k = 0; k < 3; k++)
			p.bytes[12 + random32() % 80] = (uint8_t)random32();
		p.f.csum_start = (uint16_t)(random32() % (i % 3 ? 80 : 65536));
		p.f.csum_offset = (uint16_t)(random32() % 40);
		n = net_segment_start(&s, &p.f);
		CHECK(n == -EINVAL || n >= 1);
		for (int k = 0; k < MIN(n, 5); k++)
			net_segment_write(&s, (unsigned int)k, out,
					  sizeof(out));
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)random32();
	for (int v6 = 0; v6 < 2; v6++) {
		cut(v6, 1460, 1460);
		cut(v6, 1461, 1460);
		cut(v6, 0, 1460);
		cut(v6, 65000, 1448);
		cut(v6, 1001, 48);
		cut(v6, 4001, 1001);
	}
	checksums_are_completed();
	nonsense_is_refused();
	printf("%u checks\n", checks);
	return 0;
}
