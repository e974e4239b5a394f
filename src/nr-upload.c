/* SPDX-License-Identifier: MIT */
/* nr-upload: store what a run has made; see nr-upload(1). */
#include "stage.h"

#include "clock.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "upload.h"
#include "upload_pending.h"

/* Kept for nr-report of the time that is left, and the least to work with. */
static const double report_share = 0.25;
static const double least_seconds = 5;

static bool pending;

static double
upload_ends(const struct stage *stage)
{
	double seconds = stage_reserve_left(stage) * (1 - report_share);

	return clock_monotonic() +
	    (seconds > least_seconds ? seconds : least_seconds);
}

static struct error *
plan(const struct stage *stage, const struct upload *upload)
{
	char *uri;
	struct error *error = upload_place(upload, &uri);

	if (error == NULL)
		stage_plan(stage, "store diff, log and results in %s", uri);
	free(uri);
	return error;
}

static struct error *
run(struct stage *stage)
{
	struct upload upload = { .doc = stage->doc,
		.run_dir = stage->run_dir,
		.config = stage->config,
		.secrets = stage->secrets,
		.mask = stage->mask,
		.ends = upload_ends(stage) };
	struct error *error =
	    stage->dry_run ? plan(stage, &upload) : upload_run(&upload);

	if (error == NULL && config_boolean(stage->config, "strict")) {
		error = upload.failure;
		upload.failure = NULL;
	}
	upload_release(&upload);
	return error;
}

/* A line on standard output about what came of one run. */
static void
tell(const struct stage *stage, const struct upload *upload)
{
	const char *slash = strrchr(upload->run_dir, '/');
	jv line = json_set_string(
	    jv_object(), "run", slash != NULL ? slash + 1 : upload->run_dir);
	jv unsent = jv_array();
	char *text, *masked;
	size_t len;

	for (size_t i = 0; upload->unsent[i] != NULL; i++)
		unsent = jv_array_append(unsent, jv_string(upload->unsent[i]));
	line = json_set_string(line, "uri", upload->uri);
	line = json_set_number(line, "stored", (double)upload->n_stored);
	text = json_text(json_set(line, "unsent", unsent));
	masked = mask_text(stage->mask, text, strlen(text), &len);
	puts(masked);
	free(text);
	free(masked);
}

static struct error *
send_run(const struct stage *stage, struct upload_pending *waiting,
    struct error **failure)
{
	struct upload upload = { .doc = waiting->doc,
		.run_dir = waiting->run_dir,
		.config = stage->config,
		.secrets = stage->secrets,
		.mask = stage->mask,
		.names = waiting->names };
	struct error *error =
	    stage->dry_run ? plan(stage, &upload) : upload_run(&upload);

	if (error == NULL && !stage->dry_run) {
		tell(stage, &upload);
		if (waiting->names == NULL)
			error = upload_pending_save(&upload);
		*failure = error_first(*failure, upload.failure);
		upload.failure = NULL;
	}
	upload_release(&upload);
	return error;
}

static char *
runs_directory(const struct config *config)
{
	const char *given = config_string(config, "run_dir");
	char *state, *runs;

	if (given != NULL)
		return xstrdup(given);
	state = config_state_dir();
	runs = file_join(state, "runs");
	free(state);
	return runs;
}

static struct error *
run_pending(struct stage *stage)
{
	char *runs = runs_directory(stage->config), **run_dirs;
	struct error *error = upload_pending_find(&run_dirs, runs);
	struct error *failure = NULL;

	for (size_t i = 0; error == NULL && run_dirs[i] != NULL; i++) {
		struct upload_pending waiting;

		if (!upload_pending_open(&waiting, run_dirs[i]))
			continue;
		error = send_run(stage, &waiting, &failure);
		upload_pending_release(&waiting);
	}
	json_strings_free(run_dirs);
	free(runs);
	return error_first(error, failure);
}

static bool
wants_pending(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--pending") == 0)
			return true;
	return false;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { "artifact_store_url",
		"artifact_store_type", "artifact_store_user",
		"artifact_store_api_key_env", "artifact_compression",
		"artifact_parallel", "s3_endpoint", "s3_region",
		"s3_path_style", "s3_part_size_mb", "network_retry_count",
		"connect_timeout_seconds", "network_timeout_seconds", "strict",
		"mask_secrets", "run_dir", NULL };
	static const struct stage_option options[] = {
		{ .name = "pending",
		    .help = "send what earlier runs could not",
		    .flag = &pending },
		{ 0 },
	};
	static const struct stage_program program = {
		.name = "nr-upload",
		.description = "store what a run has made",
		.keys = keys,
		.options = options,
		.after_error = true,
		.run = run,
	};
	static const struct stage_program pending_program = {
		.name = "nr-upload",
		.description = "store what a run has made",
		.input = "document.json",
		.keys = keys,
		.options = options,
		.run = run_pending,
	};

	return stage_main(argc, argv,
	    wants_pending(argc, argv) ? &pending_program : &program);
}
