/* SPDX-License-Identifier: MIT */
#include "playbook.h"

#include "file.h"
#include "json.h"
#include "memory.h"
#include "playbook_command.h"
#include "playbook_reader.h"
#include "string_list.h"

/* One file and those that include it. */
struct load {
	struct playbook *playbook;
	struct playbook_reader reader;
	const struct load *includer;
	char *real_path;
	size_t number; /* of the file */
	char **env;    /* of the whole file; the playbook's */
};

static void read_steps(struct load *load, struct playbook_steps *steps,
    jv *object, const char *name);
static struct error *load_file(struct playbook *playbook,
    struct playbook_problems *problems, const struct load *includer,
    const char *path, struct playbook_steps *steps);

static void
release_steps(struct playbook_steps *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		struct playbook_step *step = &steps->items[i];

		free(step->name);
		free(step->command);
		free(step->condition);
		json_strings_free(step->env);
		free(step->working_directory);
		json_strings_free(step->shell);
		json_strings_free(step->outputs);
		free(step->include);
		release_steps(&step->then);
		release_steps(&step->otherwise);
	}
	free(steps->items);
}

/* Takes what the step has. */
static void
add_step(struct playbook_steps *steps, const struct playbook_step *step)
{
	if ((steps->n & (steps->n - 1)) == 0)
		steps->items = xreallocarray(steps->items,
		    steps->n > 0 ? 2 * steps->n : 1, sizeof *steps->items);
	steps->items[steps->n++] = *step;
}

struct condition *
playbook_condition(const struct playbook_step *step)
{
	struct condition_problem none;

	if (step->condition == NULL)
		return NULL;
	return condition_parse(step->condition, &none);
}

static void
read_block(struct load *load, struct playbook_step *step, jv *block)
{
	static const char *const keys[] = { "name", "if", "then", "else",
		"metadata", NULL };
	struct playbook_reader *reader = &load->reader;

	playbook_check_keys(reader, *block, keys);
	step->name = playbook_line(reader, *block, "name", false);
	playbook_read_condition(
	    step, load->playbook, &load->reader, *block, "if");
	if (step->condition == NULL)
		playbook_problem(reader, "'if' is missing");
	read_steps(load, &step->then, block, "then");
	read_steps(load, &step->otherwise, block, "else");
	if (step->then.n + step->otherwise.n == 0)
		playbook_problem(reader,
		    "a block needs steps in 'then' or 'else'; a single step "
		    "takes 'condition'");
}

static char *
beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	if (*name == '/' || slash == NULL)
		return xstrdup(name);
	return xasprintf("%.*s/%s", (int)(slash - path), path, name);
}

static void
read_include(struct load *load, struct playbook_step *step, jv object)
{
	static const char *const keys[] = { "name", "include", "condition",
		"metadata", NULL };
	struct playbook_reader *reader = &load->reader;
	char *name = playbook_text(reader, object, "include", true), *path;
	struct error *error;
	size_t back;

	playbook_check_keys(reader, object, keys);
	step->name = playbook_line(reader, object, "name", false);
	playbook_read_condition(
	    step, load->playbook, &load->reader, object, "condition");
	if (name == NULL)
		return;
	path = beside(reader->path, name);
	error = load_file(
	    load->playbook, reader->problems, load, path, &step->then);
	back = playbook_enter(reader, "include");
	if (error != NULL)
		playbook_problem(reader, "%s", error->message);
	playbook_leave(reader, back);
	error_free(error);
	step->include = path;
	free(name);
}

static bool
has(jv object, const char *name)
{
	return jv_object_has(jv_copy(object), jv_string(name)) != 0;
}

static void
read_step(struct load *load, struct playbook_step *step, jv *object)
{
	if (jv_get_kind(*object) != JV_KIND_OBJECT)
		playbook_problem(&load->reader,
		    "expected a step, with 'name' and 'command'");
	else if (has(*object, "include"))
		read_include(load, step, *object);
	else if (has(*object, "if") || has(*object, "then") ||
	    has(*object, "else"))
		read_block(load, step, object);
	else
		playbook_read_command(
		    step, load->playbook, &load->reader, *object);
}

/* Takes a list out of its object, so that nothing else holds it. */
static jv
take_list(struct playbook_reader *reader, jv *object, const char *name)
{
	jv list = playbook_get_list(reader, *object, name);

	*object = jv_object_delete(*object, jv_string(name));
	return list;
}

/* The steps are removed from the object as they are read: as values they
 * take more room. */
static void
read_steps(struct load *load, struct playbook_steps *steps, jv *object,
    const char *name)
{
	struct playbook_reader *reader = &load->reader;
	jv list = take_list(reader, object, name);
	size_t n = json_array_length(list, NULL);
	size_t back = playbook_enter(reader, name), back_2;

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(list, i);

		list = jv_array_set(list, (int)i, jv_null());
		back_2 = playbook_enter_nth(reader, i);
		if (load->playbook->n_steps >= PLAYBOOK_MAX_STEPS) {
			playbook_problem(
			    reader, "more than %d steps", PLAYBOOK_MAX_STEPS);
			i = n;
		} else {
			struct playbook_step step = {
				.fail_fast = true,
				.file_env = load->env,
			};

			read_step(load, &step, &element);
			add_step(steps, &step);
		}
		playbook_leave(reader, back_2);
		jv_free(element);
	}
	playbook_leave(reader, back);
	jv_free(list);
}

/* What an included playbook has, the including one may set otherwise. */
static void
read_variables(struct load *load, jv object)
{
	struct playbook *playbook = load->playbook;
	jv variables = playbook_get_object(&load->reader, object, "variables");

	if (jv_is_valid(variables))
		playbook->variables =
		    jv_object_merge(variables, playbook->variables);
	else
		jv_free(variables);
}

static void
read_playbook(struct load *load, jv *whole, struct playbook_steps *steps)
{
	static const char *const keys[] = { "name", "description", "steps",
		"on_failure", "always", "variables", "env", "metadata", NULL };
	struct playbook_reader *reader = &load->reader;
	struct playbook *playbook = load->playbook;
	char *name, *description;

	if (jv_get_kind(*whole) != JV_KIND_OBJECT) {
		playbook_problem(
		    reader, "expected a playbook, with 'name' and 'steps'");
		return;
	}
	playbook_check_keys(reader, *whole, keys);
	name = playbook_line(reader, *whole, "name", false);
	description = playbook_text(reader, *whole, "description", false);
	read_variables(load, *whole);
	load->env = playbook_settings(reader, *whole, "env",
	    load->includer != NULL ? load->includer->env : NULL);
	playbook->file_envs[load->number] = load->env;
	for (char **env = load->env; env != NULL && *env != NULL; env++)
		playbook_note_names(playbook, *env);
	read_steps(load, steps, whole, "steps");
	if (steps->n == 0 && reader->problems->n == 0)
		playbook_problem(reader, "'steps' is missing or empty");
	read_steps(load, &playbook->on_failure, whole, "on_failure");
	read_steps(load, &playbook->always, whole, "always");
	if (load->includer == NULL) {
		playbook->name = name != NULL
		    ? xstrdup(name)
		    : xstrdup(strrchr(playbook->path, '/') != NULL
			      ? strrchr(playbook->path, '/') + 1
			      : playbook->path);
		jv_free(playbook->metadata);
		playbook->metadata =
		    playbook_get_object(reader, *whole, "metadata");
	} else {
		jv_free(playbook_get_object(reader, *whole, "metadata"));
	}
	free(name);
	free(description);
}

static struct error *
check_includes(const struct playbook *playbook, const struct load *load)
{
	size_t depth = 0;

	for (const struct load *at = load->includer; at != NULL;
	     at = at->includer) {
		if (strcmp(at->real_path, load->real_path) == 0)
			return error_new(ERROR_CONFIG, "'%s' includes itself",
			    load->reader.path);
		if (++depth > PLAYBOOK_MAX_INCLUDES)
			return error_new(ERROR_CONFIG,
			    "more than %d playbooks include one another",
			    PLAYBOOK_MAX_INCLUDES);
	}
	if (playbook->n_files > PLAYBOOK_MAX_FILES)
		return error_new(ERROR_CONFIG,
		    "more than %d files are included", PLAYBOOK_MAX_FILES);
	return NULL;
}

static void
take_warnings(struct playbook *playbook, const struct yaml *yaml)
{
	for (size_t i = 0; i < yaml_n_warnings(yaml); i++) {
		playbook->warnings = xreallocarray(playbook->warnings,
		    playbook->n_warnings + 1, sizeof *playbook->warnings);
		playbook->warnings[playbook->n_warnings++] =
		    xstrdup(yaml_warning(yaml, i));
	}
}

static struct error *
load_file(struct playbook *playbook, struct playbook_problems *problems,
    const struct load *includer, const char *path, struct playbook_steps *steps)
{
	static const struct yaml_options options = {
		.aliases = true,
		.max_bytes = PLAYBOOK_MAX_BYTES,
		.max_events = PLAYBOOK_MAX_EVENTS,
	};
	struct load load = {
		.playbook = playbook,
		.reader = { .path = path, .problems = problems },
		.includer = includer,
		.real_path = file_resolve(path),
	};
	struct yaml *yaml = NULL;
	struct error *error = NULL;
	jv value;

	if (load.real_path == NULL)
		return error_errno(ERROR_CONFIG, "cannot read '%s'", path);
	load.number = playbook->n_files++;
	playbook->file_envs = xreallocarray(playbook->file_envs,
	    playbook->n_files, sizeof *playbook->file_envs);
	playbook->file_envs[load.number] = NULL;
	error = check_includes(playbook, &load);
	if (error == NULL)
		error = yaml_read_file_with(&yaml, path, &options);
	if (error == NULL) {
		load.reader.yaml = yaml;
		value = yaml_take_value(yaml);
		read_playbook(&load, &value, steps);
		jv_free(value);
		take_warnings(playbook, yaml);
	}
	yaml_release(yaml);
	free(load.real_path);
	return error;
}

struct error *
playbook_load(struct playbook **playbook, const char *path)
{
	struct playbook_problems problems = { .text = BUFFER_INIT(65536) };
	struct playbook *loaded = xcalloc(1, sizeof *loaded);
	struct error *error;

	loaded->path = xstrdup(path);
	loaded->variables = jv_object();
	loaded->metadata = jv_null();
	loaded->outputs = jv_object();
	error = load_file(loaded, &problems, NULL, path, &loaded->steps);
	if (problems.n > PLAYBOOK_MAX_PROBLEMS)
		buffer_appendf(&problems.text, "\n  and %zu more problems",
		    problems.n - PLAYBOOK_MAX_PROBLEMS);
	if (error == NULL && problems.n > 0)
		error = error_new(ERROR_CONFIG, "%s", problems.text.data);
	buffer_release(&problems.text);
	*playbook = NULL;
	if (error != NULL)
		playbook_free(loaded);
	else
		*playbook = loaded;
	return error;
}

void
playbook_free(struct playbook *playbook)
{
	if (playbook == NULL)
		return;
	release_steps(&playbook->steps);
	release_steps(&playbook->on_failure);
	release_steps(&playbook->always);
	jv_free(playbook->variables);
	jv_free(playbook->metadata);
	jv_free(playbook->outputs);
	for (size_t i = 0; i < playbook->n_files; i++)
		json_strings_free(playbook->file_envs[i]);
	free(playbook->file_envs);
	for (size_t i = 0; i < playbook->n_warnings; i++)
		free(playbook->warnings[i]);
	free(playbook->warnings);
	free(playbook->name);
	free(playbook->path);
	free(playbook);
}
