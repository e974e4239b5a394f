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

static bool
is_same(const struct mask_anchor *anchor, const char *literal, const char *text,
    size_t from)
{
	for (size_t i = from; i < anchor->len; i++)
		if (text[i] != literal[i] &&
		    (!anchor->fold || mask_finder_fold(text[i]) != literal[i]))
			return false;
	return true;
}

static bool
is_at(
    const struct search *search, const struct mask_anchor *anchor, size_t start)
{
	const char *literal = search->rules->texts + anchor->text;
	const char *text = search->text + start;

	if (search->len - start < 8)
		return search->len - start >= anchor->len &&
		    is_same(anchor, literal, text, 0);
	return ((mask_finder_load8(text) | anchor->head_fold) &
		   anchor->head_mask) == anchor->head &&
	    (anchor->len <= 8 ||
		(search->len - start >= anchor->len &&
		    is_same(anchor, literal, text, 8)));
}

/* Takes a closer look at a place where the window of an anchor may be: its
 * chain is not empty. */
static void
follow(const struct search *search, size_t at, uint32_t gram, uint32_t next)
{
	while (next != 0) {
		const struct mask_anchor *anchor =
		    &search->rules->anchors[next - 1];

		next = anchor->next;
		if ((gram & anchor->gram_mask) == anchor->gram &&
		    at >= search->from + anchor->window &&
		    is_at(search, anchor, at - anchor->window))
			search->found(
			    search->context, anchor, at - anchor->window);
	}
}

static inline void
look(const struct search *search, size_t at, size_t len)
{
	uint32_t gram = mask_finder_gram(search->text + at, len);
	uint32_t next = search->chains[mask_finder_hash(gram)];

	if (next != 0)
		follow(search, at, gram, next);
}

void
mask_finder_scan(const struct mask_rules *rules, const char *text, size_t from,
    size_t len, mask_finder_found *found, void *context)
{
	const struct search search = { rules, text, from, len,
		rules->finder->chains, found, context };
	mask_finder_step *step = mask_finder_best(limit);
	size_t at = from;

	while (len - at >= MASK_BLOCK + MASK_GRAM - 1) {
		size_t n = (len - at - (MASK_GRAM - 1)) / MASK_BLOCK;
		uint32_t hits[MASK_BATCH];

		n = n < MASK_BATCH ? n : MASK_BATCH;
		step(&rules->finder->nibbles, text + at, n, hits);
		for (size_t i = 0; i < n; i++, at += MASK_BLOCK)
			for (uint32_t bits = hits[i]; bits != 0;
			     bits &= bits - 1)
				look(&search, at + (size_t)__builtin_ctz(bits),
				    MASK_GRAM);
	}
	for (; at + 3 <= len; at++)
		look(&search, at, len - at);
}
