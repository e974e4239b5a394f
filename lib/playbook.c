/* SPDX-License-Identifier: MIT */
#include "playbook.h"

#include "file.h"
#include "json.h"
#include "memory.h"
#include "playbook_command.h"
#include "playbook_reader.h"
#include "string_list.h"

/* Lists of steps that a file has. */
enum { STEPS, ON_FAILURE, ALWAYS, N_LISTS };
static const char *const lists[] = { "steps", "on_failure", "always" };

/* One file and those that include it. */
struct load {
	struct playbook *playbook;
	struct playbook_reader reader;
	const struct load *includer;
	char *real_path;
	size_t number; /* of the file */
	struct playbook_steps *steps;
	bool taken[N_LISTS]; /* has take_step() had any? */
	bool too_many;
};

static void read_steps(struct load *load, struct playbook_steps *steps,
    jv object, const char *name);
static struct error *load_file(struct playbook *playbook,
    struct playbook_problems *problems, const struct load *includer,
    const char *path, struct playbook_steps *steps);

/* Takes what the step has. */
static void
add_step(struct playbook_steps *steps, const struct playbook_step *step)
{
	if ((steps->n & (steps->n - 1)) == 0)
		steps->items = xreallocarray(steps->items,
		    steps->n > 0 ? 2 * steps->n : 1, sizeof *steps->items);
	steps->items[steps->n++] = *step;
}

/* Behind those that are there; `from` is empty then. */
static void
move_steps(struct playbook_steps *steps, struct playbook_steps *from)
{
	for (size_t i = 0; i < from->n; i++)
		add_step(steps, &from->items[i]);
	free(from->items);
	*from = (struct playbook_steps){ 0 };
}

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

struct condition *
playbook_condition(const struct playbook_step *step)
{
	struct condition_problem none;

	if (step->condition == NULL)
		return NULL;
	return condition_parse(step->condition, &none);
}

static void
read_block(struct load *load, struct playbook_step *step, jv object)
{
	static const char *const keys[] = { "name", "if", "then", "else",
		"metadata", NULL };
	struct playbook_reader *reader = &load->reader;

	playbook_check_keys(reader, object, keys);
	step->name = playbook_line(reader, object, "name", false);
	playbook_read_condition(
	    step, load->playbook, &load->reader, object, "if");
	if (step->condition == NULL)
		playbook_problem(reader, "'if' is missing");
	read_steps(load, &step->then, object, "then");
	read_steps(load, &step->otherwise, object, "else");
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
read_step(struct load *load, struct playbook_step *step, jv object)
{
	if (jv_get_kind(object) != JV_KIND_OBJECT)
		playbook_problem(&load->reader,
		    "expected a step, with 'name' and 'command'");
	else if (has(object, "include"))
		read_include(load, step, object);
	else if (has(object, "if") || has(object, "then") ||
	    has(object, "else"))
		read_block(load, step, object);
	else
		playbook_read_command(
		    step, load->playbook, &load->reader, object);
}

/* The nth of the list that the pointer is at. */
static void
read_nth(struct load *load, struct playbook_steps *steps, size_t n, jv object)
{
	struct playbook_step step = {
		.fail_fast = true,
		.file = load->number,
	};
	size_t back = playbook_enter_nth(&load->reader, n);

	if (load->playbook->n_steps < PLAYBOOK_MAX_STEPS) {
		read_step(load, &step, object);
		add_step(steps, &step);
	} else if (!load->too_many) {
		playbook_problem(
		    &load->reader, "more than %d steps", PLAYBOOK_MAX_STEPS);
		load->too_many = true;
	}
	playbook_leave(&load->reader, back);
}

/* The steps of a block. */
static void
read_steps(struct load *load, struct playbook_steps *steps, jv object,
    const char *name)
{
	jv list = playbook_get_list(&load->reader, object, name);
	size_t n = json_array_length(list, NULL);
	size_t back = playbook_enter(&load->reader, name);

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(list, i);

		read_nth(load, steps, i, element);
		jv_free(element);
	}
	playbook_leave(&load->reader, back);
	jv_free(list);
}

static struct playbook_steps *
list_of(struct load *load, size_t list)
{
	struct playbook_file *file = &load->playbook->files[load->number];

	return list == STEPS     ? load->steps
	    : list == ON_FAILURE ? &file->on_failure
				 : &file->always;
}

/* A step of the file itself, as soon as it has been read. */
static jv
take_step(void *context, const struct yaml *yaml, const char *name, size_t n,
    jv object)
{
	struct load *load = context;
	struct playbook_steps own = { 0 };
	size_t list = 0, back;

	while (list < N_LISTS && strcmp(name, lists[list]) != 0)
		list++;
	if (list == N_LISTS)
		return object;
	load->taken[list] = true;
	load->reader.yaml = yaml;
	back = playbook_enter(&load->reader, name);
	/* An include in it may move the list. */
	read_nth(load, &own, n, object);
	move_steps(list_of(load, list), &own);
	playbook_leave(&load->reader, back);
	jv_free(object);
	return jv_null();
}

/* What take_step() has not had, as it is of an alias. */
static void
read_lists(struct load *load, jv object)
{
	struct playbook_steps own = { 0 };

	for (size_t i = 0; i < N_LISTS; i++) {
		if (load->taken[i])
			continue;
		read_steps(load, &own, object, lists[i]);
		move_steps(list_of(load, i), &own);
	}
}

static void
read_file(struct load *load, jv object)
{
	struct playbook_reader *reader = &load->reader;
	jv variables = playbook_get_object(reader, object, "variables");
	struct playbook_file *file;

	read_lists(load, object);
	file = &load->playbook->files[load->number];
	if (jv_is_valid(variables)) {
		jv_free(file->variables);
		file->variables = variables;
	} else {
		jv_free(variables);
	}
	file->env = playbook_settings(reader, object, "env");
	for (char **env = file->env; env != NULL && *env != NULL; env++)
		playbook_note_names(load->playbook, *env);
	if (load->steps->n == 0 && reader->problems->n == 0)
		playbook_problem(reader, "'steps' is missing or empty");
}

static void
read_playbook(struct load *load, jv object)
{
	static const char *const keys[] = { "name", "description", "steps",
		"on_failure", "always", "variables", "env", "metadata", NULL };
	struct playbook_reader *reader = &load->reader;
	struct playbook *playbook = load->playbook;
	const char *slash = strrchr(playbook->path, '/');
	char *name;
	jv metadata;

	if (jv_get_kind(object) != JV_KIND_OBJECT) {
		playbook_problem(
		    reader, "expected a playbook, with 'name' and 'steps'");
		return;
	}
	playbook_check_keys(reader, object, keys);
	name = playbook_line(reader, object, "name", false);
	free(playbook_text(reader, object, "description", false));
	metadata = playbook_get_object(reader, object, "metadata");
	read_file(load, object);
	if (load->includer == NULL) {
		playbook->name = xstrdup(name != NULL ? name
			: slash != NULL               ? slash + 1
						      : playbook->path);
		jv_free(playbook->metadata);
		playbook->metadata = jv_copy(metadata);
	}
	jv_free(metadata);
	free(name);
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

/* Returns its number. */
static size_t
add_file(struct playbook *playbook, const struct load *includer)
{
	size_t number = playbook->n_files++;

	playbook->files = xreallocarray(
	    playbook->files, playbook->n_files, sizeof *playbook->files);
	playbook->files[number] = (struct playbook_file){
		.includer = includer != NULL ? includer->number : number,
		.variables = jv_object(),
	};
	return number;
}

static struct error *
load_file(struct playbook *playbook, struct playbook_problems *problems,
    const struct load *includer, const char *path, struct playbook_steps *steps)
{
	struct load load = {
		.playbook = playbook,
		.reader = { .path = path, .problems = problems },
		.includer = includer,
		.real_path = file_resolve(path),
		.steps = steps,
	};
	struct yaml_options options = {
		.aliases = true,
		.max_bytes = PLAYBOOK_MAX_BYTES,
		.max_events = PLAYBOOK_MAX_EVENTS,
		.element = take_step,
		.context = &load,
	};
	struct yaml *yaml = NULL;
	struct error *error = NULL;

	if (load.real_path == NULL)
		return error_errno(ERROR_CONFIG, "cannot read '%s'", path);
	load.number = add_file(playbook, includer);
	error = check_includes(playbook, &load);
	if (error == NULL)
		error = yaml_read_file_with(&yaml, path, &options);
	if (error == NULL) {
		load.reader.yaml = yaml;
		read_playbook(&load, yaml_value(yaml));
		take_warnings(playbook, yaml);
	}
	yaml_release(yaml);
	free(load.real_path);
	return error;
}

/* What an included playbook has, the including one may set otherwise; what is
 * cleaned up begins with the one that was included last. */
static void
join_files(struct playbook *playbook)
{
	for (size_t i = 0; i < playbook->n_files; i++)
		playbook->variables = jv_object_merge(
		    jv_copy(playbook->files[i].variables), playbook->variables);
	for (size_t i = playbook->n_files; i > 0; i--) {
		struct playbook_file *file = &playbook->files[i - 1];

		move_steps(&playbook->on_failure, &file->on_failure);
		move_steps(&playbook->always, &file->always);
	}
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
	join_files(loaded);
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
	for (size_t i = 0; i < playbook->n_files; i++) {
		json_strings_free(playbook->files[i].env);
		jv_free(playbook->files[i].variables);
	}
	free(playbook->files);
	for (size_t i = 0; i < playbook->n_warnings; i++)
		free(playbook->warnings[i]);
	free(playbook->warnings);
	free(playbook->name);
	free(playbook->path);
	free(playbook);
}
