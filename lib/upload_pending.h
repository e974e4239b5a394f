/* SPDX-License-Identifier: MIT */
/* What waits in run directories to be sent; upload.h tells in which files. */
#ifndef UPLOAD_PENDING_H
#define UPLOAD_PENDING_H

#include <stdbool.h>

#include "upload.h"

/* After an upload: notes what is unsent, or removes an earlier note. */
void upload_pending_keep(const struct upload *upload);

/* The run was killed; now it has an upload like any other, 50-upload.json. */
struct error *upload_pending_save(const struct upload *upload);

/* One run with something to send. */
struct upload_pending {
	char *run_dir;
	struct document *doc;
	char **names; /* NULL: nothing was sent at all, the run was killed */
	int lock;     /* held as long as this is not released */
};

/* All run directories of a directory of runs, in the order of their names. */
struct error *upload_pending_find(char ***run_dirs, const char *runs);

/*
 * False: nothing of it waits, it still runs, or somebody else sends it now.
 * A run that was killed before it sent anything counts as well, with the last
 * document that it left.
 */
bool upload_pending_open(struct upload_pending *pending, const char *run_dir);
void upload_pending_release(struct upload_pending *pending);

#endif
