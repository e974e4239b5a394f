/* SPDX-License-Identifier: MIT */
/*
 * What is masked once a rule has seen enough: everything up to a terminator,
 * however far that is, with a state of fixed size. Two rules that wait for
 * the same terminator are one swallow. For the files mask*.c only.
 */
#ifndef MASK_SWALLOW_H
#define MASK_SWALLOW_H

#include "mask_rules.h"
#include "mask_spans.h"

enum mask_swallow_kind {
	SWALLOW_SET,      /* characters of a set */
	SWALLOW_UNQUOTED, /* a word of a shell, a URL's query, prose */
	SWALLOW_LINE,     /* the rest of the line, or of the quoted text */
	SWALLOW_USERINFO, /* the rest of a URL's authority */
	SWALLOW_QUOTED,   /* up to the quote that closes */
	SWALLOW_PEM,      /* the lines of a key */
	SWALLOW_MEMBERS,  /* the strings of a JSON array or object */
};

enum {
	MASK_MAX_DEPTH = 5,       /* of JSON in JSON */
	MASK_MAX_BACKSLASHES = 64 /* before a quote or a letter */
};

struct mask_swallow {
	enum mask_swallow_kind kind;
	uint8_t set;
	char quote;
	uint8_t depth; /* 2^depth - 1 backslashes stand before the quote */
	bool open;
	uint32_t value;
	size_t start;
	size_t at; /* all before is decided; the end, when it is closed */
	/* What each kind keeps for itself. */
	uint32_t level;
	char last; /* of the brackets, commas and colons */
	bool inside;
	size_t run;
	size_t limit;
	uint64_t objects; /* which of the nested brackets are { */
};

/* A text, or as much of it as there is. */
struct mask_view {
	const char *text;
	size_t len;
	bool at_end; /* nothing follows */
};

enum mask_answer { MASK_NO, MASK_YES, MASK_UNDECIDED };

/*
 * Goes on through the text from swallow->at, and adds what is masked. Returns
 * the frontier: what lies behind it may still be masked or not.
 */
size_t mask_swallow(struct mask_swallow *swallow,
    const struct mask_rules *rules, const struct mask_view *view,
    struct mask_spans *spans);

/* The two that are too long for mask_swallow.c. */
size_t mask_swallow_pem(struct mask_swallow *swallow,
    const struct mask_view *view, struct mask_spans *spans);
size_t mask_swallow_members(struct mask_swallow *swallow,
    const struct mask_view *view, struct mask_spans *spans);

/* How many backslashes stand at `at`; no more than MASK_MAX_BACKSLASHES + 1. */
size_t mask_backslashes(const struct mask_view *view, size_t at);
/*
 * Does a quote after `run` backslashes close a text that was opened at
 * `depth`, or one around it? *own: the backslashes that belong to the quote.
 */
bool mask_quote_closes(size_t run, unsigned depth, size_t *own);
/* Is the quote at `at` one that ends a JSON string: does punctuation of JSON
 * follow, or nothing? */
enum mask_answer mask_quote_ends_json(const struct mask_view *view, size_t at);
/*
 * The length of the part of an unquoted value at `at`: 1, or that of a run of
 * backslashes and what they stand before; 0: the value ends here. *undecided:
 * the text ends too early to say.
 */
size_t mask_unquoted_step(
    const struct mask_view *view, size_t at, bool *undecided);

#endif
