/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "limit_report.h"
#include "log.h"
#include "memory.h"
#include "string_list.h"

enum { LAST_LINE_BYTES = 200, TAIL_BYTES = 4096 };

static void
add_setting(char **settings, size_t *n, const char *name, const char *value)
{
	if (value != NULL)
		settings[(*n)++] = xasprintf("%s=%s", name, value);
}

char **
command_environment(
    const struct stage *stage, const char *workspace, char *const *more)
{
	enum { N_OURS = 6 };
	const struct document *doc = stage->doc;
	char **settings =
	    xcalloc(N_OURS + string_list_count(more) + 1, sizeof *settings);
	jv names = config_value(stage->config, "pass_env");
	char **pass = json_strings(names, NULL), **environment;
	char *branch = document_branch_name(doc);
	size_t n = 0, n_kept_back;

	add_setting(
	    settings, &n, "NR_TASK_ID", document_string(doc, "task_id"));
	add_setting(
	    settings, &n, "NR_SPEC_NAME", document_string(doc, "spec_name"));
	add_setting(settings, &n, "NR_RUNNER_ID",
	    document_string(doc, "runner.runner_id"));
	add_setting(settings, &n, "NR_WORKSPACE", workspace);
	add_setting(settings, &n, "NR_BRANCH_NAME", branch);
	add_setting(settings, &n, "NR_BASE_BRANCH", document_base_branch(doc));
	for (size_t i = 0; i < string_list_count(more); i++)
		settings[n++] = xstrdup(more[i]);
	environment = process_environment(pass, settings, &n_kept_back);
	log_event(LOG_DEBUG, "environment",
	    json_set_number(jv_object(), "n_kept_back", (double)n_kept_back),
	    "%zu environment variables were kept back (pass_env lets them "
	    "through)",
	    n_kept_back);
	free(branch);
	process_environment_free(settings);
	json_strings_free(pass);
	jv_free(names);
	return environment;
}

char *
command_path(const struct stage *stage, const char *stem, size_t turn,
    const char *extension)
{
	char *name = turn <= 1 ? xasprintf("%s%s", stem, extension)
			       : xasprintf("%s-%zu%s", stem, turn, extension);
	char *path = stage_path(stage, name);

	free(name);
	return path;
}

size_t
command_turn(const struct stage *stage, const char *stem, const char *extension)
{
	for (size_t turn = 1;; turn++) {
		char *path = command_path(stage, stem, turn, extension);
		bool taken =
		    faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

		free(path);
		if (!taken)
			return turn;
	}
}

struct error *
command_run(struct process_result *result,
    const struct process_options *options, const char *name)
{
	char duration[CLOCK_TEXT_SIZE], *end;
	struct error *error;
	jv fields;

	log_event(LOG_INFO, "command_start",
	    json_set_string(jv_object(), "command", name), "running '%s'",
	    name);
	error = process_run(result, options);
	if (error != NULL)
		return error;
	end = process_describe(result, options);
	clock_format_duration(duration, result->wall_seconds);
	fields = command_outcome(result);
	fields = json_set_string(fields, "command", name);
	if (result->throttled_seconds > 0)
		fields = json_set_number(fields, "throttled_seconds",
		    clock_milliseconds(result->throttled_seconds));
	log_event(LOG_INFO, "command_end", fields, "'%s': %s, %s", name, end,
	    duration);
	if (result->n_reaped > 0)
		log_event(LOG_WARN, "processes_left_behind",
		    json_set_number(
			jv_object(), "n_processes", (double)result->n_reaped),
		    "'%s' left %zu processes behind; they were ended", name,
		    result->n_reaped);
	free(end);
	return NULL;
}

bool
command_hit_limit(const struct process_result *result)
{
	return result->end == PROCESS_MEMORY ||
	    result->end == PROCESS_TOO_MANY || result->end == PROCESS_TOO_LARGE;
}

jv
command_outcome(const struct process_result *result)
{
	jv outcome = json_set_boolean(jv_object(), "success",
	    result->end == PROCESS_EXITED && result->exit_code == 0);

	outcome =
	    json_set_string(outcome, "end", process_end_name(result->end));
	outcome = json_set_number(outcome, "exit_code", result->exit_code);
	outcome =
	    json_set(outcome, "signal", limit_report_signal(result->signal));
	return json_set_number(outcome, "duration_seconds",
	    clock_milliseconds(result->wall_seconds));
}

static jv
add_limits(jv metrics, const struct process_result *result)
{
	jv limits = limit_report_limits(result);

	if (result->limits.cpu_percent > 0)
		metrics = json_set_number(metrics, "throttled_seconds",
		    clock_milliseconds(result->throttled_seconds));
	if (jv_object_length(jv_copy(limits)) > 0)
		return json_set(metrics, "limits", limits);
	jv_free(limits);
	return metrics;
}

jv
command_metrics(const struct process_result *result)
{
	double peak = (double)result->peak_memory_bytes / (1024 * 1024);
	jv metrics = json_set_number(jv_object(), "user_seconds",
	    clock_milliseconds(result->user_seconds));

	metrics = json_set_number(metrics, "system_seconds",
	    clock_milliseconds(result->system_seconds));
	metrics = json_set_number(
	    metrics, "peak_memory_mb", clock_milliseconds(peak));
	metrics = json_set_number(
	    metrics, "stdout_bytes", (double)result->out.n_bytes);
	metrics = json_set_number(
	    metrics, "stderr_bytes", (double)result->err.n_bytes);
	metrics = json_set_number(metrics, "output_bytes_left_out",
	    (double)(result->out.n_dropped + result->err.n_dropped));
	metrics = json_set_number(
	    metrics, "written_bytes", (double)result->written_bytes);
	metrics = json_set_number(
	    metrics, "processes_left_behind", (double)result->n_reaped);
	return add_limits(metrics, result);
}

/* The end of a file, as a string; its length. */
static size_t
read_tail(char tail[TAIL_BYTES + 1], const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	off_t size;

	if (fd < 0)
		return 0;
	size = lseek(fd, 0, SEEK_END);
	if (size > 0)
		n = pread(fd, tail, TAIL_BYTES,
		    size > TAIL_BYTES ? size - TAIL_BYTES : 0);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

/* Cuts a text to a length, not within a character. */
static void
shorten(char *line, size_t max)
{
	size_t len = strlen(line);

	if (len <= max)
		return;
	len = max - 3;
	while (len > 0 && (line[len] & 0xc0) == 0x80)
		len--;
	memcpy(line + len, "...", sizeof "...");
}

/* Removes the colours of a terminal and other control characters. */
static void
strip_controls(char *line)
{
	char *to = line;

	for (const char *c = line; *c != '\0'; c++) {
		if (c[0] == '\033' && c[1] == '[') {
			c += 2;
			while (*c != '\0' && !(*c >= '@' && *c <= '~'))
				c++;
			if (*c == '\0')
				break;
			continue;
		}
		*to++ = (unsigned char)*c < ' ' ? ' ' : *c;
	}
	*to = '\0';
}

char *
command_last_line(const char *path)
{
	char tail[TAIL_BYTES + 1], *line;
	size_t end = read_tail(tail, path), start;

	while (end > 0 && is_blank(tail[end - 1]))
		end--;
	if (end == 0)
		return NULL;
	for (start = end; start > 0; start--)
		if (tail[start - 1] == '\n' || tail[start - 1] == '\r')
			break;
	while (start < end && is_blank(tail[start]) && tail[start] != '\033')
		start++;
	line = xstrndup(tail + start, end - start);
	strip_controls(line);
	shorten(line, LAST_LINE_BYTES);
	if (*line != '\0')
		return line;
	free(line);
	return NULL;
}
