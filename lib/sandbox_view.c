/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getcwd that allocates */
#include "sandbox_tmp.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"

/* That are written to by the kernel's own means. */
static const char *const system_paths[] = { "/proc", "/dev/pts", "/dev/shm" };

struct view {
	const struct sandbox_options *options;
	struct sandbox_tmp *tmp;
	struct namespace_plan *plan;
	const struct path_list *hidden;
	struct path_list write, read; /* resolved */
	struct path_list seen; /* entries of the places that stay to be seen */
	bool exact;            /* paths alone, not the entry that they are in */
	unsigned n_masks;
};

static void
add_all_resolved(struct path_list *list, char *const *paths)
{
	for (; paths != NULL && *paths != NULL; paths++)
		path_list_add_resolved(list, *paths);
}

static bool
is_in_any(const char *path, const struct path_list *roots)
{
	for (size_t i = 0; i < roots->n; i++)
		if (path_is_in(path, roots->items[i]))
			return true;
	return false;
}

static bool
has_any_below(const struct path_list *paths, const char *root)
{
	for (size_t i = 0; i < paths->n; i++)
		if (path_is_below(paths->items[i], root))
			return true;
	return false;
}

static bool
can_be_shared(const struct view *view, const char *place)
{
	if (!is_in_any(place, view->hidden) &&
	    !has_any_below(&view->write, place) &&
	    !has_any_below(view->hidden, place))
		return true;
	/* There mounts keep it from the rest. */
	return sandbox_tmp_is_own(place);
}

static void
choose_places(struct view *view)
{
	static const char *const names[] = { "/tmp", "/var/tmp" };
	struct path_list all = { NULL };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		path_list_add_resolved(&all, names[i]);
	for (size_t i = 0; i < all.n; i++) {
		const char *place = all.items[i];

		/* Who asks for all of it gets it as it is. */
		if (is_in_any(place, &view->write) ||
		    is_in_any(place, &view->read) ||
		    is_in_any(place, &view->tmp->places))
			continue;
		path_list_add(&view->tmp->places, xstrdup(place));
		if (is_in_any(place, view->hidden))
			view->exact = true;
		if (view->plan == NULL && can_be_shared(view, place))
			path_list_add(&view->tmp->shared, xstrdup(place));
	}
	path_list_release(&all);
}

/* Is the path, which must be a plain one, of a place? */
static bool
is_entry(const char *path, const struct path_list *places, const char **place)
{
	for (size_t i = 0; i < places->n; i++) {
		*place = places->items[i];
		if (path_is_below(path, *place))
			return true;
	}
	return false;
}

/* The same link; what it leads to is another matter. False: there is one
 * already, or none can be made. */
static bool
copy_link(const struct view *view, const char *link, const char *place)
{
	char target[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof target - 1);
	char *copy = file_join(view->tmp->path, link + strlen(place) + 1);
	bool done;

	target[len > 0 ? len : 0] = '\0';
	done = symlink(target, copy) == 0;
	free(copy);
	return done;
}

static void
see_plain(struct view *view, const char *path)
{
	const char *place;
	char *entry, *resolved;
	struct stat info;
	size_t len;

	if (!is_entry(path, &view->tmp->places, &place))
		return;
	len = strlen(place) + 1;
	len += strcspn(path + len, "/");
	entry = xstrndup(path, len);
	if (lstat(entry, &info) == 0 && S_ISLNK(info.st_mode)) {
		(void)copy_link(view, entry, place);
		resolved = file_resolve(path);
		if (resolved != NULL)
			see_plain(view, resolved);
		free(resolved);
		free(entry);
		return;
	}
	if (view->exact) {
		free(entry);
		entry = xstrdup(path);
	}
	if (!path_list_has(&view->seen, entry) && access(entry, F_OK) == 0)
		path_list_add(&view->seen, entry);
	else
		free(entry);
}

/* A way out of a place, by "..", is none into it. */
static void
see(struct view *view, const char *path)
{
	char *plain = *path == '/' ? path_plain(path) : NULL;

	if (plain != NULL)
		see_plain(view, plain);
	free(plain);
}

static void
see_all(struct view *view, char *const *paths)
{
	for (; paths != NULL && *paths != NULL; paths++)
		see(view, *paths);
}

/* The paths in PATH=/tmp/a:/tmp/b, HOME=/tmp/c, ... */
static void
see_setting(struct view *view, const char *setting)
{
	const char *value = strchr(setting, '=');

	/* It gets another one. */
	if (strncmp(setting, "TMPDIR=", 7) == 0)
		return;
	while (value != NULL) {
		size_t len = strcspn(++value, ":");

		if (*value == '/') {
			char *path = xstrndup(value, len);

			see(view, path);
			free(path);
		}
		value = value[len] != '\0' ? value + len : NULL;
	}
}

static void
see_what_is_named(struct view *view)
{
	const struct sandbox_options *options = view->options;

	if (options->workspace != NULL)
		see(view, options->workspace);
	see_all(view, options->write);
	see_all(view, options->read);
	see_all(view, view->write.items);
	see_all(view, view->read.items);
	if (view->exact)
		return;
	if (view->plan->directory != NULL)
		see(view, view->plan->directory);
	see_all(view, options->argv);
	for (size_t i = 0;
	     options->environment != NULL && options->environment[i] != NULL;
	     i++)
		see_setting(view, options->environment[i]);
}

/* The directory that the command starts in, if that is another one then. */
static void
note_directory(struct view *view)
{
	char *directory =
	    view->options->directory == NULL ? getcwd(NULL, 0) : NULL;
	const char *place;

	if (directory != NULL &&
	    is_entry(directory, &view->tmp->places, &place))
		view->plan->directory = directory;
	else
		free(directory);
}

/* The directory below the one that is given, which is closed. */
static int
enter(int directory, const char *name)
{
	int fd;

	(void)mkdirat(directory, name, 0755);
	fd = openat(
	    directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(directory);
	return fd;
}

/*
 * For a mount of what is like the path `like`. A command before this one may
 * have put links in the way, which are not followed. If it cannot be made the
 * mount fails, and so does the command.
 */
static void
make_mount_point(const char *root, const char *rest, const char *like)
{
	int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char *copy = xstrdup(rest), *name = copy, *slash;
	struct stat info;

	while (directory >= 0 && (slash = strchr(name, '/')) != NULL) {
		*slash = '\0';
		directory = enter(directory, name);
		name = slash + 1;
	}
	if (directory >= 0 && stat(like, &info) == 0 && S_ISDIR(info.st_mode))
		directory = enter(directory, name);
	else if (directory >= 0)
		fd = openat(directory, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	if (directory >= 0)
		close(directory);
	free(copy);
}

static void
mount(struct view *view, const char *from, const char *to, bool read_only)
{
	namespace_mounts_add(&view->plan->mounts, from, to, read_only);
}

static void
mount_entry(struct view *view, const char *entry)
{
	const char *place;
	char *resolved = file_resolve(entry);

	if (resolved == NULL || !is_entry(entry, &view->tmp->places, &place)) {
		free(resolved);
		return;
	}
	make_mount_point(view->tmp->path, entry + strlen(place) + 1, entry);
	if (!path_list_has(view->hidden, entry) ||
	    path_list_has(&view->read, entry) ||
	    path_list_has(&view->write, entry))
		mount(view, entry, entry, !is_in_any(resolved, &view->write));
	free(resolved);
}

static void
keep_below(const struct path_list *paths, const char *hidden, const char *mask)
{
	for (size_t i = 0; i < paths->n; i++)
		if (path_is_below(paths->items[i], hidden))
			make_mount_point(mask,
			    paths->items[i] + strlen(hidden) + 1,
			    paths->items[i]);
}

/* Landlock allows what is below a directory, whatever is mounted in there. So
 * what must not be read must not be there. */
static void
mount_mask(struct view *view, const char *hidden)
{
	const char *masks = sandbox_tmp_masks(view->tmp);
	char *name = xasprintf("%u", view->n_masks++);
	char *mask = file_join(masks, name);

	make_mount_point(masks, name, hidden);
	free(name);
	keep_below(&view->read, hidden, mask);
	keep_below(&view->write, hidden, mask);
	mount(view, mask, hidden, true);
	free(mask);
}

/* What is in a place is not, but for what stays to be seen. */
static bool
is_there(const struct view *view, const char *path)
{
	return !is_in_any(path, &view->tmp->places) ||
	    is_in_any(path, &view->seen);
}

static void
mount_masks(struct view *view)
{
	for (size_t i = 0; i < view->hidden->n; i++) {
		const char *hidden = view->hidden->items[i];

		if (is_there(view, hidden) &&
		    !path_list_has(&view->read, hidden) &&
		    !path_list_has(&view->write, hidden))
			mount_mask(view, hidden);
	}
}

static void
mount_options(struct view *view)
{
	for (size_t i = 0; i < view->read.n; i++) {
		const char *path = view->read.items[i];

		if (is_there(view, path) && is_in_any(path, view->hidden) &&
		    !path_list_has(&view->seen, path))
			mount(view, path, path, true);
	}
	for (size_t i = 0; i < view->write.n; i++) {
		const char *path = view->write.items[i];

		/* All of the machine is not to be read-only at all. */
		if (strcmp(path, "/") == 0)
			view->plan->read_only = false;
		else if (is_there(view, path) &&
		    !path_list_has(&view->seen, path))
			mount(view, path, path, false);
	}
}

/* What is above comes first. */
static int
compare(const void *left, const void *right)
{
	size_t a = strlen(((const struct namespace_mount *)left)->to);
	size_t b = strlen(((const struct namespace_mount *)right)->to);

	return (a > b) - (a < b);
}

static void
add_mounts(struct view *view)
{
	const struct path_list *places = &view->tmp->places;
	struct namespace_mounts *mounts = &view->plan->mounts;

	view->plan->read_only = true;
	for (size_t i = 0; i < places->n; i++)
		mount(view, view->tmp->path, places->items[i], false);
	for (size_t i = 0; i < view->seen.n; i++)
		mount_entry(view, view->seen.items[i]);
	mount_masks(view);
	mount_options(view);
	qsort(mounts->items, mounts->n, sizeof *mounts->items, compare);
}

void
sandbox_view_plan(struct sandbox_tmp *tmp, struct namespace_plan *plan,
    const struct sandbox_options *options, const struct path_list *hidden,
    char *const *more)
{
	struct view view = {
		.options = options,
		.tmp = tmp,
		.plan = plan,
		.hidden = hidden,
		.exact = options->mode == SANDBOX_STRICT,
	};

	/* The rules say what may be written to in there. */
	for (size_t i = 0; i < sizeof system_paths / sizeof *system_paths; i++)
		path_list_add_resolved(&view.write, system_paths[i]);
	if (options->workspace != NULL)
		path_list_add_resolved(&view.write, options->workspace);
	add_all_resolved(&view.write, options->write);
	add_all_resolved(&view.write, more);
	add_all_resolved(&view.read, options->read);
	choose_places(&view);
	if (tmp->places.n == 0)
		path_list_add(&view.write, xstrdup(tmp->path));
	if (plan != NULL) {
		note_directory(&view);
		see_what_is_named(&view);
		add_mounts(&view);
	}
	path_list_release(&view.write);
	path_list_release(&view.read);
	path_list_release(&view.seen);
}
