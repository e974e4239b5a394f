/* SPDX-License-Identifier: MIT */
#include "condition.h"

#include <math.h>

#include "condition_tree.h"
#include "json.h"
#include "memory.h"

struct scope {
	condition_lookup *lookup;
	void *context;
};

static jv evaluate(
    const struct condition_node *node, const struct scope *scope);

/* Python prints them with a capital. */
static bool
reads_as_boolean(const char *text, bool yes)
{
	return strcmp(text, yes ? "true" : "false") == 0 ||
	    strcmp(text, yes ? "True" : "False") == 0;
}

/* The number that a text is, all of it: what a step wrote is text. */
static bool
reads_as_number(double *number, const char *text)
{
	char *end;
	size_t len = strlen(text);

	if (len == 0 || strspn(text, "+-.eE0123456789") != len)
		return false;
	*number = strtod(text, &end);
	return *end == '\0' && isfinite(*number);
}

static bool
as_number(double *number, jv value)
{
	if (jv_get_kind(value) == JV_KIND_STRING)
		return reads_as_number(number, jv_string_value(value));
	*number = json_number(value, NULL, NAN);
	return jv_get_kind(value) == JV_KIND_NUMBER;
}

static bool
is_boolean(jv value)
{
	jv_kind kind = jv_get_kind(value);

	return kind == JV_KIND_TRUE || kind == JV_KIND_FALSE;
}

static bool
is_empty(jv value)
{
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_ARRAY)
		return json_array_length(value, NULL) == 0;
	return kind == JV_KIND_OBJECT && jv_object_length(jv_copy(value)) == 0;
}

bool
condition_is_true(jv value)
{
	const char *text = json_string(value, NULL);
	jv_kind kind = jv_get_kind(value);
	double number;

	if (kind == JV_KIND_NULL || kind == JV_KIND_FALSE ||
	    kind == JV_KIND_INVALID || is_empty(value))
		return false;
	if (text != NULL && (*text == '\0' || reads_as_boolean(text, false)))
		return false;
	return !as_number(&number, value) || number != 0;
}

/* "true" is true beside a boolean, "17" is 17 beside a number. */
static bool
are_equal(jv a, jv b)
{
	const char *text_a = json_string(a, NULL);
	const char *text_b = json_string(b, NULL);
	double number_a, number_b;

	if (text_a != NULL && text_b != NULL)
		return strcmp(text_a, text_b) == 0;
	if (is_boolean(a) && text_b != NULL)
		return reads_as_boolean(text_b, json_boolean(a, NULL, false));
	if (is_boolean(b) && text_a != NULL)
		return are_equal(b, a);
	if (as_number(&number_a, a) && as_number(&number_b, b))
		return number_a == number_b;
	return jv_equal(jv_copy(a), jv_copy(b));
}

/* False for what has no order. */
static bool
is_in_order(jv a, jv b, enum condition_kind kind)
{
	const char *text_a = json_string(a, NULL);
	const char *text_b = json_string(b, NULL);
	double number_a = 0, number_b = 0;

	if (!as_number(&number_a, a) || !as_number(&number_b, b)) {
		if (text_a == NULL || text_b == NULL)
			return false;
		number_a = (double)strcmp(text_a, text_b);
		number_b = 0;
	}
	if (kind == CONDITION_LESS)
		return number_a < number_b;
	if (kind == CONDITION_LESS_EQUAL)
		return number_a <= number_b;
	if (kind == CONDITION_GREATER)
		return number_a > number_b;
	return number_a >= number_b;
}

static bool
is_in(jv a, jv b)
{
	const char *part = json_string(a, NULL), *text = json_string(b, NULL);
	size_t n = json_array_length(b, NULL);
	bool found = false;

	if (part != NULL && text != NULL)
		return strstr(text, part) != NULL;
	if (part != NULL && jv_get_kind(b) == JV_KIND_OBJECT)
		return jv_object_has(jv_copy(b), jv_string(part)) != 0;
	for (size_t i = 0; i < n && !found; i++) {
		jv element = json_element(b, i);

		found = are_equal(a, element);
		jv_free(element);
	}
	return found;
}

static bool
compare(const struct condition_node *node, const struct scope *scope)
{
	jv a = evaluate(node->children[0], scope);
	jv b = evaluate(node->children[1], scope);
	bool holds;

	if (node->kind == CONDITION_EQUAL || node->kind == CONDITION_NOT_EQUAL)
		holds = are_equal(a, b) == (node->kind == CONDITION_EQUAL);
	else if (node->kind == CONDITION_IN || node->kind == CONDITION_NOT_IN)
		holds = is_in(a, b) == (node->kind == CONDITION_IN);
	else
		holds = is_in_order(a, b, node->kind);
	jv_free(a);
	jv_free(b);
	return holds;
}

static bool
is_true(const struct condition_node *node, const struct scope *scope)
{
	jv value = evaluate(node, scope);
	bool yes = condition_is_true(value);

	jv_free(value);
	return yes;
}

/* `and` ends at the first that is false, `or` at the first that is true. */
static bool
join(const struct condition_node *node, const struct scope *scope)
{
	bool is_and = node->kind == CONDITION_AND;

	for (size_t i = 0; i < node->n_children; i++)
		if (is_true(node->children[i], scope) != is_and)
			return !is_and;
	return is_and;
}

static jv
evaluate_list(const struct condition_node *node, const struct scope *scope)
{
	jv list = jv_array();

	for (size_t i = 0; i < node->n_children; i++)
		list =
		    jv_array_append(list, evaluate(node->children[i], scope));
	return list;
}

static jv
evaluate(const struct condition_node *node, const struct scope *scope)
{
	switch (node->kind) {
	case CONDITION_VALUE:
		return jv_copy(node->value);
	case CONDITION_PATH:
		return scope->lookup(scope->context, node->parts);
	case CONDITION_LIST:
		return evaluate_list(node, scope);
	case CONDITION_NOT:
		return jv_bool(!is_true(node->children[0], scope));
	case CONDITION_AND:
	case CONDITION_OR:
		return jv_bool(join(node, scope));
	case CONDITION_EQUAL:
	case CONDITION_NOT_EQUAL:
	case CONDITION_LESS:
	case CONDITION_LESS_EQUAL:
	case CONDITION_GREATER:
	case CONDITION_GREATER_EQUAL:
	case CONDITION_IN:
	case CONDITION_NOT_IN:
		break;
	}
	return jv_bool(compare(node, scope));
}

bool
condition_holds(
    const struct condition *condition, condition_lookup *lookup, void *context)
{
	struct scope scope = { lookup, context };

	return is_true(condition->root, &scope);
}
