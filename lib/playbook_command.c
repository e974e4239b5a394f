/* SPDX-License-Identifier: MIT */
#include "playbook_command.h"

#include "condition.h"
#include "json.h"
#include "memory.h"
#include "string_list.h"
#include "template.h"

enum {
	max_timeout_seconds = 7 * 24 * 3600,
	max_retries = 100,
	max_shell_words = 16
};

static const double default_timeout_seconds = 300;

void
playbook_note_names(struct playbook *playbook, const char *text)
{
	if (text != NULL && strstr(text, "steps") != NULL)
		playbook->names_steps = true;
}

/* `condition` and `if` may be a text, or true or false. */
void
playbook_read_condition(struct playbook_step *step, struct playbook *playbook,
    struct playbook_reader *reader, jv object, const char *name)
{
	jv value = json_get(object, name);
	jv_kind kind = jv_get_kind(value);
	struct condition_problem problem = { 0 };
	struct condition *condition;
	size_t back;

	if (kind == JV_KIND_TRUE || kind == JV_KIND_FALSE)
		step->condition =
		    xstrdup(kind == JV_KIND_TRUE ? "true" : "false");
	else
		step->condition = playbook_text(reader, object, name, false);
	jv_free(value);
	if (step->condition == NULL)
		return;
	playbook_note_names(playbook, step->condition);
	condition = condition_parse(step->condition, &problem);
	condition_free(condition);
	if (condition != NULL)
		return;
	back = playbook_enter(reader, name);
	playbook_problem_within(reader, step->condition, problem.offset,
	    "%s: %s", name, problem.message);
	playbook_leave(reader, back);
	free(problem.message);
}

static bool
is_shell(const char *program)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ksh",
		"mksh", "zsh", "ash" };
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
		if (strcmp(slash != NULL ? slash + 1 : program, shells[i]) == 0)
			return true;
	return false;
}

/* "bash -e" is the same as [bash, -e, -c]; "node -e" is [node, -e]. NULL
 * where there is none. */
static char **
read_shell(struct playbook_reader *reader, jv object)
{
	jv value = json_get(object, "shell");
	char **argv = NULL, *text, *at;

	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		argv = json_strings(value, NULL);
		if (argv[0] == NULL ||
		    json_array_length(value, NULL) > max_shell_words)
			playbook_problem(reader,
			    "shell: expected a program and its arguments");
		jv_free(value);
		return argv;
	}
	jv_free(value);
	text = playbook_line(reader, object, "shell", false);
	for (at = text; at != NULL; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (*at == '\0')
			break;
		string_list_add(&argv, xstrndup(at, strcspn(at, " ")));
	}
	if (argv != NULL && is_shell(argv[0]))
		string_list_add(&argv, xstrdup("-c"));
	free(text);
	return argv;
}

static void
check_command(struct playbook_reader *reader, struct playbook_step *step)
{
	size_t back = playbook_enter(reader, "command"), offset;
	const char *problem;

	step->names_values =
	    string_list_count(step->shell) == 0 || is_shell(step->shell[0]);
	if (!step->names_values) {
		if (template_has_names(step->command))
			playbook_problem(reader,
			    "command: only a shell can be given values; "
			    "name them in env, and read the environment");
	} else {
		problem = template_command_problem(step->command, &offset);
		if (problem != NULL)
			playbook_problem_within(
			    reader, step->command, offset, "%s", problem);
	}
	playbook_leave(reader, back);
}

void
playbook_read_command(struct playbook_step *step, struct playbook *playbook,
    struct playbook_reader *reader, jv object)
{
	static const char *const keys[] = { "name", "command", "condition",
		"fail_fast", "timeout_seconds", "retry_count",
		"retry_delay_seconds", "env", "working_directory", "shell",
		"outputs", "metadata", NULL };

	playbook_check_keys(reader, object, keys);
	step->name = playbook_line(reader, object, "name", true);
	step->command = playbook_text(reader, object, "command", true);
	playbook_read_condition(step, playbook, reader, object, "condition");
	step->fail_fast = playbook_boolean(reader, object, "fail_fast", true);
	step->timeout_seconds =
	    playbook_number(reader, object, "timeout_seconds",
		default_timeout_seconds, 0.01, max_timeout_seconds, false);
	step->retry_count = (int)playbook_number(
	    reader, object, "retry_count", 0, 0, max_retries, true);
	step->retry_delay_seconds = playbook_number(
	    reader, object, "retry_delay_seconds", 0, 0, 3600, false);
	step->env = playbook_settings(reader, object, "env");
	step->working_directory =
	    playbook_text(reader, object, "working_directory", false);
	step->shell = read_shell(reader, object);
	step->outputs = playbook_names(reader, object, "outputs");
	for (size_t i = 0; i < string_list_count(step->outputs); i++)
		playbook->outputs =
		    json_set_boolean(playbook->outputs, step->outputs[i], true);
	jv_free(playbook_get_object(reader, object, "metadata"));
	playbook_note_names(playbook, step->command);
	playbook_note_names(playbook, step->working_directory);
	for (char **env = step->env; env != NULL && *env != NULL; env++)
		playbook_note_names(playbook, *env);
	if (step->command != NULL)
		check_command(reader, step);
	playbook->n_steps++;
}
