/* SPDX-License-Identifier: MIT */
#include "mask_set.h"

#include "memory.h"

/* Grows an array that holds secrets: no copy stays behind. */
static void *
grow(void *old, size_t used, size_t capacity)
{
	char *wider = xmalloc(capacity);

	if (used > 0)
		memcpy(wider, old, used);
	free_secret(old, used);
	return wider;
}

static uint32_t
hash_bytes(const char *bytes, size_t len)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
	return hash;
}

static bool
same(const struct mask_set *set, const struct mask_form *form,
    const char *bytes, size_t len, unsigned flags)
{
	return form->len == len && form->flags == flags &&
	    memcmp(set->bytes + form->offset, bytes, len) == 0;
}

static void
enter(struct mask_set *set, uint32_t id)
{
	const struct mask_form *form = &set->forms[id];
	size_t at = hash_bytes(set->bytes + form->offset, form->len);

	while (set->slots[at & (set->n_slots - 1)] != 0)
		at++;
	set->slots[at & (set->n_slots - 1)] = id + 1;
}

static bool
contains(
    const struct mask_set *set, const char *bytes, size_t len, unsigned flags)
{
	size_t at = hash_bytes(bytes, len);
	uint32_t slot;

	if (set->n_slots == 0)
		return false;
	while ((slot = set->slots[at & (set->n_slots - 1)]) != 0) {
		if (same(set, &set->forms[slot - 1], bytes, len, flags))
			return true;
		at++;
	}
	return false;
}

static void
make_room(struct mask_set *set)
{
	if (set->n == set->n_capacity) {
		set->n_capacity = set->n > 0 ? set->n * 2 : 256;
		set->forms = xreallocarray(
		    set->forms, set->n_capacity, sizeof *set->forms);
	}
	if (set->n * 2 >= set->n_slots) {
		set->n_slots = set->n_slots > 0 ? set->n_slots * 2 : 1024;
		free(set->slots);
		set->slots = xcalloc(set->n_slots, sizeof *set->slots);
		for (uint32_t id = 0; id < set->n; id++)
			enter(set, id);
	}
}

static uint32_t
push(struct mask_set *set, const struct mask_form *form)
{
	uint32_t id = (uint32_t)set->n;

	make_room(set);
	set->forms[set->n++] = *form;
	enter(set, id);
	return id;
}

uint32_t
mask_set_store(struct mask_set *set, const char *bytes, size_t len)
{
	uint32_t offset = (uint32_t)set->len;

	if (set->capacity - set->len < len) {
		size_t capacity = set->capacity > 0 ? set->capacity : 4096;

		while (capacity - set->len < len)
			capacity *= 2;
		set->bytes = grow(set->bytes, set->len, capacity);
		set->capacity = capacity;
	}
	if (len > 0)
		memcpy(set->bytes + set->len, bytes, len);
	set->len += len;
	return offset;
}

/* A tile of blanks, or of one character, would mask what is no secret. */
static bool
is_telling(const char *tile)
{
	bool seen[256] = { false };
	int distinct = 0;

	for (size_t i = 0; i < MASK_TILE; i++) {
		unsigned char byte = (unsigned char)tile[i];

		distinct += !seen[byte];
		seen[byte] = true;
	}
	return distinct >= 5;
}

static void
add_tiles(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	uint32_t offset = mask_set_store(set, bytes, len);

	for (size_t at = 0; at < len; at += MASK_TILE) {
		bool last = at + MASK_TILE >= len;
		size_t start = last ? len - MASK_TILE : at;
		struct mask_form form = *like;

		if (!is_telling(bytes + start) ||
		    contains(set, bytes + start, MASK_TILE, like->flags))
			continue;
		form.len = MASK_TILE;
		form.offset = offset + (uint32_t)start;
		form.rest = (uint32_t)(len - start - MASK_TILE);
		if (!last) {
			form.next = MASK_NO_FORM;
			form.shared_bits = 0;
		}
		push(set, &form);
	}
}

void
mask_set_add(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	struct mask_form form = *like;

	if (len < MASK_FORM_MIN || contains(set, bytes, len, like->flags))
		return;
	if (len > MASK_FORM_MAX) {
		add_tiles(set, bytes, len, like);
		return;
	}
	form.len = (uint8_t)len;
	form.rest = 0;
	form.offset = mask_set_store(set, bytes, len);
	push(set, &form);
}

uint32_t
mask_set_add_follower(struct mask_set *set, const char *bytes, size_t len,
    uint32_t next, uint32_t value)
{
	struct mask_form form = {
		.offset = mask_set_store(set, bytes, len),
		.next = next,
		.value = value,
		.len = (uint8_t)len,
		.flags = MASK_FOLLOWER,
	};

	return push(set, &form);
}

void
mask_set_release(struct mask_set *set)
{
	free_secret(set->bytes, set->len);
	free_secret(set->forms, set->n * sizeof *set->forms);
	free(set->slots);
	free(set->loose);
	*set = (struct mask_set){ 0 };
}
