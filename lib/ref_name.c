/* SPDX-License-Identifier: MIT */
#include "ref_name.h"

#include "memory.h"

static bool
refused(unsigned char c)
{
	return c < 0x21 || c == 0x7f || strchr("~^:?*[\\", c) != NULL;
}

static bool
component_valid(const char *start, size_t len)
{
	return len > 0 && start[0] != '.' && start[len - 1] != '.' &&
	    !(len >= 5 && memcmp(start + len - 5, ".lock", 5) == 0);
}

bool
ref_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > REF_NAME_MAX || name[0] == '-' ||
	    strcmp(name, "@") == 0 || strcmp(name, "HEAD") == 0 ||
	    strstr(name, "..") != NULL || strstr(name, "@{") != NULL)
		return false;
	for (const char *c = name; *c != '\0'; c++)
		if (refused((unsigned char)*c))
			return false;
	for (const char *part = name;; part++) {
		size_t part_len = strcspn(part, "/");

		if (!component_valid(part, part_len))
			return false;
		part += part_len;
		if (*part == '\0')
			return true;
	}
}

/* May this character follow what was made so far? */
static bool
fits(const char *made, size_t len, char c)
{
	char before = len > 0 ? made[len - 1] : '/';

	if (refused((unsigned char)c))
		return false;
	if (c == '.' || c == '-' || c == '/')
		return before != '/' && before != '.' && before != '-';
	return !(c == '{' && before == '@');
}

char *
ref_name_make(const char *text)
{
	char *made = xmalloc(REF_NAME_MAX + 8);
	size_t len = 0;

	for (; *text != '\0' && len < REF_NAME_MAX; text++) {
		if (fits(made, len, *text))
			made[len++] = *text;
		else if (fits(made, len, '-'))
			made[len++] = '-';
		/* "x.lock/" and "x.lock" at the end are refused by git. */
		if (len >= 5 && memcmp(made + len - 5, ".lock", 5) == 0)
			made[len - 5] = '-';
	}
	/* A cut must not leave half a UTF-8 character, nor a bad last one. */
	while (len > 0 &&
	    ((*text != '\0' && (made[len - 1] & 0x80)) ||
		strchr("./-", made[len - 1]) != NULL))
		len--;
	made[len] = '\0';
	if (!ref_name_valid(made))
		memcpy(made, "task", sizeof "task");
	return made;
}
