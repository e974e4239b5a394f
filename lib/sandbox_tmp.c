/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* mkdtemp, S_ISVTX */
#include "sandbox_tmp.h"

#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "memory.h"

static struct error *
make_directories(struct sandbox_tmp *tmp, const char *parent)
{
	enum { FOR_ALL = S_ISVTX | 0777 };

	tmp->directory = file_join(parent, "nr-XXXXXX");
	if (mkdtemp(tmp->directory) == NULL) {
		free(tmp->directory);
		tmp->directory = NULL;
		return error_errno(ERROR_IO,
		    "cannot create a temporary directory in '%s'", parent);
	}
	tmp->path = file_join(tmp->directory, "tmp");
	/* Root's commands may become somebody else, such as a database's user;
	 * nobody but them gets at it. */
	if (mkdir(tmp->path, 0700) < 0 ||
	    (geteuid() == 0 && chmod(tmp->path, FOR_ALL) < 0))
		return error_errno(
		    ERROR_IO, "cannot create directory '%s'", tmp->path);
	return NULL;
}

struct error *
sandbox_tmp_open(struct sandbox_tmp *tmp, struct namespace_plan *plan,
    const struct sandbox_options *options, const struct path_list *hidden,
    char *const *more)
{
	const char *parent = getenv("TMPDIR");
	struct error *error;

	*tmp = (struct sandbox_tmp){ NULL };
	if (parent == NULL || *parent != '/')
		parent = "/tmp";
	error = make_directories(tmp, parent);
	if (error != NULL)
		return error;
	sandbox_view_plan(tmp, plan, options, hidden, more);
	tmp->setting = xasprintf("TMPDIR=%s",
	    plan != NULL && tmp->places.n > 0 ? tmp->places.items[0]
					      : tmp->path);
	return NULL;
}

void
sandbox_tmp_close(struct sandbox_tmp *tmp)
{
	struct error *error = NULL;

	if (tmp->directory != NULL)
		error = file_remove_tree(tmp->directory);
	/* It has no say in how the command has ended. */
	if (error != NULL)
		log_warn("tmp_left", "%s", error->message);
	error_free(error);
	path_list_release(&tmp->places);
	path_list_release(&tmp->shared);
	free(tmp->directory);
	free(tmp->path);
	free(tmp->setting);
	*tmp = (struct sandbox_tmp){ NULL };
}
