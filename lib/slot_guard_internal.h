/* SPDX-License-Identifier: MIT */
/* What slot_guard*.c and slot_record*.c share. */
#ifndef SLOT_GUARD_INTERNAL_H
#define SLOT_GUARD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "git_layout.h"

enum { SLOT_GUARD_MAX_FILE_BYTES = 1024 * 1024 };

/* One file as it was, if it was there. */
enum noted_kind {
	NOTED_FILE,  /* text is what was in it */
	NOTED_LINK,  /* text is where it led to */
	NOTED_OTHER, /* or too large: text tells whether it is still the same */
};
struct noted {
	char *path;
	const char *name; /* of the path: below the git directory */
	bool exists;
	enum noted_kind kind;
	unsigned mode;
	struct buffer text;
};

struct slot_guard {
	char *work_tree;
	struct git_layout layout;
	struct noted *files;
	size_t n_files;
};

/* Is it a name of a file that is noted in a work tree's own directory, or in
 * the one that work trees share? */
bool slot_guard_is_own(const char *name);
bool slot_guard_is_common(const char *name);

/* A new file of the guard, of which only path and name are set. */
struct noted *slot_guard_add(
    struct slot_guard *guard, const char *directory, const char *name);
/* The same, as it is now. */
struct error *slot_guard_note_file(
    struct slot_guard *guard, const char *directory, const char *name);
/* All that are settings of the git directory `directory`/`name`, hooks too;
 * a name of "" is the directory itself. */
struct error *slot_guard_note_hooks(
    struct slot_guard *guard, const char *directory, const char *name);

bool slot_guard_has(const struct slot_guard *guard, const char *path);
/* Out of git's sight; *changed gets the name. */
struct error *slot_guard_put_aside(
    const char *path, const char *name, struct buffer *changed);
/* A link in place of the directory of hooks, and those that are not noted. */
struct error *slot_guard_put_new_hooks_aside(const struct slot_guard *guard,
    const char *directory, const char *name, struct buffer *changed);

/*
 * slot_guard_submodules.c: the same for the git directories of submodules.
 * To be put right before the files that are noted are: no link that an agent
 * made leads to these then.
 */
struct error *slot_guard_note_submodules(struct slot_guard *guard);
struct error *slot_guard_restore_submodules(
    const struct slot_guard *guard, struct buffer *changed);
/* Is it the name of a file that is noted in a submodule? */
bool slot_guard_is_of_submodule(const char *name);
/* Was it, and is the submodule no more? */
bool slot_guard_is_gone(const struct slot_guard *guard, const char *name);

/* A record, read. */
struct slot_record {
	struct slot_guard *guard;
	char *branch, *tip, *base_branch, *base_commit;
	double ends; /* when putting it back has to be done */
};

enum { SLOT_RECORD_MAX_BYTES = 8 * 1024 * 1024 };

char *slot_record_path(const char *work_tree);
/* The guard has its layout already. False: it is damaged. *ours is false if
 * it is of another repository, and is not read then. */
bool slot_record_parse(
    struct slot_record *record, bool *ours, const struct buffer *text);

#endif
