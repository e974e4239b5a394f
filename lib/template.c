/* SPDX-License-Identifier: MIT */
#include "template.h"

#include <stdint.h>

#include "buffer.h"
#include "json.h"
#include "memory.h"
#include "shell_quote.h"
#include "string_list.h"
#include "variable_path.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
#define WORD LETTERS "0123456789"

enum { MAX_TEXT_BYTES = 1024 * 1024, MAX_UNDEFINED = 20 };

enum kind { LITERAL, BRACES, BRACES_TEXT, DOLLAR, DOLLAR_PATH, CAPITAL };

struct part {
	enum kind kind;
	const char *text; /* as it is written */
	size_t len;
	const char *name; /* within it */
	size_t name_len;
	char **path; /* of BRACES, DOLLAR and DOLLAR_PATH */
};

/* {{name}} and {{"text"}}; false: neither. */
static bool
read_braces(struct part *part, const char *text)
{
	const char *at, *end;

	if (strncmp(text, "{{", 2) != 0)
		return false;
	at = text + 2 + strspn(text + 2, " ");
	part->name = at;
	if (*at == '"') {
		part->name++;
		end = strchr(part->name, '"');
		if (end == NULL)
			return false;
		part->name_len = (size_t)(end - part->name);
		part->kind = BRACES_TEXT;
		at = end + 1;
	} else {
		part->name_len = variable_path_parse(&part->path, at);
		part->kind = BRACES;
		at += part->name_len;
	}
	at += strspn(at, " ");
	part->len = (size_t)(at - text) + 2;
	if (part->name_len > 0 && strncmp(at, "}}", 2) == 0)
		return true;
	json_strings_free(part->path);
	part->path = NULL;
	return false;
}

/* ${name} and what the shell may have behind a name, and ${a.b}. */
static bool
read_dollar(struct part *part, const char *text)
{
	const char *end;
	size_t len;

	if (strncmp(text, "${", 2) != 0 || text[2] == '\0' ||
	    strchr(LETTERS, text[2]) == NULL)
		return false;
	part->name = text + 2;
	len = strspn(part->name, WORD);
	end = part->name + len;
	part->kind = DOLLAR;
	if (*end == '.' || *end == '[') {
		len = variable_path_parse(&part->path, part->name);
		end = part->name + len;
		part->kind = DOLLAR_PATH;
		if (*end != '}') {
			json_strings_free(part->path);
			part->path = NULL;
			return false;
		}
	} else {
		part->path = xcalloc(2, sizeof *part->path);
		part->path[0] = xstrndup(part->name, len);
		if (strspn(part->name, CAPITALS) >= len)
			part->kind = CAPITAL;
	}
	part->name_len = len;
	part->len = (size_t)(end - text) + (*end == '}');
	return true;
}

/* The next part; false at the end. Its path is the caller's. */
static bool
next_part(struct part *part, const char *text)
{
	*part = (struct part){ .text = text };
	if (*text == '\0' || read_braces(part, text))
		return *text != '\0';
	*part = (struct part){ .text = text };
	if (read_dollar(part, text))
		return true;
	*part = (struct part){ .kind = LITERAL, .text = text };
	do
		part->len++;
	while (text[part->len] != '\0' && text[part->len] != '{' &&
	    text[part->len] != '$');
	return true;
}

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
part_value(const struct part *part, template_lookup *lookup, void *context)
{
	jv value = lookup(context, part->path);

	if (jv_is_valid(value))
		return template_value_text(value);
	jv_free(value);
	return NULL;
}

/* False: it is not defined. */
static bool
append_value(struct buffer *out, const struct part *part,
    template_lookup *lookup, void *context, char *const *environment)
{
	const char *setting;
	char *value;

	if (part->kind == LITERAL)
		return buffer_append(out, part->text, part->len);
	if (part->kind == BRACES_TEXT)
		return buffer_append(out, part->name, part->name_len);
	if (part->kind == CAPITAL) {
		setting = find_setting(environment, part->path[0]);
		buffer_append_string(out, setting != NULL ? setting : "");
		return true;
	}
	if (part->kind == DOLLAR && part->text[part->len - 1] != '}')
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
	struct part part;

	*undefined = NULL;
	for (; *undefined == NULL && next_part(&part, text); text += part.len) {
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
bind_name(struct binding *binding, const struct part *part)
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
is_array(const struct part *part)
{
	return part->kind == DOLLAR_PATH &&
	    memchr(part->text, '.', part->len) == NULL;
}

static bool
is_ours(const struct part *part, enum shell_place place)
{
	if (part->kind != DOLLAR_PATH)
		return part->kind == BRACES;
	return is_expanded(place) &&
	    (place != SHELL_ARITHMETIC || !is_array(part));
}

static bool
bind_path(struct binding *binding, const struct part *part)
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
	name = xasprintf("NR_VALUE_%zu", command->n_settings + 1);
	add_setting(command, name, value);
	if (part->kind == DOLLAR_PATH)
		place = SHELL_DOUBLE;
	append_parameter(&binding->text, place, name);
	shell_quote_read(&binding->quote, "x", 1);
	free(name);
	free(value);
	return true;
}

static bool
bind_part(struct binding *binding, const struct part *part)
{
	switch (part->kind) {
	case LITERAL:
	case CAPITAL:
		break;
	case BRACES_TEXT:
		return keep(binding, part->name, part->name_len);
	case DOLLAR:
		return bind_name(binding, part);
	case BRACES:
	case DOLLAR_PATH:
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
	struct part part;

	*command = (struct template_command){ 0 };
	*undefined = NULL;
	for (; *undefined == NULL && next_part(&part, text); text += part.len) {
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
place_problem(const struct part *part, enum shell_place place)
{
	if (part->kind == BRACES && place == SHELL_HERE_QUOTED)
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
part_problem(struct shell_quote *quote, const struct part *part, size_t at,
    size_t *offset)
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
	struct part part;

	*offset = SIZE_MAX;
	for (; problem == NULL && next_part(&part, at); at += part.len) {
		problem =
		    part_problem(&quote, &part, (size_t)(at - text), offset);
		json_strings_free(part.path);
	}
	shell_quote_release(&quote);
	return problem;
}

/* Does it need a value, in a text or at this place of a command? */
static bool
needs_value(
    const struct part *part, enum template_kind kind, enum shell_place place)
{
	if (kind == TEMPLATE_COMMAND)
		return is_ours(part, place) && !is_array(part);
	return part->kind == BRACES || part->kind == DOLLAR_PATH ||
	    (part->kind == DOLLAR && part->text[part->len - 1] == '}');
}

/* Each once, and not more than a person reads. */
static void
add_name(char ***names, const struct part *part)
{
	size_t n = string_list_count(*names);

	for (size_t i = 0; i < n; i++)
		if (strncmp((*names)[i], part->name, part->name_len) == 0 &&
		    (*names)[i][part->name_len] == '\0')
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
	struct part part;

	for (; next_part(&part, text); text += part.len) {
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
	struct part part;
	bool found = false;

	for (; !found && next_part(&part, text); text += part.len) {
		found = part.kind == BRACES;
		json_strings_free(part.path);
	}
	return found;
}
