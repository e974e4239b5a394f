/* SPDX-License-Identifier: MIT */
/* nr-playbook: run the steps of a playbook; see nr-playbook(1). */
#include "stage.h"

#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "memory.h"
#include "playbook_find.h"
#include "playbook_run.h"

static bool list_only;
static const char *check_path, *given_path, *only;

static void
tell_warnings(const struct playbook *playbook)
{
	for (size_t i = 0; i < playbook->n_warnings; i++)
		log_warn("playbook_warning", "%s", playbook->warnings[i]);
}

/* *playbook stays NULL if below nr-run none is named: then there is nothing
 * to do. */
static struct error *
find(struct playbook **playbook, const struct stage *stage,
    const char *workspace)
{
	char *path = NULL;
	struct error *error = NULL;

	*playbook = NULL;
	if (given_path != NULL)
		path = xstrdup(given_path);
	else if (playbook_is_named(stage))
		error = playbook_find(&path, stage, workspace);
	else if (getenv("NR_RUN_PID") == NULL)
		error = playbook_find_default(&path);
	if (error == NULL && path != NULL)
		error = playbook_load(playbook, path);
	free(path);
	if (*playbook != NULL)
		tell_warnings(*playbook);
	return error;
}

static struct error *
run(struct stage *stage)
{
	struct playbook *playbook = NULL;
	char *workspace = NULL;
	struct error *error;

	if (check_path != NULL)
		return error_new(ERROR_USAGE,
		    "--check FILE takes no other options and no document");
	error = stage_workspace(stage, &workspace);
	if (error == NULL)
		error = find(&playbook, stage, workspace);
	if (playbook == NULL) {
		if (error == NULL)
			log_debug("no_playbook", "the task has no playbook");
	} else if (list_only) {
		playbook_list(stage, playbook);
	} else if (stage->dry_run) {
		stage_plan(stage, "run playbook '%s' (%zu steps) in '%s'",
		    playbook->path, playbook->n_steps, workspace);
	} else {
		error = playbook_run(stage, playbook, workspace, only);
	}
	playbook_free(playbook);
	free(workspace);
	return error;
}

/* nr-playbook --check FILE: needs no document. */
static int
check(const char *path)
{
	struct playbook *playbook;
	struct error *error = playbook_load(&playbook, path);
	int code = 0;

	if (error != NULL) {
		fprintf(stderr, "nr-playbook: %s\n", error->message);
		code = error->exit_code;
	} else {
		for (size_t i = 0; i < playbook->n_warnings; i++)
			fprintf(
			    stderr, "nr-playbook: %s\n", playbook->warnings[i]);
		printf("%s: playbook '%s', %zu steps\n", path, playbook->name,
		    playbook->n_steps);
	}
	playbook_free(playbook);
	error_free(error);
	if (fflush(stdout) == EOF || ferror(stdout))
		return error_type_exit_code(ERROR_IO);
	return code;
}

static struct error *
write_document(const struct stage *stage)
{
	if (list_only)
		return NULL;
	return document_write(stage->doc, STDOUT_FILENO, stage->mask);
}

/* The file of --check FILE or --check=FILE, where it stands alone. */
static const char *
file_to_check(int argc, char *argv[])
{
	static const char option[] = "--check=";

	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return argv[2];
	if (argc == 2 && strncmp(argv[1], option, sizeof option - 1) == 0)
		return argv[1] + sizeof option - 1;
	return NULL;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { "default_playbook_path",
		COMMAND_KEYS, NULL };
	static const struct stage_option options[] = {
		{ .name = "playbook",
		    .short_name = 'f',
		    .argument = "FILE",
		    .help = "run this playbook, whatever the task names",
		    .value = &given_path },
		{ .name = "check",
		    .argument = "FILE",
		    .help = "look for mistakes in a playbook, and end",
		    .value = &check_path },
		{ .name = "list",
		    .short_name = 'l',
		    .help = "say which steps would run and why, and end",
		    .flag = &list_only },
		{ .name = "step",
		    .argument = "NAME",
		    .help = "run this step alone",
		    .value = &only },
		{ .name = NULL },
	};
	static const struct stage_program program = {
		.name = "nr-playbook",
		.description = "run the steps of a playbook",
		.keys = keys,
		.options = options,
		.run = run,
		.write = write_document,
	};

	check_path = file_to_check(argc, argv);
	if (check_path != NULL)
		return check(check_path);
	process_guard();
	return stage_main(argc, argv, &program);
}
