/* SPDX-License-Identifier: MIT */
/*
 * The kinds of secrets that are known by their form: a table, immutable and
 * without pointers into itself, so that the default one is compiled when this
 * is built and costs a process nothing. For the files mask*.c only.
 */
#ifndef MASK_RULES_H
#define MASK_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MASK_RULE = 1 << 30, /* added to a rule's index: a span's value */
	MASK_MAX_SETS = 16,
	MASK_END_LISTS = 256,
	MASK_MAX_ANCHOR = 64,   /* bytes of a literal */
	MASK_MAX_EVIDENCE = 64, /* bytes that a rule may ask for */
};

enum mask_rule_kind {
	RULE_TOKEN,  /* a prefix, then characters of a set */
	RULE_SCHEME, /* a word, blanks, then characters of a set */
	RULE_JWT,
	RULE_PEM,
	RULE_URL,   /* ://user:password@ */
	RULE_LOGIN, /* curl -u user:password */
	RULE_KEY,   /* a name, a separator, a value */
	RULE_HEADER /* as a name, but the value is all of the line */
};

struct mask_rule {
	uint32_t name; /* where it stands in the texts, with a NUL */
	uint8_t kind;
	uint8_t set;
	uint8_t min; /* bytes of evidence behind the anchor */
};

/* A literal that a rule begins with. */
struct mask_anchor {
	uint32_t text; /* where it stands in the texts */
	uint32_t next; /* plus one, in a chain of the finder */
	/* The first eight bytes, which of them are in the anchor, and the bits
	 * that make small letters of them; and the last eight, or, of an
	 * anchor that is no longer, the same ones again. */
	uint64_t head, head_mask, head_fold, tail, tail_mask, tail_fold;
	uint16_t rule;
	uint8_t len;
	uint8_t tail_at;
	uint8_t window; /* where its rarest bytes are */
	uint8_t kind;   /* of the rule */
	bool fold;      /* in upper or lower case */
};

/* A name that says something about a secret and does not hold one, as
 * max_tokens and token_url do: a pattern of glob(7). */
struct mask_exception {
	uint32_t text; /* where it stands in the texts, with a NUL */
	uint32_t len;
	uint32_t letters; /* that a name must have */
	uint32_t next;    /* plus one, in a list */
	/* Nothing but a star at its beginning, and nothing but characters. */
	bool is_end, is_exact;
};

struct mask_rules {
	const char *texts;
	const struct mask_rule *rules;
	const struct mask_anchor *anchors;
	const struct mask_exception *exceptions;
	const struct mask_finder *finder;
	uint32_t texts_len, n, n_anchors, n_exceptions, n_sets;
	/* Lists of exceptions by their last two characters; the last list has
	 * all other ones. */
	uint32_t by_end[MASK_END_LISTS + 1];
	uint16_t members[256]; /* of each byte: a bit for each set */
	char set_names[MASK_MAX_SETS];
};

/* share/patterns/default.rules, as lib/tools/mask_rules_compile.c made it. */
extern const struct mask_rules mask_default_rules;

static inline const char *
mask_rules_name(const struct mask_rules *rules, size_t rule)
{
	return rules->texts + rules->rules[rule].name;
}

static inline bool
mask_rules_member(const struct mask_rules *rules, unsigned set, char c)
{
	return (rules->members[(unsigned char)c] >> set & 1) != 0;
}

/* Is the name one of the exceptions? */
bool mask_rules_except(
    const struct mask_rules *rules, const char *name, size_t len);

#endif
