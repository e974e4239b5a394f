/* SPDX-License-Identifier: MIT */
#include "task.h"

#include <math.h>

#include "error.h"
#include "json.h"
#include "memory.h"
#include "ref_name.h"

enum kind {
	STRING,
	TEXT_LINE, /* not empty, no control characters */
	IDENTIFIER,
	BRANCH,
	COMMIT,
	INTEGER,
	NUMBER,
	BOOLEAN,
	OBJECT,
	ARRAY,
	STRINGS,
	STRING_OR_NUMBER,
	ERROR_TYPE,
};

enum { MAX_TIMEOUT_SECONDS = 7 * 24 * 3600, MAX_IDENTIFIER = 128 };

struct rule {
	const char *path; /* dotted */
	enum kind kind;
	bool required;   /* else it may be absent or null */
	double min, max; /* of numbers */
};

static const struct rule rules[] = {
	{ "task_id", IDENTIFIER, true, 0, 0 },
	{ "title", TEXT_LINE, true, 0, 0 },
	{ "spec_name", TEXT_LINE, false, 0, 0 },
	{ "description", STRING, false, 0, 0 },
	{ "acceptance_criteria", STRINGS, false, 0, 0 },
	{ "dependencies", STRINGS, false, 0, 0 },
	{ "required_skill", STRING, false, 0, 0 },
	{ "slot_path", STRING, false, 0, 0 },
	{ "slot_id", STRING, false, 0, 0 },
	{ "repo_url", STRING, false, 0, 0 },
	{ "branch_name", BRANCH, false, 0, 0 },
	{ "base_branch", BRANCH, false, 0, 0 },
	{ "test_commands", STRINGS, false, 0, 0 },
	{ "fail_fast", BOOLEAN, false, 0, 0 },
	{ "timeout_seconds", INTEGER, false, 1, MAX_TIMEOUT_SECONDS },
	{ "playbook_path", STRING, false, 0, 0 },
	{ "related_files", STRINGS, false, 0, 0 },
	{ "max_tokens", INTEGER, false, 1, 1e9 },
	{ "complexity", STRING_OR_NUMBER, false, 0, 0 },
	{ "require_review", BOOLEAN, false, 0, 0 },
	{ "metadata", OBJECT, false, 0, 0 },
	{ "runner", OBJECT, false, 0, 0 },
	{ "runner.runner_id", TEXT_LINE, false, 0, 0 },
	{ "runner.run_dir", TEXT_LINE, false, 0, 0 },
	{ "runner.started_at", STRING, false, 0, 0 },
	{ "runner.deadline_at", STRING, false, 0, 0 },
	{ "runner.timeout_seconds", NUMBER, false, 0, MAX_TIMEOUT_SECONDS },
	{ "runner.hostname", STRING, false, 0, 0 },
	{ "runner.process_group", INTEGER, false, 0, 1e9 },
	{ "workspace", OBJECT, false, 0, 0 },
	{ "workspace.path", TEXT_LINE, false, 0, 0 },
	{ "workspace.branch_name", BRANCH, false, 0, 0 },
	{ "workspace.base_branch", BRANCH, false, 0, 0 },
	{ "workspace.base_commit", COMMIT, false, 0, 0 },
	{ "impl_result", OBJECT, false, 0, 0 },
	{ "impl_result.attempts", ARRAY, false, 0, 0 },
	{ "playbook_result", OBJECT, false, 0, 0 },
	{ "test_result", OBJECT, false, 0, 0 },
	{ "test_result.test_results", ARRAY, false, 0, 0 },
	{ "push_result", OBJECT, false, 0, 0 },
	{ "artifacts", ARRAY, false, 0, 0 },
	{ "metrics", OBJECT, false, 0, 0 },
	{ "success", BOOLEAN, false, 0, 0 },
	{ "duration_seconds", NUMBER, false, 0, 1e12 },
	{ "error", OBJECT, false, 0, 0 },
	{ "error.type", ERROR_TYPE, false, 0, 0 },
	{ "error.message", STRING, false, 0, 0 },
	{ "error.exit_code", INTEGER, false, 1, 255 },
};

static const char *const expectations[] = {
	[STRING] = "a string",
	[TEXT_LINE] = "one line of text, not empty",
	[IDENTIFIER] = "up to 128 letters, digits, '.', '_' and '-', "
		       "beginning with a letter or digit, without '..'",
	[BRANCH] = "a branch name that git accepts",
	[COMMIT] = "a commit id of 40 hexadecimal digits",
	[INTEGER] = "a whole number",
	[NUMBER] = "a number",
	[BOOLEAN] = "true or false",
	[OBJECT] = "an object",
	[ARRAY] = "an array",
	[STRINGS] = "an array of strings",
	[STRING_OR_NUMBER] = "a string or a number",
	[ERROR_TYPE] = "the name of an error type, see nr(7)",
};

static bool
is_line(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return *text != '\0';
}

static bool
is_identifier(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(text);

	return len > 0 && len <= MAX_IDENTIFIER &&
	    strchr(letters, text[0]) != NULL &&
	    strspn(text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._-") == len &&
	    strstr(text, "..") == NULL;
}

static bool
is_commit(const char *text)
{
	return strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40;
}

static bool
is_strings(jv value)
{
	size_t n = json_array_length(value, NULL), strings = 0;

	if (jv_get_kind(value) != JV_KIND_ARRAY)
		return false;
	for (size_t i = 0; i < n; i++) {
		jv element = json_element(value, i);

		strings += jv_get_kind(element) == JV_KIND_STRING;
		jv_free(element);
	}
	return strings == n;
}

static bool
text_fits(enum kind kind, const char *text)
{
	enum error_type type;

	if (text == NULL)
		return false;
	if (kind == TEXT_LINE)
		return is_line(text);
	if (kind == IDENTIFIER)
		return is_identifier(text);
	if (kind == BRANCH)
		return ref_name_valid(text);
	if (kind == COMMIT)
		return is_commit(text);
	if (kind == ERROR_TYPE)
		return error_type_by_name(&type, text);
	return true;
}

static bool
number_fits(const struct rule *rule, jv value)
{
	double number = json_number(value, NULL, NAN);

	return number >= rule->min && number <= rule->max &&
	    (rule->kind == NUMBER || floor(number) == number);
}

static bool
fits(const struct rule *rule, jv value)
{
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_INVALID || kind == JV_KIND_NULL)
		return !rule->required;
	switch (rule->kind) {
	case INTEGER:
	case NUMBER:
		return number_fits(rule, value);
	case BOOLEAN:
		return kind == JV_KIND_TRUE || kind == JV_KIND_FALSE;
	case OBJECT:
		return kind == JV_KIND_OBJECT;
	case ARRAY:
		return kind == JV_KIND_ARRAY;
	case STRINGS:
		return is_strings(value);
	case STRING_OR_NUMBER:
		return kind == JV_KIND_STRING || kind == JV_KIND_NUMBER;
	case STRING:
	case TEXT_LINE:
	case IDENTIFIER:
	case BRANCH:
	case COMMIT:
	case ERROR_TYPE:
		break;
	}
	return text_fits(rule->kind, json_string(value, NULL));
}

/* The value as JSON, cut after some characters, for a message. */
static void
append_found(struct buffer *problems, jv value)
{
	jv_kind kind = jv_get_kind(value);
	char *text;

	if (kind == JV_KIND_INVALID) {
		buffer_append_string(problems, "nothing");
		return;
	}
	text = json_text(jv_copy(value));
	if (kind == JV_KIND_OBJECT || kind == JV_KIND_ARRAY)
		buffer_appendf(problems, "an %s ", json_kind_name(value));
	/* ASCII only is cut, so no character is cut in half. */
	if (strlen(text) > 80) {
		size_t len = 60;

		while (len > 0 && (text[len] & 0xc0) == 0x80)
			len--;
		text[len] = '\0';
		buffer_appendf(problems, "%s...", text);
	} else {
		buffer_append_string(problems, text);
	}
	free(text);
}

static void
append_problem(struct buffer *problems, const struct rule *rule, jv value)
{
	buffer_append_string(problems, "\n  /");
	for (const char *c = rule->path; *c != '\0'; c++)
		buffer_append(problems, *c == '.' ? "/" : c, 1);
	buffer_appendf(problems, ": expected %s", expectations[rule->kind]);
	if (rule->kind == INTEGER || rule->kind == NUMBER)
		buffer_appendf(
		    problems, " from %.0f to %.0f", rule->min, rule->max);
	buffer_append_string(problems, ", found ");
	append_found(problems, value);
}

size_t
task_check(jv document, struct buffer *problems)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		jv value = json_get(document, rules[i].path);

		if (!fits(&rules[i], value)) {
			append_problem(problems, &rules[i], value);
			n++;
		}
		jv_free(value);
	}
	return n;
}
