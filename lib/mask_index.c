/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* qsort_r */
#include "mask_index.h"

#include "memory.h"

enum { GRAM = 4, MAX_STRIDE = 8, MIN_TABLE_BITS = 10 };

enum { FIRST_BITS = 16 }; /* of a bitmap of first grams, hashed */

/* A gram of a form: `at` is where it stands in the form. */
struct link {
	uint32_t gram;
	uint32_t form;
	uint32_t next; /* plus one; 0 is the end */
	uint32_t at;
};

struct mask_index {
	const struct mask_set *set;
	size_t built; /* forms that are in the index */
	size_t stride, longest;
	uint64_t *bitmap;
	uint32_t *heads;
	uint32_t *loads; /* lengths of the chains, while it is built */
	unsigned bitmap_shift, heads_shift;
	struct link *links;
	size_t n_links;
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
	free_secret(index->links, index->n_links * sizeof *index->links);
	free(index->bitmap);
	free(index->heads);
	free(index->sorted);
}

/* The largest stride at which no form can be missed. */
static size_t
choose_stride(size_t shortest)
{
	size_t stride = MAX_STRIDE;

	while (stride > 1 && stride + GRAM - 1 > shortest)
		stride /= 2;
	return stride;
}

static void
measure(struct mask_index *index)
{
	const struct mask_set *set = index->set;
	size_t shortest = MASK_FORM_MAX;

	for (size_t i = 0; i < set->n; i++) {
		size_t len = set->forms[i].len;

		if (!is_searched(&set->forms[i]))
			continue;
		shortest = len < shortest ? len : shortest;
		index->longest = len > index->longest ? len : index->longest;
	}
	index->stride = choose_stride(shortest);
}

static void
make_tables(struct mask_index *index)
{
	size_t grams = index->set->n * index->stride;
	unsigned bits = MIN_TABLE_BITS;

	while (bits < 24 && ((size_t)1 << bits) < grams)
		bits++;
	index->heads_shift = 32 - bits;
	index->heads = xcalloc((size_t)1 << bits, sizeof *index->heads);
	index->loads = xcalloc((size_t)1 << bits, sizeof *index->loads);
	bits = bits + 3 > 16 ? bits + 3 : 16;
	index->bitmap_shift = 32 - bits;
	index->bitmap = xcalloc(((size_t)1 << bits) / 64, sizeof(uint64_t));
	index->links = xreallocarray(NULL, grams, sizeof *index->links);
}

/*
 * Where the grams of a form are taken from: any window of `stride` grams will
 * do, so tokens with a common beginning need not share a long chain.
 */
static size_t
choose_window(const struct mask_index *index, const char *bytes, size_t len)
{
	size_t best = 0, n = len - GRAM + 1;
	uint32_t loads[MASK_FORM_MAX], best_load = UINT32_MAX;

	for (size_t at = 0; at < n; at++)
		loads[at] =
		    index->loads[hash(load(bytes + at), index->heads_shift)];
	for (size_t at = 0; at + index->stride <= n && best_load > 2; at++) {
		uint32_t most = 0;

		for (size_t i = 0; i < index->stride; i++)
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
	size_t window = choose_window(index, bytes, index->set->forms[id].len);
	uint32_t first = load(bytes);

	for (size_t i = window; i < window + index->stride; i++) {
		uint32_t gram = load(bytes + i);
		uint32_t chain = hash(gram, index->heads_shift);

		index->links[index->n_links++] = (struct link){
			.gram = gram,
			.form = id,
			.next = index->heads[chain],
			.at = (uint32_t)i,
		};
		index->heads[chain] = (uint32_t)index->n_links;
		index->loads[chain]++;
		set_bit(index->bitmap, hash(gram, index->bitmap_shift));
	}
	set_bit(index->first, hash(first, 32 - FIRST_BITS));
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
	*index = (struct mask_index){ .set = set, .built = set->n };
	if (set->n == 0)
		return;
	measure(index);
	make_tables(index);
	index->sorted = xreallocarray(NULL, set->n, sizeof *index->sorted);
	for (uint32_t id = 0; id < set->n; id++)
		if (is_searched(&set->forms[id]))
			add_form(index, id);
	free(index->loads);
	index->loads = NULL;
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

static void
look_up(const struct mask_index *index, const char *text, size_t len, size_t at,
    mask_index_found *found, void *context)
{
	uint32_t gram = load(text + at);
	uint32_t next = index->heads[hash(gram, index->heads_shift)];

	while (next != 0) {
		const struct link *link = &index->links[next - 1];
		const struct mask_form *form = &index->set->forms[link->form];

		next = link->next;
		if (link->gram != gram || link->at > at ||
		    at - link->at + form->len > len)
			continue;
		if (memcmp(text + at - link->at,
			index->set->bytes + form->offset, form->len) == 0)
			found(context, form, at - link->at);
	}
}

void
mask_index_scan(const struct mask_index *index, const char *text, size_t len,
    mask_index_found *found, void *context)
{
	size_t stride = index->stride, at = 0;
	const uint64_t *bitmap = index->bitmap;
	unsigned shift = index->bitmap_shift;

	if (index->n_sorted == 0 || len < GRAM)
		return;
	/* Four at a time, for the look-ups to overlap. */
	for (; at + 3 * stride + GRAM <= len; at += 4 * stride) {
		const char *p = text + at;
		bool a = bit(bitmap, hash(load(p), shift));
		bool b = bit(bitmap, hash(load(p + stride), shift));
		bool c = bit(bitmap, hash(load(p + 2 * stride), shift));
		bool d = bit(bitmap, hash(load(p + 3 * stride), shift));

		if (!(a | b | c | d))
			continue;
		for (size_t i = 0; i < 4; i++)
			look_up(
			    index, text, len, at + i * stride, found, context);
	}
	for (; at + GRAM <= len; at += stride)
		look_up(index, text, len, at, found, context);
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
		if ((form->flags & MASK_WORD) == 0 &&
		    (len >= MASK_CUT_SHORT || len * 2 >= form->len))
			return form;
	}
}
