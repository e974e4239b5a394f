/* SPDX-License-Identifier: MIT */
/*
 * A number of places that processes of a user share on a machine, without a
 * process in the middle: how many tasks run at once (max_parallel_runners).
 *
 * A place is a named pipe in $XDG_STATE_HOME/necrocode/places, and who has it
 * locked with flock(2) has the place. Who waits has the pipes open for
 * reading. When a place is given back a byte is written into its pipe; when
 * its owner is killed, the kernel takes away the last writer of it, then the
 * reader sees the end of the pipe. Either way poll(2) wakes who waits: nobody
 * looks every so often, and no place is lost.
 *
 * A lock is held by all copies of its descriptor: a process that inherits it
 * keeps the place if its parent is killed.
 */
#ifndef PLACES_H
#define PLACES_H

#include <poll.h>
#include <stddef.h>

#include "error.h"

struct places {
	char *directory;
	size_t n;
	int *watches; /* NULL: nobody waits */
};

struct error *places_open(struct places *places, size_t n);
void places_close(struct places *places);

/*
 * *fd is the place that was taken, closed on exec, and at least 20, where it
 * is in no shell's way; -1: all are taken, and places_wait() tells poll(2)
 * what to wait for before this is tried again.
 */
struct error *places_take(struct places *places, int *fd);
/* Fills n elements, where n is 0 when nobody waits, and returns n. */
size_t places_wait(const struct places *places, struct pollfd *fds);
/* Other copies of the descriptor do not keep the place. */
void places_give_back(int fd);

/* How many of the first n places are taken, for somebody who wants none: by
 * what the kernel tells of locks, in no one's way. */
size_t places_count_taken(size_t n);

#endif
