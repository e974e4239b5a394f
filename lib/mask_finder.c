/* SPDX-License-Identifier: MIT */
#include "mask_finder.h"

#include "mask_rules.h"
#include "memory.h"

enum { LEVELS = 2, MAX_HITS = 256 };

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
	size_t n;
	struct mask_hit hits[MAX_HITS];
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

/* Most places have no other anchor than the one they were taken for, or one
 * of those that begin alike: both ends are compared without a branch. */
static inline bool
is_at(
    const struct search *search, const struct mask_anchor *anchor, size_t start)
{
	const char *text = search->text + start;
	size_t left = search->len - start;
	uint64_t head, tail;
	bool same;

	if (left < MASK_MAX_ANCHOR)
		return left >= anchor->len && is_same(search, anchor, text, 0);
	head = mask_finder_load8(text) | anchor->head_fold;
	tail = mask_finder_load8(text + anchor->tail_at) | anchor->tail_fold;
	same = (((head & anchor->head_mask) ^ anchor->head) |
		   ((tail & anchor->tail_mask) ^ anchor->tail)) == 0;
	if (anchor->len > 16 && same)
		same = is_same(search, anchor, text, 8);
	return same;
}

static void
report(struct search *search)
{
	if (search->n > 0)
		search->found(search->context, search->hits, search->n);
	search->n = 0;
}

static inline uint32_t
chain_at(const struct search *search, size_t at, size_t len)
{
	return search->chains[mask_finder_hash(
	    mask_finder_gram(search->text + at, len))];
}

/* Takes a closer look at a place where the window of an anchor may be. */
static inline void
look(struct search *search, size_t at, size_t len)
{
	const struct mask_anchor *anchors = search->rules->anchors;
	uint32_t next = chain_at(search, at, len);

	while (next != 0) {
		const struct mask_anchor *anchor = &anchors[next - 1];
		size_t start = at - anchor->window;

		next = anchor->next;
		if (at < search->from + anchor->window)
			continue;
		search->hits[search->n] = (struct mask_hit){ anchor, start };
		search->n += is_at(search, anchor, start);
		if (search->n == MAX_HITS)
			report(search);
	}
}

/* Looks at n places; first those go at which no anchor can be, all alike. */
static void
look_at_all(struct search *search, size_t at, uint16_t *places, size_t n)
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
	struct search search;
	mask_finder_step *step = mask_finder_best(limit);
	uint16_t places[MASK_BATCH * MASK_BLOCK + 3];
	size_t at = from;

	/* The hits need no zeros. */
	search.rules = rules;
	search.text = text;
	search.from = from;
	search.len = len;
	search.chains = rules->finder->chains;
	search.found = found;
	search.context = context;
	search.n = 0;
	while (len - at >= MASK_BLOCK + MASK_GRAM - 1) {
		size_t n = (len - at - (MASK_GRAM - 1)) / MASK_BLOCK;

		n = n < MASK_BATCH ? n : MASK_BATCH;
		look_at_all(&search, at, places,
		    step(&rules->finder->nibbles, text + at, n, places));
		report(&search);
		at += n * MASK_BLOCK;
	}
	for (; at + 3 <= len; at++)
		look(&search, at, len - at);
	report(&search);
}
