/* SPDX-License-Identifier: MIT */
/*
 * The members of a playbook's objects, with their kinds checked: what is
 * wrong is noted, with its place, and the reading goes on. The inside of
 * playbook.h.
 */
#ifndef PLAYBOOK_READER_H
#define PLAYBOOK_READER_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "yaml.h"

enum { PLAYBOOK_MAX_PROBLEMS = 20 };

/* Problems of all files. */
struct playbook_problems {
	struct buffer text;
	size_t n;
};

/* One file; `pointer` is the JSON pointer of where it is read. */
struct playbook_reader {
	const char *path;
	const struct yaml *yaml;
	struct playbook_problems *problems;
	char pointer[2048];
};

/* Goes down to a member, or to an element; returns what to go back with. */
size_t playbook_enter(struct playbook_reader *reader, const char *name);
size_t playbook_enter_nth(struct playbook_reader *reader, size_t n);
void playbook_leave(struct playbook_reader *reader, size_t back);

/* A problem with the value at the pointer; `offset` is within its text. */
void playbook_problem(struct playbook_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void playbook_problem_within(struct playbook_reader *reader, const char *text,
    size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Refuses members of an object that are not in a NULL-terminated list. */
void playbook_check_keys(
    struct playbook_reader *reader, jv object, const char *const *keys);

/*
 * A member of an object, which is borrowed; the fallback where it is absent
 * or null, and after a problem. Texts are the caller's.
 */
char *playbook_text(
    struct playbook_reader *reader, jv object, const char *name, bool required);
/* A text of one line without control characters. */
char *playbook_line(
    struct playbook_reader *reader, jv object, const char *name, bool required);
double playbook_number(struct playbook_reader *reader, jv object,
    const char *name, double fallback, double min, double max, bool whole);
bool playbook_boolean(
    struct playbook_reader *reader, jv object, const char *name, bool fallback);
/* A list, or jv_invalid(); an object, or jv_invalid(). Owned. */
jv playbook_get_list(
    struct playbook_reader *reader, jv object, const char *name);
jv playbook_get_object(
    struct playbook_reader *reader, jv object, const char *name);
/* Settings, "NAME=value", NULL-terminated; NULL: none. */
char **playbook_settings(
    struct playbook_reader *reader, jv object, const char *name);
/* A list of names; NULL: an empty one. */
char **playbook_names(
    struct playbook_reader *reader, jv object, const char *name);

#endif
