/* SPDX-License-Identifier: MIT */
/*
 * An agent is any program that reads a prompt and works in the current
 * directory: a command of the configuration, which reads it on standard input,
 * or one that a preset knows how to run and to read (agent_preset.h).
 */
#ifndef AGENT_H
#define AGENT_H

#include <jv.h>
#include <stddef.h>

#include "agent_preset.h"
#include "agent_usage.h"
#include "error.h"
#include "process.h"
#include "stage.h"

struct agent {
	char **argv;
	char *name;                  /* what people call it */
	struct agent_preset *preset; /* NULL: a command */
	struct agent_usage usage;    /* of the last run */
	char *prompt_path, *stdout_path, *stderr_path;
	double started_at; /* clock_now() */
	struct process_options options;
	struct process_result result;
};

/*
 * Finds the command, or the preset, in the configuration; if both are there,
 * that which was set later: an option counts more than a variable, that more
 * than a file. One that begins with a relative
 * path (./agent.sh) means the file as seen from here, not from the workspace.
 * None at all is a ConfigError. Release the agent in any case.
 */
struct error *agent_open(struct agent *agent, const struct stage *stage);

/*
 * Runs it in the workspace, on a prompt that is saved in the run directory,
 * masked. `attempt` counts from 1. An agent that fails is no error here.
 */
struct error *agent_run(struct agent *agent, const struct stage *stage,
    const char *workspace, const char *prompt, size_t attempt);

/* How it ended, if not well: an ImplementationError, a TimeoutError or a
 * CancelledError. */
struct error *agent_verdict(const struct agent *agent);

/* The attempt, for impl_result.attempts; `error` is what became of it. */
jv agent_attempt(const struct agent *agent, const struct stage *stage,
    size_t attempt, const struct error *error);
void agent_release(struct agent *agent);

#endif
