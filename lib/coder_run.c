/* SPDX-License-Identifier: MIT */
#include "coder.h"

#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "file.h"
#include "json.h"
#include "memory.h"

/* More than this of one command's output is not even kept. */
enum { KEPT_BYTES = 1024 * 1024 };

/* What nr-exec tells the agent is for its commands, too. */
static const char *const passed[] = { "NR_TASK_ID", "NR_SPEC_NAME",
	"NR_RUNNER_ID", "NR_WORKSPACE", "NR_BRANCH_NAME", "NR_BASE_BRANCH",
	"NR_ATTEMPT", NULL };

/* Whoever runs nr-agent may have to pass the key on to it; it ends here. */
static bool
is_key(const struct coder *coder, const char *name)
{
	const char *value = getenv(name), *key = llm_key(coder->llm);

	return value != NULL && key != NULL && strstr(value, key) != NULL;
}

static char **
make_environment(const struct coder *coder)
{
	jv names = config_value(coder->stage->config, "pass_env");
	size_t n_names = json_array_length(names, NULL), n_kept_back;
	jv allowed = jv_array();
	char **pass, **environment;

	for (size_t i = 0; i < n_names; i++) {
		jv name = json_element(names, i);

		if (jv_get_kind(name) == JV_KIND_STRING &&
		    !is_key(coder, jv_string_value(name)))
			allowed = jv_array_append(allowed, jv_copy(name));
		jv_free(name);
	}
	for (size_t i = 0; passed[i] != NULL; i++)
		allowed = jv_array_append(allowed, jv_string(passed[i]));
	pass = json_strings(allowed, NULL);
	environment = process_environment(pass, NULL, &n_kept_back);
	json_strings_free(pass);
	jv_free(allowed);
	jv_free(names);
	return environment;
}

char *
coder_excerpt(const struct coder *coder, const char *bytes, size_t len)
{
	size_t max = coder->limits.output_bytes, half = max / 2;
	struct buffer out = BUFFER_INIT(len + 128);
	char *text;

	if (len <= max) {
		buffer_append(&out, bytes, len);
	} else {
		buffer_append(&out, bytes, half);
		buffer_appendf(
		    &out, "\n[... %zu bytes left out ...]\n", len - 2 * half);
		buffer_append(&out, bytes + len - half, half);
	}
	len = out.len;
	text = buffer_take(&out);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '?';
	return text;
}

static char *
describe(const struct coder *coder, const struct process_options *options,
    const struct process_result *result)
{
	struct buffer output = BUFFER_INIT(2 * KEPT_BYTES);
	char *how = process_describe(result, options), *shown, *text;
	char duration[CLOCK_TEXT_SIZE];

	clock_format_duration(duration, result->wall_seconds);
	error_free(file_read(&output, options->stdout_path));
	if (output.len == 0)
		error_free(file_read(&output, options->stderr_path));
	if (output.data == NULL)
		buffer_append(&output, "", 0);
	shown = coder_excerpt(coder, output.data, output.len);
	text = xasprintf("%s%s[%s, %s]", shown,
	    output.len > 0 && output.data[output.len - 1] != '\n' ? "\n" : "",
	    how, duration);
	buffer_release(&output);
	free(shown);
	free(how);
	return text;
}

/*
 * The sandbox is on unless somebody switched it off: a model is nobody to be
 * trusted. Where nr-exec has made one around all of this, it stands as well.
 */
static void
set_limits(struct process_options *options, const struct coder *coder)
{
	const struct config *config = coder->stage->config;

	command_set_limits(options, coder->stage, coder->workspace);
	if (strcmp(config_origin(config, "sandbox"), "default") == 0)
		options->sandbox.mode = SANDBOX_WORKSPACE;
	/* The model works with the text as it is; what is told is masked. */
	options->mask = NULL;
	options->output_limit = KEPT_BYTES;
}

static double
time_for(const struct coder *coder, double wanted)
{
	double seconds = coder->limits.command_seconds;
	double left = coder->ends - clock_monotonic();

	if (wanted > 0 && (seconds <= 0 || wanted < seconds))
		seconds = wanted;
	if (coder->ends > 0 && (seconds <= 0 || left < seconds))
		seconds = left > 0.001 ? left : 0.001;
	return seconds;
}

/* Where its output goes: out of the workspace, where it would be committed,
 * and out of reach of whoever else is on the machine. */
static struct error *
make_directory(char **path)
{
	const char *given = getenv("TMPDIR");
	const char *parent = given != NULL && *given == '/' ? given : "/tmp";
	struct error *error;

	*path = file_join(parent, "nr-XXXXXX");
	if (mkdtemp(*path) != NULL)
		return NULL;
	error =
	    error_errno(ERROR_IO, "cannot make a directory in '%s'", parent);
	free(*path);
	*path = NULL;
	return error;
}

struct error *
coder_run(const struct coder *coder, char *const *argv, double timeout_seconds,
    bool *success, char **text)
{
	char *directory, *out, *err, **environment;
	struct process_options options;
	struct process_result result = { 0 };
	struct error *error = make_directory(&directory);

	if (error != NULL)
		return error;
	out = file_join(directory, "stdout");
	err = file_join(directory, "stderr");
	environment = make_environment(coder);
	options = (struct process_options){
		.argv = argv,
		.environment = environment,
		.directory = coder->workspace,
		.stdout_path = out,
		.stderr_path = err,
		.timeout_seconds = time_for(coder, timeout_seconds),
	};
	set_limits(&options, coder);
	error = process_run(&result, &options);
	if (error == NULL && result.end == PROCESS_CANCELLED)
		error = error_cancelled(cancel_signal());
	/* A command that ran and failed tells the model something. */
	*success = result.end == PROCESS_EXITED;
	if (error == NULL)
		*text = describe(coder, &options, &result);
	command_release_limits(&options);
	process_environment_free(environment);
	error_free(file_remove_tree(directory));
	free(directory);
	free(out);
	free(err);
	return error;
}
