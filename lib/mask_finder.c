/* SPDX-License-Identifier: MIT */
#include "mask_finder.h"

#include "mask_rules.h"
#include "memory.h"

enum { CHAIN_BITS = 10, LEVELS = 2 };

struct mask_finder {
	const struct mask_anchor *anchors;
	mask_finder_step *step;
	size_t width;
	uint32_t chains[1 << CHAIN_BITS]; /* of anchors, plus one */
	struct mask_nibbles nibbles;
};

static int limit = LEVELS;

void
mask_finder_limit(int level)
{
	limit = level;
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Four bytes, or three, as if all letters were small. */
static uint32_t
load(const char *text, size_t len)
{
	uint32_t gram = 0;

	memcpy(&gram, text, len < MASK_GRAM ? len : MASK_GRAM);
	return gram | 0x20202020;
}

/* Of the first three. */
static uint32_t
hash(uint32_t gram)
{
	uint32_t three;
	char bytes[MASK_GRAM];

	memcpy(bytes, &gram, sizeof gram);
	bytes[MASK_GRAM - 1] = 0;
	memcpy(&three, bytes, sizeof three);
	return (three * 2654435761U) >> (32 - CHAIN_BITS);
}

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
choose_window(const struct mask_anchor *anchor)
{
	unsigned best = UINT32_MAX;
	uint8_t window = 0;

	for (uint8_t at = 0; at == 0 || at + MASK_GRAM <= anchor->len; at++) {
		unsigned sum = 0;

		for (int i = 0; i < MASK_GRAM && at + i < anchor->len; i++)
			sum += weight(anchor->text[at + i]);
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
add_gram(struct bucket *bucket, const struct mask_anchor *anchor)
{
	unsigned fits = 1;

	for (int i = 0; i < MASK_GRAM; i++) {
		int at = anchor->window + i;
		char c = at < anchor->len ? anchor->text[at] : '\0';

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
fill_buckets(struct bucket *buckets, const struct mask_rules *rules)
{
	for (size_t i = 0; i < rules->n_anchors; i++) {
		struct bucket best = { .fits = 0 };
		unsigned least = UINT32_MAX, to = 0;

		for (unsigned b = 0; b < MASK_BUCKETS; b++) {
			struct bucket with = buckets[b];

			add_gram(&with, &rules->anchors[i]);
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
add_anchor(struct mask_finder *finder, struct mask_anchor *anchor, size_t i)
{
	const char *gram = anchor->text + anchor->window;
	size_t len = (size_t)(anchor->len - anchor->window);
	uint32_t chain = hash(load(gram, len));

	memset(&anchor->gram_mask, 0xff, len < MASK_GRAM ? len : MASK_GRAM);
	anchor->gram = load(gram, len) & anchor->gram_mask;
	anchor->next = finder->chains[chain];
	finder->chains[chain] = (uint32_t)i + 1;
	add_pair(&finder->nibbles, gram[0], gram[1]);
	if (!anchor->fold)
		return;
	add_pair(&finder->nibbles, upper(gram[0]), gram[1]);
	add_pair(&finder->nibbles, gram[0], upper(gram[1]));
	add_pair(&finder->nibbles, upper(gram[0]), upper(gram[1]));
}

const struct mask_finder *
mask_finder(struct mask_rules *rules)
{
	struct bucket buckets[MASK_BUCKETS] = { 0 };
	struct mask_finder *finder = rules->finder;

	if (finder != NULL)
		return finder;
	finder = rules->finder = xcalloc(1, sizeof *finder);
	finder->step = mask_finder_best(limit, &finder->width);
	for (size_t i = 0; i < rules->n_anchors; i++)
		rules->anchors[i].window = choose_window(&rules->anchors[i]);
	fill_buckets(buckets, rules);
	fill_nibbles(&finder->nibbles, buckets);
	for (size_t i = 0; i < rules->n_anchors; i++)
		add_anchor(finder, &rules->anchors[i], i);
	finder->anchors = rules->anchors;
	return finder;
}

void
mask_finder_free(struct mask_finder *finder)
{
	free(finder);
}

static bool
is_at(const struct mask_anchor *anchor, const char *text)
{
	if (!anchor->fold && anchor->len > 2 * MASK_GRAM)
		return memcmp(text, anchor->text, anchor->len) == 0;
	for (size_t i = 0; !anchor->fold && i < anchor->len; i++)
		if (text[i] != anchor->text[i])
			return false;
	for (size_t i = 0; anchor->fold && i < anchor->len; i++)
		if (fold(text[i]) != anchor->text[i])
			return false;
	return true;
}

struct search {
	const struct mask_finder *finder;
	const char *text;
	size_t from, len;
	mask_finder_found *found;
	void *context;
};

/* Takes a closer look at a place where the window of an anchor may be. */
static void
look(const struct search *search, size_t at)
{
	uint32_t gram = load(search->text + at, search->len - at);
	uint32_t next = search->finder->chains[hash(gram)];

	while (next != 0) {
		const struct mask_anchor *anchor =
		    &search->finder->anchors[next - 1];
		size_t start = at - anchor->window;

		next = anchor->next;
		if ((gram & anchor->gram_mask) != anchor->gram ||
		    at < search->from + anchor->window ||
		    search->len - start < anchor->len)
			continue;
		if (is_at(anchor, search->text + start))
			search->found(search->context, anchor, start);
	}
}

void
mask_finder_scan(const struct mask_finder *finder, const char *text,
    size_t from, size_t len, mask_finder_found *found, void *context)
{
	struct search search = { finder, text, from, len, found, context };
	size_t at = from;

	while (at < len) {
		uint32_t hits;
		size_t block =
		    finder->step(&finder->nibbles, text, at, len, &hits);

		if (hits == 0) {
			at = block;
			break;
		}
		for (; hits != 0; hits &= hits - 1)
			look(&search, block + (size_t)__builtin_ctz(hits));
		at = block + finder->width;
	}
	for (; at + 3 <= len; at++)
		look(&search, at);
}
