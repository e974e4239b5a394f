/* SPDX-License-Identifier: MIT */
/*
 * The kinds of secrets that are known by their form: a table, read from text
 * in the format of nr-patterns(5). Immutable once it was read. For the files
 * mask*.c only.
 */
#ifndef MASK_RULES_H
#define MASK_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum {
	MASK_RULE = 1 << 30, /* added to a rule's index: a span's value */
	MASK_MAX_SETS = 16,
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
	char *name;
	char *label;
	enum mask_rule_kind kind;
	uint8_t set;
	uint8_t min; /* bytes of evidence behind the anchor */
};

/* A literal that a rule begins with. */
struct mask_anchor {
	char *text;
	uint32_t next;      /* plus one, in a chain of the finder */
	uint32_t gram;      /* four bytes of the window, as if small letters */
	uint32_t gram_mask; /* of those that are in the anchor */
	uint16_t rule;
	uint8_t len;
	uint8_t window; /* where its rarest bytes are */
	bool fold;      /* in upper or lower case */
};

struct mask_exceptions;

struct mask_rules {
	struct mask_rule *rules;
	size_t n;
	struct mask_anchor *anchors;
	size_t n_anchors;
	struct mask_exceptions *exceptions;
	char set_names[MASK_MAX_SETS];
	size_t n_sets;
	uint16_t members[256]; /* of each byte: a bit for each set */
	struct mask_finder *finder;
	bool has_default;
};

/* The table that is compiled in: share/patterns/default.rules. */
extern const char *const mask_default_rules[];

struct mask_rules *mask_rules_new(void); /* empty */
void mask_rules_free(struct mask_rules *rules);

/* Adds the compiled table, unless that was done. */
void mask_rules_add_default(struct mask_rules *rules);
/* Adds a file; a mistake in it is a ConfigError that names file and line. */
struct error *mask_rules_add_file(struct mask_rules *rules, const char *path);

static inline bool
mask_rules_member(const struct mask_rules *rules, unsigned set, char c)
{
	return (rules->members[(unsigned char)c] >> set & 1) != 0;
}

#endif
