/* SPDX-License-Identifier: MIT */
#include "git_modules.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"

enum { MAX_TEXT_BYTES = 64 * 1024, END = -1 };

/* A setting, and where the next begins. */
struct reader {
	const char *at, *end;
	bool bad;
	struct buffer section; /* "submodule.NAME" */
	struct buffer key, value;
};

static void
start(struct reader *reader, const char *text, size_t len)
{
	*reader = (struct reader){
		.at = text,
		.end = text + len,
		.section = BUFFER_INIT(MAX_TEXT_BYTES),
		.key = BUFFER_INIT(MAX_TEXT_BYTES),
		.value = BUFFER_INIT(MAX_TEXT_BYTES),
	};
	/* git passes over a byte order mark, and at a NUL its words end. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3;
	reader->bad = len > 0 && memchr(text, '\0', len) != NULL;
}

static void
finish(struct reader *reader)
{
	buffer_release(&reader->section);
	buffer_release(&reader->key);
	buffer_release(&reader->value);
}

static int
peek(const struct reader *reader)
{
	return reader->at < reader->end ? (unsigned char)*reader->at : END;
}

static int
take(struct reader *reader)
{
	int c = peek(reader);

	if (c == '\r' && reader->at + 1 < reader->end && reader->at[1] == '\n')
		reader->at++;
	if (c != END)
		c = (unsigned char)*reader->at++;
	return c;
}

static void
add(struct buffer *text, int c)
{
	char byte = (char)c;

	buffer_append(text, &byte, 1);
}

static bool
is_name_byte(int c)
{
	return c != END && (isalnum(c) || c == '-');
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
skip_line(struct reader *reader)
{
	int c;

	do
		c = take(reader);
	while (c != '\n' && c != END);
}

/* Behind the blank of [submodule "NAME"]. */
static bool
read_name(struct reader *reader)
{
	int c;

	do
		c = take(reader);
	while (is_blank(c));
	if (c != '"')
		return false;
	add(&reader->section, '.');
	while ((c = take(reader)) != '"') {
		if (c == '\\')
			c = take(reader);
		if (c == '\n' || c == END)
			return false;
		add(&reader->section, c);
	}
	return take(reader) == ']';
}

/* Behind the bracket. */
static bool
read_section(struct reader *reader)
{
	int c;

	buffer_clear(&reader->section);
	while ((c = take(reader)) != ']') {
		if (is_blank(c))
			return read_name(reader);
		if (!is_name_byte(c) && c != '.')
			return false;
		add(&reader->section, tolower(c));
	}
	return true;
}

/* Behind a backslash; one that continues the line adds nothing. */
static bool
read_escaped(struct reader *reader)
{
	int c = take(reader);

	if (c == '\n')
		return true;
	if (c == 't')
		c = '\t';
	else if (c == 'b')
		c = '\b';
	else if (c == 'n')
		c = '\n';
	else if (c != '\\' && c != '"')
		return false;
	add(&reader->value, c);
	return true;
}

/* Behind the equals sign, to the end of the line. */
static bool
read_value(struct reader *reader)
{
	size_t blanks = 0;
	bool quoted = false;
	int c;

	while ((c = take(reader)) != '\n' && c != END) {
		if (!quoted && is_blank(c)) {
			blanks += reader->value.len > 0;
			continue;
		}
		if (!quoted && (c == '#' || c == ';')) {
			skip_line(reader);
			return true;
		}
		for (; blanks > 0; blanks--)
			add(&reader->value, ' ');
		if (c == '\\' && !read_escaped(reader))
			return false;
		if (c == '"')
			quoted = !quoted;
		else if (c != '\\')
			add(&reader->value, c);
	}
	return !quoted;
}

static bool
read_setting(struct reader *reader)
{
	int c;

	buffer_clear(&reader->key);
	buffer_clear(&reader->value);
	if (peek(reader) == END || !isalpha(peek(reader)))
		return false;
	while (is_name_byte(peek(reader)))
		add(&reader->key, tolower(take(reader)));
	do
		c = take(reader);
	while (c == ' ' || c == '\t');
	if (c == '=')
		return read_value(reader);
	return c == '\n' || c == END;
}

/* The next setting; false at the end, and where git would stop reading. */
static bool
next(struct reader *reader)
{
	while (!reader->bad) {
		int c = peek(reader);

		if (c == END)
			return false;
		if (c == '\n' || is_blank(c)) {
			take(reader);
		} else if (c == '#' || c == ';') {
			skip_line(reader);
		} else if (c == '[') {
			take(reader);
			reader->bad = !read_section(reader);
		} else {
			reader->bad = !read_setting(reader);
			return !reader->bad;
		}
	}
	return false;
}

/* NULL: the setting is of something else. */
static const char *
name_of(const struct reader *reader)
{
	static const char word[] = "submodule.";
	const char *section = reader->section.data;

	if (section == NULL || strncmp(section, word, strlen(word)) != 0)
		return NULL;
	return section + strlen(word);
}

static bool
is_bad_name(const char *name)
{
	if (*name == '\0')
		return true;
	while (*name != '\0') {
		size_t len = strcspn(name, "/\\");

		if (len == 2 && strncmp(name, "..", 2) == 0)
			return true;
		name += len;
		name += *name != '\0';
	}
	return false;
}

/* Such a one leads to another server than it seems to. */
static bool
is_bad_url(const char *url)
{
	const char *at = strstr(url, "://");
	size_t n_up = 0;

	if (strncmp(url, "ext::", 5) == 0)
		return true;
	for (const char *hex = url; (hex = strchr(hex, '%')) != NULL; hex++)
		if (strncasecmp(hex, "%0a", 3) == 0)
			return true;
	if (at != NULL && at[3] == '/' && strncmp(url, "file:", 5) != 0)
		return true;
	for (;;) {
		if (strncmp(url, "../", 3) == 0)
			n_up++, url += 3;
		else if (strncmp(url, "./", 2) == 0)
			url += 2;
		else
			return n_up > 0 && (*url == ':' || *url == '/');
	}
}

static bool
is_bad_value(const char *value)
{
	if (*value == '-' || *value == '!')
		return true;
	for (; *value != '\0'; value++)
		if (iscntrl((unsigned char)*value))
			return true;
	return false;
}

static const char *
text_of(const struct buffer *text)
{
	return text->len > 0 ? text->data : "";
}

bool
git_modules_are_bad(const char *text, size_t len)
{
	struct reader reader;
	bool bad = false;

	start(&reader, text, len);
	while (!bad && next(&reader)) {
		const char *name = name_of(&reader);
		const char *value = text_of(&reader.value);

		if (name != NULL)
			bad = is_bad_name(name) || is_bad_value(value) ||
			    (strcmp(reader.key.data, "url") == 0 &&
				is_bad_url(value));
	}
	bad = bad || reader.bad;
	finish(&reader);
	return bad;
}

bool
git_modules_have(const char *text, size_t len, const char *path)
{
	struct reader reader;
	bool found = false;

	start(&reader, text, len);
	while (!found && next(&reader))
		found = name_of(&reader) != NULL &&
		    strcmp(reader.key.data, "path") == 0 &&
		    strcmp(text_of(&reader.value), path) == 0;
	finish(&reader);
	return found;
}
