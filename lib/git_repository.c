/* SPDX-License-Identifier: MIT */
#include "git_internal.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "git_layout.h"
#include "json.h"
#include "memory.h"

enum { LAST_SECONDS = 2 };

struct error *
git_start(void)
{
	static bool started;
	int code;

	if (started)
		return NULL;
	/* libgit2 writes to sockets, and we to pipes, whose peer may die. */
	signal(SIGPIPE, SIG_IGN);
	git_leave_network_out();
	code = git_libgit2_init();
	if (code < 0)
		return git_failure(
		    ERROR_INTERNAL, code, "cannot start libgit2");
	if (getenv("GIT_CONFIG_NOSYSTEM") != NULL)
		git_libgit2_opts(
		    GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_SYSTEM, "");
	/* Trees and commits, not blobs: a run needs few, once each. */
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)4 << 20);
	started = true;
	return NULL;
}

const char *
git_reason(void)
{
	const git_error *last = git_error_last();

	if (last == NULL || last->message == NULL || *last->message == '\0')
		return "no reason given";
	return last->message;
}

struct error *
git_failure(enum error_type type, int code, const char *format, ...)
{
	struct error *error;
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	error = error_new(type, "%s: %s", text, git_reason());
	if (code == GIT_ELOCKED)
		error->retryable = true;
	free(text);
	return error;
}

static char *
without_slash(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

static struct error *
foreign_owner(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return error_errno(
		    ERROR_WORKSPACE, "cannot use slot '%s'", path);
	return error_new(ERROR_WORKSPACE,
	    "cannot use slot '%s': it belongs to another user (uid %u; this "
	    "is uid %u); run as that user, give it to this one with "
	    "chown -R, or trust it with: git config --global --add "
	    "safe.directory '%s'",
	    path, (unsigned)info.st_uid, (unsigned)geteuid(), path);
}

static struct error *
cannot_open(const char *path, int code)
{
	const char *reason = git_reason();

	if (code == GIT_EOWNER || strstr(reason, "safe.directory") != NULL)
		return foreign_owner(path);
	if (strstr(reason, "unsupported extension") != NULL ||
	    strstr(reason, "repository version") != NULL)
		return error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': its repository has a format that "
		    "is not supported (%s); use a clone in git's usual "
		    "format (sha1, files)",
		    path, reason);
	if (code == GIT_ENOTFOUND)
		return error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': not the top of a git work tree "
		    "(%s); give the path of a clone, or of an empty "
		    "directory together with repo_url",
		    path, reason);
	return error_new(
	    ERROR_WORKSPACE, "cannot use slot '%s': %s", path, reason);
}

static struct error *
check_directory(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return error_errno(
		    ERROR_WORKSPACE, "cannot use slot '%s'", path);
	if (!S_ISDIR(info.st_mode))
		return error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': not a directory", path);
	return NULL;
}

static struct error *
check_work_tree(struct git *git, const char *path)
{
	const char *work_tree = git_repository_workdir(git->repository);

	if (work_tree == NULL)
		return error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': it is a bare repository, with no "
		    "work tree; give the path of a clone of it",
		    path);
	git->path = without_slash(work_tree);
	if (strcmp(path, git->path) != 0)
		return error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': its work tree is '%s' (see "
		    "core.worktree in its configuration)",
		    path, git->path);
	return NULL;
}

/* A commit-graph says what commits have grown from, and nothing of what it
 * says is compared with the commits: an agent may have written it. */
static int
leave_graph_out(git_repository *repository)
{
	git_odb *objects = NULL;
	int code = git_repository_odb(&objects, repository);

	if (code == 0)
		code = git_odb_set_commit_graph(objects, NULL);
	git_odb_free(objects);
	return code;
}

static struct error *
open_repository(struct git *git, const char *path)
{
	struct git_layout layout;
	struct error *err = git_layout_find(&layout, path);
	int code;

	if (err == NULL)
		err = git_layout_check(&layout);
	git_layout_release(&layout);
	if (err != NULL)
		return err;
	code = git_repository_open_ext(&git->repository, path,
	    GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_CROSS_FS, NULL);
	if (code == 0)
		code = leave_graph_out(git->repository);
	if (code < 0)
		return cannot_open(path, code);
	err = check_work_tree(git, path);
	if (err != NULL)
		return err;
	git->directory = without_slash(git_repository_path(git->repository));
	git->common = without_slash(git_repository_commondir(git->repository));
	return git_check_features(git);
}

static struct error *
open_slot(struct git **result, const char *path, bool used)
{
	struct git *git;
	struct error *err = git_start();
	char *real;

	*result = NULL;
	if (err == NULL)
		err = check_directory(path);
	if (err != NULL)
		return err;
	real = file_resolve(path);
	if (real == NULL)
		return error_errno(
		    ERROR_WORKSPACE, "cannot use slot '%s'", path);
	git = xcalloc(1, sizeof *git);
	git->used = used;
	err = open_repository(git, real);
	if (err == NULL && !used)
		err = git_check_idle(git);
	free(real);
	if (err != NULL)
		git_close(git);
	else
		*result = git;
	return err;
}

struct error *
git_open(struct git **git, const char *path)
{
	return open_slot(git, path, false);
}

struct error *
git_open_used(struct git **git, const char *path)
{
	return open_slot(git, path, true);
}

const char *
git_path(const struct git *git)
{
	return git->path;
}

const char *
git_directory(const struct git *git)
{
	return git->directory;
}

bool
git_has_submodules(const struct git *git)
{
	git_index *index;
	bool yes;

	if (git_repository_index(&index, git->repository) < 0)
		return false;
	yes = git_index_get_bypath(index, ".gitmodules", 0) != NULL;
	git_index_free(index);
	return yes;
}

void
git_close(struct git *git)
{
	if (git == NULL)
		return;
	git_repository_free(git->repository);
	free(git->path);
	free(git->directory);
	free(git->common);
	free(git->author_name);
	free(git->author_email);
	free(git->shallow);
	free(git->sign_directory);
	json_strings_free(git->nested);
	json_strings_free(git->known);
	free(git);
}

void
git_set_author(struct git *git, const char *name, const char *email)
{
	free(git->author_name);
	free(git->author_email);
	git->author_name = name != NULL && *name != '\0' ? xstrdup(name) : NULL;
	git->author_email =
	    email != NULL && *email != '\0' ? xstrdup(email) : NULL;
}

void
git_set_ends(struct git *git, double ends)
{
	git->ends = ends;
}

double
git_seconds_left(const struct git *git, double most)
{
	double left = git->ends - clock_monotonic();

	if (git->ends <= 0 || left > most)
		return most;
	return left > LAST_SECONDS ? left : LAST_SECONDS;
}

struct error *
git_signature_of(const struct git *git, git_signature **signature)
{
	git_signature *own = NULL;
	const char *name = "necrocode", *email = "necrocode@localhost";
	int code;

	if (git_signature_default(&own, git->repository) == 0) {
		name = own->name;
		email = own->email;
	}
	if (git->author_name != NULL)
		name = git->author_name;
	if (git->author_email != NULL)
		email = git->author_email;
	code = git_signature_now(signature, name, email);
	git_signature_free(own);
	if (code < 0)
		return git_failure(ERROR_CONFIG, code,
		    "cannot commit as '%s <%s>'", name, email);
	return NULL;
}

struct error *
git_head(const struct git *git, char commit[GIT_ID_TEXT], char **branch)
{
	git_reference *head = NULL;
	git_oid id;
	const char *target = NULL;
	int code = git_reference_lookup(&head, git->repository, "HEAD");

	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read HEAD of '%s'", git->path);
	if (git_reference_type(head) == GIT_REFERENCE_SYMBOLIC)
		target = git_reference_symbolic_target(head);
	if (branch != NULL) {
		*branch = xstrdup("");
		if (target != NULL && strncmp(target, "refs/heads/", 11) == 0) {
			free(*branch);
			*branch = xstrdup(target + 11);
		}
	}
	git_reference_free(head);
	if (commit == NULL)
		return NULL;
	commit[0] = '\0';
	code = git_reference_name_to_id(&id, git->repository, "HEAD");
	if (code == 0)
		git_oid_tostr(commit, GIT_ID_TEXT, &id);
	return NULL;
}

struct error *
git_head_commit(const struct git *git, git_commit **commit)
{
	git_oid id;
	int code = git_reference_name_to_id(&id, git->repository, "HEAD");

	*commit = NULL;
	if (code == GIT_ENOTFOUND)
		return NULL;
	if (code == 0)
		code = git_commit_lookup(commit, git->repository, &id);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the commit of HEAD in '%s' (see: git fsck)",
		    git->path);
	return NULL;
}

struct error *
git_commit_by_text(const struct git *git, git_commit **commit, const char *text)
{
	git_oid id;
	int code = git_oid_fromstr(&id, text);

	*commit = NULL;
	if (code == 0)
		code = git_commit_lookup(commit, git->repository, &id);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot find commit '%s' in '%s'", text, git->path);
	return NULL;
}

bool
git_has_commit(const struct git *git, const git_oid *id)
{
	git_commit *commit;

	if (git_commit_lookup(&commit, git->repository, id) < 0)
		return false;
	git_commit_free(commit);
	return true;
}

bool
git_reference_id(const struct git *git, git_oid *id, const char *name)
{
	return git_reference_name_to_id(id, git->repository, name) == 0;
}

static const char *
changed_path(git_status_list *list, size_t n)
{
	const git_status_entry *entry = git_status_byindex(list, n);
	const git_diff_delta *delta = entry->index_to_workdir != NULL
	    ? entry->index_to_workdir
	    : entry->head_to_index;

	return delta->new_file.path;
}

static int
list_changes(struct git *git, git_status_list **list, unsigned more_flags)
{
	git_status_options options = {
		.version = GIT_STATUS_OPTIONS_VERSION,
		.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | more_flags,
	};

	/* git, which is to follow there, looks at nothing but times. */
	if (git->sparse)
		options.flags |= GIT_STATUS_OPT_UPDATE_INDEX;
	return git_status_list_new(list, git->repository, &options);
}

/* Directories that are not tracked are listed as such, which is much faster;
 * but there may be nothing in them than a repository. */
static int
look_into_directories(struct git *git, git_status_list **list)
{
	size_t n = git_status_list_entrycount(*list), i = 0;

	while (i < n && !git_is_nested(changed_path(*list, i)))
		i++;
	if (i == n)
		return 0;
	git_status_list_free(*list);
	*list = NULL;
	return list_changes(git, list, GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS);
}

struct error *
git_changed_paths(struct git *git, char ***paths, size_t max, size_t *n)
{
	git_status_list *list = NULL;
	size_t n_listed, kept = 0;
	int code = list_changes(git, &list, 0);

	*paths = NULL;
	*n = 0;
	if (code == 0)
		code = look_into_directories(git, &list);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot see what changed in '%s'", git->path);
	n_listed = git_status_list_entrycount(list);
	*paths = xcalloc((n_listed < max ? n_listed : max) + 1, sizeof **paths);
	for (size_t i = 0; i < n_listed; i++) {
		const char *path = changed_path(list, i);

		if (git_is_nested(path))
			git_add_nested(git, path);
		if (git_is_nested(path) || git_is_left_out(git, path))
			continue;
		++*n;
		if (kept < max)
			(*paths)[kept++] = xstrdup(path);
	}
	git_status_list_free(list);
	return NULL;
}

struct error *
git_tracked_paths(struct git *git, char ***paths, size_t max, size_t *n)
{
	git_index *index;
	size_t kept;
	int code = git_repository_index(&index, git->repository);

	*paths = NULL;
	*n = 0;
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the index of '%s'", git->path);
	*n = git_index_entrycount(index);
	kept = *n < max ? *n : max;
	*paths = xcalloc(kept + 1, sizeof **paths);
	for (size_t i = 0; i < kept; i++)
		(*paths)[i] = xstrdup(git_index_get_byindex(index, i)->path);
	git_index_free(index);
	return NULL;
}
