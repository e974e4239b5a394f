/* SPDX-License-Identifier: MIT */
#include "playbook_run.h"

#include "json.h"
#include "memory.h"
#include "playbook_explain.h"
#include "printable.h"
#include "string_list.h"
#include "template.h"
#include "variables.h"

enum { max_command = 100 };

struct list {
	const struct playbook *playbook;
	struct variables variables;
	int indent;
};

/* What is known of a step, and of those within it. */
enum verdict { RUNS, MAY_RUN, SKIPPED };

static void list_steps(struct list *list, const struct playbook_steps *steps,
    enum verdict verdict);

/* *why: in words; NULL where there is no condition. */
static enum verdict
judge(struct list *list, const struct playbook_step *step, char **why)
{
	struct condition *condition;
	char *shown;
	bool holds;

	*why = NULL;
	if (step->condition == NULL)
		return RUNS;
	if (playbook_depends_on_steps(step, list->playbook)) {
		shown = printable(step->condition, max_command);
		*why = xasprintf(
		    "depends on the steps before: condition '%s'", shown);
		free(shown);
		return MAY_RUN;
	}
	*why = playbook_explain(step, &list->variables);
	condition = playbook_condition(step);
	holds =
	    condition_holds(condition, variables_get_or_null, &list->variables);
	condition_free(condition);
	return holds ? RUNS : SKIPPED;
}

/* Of a step within others: what is not run as a whole is not in parts. */
static enum verdict
within(enum verdict outer, enum verdict own)
{
	return own > outer ? own : outer;
}

/* Names that a step can give a value are none of these. */
static void
add_undefined(
    struct list *list, char ***names, const char *text, enum template_kind kind)
{
	char **found =
	    template_undefined(text, kind, variables_get, &list->variables);

	for (size_t i = 0; found != NULL && found[i] != NULL; i++) {
		char *first = xstrndup(found[i], strcspn(found[i], ".["));

		if (strcmp(first, "steps") != 0 &&
		    strcmp(first, "outputs") != 0 &&
		    !jv_object_has(
			jv_copy(list->playbook->outputs), jv_string(first)))
			string_list_add(names, xstrdup(found[i]));
		free(first);
	}
	json_strings_free(found);
}

static void
add_all_undefined(struct list *list, char ***names, char *const *env)
{
	for (; env != NULL && *env != NULL; env++)
		add_undefined(
		    list, names, strchr(*env, '=') + 1, TEMPLATE_TEXT);
}

static void
print_undefined(struct list *list, const struct playbook_step *step)
{
	const struct playbook_file *file;
	size_t number = step->file;
	char **names = NULL;
	bool is_first;

	do {
		file = &list->playbook->files[number];
		add_all_undefined(list, &names, file->env);
		is_first = file->includer == number;
		number = file->includer;
	} while (!is_first);
	add_all_undefined(list, &names, step->env);
	if (step->working_directory != NULL)
		add_undefined(
		    list, &names, step->working_directory, TEMPLATE_TEXT);
	if (step->names_values)
		add_undefined(list, &names, step->command, TEMPLATE_COMMAND);
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		char *shown = printable(names[i], max_command);

		printf("%*s         '%s' is not defined: the step would fail\n",
		    list->indent, "", shown);
		free(shown);
	}
	json_strings_free(names);
}

static void
print_step(struct list *list, const struct playbook_step *step,
    enum verdict verdict, const char *why)
{
	static const char *const words[] = { "run", "may run", "skip" };
	char *name = printable(step->name, max_command);
	char *command = printable(step->command, max_command);

	printf("%*s%-8s %s: %s\n", list->indent, "", words[verdict], name,
	    command);
	if (why != NULL)
		printf("%*s         %s\n", list->indent, "", why);
	if (verdict != SKIPPED)
		print_undefined(list, step);
	free(command);
	free(name);
}

static void
print_block(
    struct list *list, const struct playbook_step *step, const char *why)
{
	bool is_include = step->include != NULL;
	const char *title = is_include ? step->include : step->name;
	char *shown = printable(title != NULL ? title : "", max_command);

	printf("%*s%-8s %s%s%s\n", list->indent, "",
	    is_include ? "include" : "if", shown,
	    *shown != '\0' && why != NULL ? ": " : "", why != NULL ? why : "");
	free(shown);
}

static void
list_inner(
    struct list *list, const struct playbook_steps *steps, enum verdict verdict)
{
	list->indent += 2;
	list_steps(list, steps, verdict);
	list->indent -= 2;
}

static void
list_block(struct list *list, const struct playbook_step *step,
    enum verdict outer, enum verdict own)
{
	enum verdict otherwise = own == RUNS ? SKIPPED
	    : own == SKIPPED                 ? RUNS
					     : MAY_RUN;

	list_inner(list, &step->then, within(outer, own));
	if (step->otherwise.n == 0)
		return;
	printf("%*selse\n", list->indent, "");
	list_inner(list, &step->otherwise, within(outer, otherwise));
}

static void
list_steps(
    struct list *list, const struct playbook_steps *steps, enum verdict verdict)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct playbook_step *step = &steps->items[i];
		char *why;
		enum verdict own = judge(list, step, &why);

		if (step->command != NULL) {
			print_step(list, step, within(verdict, own), why);
		} else {
			print_block(list, step, why);
			list_block(list, step, verdict, own);
		}
		free(why);
	}
}

void
playbook_list(const struct stage *stage, const struct playbook *playbook)
{
	struct list list = { .playbook = playbook };

	variables_init(&list.variables, document_value(stage->doc),
	    playbook->variables, stage->config);
	printf("playbook '%s' (%s)\n", playbook->name, playbook->path);
	list_steps(&list, &playbook->steps, RUNS);
	if (playbook->on_failure.n > 0)
		puts("on_failure, after a failure:");
	list_inner(&list, &playbook->on_failure, MAY_RUN);
	if (playbook->always.n > 0)
		puts("always, at the end:");
	list_inner(&list, &playbook->always, RUNS);
	variables_release(&list.variables);
}
