/* SPDX-License-Identifier: MIT */
#include "run_glance.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "json_peek.h"
#include "log_lock.h"
#include "memory.h"

enum {
	MAX_REPORT_BYTES = 9 * 1024 * 1024,
	MAX_ERROR_BYTES = 256 * 1024,
	MAX_REPORTS = 1000,
	NAME_SIZE = 40,
	CHUNK_BYTES = 65536
};

static double
seconds_of(struct timespec time)
{
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int
open_directory(int runs, const char *name)
{
	return openat(
	    runs, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A regular file, or -1. */
static int
open_file(struct stat *info, int directory, const char *name)
{
	int fd = openat(directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && (fstat(fd, info) < 0 || !S_ISREG(info->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
name_report(char name[NAME_SIZE], unsigned n)
{
	if (n <= 1)
		snprintf(name, NAME_SIZE, "60-report.json");
	else
		snprintf(name, NAME_SIZE, "60-report-%u.json", n);
}

static unsigned
count_reports(int directory)
{
	char name[NAME_SIZE];
	struct stat info;
	unsigned n = 0;

	do
		name_report(name, n + 1);
	while (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ++n < MAX_REPORTS);
	return n;
}

void
run_glance(struct run_glance *glance, int runs, const char *name)
{
	int directory = open_directory(runs, name), log;
	struct stat info;

	*glance = (struct run_glance){ .is_there = directory >= 0 };
	if (directory < 0)
		return;
	if (fstat(directory, &info) == 0)
		glance->changed = seconds_of(info.st_mtim);
	log = open_file(&info, directory, "run.log");
	glance->has_log = log >= 0;
	glance->is_locked = log >= 0 && log_lock_is_taken(log);
	if (log >= 0)
		close(log);
	/* After the lock: what ended in between has its report. */
	glance->n_reports = count_reports(directory);
	if (fstatat(directory, "00-task.json", &info, AT_SYMLINK_NOFOLLOW) == 0)
		glance->started = seconds_of(info.st_mtim);
	close(directory);
}

/* The type that the report's error tells, if it is one of ours. */
static void
take_type(struct run_report *report, const struct buffer *text)
{
	struct error *error = NULL;
	jv value = jv_invalid();
	const char *type;

	if (text->len == 0 || text->truncated)
		return;
	error = json_parse(&value, text->data, text->len, "error");
	type = error == NULL ? json_string(value, "type") : NULL;
	report->has_type =
	    type != NULL && error_type_by_name(&report->type, type);
	error_free(error);
	jv_free(value);
}

static void
take_members(struct run_report *report, const struct json_peek_member *members)
{
	const char *success = members[0].text.data;
	const char *duration = members[1].text.data;
	char *end;
	double seconds;

	report->success = success != NULL && strcmp(success, "true") == 0;
	if (duration != NULL) {
		seconds = strtod(duration, &end);
		if (*end == '\0' && seconds >= 0 && seconds < 1e9)
			report->duration_seconds = seconds;
	}
	take_type(report, &members[2].text);
}

static void
read_report(struct run_report *report, int fd)
{
	struct json_peek_member members[] = {
		{ .name = "success", .text = BUFFER_INIT(16) },
		{ .name = "duration_seconds", .text = BUFFER_INIT(64) },
		{ .name = "error", .text = BUFFER_INIT(MAX_ERROR_BYTES) },
	};
	struct json_peek *peek = xmalloc(sizeof *peek);
	char *chunk = xmalloc(CHUNK_BYTES);
	size_t total = 0;
	ssize_t n;

	json_peek_open(peek, members, 3);
	while (total <= MAX_REPORT_BYTES &&
	    (n = read(fd, chunk, CHUNK_BYTES)) > 0) {
		json_peek_write(peek, chunk, (size_t)n);
		total += (size_t)n;
	}
	report->is_readable = json_peek_end(peek) &&
	    total <= MAX_REPORT_BYTES && members[0].found;
	if (report->is_readable)
		take_members(report, members);
	for (size_t i = 0; i < 3; i++)
		buffer_release(&members[i].text);
	free(chunk);
	free(peek);
}

void
run_glance_report(
    struct run_report *report, int runs, const char *name, unsigned n)
{
	int directory = open_directory(runs, name), fd = -1;
	char file[NAME_SIZE];
	struct stat info;

	*report = (struct run_report){ .duration_seconds = -1 };
	name_report(file, n);
	if (directory >= 0)
		fd = open_file(&info, directory, file);
	if (fd >= 0) {
		report->ended = seconds_of(info.st_mtim);
		read_report(report, fd);
		close(fd);
	}
	if (directory >= 0)
		close(directory);
}
