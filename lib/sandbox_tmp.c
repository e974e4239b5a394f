/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* mkdtemp, S_ISVTX, MAP_ANONYMOUS */
#include "sandbox_tmp.h"

#include <fnmatch.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "memory.h"

/* What is there, in memory that is shared with the guard, if there is one. */
struct notes {
	char directory[PATH_MAX], masks[PATH_MAX];
};
static struct notes notes_without_guard, *notes = &notes_without_guard;

/* NULL: it cannot be made. */
static char *
make_directory(const char *parent, char note[PATH_MAX])
{
	char *path = file_join(parent, "nr-sandbox-XXXXXX");

	if (mkdtemp(path) != NULL) {
		snprintf(note, PATH_MAX, "%s", path);
		return path;
	}
	free(path);
	return NULL;
}

/* Whatever has this name from now on is somebody else's. */
static void
remove_noted(char note[PATH_MAX])
{
	struct error *error = note[0] != '\0' ? file_remove_tree(note) : NULL;

	/* It has no say in how the command has ended. */
	if (error != NULL)
		log_warn("tmp_left", "%s", error->message);
	error_free(error);
	note[0] = '\0';
}

void
sandbox_tmp_prepare_sweep(void)
{
	void *memory = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE,
	    /* cppcheck-suppress invalidFunctionArg; there is no file */
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED)
		notes = memory;
	/* cppcheck-suppress memleak; it stays as long as the process */
}

void
sandbox_tmp_sweep(void)
{
	remove_noted(notes->directory);
	remove_noted(notes->masks);
}

/* Of all commands of this process: one command finds what another one has
 * left in /tmp, as anywhere. */
static struct {
	char *directory; /* NULL: not made yet */
	char *path;      /* the part of it that they write to */
} kept;

static void
remove_kept(void)
{
	remove_noted(notes->directory);
	free(kept.directory);
	free(kept.path);
	kept.directory = kept.path = NULL;
}

static struct error *
make_kept(const char *parent)
{
	enum { FOR_ALL = S_ISVTX | 0777 };

	if (kept.directory != NULL)
		return NULL;
	kept.directory = make_directory(parent, notes->directory);
	if (kept.directory == NULL)
		return error_errno(ERROR_IO,
		    "cannot create a temporary directory in '%s'", parent);
	atexit(remove_kept);
	if (geteuid() != 0) {
		kept.path = xstrdup(kept.directory);
		return NULL;
	}
	/* Root's commands may become somebody else, such as a database's user;
	 * nobody but them gets at it. */
	kept.path = file_join(kept.directory, "tmp");
	if (mkdir(kept.path, 0700) < 0 || chmod(kept.path, FOR_ALL) < 0)
		return error_errno(
		    ERROR_IO, "cannot create directory '%s'", kept.path);
	return NULL;
}

static const char *
parent_directory(void)
{
	const char *parent = getenv("TMPDIR");

	return parent != NULL && *parent == '/' ? parent : "/tmp";
}

const char *
sandbox_tmp_masks(struct sandbox_tmp *tmp)
{
	/* In memory, where directories cost next to nothing. */
	if (tmp->masks == NULL)
		tmp->masks = make_directory("/dev/shm", notes->masks);
	if (tmp->masks == NULL)
		tmp->masks = make_directory(parent_directory(), notes->masks);
	return tmp->masks != NULL ? tmp->masks : "/dev/null/none";
}

/* Of "... 8:1 /tmp/nr-sandbox-XXXXXX/tmp /tmp rw ..." the part that is
 * mounted: a directory as make_kept() makes it. */
static bool
is_ours(char *root)
{
	char *last = strrchr(root, '/');

	if (last != NULL && strcmp(last, "/tmp") == 0) {
		*last = '\0';
		last = strrchr(root, '/');
	}
	return last != NULL && fnmatch("/nr-sandbox-??????", last, 0) == 0;
}

bool
sandbox_tmp_is_own(const char *place)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool own = false;

	if (mounts == NULL)
		return false;
	while (getline(&line, &size, mounts) > 0) {
		char root[256], point[256];

		/* The last one counts. */
		if (sscanf(line, "%*s %*s %*s %255s %255s", root, point) == 2 &&
		    strcmp(point, place) == 0)
			own = is_ours(root);
	}
	free(line);
	fclose(mounts);
	return own;
}

struct error *
sandbox_tmp_open(struct sandbox_tmp *tmp, struct namespace_plan *plan,
    const struct sandbox_options *options, const struct path_list *hidden,
    char *const *more)
{
	struct error *error;

	*tmp = (struct sandbox_tmp){ NULL };
	error = make_kept(parent_directory());
	if (error != NULL)
		return error;
	tmp->path = xstrdup(kept.path);
	sandbox_view_plan(tmp, plan, options, hidden, more);
	tmp->setting = xasprintf("TMPDIR=%s",
	    plan != NULL && tmp->places.n > 0 ? tmp->places.items[0]
					      : tmp->path);
	return NULL;
}

void
sandbox_tmp_close(struct sandbox_tmp *tmp)
{
	remove_noted(notes->masks);
	path_list_release(&tmp->places);
	path_list_release(&tmp->shared);
	free(tmp->masks);
	free(tmp->path);
	free(tmp->setting);
	*tmp = (struct sandbox_tmp){ NULL };
}
