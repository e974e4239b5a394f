/* SPDX-License-Identifier: MIT */
#include "test_place.h"

#include <ctype.h>

#include "memory.h"

enum { MAX_EXTENSION = 5, MAX_PATH_BYTES = 300, MAX_DIGITS = 7 };

struct place {
	const char *file;
	size_t file_len;
	unsigned long line;
};

static bool
is_path_character(char c)
{
	return isalnum((unsigned char)c) || strchr("_./-+@\\", c) != NULL;
}

/* "12" with something else behind it. */
static bool
parse_line(unsigned long *line, const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > MAX_DIGITS)
		return false;
	*line = strtoul(text, NULL, 10);
	return *line > 0;
}

/* "dir/name.ext" that ends before a colon; from where the text begins. */
static bool
take_path_before(struct place *place, const char *text, const char *colon)
{
	const char *start = colon, *dot = NULL;

	while (start > text && start[-1] != '\0' &&
	    is_path_character(start[-1]) && colon - start < MAX_PATH_BYTES) {
		start--;
		if (*start == '.' && dot == NULL)
			dot = start;
	}
	if (dot == NULL || dot == start || colon - dot - 1 < 1 ||
	    colon - dot - 1 > MAX_EXTENSION ||
	    !isalpha((unsigned char)dot[1]) || strchr("/\\.", dot[-1]) != NULL)
		return false;
	place->file = start;
	place->file_len = (size_t)(colon - start);
	return true;
}

/* What stands between the beginning of its line and the place. */
static bool
begins_line(const char *text, const struct place *place)
{
	static const char *const words[] = { "", "at ", "--> ", "(", "at (",
		"File ", "in " };
	const char *start = place->file;
	size_t len;

	while (start > text && start[-1] != '\n')
		start--;
	start += strspn(start, " \t");
	if (start > place->file)
		return true;
	len = (size_t)(place->file - start);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == len &&
		    strncmp(start, words[i], len) == 0)
			return true;
	/* node: "at Object.toBe (/dir/x.test.js:3:10)"; of Java, whose files
	 * have no directory there, the first is seldom the test's own. */
	if (len > 4 && strncmp(start, "at ", 3) == 0 &&
	    place->file[-1] == '(' &&
	    memchr(place->file, '/', place->file_len) != NULL)
		return true;
	/* rust: "thread 'x' panicked at src/lib.rs:10:9:", and before 1.73
	 * "panicked at 'what was said', src/lib.rs:10:9" */
	if (len > 3 && strncmp(place->file - 3, "', ", 3) == 0)
		return true;
	return len > 12 && strncmp(place->file - 12, "panicked at ", 12) == 0;
}

/* "com.example.BarTest" and "BarTest$Inner" have the part BarTest. */
static bool
has_part(const char *suite, const char *part)
{
	size_t len = strlen(part);

	for (const char *c = strstr(suite, part); c != NULL;
	     c = strstr(c + 1, part))
		if ((c == suite || !isalnum((unsigned char)c[-1])) &&
		    !isalnum((unsigned char)c[len]))
			return true;
	return false;
}

/* BarTest.java is the file of com.example.BarTest; of Go's the name tells. */
static bool
is_named_after(const char *suite, const struct place *place)
{
	const char *name = place->file + place->file_len;
	const char *dot = name;
	char *stem;
	bool is;

	while (name > place->file && strchr("/\\", name[-1]) == NULL)
		name--;
	while (dot > name && *dot != '.')
		dot--;
	if (place->file_len > 8 &&
	    strncmp(place->file + place->file_len - 8, "_test.go", 8) == 0)
		return true;
	if (suite == NULL || dot <= name)
		return false;
	stem = xstrndup(name, (size_t)(dot - name));
	is = has_part(suite, stem);
	free(stem);
	return is;
}

static bool
find_colon(struct place *best, const char *text, const char *suite)
{
	bool found = false;

	for (const char *c = strchr(text, ':'); c != NULL;
	     c = strchr(c + 1, ':')) {
		struct place place;

		if (!parse_line(&place.line, c + 1) ||
		    !take_path_before(&place, text, c))
			continue;
		if (is_named_after(suite, &place)) {
			*best = place;
			return true;
		}
		if (!found && begins_line(text, &place)) {
			*best = place;
			found = true;
		}
	}
	return found;
}

/* "<before>FILE<between>LINE" */
static bool
find_words(struct place *place, const char *text, const char *before,
    const char *between)
{
	const char *file = text, *end;

	while ((file = strstr(file, before)) != NULL) {
		file += strlen(before);
		end = strstr(file, between);
		if (end == NULL)
			return false;
		if (end > file && end - file < MAX_PATH_BYTES &&
		    memchr(file, '\n', (size_t)(end - file)) == NULL &&
		    parse_line(&place->line, end + strlen(between))) {
			place->file = file;
			place->file_len = (size_t)(end - file);
			return true;
		}
	}
	return false;
}

void
test_place_find(struct test_case *found)
{
	struct place place;

	if (found->message == NULL || found->file != NULL || found->line > 0)
		return;
	if (!find_words(&place, found->message, "in test file ", ", line ") &&
	    !find_words(&place, found->message, "File \"", "\", line ") &&
	    !find_words(&place, found->message, "at ", " line ") &&
	    !find_colon(&place, found->message, found->suite))
		return;
	found->file = xstrndup(place.file, place.file_len);
	found->line = place.line;
}
