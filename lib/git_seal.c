/* SPDX-License-Identifier: MIT */
#include "git_seal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "memory.h"

enum {
	MAX_CONTENT = 1024 * 1024,
	MAX_ENTRIES = 4096,
	MAX_DEPTH = 8, /* of submodules in submodules */
};

enum kind { ABSENT, REGULAR, DIRECTORY, OTHER };

struct entry {
	char *path;
	enum kind kind;
	bool complete; /* a directory that holds what is listed, no more */
	struct stat info;
	char *content; /* NULL: not kept */
	size_t len;
};

struct list {
	char **items;
	size_t n;
};

/* Parents come before what is in them. */
struct git_seal {
	char *workspace;
	struct entry *entries;
	size_t n_entries;
	struct list anchored, read_only, writable;
};

static void
list_add(struct list *list, char *item)
{
	list->items =
	    xreallocarray(list->items, list->n + 2, sizeof *list->items);
	list->items[list->n++] = item;
	list->items[list->n] = NULL;
}

static void
list_free(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
}

static enum kind
look_at(const char *path, struct stat *info)
{
	if (lstat(path, info) < 0)
		return ABSENT;
	if (S_ISREG(info->st_mode))
		return REGULAR;
	return S_ISDIR(info->st_mode) ? DIRECTORY : OTHER;
}

static void
keep_content(struct entry *entry)
{
	struct buffer content = BUFFER_INIT(MAX_CONTENT);
	struct error *error = NULL;

	if (entry->kind != REGULAR || entry->info.st_size > MAX_CONTENT)
		return;
	error = file_read(&content, entry->path);
	if (error == NULL) {
		entry->len = content.len;
		entry->content = buffer_take(&content);
	}
	error_free(error);
	buffer_release(&content);
}

/* Takes the path over. Returns what is there. */
static enum kind
seal_path(struct git_seal *seal, char *path, bool complete)
{
	struct entry entry = { .path = path, .complete = complete };

	if (seal->n_entries == MAX_ENTRIES) {
		free(path);
		return ABSENT;
	}
	entry.kind = look_at(path, &entry.info);
	keep_content(&entry);
	seal->entries = xreallocarray(
	    seal->entries, seal->n_entries + 1, sizeof *seal->entries);
	seal->entries[seal->n_entries++] = entry;
	return entry.kind;
}

/* A file that may be there, and cannot be written to where that is possible. */
static void
seal_file(struct git_seal *seal, const char *directory, const char *name)
{
	char *path = file_join(directory, name);

	if (seal_path(seal, path, false) == REGULAR)
		list_add(&seal->read_only, xstrdup(path));
}

static bool
is_sample(const char *name)
{
	size_t len = strlen(name);

	return len > 7 && strcmp(name + len - 7, ".sample") == 0;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void
seal_hooks(struct git_seal *seal, const char *git_directory)
{
	char *hooks = file_join(git_directory, "hooks");
	enum kind kind = seal_path(seal, hooks, true);
	DIR *dir = kind == DIRECTORY ? opendir(hooks) : NULL;
	const struct dirent *item;

	if (kind == DIRECTORY)
		list_add(&seal->read_only, xstrdup(hooks));
	while (dir != NULL && (item = readdir(dir)) != NULL)
		if (!is_dots(item->d_name) && !is_sample(item->d_name))
			seal_path(seal, file_join(hooks, item->d_name), false);
	if (dir != NULL)
		closedir(dir);
}

/* A directory that belongs to one repository or one worktree. */
static void
seal_git_directory(struct git_seal *seal, const char *path)
{
	char *info = file_join(path, "info");

	seal_path(seal, xstrdup(path), false);
	seal_file(seal, path, "config");
	seal_file(seal, path, "config.worktree");
	seal_file(seal, path, "commondir");
	seal_file(seal, path, "gitdir");
	seal_hooks(seal, path);
	if (seal_path(seal, info, false) == DIRECTORY)
		seal_file(seal, info, "attributes");
}

static void
seal_modules(struct git_seal *seal, const char *path, int depth)
{
	DIR *dir = depth < MAX_DEPTH ? opendir(path) : NULL;
	const struct dirent *item;

	if (dir == NULL)
		return;
	seal_path(seal, xstrdup(path), false);
	while ((item = readdir(dir)) != NULL) {
		char *module, *head, *inner;

		if (is_dots(item->d_name))
			continue;
		/* A module's name may have slashes in it. */
		module = file_join(path, item->d_name);
		head = file_join(module, "HEAD");
		inner = file_join(module, "modules");
		if (access(head, F_OK) == 0) {
			seal_git_directory(seal, module);
			seal_modules(seal, inner, depth + 1);
		} else {
			seal_modules(seal, module, depth + 1);
		}
		free(inner);
		free(head);
		free(module);
	}
	closedir(dir);
}

/* The path that a file holds, behind a prefix; NULL: it holds none. */
static char *
read_pointer(const char *directory, const char *name, const char *before)
{
	char *path = file_join(directory, name), *target, *resolved;
	struct buffer text = BUFFER_INIT(8192);
	struct error *error = file_read(&text, path);
	size_t len = strlen(before);

	free(path);
	error_free(error);
	if (error != NULL || text.len <= len ||
	    strncmp(text.data, before, len) != 0) {
		buffer_release(&text);
		return NULL;
	}
	text.data[strcspn(text.data, "\n")] = '\0';
	target = text.data[len] == '/' ? xstrdup(text.data + len)
				       : file_join(directory, text.data + len);
	resolved = file_resolve(target);
	free(target);
	buffer_release(&text);
	return resolved;
}

static void
allow_writing(struct git_seal *seal, const char *common)
{
	static const char *const names[] = { "objects", "refs", "logs" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		list_add(&seal->writable, file_join(common, names[i]));
}

/* The workspace's .git is a file that names its directory: a worktree, or a
 * submodule. */
static void
seal_linked(struct git_seal *seal)
{
	char *directory = read_pointer(seal->workspace, ".git", "gitdir: ");
	char *common;

	seal_file(seal, seal->workspace, ".git");
	if (directory == NULL)
		return;
	common = read_pointer(directory, "commondir", "");
	seal_git_directory(seal, directory);
	list_add(&seal->writable, xstrdup(directory));
	if (common != NULL) {
		seal_git_directory(seal, common);
		allow_writing(seal, common);
	}
	free(common);
	free(directory);
}

struct git_seal *
git_seal_open(const char *workspace)
{
	char *dot_git = file_join(workspace, ".git");
	struct git_seal *seal;
	struct stat info;
	enum kind kind = look_at(dot_git, &info);

	if (kind != REGULAR && kind != DIRECTORY) {
		free(dot_git);
		return NULL;
	}
	seal = xcalloc(1, sizeof *seal);
	seal->workspace = xstrdup(workspace);
	if (kind == REGULAR) {
		seal_linked(seal);
	} else {
		char *modules = file_join(dot_git, "modules");

		list_add(&seal->anchored, xstrdup(dot_git));
		seal_git_directory(seal, dot_git);
		seal_modules(seal, modules, 0);
		free(modules);
	}
	free(dot_git);
	return seal;
}

void
git_seal_free(struct git_seal *seal)
{
	if (seal == NULL)
		return;
	for (size_t i = 0; i < seal->n_entries; i++) {
		free(seal->entries[i].path);
		free(seal->entries[i].content);
	}
	free(seal->entries);
	list_free(&seal->anchored);
	list_free(&seal->read_only);
	list_free(&seal->writable);
	free(seal->workspace);
	free(seal);
}

char *const *
git_seal_anchored(const struct git_seal *seal)
{
	return seal->anchored.items;
}

char *const *
git_seal_read_only(const struct git_seal *seal)
{
	return seal->read_only.items;
}

char *const *
git_seal_writable(const struct git_seal *seal)
{
	return seal->writable.items;
}

static bool
is_listed(const struct git_seal *seal, const char *path)
{
	for (size_t i = 0; i < seal->n_entries; i++)
		if (strcmp(seal->entries[i].path, path) == 0)
			return true;
	return false;
}

static bool
same_content(const struct entry *entry)
{
	struct buffer content = BUFFER_INIT(MAX_CONTENT);
	struct error *error = file_read(&content, entry->path);
	bool same = error == NULL && entry->content != NULL &&
	    content.len == entry->len &&
	    memcmp(content.data != NULL ? content.data : "", entry->content,
		entry->len) == 0;

	error_free(error);
	buffer_release(&content);
	return same;
}

static bool
is_unchanged(const struct entry *entry)
{
	struct stat info;
	enum kind kind = look_at(entry->path, &info);

	if (kind != entry->kind)
		return false;
	if (kind == ABSENT || kind == DIRECTORY)
		return true;
	/* No process can set a change time. */
	if (info.st_ino == entry->info.st_ino &&
	    info.st_dev == entry->info.st_dev &&
	    info.st_ctim.tv_sec == entry->info.st_ctim.tv_sec &&
	    info.st_ctim.tv_nsec == entry->info.st_ctim.tv_nsec)
		return true;
	return kind == REGULAR && info.st_mode == entry->info.st_mode &&
	    same_content(entry);
}

static struct error *
put_back(const struct entry *entry)
{
	struct error *error = file_remove_tree(entry->path);

	if (error != NULL || entry->kind == ABSENT)
		return error;
	if (entry->kind == DIRECTORY) {
		if (mkdir(entry->path, entry->info.st_mode & 07777) == 0)
			return NULL;
		return error_errno(ERROR_IO, "cannot create '%s'", entry->path);
	}
	if (entry->content == NULL)
		return NULL;
	error = file_replace(entry->path, entry->content, entry->len,
	    entry->info.st_mode & 07777);
	if (error == NULL &&
	    lchown(entry->path, entry->info.st_uid, entry->info.st_gid) < 0 &&
	    errno != EPERM)
		error = error_errno(ERROR_IO, "cannot chown '%s'", entry->path);
	return error;
}

static void
note(char **changed, const struct git_seal *seal, const char *path)
{
	size_t len = strlen(seal->workspace);
	char *longer;

	if (strncmp(path, seal->workspace, len) == 0 && path[len] == '/')
		path += len + 1;
	longer = xasprintf("%s%s%s", *changed != NULL ? *changed : "",
	    *changed != NULL ? ", " : "", path);
	free(*changed);
	*changed = longer;
}

/* Removes what was not there. */
static struct error *
clear_directory(const struct git_seal *seal, const char *path, char **changed)
{
	DIR *dir = opendir(path);
	const struct dirent *item;
	struct error *error = NULL;

	while (error == NULL && dir != NULL && (item = readdir(dir)) != NULL) {
		char *inner = file_join(path, item->d_name);

		if (!is_dots(item->d_name) && !is_sample(item->d_name) &&
		    !is_listed(seal, inner)) {
			error = file_remove_tree(inner);
			note(changed, seal, inner);
		}
		free(inner);
	}
	if (dir != NULL)
		closedir(dir);
	return error;
}

/* Is the directory that everything is in still one? What pretends to be it
 * is removed, and nothing is put back into what has been removed. */
static bool
is_standing(const struct git_seal *seal, char **changed)
{
	const struct entry *first = &seal->entries[0];
	struct stat info;
	enum kind kind = look_at(first->path, &info);

	if (kind == first->kind)
		return true;
	if (kind != ABSENT) {
		error_free(file_remove_tree(first->path));
		note(changed, seal, first->path);
	}
	return false;
}

struct error *
git_seal_restore(const struct git_seal *seal, char **changed)
{
	struct error *error = NULL;

	*changed = NULL;
	if (seal->n_entries == 0 || !is_standing(seal, changed))
		return NULL;
	for (size_t i = 0; error == NULL && i < seal->n_entries; i++) {
		const struct entry *entry = &seal->entries[i];

		if (!is_unchanged(entry)) {
			error = put_back(entry);
			note(changed, seal, entry->path);
		}
		if (error == NULL && entry->complete &&
		    entry->kind == DIRECTORY)
			error = clear_directory(seal, entry->path, changed);
	}
	return error;
}
