/* SPDX-License-Identifier: MIT */
#include "playbook_run.h"

#include "memory.h"
#include "playbook_explain.h"
#include "printable.h"
#include "variables.h"

enum { max_command = 100 };

struct list {
	const struct playbook *playbook;
	struct variables variables;
};

/* What is known of a step, and of those within it. */
enum verdict { RUNS, MAY_RUN, SKIPPED };

static void list_steps(struct list *list, const struct playbook_steps *steps,
    enum verdict verdict, const char *why);

static enum verdict
judge(struct list *list, const struct playbook_step *step, char **why)
{
	struct condition *condition;
	char *explained;
	bool holds;

	*why = NULL;
	if (step->condition == NULL)
		return RUNS;
	explained = playbook_explain(step, &list->variables);
	if (playbook_depends_on_steps(step, list->playbook)) {
		*why = xasprintf("depends on the steps before: condition '%s'",
		    step->condition);
		free(explained);
		return MAY_RUN;
	}
	*why = explained;
	condition = playbook_condition(step);
	holds =
	    condition_holds(condition, variables_get_or_null, &list->variables);
	condition_free(condition);
	return holds ? RUNS : SKIPPED;
}

static void
print_step(
    const struct playbook_step *step, enum verdict verdict, const char *why)
{
	static const char *const words[] = { "run", "may run", "skip" };
	char *name = printable(step->name, max_command);
	char *command = printable(step->command, max_command);

	printf("%-8s %s: %s\n", words[verdict], name, command);
	if (why != NULL)
		printf("         %s\n", why);
	free(command);
	free(name);
}

static void
list_step(struct list *list, const struct playbook_step *step,
    enum verdict verdict, const char *why)
{
	char *own;
	enum verdict here = judge(list, step, &own);
	enum verdict otherwise;

	if (step->command != NULL) {
		if (verdict > RUNS && (verdict == SKIPPED || here != SKIPPED))
			print_step(step, verdict, why);
		else
			print_step(step, here, own);
	} else {
		otherwise = here == RUNS ? SKIPPED
		    : here == SKIPPED    ? RUNS
					 : MAY_RUN;
		if (verdict == SKIPPED)
			here = otherwise = SKIPPED;
		else if (verdict == MAY_RUN && here == RUNS)
			here = MAY_RUN;
		list_steps(list, &step->then, here, own != NULL ? own : why);
		list_steps(
		    list, &step->otherwise, otherwise, own != NULL ? own : why);
	}
	free(own);
}

static void
list_steps(struct list *list, const struct playbook_steps *steps,
    enum verdict verdict, const char *why)
{
	for (size_t i = 0; i < steps->n; i++)
		list_step(list, &steps->items[i], verdict, why);
}

void
playbook_list(const struct stage *stage, const struct playbook *playbook)
{
	struct list list = { .playbook = playbook };

	variables_init(&list.variables, document_value(stage->doc),
	    playbook->variables, stage->config);
	printf("playbook '%s' (%s)\n", playbook->name, playbook->path);
	list_steps(&list, &playbook->steps, RUNS, NULL);
	list_steps(&list, &playbook->on_failure, MAY_RUN, "after a failure");
	list_steps(&list, &playbook->always, RUNS, NULL);
	variables_release(&list.variables);
}
