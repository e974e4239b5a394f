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

static bool
is_at(const struct mask_anchor *anchor, const char *literal, const char *text)
{
	if (!anchor->fold && anchor->len > 2 * MASK_GRAM)
		return memcmp(text, literal, anchor->len) == 0;
	for (size_t i = 0; !anchor->fold && i < anchor->len; i++)
		if (text[i] != literal[i])
			return false;
	for (size_t i = 0; anchor->fold && i < anchor->len; i++)
		if (mask_finder_fold(text[i]) != literal[i])
			return false;
	return true;
}

struct search {
	const struct mask_rules *rules;
	const char *text;
	size_t from, len;
	mask_finder_found *found;
	void *context;
};

/* Takes a closer look at a place where the window of an anchor may be. */
static void
look(const struct search *search, size_t at)
{
	uint32_t gram = mask_finder_load(search->text + at, search->len - at);
	uint32_t next = search->rules->finder->chains[mask_finder_hash(gram)];

	while (next != 0) {
		const struct mask_anchor *anchor =
		    &search->rules->anchors[next - 1];
		size_t start = at - anchor->window;

		next = anchor->next;
		if ((gram & anchor->gram_mask) != anchor->gram ||
		    at < search->from + anchor->window ||
		    search->len - start < anchor->len)
			continue;
		if (is_at(anchor, search->rules->texts + anchor->text,
			search->text + start))
			search->found(search->context, anchor, start);
	}
}

void
mask_finder_scan(const struct mask_rules *rules, const char *text, size_t from,
    size_t len, mask_finder_found *found, void *context)
{
	struct search search = { rules, text, from, len, found, context };
	size_t at = from, width;
	mask_finder_step *step = mask_finder_best(limit, &width);

	while (at < len) {
		uint32_t hits;
		size_t block =
		    step(&rules->finder->nibbles, text, at, len, &hits);

		if (hits == 0) {
			at = block;
			break;
		}
		for (; hits != 0; hits &= hits - 1)
			look(&search, block + (size_t)__builtin_ctz(hits));
		at = block + width;
	}
	for (; at + 3 <= len; at++)
		look(&search, at);
}
