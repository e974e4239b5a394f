/* SPDX-License-Identifier: MIT */
#include "coder.h"

#include "json.h"
#include "memory.h"
#include "workspace_path.h"

enum { MAX_FILE_BYTES = 16 * 1024 * 1024 };

/* A call at work: what it was given, and what comes of it. */
struct call {
	const struct coder *coder;
	jv arguments;
	bool success;
	char *text;
};

static void
answer(struct call *call, char *text)
{
	free(call->text);
	call->text = text;
}

/* What went wrong is for the model to put right. */
static void
fail(struct call *call, struct error *error)
{
	call->success = false;
	answer(call, xasprintf("error: %s", error->message));
	error_free(error);
}

static struct error *
run(struct call *call)
{
	const char *command = json_string(call->arguments, "command");
	char *script = xasprintf("exec 2>&1\n%s", command);
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, script, NULL };
	struct error *error = coder_run(call->coder, argv,
	    json_number(call->arguments, "timeout_seconds", 0), &call->success,
	    &call->text);

	free(script);
	return error;
}

/* Leaves of the text the lines from the nth on, as many as wanted. */
static void
pick_lines(const char **text, size_t *len, double first, double n)
{
	const char *at = *text, *end = *text + *len, *stop;

	for (double line = 1; line < first && at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline != NULL ? newline + 1 : end;
	}
	stop = at;
	for (double line = 0; line < n && stop < end; line++) {
		const char *newline = memchr(stop, '\n', (size_t)(end - stop));

		stop = newline != NULL ? newline + 1 : end;
	}
	*text = at;
	*len = (size_t)(stop - at);
}

static struct error *
read_file(struct call *call)
{
	struct buffer content = BUFFER_INIT(MAX_FILE_BYTES);
	struct error *error = workspace_path_read(&content,
	    call->coder->workspace, json_string(call->arguments, "path"));
	const char *text = content.data != NULL ? content.data : "";
	size_t len = content.len;

	if (error != NULL) {
		fail(call, error);
	} else {
		pick_lines(&text, &len,
		    json_number(call->arguments, "first_line", 1),
		    json_number(call->arguments, "n_lines", 1e9));
		answer(call, coder_excerpt(call->coder, text, len));
	}
	buffer_release(&content);
	return NULL;
}

static struct error *
write_file(struct call *call)
{
	const char *path = json_string(call->arguments, "path");
	const char *content = json_string(call->arguments, "content");
	struct error *error = workspace_path_write(
	    call->coder->workspace, path, content, strlen(content));

	if (error != NULL)
		fail(call, error);
	else
		answer(call, xasprintf("wrote %zu bytes", strlen(content)));
	return NULL;
}

/* Every `old` of the text becomes `new`; counts them. */
static size_t
replace(struct buffer *out, const char *text, const char *old, const char *new)
{
	size_t n = 0;
	const char *found;

	while (!out->truncated && (found = strstr(text, old)) != NULL) {
		buffer_append(out, text, (size_t)(found - text));
		buffer_append_string(out, new);
		text = found + strlen(old);
		n++;
	}
	buffer_append_string(out, text);
	return n;
}

static struct error *
edit_text(const struct call *call, struct buffer *out, const char *text)
{
	const char *old = json_string(call->arguments, "old");
	bool all = json_boolean(call->arguments, "all", false);
	size_t n;

	if (*old == '\0')
		return error_new(ERROR_IMPLEMENTATION, "'old' is empty");
	n = replace(out, text, old, json_string(call->arguments, "new"));
	if (n == 0)
		return error_new(ERROR_IMPLEMENTATION,
		    "'old' is not in the file; read it again, and copy the "
		    "text with its blanks as it is");
	if (n > 1 && !all)
		return error_new(ERROR_IMPLEMENTATION,
		    "'old' is in the file %zu times; give more of the lines "
		    "around it, or set 'all'",
		    n);
	if (out->truncated)
		return error_new(ERROR_IMPLEMENTATION, "it grows too large");
	return NULL;
}

static struct error *
edit_file(struct call *call)
{
	const char *path = json_string(call->arguments, "path");
	const char *workspace = call->coder->workspace;
	struct buffer content = BUFFER_INIT(MAX_FILE_BYTES);
	struct buffer out = BUFFER_INIT(MAX_FILE_BYTES);
	struct error *error = workspace_path_read(&content, workspace, path);

	if (error == NULL && content.len > 0 &&
	    memchr(content.data, '\0', content.len) != NULL)
		error =
		    error_new(ERROR_IMPLEMENTATION, "'%s' is no text", path);
	if (error == NULL)
		error = edit_text(
		    call, &out, content.data != NULL ? content.data : "");
	if (error == NULL)
		error =
		    workspace_path_write(workspace, path, out.data, out.len);
	if (error != NULL)
		fail(call, error);
	else
		answer(call, xstrdup("done"));
	buffer_release(&content);
	buffer_release(&out);
	return NULL;
}

static const char *
path_or_here(const struct call *call)
{
	const char *path = json_string(call->arguments, "path");

	return path != NULL && *path != '\0' ? path : ".";
}

static struct error *
search(struct call *call)
{
	/* In a shell, for the words alone: nothing found is no failure. */
	static const char script[] =
	    "grep -rnIE --exclude-dir=.git -e \"$1\" -- \"$2\" 2>&1\n"
	    "code=$?\n"
	    "[ $code -ne 1 ] || echo 'nothing found'\n"
	    "[ $code -le 1 ]";
	char *pattern = xstrdup(json_string(call->arguments, "pattern"));
	char *path = xstrdup(path_or_here(call));
	char *text = xstrdup(script);
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, text,
		(char[]){ "search" }, pattern, path, NULL };
	struct error *error =
	    coder_run(call->coder, argv, 0, &call->success, &call->text);

	free(text);
	free(path);
	free(pattern);
	return error;
}

static struct error *
list(struct call *call)
{
	char *path = xstrdup(path_or_here(call));
	char *argv[] = { (char[]){ "ls" }, (char[]){ "-Ap" }, (char[]){ "--" },
		path, NULL };
	struct error *error =
	    coder_run(call->coder, argv, 0, &call->success, &call->text);

	free(path);
	return error;
}

/* Parameters: a name, a kind, whether it has to be there, what it is. */
struct parameter {
	const char *name, *kind;
	bool required;
	const char *description;
};

static const struct tool {
	const char *name, *description;
	struct error *(*work)(struct call *call);
	struct parameter parameters[5];
} tools[] = {
	{ "run",
	    "Run a shell command in the workspace. Shows what it prints, the "
	    "middle left out if it is long, and how it ended. What it leaves "
	    "running is ended.",
	    run,
	    { { "command", "string", true, "for sh -c" },
		{ "timeout_seconds", "number", false, "end it after this" } } },
	{ "read", "Read a text file of the workspace.", read_file,
	    { { "path", "string", true, "relative to the workspace" },
		{ "first_line", "integer", false, "from 1" },
		{ "n_lines", "integer", false, "how many" } } },
	{ "write",
	    "Write a file of the workspace: a new one, or all of one that is "
	    "there.",
	    write_file,
	    { { "path", "string", true, "relative to the workspace" },
		{ "content", "string", true, "all of it" } } },
	{ "edit",
	    "Replace a text in a file of the workspace. It must be there "
	    "exactly once, or 'all' be set.",
	    edit_file,
	    { { "path", "string", true, "relative to the workspace" },
		{ "old", "string", true, "the text as it is, with its blanks" },
		{ "new", "string", true, "what takes its place" },
		{ "all", "boolean", false, "replace every one" } } },
	{ "search", "Search the files of the workspace; shows file:line:text.",
	    search,
	    { { "pattern", "string", true, "an extended regular expression" },
		{ "path", "string", false, "a file or directory" } } },
	{ "list", "List a directory; directories end in a slash.", list,
	    { { "path", "string", false, "default: the workspace" } } },
};

enum { n_tools = sizeof tools / sizeof tools[0] };

static jv
tool_schema(const struct tool *tool)
{
	jv properties = jv_object(), required = jv_array(), schema;

	for (const struct parameter *p = tool->parameters; p->name != NULL;
	     p++) {
		jv property = json_set_string(jv_object(), "type", p->kind);

		property =
		    json_set_string(property, "description", p->description);
		properties = json_set(properties, p->name, property);
		if (p->required)
			required =
			    jv_array_append(required, jv_string(p->name));
	}
	schema = json_set_string(jv_object(), "type", "object");
	schema = json_set(schema, "properties", properties);
	return json_set(schema, "required", required);
}

jv
coder_tools(void)
{
	jv list = jv_array();

	for (size_t i = 0; i < n_tools; i++) {
		jv function =
		    json_set_string(jv_object(), "name", tools[i].name);
		jv tool = json_set_string(jv_object(), "type", "function");

		function = json_set_string(
		    function, "description", tools[i].description);
		function =
		    json_set(function, "parameters", tool_schema(&tools[i]));
		list =
		    jv_array_append(list, json_set(tool, "function", function));
	}
	return list;
}

static bool
is_of_kind(jv value, const char *kind)
{
	const char *name = json_kind_name(value);

	return strcmp(name, kind) == 0 ||
	    (strcmp(kind, "integer") == 0 && strcmp(name, "number") == 0);
}

static struct error *
check_arguments(const struct tool *tool, jv arguments)
{
	for (const struct parameter *p = tool->parameters; p->name != NULL;
	     p++) {
		jv value = json_get(arguments, p->name);
		bool there =
		    jv_is_valid(value) && jv_get_kind(value) != JV_KIND_NULL;
		bool right = there ? is_of_kind(value, p->kind) : !p->required;

		jv_free(value);
		if (!right)
			return error_new(ERROR_IMPLEMENTATION,
			    "'%s' wants the argument '%s', %s %s", tool->name,
			    p->name, *p->kind == 'i' ? "an" : "a", p->kind);
	}
	return NULL;
}

static const struct tool *
find_tool(const char *name)
{
	for (size_t i = 0; i < n_tools; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

struct error *
coder_call(const struct coder *coder, const char *name, const char *arguments,
    bool *success, char **text)
{
	const struct tool *tool = find_tool(name);
	struct call call = { .coder = coder, .success = true };
	struct error *error = NULL, *wrong;

	if (!llm_parse_arguments(
		&call.arguments, arguments, strlen(arguments))) {
		fail(&call,
		    error_new(ERROR_IMPLEMENTATION,
			"the arguments are not a JSON object: %.200s",
			arguments));
	} else if (tool == NULL) {
		fail(&call,
		    error_new(ERROR_IMPLEMENTATION,
			"there is no tool '%.60s'; there are run, read, write, "
			"edit, search, list",
			name));
	} else {
		wrong = check_arguments(tool, call.arguments);
		if (wrong != NULL)
			fail(&call, wrong);
		else
			error = tool->work(&call);
	}
	jv_free(call.arguments);
	*success = call.success;
	*text = call.text != NULL ? call.text : xstrdup("");
	/* cppcheck-suppress returnDanglingLifetime */
	return error;
}
