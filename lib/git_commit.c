/* SPDX-License-Identifier: MIT */
#include "git_internal.h"

#include "log.h"
#include "memory.h"

struct addition {
	const struct git *git;
	bool filters;
	struct error *err;
};

/* 0: add, 1: leave out, -1: stop. */
static int
consider(const char *path, const char *pathspec, void *context)
{
	struct addition *addition = context;
	size_t len = strlen(path);

	(void)pathspec;
	/* libgit2 stops at a repository that is no submodule; git adds a
	 * gitlink that leads nowhere. */
	if (len > 0 && path[len - 1] == '/') {
		log_warn("nested_repository",
		    "left '%s' out: it is a git repository of its own", path);
		return 1;
	}
	if (addition->filters)
		addition->err = git_check_filter(addition->git, path);
	return addition->err == NULL ? 0 : -1;
}

struct error *
git_add_everything(struct git *git, git_index *index)
{
	struct addition addition = { .git = git, .filters = git->filters };
	int code = git_index_add_all(
	    index, NULL, GIT_INDEX_ADD_DEFAULT, consider, &addition);

	/* Attributes that came with this very change: once more. */
	if (code == 0 && !addition.filters &&
	    git_index_has_filters(git, index)) {
		addition.filters = true;
		for (size_t i = 0;
		     addition.err == NULL && i < git_index_entrycount(index);
		     i++)
			addition.err = git_check_filter(
			    git, git_index_get_byindex(index, i)->path);
	}
	if (addition.err != NULL)
		return addition.err;
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot add the changes in '%s'", git->path);
	return NULL;
}
