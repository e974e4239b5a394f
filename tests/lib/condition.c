/* SPDX-License-Identifier: MIT */
/*
 * condition JSON: evaluates each line of standard input over a JSON object,
 * and prints true, false, or "offset: what is wrong".
 */
#include "condition.h"

#include "json.h"
#include "memory.h"
#include "variable_path.h"

static jv
look_up(void *context, char *const *parts)
{
	return variable_path_follow(*(jv *)context, parts);
}

static void
try(const char *text, jv *values)
{
	struct condition_problem problem;
	struct condition *condition = condition_parse(text, &problem);

	if (condition != NULL)
		puts(condition_holds(condition, look_up, values) ? "true"
								 : "false");
	else
		printf("%zu: %s\n", problem.offset, problem.message);
	free(problem.message);
	condition_free(condition);
}

int
main(int argc, char *argv[])
{
	static char line[2 * CONDITION_MAX_BYTES];
	jv values = jv_parse(argc > 1 ? argv[1] : "{}");

	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		try(line, &values);
	}
	jv_free(values);
	return 0;
}
