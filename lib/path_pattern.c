/* SPDX-License-Identifier: MIT */
#include "path_pattern.h"

#include <fnmatch.h>

#include "memory.h"

/* One component against one of the pattern. */
static bool
matches_part(
    const char *pattern, size_t pattern_len, const char *path, size_t path_len)
{
	char *pattern_part = xstrndup(pattern, pattern_len);
	char *path_part = xstrndup(path, path_len);
	bool yes = fnmatch(pattern_part, path_part, 0) == 0;

	free(pattern_part);
	free(path_part);
	return yes;
}

static const char *
after_slash(const char *text, size_t len)
{
	return text[len] == '/' ? text + len + 1 : NULL;
}

/*
 * From here on, component by component. The pattern may end before the path
 * does: then it matched a directory.
 */
static bool
matches_from(const char *pattern, const char *path)
{
	size_t pattern_len = strcspn(pattern, "/");
	size_t path_len = strcspn(path, "/");
	const char *pattern_rest = after_slash(pattern, pattern_len);
	const char *path_rest = after_slash(path, path_len);

	if (pattern_len == 2 && strncmp(pattern, "**", 2) == 0) {
		if (pattern_rest == NULL || *pattern_rest == '\0')
			return true;
		return matches_from(pattern_rest, path) ||
		    (path_rest != NULL && matches_from(pattern, path_rest));
	}
	if (!matches_part(pattern, pattern_len, path, path_len))
		return false;
	if (pattern_rest == NULL)
		return true;
	if (path_rest == NULL)
		return false; /* a file, and a directory is asked for */
	return *pattern_rest == '\0' || matches_from(pattern_rest, path_rest);
}

bool
path_pattern_matches(const char *pattern, const char *path)
{
	size_t slash = strcspn(pattern, "/");

	if (pattern[slash] == '/' && pattern[slash + 1] != '\0')
		return matches_from(
		    *pattern == '/' ? pattern + 1 : pattern, path);
	for (; path != NULL; path = after_slash(path, strcspn(path, "/")))
		if (matches_from(pattern, path))
			return true;
	return false;
}

const char *
path_pattern_find(char *const *patterns, const char *path)
{
	for (; patterns != NULL && *patterns != NULL; patterns++)
		if (path_pattern_matches(*patterns, path))
			return *patterns;
	return NULL;
}
