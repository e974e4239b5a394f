/* SPDX-License-Identifier: MIT */
#include "mask_finder.h"

#include "mask_rules.h"
#include "memory.h"

/* How common a byte is in logs and code, roughly. */
static unsigned
weight(char c)
{
	static const char letters[] = "qzjxkvbygwpumfcdlhrsnioate";
	const char *at = c == '\0' ? NULL : strchr(letters, c);

	if (at != NULL)
		return 2 + (unsigned)(at - letters);
	if (c >= '0' && c <= '9')
		return 16;
	return c == '-' || c == '/' || c == ' ' ? 24 : 6;
}

static uint8_t
choose_window(const struct mask_anchor *anchor, const char *text)
{
	unsigned best = UINT32_MAX;
	uint8_t window = 0;

	for (uint8_t at = 0; at == 0 || at + MASK_GRAM <= anchor->len; at++) {
		unsigned sum = 0;

		for (int i = 0; i < MASK_GRAM && at + i < anchor->len; i++)
			sum += weight(text[at + i]);
		if (sum < best) {
			best = sum;
			window = at;
		}
	}
	return window;
}

static unsigned
count_bits(unsigned bits)
{
	unsigned n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

/* Which halves of bytes a bucket fits, at each of four places. */
struct bucket {
	uint16_t low[MASK_GRAM], high[MASK_GRAM];
	unsigned fits; /* of 2^24 random places, about */
};

static void
add_byte(struct bucket *bucket, int at, char c)
{
	bucket->low[at] |= (uint16_t)(1U << ((unsigned char)c & 15));
	bucket->high[at] |= (uint16_t)(1U << ((unsigned char)c >> 4));
}

static void
add_gram(
    struct bucket *bucket, const struct mask_anchor *anchor, const char *text)
{
	unsigned fits = 1;

	for (int i = 0; i < MASK_GRAM; i++) {
		int at = anchor->window + i;
		char c = at < anchor->len ? text[at] : '\0';

		if (at >= anchor->len) {
			bucket->low[i] = bucket->high[i] = UINT16_MAX;
		} else {
			add_byte(bucket, i, c);
			if (anchor->fold && c >= 'a' && c <= 'z')
				add_byte(bucket, i, (char)(c - 'a' + 'A'));
		}
		fits = fits * count_bits(bucket->low[i]) *
			count_bits(bucket->high[i]) / 4 +
		    1;
	}
	bucket->fits = fits;
}

/* Each anchor goes where it makes the least more fit. */
static void
fill_buckets(struct bucket *buckets, const struct mask_anchor *anchors,
    size_t n, const char *texts)
{
	for (size_t i = 0; i < n; i++) {
		struct bucket best = { .fits = 0 };
		unsigned least = UINT32_MAX, to = 0;

		for (unsigned b = 0; b < MASK_BUCKETS; b++) {
			struct bucket with = buckets[b];

			add_gram(&with, &anchors[i], texts + anchors[i].text);
			if (with.fits - buckets[b].fits < least) {
				least = with.fits - buckets[b].fits;
				best = with;
				to = b;
			}
		}
		buckets[to] = best;
	}
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

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void
add_anchor(struct mask_finder *finder, struct mask_anchor *anchor,
    const char *texts, uint32_t i)
{
	const char *gram = texts + anchor->text + anchor->window;
	size_t len = (size_t)(anchor->len - anchor->window);
	uint32_t chain = mask_finder_hash(mask_finder_load(gram, len));

	anchor->gram_mask = len < MASK_GRAM ? 0xffffff : 0xffffffff;
	anchor->gram = mask_finder_load(gram, len) & anchor->gram_mask;
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
	struct bucket buckets[MASK_BUCKETS] = { 0 };

	*finder = (struct mask_finder){ 0 };
	for (size_t i = 0; i < n; i++)
		anchors[i].window =
		    choose_window(&anchors[i], texts + anchors[i].text);
	fill_buckets(buckets, anchors, n, texts);
	fill_nibbles(&finder->nibbles, buckets);
	for (uint32_t i = 0; i < n; i++)
		add_anchor(finder, &anchors[i], texts, i);
}
