/* SPDX-License-Identifier: MIT */
/*
 * Several uploads at once: processes that take one after another. They share
 * nothing with each other; what came of each upload arrives in its parent.
 */
#ifndef UPLOAD_WORKERS_H
#define UPLOAD_WORKERS_H

#include <stddef.h>

#include "error.h"
#include "store.h"

struct upload_work {
	void *context;
	/* In a process of its own, the nth upload. */
	struct error *(*put)(void *context, size_t n, struct stored *stored);
	/* Once in each process, before the first. */
	void (*begin)(void *context);
	/* In the parent, in any order, once for each; owns the error, borrows
	 * what was stored. */
	void (*done)(void *context, size_t n, const struct stored *stored,
	    struct error *error);
};

/* A process that dies fails the uploads it had taken. */
void upload_workers_run(
    const struct upload_work *work, size_t n_uploads, size_t n_workers);

#endif
