/* SPDX-License-Identifier: MIT */
/*
 * Decides whether a secret stands behind an anchor. Pure: it depends on the
 * text alone, on no more than MASK_LOOK_BEHIND bytes before the anchor, and
 * on as few behind it as the rule needs. For the files mask*.c only.
 */
#ifndef MASK_MATCH_H
#define MASK_MATCH_H

#include "mask_finder.h"
#include "mask_rules.h"
#include "mask_swallow.h"

enum {
	MASK_LOOK_BEHIND = 256,
	MASK_FAIL_CLOSED = 4096 /* undecided for so long: a secret */
};

/* A run of characters of a set that was seen; spares a second look. */
struct mask_run {
	size_t start, end;
	unsigned set;
};

struct mask_match {
	/* What is masked: from here, as far as a swallow of this kind goes, or
	 * to the end, when that is not 0. */
	size_t start, end;
	/* Undecided: nothing from here on may leave. */
	size_t hold;
	uint32_t value;
	enum mask_swallow_kind kind;
	uint8_t set, depth;
	char quote;
	unsigned quotes; /* of a JSON number; else 0 */
};

struct mask_matcher {
	const struct mask_rules *rules;
	const struct mask_view *view;
	struct mask_run run;
	/* What is swallowed already, as words and as rests of lines. */
	const struct mask_swallow *word, *line;
};

/* Most words that rules begin with are no secrets. Keeps, of n anchors, those
 * that are worth a closer look with mask_match(), and returns how many. */
size_t mask_glance(
    const struct mask_view *view, struct mask_hit *hits, size_t n);

enum mask_answer mask_match(struct mask_matcher *matcher,
    const struct mask_anchor *anchor, size_t start, struct mask_match *match);

/* For mask_match.c: the rules with names. */
enum mask_answer mask_match_name(struct mask_matcher *matcher,
    const struct mask_anchor *anchor, size_t start, struct mask_match *match);

/* Would a secret that is not quoted look like what begins here? */
enum mask_answer mask_is_secret_word(
    const struct mask_view *view, size_t start);

/* What stands for a secret, and is none: $NAME, ${...}, <...>, {{...}}, %...%,
 * a mask. `quote` ends it; a quote of '\0' stands for white space. */
enum mask_answer mask_is_placeholder(
    const struct mask_view *view, size_t at, char quote);

#endif
