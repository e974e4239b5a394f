/* SPDX-License-Identifier: MIT */
/*
 * A strict scanner for JSON text (RFC 8259), by recursive descent with a
 * bound on depth. It builds nothing but the list of top-level members and
 * the list of problems.
 */
#include "json.h"

#include <stdint.h>

#include "buffer.h"
#include "memory.h"

/* The way from the root to the value being scanned. */
struct place {
	const struct place *parent;
	const char *name; /* of a member; NULL: element `index` */
	size_t index;
};

struct scanner {
	const char *text, *at, *end;
	struct json_scan *scan;
	bool fatal;
};

static char *
pointer_of(const struct place *place)
{
	struct buffer pointer = BUFFER_INIT(1024);
	const struct place *path[JSON_MAX_DEPTH + 2];
	size_t n = 0;

	for (; place != NULL && n < JSON_MAX_DEPTH + 2; place = place->parent)
		path[n++] = place;
	while (n-- > 0) {
		buffer_append_string(&pointer, "/");
		if (path[n]->name == NULL)
			buffer_appendf(&pointer, "%zu", path[n]->index);
		for (const char *c = path[n]->name; c != NULL && *c; c++) {
			if (*c == '~' || *c == '/')
				buffer_append_string(
				    &pointer, *c == '~' ? "~0" : "~1");
			else
				buffer_append(&pointer, c, 1);
		}
	}
	return buffer_take(&pointer);
}

static void
report(struct scanner *s, const struct place *place, bool fatal,
    const char *where, const char *message)
{
	struct json_scan *scan = s->scan;
	struct json_problem problem = { .line = 1, .column = 1 };

	if (s->fatal || (!fatal && scan->n_problems >= JSON_MAX_PROBLEMS))
		return;
	s->fatal = fatal;
	for (const char *c = s->text; c < where; c++) {
		problem.column++;
		if (*c == '\n') {
			problem.line++;
			problem.column = 1;
		}
	}
	problem.fatal = fatal;
	problem.pointer = pointer_of(place);
	problem.message = xstrdup(message);
	scan->problems = xreallocarray(
	    scan->problems, scan->n_problems + 1, sizeof *scan->problems);
	scan->problems[scan->n_problems++] = problem;
}

static bool
fail(struct scanner *s, const struct place *place, const char *message)
{
	if (s->at >= s->end)
		message = "the text ends too early";
	report(s, place, true, s->at, message);
	return false;
}

static void
skip_space(struct scanner *s)
{
	while (s->at < s->end &&
	    (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' ||
		*s->at == '\r'))
		s->at++;
}

/* The length of the UTF-8 sequence at `at`; 0 when it is not valid. */
static size_t
utf8_length(const char *at, const char *end)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	unsigned char c = (unsigned char)at[0];

	if (c < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (c < forms[i].first || c > forms[i].last)
			continue;
		if ((size_t)(end - at) < forms[i].len)
			return 0;
		for (size_t k = 1; k < forms[i].len; k++) {
			unsigned char d = (unsigned char)at[k];
			unsigned char low = k == 1 ? forms[i].low : 0x80;
			unsigned char high = k == 1 ? forms[i].high : 0xbf;

			if (d < low || d > high)
				return 0;
		}
		return forms[i].len;
	}
	return 0;
}

static bool
hex4(const char *at, const char *end, unsigned *code)
{
	*code = 0;
	if (end - at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		char lower = at[i];
		const char *digit;

		if (lower >= 'A' && lower <= 'F')
			lower = (char)(lower - 'A' + 'a');
		digit = lower != '\0' ? strchr(digits, lower) : NULL;
		if (digit == NULL)
			return false;
		*code = *code * 16 + (unsigned)(digit - digits);
	}
	return true;
}

static void
append_utf8(struct buffer *out, unsigned code)
{
	char bytes[4];
	size_t len = code < 0x80 ? 1
	    : code < 0x800       ? 2
	    : code < 0x10000     ? 3
				 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	bytes[0] = (char)(lead[len] | code);
	buffer_append(out, bytes, len);
}

/* An escape of \uXXXX form; s->at is behind the 'u'. */
static bool
scan_unicode(struct scanner *s, const struct place *place, struct buffer *out)
{
	const char *start = s->at - 2;
	unsigned code, low;

	if (!hex4(s->at, s->end, &code))
		return fail(s, place, "\\u needs four hexadecimal digits");
	s->at += 4;
	if (code == 0)
		report(s, place, false, start,
		    "expected text without NUL, "
		    "found \\u0000");
	if (code >= 0xd800 && code <= 0xdbff && s->end - s->at >= 6 &&
	    s->at[0] == '\\' && s->at[1] == 'u' &&
	    hex4(s->at + 2, s->end, &low) && low >= 0xdc00 && low <= 0xdfff) {
		s->at += 6;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	} else if (code >= 0xd800 && code <= 0xdfff) {
		report(s, place, false, start,
		    "expected a pair of surrogates, "
		    "found half of one");
		code = 0xfffd;
	}
	if (out != NULL)
		append_utf8(out, code);
	return true;
}

static bool
scan_escape(struct scanner *s, const struct place *place, struct buffer *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	s->at++;
	if (s->at >= s->end)
		return fail(s, place, "");
	if (*s->at == 'u') {
		s->at++;
		return scan_unicode(s, place, out);
	}
	found = *s->at != '\0' ? strchr(from, *s->at) : NULL;
	if (found == NULL)
		return fail(s, place, "there is no such escape in JSON");
	if (out != NULL)
		buffer_append(out, &to[found - from], 1);
	s->at++;
	return true;
}

/* A string, decoded into `out` unless that is NULL. */
static bool
scan_string(struct scanner *s, const struct place *place, struct buffer *out)
{
	if (s->at >= s->end || *s->at != '"')
		return fail(s, place, "expected a string");
	s->at++;
	while (s->at < s->end && *s->at != '"') {
		size_t len;

		if (*s->at == '\\') {
			if (!scan_escape(s, place, out))
				return false;
			continue;
		}
		if ((unsigned char)*s->at < 0x20)
			return fail(s, place,
			    "a control character in a string is not escaped");
		len = utf8_length(s->at, s->end);
		if (len == 0)
			return fail(s, place, "the text is not valid UTF-8");
		if (out != NULL)
			buffer_append(out, s->at, len);
		s->at += len;
	}
	if (s->at >= s->end)
		return fail(s, place, "");
	s->at++;
	return true;
}

static bool
scan_digits(struct scanner *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

static bool
scan_number(struct scanner *s, const struct place *place)
{
	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == '0')
		s->at++;
	else if (!scan_digits(s))
		return fail(s, place, "expected a JSON value");
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!scan_digits(s))
			return fail(s, place, "a number ends in its point");
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (!scan_digits(s))
			return fail(s, place, "a number has no exponent");
	}
	if (s->at < s->end &&
	    ((*s->at >= '0' && *s->at <= '9') || *s->at == '.'))
		return fail(s, place, "not a JSON number");
	return true;
}

static bool
scan_word(struct scanner *s, const struct place *place)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(s->end - s->at) >= len &&
		    memcmp(s->at, words[i], len) == 0) {
			s->at += len;
			return true;
		}
	}
	return fail(s, place, "expected a JSON value");
}

static bool scan_value(
    struct scanner *s, const struct place *place, unsigned depth);

struct names {
	char **items;
	size_t n;
};

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reports names that stand in an object more than once; frees them. */
static void
finish_names(struct scanner *s, const struct place *place, struct names *names)
{
	if (names->n > 1)
		qsort(names->items, names->n, sizeof *names->items,
		    compare_names);
	for (size_t i = 1; i < names->n; i++) {
		struct place member = { place, names->items[i], 0 };

		if (strcmp(names->items[i - 1], names->items[i]) == 0)
			report(s, &member, false, s->at,
			    "expected each key once, found it twice");
	}
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
}

static void
add_member(struct json_scan *scan, const struct json_member *member)
{
	scan->members = xreallocarray(
	    scan->members, scan->n_members + 1, sizeof *scan->members);
	scan->members[scan->n_members] = *member;
	scan->members[scan->n_members++].name = xstrdup(member->name);
}

static bool
scan_member(struct scanner *s, const struct place *place, unsigned depth,
    struct names *names)
{
	struct buffer name = BUFFER_INIT(SIZE_MAX / 2);
	struct json_member member;
	struct place inner = { place, NULL, 0 };

	skip_space(s);
	member.key = s->at;
	if (!scan_string(s, place, &name)) {
		buffer_release(&name);
		return false;
	}
	member.key_len = (size_t)(s->at - member.key);
	member.name = buffer_take(&name);
	/* Doubling when n is a power of two keeps this linear. */
	if ((names->n & (names->n - 1)) == 0)
		names->items = xreallocarray(names->items,
		    names->n > 0 ? names->n * 2 : 1, sizeof *names->items);
	names->items[names->n++] = member.name;
	inner.name = member.name;
	skip_space(s);
	if (s->at >= s->end || *s->at != ':')
		return fail(s, &inner, "expected ':' after a key");
	s->at++;
	skip_space(s);
	member.value = s->at;
	if (!scan_value(s, &inner, depth))
		return false;
	member.value_len = (size_t)(s->at - member.value);
	if (place == NULL)
		add_member(s->scan, &member);
	return true;
}

/* Behind a member or element: true to go on; *closed at the bracket. */
static bool
scan_separator(
    struct scanner *s, const struct place *place, char close, bool *closed)
{
	skip_space(s);
	*closed = s->at < s->end && *s->at == close;
	if (!*closed && (s->at >= s->end || *s->at != ','))
		return fail(s, place,
		    close == '}' ? "expected ',' or '}' after a member"
				 : "expected ',' or ']' after an element");
	s->at++;
	return true;
}

static bool
scan_object(struct scanner *s, const struct place *place, unsigned depth)
{
	struct names names = { NULL, 0 };
	bool closed = false, good = true;

	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == '}') {
		s->at++;
		return true;
	}
	while (good && !closed)
		good = scan_member(s, place, depth, &names) &&
		    scan_separator(s, place, '}', &closed);
	finish_names(s, place, &names);
	return good;
}

static bool
scan_array(struct scanner *s, const struct place *place, unsigned depth)
{
	struct place element = { place, NULL, 0 };
	bool closed = false;

	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == ']') {
		s->at++;
		return true;
	}
	while (!closed) {
		skip_space(s);
		if (!scan_value(s, &element, depth) ||
		    !scan_separator(s, place, ']', &closed))
			return false;
		element.index++;
	}
	return true;
}

static bool
scan_value(struct scanner *s, const struct place *place, unsigned depth)
{
	if (s->at >= s->end)
		return fail(s, place, "");
	if ((*s->at == '{' || *s->at == '[') && depth >= JSON_MAX_DEPTH)
		return fail(s, place, "nested more than 128 levels deep");
	switch (*s->at) {
	case '{':
		return scan_object(s, place, depth + 1);
	case '[':
		return scan_array(s, place, depth + 1);
	case '"':
		return scan_string(s, place, NULL);
	case 't':
	case 'f':
	case 'n':
		return scan_word(s, place);
	default:
		return scan_number(s, place);
	}
}

void
json_scan(struct json_scan *scan, const char *text, size_t len)
{
	struct scanner s = { .text = text, .at = text, .end = text + len };

	*scan = (struct json_scan){ 0 };
	s.scan = scan;
	skip_space(&s);
	if (s.at == s.end) {
		report(&s, NULL, true, s.at, "the text is empty");
		return;
	}
	if (!scan_value(&s, NULL, 0))
		return;
	skip_space(&s);
	if (s.at < s.end)
		report(&s, NULL, true, s.at,
		    "expected the end, found more text after the value");
}

void
json_scan_release(struct json_scan *scan)
{
	for (size_t i = 0; i < scan->n_members; i++)
		free(scan->members[i].name);
	for (size_t i = 0; i < scan->n_problems; i++) {
		free(scan->problems[i].pointer);
		free(scan->problems[i].message);
	}
	free(scan->members);
	free(scan->problems);
	*scan = (struct json_scan){ 0 };
}
