/* SPDX-License-Identifier: MIT */
#include "run_directory.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"
#include "runner.h"

static const char *const pipes[] = { "in.fifo", "out.fifo", "ack.fifo",
	"turn.fifo", "turn-2.fifo", NULL };

/* *made is false: there is one of this name. `runs` is its parent, to be made
 * too; NULL: that was done. */
static struct error *
make_directory(const char *path, const char *runs, bool *made)
{
	struct error *error;

	*made = mkdir(path, 0700) == 0;
	if (*made || errno == EEXIST)
		return NULL;
	if (errno != ENOENT || runs == NULL)
		return error_errno(
		    ERROR_IO, "cannot create directory '%s'", path);
	error = file_make_directories(runs, 0700);
	return error != NULL ? error : make_directory(path, NULL, made);
}

static struct error *
make_pipes(const struct run_directory *run)
{
	struct error *error = NULL;

	for (size_t i = 0; error == NULL && pipes[i] != NULL; i++) {
		char *path = file_join(run->path, pipes[i]);

		if (mkfifo(path, 0600) < 0)
			error = error_errno(
			    ERROR_IO, "cannot create the pipe '%s'", path);
		free(path);
	}
	return error;
}

/* Nobody knows of it yet. */
static void
remove_again(const struct run_directory *run)
{
	for (size_t i = 0; pipes[i] != NULL; i++) {
		char *path = file_join(run->path, pipes[i]);

		unlink(path);
		free(path);
	}
	rmdir(run->path);
}

struct error *
run_directory_create(struct run_directory *run, const struct config *config)
{
	const char *runs_set = config_string(config, "run_dir");
	char *state = config_state_dir();
	char *runs =
	    runs_set != NULL ? xstrdup(runs_set) : xasprintf("%s/runs", state);
	struct error *error = NULL;
	bool made = false;

	*run = (struct run_directory){ 0 };
	/* Who asks is nr-run. */
	run->id = runner_id_new("", getppid());
	for (int n = 1; error == NULL && !made; n++) {
		free(run->path);
		run->path = n == 1 ? file_join(runs, run->id)
				   : xasprintf("%s/%s-%d", runs, run->id, n);
		error = make_directory(run->path, runs, &made);
	}
	if (error == NULL) {
		error = make_pipes(run);
		if (error != NULL)
			remove_again(run);
	}
	free(runs);
	free(state);
	return error;
}

void
run_directory_release(struct run_directory *run)
{
	free(run->id);
	free(run->path);
	*run = (struct run_directory){ 0 };
}
