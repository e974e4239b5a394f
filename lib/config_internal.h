/* SPDX-License-Identifier: MIT */
/* What the parts of config.h share. */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include "config.h"
#include "yaml.h"

enum { CONFIG_MAX_PROBLEMS = 50 };

struct config_problem {
	struct yaml_mark mark; /* in the file; 0:0 elsewhere */
	bool usage;            /* the command line's fault */
	size_t order;
	char *text;
};

struct config_entry {
	jv value;
	char *origin;
};

struct config {
	struct config_entry *entries; /* one for each key of the table */
	char *file;
	char **warnings;
	size_t n_warnings;
	struct config_problem *problems;
	size_t n_problems;
};

/* Takes the value and the origin. */
void config_put(struct config *config, const struct config_key *key, jv value,
    char *origin);
/* The default, for a value that was set before. */
void config_put_default(struct config *config, const struct config_key *key);

/* Both take the text. */
void config_add_problem(
    struct config *config, struct yaml_mark mark, bool usage, char *text);
void config_add_warning(struct config *config, char *text);

/* ", did you mean 'x'?" with the key in a spelling; "" when none is near. */
enum config_spelling {
	CONFIG_SPELLING_KEY,
	CONFIG_SPELLING_VARIABLE,
	CONFIG_SPELLING_OPTION,
};
char *config_suggestion(const char *wrong, enum config_spelling spelling);
char *config_spelled(
    const struct config_key *key, enum config_spelling spelling);

/*
 * The layers. Problems are collected in the config; an error is what ends
 * all (the file cannot be read).
 */
struct error *config_read_file(struct config *config, const char *path);
void config_read_environment(struct config *config);
void config_read_options(
    struct config *config, const struct config_options *options);

/* The file to read, for the caller to free; NULL when there is none. What is
 * there but cannot be reached is a warning. */
char *config_find_file(
    struct config *config, const struct config_options *options);

#endif
