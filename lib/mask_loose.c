/* SPDX-License-Identifier: MIT */
#include "mask_loose.h"

#include "mask_bytes.h"
#include "mask_scan.h"
#include "memory.h"

enum {
	MIN_CORE = MASK_FORM_MIN,
	MAX_LEN = 128,
	MAX_UNIT = 12, /* bytes that stand for one */
	MAX_RUN = 8,   /* of backslashes */
};

/* How far a value goes in a text. */
struct walk {
	const char *value;
	size_t len;
	const struct mask_view *view;
	size_t done; /* bytes of the value */
	size_t at;   /* in the text */
};

static bool
is_plain(char c)
{
	return mask_is_name(c) || c == '.';
}

/* How many bytes of a text may stand for these. */
static uint16_t
reach_of(const char *bytes, size_t len)
{
	size_t reach = 0;

	for (size_t i = 0; i < len; i++)
		reach += is_plain(bytes[i]) ? 1 : MAX_UNIT;
	return (uint16_t)(reach < MASK_LOOSE_REACH ? reach : MASK_LOOSE_REACH);
}

/* The longest run of characters that nobody escapes. */
static void
find_core(struct mask_loose *loose, const char *bytes)
{
	size_t run = 0;

	for (size_t i = 0; i < loose->len; i++) {
		run = is_plain(bytes[i]) ? run + 1 : 0;
		if (run > loose->core_len) {
			loose->core_len = (uint8_t)run;
			loose->core = (uint8_t)(i + 1 - run);
		}
	}
}

void
mask_loose_add(
    struct mask_set *set, const char *bytes, size_t len, uint32_t value)
{
	struct mask_loose loose = { .len = (uint8_t)len, .value = value };
	struct mask_form like = {
		.value = value, .next = MASK_NO_FORM, .flags = MASK_CORE
	};

	/* Backslashes behind a last one may be those of a quote. */
	if (len < MASK_ANYWHERE || len > MAX_LEN || bytes[len - 1] == '\\' ||
	    set->n_loose == MASK_MAX_LOOSE)
		return;
	find_core(&loose, bytes);
	if (loose.core_len == len || loose.core_len < MIN_CORE)
		return;
	loose.before = reach_of(bytes, loose.core);
	loose.reach = reach_of(bytes, len);
	loose.offset = mask_set_store(set, bytes, len);
	mask_set_add(set, bytes + loose.core, loose.core_len, &like);
	set->loose =
	    xreallocarray(set->loose, set->n_loose + 1, sizeof *set->loose);
	set->loose[set->n_loose++] = loose;
}

/* A piece of text that is being tried for a character. */
struct piece {
	const struct walk *walk;
	size_t at;
	bool cut; /* the text ends too early to say */
};

static bool
take(struct piece *piece, const char *text)
{
	const struct mask_view *view = piece->walk->view;
	size_t at = piece->at;

	for (; *text != '\0'; text++, at++) {
		if (at == view->len) {
			piece->cut = true;
			return false;
		}
		if (view->text[at] != *text)
			return false;
	}
	piece->at = at;
	return true;
}

static int
hex_digit(char c)
{
	if (mask_is_digit(c))
		return c - '0';
	return mask_is_hex(c) ? (c | 32) - 'a' + 10 : -1;
}

/* Up to `n` digits of a base that are the character's number. */
static bool
take_number(struct piece *piece, char c, size_t n, int base)
{
	const struct mask_view *view = piece->walk->view;
	int number = 0;

	for (size_t i = 0; i < n; i++) {
		int digit;

		if (piece->at + i == view->len) {
			piece->cut = true;
			return false;
		}
		digit = hex_digit(view->text[piece->at + i]);
		if (digit < 0 || digit >= base)
			return false;
		number = number * base + digit;
	}
	if (number != (unsigned char)c)
		return false;
	piece->at += n;
	return true;
}

/* What may stand behind backslashes. */
static bool
take_escaped(struct piece *piece, char c)
{
	static const char controls[] = "\a\b\f\n\r\t\v\033";
	static const char letters[] = "abfnrtvE";
	const char *control = c == '\0' ? NULL : strchr(controls, c);
	char self[2] = { c, '\0' };
	size_t start = piece->at;

	if (control != NULL) {
		self[0] = letters[control - controls];
		if (take(piece, self))
			return true;
	} else if (c > ' ' && take(piece, self)) {
		return true;
	}
	if ((take(piece, "u") && take_number(piece, c, 4, 16)))
		return true;
	piece->at = start;
	if (take(piece, "x") && take_number(piece, c, 2, 16))
		return true;
	piece->at = start;
	return take_number(piece, c, 3, 8);
}

static bool
take_percent(struct piece *piece, char c)
{
	if (c == ' ' && take(piece, "+"))
		return true;
	if (!take(piece, "%"))
		return false;
	/* %25 may be one that was encoded once, or more often. */
	if (c == '%' && take(piece, "25")) {
		for (int i = 0; i < 2 && take(piece, "25");)
			i++;
		return true;
	}
	for (int i = 0; i < 3; i++) {
		if (take_number(piece, c, 2, 16))
			return true;
		if (!take(piece, "25"))
			return false;
	}
	return false;
}

static bool
take_entity(struct piece *piece, char c)
{
	static const struct {
		char c;
		const char *name;
	} names[] = { { '&', "amp;" }, { '<', "lt;" }, { '>', "gt;" },
		{ '"', "quot;" }, { '\'', "apos;" }, { '\0', NULL } };
	size_t start;

	if (!take(piece, "&"))
		return false;
	for (int i = 0; names[i].name != NULL; i++)
		if (names[i].c == c && take(piece, names[i].name))
			return true;
	if (!take(piece, "#"))
		return false;
	start = piece->at;
	for (size_t n = 1; n <= 4; n++) {
		piece->at = start;
		if (take_number(piece, c, n, 10) && take(piece, ";"))
			return true;
		piece->at = start;
		if ((take(piece, "x") || take(piece, "X")) &&
		    take_number(piece, c, n, 16) && take(piece, ";"))
			return true;
	}
	return false;
}

/* A quote that a shell's quotes were closed and opened for. */
static bool
take_shell_quote(struct piece *piece, char c)
{
	return c == '\'' && (take(piece, "'\\''") || take(piece, "'\"'\"'"));
}

/* The character, and not another one that it stands before twice. */
static bool
take_raw(struct piece *piece, char c)
{
	const struct walk *walk = piece->walk;
	const struct mask_view *view = walk->view;
	bool again =
	    walk->done + 1 < walk->len && walk->value[walk->done + 1] == c;

	if (view->text[piece->at] != c)
		return false;
	piece->at++;
	if (again || strchr("'\"$%", c) == NULL || c == '\0')
		return true;
	if (piece->at == view->len) {
		piece->cut = !view->at_end && walk->done + 1 < walk->len;
		return !piece->cut;
	}
	if (view->text[piece->at] == c && walk->done + 1 < walk->len)
		piece->at++;
	return true;
}

/* As many backslashes as there are, at least those of the value. */
static size_t
own_backslashes(const struct walk *walk)
{
	size_t n = 0;

	while (
	    walk->done + n < walk->len && walk->value[walk->done + n] == '\\')
		n++;
	return n;
}

/* One way after another to write the next character of the value. */
static enum mask_answer
take_character(struct walk *walk, size_t run, size_t own)
{
	typedef bool way(struct piece * piece, char c);
	/* What stands for itself stands last: & is also that of &amp;. */
	static way *const ways[] = { take_shell_quote, take_percent,
		take_entity, take_raw, NULL };
	char c = walk->value[walk->done + own];
	struct walk here = *walk;
	bool cut = false;

	here.done += own;
	for (int i = run > own ? -1 : 0; i < 0 || ways[i] != NULL; i++) {
		struct piece piece = { .walk = &here, .at = walk->at + run };
		bool taken =
		    i < 0 ? take_escaped(&piece, c) : ways[i](&piece, c);

		/* What comes first goes first, also when it is not all there.
		 */
		if (piece.cut && !walk->view->at_end)
			return MASK_UNDECIDED;
		if (taken) {
			walk->at = piece.at;
			walk->done += own + 1;
			return MASK_YES;
		}
		cut |= piece.cut;
	}
	return cut ? MASK_UNDECIDED : MASK_NO;
}

/* The next character of the value, with the backslashes before it. */
static enum mask_answer
step(struct walk *walk)
{
	const struct mask_view *view = walk->view;
	size_t run = 0, own = own_backslashes(walk);
	size_t most = own * MAX_RUN + MAX_RUN;

	if (is_plain(walk->value[walk->done])) {
		if (walk->at == view->len)
			return MASK_UNDECIDED;
		if (view->text[walk->at] != walk->value[walk->done])
			return MASK_NO;
		walk->at++;
		walk->done++;
		return MASK_YES;
	}
	while (walk->at + run < view->len && run <= most &&
	    view->text[walk->at + run] == '\\')
		run++;
	if (walk->at + run == view->len)
		return MASK_UNDECIDED;
	if (run < own || run > most)
		return MASK_NO;
	return take_character(walk, run, own);
}

/* From a place on: the whole value, not, or as far as the text goes. */
static enum mask_answer
walk_through(struct walk *walk)
{
	enum mask_answer answer = MASK_YES;

	while (answer == MASK_YES && walk->done < walk->len)
		answer = step(walk);
	return answer;
}

static void
cover(const struct walk *walk, const struct mask_loose *loose, size_t start,
    struct mask_spans *spans)
{
	mask_spans_add(spans, mask_escape_left(walk->view->text, start),
	    walk->at, loose->value);
}

static size_t
try_value(const struct mask_set *set, const struct mask_loose *loose,
    const struct mask_view *view, size_t core, struct mask_spans *spans)
{
	size_t from = core > loose->before ? core - loose->before : 0;
	size_t frontier = view->len;

	for (size_t at = from; at + loose->core <= core; at++) {
		struct walk walk = { .value = set->bytes + loose->offset,
			.len = loose->len,
			.view = view,
			.at = at };
		enum mask_answer answer = walk_through(&walk);

		if (answer == MASK_YES)
			cover(&walk, loose, at, spans);
		if (answer == MASK_UNDECIDED && !view->at_end) {
			at = mask_escape_left(view->text, at);
			return at < frontier ? at : frontier;
		}
	}
	return frontier;
}

size_t
mask_loose_cover(const struct mask_set *set, const struct mask_view *view,
    size_t core, struct mask_spans *spans)
{
	size_t frontier = view->len;

	for (size_t i = 0; i < set->n_loose; i++) {
		const struct mask_loose *loose = &set->loose[i];
		const char *bytes = set->bytes + loose->offset + loose->core;
		size_t hold;

		if (view->len - core < loose->core_len ||
		    memcmp(view->text + core, bytes, loose->core_len) != 0)
			continue;
		hold = try_value(set, loose, view, core, spans);
		frontier = hold < frontier ? hold : frontier;
	}
	return frontier;
}

/* Is so much of a value a secret, when the rest is missing? */
static bool
is_much(const struct walk *walk)
{
	return walk->done >= MASK_CUT_SHORT || walk->done * 2 >= walk->len;
}

/* Where the end of the text may become this value. */
static size_t
try_tail(const struct mask_set *set, const struct mask_loose *loose,
    const struct mask_view *view, struct mask_spans *spans)
{
	size_t at = view->len > loose->reach ? view->len - loose->reach : 0;

	for (; at < view->len; at++) {
		struct walk walk = { .value = set->bytes + loose->offset,
			.len = loose->len,
			.view = view,
			.at = at };

		if (walk_through(&walk) != MASK_UNDECIDED)
			continue;
		if (!view->at_end)
			return mask_escape_left(view->text, at);
		walk.at = view->len;
		if (is_much(&walk))
			cover(&walk, loose, at, spans);
	}
	return view->len;
}

size_t
mask_loose_tail(const struct mask_set *set, const struct mask_view *view,
    struct mask_spans *spans)
{
	size_t frontier = view->len;

	for (size_t i = 0; i < set->n_loose; i++) {
		size_t hold = try_tail(set, &set->loose[i], view, spans);

		frontier = hold < frontier ? hold : frontier;
	}
	return frontier;
}
