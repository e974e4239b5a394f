/* SPDX-License-Identifier: MIT */
/* A name that says what stands behind it: password=..., "token": "...". */
#include "mask_match.h"

#include "mask_bytes.h"
#include "mask_gaps.h"
#include "memory.h"

enum {
	MAX_NAME_BEFORE = 64,
	MAX_SUFFIX = 24,
	MAX_BLANKS = 16,
	MAX_COLOURS = 4,
	MAX_NUMBER = 256,
	MAX_SCHEME = 20,
};

/* A name, and how it is quoted. */
struct name {
	size_t start, end; /* of the whole name */
	size_t after;      /* it, and its quote */
	char quote;        /* '\0': none */
	unsigned depth;
};

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static enum mask_answer
undecided(struct mask_match *match, size_t hold)
{
	match->hold = hold;
	return MASK_UNDECIDED;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Blanks, and colours: programs print names in one and values in another. */
static size_t
skip_blanks(const struct mask_view *view, size_t at)
{
	size_t colours = 0;

	for (size_t i = 0; i < MAX_BLANKS && at < view->len; i++) {
		size_t end = at + is_blank(view->text[at]);

		if (end == at && colours < MAX_COLOURS) {
			end = mask_gaps_colour_end(view->text, view->len, at);
			colours++;
		}
		if (end == at)
			break;
		at = end < view->len ? end : view->len;
	}
	return at;
}

/* Does more of a name follow a keyword: _key, -key, Key, 2, the plural? */
static bool
continues(const char *text, size_t at)
{
	char c = text[at];

	if (c == '_' || c == '-' || mask_is_digit(c))
		return true;
	if (mask_is_upper(c))
		return !mask_is_upper(text[at - 1]);
	return false;
}

static enum mask_answer
find_end(const struct mask_view *view, size_t at, size_t *end)
{
	size_t start = at;

	if (at < view->len && (view->text[at] | 32) == 's')
		at++;
	if (at < view->len && mask_is_name(view->text[at]) &&
	    !continues(view->text, at))
		return MASK_NO;
	while (at < view->len && at - start < MAX_SUFFIX &&
	    mask_is_name(view->text[at]))
		at++;
	*end = at;
	if (at == view->len)
		return view->at_end ? MASK_NO : MASK_UNDECIDED;
	return mask_is_name(view->text[at]) ? MASK_NO : MASK_YES;
}

static void
find_start(const char *text, size_t at, struct name *name)
{
	size_t low = at > MAX_NAME_BEFORE ? at - MAX_NAME_BEFORE : 0;

	while (at > low && (mask_is_name(text[at - 1]) || text[at - 1] == '.'))
		at--;
	/* The letter of \n is of no name. */
	if (at > 0 && text[at - 1] == '\\' && at < name->end &&
	    is_in(text[at], "nrt"))
		at++;
	name->start = at;
}

/* A quote with the backslashes of its depth; `*end` is behind it. */
static enum mask_answer
find_quote(const struct mask_view *view, size_t at, char *quote,
    unsigned *depth, size_t *end)
{
	size_t n = mask_backslashes(view, at);

	*end = at;
	*depth = 0;
	*quote = '\0';
	if (at + n >= view->len)
		return view->at_end ? MASK_NO : MASK_UNDECIDED;
	if (view->text[at + n] != '"' && view->text[at + n] != '\'')
		return MASK_NO;
	while (((size_t)1 << *depth) - 1 < n)
		++*depth;
	if (*depth > MASK_MAX_DEPTH || ((size_t)1 << *depth) - 1 != n)
		return MASK_NO;
	*quote = view->text[at + n];
	*end = at + n + 1;
	return MASK_YES;
}

/* The name around a keyword, with its quote. */
static enum mask_answer
find_name(const struct mask_matcher *matcher, const struct mask_anchor *anchor,
    size_t start, struct name *name)
{
	const struct mask_view *view = matcher->view;
	enum mask_answer answer =
	    find_end(view, start + anchor->len, &name->end);

	if (answer != MASK_YES)
		return answer;
	find_start(view->text, start, name);
	/* The user in a URL is no name. */
	if (name->start >= 3 &&
	    memcmp(view->text + name->start - 3, "://", 3) == 0)
		return MASK_NO;
	answer = find_quote(
	    view, name->end, &name->quote, &name->depth, &name->after);
	if (answer == MASK_UNDECIDED)
		return answer;
	if (name->quote != '\0' && name->after < view->len &&
	    view->text[name->after] == ']')
		name->after++;
	return MASK_YES;
}

/* "--token x" needs no separator, <token> is one. */
static enum mask_answer
find_other_separator(
    const struct mask_view *view, const struct name *name, size_t *at)
{
	if (view->text[name->start] == '-' && name->quote == '\0' &&
	    *at > name->after)
		return MASK_YES;
	if (*at < view->len && view->text[*at] == '>' && name->start > 0 &&
	    view->text[name->start - 1] == '<') {
		++*at;
		return MASK_YES;
	}
	return MASK_NO;
}

/* = and : in an address within an address. */
static enum mask_answer
find_percent_separator(const struct mask_view *view, size_t *at)
{
	char last;

	if (*at + 2 >= view->len)
		return view->at_end ? MASK_NO : MASK_UNDECIDED;
	last = view->text[*at + 2];
	if (view->text[*at + 1] != '3' || !is_in(last, "DdAa"))
		return MASK_NO;
	*at += 3;
	return MASK_YES;
}

/* = : := => ?= +=, but not ==, :: and their like; *at is then behind it. */
static enum mask_answer
find_separator(
    const struct mask_view *view, const struct name *name, size_t *at)
{
	char first, second;

	*at = skip_blanks(view, name->after);
	if (*at + 1 >= view->len)
		return view->at_end ? MASK_NO : MASK_UNDECIDED;
	first = view->text[*at];
	second = view->text[*at + 1];
	if (first == '%')
		return find_percent_separator(view, at);
	if (second == '=' && is_in(first, ":?+")) {
		*at += 2;
		return MASK_YES;
	}
	if (first == '=' && second == '>') {
		*at += 2;
		return MASK_YES;
	}
	if ((first == ':' && second != ':') ||
	    (first == '=' && !is_in(second, "=~"))) {
		++*at;
		return MASK_YES;
	}
	return find_other_separator(view, name, at);
}

/*
 * Is what looks like an opening quote the end of a JSON string that holds a
 * name and a separator, as in {"note": "password:", ...}? A quoted name has
 * a value in the same quotes.
 */
static enum mask_answer
is_closing_quote(const struct mask_view *view, const struct name *name,
    char quote, unsigned depth, size_t at)
{
	if (name->quote == quote && name->depth == depth)
		return MASK_NO;
	return mask_quote_ends_json(view, at - 1);
}

static enum mask_answer
swallow(struct mask_match *match, enum mask_swallow_kind kind, size_t start)
{
	match->kind = kind;
	match->start = start;
	return MASK_YES;
}

static enum mask_answer
match_quoted(const struct mask_view *view, const struct name *name, char quote,
    unsigned depth, size_t at, struct mask_match *match)
{
	enum mask_answer no = is_closing_quote(view, name, quote, depth, at);
	size_t run = mask_backslashes(view, at), own;

	if (no == MASK_NO)
		no = mask_is_placeholder(view, at, quote);
	if (no == MASK_UNDECIDED || (at + run == view->len && !view->at_end))
		return undecided(match, at);
	if (no == MASK_YES || at + run == view->len)
		return MASK_NO;
	/* An empty value. */
	if (view->text[at + run] == '\n' ||
	    (view->text[at + run] == quote &&
		mask_quote_closes(run, depth, &own) && own == run))
		return MASK_NO;
	match->quote = quote;
	match->depth = (uint8_t)depth;
	return swallow(match, SWALLOW_QUOTED, at);
}

/* A JSON number becomes a string. */
static enum mask_answer
match_number(const struct mask_view *view, const struct name *name, size_t at,
    struct mask_match *match)
{
	size_t end = at, after;

	while (end < view->len && end - at < MAX_NUMBER &&
	    (mask_is_digit(view->text[end]) || is_in(view->text[end], "-+.eE")))
		end++;
	after = skip_blanks(view, end);
	if (after == view->len && !view->at_end)
		return undecided(match, at);
	if (after < view->len && !is_in(view->text[after], ",}]\r\n\\"))
		return MASK_NO;
	match->start = at;
	match->end = end;
	match->quotes = 1U << name->depth;
	return MASK_YES;
}

static enum mask_answer
match_word(const struct mask_matcher *matcher, enum mask_swallow_kind kind,
    size_t start, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	const struct mask_swallow *covered =
	    kind == SWALLOW_LINE ? matcher->line : matcher->word;
	enum mask_answer answer;

	if (start >= covered->start && start < covered->at)
		return MASK_NO;
	answer = mask_is_secret_word(view, start);
	if (answer == MASK_UNDECIDED)
		return undecided(match, start);
	return answer == MASK_YES ? swallow(match, kind, start) : MASK_NO;
}

/* "Authorization: token x": the scheme is no secret. */
static enum mask_answer
match_header(
    const struct mask_matcher *matcher, size_t start, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	size_t at = start, after;

	while (at < view->len && at - start < MAX_SCHEME &&
	    mask_is_name(view->text[at]))
		at++;
	after = skip_blanks(view, at);
	if (after == view->len && !view->at_end)
		return undecided(match, start);
	if (at > start && after > at)
		start = after;
	return match_word(matcher, SWALLOW_LINE, start, match);
}

static enum mask_answer
match_value(const struct mask_matcher *matcher, const struct name *name,
    enum mask_rule_kind kind, size_t at, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	char first = view->text[at], quote;
	unsigned depth;
	size_t end;
	enum mask_answer answer;

	/* b"..." and its like, of Python and others. */
	if (name->quote == '\0' && at + 1 < view->len &&
	    (view->text[at + 1] == '"' || view->text[at + 1] == '\'') &&
	    is_in(first, "bBfFrRuU"))
		at++;
	answer = find_quote(view, at, &quote, &depth, &end);
	if (answer == MASK_UNDECIDED)
		return undecided(match, at);
	if (quote != '\0' && view->text[name->after] == '>')
		return MASK_NO;
	if (quote != '\0' && depth == 0) {
		if (end + 1 >= view->len && !view->at_end)
			return undecided(match, at);
		if (end + 1 < view->len && view->text[end] == quote &&
		    view->text[end + 1] == quote)
			end += 2; /* Python's and TOML's long ones */
	}
	if (quote != '\0')
		return match_quoted(view, name, quote, depth, end, match);
	if (name->quote == '"' && (mask_is_digit(first) || first == '-'))
		return match_number(view, name, at, match);
	if (name->quote == '"' && (first == '[' || first == '{')) {
		match->depth = (uint8_t)name->depth;
		return swallow(match, SWALLOW_MEMBERS, at);
	}
	return kind == RULE_HEADER
	    ? match_header(matcher, at, match)
	    : match_word(matcher, SWALLOW_UNQUOTED, at, match);
}

enum mask_answer
mask_match_name(struct mask_matcher *matcher, const struct mask_anchor *anchor,
    size_t start, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	enum mask_answer answer;
	struct name name = { 0 };
	size_t at = start;

	answer = find_name(matcher, anchor, start, &name);
	if (answer == MASK_UNDECIDED)
		return undecided(match, view->len);
	if (answer == MASK_YES)
		answer = find_separator(view, &name, &at);
	if (answer == MASK_UNDECIDED)
		return undecided(match, at);
	if (answer == MASK_NO)
		return MASK_NO;
	at = skip_blanks(view, at);
	if (at == view->len)
		return view->at_end ? MASK_NO : undecided(match, at);
	answer = match_value(matcher, &name,
	    matcher->rules->rules[anchor->rule].kind, at, match);
	if (answer != MASK_NO &&
	    mask_rules_except(
		matcher->rules, view->text + name.start, name.end - name.start))
		return MASK_NO;
	return answer;
}
