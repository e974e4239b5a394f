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
	struct condition *condition = playbook_condition(step);
	char *shown = printable(step->condition, max_condition);
	const char *written;
	char *const *parts;

	buffer_appendf(&text, "condition '%s'", shown);
	free(shown);
	for (size_t i = 0; i < max_paths &&
	     (parts = condition_path(condition, i, &written)) != NULL;
	     i++) {
		char *value =
		    json_text(variables_get_or_null(variables, parts));

		shown = printable(value, max_value);
		buffer_appendf(
		    &text, "%s%s is %s", i > 0 ? ", " : ": ", written, shown);
		free(shown);
		free(value);
	}
	condition_free(condition);
	return buffer_take(&text);
}

bool
playbook_depends_on_steps(
    const struct playbook_step *step, const struct playbook *playbook)
{
	struct condition *condition = playbook_condition(step);
	const char *written;
	char *const *parts;
	bool depends = false;

	for (size_t i = 0; !depends &&
	     (parts = condition_path(condition, i, &written)) != NULL;
	     i++)
		depends = strcmp(parts[0], "steps") == 0 ||
		    strcmp(parts[0], "outputs") == 0 ||
		    jv_object_has(
			jv_copy(playbook->outputs), jv_string(parts[0])) != 0;
	condition_free(condition);
	return depends;
}
