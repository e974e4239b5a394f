/* SPDX-License-Identifier: MIT */
/*
 * Finds the anchors of rules in a text, fast. The four rarest bytes of each
 * anchor are looked for, with AVX2, SSSE3 or tables, as the machine has it;
 * what is found is the same. For the files mask*.c only.
 */
#ifndef MASK_FINDER_H
#define MASK_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	MASK_GRAM = 4,
	MASK_BUCKETS = 16,
};

/*
 * For each of four bytes in a row: by the low and the high half of the byte,
 * the buckets of anchors that it fits. A place where one bucket fits all four
 * bytes is worth a closer look.
 */
struct mask_nibbles {
	uint8_t low[MASK_GRAM][MASK_BUCKETS / 8][16];
	uint8_t high[MASK_GRAM][MASK_BUCKETS / 8][16];
	uint64_t pairs[65536 / 64]; /* the first two bytes, without vectors */
};

/* The blocks that a text is looked at in: 32 places each. */
enum { MASK_BLOCK = 32, MASK_BATCH = 64 };

/*
 * The places in n blocks where something fits, in order, and how many they
 * are. Three more bytes are read behind the last block; three more places
 * than there are may be written.
 */
typedef size_t mask_finder_step(const struct mask_nibbles *nibbles,
    const char *text, size_t n, uint16_t *places);

mask_finder_step mask_finder_portable;
mask_finder_step mask_finder_ssse3;
mask_finder_step mask_finder_avx2;
/* What this machine can do best, but no more than `level`: 0 portable, 1
 * SSSE3, 2 AVX2. */
mask_finder_step *mask_finder_best(int level);

struct mask_anchor;
struct mask_rules;

enum { MASK_CHAIN_BITS = 11 };

struct mask_finder {
	uint32_t chains[1 << MASK_CHAIN_BITS]; /* of anchors, plus one */
	struct mask_nibbles nibbles;
};

/* Makes the tables for anchors, and completes the anchors. */
void mask_finder_fill(struct mask_finder *finder, struct mask_anchor *anchors,
    size_t n, const char *texts);
/* Of all searches from now on, for tests. */
void mask_finder_limit(int level);

/* An anchor, and where in the text it begins. */
struct mask_hit {
	const struct mask_anchor *anchor;
	size_t start;
};

/* Calls `found` with all anchors that lie in the text as a whole and begin at
 * `from` or later, some at a time, in an array that it may change; in no
 * particular order. */
typedef void mask_finder_found(void *context, struct mask_hit *hits, size_t n);
void mask_finder_scan(const struct mask_rules *rules, const char *text,
    size_t from, size_t len, mask_finder_found *found, void *context);

static inline char
mask_finder_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* The same numbers on every machine, for tables are made on another one. */
static inline uint32_t
mask_finder_load4(const char *text)
{
	uint32_t number;

	memcpy(&number, text, sizeof number);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	    ? number
	    : __builtin_bswap32(number);
}

static inline uint64_t
mask_finder_load8(const char *text)
{
	uint64_t number;

	memcpy(&number, text, sizeof number);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	    ? number
	    : __builtin_bswap64(number);
}

/* Four bytes, or three, as if all letters were small. */
static inline uint32_t
mask_finder_gram(const char *text, size_t len)
{
	char three[MASK_GRAM] = { 0 };

	if (len >= MASK_GRAM)
		return mask_finder_load4(text) | 0x20202020;
	memcpy(three, text, MASK_GRAM - 1);
	return mask_finder_load4(three) | 0x20202020;
}

/* Of the first three. */
static inline uint32_t
mask_finder_hash(uint32_t gram)
{
	return ((gram & 0xffffff) * 2654435761U) >> (32 - MASK_CHAIN_BITS);
}

#endif
