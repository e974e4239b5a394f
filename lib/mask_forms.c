/* SPDX-License-Identifier: MIT */
#include "mask_forms.h"

#include "buffer.h"
#include "memory.h"

enum { FORM_BYTES = 16 << 20 };

enum control { AS_IS, JSON, PYTHON, C, SHELL };
enum wide { WIDE_AS_IS, WIDE_UNICODE, WIDE_HEX, WIDE_OCTAL };

/* How a text is quoted. What no column names stays as it is. */
struct quoting {
	const char *name;
	const char *backslash;          /* \c */
	const char *unicode;            /* \u00XX */
	const char *doubled;            /* cc */
	const char *const (*entity)[2]; /* replaced; ends with NULL */
	enum control control;           /* bytes below space */
	enum wide wide;                 /* characters outside of ASCII */
	bool upper;                     /* hex digits */
};

static const char *const xml[][2] = { { "&", "&amp;" }, { "<", "&lt;" },
	{ ">", "&gt;" }, { NULL, NULL } };
static const char *const xml_quotes[][2] = { { "&", "&amp;" }, { "<", "&lt;" },
	{ ">", "&gt;" }, { "\"", "&quot;" }, { "'", "&apos;" },
	{ NULL, NULL } };
static const char *const xml_double[][2] = { { "&", "&amp;" }, { "<", "&lt;" },
	{ ">", "&gt;" }, { "\"", "&quot;" }, { NULL, NULL } };
static const char *const html_decimal[][2] = { { "&", "&amp;" },
	{ "<", "&lt;" }, { ">", "&gt;" }, { "\"", "&#34;" }, { "'", "&#39;" },
	{ NULL, NULL } };
static const char *const html_php[][2] = { { "&", "&amp;" }, { "<", "&lt;" },
	{ ">", "&gt;" }, { "\"", "&quot;" }, { "'", "&#039;" },
	{ NULL, NULL } };
static const char *const html_hex[][2] = { { "&", "&amp;" }, { "<", "&lt;" },
	{ ">", "&gt;" }, { "\"", "&quot;" }, { "'", "&#x27;" },
	{ NULL, NULL } };
static const char *const html_js[][2] = { { "&", "&amp;" }, { "<", "&lt;" },
	{ ">", "&gt;" }, { "\"", "&quot;" }, { "'", "&#39;" }, { NULL, NULL } };
static const char *const quote_backslash[][2] = { { "'", "'\\''" },
	{ NULL, NULL } };
static const char *const quote_double[][2] = { { "'", "'\"'\"'" },
	{ NULL, NULL } };
static const char *const percent_sign[][2] = { { "%", "%25" }, { NULL, NULL } };

static const struct quoting quotings[] = {
	{ .name = "JSON", .backslash = "\"\\", .control = JSON },
	{ .name = "JSON, jq",
	    .backslash = "\"\\",
	    .unicode = "\177",
	    .control = JSON },
	{ .name = "JSON, upper",
	    .backslash = "\"\\",
	    .control = JSON,
	    .upper = true },
	{ .name = "JSON, ASCII",
	    .backslash = "\"\\",
	    .unicode = "\177",
	    .control = JSON,
	    .wide = WIDE_UNICODE },
	{ .name = "JSON, ASCII, upper",
	    .backslash = "\"\\",
	    .control = JSON,
	    .wide = WIDE_UNICODE,
	    .upper = true },
	{ .name = "JSON, PHP",
	    .backslash = "\"\\/",
	    .control = JSON,
	    .wide = WIDE_UNICODE },
	{ .name = "JSON, slash", .backslash = "\"\\/", .control = JSON },
	{ .name = "JSON, slash as unicode",
	    .backslash = "\"\\",
	    .unicode = "/",
	    .control = JSON },
	{ .name = "JSON, Go",
	    .backslash = "\"\\",
	    .unicode = "<>&",
	    .control = JSON },
	{ .name = "JSON, Gson",
	    .backslash = "\"\\",
	    .unicode = "<>&='",
	    .control = JSON },
	{ .name = "JSON, .NET",
	    .backslash = "\\",
	    .unicode = "\"<>&'+`\177",
	    .control = JSON,
	    .wide = WIDE_UNICODE,
	    .upper = true },
	{ .name = "JSON, HTML-safe",
	    .backslash = "\\",
	    .unicode = "\"<>&'",
	    .control = JSON,
	    .wide = WIDE_UNICODE,
	    .upper = true },
	{ .name = "Python", .backslash = "\\", .control = PYTHON },
	{ .name = "Python, both quotes",
	    .backslash = "\\'",
	    .control = PYTHON },
	{ .name = "Python, bytes",
	    .backslash = "\\",
	    .control = PYTHON,
	    .wide = WIDE_HEX },
	{ .name = "Go %q", .backslash = "\"\\", .control = C },
	{ .name = "C", .backslash = "\"\\", .control = C, .wide = WIDE_OCTAL },
	{ .name = "shell, double quotes", .backslash = "\"\\$`" },
	{ .name = "bash, double quotes", .backslash = "\"\\$`!" },
	{ .name = "shell, '\\''", .entity = quote_backslash },
	{ .name = "shell, '\"'\"'", .entity = quote_double },
	{ .name = "printf %q", .backslash = " !\"$&'()*,;<>?[\\]^`{|}" },
	{ .name = "printf %q of coreutils", .backslash = "\"\\$`" },
	{ .name = "shlex in Perl",
	    .backslash = " !\"#$%&'()*+,:;<=>?[\\]^`"
			 "{|}~" },
	{ .name = "$'...'", .backslash = "\\'", .control = SHELL },
	{ .name = "$'...', ASCII",
	    .backslash = "\\'",
	    .control = SHELL,
	    .wide = WIDE_OCTAL },
	{ .name = "SQL", .doubled = "'" },
	{ .name = "CSV", .doubled = "\"" },
	{ .name = "make", .doubled = "$" },
	{ .name = "printf format", .doubled = "%" },
	{ .name = "XML", .entity = xml },
	{ .name = "XML, quotes", .entity = xml_quotes },
	{ .name = "XML, double quotes", .entity = xml_double },
	{ .name = "HTML, Go", .entity = html_decimal },
	{ .name = "HTML, JavaScript", .entity = html_js },
	{ .name = "HTML, PHP", .entity = html_php },
	{ .name = "HTML, Python", .entity = html_hex },
};

enum { n_quotings = sizeof quotings / sizeof quotings[0] };

/* Bytes that stay in a percent encoding, beside letters and digits. */
static const struct {
	const char *keep;
	const char *space;
} percents[] = {
	{ "-._~", "%20" },                 /* RFC 3986 */
	{ "-._~/", "%20" },                /* paths: Python's quote() */
	{ "-._*", "+" },                   /* forms */
	{ "-._~", "+" },                   /* Python's quote_plus() */
	{ "-._", "%20" },                  /* PHP before 5.3, old curl */
	{ "-_.!~*'()", "%20" },            /* encodeURIComponent() */
	{ "-_.!~*'();/?:@&=+$,#", "%20" }, /* encodeURI() */
};

enum { n_percents = sizeof percents / sizeof percents[0] };

static bool
is_in(unsigned char byte, const char *set)
{
	return set != NULL && byte != '\0' && strchr(set, byte) != NULL;
}

static bool
is_alphanumeric(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	    (byte >= 'A' && byte <= 'Z');
}

/* No quoting and no percent encoding changes these bytes. */
static bool
is_plain(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_alphanumeric((unsigned char)bytes[i]) &&
		    !is_in((unsigned char)bytes[i], "-._"))
			return false;
	return true;
}

/* The character at the start of valid UTF-8; its length, or 0. */
static size_t
decode(uint32_t *character, const char *bytes, size_t len)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)bytes[0];
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first < 0xc2 || first > 0xf4 || len < n)
		return 0;
	*character = first & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (byte & 0x3f);
	}
	if (*character < smallest[n] || *character > 0x10ffff ||
	    (*character >= 0xd800 && *character < 0xe000))
		return 0;
	return n;
}

static void
append_unicode(struct buffer *out, uint32_t character, bool upper)
{
	if (character >= 0x10000) {
		character -= 0x10000;
		append_unicode(out, 0xd800 + (character >> 10), upper);
		character = 0xdc00 + (character & 0x3ff);
	}
	if (upper)
		buffer_appendf(out, "\\u%04X", (unsigned)character);
	else
		buffer_appendf(out, "\\u%04x", (unsigned)character);
}

static void
append_control(
    struct buffer *out, unsigned char byte, const struct quoting *how)
{
	/* What stands behind the backslash, for each kind of control. */
	static const char *const from[] = { "", "\b\f\n\r\t", "\n\r\t",
		"\a\b\f\n\r\t\v", "\a\b\f\n\r\t\v\033" };
	static const char *const to[] = { "", "bfnrt", "nrt", "abfnrtv",
		"abfnrtvE" };
	const char *set = from[how->control];
	const char *at = byte == '\0' ? NULL : strchr(set, byte);

	if (at != NULL)
		buffer_appendf(out, "\\%c", to[how->control][at - set]);
	else if (how->control == JSON)
		append_unicode(out, byte, how->upper);
	else if (how->control == PYTHON || how->control == C)
		buffer_appendf(out, "\\x%02x", byte);
	else
		buffer_appendf(out, "\\%03o", byte);
}

static size_t
append_wide(struct buffer *out, const char *bytes, size_t len,
    const struct quoting *how)
{
	uint32_t character;
	size_t n = decode(&character, bytes, len);
	unsigned char byte = (unsigned char)bytes[0];

	if (how->wide == WIDE_UNICODE && n > 0) {
		append_unicode(out, character, how->upper);
		return n;
	}
	if (how->wide == WIDE_HEX)
		buffer_appendf(out, "\\x%02x", byte);
	else if (how->wide == WIDE_OCTAL)
		buffer_appendf(out, "\\%03o", byte);
	else
		buffer_append(out, bytes, 1);
	return 1;
}

static const char *
entity_of(const struct quoting *how, char byte)
{
	if (how->entity == NULL)
		return NULL;
	for (size_t i = 0; how->entity[i][0] != NULL; i++)
		if (how->entity[i][0][0] == byte)
			return how->entity[i][1];
	return NULL;
}

static void
quote(struct buffer *out, const char *bytes, size_t len,
    const struct quoting *how)
{
	buffer_clear(out);
	for (size_t i = 0; i < len;) {
		unsigned char byte = (unsigned char)bytes[i];
		const char *entity = entity_of(how, bytes[i]);

		if (byte >= 0x80) {
			i += append_wide(out, bytes + i, len - i, how);
			continue;
		}
		i++;
		if (entity != NULL)
			buffer_append_string(out, entity);
		else if (is_in(byte, how->backslash))
			buffer_appendf(out, "\\%c", byte);
		else if (is_in(byte, how->unicode))
			append_unicode(out, byte, how->upper);
		else if (is_in(byte, how->doubled))
			buffer_appendf(out, "%c%c", byte, byte);
		else if (byte < ' ' && how->control != AS_IS)
			append_control(out, byte, how);
		else
			buffer_append(out, &byte, 1);
	}
}

static bool
equals(const struct buffer *form, const char *bytes, size_t len)
{
	return form->len == len && memcmp(form->data, bytes, len) == 0;
}

/* A text, and the text as JSON, and that as JSON again. */
static void
add_nested(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	struct buffer once = BUFFER_INIT(FORM_BYTES);
	struct buffer twice = BUFFER_INIT(FORM_BYTES);

	mask_set_add(set, bytes, len, like);
	quote(&once, bytes, len, &quotings[0]);
	if (!equals(&once, bytes, len)) {
		mask_set_add(set, once.data, once.len, like);
		quote(&twice, once.data, once.len, &quotings[0]);
		mask_set_add(set, twice.data, twice.len, like);
	}
	buffer_release(&once);
	buffer_release(&twice);
}

void
mask_forms_add_text(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	struct buffer form = BUFFER_INIT(FORM_BYTES);

	if (is_plain(bytes, len)) {
		mask_set_add(set, bytes, len, like);
		return;
	}
	add_nested(set, bytes, len, like);
	for (int i = 0; i < n_quotings; i++) {
		quote(&form, bytes, len, &quotings[i]);
		if (!equals(&form, bytes, len))
			add_nested(set, form.data, form.len, like);
	}
	buffer_release(&form);
}

static void
percent(struct buffer *out, const char *bytes, size_t len, int how, bool upper)
{
	buffer_clear(out);
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (is_alphanumeric(byte) || is_in(byte, percents[how].keep)) {
			buffer_append(out, &byte, 1);
		} else if (byte == ' ') {
			buffer_append_string(out, percents[how].space);
		} else {
			buffer_append_string(out, "%");
			mask_forms_append_hex(out, byte, upper);
		}
	}
}

/* Percent encoding once and twice. */
static void
add_percent(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	static const struct quoting again = { .entity = percent_sign };
	struct buffer once = BUFFER_INIT(FORM_BYTES);
	struct buffer twice = BUFFER_INIT(FORM_BYTES);

	if (is_plain(bytes, len))
		return;
	for (int i = 0; i < 2 * n_percents; i++) {
		percent(&once, bytes, len, i / 2, i % 2 != 0);
		if (equals(&once, bytes, len))
			continue;
		mask_set_add(set, once.data, once.len, like);
		quote(&twice, once.data, once.len, &again);
		mask_set_add(set, twice.data, twice.len, like);
	}
	buffer_release(&once);
	buffer_release(&twice);
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* Base64 in the standard alphabet, in the one for URLs, and the standard one
 * as it stands in JSON of PHP and in a URL. */
static void
add_alphabets(
    struct mask_set *set, struct buffer *form, const struct mask_form *like)
{
	struct buffer other = BUFFER_INIT(FORM_BYTES);

	mask_set_add(set, form->data, form->len, like);
	if (is_plain(form->data, form->len))
		return;
	quote(&other, form->data, form->len,
	    &(struct quoting){ .backslash = "/" });
	mask_set_add(set, other.data, other.len, like);
	add_percent(set, form->data, form->len, like);
	for (size_t i = 0; i < form->len; i++) {
		if (form->data[i] == '+')
			form->data[i] = '-';
		else if (form->data[i] == '/')
			form->data[i] = '_';
	}
	mask_set_add(set, form->data, form->len, like);
	buffer_release(&other);
}

/* Six bits of the value from a bit on; those behind its end are 0. */
static unsigned
six_bits(const char *bytes, size_t len, size_t from)
{
	unsigned high = (unsigned char)bytes[from / 8], low = 0;

	if (from / 8 + 1 < len)
		low = (unsigned char)bytes[from / 8 + 1];
	return ((high << 8 | low) >> (10 - from % 8)) & 0x3f;
}

/*
 * Base64 of a text that holds the value after `before` bytes (modulo 3): the
 * digits that it decides alone, and the shared digit before them where that
 * tells more than two bits. The shared one behind them is looked at when a
 * match is found.
 */
static void
add_base64(struct mask_set *set, const char *bytes, size_t len, size_t before,
    const struct mask_form *like)
{
	size_t skip = (6 - before * 8 % 6) % 6;
	size_t left = (len * 8 - skip) % 6;
	size_t end = len * 8 - left;
	unsigned variants = before == 1 ? 4 : 1;

	for (unsigned i = 0; i < variants; i++) {
		struct buffer form = BUFFER_INIT(FORM_BYTES);
		struct mask_form shared = *like;

		if (before == 1) {
			unsigned high = (unsigned char)bytes[0] >> 4;

			buffer_append(&form, &base64_digits[i << 4 | high], 1);
		}
		for (size_t at = skip; at < end; at += 6)
			buffer_append(
			    &form, &base64_digits[six_bits(bytes, len, at)], 1);
		shared.shared_bits = (uint8_t)left;
		if (left > 0)
			shared.shared =
			    (uint8_t)(six_bits(bytes, len, end) >> (6 - left));
		add_alphabets(set, &form, &shared);
		buffer_release(&form);
	}
}

void
mask_forms_add_encoded(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like)
{
	for (size_t before = 0; before < 3; before++)
		add_base64(set, bytes, len, before, like);
	mask_forms_add_hex(set, bytes, len, like);
	mask_forms_add_utf16(set, bytes, len, like);
	add_percent(set, bytes, len, like);
}
