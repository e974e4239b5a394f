/* SPDX-License-Identifier: MIT */
#include "path_list.h"

#include <unistd.h>

#include "file.h"
#include "memory.h"

void
path_list_add(struct path_list *list, char *path)
{
	list->items =
	    xreallocarray(list->items, list->n + 2, sizeof *list->items);
	list->items[list->n++] = path;
	list->items[list->n] = NULL;
}

void
path_list_add_all(struct path_list *list, char *const *paths)
{
	for (; paths != NULL && *paths != NULL; paths++)
		path_list_add(list, xstrdup(*paths));
}

void
path_list_add_resolved(struct path_list *list, const char *path)
{
	/* Most that are asked for are not there. */
	char *resolved = access(path, F_OK) == 0 ? file_resolve(path) : NULL;

	if (resolved != NULL)
		path_list_add(list, resolved);
}

bool
path_list_has(const struct path_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], path) == 0)
			return true;
	return false;
}

void
path_list_release(struct path_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct path_list){ NULL };
}

bool
path_is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (len > 0 && root[len - 1] == '/')
		len--;
	return strncmp(path, root, len) == 0 && path[len] == '/' &&
	    path[len + 1] != '\0';
}

bool
path_is_in(const char *path, const char *root)
{
	return strcmp(path, root) == 0 || path_is_below(path, root);
}

char *
path_plain(const char *path)
{
	char *plain = xcalloc(strlen(path) + 2, 1), *end = plain;
	size_t len;

	for (; *path != '\0'; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && strncmp(path, "..", 2) == 0) {
			free(plain);
			return NULL;
		}
		if (len == 0 || (len == 1 && *path == '.'))
			continue;
		*end++ = '/';
		memcpy(end, path, len);
		end += len;
	}
	if (end == plain)
		*end = '/';
	return plain;
}
