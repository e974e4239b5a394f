/* SPDX-License-Identifier: MIT */
/*
 * What nr-exec, nr-test and nr-playbook share when they run a command of the
 * project: its environment, where its output goes, its events, and how it
 * looks in the document.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <jv.h>
#include <stddef.h>

#include "error.h"
#include "process.h"
#include "stage.h"

/*
 * The allow-list of process_environment(), the variables of `pass_env`, the
 * task's (NR_TASK_ID, NR_SPEC_NAME, NR_RUNNER_ID, NR_WORKSPACE,
 * NR_BRANCH_NAME, NR_BASE_BRANCH), and the "NAME=value" strings of `more`
 * (NULL-terminated or NULL). One event says how many variables were kept
 * back. NR_RUN_DIR and its like are not passed: a runner that the command
 * itself starts must not write into this run. Free with
 * process_environment_free().
 */
char **command_environment(
    const struct stage *stage, const char *workspace, char *const *more);

/*
 * A stage may run more than once in one run directory, and no log is ever
 * overwritten: command_turn() is the first turn, from 1, for which
 * command_path() of this stem and extension does not exist. The path of turn
 * 2 is "<run_dir>/<stem>-2<extension>"; the caller frees it.
 */
size_t command_turn(
    const struct stage *stage, const char *stem, const char *extension);
char *command_path(const struct stage *stage, const char *stem, size_t turn,
    const char *extension);

/* process_run() between the events command_start and command_end. `name` is
 * what people call it. */
struct error *command_run(struct process_result *result,
    const struct process_options *options, const char *name);

/*
 * Limits and sandbox of the configuration, which apply to every command.
 * `workspace` is borrowed; the rest is freed by command_release_limits().
 */
void command_set_limits(struct process_options *options,
    const struct stage *stage, const char *workspace);
void command_release_limits(struct process_options *options);
/* The configuration's keys that are behind it, to begin a list of keys. */
#define COMMAND_KEYS                                                  \
	"pass_env", "output_limit_bytes", "grace_seconds", "sandbox", \
	    "sandbox_write", "sandbox_read", "sandbox_network",       \
	    "max_memory_mb", "max_cpu_percent", "max_processes",      \
	    "max_file_size_mb", "max_open_files"

/* Was it ended for a limit of memory, processes or file size? */
bool command_hit_limit(const struct process_result *result);

/* {success, end, exit_code, signal, duration_seconds} */
jv command_outcome(const struct process_result *result);
/* {user_seconds, system_seconds, peak_memory_mb, stdout_bytes, stderr_bytes,
 * output_bytes_left_out, written_bytes, processes_left_behind}, and of the
 * limits that were set {throttled_seconds, limits{}} */
jv command_metrics(const struct process_result *result);

/*
 * The last line of the text in a file that is not blank, without control
 * characters and cut to a length for a message; NULL when there is none.
 */
char *command_last_line(const char *path);

#endif
