/* SPDX-License-Identifier: MIT */
/*
 * What fuzz targets have in common: an input that is read piece by piece, and
 * seeds. seeds.c writes these where `TARGET --seeds DIRECTORY` says.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_seed {
	const void *bytes;
	size_t size;
};

#define FUZZ_SEED(text)		{ (text), sizeof(text) - 1 }

/* Each target's own; the last one has no bytes. */
extern const struct fuzz_seed fuzz_seeds[];

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* Zeros past the end. */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t fuzz_word(struct fuzz_input *in)
{
	uint16_t low = fuzz_byte(in);

	return (uint16_t)(low | fuzz_byte(in) << 8);
}

static inline uint32_t fuzz_long(struct fuzz_input *in)
{
	uint32_t low = fuzz_word(in);

	return low | (uint32_t)fuzz_word(in) << 16;
}

/* Up to n bytes to to; how many there were. */
static inline size_t fuzz_bytes(struct fuzz_input *in, void *to, size_t n)
{
	if (n > in->left)
		n = in->left;
	memcpy(to, in->at, n);
	in->at += n;
	in->left -= n;
	return n;
}

#endif
