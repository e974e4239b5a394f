/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for conditions: whatever is read can be evaluated, twice
 * with the same result; whatever is not has a place within the text.
 */
#include <stdint.h>

#include "condition.h"
#include "json.h"
#include "memory.h"
#include "variable_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static jv
look_up(void *context, char *const *parts)
{
	return variable_path_follow(*(jv *)context, parts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	jv values = jv_parse("{\"a\":1,\"b\":\"1\",\"c\":[1,\"x\",null],"
			     "\"d\":{\"e\":true}}");
	char *text = xstrndup((const char *)bytes, len);
	struct condition_problem problem;
	struct condition *condition = condition_parse(text, &problem);

	if (condition != NULL) {
		bool first = condition_holds(condition, look_up, &values);

		if (first != condition_holds(condition, look_up, &values))
			abort();
	} else if (problem.message == NULL || problem.offset > strlen(text)) {
		abort();
	}
	condition_free(condition);
	free(problem.message);
	free(text);
	jv_free(values);
	return 0;
}
