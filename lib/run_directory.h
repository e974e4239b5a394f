/* SPDX-License-Identifier: MIT */
/*
 * The directory that nr-run keeps a run in, and the named pipes through which
 * it speaks with the programs that it starts. One program makes all of them:
 * mkdir(1) and mkfifo(1) would cost as much as a stage.
 */
#ifndef RUN_DIRECTORY_H
#define RUN_DIRECTORY_H

#include "config.h"
#include "error.h"

struct run_directory {
	char *id;   /* RUNNER_ID where it can name a directory, or a new one */
	char *path; /* new, mode 0700; ID, or ID-2 where that was there, ... */
};

/*
 * Makes <run_dir of the configuration>/ID with its pipes, mode 0600:
 * in.fifo, out.fifo, ack.fifo, turn.fifo and turn-2.fifo; or nothing.
 * Release it whatever is returned.
 */
struct error *run_directory_create(
    struct run_directory *run, const struct config *config);
void run_directory_release(struct run_directory *run);

#endif
