/* SPDX-License-Identifier: MIT */
/*
 * Texts with the names of values in them, as a playbook has them:
 *
 *   {{name}}, {{a.b}}   the value
 *   {{"text"}}          that text, for {{ itself
 *   ${name}             the value; in a shell command, a parameter of it
 *   ${a.b}              the same, by another name
 *
 * What else stands in braces is left as it is ({{.Names}} of Go, ${x:-y} of
 * the shell), and so is ${NAME} in capitals, which is the environment's, and
 * in a command ${a.b} where the shell expands nothing, and ${a[0]} where
 * nothing of the name is defined.
 *
 * In a shell command no value ever becomes part of the text: it is handed
 * over in the environment, and the text gets a parameter in its place, within
 * quotes, so that it stays one word whatever is in it.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

/* The value of a path; jv_invalid() for what is not defined. */
typedef jv template_lookup(void *context, char *const *parts);

/*
 * The text with its values, or NULL and *undefined, the name that has none;
 * both are the caller's. `environment` is what ${NAME} in capitals is looked
 * up in; NULL-terminated.
 */
char *template_text(const char *text, template_lookup *lookup, void *context,
    char *const *environment, char **undefined);

/* A command, and the settings that it needs in its environment. */
struct template_command {
	char *text;
	char **settings; /* "NAME=value", NULL-terminated */
	size_t n_settings;
};

/* False: *undefined is the name that has no value. Release it in any case. */
bool template_command_bind(struct template_command *command, const char *text,
    template_lookup *lookup, void *context, char *const *environment,
    char **undefined);
void template_command_release(struct template_command *command);

/*
 * Where a name in a command cannot be handed over (in a here-document that is
 * not expanded): its offset, and why, static; NULL: all is well.
 */
const char *template_command_problem(const char *text, size_t *offset);
/*
 * The names in a text, or a command, that have no value and cannot be done
 * without, at most 20; NULL-terminated, or NULL; free with json_strings_free().
 */
enum template_kind { TEMPLATE_TEXT, TEMPLATE_COMMAND };
char **template_undefined(const char *text, enum template_kind kind,
    template_lookup *lookup, void *context);
/* Has it any {{name}}, which only a shell can be given? */
bool template_has_names(const char *text);

/* What a value looks like in a text: a string as it is, the rest as JSON,
 * null as nothing. Consumes it; the caller frees. */
char *template_value_text(jv value);

#endif
