/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <math.h>

#include "file.h"
#include "json.h"
#include "memory.h"
#include "string_list.h"

static const double megabyte = 1024 * 1024;

static double
number(const struct stage *stage, const char *key)
{
	return config_is_set(stage->config, key)
	    ? config_number(stage->config, key)
	    : 0;
}

static void
set_limits(struct limits *limits, const struct stage *stage)
{
	limits->memory_bytes =
	    (size_t)(number(stage, "max_memory_mb") * megabyte);
	limits->cpu_percent = number(stage, "max_cpu_percent");
	limits->n_processes = (size_t)number(stage, "max_processes");
	limits->file_size_bytes =
	    (size_t)(number(stage, "max_file_size_mb") * megabyte);
	limits->n_open_files = (size_t)number(stage, "max_open_files");
}

/* The paths of a key, and one more, which may be NULL. */
static char **
paths(const struct stage *stage, const char *key, const char *more)
{
	jv value = config_value(stage->config, key);
	char **list = json_strings(value, NULL);

	jv_free(value);
	if (more != NULL)
		string_list_add(&list, xstrdup(more));
	return list;
}

/* The runner's secrets, and the runs of others. */
static char **
hidden(const struct stage *stage)
{
	const char *secrets = config_string(stage->config, "secrets_dir");
	const char *runs = config_string(stage->config, "run_dir");
	char **list = NULL;

	if (secrets != NULL)
		string_list_add(&list, xstrdup(secrets));
	if (runs != NULL)
		string_list_add(&list, xstrdup(runs));
	return list;
}

/* What a person has not asked for is no place to write to in a strict
 * sandbox. */
static bool
wants_caches(const struct stage *stage, enum sandbox_mode mode)
{
	return mode != SANDBOX_STRICT ||
	    strcmp(config_origin(stage->config, "sandbox_write"), "default") !=
	    0;
}

static void
set_sandbox(struct sandbox_options *sandbox, const struct stage *stage,
    const char *workspace)
{
	sandbox_mode_by_name(
	    &sandbox->mode, config_string(stage->config, "sandbox"));
	sandbox->no_network =
	    strcmp(config_string(stage->config, "sandbox_network"), "deny") ==
	    0;
	sandbox->workspace = workspace;
	if (wants_caches(stage, sandbox->mode))
		sandbox->write = paths(stage, "sandbox_write", NULL);
	sandbox->read = paths(stage, "sandbox_read", stage->run_dir);
	sandbox->hide = hidden(stage);
}

void
command_set_limits(struct process_options *options, const struct stage *stage,
    const char *workspace)
{
	options->mask = stage->mask;
	/* 0 is "at once" in the configuration, "the default" there. */
	options->grace_seconds =
	    fmax(config_number(stage->config, "grace_seconds"), 0.001);
	options->output_limit =
	    (size_t)config_number(stage->config, "output_limit_bytes");
	set_limits(&options->limits, stage);
	set_sandbox(&options->sandbox, stage, workspace);
}

void
command_release_limits(struct process_options *options)
{
	json_strings_free(options->sandbox.write);
	json_strings_free(options->sandbox.read);
	json_strings_free(options->sandbox.hide);
	options->sandbox = (struct sandbox_options){ .mode = SANDBOX_OFF };
}
