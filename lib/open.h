/* SPDX-License-Identifier: MIT */
/*
 * open(2) that waits for nobody. A pipe opens when its other end does, and an
 * agent may have left one where a file belongs: as .gitignore, as an object,
 * in place of its own log. libgit2 opens what it finds, and would wait there
 * for ever.
 *
 * So open() is defined here, for all of a program, libgit2 included: after
 * open_without_waiting() it adds O_NONBLOCK, which changes nothing for files,
 * and with which a pipe without a writer is one that is empty.
 */
#ifndef OPEN_H
#define OPEN_H

/* From now on: what the user names, a pipe perhaps, is open by then. */
void open_without_waiting(void);

#endif
