/* SPDX-License-Identifier: MIT */
/* nr-slot: slots for tasks, allocated and released; see nr-slot(1). */
#include <math.h>
#include <unistd.h>

#include "config.h"
#include "error.h"
#include "git.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "pool.h"
#include "process.h"
#include "stage.h"
#include "stage_git.h"

static const char usage[] =
    "usage: nr-slot allocate [option ...]   a slot for a document's task\n"
    "       nr-slot release [option ...]    gives it back\n"
    "       nr-slot list [--json]           shows the pool\n"
    "       nr-slot gc [--idle-days n]      removes what is not used\n"
    "\n"
    "      --owner PID          the slot is free when this process ends\n"
    "      --pool-dir DIR       where the pool is\n"
    "      --max-slots N        how many slots it may have\n"
    "      --max-disk-mb N      how many megabytes; 0: no limit\n"
    "      --repo-pool-url URL  the Repo Pool Manager, for a pool here\n"
    "      --repo-pool-api-key-env NAME\n"
    "                           the variable that holds its key\n"
    "      --network-retry-count N\n"
    "                           how often to try again\n"
    "      --json               for programs\n"
    "      --idle-days N        not used for so long; default 7\n"
    "  -i, --input FILE         the document; default: standard input\n"
    "      --config FILE        the configuration; see nr-config(5)\n"
    "      --log-level LEVEL    debug, info, warn or error\n"
    "      --dry-run            say what would be done\n"
    "  -h, --help  -V, --version\n"
    "\n"
    "nr-slot allocate --help shows all options that it takes.\n";

/* Also of a task whose time is used up. */
static const double release_seconds = 30;

static const char *owner_option;

static int
fail(struct error *error)
{
	int code = error->exit_code;

	fprintf(stderr, "nr-slot: %s\n", error->message);
	error_free(error);
	return code;
}

static int
finish_output(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return fail(
		    error_errno(ERROR_IO, "cannot write standard output"));
	return 0;
}

/* --- allocate, release --- */

/* nr-run, or else who started this: a process 1 outlives everything. */
static struct error *
find_owner(pid_t *owner)
{
	char *end;
	long pid;

	*owner = getenv("NR_RUN_PID") == NULL && getppid() > 1 ? getppid() : 0;
	if (owner_option == NULL)
		return NULL;
	pid = strtol(owner_option, &end, 10);
	if (end == owner_option || *end != '\0' || pid < 1 || pid > 1 << 30)
		return error_new(ERROR_USAGE,
		    "--owner: expected the id of a process, found '%s'",
		    owner_option);
	*owner = (pid_t)pid;
	return NULL;
}

static struct error *
allocate_for(struct stage *stage, const char *url, pid_t owner)
{
	struct pool_slot slot;
	struct error *err;

	if (stage->dry_run) {
		stage_plan(stage, "allocate a slot of '%s'", url);
		return NULL;
	}
	err = pool_allocate(&slot, stage, url, owner);
	if (err == NULL) {
		document_set(stage->doc, "slot_id", jv_string(slot.id));
		document_set(stage->doc, "slot_path", jv_string(slot.path));
		log_event(LOG_INFO, "slot_allocated",
		    json_set_string(jv_object(), "slot_id", slot.id),
		    "the slot is '%s'", slot.path);
	}
	pool_slot_release(&slot);
	return err;
}

static struct error *
allocate(struct stage *stage)
{
	const char *path = document_workspace(stage->doc);
	const char *given = document_string(stage->doc, "repo_url");
	struct error *err;
	char *url = NULL;
	pid_t owner;

	err = find_owner(&owner);
	if (err != NULL)
		return err;
	if (path != NULL && *path != '\0') {
		log_info("slot_given", "the task has the slot '%s'", path);
		return NULL;
	}
	if (given == NULL || *given == '\0')
		return error_new(ERROR_WORKSPACE,
		    "cannot allocate a slot: the task has no repo_url");
	err = git_check_url(&url, given);
	if (err == NULL)
		err = allocate_for(stage, url, owner);
	free(url);
	return err;
}

static struct error *
release(struct stage *stage)
{
	if (!stage->dry_run)
		return pool_release(stage,
		    clock_monotonic() +
			fmax(stage_reserve_left(stage), release_seconds));
	stage_plan(stage, "give the slot back");
	return NULL;
}

static const char *const keys[] = { POOL_KEYS, STAGE_GIT_KEYS, NULL };

static const struct stage_option allocate_options[] = {
	{ .name = "owner",
	    .argument = "PID",
	    .help = "the slot is free when this process ends",
	    .value = &owner_option },
	{ .name = NULL },
};

static const struct stage_program allocate_program = {
	.name = "nr-slot",
	.description = "allocate: a slot for the task",
	.keys = keys,
	.options = allocate_options,
	.run = allocate,
};

static const struct stage_program release_program = {
	.name = "nr-slot",
	.description = "release: give the task's slot back",
	.keys = keys,
	.after_error = true,
	.run = release,
};

/* --- list, gc --- */

/* Takes an option out of the arguments; *value is its argument if it has one,
 * behind = or as the next. */
static bool
take_option(int *argc, char *argv[], const char *name, const char **value)
{
	size_t len = strlen(name);

	for (int i = 1; i < *argc; i++) {
		int n = 1;

		if (strncmp(argv[i], name, len) != 0)
			continue;
		if (value != NULL && argv[i][len] == '=')
			*value = argv[i] + len + 1;
		else if (argv[i][len] != '\0')
			continue;
		else if (value != NULL && i + 1 < *argc)
			*value = argv[i + n++];
		for (int j = i; j + n <= *argc; j++)
			argv[j] = argv[j + n];
		*argc -= n;
		return true;
	}
	return false;
}

static struct error *
load_config(struct config **config, int argc, char *argv[])
{
	struct config_options options = { 0 };
	struct error *err = config_options_parse(&options, argc - 1, argv + 1);

	*config = NULL;
	if (err == NULL && options.n_operands > 0)
		err = error_new(ERROR_USAGE,
		    "expected no operand, found '%s'; see nr-slot --help",
		    options.operands[0]);
	if (err == NULL)
		err = config_load(config, &options);
	config_options_release(&options);
	return err;
}

static void
print_slot(jv slot)
{
	const char *task = json_string(slot, "task_id");
	const char *runner = json_string(slot, "runner_id");

	printf("%s  %-5s  %s", json_string(slot, "slot_id"),
	    json_string(slot, "state"), json_string(slot, "since"));
	if (runner != NULL)
		printf("  %s", runner);
	if (task != NULL)
		printf("  %s", task);
	putchar('\n');
}

static struct error *
list(int argc, char *argv[])
{
	bool as_json = take_option(&argc, argv, "--json", NULL);
	struct config *config;
	struct error *err = load_config(&config, argc, argv);
	jv slots = jv_array();

	if (err == NULL) {
		jv_free(slots);
		err = pool_list(&slots, config);
	}
	if (err == NULL && as_json) {
		char *text = json_text(jv_copy(slots));

		puts(text);
		free(text);
	}
	for (size_t i = 0;
	     err == NULL && !as_json && i < json_array_length(slots, NULL);
	     i++) {
		jv slot = json_element(slots, i);

		print_slot(slot);
		jv_free(slot);
	}
	jv_free(slots);
	config_free(config);
	return err;
}

static struct error *
collect(int argc, char *argv[])
{
	static const double day = 24 * 60 * 60;
	const char *given = "7";
	struct config *config;
	struct error *err;
	double days;
	char *end;

	take_option(&argc, argv, "--idle-days", &given);
	days = strtod(given, &end);
	if (end == given || *end != '\0' || !(days >= 0 && days < 1e5))
		return error_new(ERROR_USAGE,
		    "--idle-days: expected a number, found '%s'", given);
	err = load_config(&config, argc, argv);
	if (err == NULL)
		err = pool_collect(config, days * day, stdout);
	config_free(config);
	return err;
}

/* --- Which of them --- */

static int
run(struct error *(*command)(int argc, char *argv[]), int argc, char *argv[])
{
	struct error *err;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return finish_output();
	}
	cancel_install();
	err = command(argc, argv);
	return err != NULL ? fail(err) : finish_output();
}

int
main(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "allocate") == 0)
		return stage_main(argc - 1, argv + 1, &allocate_program);
	if (strcmp(command, "release") == 0)
		return stage_main(argc - 1, argv + 1, &release_program);
	if (strcmp(command, "list") == 0)
		return run(list, argc - 1, argv + 1);
	if (strcmp(command, "gc") == 0)
		return run(collect, argc - 1, argv + 1);
	if (strcmp(command, "-V") == 0 || strcmp(command, "--version") == 0) {
		puts("nr-slot " VERSION);
		return finish_output();
	}
	if (strcmp(command, "-h") == 0 || strcmp(command, "--help") == 0) {
		fputs(usage, stdout);
		return finish_output();
	}
	return fail(error_new(ERROR_USAGE,
	    "expected allocate, release, list or gc, found '%s'; see nr-slot "
	    "--help",
	    command));
}
