/* SPDX-License-Identifier: MIT */
/*
 * Playbooks: what a team says its kind of task needs, as YAML; the format is
 * nr-playbook(5). A playbook is read strictly: what is unknown or of the
 * wrong kind is a ConfigError that names file, line and column, all problems
 * at once. Included playbooks are put in where they are named.
 */
#ifndef PLAYBOOK_H
#define PLAYBOOK_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "condition.h"
#include "error.h"

enum {
	PLAYBOOK_MAX_BYTES = 4 << 20,
	PLAYBOOK_MAX_EVENTS = 1000000,
	PLAYBOOK_MAX_STEPS = 20000,
	PLAYBOOK_MAX_FILES = 100,
	PLAYBOOK_MAX_INCLUDES = 8, /* one within another */
};

struct playbook_steps {
	struct playbook_step *items;
	size_t n;
};

/* A command, or, where that is NULL, a block of steps. */
struct playbook_step {
	char *name; /* NULL: a block without one */
	char *command;
	char *condition; /* which can be parsed; NULL: always */
	bool fail_fast;
	double timeout_seconds, retry_delay_seconds;
	int retry_count;
	/* Lists that end with NULL; NULL: an empty one. */
	char **env;              /* "NAME=template" */
	size_t file;             /* whose env is before these */
	char *working_directory; /* a template; NULL: the workspace */
	/* The command becomes its last argument; NULL: sh -c. */
	char **shell;
	bool names_values; /* does the command? not for a python */
	char **outputs;    /* names */
	char *include;     /* the file of a block that is another playbook */
	struct playbook_steps then, otherwise;
};

/* One that was read. The first is the playbook itself. */
struct playbook_file {
	char **env;      /* of the whole file */
	size_t includer; /* whose env is before it; of the first: itself */
	jv variables;    /* of the file */
	struct playbook_steps on_failure, always;
};

struct playbook {
	char *name, *path;
	struct playbook_steps steps, on_failure, always;
	size_t n_steps; /* all that have a command */
	size_t n_files;
	jv variables; /* defaults, by name */
	jv metadata;
	struct playbook_file *files;
	jv outputs;       /* an object with the names of all outputs */
	bool names_steps; /* does any text say "steps"? */
	char **warnings;  /* "file:3:5: ..."; NULL-terminated */
	size_t n_warnings;
};

/* The step's condition; NULL: it has none. The caller frees. It is not kept:
 * ten thousand of them take more room than all else. */
struct condition *playbook_condition(const struct playbook_step *step);

struct error *playbook_load(struct playbook **playbook, const char *path);
void playbook_free(struct playbook *playbook);

#endif
