/* SPDX-License-Identifier: MIT */
#include "agent.h"

#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "file.h"
#include "json.h"
#include "memory.h"

static char *
join_words(char *const *argv)
{
	char *joined = xstrdup(argv[0]);

	for (size_t i = 1; argv[i] != NULL; i++) {
		char *longer = xasprintf("%s %s", joined, argv[i]);

		free(joined);
		joined = longer;
	}
	return joined;
}

/*
 * The word as an absolute path, if it is a relative one of a file that is
 * there; else NULL.
 */
static char *
absolute(const char *word, size_t len)
{
	char *path, *real = NULL;

	if (len == 0 || word[0] == '/' || memchr(word, '/', len) == NULL)
		return NULL;
	path = xstrndup(word, len);
	real = file_resolve(path);
	free(path);
	return real;
}

/* Characters that a shell takes as they are. */
static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789_+-./";

/* The command for sh with its first word made absolute. */
static void
anchor_script(char **script)
{
	size_t len = strspn(*script, plain);
	char *path, *anchored;

	/* Anything but a plain word is left to the shell. */
	if ((*script)[len] != '\0' && (*script)[len] != ' ')
		return;
	path = absolute(*script, len);
	if (path == NULL || strspn(path, plain) != strlen(path)) {
		free(path);
		return;
	}
	anchored = xasprintf("%s%s", path, *script + len);
	free(path);
	free(*script);
	*script = anchored;
}

static void
anchor(char **argv)
{
	char *path;

	if (strcmp(argv[0], "sh") == 0 && argv[1] != NULL &&
	    strcmp(argv[1], "-c") == 0 && argv[2] != NULL) {
		anchor_script(&argv[2]);
		return;
	}
	path = absolute(argv[0], strlen(argv[0]));
	if (path == NULL)
		return;
	free(argv[0]);
	argv[0] = path;
}

static bool
is_script(char *const *argv)
{
	return strcmp(argv[0], "sh") == 0 && argv[1] != NULL &&
	    strcmp(argv[1], "-c") == 0 && argv[2] != NULL && argv[3] == NULL;
}

struct error *
agent_open(struct agent *agent, const struct stage *stage)
{
	*agent = (struct agent){
		.argv = config_command(stage->config, "agent_command"),
	};
	if (agent->argv == NULL || agent->argv[0] == NULL)
		return error_new(ERROR_CONFIG,
		    "no agent is configured: set agent_command in the "
		    "configuration file, RUNNER_AGENT_COMMAND, or "
		    "--agent-command; it names a program that reads the "
		    "prompt on standard input and works in the current "
		    "directory");
	agent->name = is_script(agent->argv) ? xstrdup(agent->argv[2])
					     : join_words(agent->argv);
	anchor(agent->argv);
	return NULL;
}

static struct error *
save_prompt(
    const struct agent *agent, const struct stage *stage, const char *prompt)
{
	size_t len;
	char *masked = mask_text(stage->mask, prompt, strlen(prompt), &len);
	struct error *error =
	    file_replace(agent->prompt_path, masked, len, 0600);

	free(masked);
	return error;
}

static void
set_paths(struct agent *agent, const struct stage *stage)
{
	size_t turn = command_turn(stage, "prompt", ".md");

	agent->prompt_path = command_path(stage, "prompt", turn, ".md");
	agent->stdout_path = command_path(stage, "agent", turn, ".stdout.log");
	agent->stderr_path = command_path(stage, "agent", turn, ".stderr.log");
}

static char **
make_environment(const struct agent *agent, const struct stage *stage,
    const char *workspace, size_t attempt)
{
	char *number = xasprintf("NR_ATTEMPT=%zu", attempt);
	char *prompt = xasprintf("NR_PROMPT_FILE=%s", agent->prompt_path);
	char *const more[] = { number, prompt, NULL };
	char **environment = command_environment(stage, workspace, more);

	free(number);
	free(prompt);
	return environment;
}

struct error *
agent_run(struct agent *agent, const struct stage *stage, const char *workspace,
    const char *prompt, size_t attempt)
{
	char **environment;
	struct error *error;

	set_paths(agent, stage);
	agent->started_at = clock_now();
	error = save_prompt(agent, stage, prompt);
	if (error != NULL)
		return error;
	environment = make_environment(agent, stage, workspace, attempt);
	agent->options = (struct process_options){
		.argv = agent->argv,
		.environment = environment,
		.directory = workspace,
		.stdin_path = agent->prompt_path,
		.stdout_path = agent->stdout_path,
		.stderr_path = agent->stderr_path,
		.stall_seconds =
		    config_number(stage->config, "stall_timeout_seconds"),
		.label = agent->name,
	};
	command_set_limits(&agent->options, stage, workspace);
	error = stage_time_left(stage, &agent->options.timeout_seconds);
	if (error == NULL)
		error =
		    command_run(&agent->result, &agent->options, agent->name);
	command_release_limits(&agent->options);
	agent->options.environment = NULL;
	process_environment_free(environment);
	return error;
}

static struct error *
failed(const struct agent *agent, const char *how)
{
	char *line = command_last_line(agent->stderr_path);
	struct error *error;

	if (line == NULL)
		line = command_last_line(agent->stdout_path);
	error = error_new(ERROR_IMPLEMENTATION, "the agent '%s' failed: %s%s%s",
	    agent->name, how, line != NULL ? ": " : "",
	    line != NULL ? line : "");
	free(line);
	return error;
}

static struct error *
explain(const struct agent *agent, const char *how)
{
	switch (agent->result.end) {
	case PROCESS_NO_START:
		return error_new(ERROR_IMPLEMENTATION,
		    "the agent '%s' %s; check agent_command", agent->name, how);
	case PROCESS_TIMED_OUT:
		return error_new(ERROR_TIMEOUT,
		    "the task's time is used up: the agent '%s' %s",
		    agent->name, how);
	case PROCESS_STALLED:
		return error_new(ERROR_TIMEOUT,
		    "the agent '%s' %s (stall_timeout_seconds)", agent->name,
		    how);
	case PROCESS_CANCELLED:
		return error_cancelled(cancel_signal());
	case PROCESS_MEMORY:
	case PROCESS_TOO_MANY:
	case PROCESS_TOO_LARGE:
		return error_new(
		    ERROR_RESOURCE, "the agent '%s' %s", agent->name, how);
	case PROCESS_EXITED:
	case PROCESS_SIGNALED:
	case PROCESS_LOST:
		break;
	}
	return failed(agent, how);
}

struct error *
agent_verdict(const struct agent *agent)
{
	struct error *error;
	char *how;

	if (agent->result.end == PROCESS_EXITED && agent->result.exit_code == 0)
		return NULL;
	how = process_describe(&agent->result, &agent->options);
	error = explain(agent, how);
	free(how);
	return error;
}

jv
agent_attempt(
    const struct agent *agent, size_t number, const struct error *error)
{
	char started[CLOCK_TEXT_SIZE];
	jv attempt = json_set_number(jv_object(), "attempt", (double)number);

	clock_format(started, agent->started_at);
	attempt = json_set_string(attempt, "started_at", started);
	attempt = jv_object_merge(attempt, command_outcome(&agent->result));
	attempt = json_set_boolean(attempt, "success", error == NULL);
	attempt = json_set(attempt, "error",
	    error != NULL ? jv_string(error->message) : jv_null());
	attempt = json_set_string(attempt, "prompt_path", agent->prompt_path);
	attempt = json_set_string(attempt, "stdout_path", agent->stdout_path);
	attempt = json_set_string(attempt, "stderr_path", agent->stderr_path);
	return jv_object_merge(attempt, command_metrics(&agent->result));
}

void
agent_release(struct agent *agent)
{
	json_strings_free(agent->argv);
	free(agent->name);
	free(agent->prompt_path);
	free(agent->stdout_path);
	free(agent->stderr_path);
	*agent = (struct agent){ 0 };
}
