/* SPDX-License-Identifier: MIT */
#include "coder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "memory.h"
#include "path_list.h"
#include "workspace_path.h"

enum { MAX_CHANGES = 1000, MAX_FILE_BYTES = 16 * 1024 * 1024 };

enum operation { CREATE, MODIFY, DELETE };

struct change {
	char *path; /* real */
	enum operation operation;
	bool exists, is_link;
	mode_t mode;
	jv content;
	struct buffer before; /* of one that exists */
	bool made;
};

struct plan {
	struct change *changes;
	size_t n;
};

static void
release(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->changes[i].path);
		jv_free(plan->changes[i].content);
		buffer_release(&plan->changes[i].before);
	}
	free(plan->changes);
}

static bool
parse_operation(enum operation *operation, const char *word)
{
	static const char *const words[] = { "create", "modify", "delete" };

	for (int i = CREATE; i <= DELETE; i++) {
		*operation = (enum operation)i;
		if (word != NULL && strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

/* NULL: the change makes sense. */
static const char *
objection(const struct plan *plan, const struct change *change)
{
	if (change->path == NULL)
		return "it has no path";
	/* Which is to go, the link or the file? */
	if (change->operation == DELETE && change->is_link)
		return "it is a symbolic link, and names another file";
	if (change->operation == DELETE && !change->exists)
		return "there is no such file to delete";
	if (change->operation == MODIFY && !change->exists)
		return "there is no such file to modify";
	if (change->operation != DELETE &&
	    jv_get_kind(change->content) != JV_KIND_STRING)
		return "its content is no string";
	for (size_t i = 0; i < plan->n; i++) {
		const char *other = plan->changes[i].path;

		if (strcmp(other, change->path) == 0)
			return "it is changed twice";
		if (path_is_below(change->path, other) ||
		    path_is_below(other, change->path))
			return "another change makes a part of its path a file";
	}
	return NULL;
}

/* What there is to go back to. */
static struct error *
remember(struct change *change, const char *workspace, const char *path)
{
	struct stat info;

	if (stat(change->path, &info) < 0)
		return error_errno(ERROR_IO, "cannot use '%s'", path);
	change->mode = info.st_mode & 07777;
	return workspace_path_read(&change->before, workspace, path);
}

static bool
is_link(const char *workspace, const char *path)
{
	char *full = *path == '/' ? xstrdup(path) : file_join(workspace, path);
	struct stat info;
	bool yes = lstat(full, &info) == 0 && S_ISLNK(info.st_mode);

	free(full);
	return yes;
}

static struct error *
plan_change(struct plan *plan, const char *workspace, jv given, size_t n)
{
	const char *path = json_string(given, "file_path"), *why;
	struct change change = { .content = json_get(given, "content"),
		.before = BUFFER_INIT(MAX_FILE_BYTES) };
	struct error *error = NULL;

	if (path == NULL)
		error = error_new(
		    ERROR_IMPLEMENTATION, "change %zu has no file_path", n + 1);
	else if (!parse_operation(
		     &change.operation, json_string(given, "operation")))
		error = error_new(ERROR_IMPLEMENTATION,
		    "the operation on '%s' is none of create, modify, delete",
		    path);
	else
		error = workspace_path_resolve(
		    &change.path, &change.exists, workspace, path);
	if (error == NULL && path != NULL)
		change.is_link = is_link(workspace, path);
	why = error == NULL ? objection(plan, &change) : NULL;
	if (why != NULL)
		error = error_new(
		    ERROR_IMPLEMENTATION, "cannot change '%s': %s", path, why);
	if (error == NULL && change.exists)
		error = remember(&change, workspace, path);
	if (error != NULL) {
		free(change.path);
		jv_free(change.content);
		buffer_release(&change.before);
		return error;
	}
	plan->changes =
	    xreallocarray(plan->changes, plan->n + 1, sizeof *plan->changes);
	plan->changes[plan->n++] = change;
	return NULL;
}

static struct error *
make(const char *workspace, struct change *change)
{
	const char *content;

	if (change->path == NULL)
		return NULL;
	if (change->operation == DELETE) {
		if (unlink(change->path) < 0)
			return error_errno(
			    ERROR_IO, "cannot delete '%s'", change->path);
		change->made = true;
		return NULL;
	}
	content = jv_string_value(change->content);
	/* Also if it fails: something of it may be there. */
	change->made = true;
	return workspace_path_write(
	    workspace, change->path, content, strlen(content));
}

static void
take_back(const char *workspace, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct change *change = &plan->changes[i];
		const char *before = change->before.data;

		if (!change->made || change->path == NULL)
			continue;
		if (!change->exists) {
			unlink(change->path);
			continue;
		}
		error_free(workspace_path_write(workspace, change->path,
		    before != NULL ? before : "", change->before.len));
		chmod(change->path, change->mode);
	}
}

struct error *
coder_apply(const char *workspace, jv changes)
{
	size_t n = json_array_length(changes, NULL);
	struct plan plan = { 0 };
	struct error *error = NULL;

	if (jv_get_kind(changes) != JV_KIND_ARRAY || n > MAX_CHANGES)
		return error_new(ERROR_IMPLEMENTATION,
		    "code_changes is no array of at most %d changes",
		    MAX_CHANGES);
	for (size_t i = 0; error == NULL && i < n; i++) {
		jv change = json_element(changes, i);

		error = plan_change(&plan, workspace, change, i);
		jv_free(change);
	}
	for (size_t i = 0; error == NULL && i < n; i++)
		error = make(workspace, &plan.changes[i]);
	if (error != NULL)
		take_back(workspace, &plan);
	release(&plan);
	return error;
}
