/* SPDX-License-Identifier: MIT */
#include "playbook_explain.h"

#include "buffer.h"
#include "json.h"
#include "memory.h"
#include "printable.h"

enum { max_text = 2000, max_value = 60, max_condition = 200, max_paths = 10 };

char *
playbook_explain(const struct playbook_step *step, struct variables *variables)
{
	struct buffer text = BUFFER_INIT(max_text);
	char *shown = printable(step->condition_text, max_condition);
	const char *written;
	char *const *parts;

	buffer_appendf(&text, "condition '%s'", shown);
	free(shown);
	for (size_t i = 0; i < max_paths &&
	     (parts = condition_path(step->condition, i, &written)) != NULL;
	     i++) {
		char *value =
		    json_text(variables_get_or_null(variables, parts));

		shown = printable(value, max_value);
		buffer_appendf(
		    &text, "%s%s is %s", i > 0 ? ", " : ": ", written, shown);
		free(shown);
		free(value);
	}
	return buffer_take(&text);
}

static bool
is_output(const struct playbook_steps *steps, const char *name)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct playbook_step *step = &steps->items[i];
		char **output = step->outputs;

		for (; output != NULL && *output != NULL; output++)
			if (strcmp(*output, name) == 0)
				return true;
		if (is_output(&step->then, name) ||
		    is_output(&step->otherwise, name))
			return true;
	}
	return false;
}

bool
playbook_depends_on_steps(
    const struct playbook_step *step, const struct playbook *playbook)
{
	const char *written;
	char *const *parts;

	for (size_t i = 0;
	     (parts = condition_path(step->condition, i, &written)) != NULL;
	     i++)
		if (strcmp(parts[0], "steps") == 0 ||
		    strcmp(parts[0], "outputs") == 0 ||
		    is_output(&playbook->steps, parts[0]) ||
		    is_output(&playbook->on_failure, parts[0]) ||
		    is_output(&playbook->always, parts[0]))
			return true;
	return false;
}
