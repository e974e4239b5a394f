/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sigabbrev_np */
#include "limit_report.h"

#include <signal.h>

#include "clock.h"
#include "memory.h"

static jv
string_or_null(const char *text)
{
	return text != NULL ? jv_string(text) : jv_null();
}

/* {"limit": 67108864, "by": "cgroup v1"} */
static jv
add_limit(jv limits, const char *name, double limit, const char *by)
{
	jv entry;

	if (limit <= 0)
		return limits;
	entry = json_set_number(jv_object(), "limit", limit);
	entry = json_set(entry, "by", string_or_null(by));
	return json_set(limits, name, entry);
}

jv
limit_report_limits(const struct process_result *result)
{
	const struct limits *limits = &result->limits;
	const struct limits_means *means = &result->means;
	jv all = jv_object();

	all = add_limit(
	    all, "memory_bytes", (double)limits->memory_bytes, means->memory);
	all = add_limit(all, "cpu_percent", limits->cpu_percent, means->cpu);
	all = add_limit(
	    all, "processes", (double)limits->n_processes, means->processes);
	all = add_limit(all, "file_size_bytes", (double)limits->file_size_bytes,
	    means->file_size);
	return add_limit(
	    all, "open_files", (double)limits->n_open_files, means->open_files);
}

static jv
describe_sandbox(
    const struct sandbox_options *options, const struct sandbox_means *means)
{
	jv sandbox = json_set_string(
	    jv_object(), "mode", sandbox_mode_name(options->mode));

	sandbox = json_set(sandbox, "files",
	    means->landlock_version > 0
		? jv_string_fmt("Landlock %d", means->landlock_version)
		: jv_null());
	sandbox = json_set(sandbox, "calls", string_or_null(means->calls));
	sandbox = json_set(sandbox, "git", string_or_null(means->git));
	sandbox = json_set(sandbox, "tmp", string_or_null(means->tmp));
	return json_set(sandbox, "network",
	    options->no_network ? string_or_null(means->network)
				: jv_string("allowed"));
}

jv
limit_report_signal(int signal_number)
{
	const char *name = sigabbrev_np(signal_number);

	if (signal_number == 0)
		return jv_null();
	if (name == NULL)
		return jv_number(signal_number);
	return jv_string_fmt("SIG%s", name);
}

static jv
add_seconds(jv report, const char *name, double seconds)
{
	return json_set_number(report, name, clock_milliseconds(seconds));
}

jv
limit_report(
    const struct process_result *result, const struct process_options *options)
{
	jv report =
	    json_set_string(jv_object(), "end", process_end_name(result->end));
	double peak = (double)result->peak_memory_bytes;

	report = json_set_number(report, "exit_code", result->exit_code);
	report =
	    json_set(report, "signal", limit_report_signal(result->signal));
	report = add_seconds(report, "wall_seconds", result->wall_seconds);
	report = add_seconds(report, "user_seconds", result->user_seconds);
	report = add_seconds(report, "system_seconds", result->system_seconds);
	report = json_set(report, "peak_memory_bytes",
	    peak > 0 ? jv_number(peak) : jv_null());
	report = json_set_number(
	    report, "written_bytes", (double)result->written_bytes);
	report = json_set_number(
	    report, "processes_reaped", (double)result->n_reaped);
	report = json_set_number(report, "processes_ended_for_memory",
	    (double)result->n_memory_kills);
	report =
	    add_seconds(report, "throttled_seconds", result->throttled_seconds);
	report = json_set(report, "limits", limit_report_limits(result));
	return json_set(report, "sandbox",
	    describe_sandbox(&options->sandbox, &result->sandbox));
}

int
limit_exit_code(const struct process_result *result)
{
	switch (result->end) {
	case PROCESS_EXITED:
	case PROCESS_SIGNALED:
	case PROCESS_NO_START:
		return result->exit_code;
	case PROCESS_TIMED_OUT:
	case PROCESS_STALLED:
		return error_type_exit_code(ERROR_TIMEOUT);
	case PROCESS_MEMORY:
	case PROCESS_TOO_MANY:
	case PROCESS_TOO_LARGE:
		return error_type_exit_code(ERROR_RESOURCE);
	case PROCESS_CANCELLED:
		return 128 + cancel_signal();
	case PROCESS_LOST:
		break;
	}
	return error_type_exit_code(ERROR_INTERNAL);
}
