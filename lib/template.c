/* SPDX-License-Identifier: MIT */
#include "template.h"

#include <stdint.h>

#include "buffer.h"
#include "json.h"
#include "memory.h"
#include "shell_quote.h"
#include "string_list.h"
#include "template_part.h"

enum { MAX_TEXT_BYTES = 1024 * 1024, MAX_UNDEFINED = 20, MAX_SHARED = 1000 };

char *
template_value_text(jv value)
{
	char *text;

	if (jv_get_kind(value) == JV_KIND_STRING)
		text = xstrdup(jv_string_value(value));
	else if (jv_get_kind(value) == JV_KIND_NULL)
		text = xstrdup("");
	else
		return json_text(value);
	jv_free(value);
	return text;
}

static const char *
find_setting(char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; environment != NULL && *environment != NULL; environment++)
		if (strncmp(*environment, name, len) == 0 &&
		    (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

/* NULL: it has none. The caller frees. */
static char *
part_value(
    const struct template_part *part, template_lookup *lookup, void *context)
{
	jv value = lookup(context, part->path);

	if (jv_is_valid(value))
		return template_value_text(value);
	jv_free(value);
	return NULL;
}

/* False: it is not defined. */
static bool
append_value(struct buffer *out, const struct template_part *part,
    template_lookup *lookup, void *context, char *const *environment)
{
	const char *setting;
	char *value;

	if (part->kind == PART_LITERAL)
		return buffer_append(out, part->text, part->len);
	if (part->kind == PART_BRACES_TEXT)
		return buffer_append(out, part->name, part->name_len);
	if (part->kind == PART_CAPITAL) {
		setting = find_setting(environment, part->path[0]);
		buffer_append_string(out, setting != NULL ? setting : "");
		return true;
	}
	if (part->kind == PART_DOLLAR && part->text[part->len - 1] != '}')
		return buffer_append(out, part->text, part->len);
	value = part_value(part, lookup, context);
	if (value == NULL)
		return false;
	buffer_append_string(out, value);
	free(value);
	return true;
}

char *
template_text(const char *text, template_lookup *lookup, void *context,
    char *const *environment, char **undefined)
{
	struct buffer out = BUFFER_INIT(MAX_TEXT_BYTES);
	struct template_part part;

	*undefined = NULL;
	for (; *undefined == NULL && template_part_next(&part, text);
	     text += part.len) {
		if (!append_value(&out, &part, lookup, context, environment) &&
		    !out.truncated)
			*undefined = xstrndup(part.name, part.name_len);
		json_strings_free(part.path);
	}
	if (*undefined == NULL)
		return buffer_take(&out);
	buffer_release(&out);
	return NULL;
}

static void
add_setting(
    struct template_command *command, const char *name, const char *value)
{
	command->settings = xreallocarray(command->settings,
	    command->n_settings + 2, sizeof *command->settings);
	command->settings[command->n_settings++] =
	    xasprintf("%s=%s", name, value);
	command->settings[command->n_settings] = NULL;
}

/* A parameter of this name, as it must be written at this place. */
static void
append_parameter(struct buffer *out, enum shell_place place, const char *name)
{
	switch (place) {
	case SHELL_PLAIN:
		buffer_appendf(out, "\"${%s}\"", name);
		break;
	case SHELL_SINGLE:
		buffer_appendf(out, "'\"${%s}\"'", name);
		break;
	case SHELL_DOLLAR_SINGLE:
		buffer_appendf(out, "'\"${%s}\"$'", name);
		break;
	case SHELL_DOUBLE:
	case SHELL_HERE:
		buffer_appendf(out, "${%s}", name);
		break;
	case SHELL_COMMENT:
	case SHELL_HERE_QUOTED:
	case SHELL_ARITHMETIC: /* template_command_problem() refuses it */
		break;
	}
}

struct binding {
	struct template_command *command;
	struct buffer text;
	struct shell_quote quote;
	template_lookup *lookup;
	void *context;
	char *const *environment;
};

/* As it stands there, which the shell reads. */
static bool
keep(struct binding *binding, const char *text, size_t len)
{
	buffer_append(&binding->text, text, len);
	shell_quote_read(&binding->quote, text, len);
	return true;
}

/* ${name}: the shell's own, with a value where there is one. What the
 * environment has already is not for a playbook's values to replace. */
static bool
bind_name(struct binding *binding, const struct template_part *part)
{
	struct template_command *command = binding->command;
	char *value;

	if (find_setting(binding->environment, part->path[0]) == NULL &&
	    find_setting(command->settings, part->path[0]) == NULL) {
		value = part_value(part, binding->lookup, binding->context);
		if (value != NULL)
			add_setting(command, part->path[0], value);
		free(value);
	}
	return keep(binding, part->text, part->len);
}

/* Does the shell expand ${ } there? */
static bool
is_expanded(enum shell_place place)
{
	return place == SHELL_PLAIN || place == SHELL_DOUBLE ||
	    place == SHELL_HERE || place == SHELL_ARITHMETIC;
}

/* ${a[0]}, which may also be an array of the shell's own. */
static bool
is_array(const struct template_part *part)
{
	return part->kind == PART_DOLLAR_PATH &&
	    memchr(part->text, '.', part->len) == NULL;
}

static bool
is_ours(const struct template_part *part, enum shell_place place)
{
	if (part->kind != PART_DOLLAR_PATH)
		return part->kind == PART_BRACES;
	return is_expanded(place) &&
	    (place != SHELL_ARITHMETIC || !is_array(part));
}

/* The parameter that has the value; a large one is handed over once. */
static char *
name_of_value(struct template_command *command, const char *value)
{
	static const char prefix[] = "NR_VALUE_";
	size_t n = command->n_settings < MAX_SHARED ? command->n_settings : 0;
	char *name;

	for (size_t i = 0; i < n; i++) {
		const char *setting = command->settings[i];
		size_t len = strcspn(setting, "=");

		if (strncmp(setting, prefix, sizeof prefix - 1) == 0 &&
		    strcmp(setting + len + 1, value) == 0)
			return xstrndup(setting, len);
	}
	name = xasprintf("%s%zu", prefix, command->n_settings + 1);
	add_setting(command, name, value);
	return name;
}

static bool
bind_path(struct binding *binding, const struct template_part *part)
{
	struct template_command *command = binding->command;
	enum shell_place place = shell_quote_place(&binding->quote);
	char *value, *name;

	if (!is_ours(part, place))
		return keep(binding, part->text, part->len);
	value = part_value(part, binding->lookup, binding->context);
	if (value == NULL && is_array(part))
		return keep(binding, part->text, part->len);
	if (value == NULL)
		return false;
	name = name_of_value(command, value);
	if (part->kind == PART_DOLLAR_PATH)
		place = SHELL_DOUBLE;
	append_parameter(&binding->text, place, name);
	shell_quote_read(&binding->quote, "x", 1);
	free(name);
	free(value);
	return true;
}

static bool
bind_part(struct binding *binding, const struct template_part *part)
{
	switch (part->kind) {
	case PART_LITERAL:
	case PART_CAPITAL:
		break;
	case PART_BRACES_TEXT:
		return keep(binding, part->name, part->name_len);
	case PART_DOLLAR:
		return bind_name(binding, part);
	case PART_BRACES:
	case PART_DOLLAR_PATH:
		return bind_path(binding, part);
	}
	return keep(binding, part->text, part->len);
}

bool
template_command_bind(struct template_command *command, const char *text,
    template_lookup *lookup, void *context, char *const *environment,
    char **undefined)
{
	struct binding binding = {
		.command = command,
		.text = BUFFER_INIT(MAX_TEXT_BYTES),
		.quote = SHELL_QUOTE_INIT,
		.lookup = lookup,
		.context = context,
		.environment = environment,
	};
	struct template_part part;

	*command = (struct template_command){ 0 };
	*undefined = NULL;
	for (; *undefined == NULL && template_part_next(&part, text);
	     text += part.len) {
		if (!bind_part(&binding, &part))
			*undefined = xstrndup(part.name, part.name_len);
		json_strings_free(part.path);
	}
	command->text = buffer_take(&binding.text);
	shell_quote_release(&binding.quote);
	return *undefined == NULL;
}

void
template_command_release(struct template_command *command)
{
	free(command->text);
	json_strings_free(command->settings);
	*command = (struct template_command){ 0 };
}

static const char *
place_problem(const struct template_part *part, enum shell_place place)
{
	if (part->kind == PART_BRACES && place == SHELL_HERE_QUOTED)
		return "a here-document whose end is in quotes takes no "
		       "values; take the quotes off";
	if (place == SHELL_ARITHMETIC)
		return "the shell calculates with what stands here, and can "
		       "run what a value holds as code; look first whether it "
		       "is a number, as nr-playbook(5) shows";
	return NULL;
}

/* Reads a part; *offset is where its own problem is, if it has one, or that
 * of a value before it in the same [[ ]]. */
static const char *
part_problem(struct shell_quote *quote, const struct template_part *part,
    size_t at, size_t *offset)
{
	enum shell_place place = shell_quote_place(quote);
	bool names = is_ours(part, place);
	const char *problem = names ? place_problem(part, place) : NULL;

	if (!shell_quote_in_test(quote))
		*offset = SIZE_MAX;
	else if (names && *offset == SIZE_MAX)
		*offset = at;
	if (problem != NULL)
		*offset = at;
	if (problem != NULL)
		return problem;
	if (names)
		shell_quote_read(quote, "x", 1);
	else
		shell_quote_read(quote, part->text, part->len);
	if (*offset != SIZE_MAX && shell_quote_compares_numbers(quote))
		return place_problem(part, SHELL_ARITHMETIC);
	return NULL;
}

const char *
template_command_problem(const char *text, size_t *offset)
{
	struct shell_quote quote = SHELL_QUOTE_INIT;
	const char *problem = NULL, *at = text;
	struct template_part part;

	*offset = SIZE_MAX;
	for (; problem == NULL && template_part_next(&part, at);
	     at += part.len) {
		problem =
		    part_problem(&quote, &part, (size_t)(at - text), offset);
		json_strings_free(part.path);
	}
	shell_quote_release(&quote);
	return problem;
}

/* Does it need a value, in a text or at this place of a command? */
static bool
needs_value(const struct template_part *part, enum template_kind kind,
    enum shell_place place)
{
	if (kind == TEMPLATE_COMMAND)
		return is_ours(part, place) && !is_array(part);
	return part->kind == PART_BRACES || part->kind == PART_DOLLAR_PATH ||
	    (part->kind == PART_DOLLAR && part->text[part->len - 1] == '}');
}

/* Each once, and not more than a person reads. */
static void
add_name(char ***names, const struct template_part *part)
{
	size_t n = 0;

	for (; *names != NULL && (*names)[n] != NULL; n++)
		if (strncmp((*names)[n], part->name, part->name_len) == 0 &&
		    (*names)[n][part->name_len] == '\0')
			return;
	if (n < MAX_UNDEFINED)
		string_list_add(names, xstrndup(part->name, part->name_len));
}

char **
template_undefined(const char *text, enum template_kind kind,
    template_lookup *lookup, void *context)
{
	struct shell_quote quote = SHELL_QUOTE_INIT;
	char **names = NULL, *value;
	struct template_part part;

	for (; template_part_next(&part, text); text += part.len) {
		if (needs_value(&part, kind, shell_quote_place(&quote))) {
			value = part_value(&part, lookup, context);
			if (value == NULL)
				add_name(&names, &part);
			free(value);
			shell_quote_read(&quote, "x", 1);
		} else {
			shell_quote_read(&quote, part.text, part.len);
		}
		json_strings_free(part.path);
	}
	shell_quote_release(&quote);
	return names;
}

bool
template_has_names(const char *text)
{
	struct template_part part;
	bool found = false;

	for (; !found && template_part_next(&part, text); text += part.len) {
		found = part.kind == PART_BRACES;
		json_strings_free(part.path);
	}
	return found;
}
