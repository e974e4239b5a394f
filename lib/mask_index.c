/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* qsort_r */
#include "mask_index.h"

#include "memory.h"

enum {
	MAX_STRIDE = 8,
	MIN_TABLE_BITS = 10,
	GRAM = 4,
	LONG_GRAM = 8,
	LONG_FORM = LONG_GRAM + MAX_STRIDE - 1,
	LEVELS = 2, /* short forms, long ones */
};

enum { FIRST_BITS = 16 }; /* of a bitmap of first grams, hashed */

/* A gram of a form: `at` is where it stands in the form. */
struct link {
	uint32_t key; /* of the gram */
	uint32_t form;
	uint32_t next; /* plus one; 0 is the end */
	uint32_t at;
};

/*
 * Forms that are searched for with the same steps. Short ones need a look at
 * nearly every byte; they must not slow the search for the long ones, and of
 * those a gram of eight bytes tells many alike ones apart.
 */
struct level {
	size_t gram, stride;
	size_t n; /* forms */
	uint64_t *bitmap;
	uint32_t *heads;
	uint32_t *loads; /* lengths of the chains, while it is built */
	unsigned bitmap_shift, heads_shift;
	struct link *links;
	size_t n_links;
};

struct mask_index {
	const struct mask_set *set;
	size_t built; /* forms that are in the index */
	size_t longest;
	struct level levels[LEVELS];
	uint32_t *sorted;
	size_t n_sorted;
	uint64_t first[(1 << FIRST_BITS) / 64];
};

static uint32_t
load(const char *text)
{
	uint32_t gram;

	memcpy(&gram, text, sizeof gram);
	return gram;
}

/* Four bytes themselves, or a hash of eight. */
static inline uint32_t
key_of(const char *text, size_t gram)
{
	uint64_t eight;

	if (gram == GRAM)
		return load(text);
	memcpy(&eight, text, sizeof eight);
	return (uint32_t)(eight * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static uint32_t
hash(uint32_t gram, unsigned shift)
{
	return (gram * 2654435761U) >> shift;
}

static bool
bit(const uint64_t *bitmap, uint32_t at)
{
	return (bitmap[at / 64] >> (at % 64) & 1) != 0;
}

static void
set_bit(uint64_t *bitmap, uint32_t at)
{
	bitmap[at / 64] |= UINT64_C(1) << (at % 64);
}

static const char *
bytes_of(const struct mask_index *index, uint32_t id)
{
	return index->set->bytes + index->set->forms[id].offset;
}

static bool
is_searched(const struct mask_form *form)
{
	return (form->flags & MASK_FOLLOWER) == 0;
}

static void
release(struct mask_index *index)
{
	for (int i = 0; i < LEVELS; i++) {
		struct level *level = &index->levels[i];

		free_secret(
		    level->links, level->n_links * sizeof *level->links);
		free(level->bitmap);
		free(level->heads);
		level->links = NULL;
	}
	free(index->sorted);
}

static struct level *
level_of(struct mask_index *index, size_t len)
{
	return len >= LONG_FORM ? &index->levels[1] : &index->levels[0];
}

/* The largest stride at which no form can be missed. */
static size_t
choose_stride(size_t gram, size_t shortest)
{
	size_t stride = MAX_STRIDE;

	while (stride > 1 && stride + gram - 1 > shortest)
		stride /= 2;
	return stride;
}

static void
measure(struct mask_index *index)
{
	const struct mask_set *set = index->set;
	size_t shortest = LONG_FORM;

	for (size_t i = 0; i < set->n; i++) {
		size_t len = set->forms[i].len;

		if (!is_searched(&set->forms[i]))
			continue;
		level_of(index, len)->n++;
		shortest = len < shortest ? len : shortest;
		index->longest = len > index->longest ? len : index->longest;
	}
	index->levels[0].gram = GRAM;
	index->levels[0].stride = choose_stride(GRAM, shortest);
	index->levels[1].gram = LONG_GRAM;
	index->levels[1].stride = MAX_STRIDE;
}

static void
make_tables(struct level *level)
{
	size_t grams = level->n * level->stride;
	unsigned bits = MIN_TABLE_BITS;

	while (bits < 24 && ((size_t)1 << bits) < grams)
		bits++;
	level->heads_shift = 32 - bits;
	level->heads = xcalloc((size_t)1 << bits, sizeof *level->heads);
	level->loads = xcalloc((size_t)1 << bits, sizeof *level->loads);
	bits = bits + 3 > 16 ? bits + 3 : 16;
	level->bitmap_shift = 32 - bits;
	level->bitmap = xcalloc(((size_t)1 << bits) / 64, sizeof(uint64_t));
	level->links = xreallocarray(NULL, grams, sizeof *level->links);
}

/*
 * Where the grams of a form are taken from: any window of `stride` grams will
 * do, so tokens with a common beginning need not share a long chain.
 */
static size_t
choose_window(const struct level *level, const char *bytes, size_t len)
{
	size_t best = 0, n = len - level->gram + 1;
	uint32_t loads[MASK_FORM_MAX], best_load = UINT32_MAX;

	for (size_t at = 0; at < n; at++)
		loads[at] = level->loads[hash(
		    key_of(bytes + at, level->gram), level->heads_shift)];
	for (size_t at = 0; at + level->stride <= n && best_load > 2; at++) {
		uint32_t most = 0;

		for (size_t i = 0; i < level->stride; i++)
			most = loads[at + i] > most ? loads[at + i] : most;
		if (most < best_load) {
			best = at;
			best_load = most;
		}
	}
	return best;
}

static void
add_form(struct mask_index *index, uint32_t id)
{
	const char *bytes = bytes_of(index, id);
	size_t len = index->set->forms[id].len;
	struct level *level = level_of(index, len);
	size_t window;

	if (level->links == NULL)
		make_tables(level);
	window = choose_window(level, bytes, len);
	for (size_t i = window; i < window + level->stride; i++) {
		uint32_t key = key_of(bytes + i, level->gram);
		uint32_t chain = hash(key, level->heads_shift);

		level->links[level->n_links++] = (struct link){
			.key = key,
			.form = id,
			.next = level->heads[chain],
			.at = (uint32_t)i,
		};
		level->heads[chain] = (uint32_t)level->n_links;
		level->loads[chain]++;
		set_bit(level->bitmap, hash(key, level->bitmap_shift));
	}
	set_bit(index->first, hash(load(bytes), 32 - FIRST_BITS));
	index->sorted[index->n_sorted++] = id;
}

static int
compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order != 0)
		return order;
	return (a_len > b_len) - (a_len < b_len);
}

static int
compare_forms(const void *a, const void *b, void *context)
{
	const struct mask_index *index = context;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return compare(bytes_of(index, left), index->set->forms[left].len,
	    bytes_of(index, right), index->set->forms[right].len);
}

static void
build(struct mask_index *index, const struct mask_set *set)
{
	release(index);
	memset(index, 0, sizeof *index);
	index->set = set;
	index->built = set->n;
	if (set->n == 0)
		return;
	measure(index);
	index->sorted = xreallocarray(NULL, set->n, sizeof *index->sorted);
	for (uint32_t id = 0; id < set->n; id++)
		if (is_searched(&set->forms[id]))
			add_form(index, id);
	for (int i = 0; i < LEVELS; i++) {
		free(index->levels[i].loads);
		index->levels[i].loads = NULL;
	}
	qsort_r(index->sorted, index->n_sorted, sizeof *index->sorted,
	    compare_forms, index);
}

const struct mask_index *
mask_index(const struct mask *mask)
{
	if (mask->index->built != mask->set.n)
		build(mask->index, &mask->set);
	return mask->index;
}

struct mask_index *
mask_index_new(void)
{
	return xcalloc(1, sizeof(struct mask_index));
}

void
mask_index_free(struct mask_index *index)
{
	if (index == NULL)
		return;
	release(index);
	free(index);
}

struct search {
	const struct mask_index *index;
	const struct level *level;
	const char *text;
	size_t len;
	mask_index_found *found;
	void *context;
};

static void
look_up(const struct search *search, size_t at)
{
	const struct level *level = search->level;
	const struct mask_set *set = search->index->set;
	uint32_t key = key_of(search->text + at, level->gram);
	uint32_t next = level->heads[hash(key, level->heads_shift)];

	while (next != 0) {
		const struct link *link = &level->links[next - 1];
		const struct mask_form *form;
		size_t start = at - link->at;

		next = link->next;
		if (link->key != key || link->at > at)
			continue;
		form = &set->forms[link->form];
		if (start + form->len <= search->len &&
		    memcmp(search->text + start, set->bytes + form->offset,
			form->len) == 0)
			search->found(search->context, form, start);
	}
}

static inline bool
may_be(const struct level *level, const char *text, size_t gram)
{
	return bit(
	    level->bitmap, hash(key_of(text, gram), level->bitmap_shift));
}

/* Every stride bytes; four at a time, for the look-ups to overlap. `gram` is
 * the level's, a constant for the compiler. */
static inline void
search_level(const struct search *search, size_t gram)
{
	const struct level *level = search->level;
	size_t stride = level->stride, at = 0;

	for (; at + 3 * stride + gram <= search->len; at += 4 * stride) {
		const char *p = search->text + at;
		bool a = may_be(level, p, gram);
		bool b = may_be(level, p + stride, gram);
		bool c = may_be(level, p + 2 * stride, gram);
		bool d = may_be(level, p + 3 * stride, gram);

		if (!(a | b | c | d))
			continue;
		if (a)
			look_up(search, at);
		if (b)
			look_up(search, at + stride);
		if (c)
			look_up(search, at + 2 * stride);
		if (d)
			look_up(search, at + 3 * stride);
	}
	for (; at + gram <= search->len; at += stride)
		look_up(search, at);
}

void
mask_index_scan(const struct mask_index *index, const char *text, size_t len,
    mask_index_found *found, void *context)
{
	struct search search = { index, NULL, text, len, found, context };

	for (int i = 0; i < LEVELS; i++) {
		search.level = &index->levels[i];
		if (search.level->n == 0)
			continue;
		if (search.level->gram == GRAM)
			search_level(&search, GRAM);
		else
			search_level(&search, LONG_GRAM);
	}
}

size_t
mask_index_longest(const struct mask_index *index)
{
	return index->longest;
}

/* The first of the sorted forms that is longer than the text and begins with
 * it; n_sorted when there is none. */
static size_t
first_longer(const struct mask_index *index, const char *text, size_t len)
{
	size_t low = 0, high = index->n_sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t id = index->sorted[middle];

		if (compare(bytes_of(index, id), index->set->forms[id].len,
			text, len) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct mask_form *
longer(const struct mask_index *index, size_t at, const char *text, size_t len)
{
	const struct mask_form *form;

	if (at == index->n_sorted)
		return NULL;
	form = &index->set->forms[index->sorted[at]];
	if (form->len <= len ||
	    memcmp(index->set->bytes + form->offset, text, len) != 0)
		return NULL;
	return form;
}

bool
mask_index_begins(const struct mask_index *index, const char *text, size_t len)
{
	if (len >= GRAM &&
	    !bit(index->first, hash(load(text), 32 - FIRST_BITS)))
		return false;
	return longer(index, first_longer(index, text, len), text, len) != NULL;
}

size_t
mask_index_shortest(
    const struct mask_index *index, const char *text, size_t len)
{
	const struct mask_form *form;
	size_t shortest = SIZE_MAX;

	for (size_t at = first_longer(index, text, len);
	     (form = longer(index, at, text, len)) != NULL; at++)
		if (form->len < shortest)
			shortest = form->len;
	return shortest;
}

const struct mask_form *
mask_index_cut(const struct mask_index *index, const char *text, size_t len)
{
	size_t at;

	if (len < MASK_ANYWHERE / 2 ||
	    !bit(index->first, hash(load(text), 32 - FIRST_BITS)))
		return NULL;
	at = first_longer(index, text, len);
	for (;; at++) {
		const struct mask_form *form = longer(index, at, text, len);

		if (form == NULL)
			return NULL;
		if ((form->flags & (MASK_WORD | MASK_CORE)) == 0 &&
		    (len >= MASK_CUT_SHORT || len * 2 >= form->len))
			return form;
	}
}
