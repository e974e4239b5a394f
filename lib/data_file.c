/* SPDX-License-Identifier: MIT */
#include "data_file.h"

#include <unistd.h>

#include "file.h"
#include "json.h"
#include "memory.h"

/* Built from source, share/ lies beside bin/; something else may lie there
 * where it is installed. */
static char *
beside_program(const char *name)
{
	char *directory = file_program_directory(), *path, *mark;

	if (directory == NULL)
		return NULL;
	path = xasprintf("%s/../share/necrocode/%s", directory, name);
	mark = xasprintf("%s/../share/schema/document.schema.json", directory);
	if (access(path, F_OK) != 0 && access(mark, F_OK) == 0) {
		free(path);
		path = xasprintf("%s/../share/%s", directory, name);
	}
	free(mark);
	free(directory);
	return path;
}

static char *
of_person(const char *own)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config != NULL && *config == '/')
		return xasprintf("%s/necrocode/%s", config, own);
	if (home == NULL || *home != '/')
		return NULL;
	return xasprintf("%s/.config/necrocode/%s", home, own);
}

static void
add(char **list, size_t *n, char *path)
{
	if (path != NULL)
		list[(*n)++] = path;
}

char **
data_file_directories(const char *own, const char *name)
{
	enum { MOST = 3 };
	const char *given = getenv("NR_DATA_DIR");
	char **list = xcalloc(MOST + 1, sizeof *list);
	size_t n = 0;

	if (own != NULL)
		add(list, &n, of_person(own));
	if (given != NULL && *given != '\0') {
		add(list, &n, file_join(given, name));
		return list;
	}
	add(list, &n, beside_program(name));
	add(list, &n, xasprintf("%s/%s", DATADIR, name));
	return list;
}

char *
data_file_find(const char *own, const char *name)
{
	char **list = data_file_directories(own, name), *found = NULL;

	for (size_t i = 0; list[i] != NULL && found == NULL; i++)
		if (access(list[i], F_OK) == 0)
			found = xstrdup(list[i]);
	json_strings_free(list);
	return found;
}
