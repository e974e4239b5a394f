/* SPDX-License-Identifier: MIT */
/*
 * Configuration: a YAML file, then the environment, then options; later
 * wins. The table of keys in config_keys.c is the only list: name, kind,
 * default, environment variable, help. nr-config(5) and the schema follow it.
 *
 * File: --config FILE, $NR_CONFIG, $XDG_CONFIG_HOME/necrocode/runner.yaml
 * (~/.config when unset), /etc/necrocode/runner.yaml: the first that exists;
 * one that is named must exist. An unknown key, a wrong kind, a value out of
 * range is a ConfigError with file, line, column and the nearest known key.
 *
 * Environment: RUNNER_<KEY> for any key (llm.model: RUNNER_LLM_MODEL), and
 * the names NecroCode uses beside them (GIT_TOKEN is a secret, no key;
 * ARTIFACT_STORE_URL, RUNNER_TIMEOUT, ...). An unknown RUNNER_ variable is
 * one warning.
 *
 * A variable that is empty is not set.
 *
 * Options: --<key with dashes> VALUE, dots as dashes: --llm-model X. A
 * boolean takes an optional value: --clean, --clean=no.
 *
 * Null in a file, `null` (or Python's None) in a variable, and an empty value
 * of an option mean the default.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum config_kind {
	CONFIG_STRING,
	CONFIG_INTEGER, /* min..max */
	CONFIG_NUMBER,  /* min..max */
	CONFIG_BOOLEAN,
	CONFIG_ENUM,    /* one of `choices`, separated by | */
	CONFIG_LIST,    /* of strings; as text: JSON array, or a,b,c */
	CONFIG_COMMAND, /* a list is argv; a string is for sh -c */
	CONFIG_MAP,     /* string to string; as text: JSON object */
};

/* What a string must look like beyond being one. */
enum config_form {
	CONFIG_ANY,
	CONFIG_PATH,     /* made absolute; ~/ is the home directory */
	CONFIG_URL,      /* has a scheme, and no password; file://~/ as above */
	CONFIG_VARIABLE, /* the name of an environment variable */
};

struct config_key {
	const char *name; /* dotted: "llm.model" */
	enum config_kind kind;
	enum config_form form; /* of strings */
	const char *fallback;  /* JSON text; "null": unset */
	const char *choices;
	double min, max;         /* of numbers */
	const char *environment; /* a second variable beside RUNNER_<KEY> */
	const char *help;        /* one line, for --help and nr-config */
};

extern const struct config_key config_keys[]; /* ends with name NULL */
const struct config_key *config_key_by_name(const char *name);
/* The key of an option without its dashes, "agent-command"; NULL: none. */
const struct config_key *config_key_by_option(const char *option);
/* The key with _ for dots, "llm_model"; NULL: none. */
const struct config_key *config_key_by_word(const char *word);
/* The key, or the option, that looks most like a wrong one; NULL: none does. */
const struct config_key *config_key_nearest(const char *name);

/* Settings from the command line, in order. Start with { 0 }. */
struct config_options {
	const char *file; /* --config; NULL: look in the usual places */
	struct config_setting {
		const struct config_key *key;
		const char *value; /* NULL for a boolean alone: true */
	} * settings;
	size_t n;
	/* What is no option, for a caller that takes operands. */
	const char **operands;
	size_t n_operands;
};

void config_options_add(struct config_options *options,
    const struct config_key *key, const char *value);
void config_options_release(struct config_options *options);

/*
 * Reads `--key value`, `--key=value` and `--config FILE` out of arguments,
 * which are borrowed; what is no option, or stands behind `--`, becomes an
 * operand. A UsageError names the nearest option.
 */
struct error *config_options_parse(
    struct config_options *options, int argc, char *const argv[]);

struct config;

/*
 * Every problem of the file, the environment and the options is told, a line
 * each, in one ConfigError (a UsageError when only options are wrong).
 * `options` may be NULL.
 */
struct error *config_load(
    struct config **config, const struct config_options *options);
/* A file alone: no environment, no options. */
struct error *config_load_file(struct config **config, const char *path);
void config_free(struct config *config);

/* What may be a mistake but stops nothing: scalars that YAML 1.1 reads
 * otherwise, unknown RUNNER_ variables. For the caller to log. */
size_t config_n_warnings(const struct config *config);
const char *config_warning(const struct config *config, size_t n);

/*
 * Values. A name that is not in the table is a bug and aborts. Strings are
 * borrowed; NULL when unset. A leading ~/ of paths and file:// URLs is
 * expanded.
 */
const char *config_string(const struct config *config, const char *name);
double config_number(const struct config *config, const char *name);
bool config_boolean(const struct config *config, const char *name);
jv config_value(const struct config *config, const char *name); /* owned */
bool config_is_set(const struct config *config, const char *name);

/* argv of a CONFIG_COMMAND, NULL-terminated, a string as sh -c; NULL when
 * unset. The caller frees it with json_strings_free(). */
char **config_command(const struct config *config, const char *name);

/* The value as an option or a variable would give it: a list or a map as JSON
 * text, "" when unset. The caller frees. */
char *config_text(const struct config *config, const char *name);

/* "default", "/etc/necrocode/runner.yaml:3", "environment RUNNER_AGENT",
 * "option --agent"; borrowed. */
const char *config_origin(const struct config *config, const char *name);

/* Where the configuration was read from; NULL: from no file. */
const char *config_file(const struct config *config);

/* The JSON Schema of the file, from the table, as text for a file; the caller
 * frees. */
char *config_schema(void);

/* The default of $XDG_STATE_HOME/necrocode; the caller frees. */
char *config_state_dir(void);

#endif
