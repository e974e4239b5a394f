/* SPDX-License-Identifier: MIT */
#include "mask_value.h"

#include "mask_forms.h"
#include "mask_loose.h"
#include "memory.h"

enum { MAX_PLAIN_DIGITS = 6, MIN_RANDOM = 16, MAX_VALUE = 1 << 20 };

/* A part of a value. */
struct part {
	const char *bytes;
	size_t len;
};

static bool
is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_digits(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] < '0' || bytes[i] > '9')
			return false;
	return true;
}

static bool
equals_word(const char *bytes, size_t len, const char *word)
{
	if (strlen(word) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != word[i])
			return false;
	}
	return true;
}

static bool
is_one_byte(const char *bytes, size_t len, char byte)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

bool
mask_value_is_common(const char *bytes, size_t len)
{
	static const char *const words[] = { "true", "false", "null", "none",
		"nil", "undefined", "enabled", "disabled", "default", "unknown",
		"test", "tests", "testing", "example", "localhost", "root",
		"admin", "user", "username", "guest", "password", "secret",
		"token", "postgres", "mysql", "redis", "main", "master",
		"debug", "info", "development", "staging", "production", "auto",
		"always", "never", NULL };

	if (len < MASK_FORM_MIN || len > MAX_VALUE)
		return true;
	if (len <= MAX_PLAIN_DIGITS && is_digits(bytes, len))
		return true;
	/* What another program put in a value's place, and white space. */
	if (is_one_byte(bytes, len, '*') || is_one_byte(bytes, len, ' '))
		return true;
	for (int i = 0; words[i] != NULL; i++)
		if (equals_word(bytes, len, words[i]))
			return true;
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct part
trim(struct part part)
{
	while (part.len > 0 && is_space(part.bytes[0])) {
		part.bytes++;
		part.len--;
	}
	while (part.len > 0 && is_space(part.bytes[part.len - 1]))
		part.len--;
	return part;
}

/* Takes the next line off the text, without white space at its ends. */
static struct part
next_line(struct part *text)
{
	const char *end = memchr(text->bytes, '\n', text->len);
	struct part line = *text;

	if (end == NULL) {
		text->len = 0;
		return trim(line);
	}
	line.len = (size_t)(end - text->bytes);
	text->bytes += line.len + 1;
	text->len -= line.len + 1;
	return trim(line);
}

/*
 * A line that also stands in texts that hold no secret: PEM's first and last,
 * punctuation, a key with no value or a short one.
 */
static bool
is_boilerplate(struct part line)
{
	size_t key = 0, rest, n = 0;

	if (line.len >= 5 && memcmp(line.bytes, "-----", 5) == 0)
		return true;
	for (size_t i = 0; i < line.len; i++)
		n += is_alphanumeric(line.bytes[i]);
	if (n == 0)
		return true;
	while (key < line.len &&
	    (is_alphanumeric(line.bytes[key]) ||
		strchr("_-.\"' ", line.bytes[key]) != NULL))
		key++;
	if (key == line.len || line.bytes[key] != ':')
		return false;
	rest = key + 1;
	n = 0;
	for (; rest < line.len; rest++)
		n += is_alphanumeric(line.bytes[rest]);
	return n < MASK_ANYWHERE;
}

/* Quotes at the ends of a value are no secret, and in JSON they may be the
 * ones around it. */
static struct part
unquote(struct part part)
{
	struct part inner = part;

	while (inner.len > 0 && inner.bytes[0] == '"') {
		inner.bytes++;
		inner.len--;
	}
	while (inner.len > 0 && inner.bytes[inner.len - 1] == '"')
		inner.len--;
	return inner.len >= MASK_ANYWHERE ? inner : part;
}

/* The whole with each line end written another way. */
static void
add_joined(struct mask_set *set, struct part text, const char *line_end,
    const struct mask_form *like)
{
	size_t size = text.len * 2 + 1, len = 0;
	struct part end = { line_end, strlen(line_end) };
	char *joined = xmalloc(size);

	while (text.len > 0) {
		struct part line = next_line(&text);

		if (len > 0) {
			memcpy(joined + len, end.bytes, end.len);
			len += end.len;
		}
		memcpy(joined + len, line.bytes, line.len);
		len += line.len;
	}
	mask_forms_add_text(set, joined, len, like);
	free_secret(joined, size);
}

/*
 * Each line for itself, for output that puts something before every line. A
 * short one is covered only after the line before it; so the lines are taken
 * from the last to the first.
 */
static void
add_lines(struct mask_set *set, struct part text, const struct mask_form *like)
{
	struct part *lines = NULL;
	size_t n = 0;
	uint32_t next = MASK_NO_FORM;

	while (text.len > 0) {
		lines = xreallocarray(lines, n + 1, sizeof *lines);
		lines[n++] = next_line(&text);
	}
	while (n-- > 0) {
		struct mask_form form = *like;

		if (is_boilerplate(lines[n])) {
			next = MASK_NO_FORM;
		} else if (lines[n].len < MASK_ANYWHERE) {
			next = mask_set_add_follower(set, lines[n].bytes,
			    lines[n].len, next, like->value);
		} else {
			form.next = next;
			next = MASK_NO_FORM;
			if (!mask_value_is_common(lines[n].bytes, lines[n].len))
				mask_forms_add_text(
				    set, lines[n].bytes, lines[n].len, &form);
		}
	}
	free(lines);
}

/* A text without the boilerplate at its ends. */
static struct part
core(struct part text)
{
	struct part rest = text;

	while (rest.len > 0) {
		struct part after = rest;

		if (!is_boilerplate(next_line(&after)))
			break;
		rest = after;
	}
	rest = trim(rest);
	for (size_t end = rest.len; end > 0; end--) {
		struct part line = { rest.bytes + end, rest.len - end };

		if (rest.bytes[end - 1] != '\n')
			continue;
		if (!is_boilerplate(trim(line)))
			break;
		rest.len = end - 1;
	}
	return trim(rest);
}

static void
add_part(struct mask_set *set, struct part part, const struct mask_form *like)
{
	struct part text = unquote(part);
	struct mask_form form = *like;

	if (is_digits(part.bytes, part.len)) {
		form.flags = MASK_WORD | MASK_NUMBER;
		mask_set_add(set, part.bytes, part.len, &form);
	} else if (memchr(part.bytes, '\n', part.len) == NULL) {
		mask_forms_add_text(set, text.bytes, text.len, like);
		mask_loose_add(set, text.bytes, text.len, like->value);
	} else {
		text = core(part);
		if (text.len >= MASK_ANYWHERE) {
			mask_forms_add_text(set, text.bytes, text.len, like);
			add_joined(set, text, "\n", like);
			add_joined(set, text, "\r\n", like);
			add_joined(set, text, " ", like);
		}
		add_lines(set, part, like);
	}
	mask_forms_add_encoded(set, part.bytes, part.len, like);
}

static unsigned
hex_value(const char *digits)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		char c = digits[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= (unsigned)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value |= (unsigned)((c | 32) - 'a' + 10);
	}
	return value;
}

/* Decodes a JSON string in place; the escapes that secrets are written with
 * (no surrogates: those stay as they are). Returns the new length. */
static size_t
unescape(char *text, size_t len)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at;

		if (text[i] != '\\' || i + 1 == len) {
			text[out++] = text[i];
			continue;
		}
		i++;
		at = strchr(from, text[i]);
		if (text[i] == 'u' && len - i > 4 &&
		    hex_value(text + i + 1) < 0x80) {
			text[out++] = (char)hex_value(text + i + 1);
			i += 4;
		} else if (at != NULL && *at != '\0') {
			text[out++] = to[at - from];
		} else {
			text[out++] = text[i];
		}
	}
	return out;
}

/* Would a token look like this: long, letters and digits, no spaces? */
static bool
looks_random(struct part part)
{
	bool digit = false, letter = false;

	if (memchr(part.bytes, '\n', part.len) != NULL)
		return true;
	for (size_t i = 0; i < part.len; i++) {
		char c = part.bytes[i];

		if (c == ' ' || c == ':' || c == '@')
			return false;
		if (c >= '0' && c <= '9')
			digit = true;
		else if (is_alphanumeric(c))
			letter = true;
	}
	return part.len >= MIN_RANDOM && digit && letter;
}

static bool
is_secret_key(struct part key)
{
	static const char *const words[] = { "key", "token", "secret", "passw",
		"credential", "auth", "cert", NULL };

	for (size_t at = 0; at < key.len; at++)
		for (int i = 0; words[i] != NULL; i++)
			if (key.len - at >= strlen(words[i]) &&
			    equals_word(
				key.bytes + at, strlen(words[i]), words[i]))
				return true;
	return false;
}

/* Adds a member of a JSON document when it is a secret. */
static bool
add_member(struct mask_set *set, struct part key, struct part text,
    const struct mask_form *like)
{
	char *bytes = xmalloc(text.len);
	struct part part = { bytes, text.len };
	bool url, add;

	memcpy(bytes, text.bytes, text.len);
	part.len = unescape(bytes, text.len);
	part = trim(part);
	url = part.len >= 4 && memcmp(part.bytes, "http", 4) == 0;
	add = part.len >= MASK_ANYWHERE && !url &&
	    !mask_value_is_common(part.bytes, part.len) &&
	    (is_secret_key(key) || looks_random(part));
	if (add)
		add_part(set, part, like);
	free_secret(bytes, text.len);
	return add;
}

static size_t
string_end(struct part document, size_t at)
{
	while (at < document.len && document.bytes[at] != '"')
		at += document.bytes[at] == '\\' ? 2 : 1;
	return at < document.len ? at : document.len;
}

/* Adds the secret members of a JSON document; false: there is none. */
static bool
add_members(
    struct mask_set *set, struct part document, const struct mask_form *like)
{
	struct part key = { "", 0 };
	bool any = false;

	for (size_t at = 0; at < document.len; at++) {
		struct part text;
		size_t after;

		if (document.bytes[at] != '"')
			continue;
		text.bytes = document.bytes + ++at;
		text.len = string_end(document, at) - at;
		at += text.len;
		for (after = at + 1;
		     after < document.len && is_space(document.bytes[after]);)
			after++;
		if (after < document.len && document.bytes[after] == ':')
			key = text;
		else
			any |= add_member(set, key, text, like);
	}
	return any;
}

void
mask_value_add(
    struct mask_set *set, const char *bytes, size_t len, uint32_t value)
{
	struct part part = { bytes, len };
	struct part document = trim(part);
	struct mask_form like = { .value = value, .next = MASK_NO_FORM };

	if (len < MASK_ANYWHERE) {
		like.flags = MASK_WORD;
		if (is_digits(bytes, len))
			like.flags |= MASK_NUMBER;
		mask_set_add(set, bytes, len, &like);
	} else if (document.len > 2 &&
	    ((document.bytes[0] == '{' &&
		 document.bytes[document.len - 1] == '}') ||
		(document.bytes[0] == '[' &&
		    document.bytes[document.len - 1] == ']')) &&
	    add_members(set, document, &like)) {
		mask_forms_add_encoded(set, bytes, len, &like);
	} else {
		add_part(set, part, &like);
	}
}
