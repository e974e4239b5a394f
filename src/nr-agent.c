/* SPDX-License-Identifier: MIT */
/* nr-agent: a small coding agent; see nr-agent(1). */
#include <unistd.h>

#include "coder.h"
#include "command.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "slot_visit.h"

enum { MAX_PROMPT_BYTES = 16 * 1024 * 1024 };

static bool single, text_mode;

/* An event, masked, at once: whoever reads sees where it is. */
static struct error *
tell(const struct coder *coder, jv event)
{
	char *text = json_text(event), *line, *masked;
	struct error *error = NULL;
	size_t len;

	if (!text_mode) {
		line = xasprintf("%s\n", text);
		masked =
		    mask_text(coder->stage->mask, line, strlen(line), &len);
		error = file_write_all(
		    STDOUT_FILENO, masked, len, "standard output");
		free(masked);
		free(line);
	}
	free(text);
	return error;
}

static struct error *
read_prompt(struct buffer *prompt, const struct stage *stage)
{
	struct error *error = stage_read_input(prompt, stage);

	if (error == NULL && prompt->len == 0)
		error = error_new(ERROR_DOCUMENT, "the prompt is empty");
	return error;
}

static struct error *
check_settings(const struct coder *coder)
{
	if (llm_model(coder->llm) == NULL)
		return error_new(ERROR_CONFIG,
		    "no model is named: set llm.model, or --llm-model");
	if (coder->limits.cost_usd > 0 && !llm_tells_cost(coder->llm))
		return error_new(ERROR_CONFIG,
		    "agent_max_cost_usd cannot be kept: what '%s' costs is "
		    "not known; add it to a file of prices (llm.prices)",
		    llm_model(coder->llm));
	return NULL;
}

/* What makes git run code is put back, as nr-exec does. */
static struct error *
work(struct coder *coder, const char *prompt)
{
	struct slot_visit visit;
	struct error *error = slot_visit_begin(&visit, coder->workspace);

	if (error != NULL)
		return error;
	error =
	    single ? coder_work_once(coder, prompt) : coder_work(coder, prompt);
	error =
	    error_first(error, slot_visit_end(&visit, "the model's commands"));
	error = error_first(error, coder_tell_end(coder, error));
	if (error == NULL && text_mode && coder->text != NULL)
		printf("%s\n", coder->text);
	return error;
}

static struct error *
run(struct stage *stage)
{
	struct coder coder = {
		.stage = stage,
		.limits = coder_read_limits(stage->config),
		.tell = tell,
		.messages = jv_null(),
	};
	struct buffer prompt = BUFFER_INIT(MAX_PROMPT_BYTES);
	char *workspace = file_resolve(".");
	struct error *error =
	    llm_open(&coder.llm, stage->config, stage->secrets);

	coder.workspace = workspace;
	if (error == NULL && workspace == NULL)
		error = error_errno(
		    ERROR_WORKSPACE, "cannot use the current directory");
	if (error == NULL)
		error = check_settings(&coder);
	if (error == NULL)
		error = read_prompt(&prompt, stage);
	if (error == NULL && stage->dry_run)
		printf("nr-agent: would work in '%s' with '%s' at '%s'\n",
		    workspace, llm_model(coder.llm), llm_url(coder.llm));
	else if (error == NULL)
		error = work(&coder, prompt.data);
	buffer_release(&prompt);
	coder_release(&coder);
	llm_free(coder.llm);
	free(workspace);
	return error;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { LLM_KEYS, "agent_max_steps",
		"agent_max_tokens", "agent_max_cost_usd", "agent_max_seconds",
		"agent_max_errors", "agent_command_timeout_seconds",
		"agent_output_bytes", "agent_context_bytes", "pass_env",
		"grace_seconds", "sandbox", "sandbox_write", "sandbox_read",
		"sandbox_network", "max_memory_mb", "max_cpu_percent",
		"max_processes", "max_file_size_mb", "max_open_files", NULL };
	static const struct stage_option options[] = {
		{ .name = "single",
		    .help = "one request for all changes; all or none",
		    .flag = &single },
		{ .name = "text",
		    .short_name = 't',
		    .help = "print the last answer, not the events",
		    .flag = &text_mode },
		{ .name = NULL },
	};
	static const struct stage_program program = {
		.name = "nr-agent",
		.description = "have a model work in the current directory",
		.input = "prompt",
		.keys = keys,
		.options = options,
		.run = run,
	};

	process_guard();
	return stage_main(argc, argv, &program);
}
