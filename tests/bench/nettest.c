/* SPDX-License-Identifier: MIT */
/*
 * nettest: TCP throughput from inside the guest, in writes of 64 KiB, since
 * the tools of busybox measure system calls. Runs in the guest as a static
 * program; the other end is tests/system/lib/traffic.py.
 *
 *	nettest send|receive ADDRESS PORT BYTES [check]
 *
 * Connects, moves that many bytes one way and prints
 *
 *	nettest: BYTES bytes MICROSECONDS us CRC32
 *
 * The time runs from the connection to the last byte acknowledged by the other
 * end's close (send) or received. With "check" the data is a sequence that
 * differs in each 64-bit word, and the CRC-32 (IEEE 802.3) of all of it is
 * printed; without, one block is repeated and CRC32 is 0.
 *
 *	nettest flood ADDRESS PORT COUNT
 *
 * Sends that many UDP datagrams as fast as the system takes them and prints
 * "nettest: COUNT datagrams".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK		65536
#define TIMEOUT_S	120
#define DATAGRAM	1400

static unsigned char block[BLOCK];
static uint32_t crc_table[8][256];

static void fail(const char *what)
{
	fprintf(stderr, "nettest: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void crc_init(void)
{
	uint32_t c;
	int i, k;

	for (i = 0; i < 256; i++) {
		c = i;
		for (k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
		crc_table[0][i] = c;
	}
	for (k = 1; k < 8; k++)
		for (i = 0; i < 256; i++) {
			c = crc_table[k - 1][i];
			crc_table[k][i] = c >> 8 ^ crc_table[0][c & 255];
		}
}

/* Eight bytes at a time: emulated CPUs are slow. */
static uint32_t crc_add(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t word;
	int k;

	crc = ~crc;
	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		word ^= crc;
		crc = 0;
		for (k = 0; k < 8; k++, word >>= 8)
			crc ^= crc_table[7 - k][word & 255];
	}
	for (; n; p++, n--)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 255];
	return ~crc;
}

static void fill(uint64_t *state)
{
	uint64_t word;
	size_t at;

	for (at = 0; at < BLOCK; at += 8) {
		*state += 0x9e3779b97f4a7c15;
		word = *state ^ *state >> 29;
		memcpy(block + at, &word, 8);
	}
}

static int dial(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timeval limit = { .tv_sec = TIMEOUT_S };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (s < 0)
		fail("socket");
	to.sin_port = htons(atoi(port));
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
		errno = EINVAL;
		fail(address);
	}
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(s, (struct sockaddr *)&to, sizeof(to)))
		fail("connect");
	return s;
}

static void send_block(int s, size_t n)
{
	ssize_t done;
	size_t at;

	for (at = 0; at < n; at += done) {
		done = send(s, block + at, n - at, MSG_NOSIGNAL);
		if (done < 0)
			fail("send");
	}
}

/* One frame each; the system blocks us while the device's queue is full. */
static void flood(const char *address, const char *port, uint64_t count)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t left;

	to.sin_port = htons(atoi(port));
	if (s < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		fail(address);
	for (left = count; left; left--)
		if (sendto(s, block, DATAGRAM, 0, (struct sockaddr *)&to,
			   sizeof(to)) < 0)
			fail("sendto");
	printf("nettest: %llu datagrams\n", (unsigned long long)count);
}

static uint64_t send_all(int s, uint64_t total, bool check, uint32_t *crc)
{
	uint64_t left, state = total;
	size_t n;
	char end;

	fill(&state);
	for (left = total; left; left -= n) {
		n = left < BLOCK ? left : BLOCK;
		if (check) {
			fill(&state);
			*crc = crc_add(*crc, block, n);
		}
		send_block(s, n);
	}
	shutdown(s, SHUT_WR);
	if (recv(s, &end, 1, 0) < 0)
		fail("close");
	return total;
}

static uint64_t receive_all(int s, uint64_t total, bool check, uint32_t *crc)
{
	uint64_t got = 0;
	ssize_t n;

	while (got < total) {
		n = recv(s, block, BLOCK, 0);
		if (n < 0)
			fail("receive");
		if (n == 0)
			break;
		if (check)
			*crc = crc_add(*crc, block, n);
		got += n;
	}
	return got;
}

int main(int argc, char **argv)
{
	struct timespec a, b;
	uint64_t total, moved;
	uint32_t crc = 0;
	bool check, send_it;
	int s;

	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: nettest send|receive ADDRESS PORT "
				"BYTES [check]\n");
		return 2;
	}
	if (strcmp(argv[1], "flood") == 0) {
		flood(argv[2], argv[3], strtoull(argv[4], NULL, 0));
		return 0;
	}
	send_it = strcmp(argv[1], "send") == 0;
	total = strtoull(argv[4], NULL, 0);
	check = argc == 6;
	crc_init();
	s = dial(argv[2], argv[3]);
	clock_gettime(CLOCK_MONOTONIC, &a);
	moved = send_it ? send_all(s, total, check, &crc)
			: receive_all(s, total, check, &crc);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("nettest: %llu bytes %lld us %08x\n",
	       (unsigned long long)moved,
	       (long long)(b.tv_sec - a.tv_sec) * 1000000 +
		       (b.tv_nsec - a.tv_nsec) / 1000, crc);
	return moved == total ? 0 : 1;
}
