/* SPDX-License-Identifier: MIT */
/*
 * The byte strings that a mask searches for. A value has many: itself, and
 * itself in each encoding it is likely to be printed in.
 *
 * For the files mask*.c only; users of a mask include mask.h.
 */
#ifndef MASK_SET_H
#define MASK_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mask.h"
#include "mask_rules.h"

enum {
	/* No form is longer: a longer one is searched for in tiles, so that
	 * little is held back and a print that was cut is found. */
	MASK_FORM_MAX = 128,
	MASK_TILE = 64,
	MASK_FORM_MIN = 4,
	/* From this length on a value is masked anywhere and encoded. */
	MASK_ANYWHERE = 8,
	/* Of a value that is cut short at the end this much is masked. */
	MASK_CUT_SHORT = 16,
};

enum mask_form_flag {
	MASK_WORD = 1,     /* only between non-alphanumerics */
	MASK_NUMBER = 2,   /* as a JSON number it becomes a string */
	MASK_FOLLOWER = 4, /* a short line: only after the line before it */
	MASK_CORE = 8,     /* a part: the value around it may be escaped */
};

enum { MASK_NO_FORM = UINT32_MAX };

struct mask_form {
	uint32_t offset; /* of its bytes in the set */
	uint32_t rest;   /* bytes of the whole that follow a tile */
	uint32_t next;   /* the form that may follow on the next line */
	uint32_t value;
	uint8_t len;
	uint8_t flags;
	/* Base64: the digit after the last one shares bits with the value. */
	uint8_t shared_bits, shared;
};

/* A value that may be escaped character by character. */
struct mask_loose {
	uint32_t offset; /* of its bytes in the set */
	uint32_t value;
	uint8_t len;
	uint8_t core, core_len; /* what is searched for */
	/* Bytes of a text that may stand for what is before the core, and for
	 * all of it. */
	uint16_t before, reach;
};

struct mask_set {
	char *bytes;
	size_t len, capacity;
	struct mask_form *forms;
	size_t n, n_capacity;
	uint32_t *slots; /* a hash table of forms, each plus one */
	size_t n_slots;
	struct mask_loose *loose;
	size_t n_loose;
};

/*
 * Adds a form, or tiles of it when it is long, unless it is there already;
 * `like` gives value, next, flags and shared bits.
 */
void mask_set_add(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like);
/* Adds a form that is not searched for by itself, and returns it. */
uint32_t mask_set_add_follower(struct mask_set *set, const char *bytes,
    size_t len, uint32_t next, uint32_t value);
/* Keeps bytes, and returns where. */
uint32_t mask_set_store(struct mask_set *set, const char *bytes, size_t len);
void mask_set_release(struct mask_set *set); /* wiped */

struct mask_value {
	char *name;
	char *label; /* what stands in the output with labels */
};

struct mask {
	struct mask_value *values;
	size_t n;
	bool labels;
	struct mask_set set;
	struct mask_index *index; /* of the set; built when it is needed */
	struct mask_rules_reader *own_rules; /* NULL: the default ones */
	bool use_default;                    /* rules */
	struct mask_rule_labels *rule_labels;
};

/* What stands in the output for rules, with labels. */
struct mask_rule_labels {
	char **texts;
	size_t n;
};

/* The rules of a mask; there may be none. */
const struct mask_rules *mask_rules_of(const struct mask *mask);
/* Takes the names out of labels that hold a value; before they are used. */
void mask_check_labels(const struct mask *mask);
/* The name and the label of a value, or of a rule. */
const char *mask_name_of(const struct mask *mask, uint32_t value);
const char *mask_label_of(const struct mask *mask, uint32_t value);

#endif
