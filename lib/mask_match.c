/* SPDX-License-Identifier: MIT */
#include "mask_match.h"

#include "mask_bytes.h"
#include "memory.h"

enum {
	MAX_BLANKS = 4,
	MAX_USER = 256,
	MAX_PLACEHOLDER = 128,
	MAX_PEM_TITLE = 64,
	MAX_WORD_FOR_IT = 8
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

static enum mask_answer
swallow(struct mask_match *match, enum mask_swallow_kind kind, size_t start)
{
	match->kind = kind;
	match->start = start;
	return MASK_YES;
}

/* A token: at the end of the text a large part of one is enough. */
static enum mask_answer
match_token(const struct mask_matcher *matcher, const struct mask_rule *rule,
    size_t start, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	size_t at = start, n;

	while (at < view->len && at - start < rule->min &&
	    mask_rules_member(matcher->rules, rule->set, view->text[at]))
		at++;
	n = at - start;
	match->set = rule->set;
	if (n == rule->min)
		return swallow(match, SWALLOW_SET, start);
	if (at < view->len)
		return MASK_NO;
	if (!view->at_end)
		return undecided(match, start);
	return n >= 16 || (size_t)2 * n >= rule->min
	    ? swallow(match, SWALLOW_SET, start)
	    : MASK_NO;
}

/* A token has digits, or capitals within a word; prose has not. */
static bool
is_mixed(const char *text, size_t start, size_t at)
{
	return mask_is_digit(text[at]) || text[at] == '+' || text[at] == '=' ||
	    (at > start && mask_is_upper(text[at]) &&
		mask_is_lower(text[at - 1]));
}

static enum mask_answer
match_scheme(const struct mask_matcher *matcher, const struct mask_rule *rule,
    size_t after, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	size_t start = after, at;
	bool mixed = false;

	while (start < view->len && start - after < MAX_BLANKS &&
	    is_in(view->text[start], " \t"))
		start++;
	if (start == view->len)
		return view->at_end ? MASK_NO : undecided(match, start);
	if (start == after)
		return MASK_NO;
	match->set = rule->set;
	for (at = start; at - start < MASK_MAX_EVIDENCE; at++) {
		if (mixed && at - start >= rule->min)
			break;
		if (at == view->len && !view->at_end)
			return undecided(match, start);
		if (at == view->len ||
		    !mask_rules_member(
			matcher->rules, rule->set, view->text[at]))
			break;
		mixed = mixed || is_mixed(view->text, start, at);
	}
	if (at - start == MASK_MAX_EVIDENCE)
		return swallow(match, SWALLOW_SET, start);
	if (!mixed ||
	    (at - start < rule->min &&
		(at < view->len || (at - start) * 2 < rule->min)))
		return MASK_NO;
	return swallow(match, SWALLOW_SET, start);
}

/* The end of the characters of a token's part: of the set, but no dot. */
static size_t
part_end(struct mask_matcher *matcher, unsigned set, size_t at)
{
	const struct mask_view *view = matcher->view;
	struct mask_run *run = &matcher->run;

	if (run->set == set && run->start <= at && at < run->end)
		return run->end;
	run->set = set;
	run->start = run->end = at;
	while (run->end < view->len && view->text[run->end] != '.' &&
	    mask_rules_member(matcher->rules, set, view->text[run->end]))
		run->end++;
	return run->end;
}

/* Two parts with a dot between them; the rest is swallowed with them. */
static enum mask_answer
match_jwt(struct mask_matcher *matcher, const struct mask_rule *rule,
    size_t start, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	size_t dot = part_end(matcher, rule->set, start), at;

	match->set = rule->set;
	if (dot - start >= MASK_FAIL_CLOSED)
		return swallow(match, SWALLOW_SET, start);
	if (dot == view->len && !view->at_end)
		return undecided(match, start);
	if (dot - start < rule->min)
		return MASK_NO;
	if (dot == view->len)
		return swallow(match, SWALLOW_SET, start);
	if (view->text[dot] != '.')
		return MASK_NO;
	for (at = dot + 1; at - dot <= rule->min; at++) {
		if (at == view->len && view->at_end)
			break;
		if (at == view->len)
			return undecided(match, start);
		if (view->text[at] == '.' ||
		    !mask_rules_member(
			matcher->rules, rule->set, view->text[at]))
			return MASK_NO;
	}
	return swallow(match, SWALLOW_SET, start);
}

static bool
is_private_key(const char *title, size_t len)
{
	static const char words[] = "PRIVATE KEY";

	for (size_t i = 0; i + strlen(words) <= len; i++)
		if (memcmp(title + i, words, strlen(words)) == 0)
			return true;
	return false;
}

static enum mask_answer
match_pem(
    const struct mask_matcher *matcher, size_t title, struct mask_match *match)
{
	const struct mask_view *view = matcher->view;
	size_t at = title;

	while (at < view->len && at - title < MAX_PEM_TITLE &&
	    (mask_is_upper(view->text[at]) || mask_is_digit(view->text[at]) ||
		view->text[at] == ' '))
		at++;
	for (int i = 0; i < 5; i++) {
		if (at == view->len)
			return view->at_end ? MASK_NO : undecided(match, at);
		if (view->text[at] != '-')
			return MASK_NO;
		at++;
	}
	if (!is_private_key(view->text + title, at - title))
		return MASK_NO;
	return swallow(match, SWALLOW_PEM, at);
}

static bool
closes_placeholder(char first, char last)
{
	switch (first) {
	case '<':
		return last == '>';
	case '{':
		return last == '}';
	case '%':
		return last == '%';
	default:
		return false;
	}
}

static bool
is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!mask_is_alphanumeric(text[i]) && text[i] != '_')
			return false;
	return len > 0 && !mask_is_digit(text[0]);
}

/* $NAME, ${...}, $(...), all of it. */
static bool
is_variable(const char *text, size_t len)
{
	if (len < 2)
		return false;
	if (text[1] == '{' || text[1] == '(')
		return text[len - 1] == (text[1] == '{' ? '}' : ')');
	return is_word(text + 1, len - 1);
}

static bool
is_mask(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "***", 3) == 0 &&
	    memcmp(text + len - 3, "***", 3) == 0;
}

/* "..." and "xxxx" in documentation. */
static bool
is_filling(const char *text, size_t len)
{
	if (len < 3 || (*text != '.' && (*text | 32) != 'x'))
		return false;
	for (size_t i = 1; i < len; i++)
		if (text[i] != *text)
			return false;
	return true;
}

/* "user:password" in documentation. */
static bool
is_word_for_it(const char *text, size_t len)
{
	static const char *const words[] = { "password", "passwd", "pass",
		"PASSWORD", NULL };

	for (int i = 0; words[i] != NULL; i++)
		if (len == strlen(words[i]) && memcmp(text, words[i], len) == 0)
			return true;
	return false;
}

enum mask_answer
mask_is_placeholder(const struct mask_view *view, size_t at, char quote)
{
	const char *text = view->text + at;
	size_t len = 0, left = view->len - at;

	if (left == 0 || !is_in(*text, "$<{%*.xX"))
		return MASK_NO;
	while (len < left && len < MAX_PLACEHOLDER && text[len] != '\n' &&
	    text[len] != quote &&
	    (quote != '\0' || !is_in(text[len], " \t\r\"'")))
		len++;
	if (len == left && !view->at_end)
		return MASK_UNDECIDED;
	if (len == MAX_PLACEHOLDER)
		return MASK_NO;
	while (len > 0 && text[len - 1] == '\\')
		len--;
	if (is_filling(text, len))
		return MASK_YES;
	if (*text == '$')
		return is_variable(text, len) ? MASK_YES : MASK_NO;
	if (*text == '*')
		return is_mask(text, len) ? MASK_YES : MASK_NO;
	return len >= 2 && closes_placeholder(*text, text[len - 1]) ? MASK_YES
								    : MASK_NO;
}

/* Does a placeholder fill all of it? */
static bool
is_placeholder_text(const char *text, size_t len)
{
	const struct mask_view all = { text, len, true };

	return is_word_for_it(text, len) ||
	    mask_is_placeholder(&all, 0, '\n') == MASK_YES;
}

/* The password is what stands before the last @ of the authority. */
static enum mask_answer
match_password(
    const struct mask_view *view, size_t start, struct mask_match *match)
{
	size_t at = start, end = 0;

	for (; at - start < MASK_FAIL_CLOSED; at++) {
		if (at == view->len)
			break;
		if (view->text[at] == '@')
			end = at;
		else if (mask_ends_userinfo(view->text[at]))
			break;
	}
	if (at - start == MASK_FAIL_CLOSED)
		return swallow(match, SWALLOW_USERINFO, start);
	if (at == view->len && !view->at_end)
		return undecided(match, start);
	if (end <= start ||
	    is_placeholder_text(view->text + start, end - start))
		return MASK_NO;
	match->start = start;
	match->end = end;
	return MASK_YES;
}

static enum mask_answer
match_url(const struct mask_view *view, size_t user, struct mask_match *match)
{
	size_t at = user;

	for (; at - user < MAX_USER; at++) {
		if (at == view->len)
			return view->at_end ? MASK_NO : undecided(match, at);
		if (view->text[at] == ':')
			return match_password(view, at + 1, match);
		if (view->text[at] == '@' || mask_ends_userinfo(view->text[at]))
			return MASK_NO;
	}
	return MASK_NO;
}

/* Is this the line of a curl command? */
static bool
is_curl_before(const char *text, size_t at)
{
	size_t low = at > MASK_LOOK_BEHIND ? at - MASK_LOOK_BEHIND : 0;

	while (at > low && text[at - 1] != '\n') {
		at--;
		if (memcmp(text + at, "curl", 4) == 0)
			return true;
	}
	return false;
}

/* The word for a password, and no more, behind a user. */
static enum mask_answer
is_login_word(const struct mask_view *view, size_t at)
{
	size_t end = at;

	while (end < view->len && end - at <= MAX_WORD_FOR_IT &&
	    !is_in(view->text[end], " \t\r\n\"'\\"))
		end++;
	if (end == view->len && !view->at_end)
		return MASK_UNDECIDED;
	return is_word_for_it(view->text + at, end - at) ? MASK_YES : MASK_NO;
}

/* user:password, perhaps quoted. */
static enum mask_answer
match_login(const struct mask_view *view, size_t start, size_t user,
    struct mask_match *match)
{
	char quote = user < view->len && is_in(view->text[user], "\"'")
	    ? view->text[user]
	    : '\0';
	size_t at = user + (quote != '\0');
	enum mask_answer placeholder;

	if (!is_curl_before(view->text, start))
		return MASK_NO;
	while (at < view->len && at - user < MAX_USER &&
	    !is_in(view->text[at], ": \t\r\n\"'\\"))
		at++;
	if (at < view->len && view->text[at] != ':')
		return MASK_NO;
	at++;
	if (at >= view->len)
		return view->at_end ? MASK_NO : undecided(match, view->len);
	placeholder = is_login_word(view, at);
	if (placeholder == MASK_NO)
		placeholder = mask_is_placeholder(view, at, quote);
	if (placeholder == MASK_UNDECIDED)
		return undecided(match, at);
	if (placeholder == MASK_YES || is_in(view->text[at], " \t\r\n\"'\\"))
		return MASK_NO;
	match->quote = quote;
	return swallow(
	    match, quote != '\0' ? SWALLOW_QUOTED : SWALLOW_UNQUOTED, at);
}

enum mask_answer
mask_match(struct mask_matcher *matcher, const struct mask_anchor *anchor,
    size_t start, struct mask_match *match)
{
	const struct mask_rule *rule = &matcher->rules->rules[anchor->rule];
	const struct mask_view *view = matcher->view;
	size_t end = start + anchor->len;

	*match = (struct mask_match){ 0 };
	match->value = (uint32_t)MASK_RULE | anchor->rule;
	switch ((enum mask_rule_kind)anchor->kind) {
	case RULE_TOKEN:
		return match_token(matcher, rule, end, match);
	case RULE_SCHEME:
		return match_scheme(matcher, rule, end, match);
	case RULE_JWT:
		return match_jwt(matcher, rule, end, match);
	case RULE_PEM:
		return match_pem(matcher, end, match);
	case RULE_URL:
		return match_url(view, end, match);
	case RULE_LOGIN:
		return match_login(view, start, end, match);
	case RULE_KEY:
	case RULE_HEADER:
		break;
	}
	return mask_match_name(matcher, anchor, start, match);
}
