/* SPDX-License-Identifier: MIT */
#include "prompt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "json.h"
#include "memory.h"

static const char guide_name[] = "AGENTS.md";

static const char rules[] =
    "\n## Rules\n\n"
    "- Work in the current directory; it is the root of a git work tree "
    "made for this task.\n"
    "- Do not commit, push, switch or create branches. The runner tests "
    "your work, commits and pushes it itself.\n"
    "- Leave no files behind that do not belong to the change; build "
    "results belong in .gitignore.\n"
    "- Nobody can answer questions. Where the task leaves something open, "
    "decide, and keep to the ways of the code around it.\n"
    "- Add or change tests along with the code.\n";

/* Text in a block whose fence is longer than any in the text. */
static void
append_block(struct buffer *prompt, const char *text, size_t len)
{
	size_t longest = 0, run = 0, fence;

	for (size_t i = 0; i < len; i++) {
		run = text[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	fence = longest >= 3 ? longest + 1 : 3;
	for (size_t i = 0; i < fence; i++)
		buffer_append(prompt, "`", 1);
	buffer_append(prompt, "\n", 1);
	buffer_append(prompt, text, len);
	if (len > 0 && text[len - 1] != '\n')
		buffer_append(prompt, "\n", 1);
	for (size_t i = 0; i < fence; i++)
		buffer_append(prompt, "`", 1);
	buffer_append(prompt, "\n", 1);
}

static void
append_list(struct buffer *prompt, const struct document *doc,
    const char *member, const char *heading, bool numbered)
{
	char **items = json_strings(document_value(doc), member);

	if (items[0] != NULL)
		buffer_appendf(prompt, "\n## %s\n\n", heading);
	for (size_t i = 0; items[i] != NULL; i++) {
		if (numbered)
			buffer_appendf(prompt, "%zu. %s\n", i + 1, items[i]);
		else
			buffer_appendf(prompt, "- %s\n", items[i]);
	}
	json_strings_free(items);
}

static void
append_task(struct buffer *prompt, const struct document *doc)
{
	const char *description = document_string(doc, "description");
	const char *spec = document_string(doc, "spec_name");

	buffer_appendf(prompt, "# Task %s: %s\n",
	    document_string(doc, "task_id"), document_string(doc, "title"));
	if (spec != NULL)
		buffer_appendf(prompt, "\nSpecification: %s\n", spec);
	if (description != NULL && *description != '\0')
		buffer_appendf(prompt, "\n%s\n", description);
}

static void
append_output(struct buffer *prompt, jv test, const char *stream)
{
	const char *text = json_string(test, stream);

	if (text == NULL || *text == '\0')
		return;
	buffer_appendf(prompt, "\nIts %s:\n\n",
	    strcmp(stream, "stdout") == 0 ? "standard output"
					  : "standard error");
	append_block(prompt, text, strlen(text));
}

/* "- `suite > name` (file:12)", with its message below. */
static void
append_case(struct buffer *prompt, jv test)
{
	const char *suite = json_string(test, "suite");
	const char *name = json_string(test, "name");
	const char *file = json_string(test, "file");
	const char *message = json_string(test, "message");
	double line = json_number(test, "line", 0);

	buffer_appendf(prompt, "\n- %s%s`%s`", suite != NULL ? suite : "",
	    suite != NULL ? ": " : "", name != NULL ? name : "");
	if (file != NULL)
		buffer_appendf(prompt, " (%s", file);
	if (file != NULL && line > 0)
		buffer_appendf(prompt, ":%.0f", line);
	buffer_append_string(prompt, file != NULL ? ")\n" : "\n");
	if (message != NULL && *message != '\0')
		append_block(prompt, message, strlen(message));
}

/* What an agent has to know first: which tests failed, and why. */
static void
append_cases(struct buffer *prompt, jv test)
{
	jv cases = json_get(test, "failed_cases");
	size_t n = json_array_length(cases, NULL);
	double n_all = json_number(test, "counts.failed", 0) +
	    json_number(test, "counts.errors", 0);
	size_t start = prompt->len, shown = 0;

	if (n > 0)
		buffer_append_string(
		    prompt, "\nThe tests that failed in it:\n");
	for (; shown < n && prompt->len - start < PROMPT_MAX_CASES_BYTES;
	     shown++) {
		jv item = json_element(cases, shown);

		append_case(prompt, item);
		jv_free(item);
	}
	if (n > 0 && n_all > (double)shown)
		buffer_appendf(
		    prompt, "\nand %.0f more.\n", n_all - (double)shown);
	jv_free(cases);
}

/* A command whose exit code alone does not say what is wrong. */
static void
append_status(struct buffer *prompt, jv test)
{
	const char *status = json_string(test, "status");
	const char *command = json_string(test, "command");

	if (status == NULL || command == NULL)
		return;
	if (strcmp(status, "no_tests") == 0)
		buffer_appendf(prompt,
		    "\n`%s` found no tests to run. Work is not done before "
		    "there are tests of it.\n",
		    command);
	else if (strcmp(status, "all_skipped") == 0)
		buffer_appendf(prompt,
		    "\n`%s` skipped all of its tests, so that none was "
		    "run.\n",
		    command);
}

/* A command of the tests, or a step of the playbook. */
static void
append_failure(struct buffer *prompt, jv test)
{
	const char *command = json_string(test, "command");
	const char *name = json_string(test, "name");
	const char *message = json_string(test, "message");

	append_status(prompt, test);
	if (json_boolean(test, "success", true))
		return;
	if (name != NULL)
		buffer_appendf(prompt, "\nThe step \"%s\" failed: %s\n", name,
		    message != NULL ? message : "");
	if (name != NULL && command != NULL)
		append_block(prompt, command, strlen(command));
	if (name == NULL)
		buffer_appendf(prompt, "\n`%s` ended with exit code %.0f.\n",
		    command != NULL ? command : "",
		    json_number(test, "exit_code", 1));
	append_cases(prompt, test);
	append_output(prompt, test, "stdout");
	append_output(prompt, test, "stderr");
}

/* What the last attempt did not get right. */
static void
append_failures(struct buffer *prompt, const struct document *doc,
    const char *section, const char *list)
{
	jv result = json_get(document_value(doc), section);
	jv tests = json_get(result, list);
	size_t n = json_array_length(tests, NULL);

	if (!json_boolean(result, "success", true)) {
		buffer_append_string(prompt,
		    "\n## The last attempt failed its tests\n\n"
		    "The work tree holds that attempt. Find out why the tests "
		    "fail, and put it right.\n");
		for (size_t i = 0; i < n; i++) {
			jv test = json_element(tests, i);

			append_failure(prompt, test);
			jv_free(test);
		}
	}
	jv_free(tests);
	jv_free(result);
}

static struct error *
append_tree(struct buffer *prompt, struct git *git)
{
	struct buffer tree = BUFFER_INIT(PROMPT_MAX_TREE_BYTES);
	char **paths = NULL;
	size_t n_all, n = 0;
	struct error *error =
	    git_tracked_paths(git, &paths, PROMPT_MAX_PATHS, &n_all);

	if (error != NULL)
		return error;
	while (paths[n] != NULL &&
	    tree.len + strlen(paths[n]) + 1 <= PROMPT_MAX_TREE_BYTES)
		buffer_appendf(&tree, "%s\n", paths[n++]);
	if (n > 0) {
		buffer_append_string(
		    prompt, "\n## Files in the repository\n\n");
		append_block(prompt, tree.data, tree.len);
	}
	if (n < n_all)
		buffer_appendf(
		    prompt, "\nand %zu more (`git ls-files`).\n", n_all - n);
	buffer_release(&tree);
	json_strings_free(paths);
	return NULL;
}

/*
 * The repository's guide; -1: there is none. It may be a link (to CLAUDE.md,
 * say), but not to what lies outside of the workspace.
 */
static int
open_guide(const char *workspace)
{
	char *path = file_join(workspace, guide_name);
	char *real = file_resolve(path);
	size_t len = strlen(workspace);
	struct stat info;
	int fd = -1;

	if (real != NULL && strncmp(real, workspace, len) == 0 &&
	    real[len] == '/' && stat(real, &info) == 0 && S_ISREG(info.st_mode))
		fd = open(real, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(real);
	free(path);
	return fd;
}

static void
append_guide(struct buffer *prompt, const char *workspace)
{
	struct buffer guide = BUFFER_INIT(PROMPT_MAX_GUIDE_BYTES);
	int fd = open_guide(workspace);
	struct stat info;

	if (fd < 0)
		return;
	/* One that cannot be read, or not whole, is no reason to fail. */
	error_free(buffer_read_fd(&guide, fd, guide_name));
	if (guide.len > 0) {
		buffer_appendf(prompt,
		    "\n## %s, the repository's own rules\n\n", guide_name);
		append_block(prompt, guide.data, guide.len);
	}
	if (guide.truncated && fstat(fd, &info) == 0)
		buffer_appendf(prompt,
		    "\n[... %lld bytes left out; read the file ...]\n",
		    (long long)info.st_size - (long long)guide.len);
	close(fd);
	buffer_release(&guide);
}

struct error *
prompt_build(char **prompt_text, const struct document *doc,
    const char *workspace, struct git *git)
{
	struct buffer prompt = BUFFER_INIT(PROMPT_MAX_BYTES);
	struct error *error;

	append_task(&prompt, doc);
	append_failures(&prompt, doc, "playbook_result", "step_results");
	append_failures(&prompt, doc, "test_result", "test_results");
	append_list(
	    &prompt, doc, "acceptance_criteria", "Acceptance criteria", true);
	append_list(&prompt, doc, "dependencies",
	    "Tasks this one builds on (done)", false);
	append_list(&prompt, doc, "related_files", "Related files", false);
	append_list(&prompt, doc, "test_commands",
	    "The commands that your work will be tested with", false);
	error = append_tree(&prompt, git);
	append_guide(&prompt, workspace);
	buffer_append_string(&prompt, rules);
	*prompt_text = buffer_take(&prompt);
	if (error == NULL)
		return NULL;
	free(*prompt_text);
	*prompt_text = NULL;
	return error;
}
