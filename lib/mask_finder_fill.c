/* SPDX-License-Identifier: MIT */
#include "mask_finder.h"

#include "mask_rules.h"
#include "memory.h"

enum { ROUNDS = 6 };

/*
 * How often a byte stands in logs, of 10,000: counted in what package
 * managers, compilers, tests and version control print.
 */
static unsigned
frequency(unsigned char byte)
{
	static const char letters[] = "eaoitrnscdlmpubgfhvkywxzjq";
	static const uint16_t of_letters[] = { 630, 460, 420, 420, 420, 400,
		360, 340, 290, 270, 260, 190, 180, 170, 170, 150, 140, 130, 65,
		60, 60, 55, 35, 25, 20, 20 };
	const char *at = byte == '\0' ? NULL : strchr(letters, byte);

	if (at != NULL)
		return of_letters[at - letters];
	if (byte >= '0' && byte <= '9')
		return byte <= '2' ? 190 : 110;
	if (byte >= 'A' && byte <= 'Z')
		return 20;
	switch (byte) {
	case ' ':
		return 1200;
	case '-':
	case '\n':
	case '.':
	case ':':
	case '/':
		return 180;
	default:
		return byte >= ' ' && byte < 0x80 ? 30 : 3;
	}
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* How many bytes an anchor has in its window. */
static int
gram_len(const struct mask_anchor *anchor)
{
	int n = anchor->len - anchor->window;

	return n < MASK_GRAM ? n : MASK_GRAM;
}

static uint8_t
choose_window(const struct mask_anchor *anchor, const char *text)
{
	double best = 0;
	uint8_t window = 0;

	for (uint8_t at = 0; at == 0 || at + MASK_GRAM <= anchor->len; at++) {
		double often = 1;

		for (int i = 0; i < MASK_GRAM && at + i < anchor->len; i++)
			often *= frequency((unsigned char)text[at + i]);
		if (at == 0 || often < best) {
			best = often;
			window = at;
		}
	}
	return window;
}

/* How often the low halves of a set stand with a high half, for each eight
 * low halves. */
struct halves {
	uint16_t often[16][2][256];
};

static void
count_halves(struct halves *halves)
{
	for (unsigned high = 0; high < 16; high++)
		for (unsigned part = 0; part < 2; part++)
			for (unsigned set = 1; set < 256; set++) {
				unsigned low = (unsigned)__builtin_ctz(set);
				unsigned rest = set & (set - 1);

				halves->often[high][part][set] =
				    (uint16_t)(halves->often[high][part][rest] +
					frequency((unsigned char)(high << 4 |
					    part << 3 | low)));
			}
}

/* Which halves of bytes a bucket fits, at each of four places, and how many
 * of its anchors need each. */
struct bucket {
	uint16_t low[MASK_GRAM], high[MASK_GRAM];
	uint16_t n_low[MASK_GRAM][16], n_high[MASK_GRAM][16];
	double often; /* it fits */
};

static double
how_often(const struct bucket *bucket, const struct halves *halves)
{
	double often = 1;

	for (int i = 0; i < MASK_GRAM; i++) {
		unsigned sum = 0;

		for (unsigned rest = bucket->high[i]; rest != 0;
		     rest &= rest - 1) {
			const uint16_t(*part)[256] =
			    halves->often[__builtin_ctz(rest)];

			sum += part[0][bucket->low[i] & 255];
			sum += part[1][bucket->low[i] >> 8];
		}
		often *= sum;
	}
	return often;
}

static void
count_half(uint16_t *set, uint16_t *n, unsigned half, int by)
{
	n[half] = (uint16_t)(n[half] + by);
	*set &= (uint16_t) ~(1U << half);
	if (n[half] > 0)
		*set |= (uint16_t)(1U << half);
}

static void
count_byte(struct bucket *bucket, int at, char c, int by)
{
	unsigned char byte = (unsigned char)c;

	count_half(&bucket->low[at], bucket->n_low[at], byte & 15U, by);
	count_half(&bucket->high[at], bucket->n_high[at], byte >> 4U, by);
}

/* Adds an anchor to a bucket, or takes it out: `by` is 1 or -1. */
static void
count_gram(struct bucket *bucket, const struct mask_anchor *anchor,
    const char *texts, int by)
{
	const char *gram = texts + anchor->text + anchor->window;
	int len = gram_len(anchor);

	for (int i = 0; i < len; i++) {
		count_byte(bucket, i, gram[i], by);
		count_byte(
		    bucket, i, anchor->fold ? upper(gram[i]) : gram[i], by);
	}
	for (int i = len; i < MASK_GRAM; i++)
		for (int half = 0; half < 16; half++)
			count_byte(bucket, i, (char)(half << 4 | half), by);
}

/* Puts an anchor where it makes the least more fit. */
static unsigned
choose_bucket(struct bucket *buckets, const struct mask_anchor *anchor,
    const char *texts, const struct halves *halves)
{
	double least = 0;
	unsigned to = 0;

	for (unsigned b = 0; b < MASK_BUCKETS; b++) {
		struct bucket with = buckets[b];
		double more;

		count_gram(&with, anchor, texts, 1);
		more = how_often(&with, halves) - buckets[b].often;
		if (b == 0 || more < least) {
			least = more;
			to = b;
		}
	}
	count_gram(&buckets[to], anchor, texts, 1);
	buckets[to].often = how_often(&buckets[to], halves);
	return to;
}

static void
fill_buckets(struct bucket *buckets, const struct mask_anchor *anchors,
    size_t n, const char *texts)
{
	struct halves *halves = xcalloc(1, sizeof *halves);
	uint8_t *places = xcalloc(n, 1);

	count_halves(halves);
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < n; i++) {
			struct bucket *old = &buckets[places[i]];

			if (round > 0) {
				count_gram(old, &anchors[i], texts, -1);
				old->often = how_often(old, halves);
			}
			places[i] = (uint8_t)choose_bucket(
			    buckets, &anchors[i], texts, halves);
		}
	free(places);
	free(halves);
}

static void
fill_nibbles(struct mask_nibbles *nibbles, const struct bucket *buckets)
{
	for (int at = 0; at < MASK_GRAM; at++)
		for (unsigned b = 0; b < MASK_BUCKETS; b++)
			for (unsigned n = 0; n < 16; n++) {
				uint8_t bit = (uint8_t)(1U << b % 8);

				if (buckets[b].low[at] >> n & 1)
					nibbles->low[at][b / 8][n] |= bit;
				if (buckets[b].high[at] >> n & 1)
					nibbles->high[at][b / 8][n] |= bit;
			}
}

static void
add_pair(struct mask_nibbles *nibbles, char first, char second)
{
	unsigned pair =
	    (unsigned char)first | (unsigned)(unsigned char)second << 8;

	nibbles->pairs[pair / 64] |= UINT64_C(1) << pair % 64;
}

/* The bytes of a text from `at` on as a number, and which of them are in
 * it: in the small letters of an anchor that may stand in capitals. */
static uint64_t
eight(const struct mask_anchor *anchor, const char *text, size_t at,
    uint64_t *mask, uint64_t *fold)
{
	uint64_t number = 0;

	*mask = *fold = 0;
	for (unsigned i = 0; i < 8 && at + i < anchor->len; i++) {
		char c = text[at + i];

		number |= (uint64_t)(unsigned char)c << 8 * i;
		*mask |= (uint64_t)255 << 8 * i;
		if (anchor->fold && c >= 'a' && c <= 'z')
			*fold |= (uint64_t)32 << 8 * i;
	}
	return number;
}

static void
add_anchor(struct mask_finder *finder, struct mask_anchor *anchor,
    const char *texts, uint32_t i)
{
	const char *text = texts + anchor->text;
	const char *gram = text + anchor->window;
	size_t len = (size_t)(anchor->len - anchor->window);
	uint32_t chain = mask_finder_hash(mask_finder_gram(gram, len));

	anchor->head =
	    eight(anchor, text, 0, &anchor->head_mask, &anchor->head_fold);
	anchor->tail_at = anchor->len > 8 ? (uint8_t)(anchor->len - 8) : 0;
	anchor->tail = eight(anchor, text, anchor->tail_at, &anchor->tail_mask,
	    &anchor->tail_fold);
	anchor->next = finder->chains[chain];
	finder->chains[chain] = i + 1;
	add_pair(&finder->nibbles, gram[0], gram[1]);
	if (!anchor->fold)
		return;
	add_pair(&finder->nibbles, upper(gram[0]), gram[1]);
	add_pair(&finder->nibbles, gram[0], upper(gram[1]));
	add_pair(&finder->nibbles, upper(gram[0]), upper(gram[1]));
}

void
mask_finder_fill(struct mask_finder *finder, struct mask_anchor *anchors,
    size_t n, const char *texts)
{
	struct bucket *buckets = xcalloc(MASK_BUCKETS, sizeof *buckets);

	*finder = (struct mask_finder){ 0 };
	for (size_t i = 0; i < n; i++)
		anchors[i].window =
		    choose_window(&anchors[i], texts + anchors[i].text);
	fill_buckets(buckets, anchors, n, texts);
	fill_nibbles(&finder->nibbles, buckets);
	free(buckets);
	for (uint32_t i = 0; i < n; i++)
		add_anchor(finder, &anchors[i], texts, i);
}
