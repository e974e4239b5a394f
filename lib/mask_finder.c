/* SPDX-License-Identifier: MIT */
#include "mask_finder.h"

#include "mask_rules.h"
#include "memory.h"

enum { LEVELS = 2 };

static int limit = LEVELS;

void
mask_finder_limit(int level)
{
	limit = level;
}

struct search {
	const struct mask_rules *rules;
	const char *text;
	size_t from, len;
	const uint32_t *chains;
	mask_finder_found *found;
	void *context;
};

/* The same bytes, one by one: at the end of the text, and in long anchors. */
static bool
is_same(const struct search *search, const struct mask_anchor *anchor,
    const char *text, size_t from)
{
	const char *literal = search->rules->texts + anchor->text;

	for (size_t i = from; i < anchor->len; i++)
		if (text[i] != literal[i] &&
		    (!anchor->fold || mask_finder_fold(text[i]) != literal[i]))
			return false;
	return true;
}

static inline bool
is_at(
    const struct search *search, const struct mask_anchor *anchor, size_t start)
{
	const char *text = search->text + start;
	size_t left = search->len - start;

	if (left < 8 || left < anchor->len)
		return left >= anchor->len && is_same(search, anchor, text, 0);
	if (((mask_finder_load8(text) | anchor->head_fold) &
		anchor->head_mask) != anchor->head)
		return false;
	if (anchor->len <= 8)
		return true;
	return (mask_finder_load8(text + anchor->len - 8) |
		   anchor->tail_fold) == anchor->tail &&
	    (anchor->len <= 16 || is_same(search, anchor, text, 8));
}

static inline uint32_t
chain_at(const struct search *search, size_t at, size_t len)
{
	return search->chains[mask_finder_hash(
	    mask_finder_gram(search->text + at, len))];
}

/* Takes a closer look at a place where the window of an anchor may be. */
static void
look(const struct search *search, size_t at, size_t len)
{
	const struct mask_anchor *anchors = search->rules->anchors;
	uint32_t gram = mask_finder_gram(search->text + at, len);
	uint32_t next = search->chains[mask_finder_hash(gram)];

	while (next != 0) {
		const struct mask_anchor *anchor = &anchors[next - 1];
		size_t start = at - anchor->window;

		next = anchor->next;
		if ((gram & anchor->gram_mask) == anchor->gram &&
		    at >= search->from + anchor->window &&
		    is_at(search, anchor, start))
			search->found(search->context, anchor, start);
	}
}

/* Looks at n places; first those go at which no anchor can be, all alike. */
static void
look_at_all(const struct search *search, size_t at, uint16_t *places, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t place = places[i];

		places[kept] = (uint16_t)place;
		kept += chain_at(search, at + place, MASK_GRAM) != 0;
	}
	for (size_t i = 0; i < kept; i++)
		look(search, at + places[i], MASK_GRAM);
}

void
mask_finder_scan(const struct mask_rules *rules, const char *text, size_t from,
    size_t len, mask_finder_found *found, void *context)
{
	const struct search search = { rules, text, from, len,
		rules->finder->chains, found, context };
	mask_finder_step *step = mask_finder_best(limit);
	uint16_t places[MASK_BATCH * MASK_BLOCK + 3];
	size_t at = from;

	while (len - at >= MASK_BLOCK + MASK_GRAM - 1) {
		size_t n = (len - at - (MASK_GRAM - 1)) / MASK_BLOCK;

		n = n < MASK_BATCH ? n : MASK_BATCH;
		look_at_all(&search, at, places,
		    step(&rules->finder->nibbles, text + at, n, places));
		at += n * MASK_BLOCK;
	}
	for (; at + 3 <= len; at++)
		look(&search, at, len - at);
}
