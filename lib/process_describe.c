/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sigabbrev_np */
#include "process.h"

#include <errno.h>
#include <signal.h>

#include "clock.h"
#include "memory.h"
#include "quantity.h"

const char *
process_end_name(enum process_end end)
{
	switch (end) {
	case PROCESS_EXITED:
		return "exited";
	case PROCESS_SIGNALED:
		return "signaled";
	case PROCESS_NO_START:
		return "not_started";
	case PROCESS_TIMED_OUT:
		return "timeout";
	case PROCESS_STALLED:
		return "stalled";
	case PROCESS_MEMORY:
		return "memory";
	case PROCESS_TOO_MANY:
		return "processes";
	case PROCESS_TOO_LARGE:
		return "file_size";
	case PROCESS_CANCELLED:
		return "cancelled";
	case PROCESS_LOST:
		return "lost";
	}
	return "";
}

static char *
describe_status(const struct process_result *result)
{
	const char *name;

	if (result->signal != 0) {
		name = sigabbrev_np(result->signal);
		if (name == NULL)
			return xasprintf("killed by signal %d", result->signal);
		return xasprintf("killed by SIG%s", name);
	}
	/* What a shell says of a command that a signal ended. */
	name = result->exit_code > 128 ? sigabbrev_np(result->exit_code - 128)
				       : NULL;
	if (name == NULL)
		return xasprintf("exit code %d", result->exit_code);
	return xasprintf("exit code %d (SIG%s)", result->exit_code, name);
}

static char *
describe_no_start(const struct process_result *result)
{
	if (result->start_errno == ENOEXEC)
		return xstrdup("cannot be started: it is for another machine, "
			       "or its #! line names a program that does not "
			       "exist");
	return xasprintf(
	    "cannot be started: %s", strerror(result->start_errno));
}

static char *
describe_memory(
    const struct process_result *result, const struct process_options *options)
{
	char limit[QUANTITY_TEXT_SIZE], peak[QUANTITY_TEXT_SIZE];
	char *status = describe_status(result), *text;

	quantity_format_size(limit, options->limits.memory_bytes);
	quantity_format_size(peak, result->peak_memory_bytes);
	text = xasprintf("needs more memory than its limit of %s (peak %s, "
			 "%zu process%s ended for it): %s",
	    limit, peak, result->n_memory_kills,
	    result->n_memory_kills == 1 ? "" : "es", status);
	free(status);
	return text;
}

char *
process_describe(
    const struct process_result *result, const struct process_options *options)
{
	char size[QUANTITY_TEXT_SIZE];
	const char *name;

	switch (result->end) {
	case PROCESS_EXITED:
	case PROCESS_SIGNALED:
		return describe_status(result);
	case PROCESS_NO_START:
		return describe_no_start(result);
	case PROCESS_TIMED_OUT:
		return xasprintf("timed out after %.6g s",
		    clock_milliseconds(options->timeout_seconds));
	case PROCESS_STALLED:
		return xasprintf("stalled: no output for %.6g s",
		    clock_milliseconds(options->stall_seconds));
	case PROCESS_MEMORY:
		return describe_memory(result, options);
	case PROCESS_TOO_MANY:
		return xasprintf(
		    "had more than %zu processes", options->limits.n_processes);
	case PROCESS_TOO_LARGE:
		quantity_format_size(size, options->limits.file_size_bytes);
		return xasprintf("wrote a file larger than %s", size);
	case PROCESS_CANCELLED:
		name = sigabbrev_np(cancel_signal());
		return xasprintf(
		    "cancelled by SIG%s", name != NULL ? name : "TERM");
	case PROCESS_LOST:
		return xstrdup("could not be ended, or its end could not be "
			       "learned");
	}
	return xstrdup("");
}
