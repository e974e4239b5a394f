/* SPDX-License-Identifier: MIT */
#include "variable_path.h"

#include "json.h"
#include "memory.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"

static size_t
name_len(const char *text)
{
	if (*text == '\0' || strchr(LETTERS, *text) == NULL)
		return 0;
	return strspn(text, LETTERS DIGITS "-");
}

/* ["a name"], ['a name'] or [3]; *inside is what is between. */
static size_t
bracket_len(const char *text, const char **inside, size_t *inside_len)
{
	char quote = text[1];
	const char *end;

	if (*text != '[')
		return 0;
	if (quote == '"' || quote == '\'') {
		*inside = text + 2;
		end = strchr(*inside, quote);
		if (end == NULL || end[1] != ']')
			return 0;
		*inside_len = (size_t)(end - *inside);
		return *inside_len + 4;
	}
	*inside = text + 1;
	*inside_len = strspn(*inside, DIGITS);
	if (*inside_len == 0 || *inside_len > 9 ||
	    (*inside)[*inside_len] != ']')
		return 0;
	return *inside_len + 2;
}

/* One more part; 0: there is none. */
static size_t
next_part(const char *text, const char **inside, size_t *inside_len)
{
	if (*text == '[')
		return bracket_len(text, inside, inside_len);
	if (*text != '.')
		return 0;
	*inside = text + 1;
	*inside_len = name_len(*inside);
	return *inside_len > 0 ? *inside_len + 1 : 0;
}

size_t
variable_path_parse(char ***parts, const char *text)
{
	size_t len = name_len(text), inside_len, more, n = 1;
	const char *inside;
	char **list;

	*parts = NULL;
	if (len == 0)
		return 0;
	list = xcalloc(VARIABLE_PATH_MAX_PARTS + 1, sizeof *list);
	list[0] = xstrndup(text, len);
	while (n < VARIABLE_PATH_MAX_PARTS &&
	    (more = next_part(text + len, &inside, &inside_len)) > 0) {
		list[n++] = xstrndup(inside, inside_len);
		len += more;
	}
	*parts = list;
	return len;
}

static jv
step_down(jv value, const char *part)
{
	jv_kind kind = jv_get_kind(value);
	jv below = jv_null();

	if (kind == JV_KIND_OBJECT &&
	    jv_object_has(jv_copy(value), jv_string(part)))
		below = jv_object_get(jv_copy(value), jv_string(part));
	else if (kind == JV_KIND_ARRAY && *part != '\0' &&
	    part[strspn(part, DIGITS)] == '\0')
		below = json_element(value, strtoul(part, NULL, 10));
	jv_free(value);
	return below;
}

jv
variable_path_follow(jv value, char *const *parts)
{
	jv at = jv_copy(value);

	for (; *parts != NULL; parts++)
		at = step_down(at, *parts);
	if (jv_is_valid(at))
		return at;
	jv_free(at);
	return jv_null();
}
