/* SPDX-License-Identifier: MIT */
/*
 * Properties of the masking engine, on many small random inputs:
 *   oracle   the output is the brute-force union of all matches
 *   chunks   it is the same for every split, in two, in three, byte by byte
 *   text     a stream and a whole text give the same
 *   twice    masking the output changes nothing
 *
 * mask_property [SEED [ROUNDS]]; the first input that fails is printed.
 */
#include "mask.h"

#include <stdint.h>

#include "buffer.h"
#include "memory.h"

enum { MAX_TEXT = 400, MAX_VALUES = 8, MAX_LEN = 200 };

struct sample {
	char values[MAX_VALUES][MAX_LEN];
	size_t lens[MAX_VALUES];
	size_t n;
	char text[4 * MAX_TEXT];
	size_t len;
};

static uint64_t state;

static size_t
pick(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)((state >> 11) % n);
}

static struct error *
collect(void *context, const char *bytes, size_t len)
{
	struct buffer *out = context;

	buffer_append(out, bytes, len);
	return NULL;
}

/* The text through a stream, cut at two places. */
static void
through_stream(struct buffer *out, const struct mask *mask, const char *text,
    size_t len, size_t first, size_t second)
{
	struct mask_stream *stream = mask_stream_new(mask, collect, out);

	buffer_clear(out);
	error_free(mask_stream_write(stream, text, first));
	error_free(mask_stream_write(stream, text + first, second - first));
	error_free(mask_stream_write(stream, text + second, len - second));
	error_free(mask_stream_end(stream));
	mask_stream_free(stream);
}

static void
byte_by_byte(
    struct buffer *out, const struct mask *mask, const char *text, size_t len)
{
	struct mask_stream *stream = mask_stream_new(mask, collect, out);

	buffer_clear(out);
	for (size_t i = 0; i < len; i++)
		error_free(mask_stream_write(stream, text + i, 1));
	error_free(mask_stream_end(stream));
	mask_stream_free(stream);
}

static bool
is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_mask_at(const struct sample *s, size_t at)
{
	return at + 3 <= s->len && memcmp(s->text + at, "***", 3) == 0;
}

static bool
stands_alone(const struct sample *s, size_t start, size_t end)
{
	if (start > 0 && is_alphanumeric(s->text[start - 1]))
		return false;
	if (end < s->len && is_alphanumeric(s->text[end]))
		return false;
	return !(start >= 3 && is_mask_at(s, start - 3)) && !is_mask_at(s, end);
}

static void
cover_value(bool *covered, const struct sample *s, size_t v)
{
	size_t len = s->lens[v];

	for (size_t at = 0; at < s->len; at++) {
		size_t left = s->len - at;
		size_t n = len < left ? len : left;

		if (memcmp(s->text + at, s->values[v], n) != 0)
			continue;
		if (len < 8 && (n < len || !stands_alone(s, at, at + n)))
			continue;
		if (n < len && n < 16 && n * 2 < len)
			continue;
		memset(covered + at, 1, n);
	}
}

/* What the output must be when no value occurs in an encoding. */
static void
oracle(struct buffer *out, const struct sample *s)
{
	bool covered[sizeof s->text] = { false };

	buffer_clear(out);
	buffer_append(out, "", 0);
	for (size_t v = 0; v < s->n; v++)
		cover_value(covered, s, v);
	for (size_t at = 0; at < s->len; at++) {
		if (!covered[at])
			buffer_append(out, s->text + at, 1);
		else if (at == 0 || !covered[at - 1])
			buffer_append_string(out, "***");
	}
}

static void
print_bytes(const char *title, const char *bytes, size_t len)
{
	printf("%s: \"", title);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	printf("\" (%zu bytes)\n", len);
}

static void
fail(const char *property, const struct sample *s, const struct buffer *want,
    const struct buffer *got, size_t first, size_t second)
{
	printf("the property '%s' does not hold, split at %zu and %zu\n",
	    property, first, second);
	for (size_t v = 0; v < s->n; v++)
		print_bytes("value", s->values[v], s->lens[v]);
	print_bytes("text", s->text, s->len);
	print_bytes("want", want->data, want->len);
	print_bytes("got ", got->data, got->len);
	exit(1);
}

static bool
same(const struct buffer *a, const struct buffer *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void
check_splits(const struct mask *mask, const struct sample *s,
    const struct buffer *want, struct buffer *got)
{
	for (size_t first = 0; first <= s->len; first++) {
		size_t second = first + pick(s->len - first + 1);

		through_stream(got, mask, s->text, s->len, first, second);
		if (!same(want, got))
			fail("chunks", s, want, got, first, second);
	}
	byte_by_byte(got, mask, s->text, s->len);
	if (!same(want, got))
		fail("bytes", s, want, got, 1, 2);
}

static void
check(const struct sample *s, bool has_oracle)
{
	struct mask *mask = mask_new();
	struct buffer want = BUFFER_INIT(1 << 20), got = BUFFER_INIT(1 << 20);
	size_t len;
	char *text;

	for (size_t v = 0; v < s->n; v++)
		mask_add(mask, "VALUE", s->values[v], s->lens[v]);
	buffer_append(&want, "", 0);
	buffer_append(&got, "", 0);
	through_stream(&want, mask, s->text, s->len, s->len, s->len);
	if (has_oracle) {
		oracle(&got, s);
		if (!same(&got, &want))
			fail("oracle", s, &got, &want, s->len, s->len);
	}
	check_splits(mask, s, &want, &got);
	text = mask_text(mask, s->text, s->len, &len);
	buffer_clear(&got);
	buffer_append(&got, text, len);
	free(text);
	if (!same(&want, &got))
		fail("text", s, &want, &got, 0, 0);
	byte_by_byte(&got, mask, want.data, want.len);
	if (!same(&want, &got))
		fail("twice", s, &want, &got, 0, 0);
	buffer_release(&want);
	buffer_release(&got);
	mask_free(mask);
}

static void
random_bytes(char *bytes, size_t len, const char *alphabet)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = alphabet[pick(strlen(alphabet))];
}

static void
add_text(struct sample *s, const char *bytes, size_t len)
{
	if (s->len + len > MAX_TEXT)
		return;
	memcpy(s->text + s->len, bytes, len);
	s->len += len;
}

/* Pieces of values, whole ones, and noise from the same alphabet. */
static void
make_text(struct sample *s, const char *alphabet)
{
	size_t pieces = 1 + pick(12);

	s->len = 0;
	for (size_t i = 0; i < pieces; i++) {
		size_t v = pick(s->n), from = 0, to = s->lens[v];
		char noise[8];

		if (pick(2) == 0)
			from = pick(to);
		if (pick(2) == 0)
			to = from + pick(to - from + 1);
		add_text(s, s->values[v] + from, to - from);
		if (pick(2) == 0)
			continue;
		to = pick(sizeof noise);
		random_bytes(noise, to, alphabet);
		add_text(s, noise, to);
	}
}

/* Values over few letters: overlaps, prefixes, repeats. */
static void
letters(struct sample *s, const char *alphabet, const char *noise,
    size_t shortest, size_t longest)
{
	s->n = 1 + pick(MAX_VALUES);
	for (size_t v = 0; v < s->n; v++) {
		s->lens[v] = shortest + pick(longest - shortest + 1);
		random_bytes(s->values[v], s->lens[v], alphabet);
	}
	make_text(s, noise);
}

static size_t
base64(char *out, const char *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		unsigned a = (unsigned char)bytes[i];
		unsigned b = i + 1 < len ? (unsigned char)bytes[i + 1] : 0;
		unsigned c = i + 2 < len ? (unsigned char)bytes[i + 2] : 0;

		out[n++] = digits[a >> 2];
		out[n++] = digits[(a << 4 | b >> 4) & 63];
		out[n++] = i + 1 < len ? digits[(b << 2 | c >> 6) & 63] : '=';
		out[n++] = i + 2 < len ? digits[c & 63] : '=';
	}
	return n;
}

static size_t
hex(char *out, const char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[(unsigned char)bytes[i] >> 4];
		out[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
	}
	return 2 * len;
}

/* Puts something into a text at every `columns` bytes. */
static void
add_wrapped(struct sample *s, const char *bytes, size_t len, size_t columns,
    const char *between)
{
	for (size_t at = 0; at < len; at += columns) {
		size_t n = len - at < columns ? len - at : columns;

		if (at > 0)
			add_text(s, between, strlen(between));
		add_text(s, bytes + at, n);
	}
}

/* Encoded values with line ends and colours in them. */
static void
encodings(struct sample *s)
{
	static const char *const between[] = { "\n", "\r\n", "\\n", "\n  ",
		"\033[31m", "\033[0m\033[1;32m", "" };
	static const char alphabet[] = "abXY01+/\\\"'\n u-";

	s->n = 1 + pick(3);
	for (size_t v = 0; v < s->n; v++) {
		s->lens[v] = 8 + pick(40);
		random_bytes(s->values[v], s->lens[v], alphabet);
	}
	make_text(s, alphabet);
	s->len = pick(s->len + 1);
	for (size_t i = pick(4); i > 0; i--) {
		char plain[100], encoded[400];
		size_t v = pick(s->n), before = pick(50), n;

		random_bytes(plain, before, alphabet);
		memcpy(plain + before, s->values[v], s->lens[v]);
		n = pick(2) == 0 ? base64(encoded, plain, before + s->lens[v])
				 : hex(encoded, plain, before + s->lens[v]);
		add_wrapped(s, encoded, n, 56 + pick(21),
		    between[pick(sizeof between / sizeof between[0])]);
	}
}

/* Values of several lines, printed with something before each. */
static void
lines(struct sample *s)
{
	s->n = 1 + pick(2);
	for (size_t v = 0; v < s->n; v++) {
		s->lens[v] = 10 + pick(MAX_LEN - 10);
		random_bytes(s->values[v], s->lens[v], "abcdefgh\n");
	}
	s->len = 0;
	for (size_t v = 0; v < s->n; v++) {
		size_t start = 0;

		for (size_t i = 0; i <= s->lens[v]; i++) {
			if (i < s->lens[v] && s->values[v][i] != '\n')
				continue;
			add_text(s, "12:00 | ", pick(9));
			add_text(s, s->values[v] + start, i - start);
			add_text(s, "\r\n", 2);
			start = i + 1;
		}
	}
}

/* What rules look at, in any order, with a value in it. */
static void
rules(struct sample *s)
{
	static const char *const pieces[] = { "password", "token", "PASSWORD",
		"api_key", "secret", "authorization", "Cookie", "cookie",
		"--token", "=", ":", ": ", " = ", ":=", "=>", ">", "\"", "'",
		"\\\"", "\\\\\\\"", "\\", "\\n", "\n", "\r\n", " ", "\t", "{",
		"}", "[", "]", ",", "***", "*", "$", "${", "<",
		"hunter2hunter2", "a1", "abcdefgh", "12345678", "-1.5", "true",
		"null", "Bearer ", "Basic ", "mF_9.B5f-4.1JqMabcdef",
		"dXNlcjpwYXNzd29y", "eyJ", "hbGciOiJIUzI1NiJ9", ".",
		"eyJzdWIiOiIxMjM0NTY3", "http://", "https:\\/\\/", "user", "@",
		"host", "/", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN ",
		"PRIVATE KEY-----", "-----END", "MIIEowIBAAKCAQEAu1SU1LfVLPHC",
		"hki=", "\\/", "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a",
		"glpat-", "abcdefghijklmnopqrst", "AKIA", "IOSFODNN7EXAMPLE",
		"curl", " -u ", "\033[31m", "\033", "%3D", "\"\"\"", "x", "(",
		"&", ";", "known-value" };

	s->n = 1;
	s->lens[0] = strlen("known-value");
	memcpy(s->values[0], "known-value", s->lens[0]);
	s->len = 0;
	for (size_t i = 2 + pick(22); i > 0; i--) {
		const char *piece =
		    pieces[pick(sizeof pieces / sizeof pieces[0])];

		add_text(s, piece, strlen(piece));
	}
}

int
main(int argc, char *argv[])
{
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 300;
	struct sample s = { 0 };

	state = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	state = state * 0x9e3779b97f4a7c15U + 1;
	for (size_t i = 0; i < rounds; i++) {
		letters(&s, "ab", "ab", 8, 12);
		check(&s, true);
		letters(&s, "xy-", "xy-*", 4, 12);
		check(&s, true);
		letters(&s, "abc", "abc\033", 8, 40);
		check(&s, true);
		letters(&s, "abcdefgh", "abcdefgh", 60, 190);
		check(&s, false);
		letters(&s, "ab\\u0\"", "ab\\u0\"", 8, 14);
		check(&s, false);
		letters(&s, "12", "12\":,[]-. \\*", 7, 9);
		check(&s, false);
		encodings(&s);
		check(&s, false);
		lines(&s);
		check(&s, false);
		for (int j = 0; j < 8; j++) {
			rules(&s);
			check(&s, false);
		}
	}
	return 0;
}
