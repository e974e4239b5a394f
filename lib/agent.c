/* SPDX-License-Identifier: MIT */
#include "agent.h"

#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "file.h"
#include "json.h"
#include "llm_prices.h"
#include "log.h"
#include "memory.h"
#include "string_list.h"

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

static int
rank(const struct stage *stage, const char *key)
{
	const char *origin = config_origin(stage->config, key);

	if (!config_is_set(stage->config, key))
		return 0;
	if (strncmp(origin, "option", strlen("option")) == 0)
		return 3;
	return strncmp(origin, "environment", strlen("environment")) == 0 ? 2
									  : 1;
}

static struct error *
open_preset(struct agent *agent, const struct stage *stage)
{
	const char *name = config_string(stage->config, "agent");
	struct error *error = agent_preset_open(&agent->preset, stage, name);

	if (error != NULL)
		return error;
	agent->name = xstrdup(name);
	agent->argv = agent->preset->argv;
	agent->preset->argv = NULL;
	return NULL;
}

struct error *
agent_open(struct agent *agent, const struct stage *stage)
{
	*agent = (struct agent){ .usage = { .cost_usd = -1 } };
	if (rank(stage, "agent") > rank(stage, "agent_command"))
		return open_preset(agent, stage);
	agent->argv = config_command(stage->config, "agent_command");
	if (agent->argv == NULL || agent->argv[0] == NULL)
		return error_new(ERROR_CONFIG,
		    "no agent is configured: set agent to a preset (--agent "
		    "codex), or agent_command in the configuration file, "
		    "RUNNER_AGENT_COMMAND, or --agent-command to a program "
		    "that reads the prompt on standard input and works in the "
		    "current directory");
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
	char **settings =
	    agent->preset != NULL ? agent->preset->settings : NULL;
	size_t n = string_list_count(settings);
	char **more = xcalloc(n + 3, sizeof *more), **environment;

	more[0] = number;
	more[1] = prompt;
	for (size_t i = 0; settings != NULL && settings[i] != NULL; i++)
		more[i + 2] = settings[i];
	environment = command_environment(stage, workspace, more);
	free(more);
	free(number);
	free(prompt);
	return environment;
}

/* What an agent keeps for itself it may write in any sandbox. */
static void
let_write(struct sandbox_options *sandbox, const struct agent *agent)
{
	char **more = agent->preset != NULL ? agent->preset->write : NULL;

	for (; more != NULL && *more != NULL; more++)
		string_list_add(&sandbox->write, xstrdup(*more));
}

/* The prompt as the last argument, if the preset says so. */
static char **
make_argv(const struct agent *agent, const char *prompt)
{
	size_t n = string_list_count(agent->argv);
	char **argv = xcalloc(n + 2, sizeof *argv);

	for (size_t i = 0; i < n; i++)
		argv[i] = xstrdup(agent->argv[i]);
	if (agent->preset != NULL && agent->preset->prompt_is_argument)
		argv[n] = xstrdup(prompt);
	return argv;
}

static void
read_usage(struct agent *agent)
{
	jv fields = json_set_string(jv_object(), "agent", agent->name);

	agent_usage_release(&agent->usage);
	agent_usage_read(&agent->usage, agent->preset, agent->stdout_path);
	if (!agent->usage.known) {
		jv_free(fields);
		log_debug("agent_usage", "the agent told no usage");
		return;
	}
	fields =
	    json_set_number(fields, "input_tokens", agent->usage.input_tokens);
	fields = json_set_number(
	    fields, "output_tokens", agent->usage.output_tokens);
	fields = json_set_number(
	    fields, "cached_tokens", agent->usage.cached_tokens);
	log_event(LOG_INFO, "agent_usage", fields,
	    "the agent '%s' used %.0f tokens in, %.0f out", agent->name,
	    agent->usage.input_tokens, agent->usage.output_tokens);
}

struct error *
agent_run(struct agent *agent, const struct stage *stage, const char *workspace,
    const char *prompt, size_t attempt)
{
	char **environment, **argv;
	struct error *error;

	set_paths(agent, stage);
	agent->started_at = clock_now();
	error = save_prompt(agent, stage, prompt);
	if (error != NULL)
		return error;
	environment = make_environment(agent, stage, workspace, attempt);
	argv = make_argv(agent, prompt);
	agent->options = (struct process_options){
		.argv = argv,
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
	let_write(&agent->options.sandbox, agent);
	error = stage_time_left(stage, &agent->options.timeout_seconds);
	if (error == NULL)
		error =
		    command_run(&agent->result, &agent->options, agent->name);
	if (error == NULL && agent->preset != NULL)
		read_usage(agent);
	command_release_limits(&agent->options);
	agent->options.environment = NULL;
	agent->options.argv = agent->argv;
	process_environment_free(environment);
	json_strings_free(argv);
	return error;
}

static struct error *
failed(const struct agent *agent, const char *how)
{
	const char *told = agent->usage.failure;
	char *line;
	struct error *error;

	if (told != NULL && agent->result.exit_code == 0)
		return error_new(ERROR_IMPLEMENTATION,
		    "the agent '%s' failed, as it says itself: %s", agent->name,
		    told);
	line = told != NULL ? xstrdup(told)
			    : command_last_line(agent->stderr_path);
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
		    "the agent '%s' %s; check %s", agent->name, how,
		    agent->preset != NULL ? "that it is installed"
					  : "agent_command");
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

	if (agent->result.end == PROCESS_EXITED &&
	    agent->result.exit_code == 0 && agent->usage.failure == NULL)
		return NULL;
	how = process_describe(&agent->result, &agent->options);
	error = explain(agent, how);
	free(how);
	return error;
}

/* What it told, else what its tokens cost by the prices we know. */
static jv
cost_of(const struct agent_usage *usage, const struct stage *stage)
{
	struct llm_price price;
	struct llm_usage tokens = { .known = usage->known,
		.input = usage->input_tokens,
		.output = usage->output_tokens,
		.cached = usage->cached_tokens,
		.cost = usage->cost_usd };
	struct error *error = llm_price_find(
	    &price, stage->config, config_string(stage->config, "llm.model"));
	double cost = error == NULL ? llm_cost(&price, &tokens) : -1;

	if (error != NULL)
		log_warn("prices_unusable", "%s", error->message);
	error_free(error);
	return cost >= 0 ? jv_number(llm_round_cost(cost)) : jv_null();
}

static jv
set_usage(jv attempt, const struct agent *agent, const struct stage *stage)
{
	const struct agent_usage *usage = &agent->usage;
	jv tokens = jv_null();

	if (usage->known) {
		tokens = json_set_number(
		    jv_object(), "input_tokens", usage->input_tokens);
		tokens = json_set_number(
		    tokens, "output_tokens", usage->output_tokens);
		tokens = json_set_number(
		    tokens, "cached_tokens", usage->cached_tokens);
	}
	attempt = json_set_string(attempt, "driver",
	    agent->preset != NULL ? agent->preset->name : "command");
	attempt = json_set(attempt, "usage", tokens);
	return json_set(attempt, "cost_usd",
	    agent->preset != NULL ? cost_of(usage, stage) : jv_null());
}

jv
agent_attempt(const struct agent *agent, const struct stage *stage,
    size_t number, const struct error *error)
{
	char started[CLOCK_TEXT_SIZE];
	jv attempt = json_set_number(jv_object(), "attempt", (double)number);

	clock_format(started, agent->started_at);
	attempt = json_set_string(attempt, "started_at", started);
	attempt = jv_object_merge(attempt, command_outcome(&agent->result));
	attempt = json_set_boolean(attempt, "success", error == NULL);
	attempt = json_set(attempt, "error",
	    error != NULL ? jv_string(error->message) : jv_null());
	attempt = set_usage(attempt, agent, stage);
	attempt = json_set_string(attempt, "prompt_path", agent->prompt_path);
	attempt = json_set_string(attempt, "stdout_path", agent->stdout_path);
	attempt = json_set_string(attempt, "stderr_path", agent->stderr_path);
	return jv_object_merge(attempt, command_metrics(&agent->result));
}

void
agent_release(struct agent *agent)
{
	json_strings_free(agent->argv);
	agent_preset_free(agent->preset);
	agent_usage_release(&agent->usage);
	free(agent->name);
	free(agent->prompt_path);
	free(agent->stdout_path);
	free(agent->stderr_path);
	*agent = (struct agent){ 0 };
}
