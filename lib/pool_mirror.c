/* SPDX-License-Identifier: MIT */
/* The mirror of a repository, and who fetches into it. */
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "pool_internal.h"
#include "process.h"
#include "stage_git.h"
#include "store.h"
#include "string_list.h"

enum { MAX_NOTE_BYTES = 4096 };

/*
 * When the last fetch of a branch began, on clock_now(), and what came of it:
 * who asked before that needs no fetch of its own.
 */
static char *
note_path(const struct pool_repository *repository, const char *branch)
{
	char *word = store_component(branch);
	char *path = xasprintf("%s/fetched-%s", repository->directory, word);

	free(word);
	return path;
}

static bool
is_fetched(const char *path, const char *branch, double asked,
    char commit[GIT_ID_TEXT])
{
	struct buffer text = BUFFER_INIT(MAX_NOTE_BYTES);
	struct error *err = file_read(&text, path);
	const char *of, *id;
	jv note = jv_invalid();
	double began;
	bool fresh;

	if (err == NULL)
		err = json_parse(&note, text.data, text.len, path);
	of = json_string(note, "branch");
	id = json_string(note, "commit");
	/* Nor from the future, where the clock once was. */
	began = json_number(note, "began", 0);
	fresh = err == NULL && of != NULL && strcmp(of, branch) == 0 &&
	    id != NULL && strlen(id) == GIT_ID_TEXT - 1 && began >= asked &&
	    began <= clock_now();
	if (fresh)
		memcpy(commit, id, GIT_ID_TEXT);
	jv_free(note);
	error_free(err);
	buffer_release(&text);
	return fresh;
}

static struct error *
note_fetch(
    const char *path, const char *branch, double began, const char *commit)
{
	jv note = json_set_string(jv_object(), "branch", branch);
	struct error *err;
	char *text;

	note = json_set_number(note, "began", began);
	note = json_set_string(note, "commit", commit);
	text = json_text(note);
	err = file_replace(path, text, strlen(text), 0600);
	free(text);
	return err;
}

/* Nobody else has it: what is left over in it is of a fetch that died. */
static struct error *
open_mirror(struct git **git, const struct pool_repository *repository,
    const char *branch)
{
	char *path = file_join(repository->directory, "mirror");
	struct error *err;

	err = git_open_used(git, path);
	if (err == NULL) {
		git_remove_dead_locks(*git, clock_now());
		git_remove_old_packs(*git);
		free(path);
		return NULL;
	}
	/* There is none, or one that is of no use. */
	error_free(err);
	err = file_remove_tree(path);
	if (err == NULL)
		err = git_create(git, path, repository->url, branch);
	free(path);
	return err;
}

static struct error *
fetch(const struct pool_repository *repository, const struct stage *stage,
    const char *branch, char commit[GIT_ID_TEXT])
{
	struct git *git = NULL;
	struct git_network network = { 0 };
	char *default_branch = NULL;
	double started = clock_monotonic();
	struct error *err = open_mirror(&git, repository, branch);
	jv fields;

	if (err == NULL)
		err =
		    stage_git_network(stage, &network, repository->url, false);
	if (err == NULL)
		err = git_fetch_branch(
		    git, &network, "origin", branch, commit, &default_branch);
	git_end_ahead(&network);
	git_close(git);
	free(default_branch);
	if (err != NULL)
		return err;
	fields = json_set_number(jv_object(), "duration_seconds",
	    clock_milliseconds(clock_monotonic() - started));
	fields = json_set_string(fields, "commit", commit);
	log_event(LOG_INFO, "mirror_fetch", fields,
	    "the mirror of '%s' has branch '%s' at %.12s", repository->url,
	    branch, commit);
	return NULL;
}

struct error *
pool_mirror_update(const struct pool_repository *repository,
    const struct stage *stage, const char *branch, char commit[GIT_ID_TEXT])
{
	char *path = note_path(repository, branch);
	double asked = clock_now(), seconds, began;
	struct error *err = stage_time_left(stage, &seconds);
	int fd = -1;

	if (err == NULL)
		err = pool_lock(&fd, repository->directory, "fetch.lock",
		    clock_monotonic() + seconds);
	if (err == NULL && !is_fetched(path, branch, asked, commit)) {
		began = clock_now();
		err = fetch(repository, stage, branch, commit);
		if (err == NULL)
			err = note_fetch(path, branch, began, commit);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

/* All that is there, what no reference leads to as well: a slot may have
 * begun from it. */
void
pool_mirror_pack(const char *repository_directory)
{
	char *mirror = file_join(repository_directory, "mirror");
	static const char *const words[] = { "git", "-c",
		"core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
		"repack", "-a", "-d", "-k", "-q" };
	struct process_options options = { .directory = mirror,
		.inherit_output = true };
	char **argv = NULL;
	struct process_result result = { 0 };
	struct error *err = NULL;
	struct stat info;
	int fd = -1;

	if (stat(mirror, &info) == 0)
		err = pool_lock(&fd, repository_directory, "fetch.lock", 0);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		string_list_add(&argv, xstrdup(words[i]));
	options.argv = argv;
	if (fd >= 0 && err == NULL)
		err = process_run(&result, &options);
	if (err == NULL && fd >= 0 && result.exit_code != 0)
		log_warn("mirror_not_packed",
		    "cannot pack '%s': git repack ended with exit code %d",
		    mirror, result.exit_code);
	else if (err != NULL)
		log_warn("mirror_not_packed", "%s", err->message);
	error_free(err);
	if (fd >= 0)
		close(fd);
	json_strings_free(argv);
	free(mirror);
}
