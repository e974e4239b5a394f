/* SPDX-License-Identifier: MIT */
#include "playbook_find.h"

#include <errno.h>
#include <unistd.h>

#include "data_file.h"
#include "file.h"
#include "memory.h"
#include "path_list.h"

static const char *
name_of(const struct stage *stage)
{
	const char *name = document_string(stage->doc, "playbook_path");

	if (name == NULL || *name == '\0')
		name = config_string(stage->config, "default_playbook_path");
	return name != NULL && *name != '\0' ? name : NULL;
}

bool
playbook_is_named(const struct stage *stage)
{
	return name_of(stage) != NULL;
}

bool
playbook_is_outside(const struct stage *stage, const char *workspace)
{
	const char *name = name_of(stage);

	return name != NULL && *name == '/' && !path_is_in(name, workspace);
}

/* "python" and "python.yaml"; NULL: none of this name comes with us. */
static char *
find_ours(const char *name)
{
	size_t len = strlen(name);
	bool whole = len > 5 && strcmp(name + len - 5, ".yaml") == 0;
	char *own = xasprintf("playbooks/%s%s", name, whole ? "" : ".yaml");
	char *path = NULL;

	if (strchr(name, '/') == NULL)
		path = data_file_find(own, own);
	free(own);
	return path;
}

struct error *
playbook_find(char **path, const struct stage *stage, const char *workspace)
{
	const char *name = name_of(stage);
	char *ours;

	*path = NULL;
	if (name == NULL)
		return NULL;
	*path = *name == '/' ? xstrdup(name) : file_join(workspace, name);
	if (access(*path, F_OK) == 0)
		return NULL;
	ours = *name != '/' ? find_ours(name) : NULL;
	if (ours != NULL) {
		free(*path);
		*path = ours;
		return NULL;
	}
	errno = ENOENT;
	free(*path);
	*path = NULL;
	return error_errno(ERROR_CONFIG,
	    "cannot read playbook '%s', which is looked for in the workspace "
	    "and among those that come with the toolkit",
	    name);
}

struct error *
playbook_find_default(char **path)
{
	*path = find_ours("default");
	if (*path != NULL)
		return NULL;
	return error_new(ERROR_CONFIG,
	    "cannot find playbooks/default.yaml of the toolkit: set "
	    "NR_DATA_DIR, or name a playbook");
}
