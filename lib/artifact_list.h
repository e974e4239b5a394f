/* SPDX-License-Identifier: MIT */
/*
 * What a run has made that is worth keeping: the files that its document
 * names, its log, and parts of the document itself. nr-upload(1) lists them.
 *
 * Only files of a run directory are taken, and no symbolic links: an agent may
 * write to the run directory, and must not make us publish what it cannot
 * read.
 */
#ifndef ARTIFACT_LIST_H
#define ARTIFACT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "document.h"
#include "error.h"
#include "mask.h"

struct artifact {
	const char *type; /* "diff", "log", ... */
	char *name;       /* in the store, before compression */
	const char *content_type;
	bool as_it_is; /* never compressed: it tells what the others are */
	int fd;        /* -1: it could not be opened, see problem */
	struct error *problem;
};

struct artifact_list {
	struct artifact *artifacts;
	size_t n;
};

/*
 * All there is in a run directory for a document. What is not there is left
 * out; what cannot be opened is in the list, with its problem.
 */
void artifact_list_collect(struct artifact_list *list,
    const struct document *doc, const char *run_dir, const struct mask *mask);

/* A text that is in no file yet; consumes the value. */
void artifact_list_add_json(struct artifact_list *list, const char *type,
    const char *name, const char *content_type, jv value, const char *run_dir);

void artifact_list_release(struct artifact_list *list);

#endif
