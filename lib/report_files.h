/* SPDX-License-Identifier: MIT */
/*
 * The files in a workspace into which a command wrote reports: those whose
 * path one of the patterns (path_pattern.h) matches, and that were written
 * since it began, by the time of the file's last change, which nobody can set.
 *
 * The workspace is anybody's by then: no link is followed, nothing but regular
 * files is opened, and there is a limit to how much is looked at. Directories
 * named .git and node_modules are not entered.
 */
#ifndef REPORT_FILES_H
#define REPORT_FILES_H

#include <time.h>

#include "report.h"

enum {
	REPORT_FILES_MAX = 5000,
	REPORT_FILES_MAX_ENTRIES = 500000, /* of directories, looked at */
	REPORT_FILES_MAX_DEPTH = 24,
};

struct report_files {
	char *const *patterns; /* NULL-terminated */
	struct timespec since;
	struct report *report; /* JUnit XML is added to it */
	/* What was read: paths in the workspace, in the order of their names;
	 * the first of them, and how many there were. */
	char **paths;
	size_t n_read;
};

enum { REPORT_FILES_PATHS = 20 };

/* Call it before the command begins. */
void report_files_begin(
    struct report_files *files, char *const *patterns, struct report *report);
void report_files_read(struct report_files *files, const char *workspace);
void report_files_release(struct report_files *files);

#endif
