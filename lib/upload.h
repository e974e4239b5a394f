/* SPDX-License-Identifier: MIT */
/*
 * The artifacts of a run, on their way to the store; and what did not get
 * there, which waits in the run directory:
 *
 *   upload.pending         the names, a line each
 *   upload.document.json   the document they belong to
 *
 * Both are there as long as something is unsent.
 */
#ifndef UPLOAD_H
#define UPLOAD_H

#include "artifact_list.h"
#include "config.h"
#include "document.h"
#include "error.h"
#include "mask.h"
#include "secret.h"
#include "store.h"

struct upload {
	struct document *doc; /* gets its artifacts */
	const char *run_dir;
	const struct config *config;
	struct secrets *secrets;
	const struct mask *mask;
	double ends;        /* on clock_monotonic(); 0: no deadline */
	char *const *names; /* only these, before compression; NULL: all */
	/* What came of it: */
	char *uri; /* where it all is; the caller frees */
	size_t n_stored;
	char **unsent;         /* names; json_strings_free() */
	struct error *failure; /* the first of the artifacts; the caller's */
};

/*
 * A failed upload is a warning, and in `unsent`; the error is one that lets
 * nothing be stored at all, such as a ConfigError.
 */
struct error *upload_run(struct upload *upload);

/* Where it would all go; the caller frees. */
struct error *upload_place(const struct upload *upload, char **uri);
void upload_release(struct upload *upload);

#endif
