/* SPDX-License-Identifier: MIT */
#include "variables.h"

#include "json.h"
#include "memory.h"
#include "variable_path.h"

enum { max_key_bytes = 100 };

void
variables_init(struct variables *variables, jv document, jv defaults,
    const struct config *config)
{
	*variables = (struct variables){
		.document = document,
		.defaults = defaults,
		.config = config,
		.outputs = jv_object(),
		.steps = jv_object(),
	};
}

void
variables_release(struct variables *variables)
{
	jv_free(variables->outputs);
	jv_free(variables->steps);
}

static bool
has(jv object, const char *name)
{
	return jv_get_kind(object) == JV_KIND_OBJECT &&
	    jv_object_has(jv_copy(object), jv_string(name)) != 0;
}

/* Members that are null are as good as absent in a document. */
static bool
has_value(jv object, const char *name)
{
	bool is = has(object, name);
	jv value =
	    is ? jv_object_get(jv_copy(object), jv_string(name)) : jv_null();

	is = is && jv_get_kind(value) != JV_KIND_NULL;
	jv_free(value);
	return is;
}

/* "llm", "model" is the key llm.model. */
static jv
get_setting(const struct config *config, char *const *parts)
{
	char name[max_key_bytes] = "";
	size_t len = 0;

	for (; *parts != NULL && len < sizeof name; parts++) {
		len += (size_t)snprintf(name + len, sizeof name - len, "%s%s",
		    len > 0 ? "." : "", *parts);
		if (len >= sizeof name || config_key_by_name(name) == NULL)
			continue;
		return variable_path_follow(
		    config_value(config, name), parts + 1);
	}
	return jv_invalid();
}

static jv
get_of(jv object, char *const *parts)
{
	if (*parts != NULL && !has(object, *parts))
		return jv_invalid();
	return variable_path_follow(object, parts);
}

/* *found: the first part names one of the kinds of values. */
static jv
get_of_kind(const struct variables *variables, char *const *parts, bool *found)
{
	*found = true;
	if (strcmp(parts[0], "outputs") == 0)
		return get_of(variables->outputs, parts + 1);
	if (strcmp(parts[0], "steps") == 0)
		return get_of(variables->steps, parts + 1);
	if (strcmp(parts[0], "document") == 0)
		return get_of(variables->document, parts + 1);
	if (strcmp(parts[0], "variables") == 0)
		return get_of(variables->defaults, parts + 1);
	if (strcmp(parts[0], "config") == 0)
		return get_setting(variables->config, parts + 1);
	*found = false;
	return jv_invalid();
}

jv
variables_get(void *context, char *const *parts)
{
	const struct variables *variables = context;
	jv metadata = json_get(variables->document, "metadata");
	bool found;
	jv value = get_of_kind(variables, parts, &found);

	if (found)
		;
	else if (has(variables->outputs, parts[0]))
		value = variable_path_follow(variables->outputs, parts);
	else if (has_value(variables->document, parts[0]))
		value = variable_path_follow(variables->document, parts);
	else if (has_value(metadata, parts[0]))
		value = variable_path_follow(metadata, parts);
	else if (has(variables->defaults, parts[0]))
		value = variable_path_follow(variables->defaults, parts);
	else
		value = get_setting(variables->config, parts);
	jv_free(metadata);
	return value;
}

jv
variables_get_or_null(void *context, char *const *parts)
{
	jv value = variables_get(context, parts);

	if (jv_is_valid(value))
		return value;
	jv_free(value);
	return jv_null();
}

void
variables_set_output(struct variables *variables, const char *name, jv value)
{
	variables->outputs =
	    jv_object_set(variables->outputs, jv_string(name), value);
}

void
variables_set_step(struct variables *variables, const char *name, jv value)
{
	variables->steps =
	    jv_object_set(variables->steps, jv_string(name), value);
}
