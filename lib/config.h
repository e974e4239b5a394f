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
 * Options: --<key with dashes> VALUE, dots as dashes: --llm-model X. A
 * boolean takes an optional value: --fail-fast, --fail-fast=no.
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

struct config_key {
	const char *name; /* dotted: "llm.model" */
	enum config_kind kind;
	const char *fallback; /* JSON text; "null": unset */
	const char *choices;
	double min, max;         /* of numbers */
	const char *environment; /* a second variable beside RUNNER_<KEY> */
	const char *help;        /* one line, for --help and nr-config */
};

extern const struct config_key config_keys[]; /* ends with name NULL */
const struct config_key *config_key_by_name(const char *name);
/* The key of an option without its dashes, "agent-command"; NULL: none. */
const struct config_key *config_key_by_option(const char *option);
/* The key, or the option, that looks most like a wrong one; NULL: none does. */
const struct config_key *config_key_nearest(const char *name);

/* Settings from the command line, in order. Start with { 0 }. */
struct config_options {
	const char *file; /* --config; NULL: look in the usual places */
	struct config_setting {
		const struct config_key *key;
		const char *value; /* NULL for a boolean alone: true */
	} *settings;
	size_t n;
};

void config_options_add(struct config_options *options,
    const struct config_key *key, const char *value);
void config_options_release(struct config_options *options);

struct config;

struct error *config_load(struct config **config,
    const struct config_options *options);
void config_free(struct config *config);

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

/* "default", "/etc/necrocode/runner.yaml:3", "environment RUNNER_AGENT",
 * "option --agent"; borrowed. */
const char *config_origin(const struct config *config, const char *name);

/* The default of $XDG_STATE_HOME/necrocode; the caller frees. */
char *config_state_dir(void);

#endif
