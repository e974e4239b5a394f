/* SPDX-License-Identifier: MIT */
#include "string_list.h"

#include "memory.h"

size_t
string_list_count(char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

bool
string_list_has(char *const *list, const char *text)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

void
string_list_add(char ***list, char *text)
{
	size_t n = string_list_count(*list);

	*list = xreallocarray(*list, n + 2, sizeof **list);
	(*list)[n] = text;
	(*list)[n + 1] = NULL;
}
