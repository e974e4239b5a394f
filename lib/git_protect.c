/* SPDX-License-Identifier: MIT */
#include "git_protect.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "git_layout.h"
#include "git_submodules.h"
#include "memory.h"
#include "text.h"

enum { MAX_ALTERNATES_BYTES = 64 * 1024 };

static void
add_if_there(struct path_list *list, const char *directory, const char *name)
{
	char *path = file_join(directory, name);
	struct stat info;

	/* A link would have something else protected. */
	if (lstat(path, &info) == 0 &&
	    (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)))
		path_list_add(list, path);
	else
		free(path);
}

static void
protect_directory(struct git_protection *protection, const char *directory)
{
	static const char *const names[] = { "config", "config.worktree",
		"commondir", "gitdir", "hooks", "info",
		"objects/info/alternates", "necrocode.lock" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		add_if_there(&protection->read_only, directory, names[i]);
}

static void
protect_submodules(struct git_protection *protection, const char *directory)
{
	struct path_list submodules = { NULL };

	git_submodules(&submodules, NULL, directory);
	for (size_t i = 0; i < submodules.n; i++)
		protect_directory(protection, submodules.items[i]);
	path_list_release(&submodules);
}

static void
protect_linked(struct git_protection *protection, const char *work_tree,
    const struct git_layout *layout)
{
	static const char *const names[] = { "objects", "refs", "logs" };

	add_if_there(&protection->read_only, work_tree, ".git");
	path_list_add(&protection->writable, xstrdup(layout->directory));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		add_if_there(&protection->writable, layout->common, names[i]);
}

/* As objects/info/alternates names them, by absolute paths. A line that leads
 * to something else than objects gives nothing away. */
static void
add_borrowed(struct git_protection *protection, const char *common)
{
	struct buffer text = BUFFER_INIT(MAX_ALTERNATES_BYTES);
	char *path = file_join(common, "objects/info/alternates");
	char *rest, *line;

	if (access(path, F_OK) == 0)
		error_free(file_read(&text, path));
	line = text.data != NULL ? strtok_r(text.data, "\n", &rest) : NULL;
	for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *pack = file_join(line, "pack");

		if (line[0] == '/' && text_ends_with(line, "/objects") &&
		    access(pack, F_OK) == 0)
			path_list_add_resolved(&protection->readable, line);
		free(pack);
	}
	buffer_release(&text);
	free(path);
}

void
git_protect(struct git_protection *protection, const char *work_tree)
{
	struct git_layout layout;
	struct error *error = git_layout_find(&layout, work_tree);
	char *dot_git = file_join(work_tree, ".git");

	*protection = (struct git_protection){ 0 };
	error_free(error);
	if (error == NULL && layout.directory != NULL) {
		protect_directory(protection, layout.directory);
		protect_submodules(protection, layout.directory);
		add_borrowed(protection, layout.common);
		if (strcmp(layout.directory, dot_git) == 0)
			path_list_add(&protection->anchored, xstrdup(dot_git));
		else
			protect_linked(protection, work_tree, &layout);
	}
	if (error == NULL)
		git_layout_release(&layout);
	free(dot_git);
}

void
git_protection_release(struct git_protection *protection)
{
	path_list_release(&protection->anchored);
	path_list_release(&protection->read_only);
	path_list_release(&protection->writable);
	path_list_release(&protection->readable);
}
